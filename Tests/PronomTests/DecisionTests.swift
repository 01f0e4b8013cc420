import Pronom
import Streams
import Testing

@Suite struct DecisionTests {
    /// a outranks b, b outranks c; all three match the same byte.
    static let xml = SignatureXML([
        .init(puid: "fmt/1", signatures: [SignatureXML.old("01")], extensions: ["a"], inferiors: ["fmt/2"]),
        .init(puid: "fmt/2", signatures: [SignatureXML.old("0102")], extensions: ["b"], inferiors: ["fmt/3"]),
        .init(puid: "fmt/3", signatures: [SignatureXML.old("01", reference: "EOFoffset")], extensions: ["c"]),
        .init(puid: "fmt/4", extensions: ["Txt", "c"]), .init(puid: "fmt/5", extensions: ["txt"], inferiors: []),
        .init(puid: "fmt/6", extensions: ["low"]), .init(puid: "fmt/7", extensions: ["LOW"], inferiors: ["fmt/6"]),
    ])

    @Test("applies direct priorities over all hits at once, not transitively")
    func direct() throws {
        // fmt/1 and fmt/3 match without fmt/2, which alone links them.
        #expect(try Self.xml.puids(hex("01")) == ["fmt/1", "fmt/3"])
        #expect(try Self.xml.puids(hex("010201")) == ["fmt/1"])
    }

    @Test("closes priorities for the siegfried view")
    func closed() throws {
        var scan = FormatScan(try Self.xml.set())
        let answer = try scan.siegfriedAnswer(MemorySource(hex("01")), name: Array("x.c".utf8))
        #expect(answer.identifier == "fmt/1")
        #expect(answer.warning == "extension mismatch")
    }

    @Test("reports a format once however many of its signatures match")
    func once() throws {
        let xml = SignatureXML([.init(puid: "fmt/1", signatures: [SignatureXML.old("01"), SignatureXML.old("0102")])])
        #expect(try xml.puids(hex("0102")) == ["fmt/1"])
    }

    @Test("falls back to all formats of the extension that have no binary signature, without regard to case")
    func fallback() throws {
        #expect(try Self.xml.puids(hex("FF"), name: "x.TXT") == ["fmt/4", "fmt/5"])
        #expect(try Self.xml.puids(hex("FF"), name: "x.a").isEmpty)
        #expect(try Self.xml.puids(hex("FF"), name: "x.c") == ["fmt/4"])
        #expect(try Self.xml.puids(hex("FF"), name: "x.low") == ["fmt/7"])
        #expect(try identify(hex("FF"), with: Self.xml.set(), name: "x.c").matches.first?.method == .fileExtension)
    }

    @Test("flags a mismatch for hits whose format has other extensions, never for extension matches")
    func mismatch() throws {
        let set = try Self.xml.set()
        #expect(try !identify(hex("0102"), with: set, name: "x.A").isExtensionMismatch)
        #expect(try identify(hex("0102"), with: set, name: "x.txt").isExtensionMismatch)
        #expect(try identify(hex("0102"), with: set, name: "nothing").isExtensionMismatch)
        #expect(try !identify(hex("FF"), with: set, name: "x.txt").isExtensionMismatch)
        let none = SignatureXML([.init(puid: "fmt/1", signatures: [SignatureXML.old("01")])])
        #expect(try !identify(hex("01"), with: none.set(), name: "x.txt").isExtensionMismatch)
    }

    struct Name: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let transfer: String?
        let droid: String?
        let siegfried: String?

