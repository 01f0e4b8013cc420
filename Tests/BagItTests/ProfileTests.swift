import BagIt
import Glibc
import Streams
import Testing

/// A profile that the bags of ``BagDraft`` follow, with some keys of it replaced.
private func profile(_ keys: [String: String] = [:]) -> [UInt8] {
    var all = [
        "BagIt-Profile-Info": """
        {"BagIt-Profile-Identifier": "https://example.org/p.json", "Source-Organization": "x",
        "External-Description": "x", "Version": "1", "BagIt-Profile-Version": "1.4.0"}
        """,
        "Accept-BagIt-Version": #"["1.0"]"#, "Serialization": #""optional""#,
        "Accept-Serialization": #"["application/tar"]"#, "Manifests-Required": #"["sha256"]"#,
        "Bag-Info": "{}",
    ].merging(keys) { $1 }
    all = all.filter { $0.value != "" }
    let text = all.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
    return Array("{\(text)}".utf8)
}

/// One way not to be what a profile asks for.
private struct Breach: Sendable, CustomTestStringConvertible {
    let rules: [String]
    let keys: [String: String]
    let asFolder: Bool
    /// Whether bagit_profile knows what is asked, and takes it as the specification has it.
    let peerKnows: Bool
    let change: @Sendable (inout BagDraft) throws -> Void

    init(
        _ rules: [String], _ keys: [String: String] = [:], asFolder: Bool = true, peerKnows: Bool = true,
        _ change: @escaping @Sendable (inout BagDraft) throws -> Void = { _ in }
    ) {
        self.rules = rules
        self.keys = keys
        self.asFolder = asFolder
        self.peerKnows = peerKnows
        self.change = change
    }

    var testDescription: String { "\(rules) \(keys)" }
}

