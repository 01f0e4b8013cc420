import Pronom
import Streams
import Testing

@Suite struct ContainerTests {
    /// ZIP and OLE2 triggers as PRONOM has them, and container signatures on top.
    static func xml(
        _ containers: [(puid: String, kind: String, files: [(path: String, signatures: String)])]
    ) -> SignatureXML {
        let zip =
            SignatureXML.old("504B0304", min: 0, max: 4)
            + SignatureXML.old(
                "504B0506", reference: "EOFoffset", min: 18, max: 65553,
                fragments: SignatureXML.fragment("Left", 1, "504B01", min: 42, max: 65535))
        var xml = SignatureXML([
            .init(puid: "x-fmt/263", signatures: [zip, SignatureXML.old("504B05060000")], extensions: ["zip"]),
            .init(puid: "fmt/111", signatures: [SignatureXML.old("D0CF11E0A1B11AE1")]),
            .init(puid: "fmt/1", extensions: ["one"]), .init(puid: "fmt/2"), .init(puid: "fmt/3", inferiors: ["fmt/2"]),
            // Loses its binary signature because it has a container signature.
            .init(puid: "fmt/4", signatures: [SignatureXML.old("CAFE")], extensions: ["four"]),
        ])
        xml.containers = containers
        return xml
    }

    static let text = Array("prefix and the WORD to find".utf8)
    static let named = xml([
        ("fmt/1", "ZIP", [("a/b.txt", SignatureXML.sequence("'WORD'", reference: nil)), ("c", "")])
    ])

