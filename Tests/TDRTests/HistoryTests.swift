import Glibc
import Streams
import TDRTestSupport
import Testing

/// A Python with lxml and eark-validator, by `TDR_TEST_PYTHON`.
private enum SchemaPython {
    static let hint: Comment = "set TDR_TEST_PYTHON to a Python with lxml and eark-validator"
    static let path: String? = {
        guard let path = getenv("TDR_TEST_PYTHON").map({ String(cString: $0) }),
            (try? Program.run(path, ["-c", "import lxml, eark_validator"]).code) == 0  // that is the question
        else { return nil }
        return path
    }()
}

/// `tdr history`, and the PREMIS and METS documents in a bag.
@Suite struct HistoryTests {
    private static let records: Tree = [
        "a.txt": "a", "50%.txt": "half", "<&\"'>": "markup", "empty": "",
        Name([0x61, 0xFF]): "not UTF-8", "new\nline\u{1B}[31m": "control", "nul\u{FFFF}": "no character",
        "sub": ["a": "1", "deeper": ["x": "2"], "none": [:]], "sub.txt": "between sub and what it holds",
    ]

    private static func checked(_ records: Tree = records) throws -> Workbench {
        let bench = try Workbench(records)
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try bench.folder.make("out", [:])
        return bench
    }

    private static func export(_ bench: Workbench, to: Argument, _ more: Argument...) throws -> Finished {
        try Program.run(
            Program.tdr,
            [
                "export", "TDR-2026-C", "--to", to, "--form", "folder", "--portable-names", "--with", "premis,mets",
                "--allow", "ZeroByteFile,Unidentified", "--reason", "50% are \u{7} <odd>",
            ] + more, environment: bench.environment(), directory: bench.folder.path)
    }