private let breaches: [Breach] = [
    Breach([]), Breach([], asFolder: false),
    Breach(["P1"]) { try $0.edit("bag-info.txt") { $0.replacing("BagIt-Profile-Identifier", with: "Other") } },
    Breach(["P1"]) { try $0.edit("bag-info.txt") { $0.replacing("/p.json", with: "/q.json") } },
    // It takes one profile for a bag, where the specification has several.
    Breach([], peerKnows: false) {
        try $0.edit("bag-info.txt") { $0 + "BagIt-Profile-Identifier: https://example.org/second\n" }
    },
    Breach(["P2"], ["Bag-Info": #"{"Contact-Name": {"required": true}}"#]),
    Breach(["P2"], ["Bag-Info": #"{"Contact-Name": {"required": "true"}}"#], peerKnows: false),
    Breach([], ["Bag-Info": #"{"source-organization": {"required": true}}"#], peerKnows: false),
    Breach(["P3"], ["Bag-Info": #"{"A": {"repeatable": false}}"#]) {
        try $0.edit("bag-info.txt") { $0 + "A: 1\nA: 1\n" }
    },
    Breach([], ["Bag-Info": #"{"A": {}}"#]) { try $0.edit("bag-info.txt") { $0 + "A: 1\nA: 1\n" } },
    Breach(["P4"], ["Bag-Info": #"{"Source-Organization": {"values": ["Other", "test archive"]}}"#]),
    Breach([], ["Bag-Info": #"{"Source-Organization": {"values": ["Test Archive"]}}"#]),
    Breach(["P5"], ["Manifests-Required": #"["sha256", "sha512"]"#]),
    Breach(["P5"], ["Manifests-Required": "[]", "Manifests-Allowed": #"["sha512"]"#]),
    Breach(["P6"], ["Tag-Manifests-Required": #"["sha512"]"#]),
    Breach(["P6"], ["Tag-Manifests-Allowed": #"["sha512"]"#]),
    Breach([], ["Tag-Manifests-Required": #"["sha256"]"#]),
    Breach(["P7"], ["Allow-Fetch.txt": "false"]) {
        $0["fetch.txt"] = Array("https://example.org/a 6 data/a.txt\n".utf8)
        try $0.sealTags()
    },
    Breach(["P7"], ["Fetch.txt-Required": "true"], peerKnows: false),
    Breach(["P8"], ["Data-Empty": "true"], peerKnows: false),
    Breach([], ["Data-Empty": "true"], peerKnows: false) {
        $0 = try BagDraft.valid(["data/.keep": ""])
        try $0.edit("bag-info.txt") { $0 + "BagIt-Profile-Identifier: https://example.org/p.json\n" }
    },
    Breach(["P9"], ["Serialization": #""required""#]), Breach([], ["Serialization": #""required""#], asFolder: false),
    Breach(["P9"], ["Serialization": #""forbidden""#, "Accept-Serialization": ""], asFolder: false),
    Breach(["P9"], ["Accept-Serialization": #"["application/zip"]"#], asFolder: false),
    Breach(["P10"], ["Accept-BagIt-Version": #"["0.97", "0.96"]"#]),
    Breach(["P11"], ["Tag-Files-Required": #"["about/marc.xml"]"#]),
    Breach(["P12"], ["Tag-Files-Allowed": #"["notes/*.txt"]"#]) { $0.files.append((Array("notes/a.xml".utf8), [1])) },
    Breach([], ["Tag-Files-Allowed": #"["n*es/*.txt"]"#]) { $0.files.append((Array("notes/sub/a.txt".utf8), [1])) },
    Breach([], ["Tag-Files-Allowed": "[]"]),
]

private func draft(_ breach: Breach) throws -> BagDraft {
    var draft = try BagDraft.valid()
    try draft.edit("bag-info.txt") { $0 + "BagIt-Profile-Identifier: https://example.org/p.json\n" }
    try breach.change(&draft)
    return draft
}

@Suite struct ProfileTests {
    @Test("each rule of a profile is broken by its own bag, and by no other", arguments: breaches)
    private func breachesAreFound(_ breach: Breach) async throws {
        var options = BagValidator.Options()
        options.profile = try BagProfile(parsing: profile(breach.keys))
        let draft = try draft(breach)
        let folder = try TemporaryFolder()
        let report: BagReport
        if breach.asFolder {
            try draft.write(into: folder)
            report = try await BagValidator(options).validate(try BagFolder(folder.bytes))
        } else {
            options.mediaTypes = ["application/tar", "application/x-tar"]
            report = try await check(archive: try draft.tar(), options)
        }
        #expect(report.errorRules == breach.rules, "\(report.problems.map(\.message))")
        #expect(report.verdict == (breach.rules.isEmpty ? .valid : .invalid))
        for problem in report.problems { #expect(problem.path != nil) }
    }

    @Test(
        "what contradicts itself or is none is no profile",
        arguments: [
            ("[]", "no JSON object"), ("{", "no JSON document"), ("{}", "no BagIt-Profile-Info"),
            (String(repeating: "[", count: 100_000), "no JSON document"),
        ])
    func noProfiles(text: String, reason: String) {
        #expect {
            _ = try BagProfile(parsing: Array(text.utf8))
        } throws: { "\($0)".contains(reason) }
    }

    @Test(
        "a profile with a broken key says which",
        arguments: [
            ("BagIt-Profile-Info", #"{"Version": "1"}"#, "Source-Organization"),
            ("Accept-BagIt-Version", "[]", "Accept-BagIt-Version"), ("Accept-BagIt-Version", "3", "is no list"),
            ("Manifests-Allowed", #"["sha512"]"#, "does not allow it"), ("Serialization", #""maybe""#, "maybe"),
            ("Allow-Fetch.txt", #""perhaps""#, "neither true nor false"), ("Bag-Info", "[]", "Bag-Info"),
            ("Tag-Files-Required", #"["a", 1]"#, "no text"),
        ])
    func brokenKeys(key: String, value: String, reason: String) {
        #expect {
            _ = try BagProfile(parsing: profile([key: value]))
        } throws: { "\($0)".contains(reason) }
    }

    @Test("random changes never crash the parser", arguments: 0..<20)
    func mutations(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let whole = profile(["Bag-Info": #"{"A": {"required": true, "values": ["x"]}}"#])
        for _ in 0..<200 {
            var bytes = whole
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 24)
            }
            // Any error is an answer here; only a crash is not.
            _ = try? BagProfile(parsing: bytes)
        }
    }

    /// A Python with bagit_profile 1.3.1, by `TDR_TEST_PYTHON`.
    private static let python = getenv("TDR_TEST_PYTHON").map { String(cString: $0) }

    @Test(
        "bagit_profile has the same opinion, where it has one",
        .enabled(if: python != nil, "set TDR_TEST_PYTHON to a Python with bagit_profile"))
    func peerAgrees() async throws {
        let python = try unwrap(ProfileTests.python)
        let script = """
            import sys, json, glob, logging, bagit, bagit_profile
            logging.disable(logging.CRITICAL)
            for bag in sorted(glob.glob(sys.argv[1] + '/*/bag')):
                p = bagit_profile.Profile('https://example.org/p.json', profile=json.load(open(bag + '/../p.json')))
                try:
                    print(p.validate(bagit.Bag(bag)))
                except Exception as error:
                    print(repr(error))
            """
        // Whether a form is accepted is another call of it, given the archive.
        let cases = breaches.filter { $0.asFolder && $0.peerKnows && $0.rules != ["P9"] }
        #expect(cases.count > 15)
        let folder = try TemporaryFolder()
        for (index, breach) in cases.enumerated() {
            // Three digits keep the order.
            let place = "\(100 + index)"
            for (path, content) in try draft(breach).files {
                try folder.write(content, to: Array("\(place)/bag/".utf8) + path)
            }
            try folder.write(profile(breach.keys), to: Array("\(place)/p.json".utf8))
        }
        let out = try run(python, "-c", script, folder.path)
        let answers = String(decoding: out.output, as: UTF8.self).split(separator: "\n").map(String.init)
        try #require(answers.count == cases.count, "\(out.errors)")
        for (breach, answer) in zip(cases, answers) {
            #expect(answer == (breach.rules.isEmpty ? "True" : "False"), "\(breach.testDescription)")
        }
    }
}