    struct Variant: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let puid: String
    }

    static let variants: [Variant] = {
        func entries(_ change: (inout Archives.Entry) -> Void = { _ in }) -> [Archives.Entry] {
            [("x", []), ("a/b.txt", text), ("c", [])].map {
                var entry = Archives.Entry(name: $0.0, bytes: $0.1)
                change(&entry)
                return entry
            }
        }
        return [
            Variant(testDescription: "stored", bytes: Archives.zip(entries()), puid: "fmt/1"),
            Variant(testDescription: "deflated", bytes: Archives.zip(entries { $0.isDeflated = true }), puid: "fmt/1"),
            Variant(
                testDescription: "data descriptors",
                bytes: Archives.zip(
                    entries {
                        $0.hasDescriptor = true; $0.isDeflated = true
                    }), puid: "fmt/1"),
            Variant(testDescription: "ZIP64 end record", bytes: Archives.zip(entries(), isZip64: true), puid: "fmt/1"),
            Variant(
                testDescription: "ZIP64 sizes and offsets", bytes: Archives.zip(entries { $0.isWide = true }),
                puid: "fmt/1"),
            Variant(testDescription: "leading junk", bytes: Archives.zip(entries(), junk: [1, 2, 3]), puid: "fmt/1"),
            Variant(
                testDescription: "leading junk before ZIP64",
                bytes: Archives.zip(entries(), junk: [1, 2, 3], isZip64: true), puid: "fmt/1"),
            Variant(
                testDescription: "a comment",
                bytes: Archives.zip(entries(), comment: String(repeating: "note ", count: 900)), puid: "fmt/1"),
            Variant(
                testDescription: "encrypted", bytes: Archives.zip(entries { $0.isEncrypted = true }), puid: "x-fmt/263"),
            Variant(
                testDescription: "empty archive", bytes: hex("504B0506") + [UInt8](repeating: 0, count: 18),
                puid: "x-fmt/263"),
        ]
    }()

    @Test("opens a ZIP by its central directory", arguments: variants)
    func zip(_ variant: Variant) throws {
        let found = try identify(variant.bytes, with: Self.named.set(), name: "file.one")
        #expect(found.matches.map(\.puid) == [variant.puid])
        #expect(found.matches.first?.method == (variant.puid == "fmt/1" ? .container : .signature))
        #expect((found.encryption == .zipEntry) == (variant.testDescription == "encrypted"))
    }

    @Test("does not open a ZIP that is cut off")
    func cutOff() throws {
        let whole = Archives.zip([.init(name: "a/b.txt", bytes: Self.text), .init(name: "c", bytes: [])])
        #expect(try Self.named.puids(Array(whole.dropLast(30))).isEmpty)
    }

    @Test("asks for every file of a container signature")
    func allFiles() throws {
        #expect(try Self.named.puids(Archives.zip([.init(name: "a/b.txt", bytes: Self.text)])) == ["x-fmt/263"])
        #expect(
            try Self.named.puids(Archives.zip([.init(name: "A/b.txt", bytes: Self.text), .init(name: "c", bytes: [])]))
                == ["x-fmt/263"])
    }

    @Test("opens OLE2 files of both sector sizes, short and long streams", arguments: [9, 12], [0, 5000])
    func ole2(_ shift: Int, _ padding: Int) throws {
        let xml = Self.xml([
            ("fmt/1", "OLE2", [("CompObj", SignatureXML.old("4D5A", min: 2, max: 2)), ("Storage/Inner", "")])
        ])
        let stream = hex("0000 4D5A") + [UInt8](repeating: 0, count: padding)
        let file = Archives.ole2(
            [("Other", [1, 2, 3]), ("\u{1}CompObj", stream), ("Storage/Inner", [1])], shift: shift)
        #expect(try xml.puids(file) == ["fmt/1"])
        #expect(try xml.puids(Archives.ole2([("\u{1}CompObj", stream)], shift: shift)) == ["fmt/111"])
    }

    @Test("takes brackets in a path literally and understands globs and the placeholder")
    func paths() throws {
        let zip = Archives.zip([
            .init(name: "[Content_Types].xml", bytes: []), .init(name: "dir/report.idx", bytes: []),
        ])
        func puids(_ path: String) throws -> [String] {
            try Self.xml([("fmt/1", "ZIP", [(path, "")])]).puids(zip, name: "x/report.zip")
        }
        for path in [
            "[Content_Types].xml", "*.xml", "dir/*.idx", "**.idx", "dir/repor?.idx", "dir/{containerFileName}.idx",
        ] {
            #expect(try puids(path) == ["fmt/1"], "\(path)")
        }
        for path in ["C.xml", "*.idx", "dir/?.idx", "{containerFileName}.idx", "DIR/report.idx"] {
            #expect(try puids(path) == ["x-fmt/263"], "\(path)")
        }
    }

    @Test("counts a path that is listed twice once, with what is asked of its bytes")
    func listedTwice() throws {
        let xml = Self.xml([("fmt/1", "ZIP", [("a", SignatureXML.old("4D5A")), ("a", "")])])
        #expect(try xml.puids(Archives.zip([.init(name: "a", bytes: hex("4D5A"))])) == ["fmt/1"])
        #expect(try xml.puids(Archives.zip([.init(name: "a", bytes: hex("0000"))])) == ["x-fmt/263"])
    }

    @Test("applies priorities among the formats found inside")
    func priorities() throws {
        let xml = Self.xml([
            ("fmt/2", "ZIP", [("a", "")]), ("fmt/3", "ZIP", [("a", "")]), ("fmt/1", "ZIP", [("a", "")]),
        ])
        #expect(try xml.puids(Archives.zip([.init(name: "a", bytes: [])])) == ["fmt/1", "fmt/3"])
    }

    @Test("takes the binary signatures from formats that have a container signature")
    func binaryDropped() throws {
        let xml = Self.xml([("fmt/4", "ZIP", [("a", "")])])
        #expect(try xml.puids(hex("CAFE")).isEmpty)
        // It still counts as having one, so its extension alone does not tell it.
        #expect(try xml.puids(hex("CAFE"), name: "a.four").isEmpty)
        // A container-only format stays a candidate of its extension.
        let only = Self.xml([("fmt/1", "ZIP", [("a", "")])])
        #expect(try only.puids(hex("FFFF"), name: "a.one") == ["fmt/1"])
    }

    @Test("unpacks no more than it needs of what claims to be endless", .timeLimit(.minutes(10)))
    func bomb() throws {
        let zeros = [UInt8](repeating: 0, count: 30 << 20)
        let file = Archives.zip([
            .init(name: "a/b.txt", bytes: zeros + Self.text, isDeflated: true), .init(name: "c", bytes: []),
        ])
        #expect(try Self.named.puids(file) == ["x-fmt/263"])
    }

    @Test("names a container format that only the container file knows")
    func unknownPuid() throws {
        let found = try identify(
            Archives.zip([.init(name: "a", bytes: [])]), with: Self.xml([("fmt/99", "ZIP", [("a", "")])]).set())
        #expect(found.matches.map(\.puid) == ["fmt/99"])
        #expect(found.matches.map(\.name) == [""])
    }
}

