import Streams
import TDRTestSupport
import Testing

/// `tdr config` and the configuration file.
@Suite struct ConfigTests {
    /// What `tdr config --json` says of one setting.
    private func setting(_ name: String, _ finished: Finished) throws -> JSONValue {
        let answer = try JSONValue(parsing: Array(finished.output.utf8))
        return try #require(answer["settings"]?.elements.first { $0["name"]?.text == name })
    }

    private func run(_ bench: Workbench, _ words: [Argument], _ more: [String: Argument] = [:]) throws -> Finished {
        let own: [String: Argument] = ["XDG_CONFIG_HOME": Argument(bench.folder.appending("config"))]
        return try Program.run(
            Program.tdr, words, environment: bench.environment(own.merging(more) { $1 }), directory: bench.folder.path)
    }

    @Test("prefers an option to the environment, that to the file, and that to the default, and says which it was")
    func order() throws {
        let bench = try Workbench(["a": "x"])
        try bench.folder.make(
            "config",
            ["tdr": ["config.json": "{\"antivirus\": \"none\", \"contactName\": \"File\", \"store\": \"/nowhere\"}"]])
        let plain = try run(bench, ["config", "--json"], ["TDR_CONTACT_NAME": "", "TDR_ANTIVIRUS": ""])
        #expect(try setting("antivirus", plain)["value"]?.text == "none")
        #expect(try setting("antivirus", plain)["source"]?.text == "file")
        #expect(try setting("contactName", plain)["value"]?.text == "File")
        #expect(try setting("store", plain)["source"]?.text == "environment")
        #expect(try setting("formatPolicy", plain)["source"]?.text == "default")
        let environment = try run(bench, ["config", "--json"], ["TDR_CONTACT_NAME": "Environment"])
        #expect(try setting("contactName", environment)["value"]?.text == "Environment")
        #expect(try setting("contactName", environment)["source"]?.text == "environment")
        let option = try run(bench, ["config", "--json", "--store", "here"])
        #expect(try setting("store", option)["value"]?.text == "here")
        #expect(try setting("store", option)["source"]?.text == "option")
        let text = try run(bench, ["config"])
        #expect(text.code == 0)
        #expect(text.output.contains("config/tdr/config.json\n"), "\(text.output)")
    }

    @Test("names a server as the environment does, and what does not go through one is refused before anything is done")
    func server() throws {
        let bench = try Workbench(["a": "x"])
        try bench.folder.make("config", ["tdr": ["config.json": "{\"server\": \"http://127.0.0.1:9\"}"]])
        for words in [
            ["export", "TDR-2026-C", "--abandon"],
            ["export", "TDR-2026-C", "--to", "bags", "--compression-level", "9"],
            ["upload", "Records", "--in-place", "--series", "MOCK1 123", "--body", "Mock Body"],
        ] as [[Argument]] {
            let ended = try run(bench, words)
            #expect(ended.code == 64, "\(words) \(ended.errors)")
        }
    }

    @Test("is followed by the other commands")
    func followed() throws {
        let bench = try Workbench(["a": "x"])
        try bench.folder.make(
            "config", ["tdr": ["config.json": "{\"antivirus\": \"none\", \"contactName\": \"Jo Doe\"}"]])
        let uploaded = try run(
            bench, ["upload", "Records", "--series", "S 1", "--body", "B"], ["TDR_CONTACT_NAME": ""])
        #expect(uploaded.code == 0, "\(uploaded.errors)")
        #expect(try StoreRows.texts(bench.store, "SELECT contactName FROM consignment") == ["Jo Doe"])
        let checked = try run(bench, ["check", "TDR-2026-C"], ["TDR_ANTIVIRUS": ""])
        #expect(checked.code == 0, "\(checked.errors)")
    }

    @Test(
        "does nothing with a file that it cannot follow, and says why",
        arguments: [
            ("{\"antivirsu\": \"none\"}", "no setting 'antivirsu'"), ("[]", "not one JSON object"),
            ("{\"store\": {}}", "not one JSON object"), ("{\"store\": ", "not one JSON object"),
            ("", "not one JSON object"), ("{\"\\u001b[2J\": 1}", "no setting"),
        ])
    func unsound(_ content: String, _ message: String) throws {
        let bench = try Workbench(["a": "x"])
        try bench.folder.make("config", ["tdr": ["config.json": .file(Array(content.utf8))]])
        for words: [Argument] in [["config"], ["status"]] {
            let finished = try run(bench, words)
            #expect(finished.code == 1)
            #expect(finished.errors.contains(message), "\(finished.errors)")
            #expect(!finished.errors.contains("\u{1B}"))
        }
        let missing = try run(bench, ["config"], ["TDR_CONFIG": "nowhere.json"])
        #expect(missing.code == 1)
        #expect(missing.errors.contains("nowhere.json"))
    }
}
