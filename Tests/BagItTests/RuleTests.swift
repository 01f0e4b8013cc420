import BagIt
import Glibc
import Streams
import Testing

/// One way to break, or nearly break, a valid bag.
struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let version: BagVersion
    let verdict: BagVerdict
    let errors: [String]
    let warnings: [String]
    let change: @Sendable (inout BagDraft) throws -> Void

    init(
        _ name: String, _ version: BagVersion, _ verdict: BagVerdict, errors: [String] = [],
        warnings: [String] = [], _ change: @escaping @Sendable (inout BagDraft) throws -> Void
    ) {
        self.name = name
        self.version = version
        self.verdict = verdict
        self.errors = errors
        self.warnings = warnings
        self.change = change
    }

    init(
        _ name: String, _ verdict: BagVerdict, errors: [String] = [], warnings: [String] = [],
        _ change: @escaping @Sendable (inout BagDraft) throws -> Void
    ) {
        self.init(name, .rfc8493, verdict, errors: errors, warnings: warnings, change)
    }

    var testDescription: String { name }
}

private let aDigest = Hex.encode(digest(Array("first\n".utf8), .sha256))

private func manifest(_ change: @escaping @Sendable (String) -> String) -> @Sendable (inout BagDraft) throws -> Void {
    { try $0.edit("manifest-sha256.txt", change) }
}

private func declaration(_ text: String) -> @Sendable (inout BagDraft) throws -> Void {
    { try $0.edit("bagit.txt") { _ in text } }
}

private func info(_ text: String) -> @Sendable (inout BagDraft) throws -> Void {
    { try $0.edit("bag-info.txt") { _ in text } }
}

private func addManifestLine(_ path: String, _ digest: String = aDigest) -> @Sendable (inout BagDraft) throws -> Void {
    manifest { $0 + "\(digest)  \(path)\n" }
}

private let encodingLine = "Tag-File-Character-Encoding: UTF-8\n"