@Suite struct EncryptionTests {
    static let set = Result { try SignatureSet.bundled() }

    private func encryption(_ bytes: [UInt8]) throws -> Encryption? {
        try identify(bytes, with: Self.set.get()).encryption
    }

    @Test("tells a PDF with an encryption dictionary, in a trailer or a cross-reference stream")
    func pdf() throws {
        let plain = "%PDF-1.4\nxref\n0 1\ntrailer << /Size 1 /EncryptMetadata true >>\nstartxref\n9\n%%EOF\n"
        #expect(try encryption(Array(plain.utf8)) == nil)
        #expect(try encryption(Array(plain.replacing("/EncryptMetadata true", with: "/Encrypt 5 0 R").utf8)) == .pdf)
        let stream = "%PDF-1.5\n7 0 obj << /Type /XRef /Encrypt<</V 4>> >> stream\nxx\nendstream\nstartxref\n9\n%%EOF\n"
        #expect(try encryption(Array(stream.utf8)) == .pdf)
        #expect(try encryption(Array("%PDF-1.4\nstartxref\n99999999999999999999\n%%EOF\n".utf8)) == nil)
    }

    @Test("tells OOXML in an OLE2 wrapper and protected legacy Office files")
    func office() throws {
        #expect(try encryption(Archives.ole2([("EncryptedPackage", [1]), ("EncryptionInfo", [1])])) == .officePackage)
        let fib = hex("ECA5C100") + [UInt8](repeating: 0, count: 6) + hex("0001") + [UInt8](repeating: 0, count: 40)
        #expect(try encryption(Archives.ole2([("WordDocument", fib)])) == .word)
        #expect(
            try encryption(Archives.ole2([("WordDocument", Array(fib.prefix(10)) + [UInt8](repeating: 0, count: 40))]))
                == nil)
        let workbook =
            hex("0908 1000") + [UInt8](repeating: 0, count: 16) + hex("2F00 0600") + [UInt8](repeating: 0, count: 40)
        #expect(try encryption(Archives.ole2([("Workbook", workbook)])) == .excel)
        let user = [UInt8](repeating: 0, count: 12) + hex("DFC4D1F3") + [UInt8](repeating: 0, count: 40)
        #expect(try encryption(Archives.ole2([("Current User", user)])) == .powerPoint)
    }

    @Test("tells an ODF file whose manifest names encrypted entries")
    func openDocument() throws {
        func file(_ manifest: String) -> [UInt8] {
            Archives.zip([
                .init(name: "mimetype", bytes: Array("application/vnd.oasis.opendocument.text".utf8)),
                .init(name: "META-INF/manifest.xml", bytes: Array(manifest.utf8), isDeflated: true),
            ])
        }
        #expect(try encryption(file("<m:file-entry><m:encryption-data/></m:file-entry>")) == .openDocument)
        #expect(try encryption(file("<m:file-entry/>")) == nil)
    }
}