        init(_ name: String, _ transfer: String?, _ droid: String?, _ siegfried: String?) {
            testDescription = name
            self.transfer = transfer
            self.droid = droid
            self.siegfried = siegfried
        }
    }

    @Test(
        "cuts the extension by three rules",
        arguments: [
            Name("a/b.c/d.TXT", "TXT", "TXT", "TXT"), Name("README", "README", nil, nil),
            Name("a.b/README", "README", nil, nil),
            Name(".gitignore", "gitignore", nil, "gitignore"), Name("a.tar.gz", "gz", "gz", "gz"),
            Name("a.php?x=1.y", "y", "php", "y"), Name("a.", "", "", ""), Name("", nil, nil, nil),
            Name("dir/", nil, nil, nil),
        ])
    func extensions(_ row: Name) {
        func cut(_ rule: ExtensionRule) -> String? {
            rule.fileExtension(of: Array(row.testDescription.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(cut(.transfer) == row.transfer)
        #expect(cut(.droid) == row.droid)
        #expect(cut(.siegfried) == row.siegfried)
    }

    @Test("explains which signatures matched where and what was outranked by what")
    func explained() throws {
        var scan = FormatScan(try Self.xml.set())
        let why = try scan.explain(MemorySource(hex("010201")), name: Array("x.a".utf8))
        #expect(why.identification.matches.map(\.puid) == ["fmt/1"])
        #expect(why.signatures.map(\.signature) == [101, 102, 103])
        #expect(why.signatures.flatMap(\.places).map(\.isFromEnd) == [false, false, true])
        #expect(why.signatures.flatMap(\.places).map(\.offset) == [0, 0, 0])
        #expect(why.signatures.flatMap(\.places).map(\.length) == [1, 2, 1])
        #expect(why.outranked.map(\.puid) == ["fmt/2", "fmt/3"])
        #expect(why.outranked.map(\.by) == [["fmt/1"], ["fmt/2"]])
        #expect(why.container == nil)
    }

    @Test(
        "guesses at text where siegfried does",
        arguments: [
            ("plain", "x", "x-fmt/111", "text match ASCII"), ("é", "x", "x-fmt/111", "text match UTF-8 Unicode"),
            ("plain", "x.txt", "x-fmt/111", "extension match txt; text match ASCII"), ("plain", "x.bin", "UNKNOWN", ""),
            ("\0\u{1}", "x.txt", "UNKNOWN", ""), ("", "x.txt", "x-fmt/111", "extension match txt"),
            ("\0", "x", "UNKNOWN", ""),
        ])
    func text(_ row: (text: String, name: String, identifier: String, basis: String)) throws {
        let xml = SignatureXML([
            .init(puid: "x-fmt/111", extensions: ["txt"]),
            .init(puid: "fmt/8", signatures: [SignatureXML.old("FFFFFFFF")], extensions: ["bin"]),
        ])
        var scan = FormatScan(try xml.set())
        let answer = try scan.siegfriedAnswer(MemorySource(Array(row.text.utf8)), name: Array(row.name.utf8))
        #expect(answer.identifier == row.identifier)
        #expect(answer.basis == row.basis)
    }

    @Test("words the basis as siegfried does")
    func basis() throws {
        var xml = ContainerTests.xml([
            ("fmt/1", "ZIP", [("a", SignatureXML.old("4D5A", min: 1, max: 1)), ("b", "")]),
            ("fmt/1", "ZIP", [("c", "")]),
        ])
        xml.formats.append(
            .init(
                puid: "fmt/7", signatures: [SignatureXML.old("01") + SignatureXML.old("0203", reference: "EOFoffset")]))
        var scan = FormatScan(try xml.set())
        func basis(_ bytes: [UInt8], _ name: String) throws -> String {
            try scan.siegfriedAnswer(MemorySource(bytes), name: Array(name.utf8)).basis
        }
        #expect(try basis(hex("CAFE"), "x.four") == "extension match four; byte match at 0, 2")
        #expect(try basis(hex("01000203"), "x") == "byte match at [[0 1] [2 2]]")
        #expect(
            try basis(hex("504B0506") + [UInt8](repeating: 0, count: 18), "x") == "byte match at 0, 6 (signature 2/2)")
        let zip = Archives.zip([.init(name: "b", bytes: []), .init(name: "a", bytes: hex("00 4D5A"))])
        #expect(
            try basis(zip, "x") == "container name a with byte match at 1, 2; name b with name only (signature 1/2)")
    }
}