    private static let scripts = BytePath(#filePath).directory
    private static func script(_ name: String) -> String { scripts.appending(name).display }

    @Test("tells who did what with which version, what it was before, and of many files on one line")
    func text() throws {
        let bench = try HistoryTests.checked()
        #expect(try HistoryTests.export(bench, to: "out").code == 0)
        let told = try bench.tdr("history", "TDR-2026-C")
        #expect(told.code == 0, "\(told.errors)")
        let lines = told.output.split(separator: "\n").map(String.init)
        #expect(lines.first?.hasPrefix("2026-01-02T03:04:05Z  ") == true && lines.first?.contains("tdr ") == true)
        #expect(lines.contains("  03:04:05  Upload: Completed (was InProgress)"), "\(told.output)")
        #expect(lines.contains("  03:04:05  10 files: Upload Success, ClientChecksum Success, ClientFilePath Success"))
        #expect(lines.contains { $0.contains("1 file: ") && $0.hasSuffix("FFID ZeroByteFile [Records/empty]") })
        #expect(lines.contains("  03:04:05  FindingsAllowed: ZeroByteFile (1): 50% are \\x07 <odd>"), "\(told.output)")
        #expect(lines.contains { $0.hasPrefix("  03:04:05  Exported: /") })
        #expect(!told.stdout.contains { $0 < 0x20 && $0 != 0x0A }, "nothing steers a terminal")
    }

    @Test("as JSON Lines and CSV every change of every file is a record, in the order in which it was made")
    func records() throws {
        let bench = try HistoryTests.checked()
        let json = try bench.tdr("history", "TDR-2026-C", "--json").output.split(separator: "\n").map {
            try JSONValue(parsing: $0.utf8)
        }
        let numbers = json.compactMap { $0["number"]?.number }
        #expect(numbers == numbers.sorted() && numbers.count == json.count)
        let count: Int? = try StoreRows.value(bench.store, "SELECT count(*) FROM event WHERE consignmentId IS NOT NULL")
        #expect(json.count == count)
        #expect(json.contains { $0["path"]?.text == "Records/new\nline\u{1B}[31m" && $0["what"]?.text == "FileStatus" })
        #expect(json.contains { $0["pathHex"]?.text == "5265636f7264732f61ff" })
        let csv = try #require(parseCSV(try bench.tdr("history", "TDR-2026-C", "--csv").stdout))
        #expect(csv.count == json.count + 1)
        #expect(csv.allSatisfy { $0.count == 9 })
        #expect(csv.contains { $0[6] == Array(#"Records/new\nline\x1b[31m"#.utf8) })
        #expect(!csv.contains { $0.contains { $0.contains(0x1B) } })
    }

    @Test("wrong usage is 64, an unknown consignment 1")
    func usage() throws {
        let bench = try HistoryTests.checked(["a": "a"])
        #expect(try bench.tdr("history").code == 64)
        #expect(try bench.tdr("history", "TDR-2026-C", "--csv", "--json").code == 64)
        #expect(try bench.tdr("history", "TDR-2026-C", "--premis", "--json").code == 64)
        #expect(try bench.tdr("history", "TDR-2026-D").code == 1)
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--with", "premis,dc").code == 64)
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--with", "").code == 64)
    }

    @Test("premis.xml and mets.xml of a bag name its files, events and agents, each once and with its real name")
    func documents() throws {
        let bench = try HistoryTests.checked()
        let done = try HistoryTests.export(bench, to: "out")
        try #require(done.code == 0, "\(done.errors)")
        #expect(try bench.tdr("verify", Argument(done.line)).code == 0)
        let checked = try bench.shell("python3 '\(HistoryTests.script("check-bag-xml.py"))' out/TDR-2026-C")
        #expect(checked.line == "ok", "\(checked.errors)")
        let tags = try bench.shell("cat out/TDR-2026-C/tagmanifest-sha256.txt").output
        #expect(tags.contains("  premis.xml\n") && tags.contains("  mets.xml\n"))
        let premis = try bench.shell("cat out/TDR-2026-C/premis.xml").output
        #expect(premis.contains("<originalName>Records/50%25.txt</originalName>"))
        #expect(premis.contains("<originalName>Records/new%0Aline%1B[31m</originalName>"))
        #expect(premis.contains("<originalName>Records/a%FF</originalName>"))
        #expect(premis.contains("<originalName>Records/nul%EF%BF%BF</originalName>"))
        #expect(premis.contains("<originalName>Records/&lt;&amp;&quot;'&gt;</originalName>"))
        #expect(premis.contains("<eventOutcome>ZeroByteFile (1): 50%25 are %07 &lt;odd&gt;</eventOutcome>"))
        #expect(try bench.shell("$TDR history TDR-2026-C --premis > whole.xml").code == 0)
        let whole = try bench.shell("python3 '\(HistoryTests.script("check-bag-xml.py"))' whole.xml")
        #expect(whole.line == "ok", "\(whole.errors)")
    }

    @Test("what was found, held and let go is told, with the reason, and in PREMIS it hangs together")
    func quarantine() throws {
        let bench = try Workbench(["a.txt": "a", "b\nad": "MARKER", "c.txt": "MARKER too"])
        try bench.folder.make("rules.yar", "rule marker { strings: $a = \"MARKER\" condition: $a }")
        try bench.upload()
        let check = try bench.tdr(
            "check", "TDR-2026-C", "--antivirus", "yara", "--yara-rules", "rules.yar")
        #expect(check.code == 2, "\(check.errors)")
        for (act, file) in [("release", #"Records/b\nad"#), ("purge", "Records/c.txt")] {
            let done = try bench.tdr(
                "quarantine", Argument(act), "TDR-2026-C", Argument(file), "--reason", "a \u{1B}[1mtest")
            #expect(done.code == 0, "\(done.errors)")
        }
        let told = try bench.tdr("history", "TDR-2026-C").output
        #expect(told.contains(#"  Records/b\nad: Quarantine: Held: marker"#), "\(told)")
        #expect(told.contains(#"  Records/b\nad: Quarantine: Released: a \x1b[1mtest (was Held)"#), "\(told)")
        #expect(told.contains(#"1 file: no longer Antivirus VirusDetected [Records/b\nad]"#), "\(told)")
        _ = try bench.shell("$TDR history TDR-2026-C --premis > whole.xml")
        let whole = try bench.shell("python3 '\(HistoryTests.script("check-bag-xml.py"))' whole.xml")
        #expect(whole.line == "ok", "\(whole.errors)")
        let kinds = try bench.shell(
            "grep -oE '>(quarantine|unquarantine|deletion|virus check)<' whole.xml | sort | uniq -c")
        #expect(kinds.output.split(separator: "\n").count == 4, "\(kinds.output)")
    }

    @Test(
        "both follow their schemas, METS the published one", .enabled(if: SchemaPython.path != nil, SchemaPython.hint))
    func schemas() throws {
        let python = try #require(SchemaPython.path)
        let bench = try HistoryTests.checked()
        try #require(try HistoryTests.export(bench, to: "out").code == 0)
        _ = try bench.shell("$TDR history TDR-2026-C --premis > whole.xml")
        let script = HistoryTests.script("check-bag-xml.py")
        let subset = HistoryTests.script("premis-subset.xsd")
        for target in ["out/TDR-2026-C", "whole.xml"] {
            let checked = try bench.shell("\(python) '\(script)' --schemas \(target) '\(subset)'")
            #expect(checked.line == "ok", "\(checked.errors)")
        }
        // What is out of order is found: the check can fail.
        let broken = try bench.shell(
            """
            sed '0,/<compositionLevel>0<.compositionLevel>/s///' whole.xml | sed '0,/<size>[0-9]*<.size>/s///;
            0,/<.objectCharacteristics>/s//<size>1<\\/size>&/' > broken.xml; ! cmp -s whole.xml broken.xml && \
            \(python) '\(script)' --schemas broken.xml '\(subset)'
            """)
        #expect(broken.code == 1 && broken.errors.contains("size"), "\(broken.errors)")
    }

    @Test("what happens after the export changes nothing of the bag, and neither does a try that failed before it")
    func sameBytes() throws {
        let bench = try HistoryTests.checked()
        // A try that fails after it has begun: something else has the name.
        try bench.folder.make("taken", ["TDR-2026-C": ["x": "x"]])
        #expect(try HistoryTests.export(bench, to: "taken").code == 1)
        #expect(try HistoryTests.export(bench, to: "out").code == 0)
        for day in ["2026-02-01", "2026-03-01"] {
            let later = ["TDR_CLOCK": Argument("\(day)T00:00:00Z")]
            #expect(
                try bench.tdr("check", "TDR-2026-C", "--antivirus", "none", "--again", environment: later).code == 2)
            try bench.folder.make("again", [:])
            let again = try HistoryTests.export(bench, to: "again")
            #expect(again.code == 0, "\(again.errors)")
            let differences = try bench.shell("diff -r out again && rm -r again")
            #expect(differences.code == 0, "\(differences.output)")
        }
        let events = try bench.shell("grep -c '<event>' out/TDR-2026-C/premis.xml").line
        _ = try bench.shell("$TDR history TDR-2026-C --premis > whole.xml")
        let all = try bench.shell("grep -c '<event>' whole.xml").line
        #expect(Int(events) ?? 0 > 10 && Int(all) ?? 0 > Int(events) ?? 0)
        // The failed try alone is no reason for other bytes; a check after it is.
        #expect(try bench.shell("grep -c ExportFailed out/TDR-2026-C/premis.xml").line == "0")
    }

    @Test("without the option the bag has neither file")
    func without() throws {
        let bench = try HistoryTests.checked(["a": "a"])
        for (words, found) in [([], []), (["--with", "mets"], ["mets.xml"])] as [([Argument], [String])] {
            let form: [Argument] = ["export", "TDR-2026-C", "--to", "out", "--form", "folder"]
            let done = try Program.run(
                Program.tdr, form + words, environment: bench.environment(), directory: bench.folder.path)
            #expect(done.code == 0, "\(done.errors)")
            let names = try names(in: BytePath(done.line)).filter { $0.hasSuffix(".xml") }
            #expect(names == found)
            _ = try bench.shell("rm -r out/TDR-2026-C")
        }
    }
}