private let cases: [Case] = [
    // V1
    Case("V1: no data folder", .invalid, errors: ["V1"]) {
        $0 = try BagDraft.valid([:])
    },
    Case("V1: no manifest", .invalid, errors: ["V1"]) {
        $0["manifest-sha256.txt"] = nil
        try $0.sealTags()
    },
    Case("V1: a manifest line without a path", .invalid, errors: ["V1"], manifest { $0 + aDigest + "\n" }),
    Case("V1: a digest that is no hex", .invalid, errors: ["V1"], manifest { $0 + "xyz  data/a\n" }),
    Case("V1: a digest that is too short", .invalid, errors: ["V1"], manifest { $0 + "ab  data/a\n" }),
    Case("a digest in upper case is fine", .valid, manifest { $0.replacing(aDigest, with: aDigest.uppercased()) }),
    Case("one blank, or a tab, is fine", .valid, manifest { $0.replacing("  ", with: "\t") }),
    // V2
    Case("V2: an Oxum that does not agree", .invalid, errors: ["V2"], info("Payload-Oxum: 14.2\n")),
    Case("V2: the Oxum is right and a byte was changed", .invalid, errors: ["V12"]) {
        $0["data/a.txt"] = Array("fIrst\n".utf8)
    },
    // V3
    Case("V3: no bagit.txt", .invalid, errors: ["V3"]) {
        $0["bagit.txt"] = nil
        try $0.sealTags()
    },
    Case("V3: a byte order mark", .invalid, errors: ["V3"], declaration("\u{FEFF}BagIt-Version: 1.0\n" + encodingLine)),
    Case("V3: no encoding", .invalid, errors: ["V3"], declaration("BagIt-Version: 1.0\n")),
    Case("V3: a version that is no M.N", .invalid, errors: ["V3"], declaration("BagIt-Version: .97\n" + encodingLine)),
    Case("V3: an unknown version", .invalid, errors: ["V3"], declaration("BagIt-Version: 1.1\n" + encodingLine)),
    Case("V3: a third line", .invalid, errors: ["V3"], declaration("BagIt-Version: 1.0\n" + encodingLine + "X: y\n")),
    Case("V3: lines in the wrong order", .invalid, errors: ["V3"], declaration(encodingLine + "BagIt-Version: 1.0\n")),
    Case("V3: blanks before the colon", .invalid, errors: ["V3"], declaration("BagIt-Version : 1.0\n" + encodingLine)),
    Case("V3: no blank after the colon", .invalid, errors: ["V3"], declaration("BagIt-Version:1.0\n" + encodingLine)),
    Case("V3: a blank at the end", .invalid, errors: ["V3"], declaration("BagIt-Version: 1.0 \n" + encodingLine)),
    Case(
        "bagit.txt without a last line end is fine", .valid,
        declaration(String(("BagIt-Version: 1.0\n" + encodingLine).dropLast()))),
    Case(
        "bagit.txt with CRLF is fine", .valid,
        declaration("BagIt-Version: 1.0\r\nTag-File-Character-Encoding: UTF-8\r\n")),
    Case("bagit.txt with CR is fine", .valid, declaration("BagIt-Version: 1.0\rTag-File-Character-Encoding: UTF-8\r")),
    Case("lax blanks are fine before 1.0", .draft97, .valid, declaration("BagIt-Version : 0.97 \n" + encodingLine)),
    // V4
    Case("a manifest with CRLF is fine", .valid, manifest { $0.replacing("\n", with: "\r\n") }),
    Case("a manifest with CR is fine", .valid, manifest { $0.replacing("\n", with: "\r") }),
    Case("a manifest without a last line end is fine", .valid, manifest { String($0.dropLast()) }),
    Case("V4: an empty line", .valid, warnings: ["V4"], manifest { $0 + "\n" }),
    Case(
        "V4: a line that is too long", .invalid, errors: ["V4"],
        manifest { $0 + String(repeating: "a", count: 300_000) }),
    Case("V4: no blank after a colon in 1.0", .invalid, errors: ["V4"], info("Contact-Name:x\n")),
    Case("V4: a blank before a colon in 1.0", .invalid, errors: ["V4"], info("Contact-Name : x\n")),
    Case("any blanks around colons are fine before 1.0", .draft97, .valid, info("A:x\nB : y\nC  :  z\n")),
    Case("V4: a line without a label", .invalid, errors: ["V4"], info("nothing\n")),
    Case("a wrapped value is fine", .valid, info("Contact-Name: x\n  and more\n")),
    Case("V4: a continuation of nothing", .invalid, errors: ["V4"], info("  and more\n")),
    // V5
    Case(
        "V5: an unknown encoding", .invalid, errors: ["V5"],
        declaration("BagIt-Version: 1.0\nTag-File-Character-Encoding: EBCDIC\n")),
    Case("V5: a manifest that is not UTF-8", .invalid, errors: ["V5"]) {
        $0["manifest-sha256.txt"]? += Array("\(aDigest)  data/".utf8) + [0xFF, 0x0A]
        try $0.sealTags()
    },
    Case("V5: a byte order mark in 1.0", .invalid, errors: ["V5"], manifest { "\u{FEFF}" + $0 }),
    Case("V5: a byte order mark before 1.0", .draft97, .valid, warnings: ["V5"], manifest { "\u{FEFF}" + $0 }),
    // V6
    Case("V6: % written raw by other baggers", .valid, warnings: ["V6"]) {
        $0 = try BagDraft.valid(["data/a%25b": "x"])
        try $0.edit("manifest-sha256.txt") { $0.replacing("%25", with: "%") }
    },
    Case("V6: % encoded before 1.0", .draft97, .valid, warnings: ["V6"]) {
        $0 = try BagDraft.valid(["data/a%b": "x"], version: .draft97)
    },
    Case("%0A raw and encoded are told apart", .valid) {
        $0 = try BagDraft.valid(["data/a%0Ab": "raw", "data/a\nb": "encoded"])
    },
    // V7
    Case("V7: ..", .invalid, errors: ["V7"], addManifestLine("../x")),
    Case("V7: .. inside", .invalid, errors: ["V7"], addManifestLine("data/x/../../../y")),
    Case("V7: .. at the end", .invalid, errors: ["V7"], addManifestLine("data/..")),
    Case("V7: absolute", .invalid, errors: ["V7"], addManifestLine("/etc/passwd")),
    Case("V7: drive", .invalid, errors: ["V7"], addManifestLine(#"C:\Windows\x"#)),
    Case("V7: drive with a slash", .invalid, errors: ["V7"], addManifestLine("c:/x")),
    Case("V7: UNC", .invalid, errors: ["V7"], addManifestLine(#"\\?\UNC\server\x"#)),
    Case("V7: backslashes", .invalid, errors: ["V7"], addManifestLine(#"data\..\..\x"#)),
    Case("V7: home", .invalid, errors: ["V7"], addManifestLine("~/x")),
    Case("V7: somebody's home", .invalid, errors: ["V7"], addManifestLine("~root/x")),
    Case("V7: a Windows variable", .invalid, errors: ["V7"], addManifestLine(#"%HomeDrive%\x"#)),
    Case("V7: NUL", .invalid, errors: ["V7"], addManifestLine("data/a\0b")),
    Case("dots in names are fine", .valid) {
        $0 = try BagDraft.valid(["data/..a": "1", "data/b..": "2", "data/...": "3"])
    },
    // V8
    Case("V8: ./", .valid, warnings: ["V8"], manifest { $0.replacing("  data/a", with: "  ./data/a") }),
    Case("V8: //", .valid, warnings: ["V8"], manifest { $0.replacing("data/sub/b", with: "data//sub/./b") }),
    Case("V8: *", .valid, warnings: ["V8"], manifest { $0.replacing("  data/", with: " *data/") }),
    // V9
    Case("V9: twice in 1.0", .invalid, errors: ["V9"], addManifestLine("data/a.txt")),
    Case("V9: twice before 1.0", .draft97, .valid, warnings: ["V9"], addManifestLine("data/a.txt")),
    Case(
        "V9: twice with another digest before 1.0", .draft97, .invalid, errors: ["V9"],
        addManifestLine("data/a.txt", String(repeating: "0", count: 64))),
    Case("V9: twice by another spelling", .invalid, errors: ["V9"], warnings: ["V8"], addManifestLine("./data/a.txt")),
    // V10
    Case("V10: the other Unicode form", .valid, warnings: ["V10"]) {
        $0 = try BagDraft.valid(["data/caf\u{E9}": "x"])
        try $0.edit("manifest-sha256.txt") { $0.replacing("caf\u{E9}", with: "cafe\u{301}") }
    },
    Case("V10: two candidates", .invalid, errors: ["V10", "V12"], warnings: ["V10"]) {
        $0 = try BagDraft.valid(["data/\u{1EAD}": "x"])
        try $0.edit("manifest-sha256.txt") { $0.replacing("\u{1EAD}", with: "a\u{323}\u{302}") }
        $0.files.append((Array("data/\u{1EA1}\u{302}".utf8), [0x78]))
        try $0.edit("bag-info.txt") { $0.replacing("1.1", with: "2.2") }
    },
    Case("V10: names that differ in case only", .valid, warnings: ["V10"]) {
        $0 = try BagDraft.valid(["data/a": "1", "data/A": "2"])
    },
    Case("V10: one file for two listed names is one too few", .incomplete, errors: ["V12"], warnings: ["V10"]) {
        $0 = try BagDraft.valid(["data/\u{1EAD}": "x"])
        try $0.edit("manifest-sha256.txt") {
            $0.replacing("\u{1EAD}", with: "a\u{323}\u{302}") + $0.replacing("\u{1EAD}", with: "\u{1EA1}\u{302}")
        }
    },
    // V11
    Case("V11: missing in one of two manifests in 1.0", .incomplete, errors: ["V11"]) {
        $0 = try BagDraft.valid(algorithms: [.md5, .sha256])
        try $0.edit("manifest-md5.txt") { String($0.split(separator: "\n")[0]) + "\n" }
    },
    Case("in one of two manifests is enough before 1.0", .draft97, .valid) {
        $0 = try BagDraft.valid(version: .draft97, algorithms: [.md5, .sha256])
        try $0.edit("manifest-md5.txt") { String($0.split(separator: "\n")[0]) + "\n" }
    },
    // V12
    Case("V12: an unlisted payload file", .incomplete, errors: ["V12", "V2"]) {
        $0.files.append((Array("data/extra".utf8), [1]))
    },
    Case("V12: a missing payload file", .incomplete, errors: ["V12", "V2"]) { $0["data/a.txt"] = nil },
    Case("V12: a changed payload file", .invalid, errors: ["V12", "V2"]) { $0["data/a.txt"] = [1] },
    Case("V12: a missing tag file", .invalid, errors: ["V12"]) { $0["bag-info.txt"] = nil },
    Case("V12: a changed tag file", .invalid, errors: ["V12"]) { $0["bag-info.txt"]? += Array("X: y\n".utf8) },
    Case("an unlisted tag file is fine", .valid) { $0.files.append((Array("notes/x".utf8), [1])) },
    // V13
    Case("V13: two Oxums", .invalid, errors: ["V13"], info("Payload-Oxum: 13.2\nPayload-Oxum: 13.2\n")),
    Case("V13: an Oxum that is no pair", .invalid, errors: ["V13"], info("Payload-Oxum: many\n")),
    Case("no Oxum is fine", .valid, info("Contact-Name: x\n")),
    // V14
    Case("V14: a hole", .incomplete, errors: ["V14"]) {
        $0["data/a.txt"] = nil
        $0["fetch.txt"] = Array("https://example.org/a 6 data/a.txt\n".utf8)
        try $0.sealTags()
    },
    Case("a filled hole is fine", .valid) {
        $0["fetch.txt"] = Array("https://example.org/a 6 data/a.txt\n".utf8)
        try $0.sealTags()
    },
    // V15
    Case("V15: an algorithm nobody knows", .invalid, errors: ["V15"]) {
        $0 = try BagDraft.valid()
        $0["manifest-tiger.txt"] = $0["manifest-sha256.txt"]
        $0["manifest-sha256.txt"] = nil
        try $0.sealTags()
    },
    Case("V15: an unknown algorithm beside a known one", .valid, warnings: ["V15"]) {
        $0["manifest-tiger.txt"] = $0["manifest-sha256.txt"]
        try $0.sealTags()
    },
    Case("V15: an algorithm spelled oddly", .valid, warnings: ["V15"]) {
        $0["manifest-SHA-256.txt"] = $0["manifest-sha256.txt"]
        $0["manifest-sha256.txt"] = nil
        try $0.sealTags()
    },
    Case("no tag manifest is fine", .valid) { $0["tagmanifest-sha256.txt"] = nil },
    // W8
    Case("W8: a tag file in a payload manifest", .invalid, errors: ["W8"], addManifestLine("bagit.txt")),
    Case("W8: payload in a tag manifest", .invalid, errors: ["W8"]) {
        $0["tagmanifest-sha256.txt"]? += Array("\(aDigest)  data/a.txt\n".utf8)
    },
    Case("W8: a tag manifest in a tag manifest", .invalid, errors: ["W8"]) {
        $0["tagmanifest-sha256.txt"]? += Array("\(aDigest)  tagmanifest-md5.txt\n".utf8)
    },
    Case("W8: a tag manifest without the manifest in 1.0", .invalid, errors: ["W8"]) {
        $0["tagmanifest-sha256.txt"] = []
    },
    Case("W8: a tag manifest without the manifest before 1.0", .draft97, .valid, warnings: ["W8"]) {
        $0["tagmanifest-sha256.txt"] = []
    },
    // W12
    Case(
        "W12: a label that should not repeat", .valid, warnings: ["W12"],
        info("Bagging-Date: 2026-01-01\nbagging-date: 2026-01-02\n")),
    // W13
    Case("W13: a fetch line in two parts", .invalid, errors: ["W13"]) {
        $0["fetch.txt"] = Array("https://example.org/a data/a.txt\n".utf8)
        try $0.sealTags()
    },
    Case("W13: a relative URL", .invalid, errors: ["W13"]) {
        $0["fetch.txt"] = Array("a.txt 6 data/a.txt\n".utf8)
        try $0.sealTags()
    },
    Case("W13: a tag file to fetch", .invalid, errors: ["W13"]) {
        $0["fetch.txt"] = Array("https://example.org/a - bag-info.txt\n".utf8)
        try $0.sealTags()
    },
    Case("W13: a file to fetch that no manifest lists", .invalid, errors: ["W13"]) {
        $0["fetch.txt"] = Array("https://example.org/a - data/unlisted\n".utf8)
        try $0.sealTags()
    },
    Case("V7: a way out in fetch.txt", .invalid, errors: ["V7"]) {
        $0["fetch.txt"] = Array("https://example.org/a - data/../../x\n".utf8)
        try $0.sealTags()
    },
    Case("W13: a length that is no number", .invalid, errors: ["W13"]) {
        $0["fetch.txt"] = Array("https://example.org/a six data/a.txt\n".utf8)
        try $0.sealTags()
    },
    Case("V7: absolute in fetch.txt", .invalid, errors: ["V7"]) {
        $0["fetch.txt"] = Array("https://example.org/a - /etc/passwd\n".utf8)
        try $0.sealTags()
    },
    Case("V1: a digest of another algorithm's length", .invalid, errors: ["V1"]) {
        try $0.edit("manifest-sha256.txt") { $0 + String(repeating: "a", count: 128) + "  data/x\n" }
    },
    Case("V7: .. in a tag manifest", .invalid, errors: ["V7"]) {
        $0["tagmanifest-sha256.txt"]? += Array("\(aDigest)  ../x\n".utf8)
    },
    Case("V9: twice in a tag manifest", .invalid, errors: ["V9"]) {
        let lines = try unwrap($0["tagmanifest-sha256.txt"])
        $0["tagmanifest-sha256.txt"]? += lines.prefix { $0 != 0x0A } + [0x0A]
    },
    Case("V1: a tag manifest line without a path", .invalid, errors: ["V1"]) {
        $0["tagmanifest-sha256.txt"]? += Array("\(aDigest)\n".utf8)
    },
    Case("V13: an Oxum with a sign", .invalid, errors: ["V13"], info("Payload-Oxum: +13.2\n")),
    Case("V13: an Oxum in three parts", .invalid, errors: ["V13"], info("Payload-Oxum: 13.2.0\n")),
    Case("V2: an Oxum of too many files", .invalid, errors: ["V2"], info("Payload-Oxum: 13.3\n")),
    Case("V3: an empty bagit.txt", .invalid, errors: ["V3"], declaration("")),
    Case("V3: a misspelt label", .invalid, errors: ["V3"], declaration("Bag-Version: 1.0\n" + encodingLine)),
    Case("V14: a hole without a length", .incomplete, errors: ["V14"]) {
        $0["data/sub/b.txt"] = nil
        $0["fetch.txt"] = Array("https://example.org/b - data/sub/b.txt\n".utf8)
        try $0.sealTags()
    },
    // W15
    Case("W15: a file that systems make", .valid, warnings: ["W15"]) {
        $0 = try BagDraft.valid(["data/Thumbs.db": "x"])
    },
]

@Suite struct RuleTests {
    @Test("each rule is broken by its own bag, and by no other, in a folder", arguments: cases)
    func inFolder(of test: Case) async throws {
        var draft = try BagDraft.valid(version: test.version)
        try test.change(&draft)
        let folder = try TemporaryFolder()
        try draft.write(into: folder)
        if test.name == "V1: no data folder" { _ = rmdir(folder.path + "/data") }
        let report = try await BagValidator().validate(try BagFolder(folder.bytes))
        expect(report, test)
    }

    @Test("and in an archive", arguments: cases.filter { $0.name != "V1: no data folder" })
    func inArchive(of test: Case) async throws {
        var draft = try BagDraft.valid(version: test.version)
        try test.change(&draft)
        expect(try await draft.checkedAsArchive(), test)
    }

    @Test("at least sixty bags of version 1.0 break one rule each, and carry its number in their name")
    func setIsComplete() {
        let single = cases.filter { $0.version == .rfc8493 && $0.errors.count == 1 && $0.warnings.isEmpty }
        let named = single.filter { $0.name.hasPrefix("\($0.errors[0]): ") }
        #expect(named.count >= 60, "\(named.count)")
        #expect(Set(named.map(\.name)).count == named.count)
    }

    private func expect(_ report: BagReport, _ test: Case) {
        let comment = Comment(rawValue: "\(report.problems.map { "\($0.rule.rawValue) \($0.message)" })")
        #expect(report.verdict == test.verdict, comment)
        #expect(report.errorRules == test.errors, comment)
        #expect(report.warningRules == test.warnings, comment)
        for problem in report.problems { #expect(!problem.message.contains("\n")) }
    }

    @Test("a problem names rule, path, file, line, both digests")
    func problemsAreWhole() async throws {
        var draft = try BagDraft.valid()
        draft["data/sub/b.txt"] = Array("changed".utf8)
        let report = try await draft.checkedAsFolder()
        let problem = try #require(report.problems.first { $0.rule == .contents })
        #expect(problem.severity == .error)
        #expect(problem.path == Array("data/sub/b.txt".utf8))
        #expect(problem.file == "manifest-sha256.txt")
        #expect(problem.line == 2)
        #expect(problem.expected == Hex.encode(digest(Array("second\n".utf8), .sha256)))
        #expect(problem.found == Hex.encode(digest(Array("changed".utf8), .sha256)))
    }

    @Test("all problems are counted and only so many kept")
    func problemsAreCapped() async throws {
        var draft = try BagDraft.valid()
        try draft.edit("manifest-sha256.txt") { text in
            (0..<100).reduce(text) { $0 + "\(aDigest)  data/missing\($1)\n" }
        }
        let report = try await draft.checkedAsFolder(BagValidator.Options(problemLimit: 10))
        // The missing files, and the Oxum is right for what is there.
        #expect(report.errorCount == 100)
        #expect(report.problems.count == 10)
        #expect(report.omittedProblems == 90)
    }

    @Test("metadata without end and manifests without number do not fill the memory")
    func floods() async throws {
        var draft = try BagDraft.valid()
        let line = " " + String(repeating: "x", count: 1000) + "\n"
        draft["bag-info.txt"] = Array(("A: b\n" + String(repeating: line, count: 6000)).utf8)
        try draft.sealTags()
        let info = try await draft.checkedAsArchive()
        #expect(info.errorRules == ["V4"])
        #expect(info.errorCount == 1)
        draft = try BagDraft.valid()
        for number in 0..<100 { draft["manifest-x\(number).txt"] = draft["manifest-sha256.txt"] }
        try draft.sealTags()
        let manifests = try await draft.checkedAsArchive()
        #expect(manifests.errorRules == ["V15"])
        #expect(manifests.errorCount == 69)
    }

    @Test("tag files in ISO-8859-1 and UTF-16 are read", arguments: ["ISO-8859-1", "UTF-16"])
    func encodings(name: String) async throws {
        var draft = try BagDraft.valid(["data/caf\u{E9} \u{FE}": "x"])
        draft["bagit.txt"] = Array("BagIt-Version: 1.0\nTag-File-Character-Encoding: \(name)\n".utf8)
        try draft.sealTags()
        for file in ["manifest-sha256.txt", "bag-info.txt", "tagmanifest-sha256.txt"] {
            if file == "tagmanifest-sha256.txt" { try draft.sealTags() }
            let text = String(decoding: try unwrap(draft[file]), as: UTF8.self)
            draft[file] =
                name == "UTF-16"
                ? [0xFF, 0xFE] + text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
                : text.unicodeScalars.map { UInt8($0.value) }
        }
        #expect(try await draft.checkedAsFolder().problems == [])
        #expect(try await draft.checkedAsArchive().problems == [])
    }
}
