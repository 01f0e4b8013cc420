import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Signature files of a few lines.
enum TinySignatures {
    static func binary(version: Int, puid: String = "test/1") -> Tree {
        .file(
            Array(
                """
                <?xml version="1.0" encoding="UTF-8"?>
                <FFSignatureFile xmlns="http://www.nationalarchives.gov.uk/pronom/SignatureFile" Version="\(version)" \
                DateCreated="2030-01-01T00:00:00"><InternalSignatureCollection><InternalSignature ID="1"><ByteSequence \
                Reference="BOFoffset"><SubSequence Position="1" SubSeqMinOffset="0" SubSeqMaxOffset="0"><Sequence>\
                41424344</Sequence></SubSequence></ByteSequence></InternalSignature></InternalSignatureCollection>\
                <FileFormatCollection><FileFormat ID="1" Name="Test" PUID="\(puid)"><InternalSignatureID>1\
                </InternalSignatureID><Extension>abc</Extension></FileFormat></FileFormatCollection></FFSignatureFile>
                """.utf8))
    }

    static let container: Tree = .file(
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ContainerSignatureMapping schemaVersion="1.0" signatureVersion="1"><ContainerSignatures/>\
            <FileFormatMappings/><TriggerPuids/></ContainerSignatureMapping>
            """.utf8))
}

@Suite struct FormatsSignatureLibraryTests {
    let folder: TemporaryFolder
    let library: SignatureLibrary
    static let now = Timestamp(milliseconds: 1_767_323_045_000)

    init() throws {
        folder = try TemporaryFolder()
        library = SignatureLibrary(folder: folder.appending("signatures"))
    }

    private func importVersion(_ version: Int, date: Int = 20_300_101) throws -> Signatures {
        let files = try TemporaryFolder()
        let binary = try files.make(
            Name("DROID_SignatureFile_V\(version).xml"), TinySignatures.binary(version: version))
        let container = try files.make(Name("container-signature-\(date).xml"), TinySignatures.container)
        // Any order will do.
        return try library.importFiles([container, binary], at: Self.now).signatures
    }

    private func damage(_ name: Name, keepingSize: Bool = true) throws {
        let entry = try #require(try library.entries().first { !$0.name.isEmpty })
        let path = folder.appending("signatures").appending(entry.name).appending(name.bytes)
        var bytes = try readWhole(path, limit: 1 << 20)
        bytes[bytes.count / 2] ^= 0x55
        try writeDurably(bytes, to: path)
    }

    @Test("is the built-in set when nothing was imported, and makes no folder")
    func builtIn() throws {
        let selection = try library.inUse()
        #expect(selection.signatures.origin == .builtIn)
        #expect(selection.warning == nil)
        #expect(selection.signatures.formatCount > 2000)
        #expect(try library.entries().map(\.isInUse) == [true])
        #expect(throws: SystemFault.self) { try FileStatus.of(folder.appending("signatures")) }
    }

    @Test("uses what was imported, goes back, and forward again")
    func importAndBack() throws {
        #expect(try importVersion(200).version == "V200-20300101")
        #expect(try importVersion(201).version == "V201-20300101")
        #expect(try library.inUse().signatures.version == "V201-20300101")
        #expect(try library.entries().map(\.version).dropFirst() == ["V200-20300101", "V201-20300101"])
        #expect(try library.use("v200").signatures.binaryFile == "DROID_SignatureFile_V200.xml")
        #expect(try library.inUse().signatures.version == "V200-20300101")
        #expect(try library.use("built-in").signatures.origin == .builtIn)
        #expect(try library.inUse().signatures.origin == .builtIn)
        #expect(try library.use("201").signatures.version == "V201-20300101")
        #expect(throws: SignatureError.self) { try library.use("V7") }
        #expect(throws: SignatureError.self) { try library.use("../../etc") }
        #expect(try library.inUse().signatures.version == "V201-20300101")
    }

    @Test("importing the same files again changes nothing")
    func importTwice() throws {
        _ = try importVersion(200)
        let again = try importVersion(200)
        #expect(again.version == "V200-20300101")
        #expect(try library.entries().count == 2)
    }

    @Test("takes the missing half from the imported set in use, and only from there")
    func oneFile() throws {
        let binary = try folder.make("DROID_SignatureFile_V300.xml", TinySignatures.binary(version: 300))
        #expect(throws: SignatureError.self) { try library.importFiles([binary], at: Self.now) }
        _ = try importVersion(200)
        #expect(try library.importFiles([binary], at: Self.now).signatures.version == "V300-20300101")
        #expect(throws: SignatureError.self) { try library.importFiles([binary, binary], at: Self.now) }
    }

    @Test("a damaged cache is compiled again and said so")
    func damagedCache() throws {
        _ = try importVersion(200)
        try damage("compiled.signatures")
        let repaired = try library.inUse()
        #expect(repaired.signatures.version == "V200-20300101")
        #expect(repaired.warning?.contains("compiled again") == true)
        #expect(try library.inUse().warning == nil)
    }

    @Test("the built-in set stands in for what cannot be repaired, never silently and never for what was asked for")
    func damagedForGood() throws {
        _ = try importVersion(200)
        try damage("compiled.signatures")
        try damage("binary.xml")
        let selection = try library.inUse()
        #expect(selection.signatures.origin == .builtIn)
        #expect(selection.warning?.contains("built-in signatures are used") == true)
        #expect(throws: SignatureError.self) { try library.signatures("V200") }
    }

    @Test("refuses what is no signature file", arguments: ["", "hello", "<FFSignatureFile/>", "<FFSignatureFile>"])
    func refused(_ text: String) throws {
        let bad = try folder.make("DROID_SignatureFile_V9.xml", .file(Array(text.utf8)))
        let container = try folder.make("container-signature-20300101.xml", TinySignatures.container)
        #expect(throws: SignatureError.self) { try library.importFiles([bad, container], at: Self.now) }
        #expect(try library.inUse().signatures.origin == .builtIn)
    }

    // MARK: Update

    private static let environment = ["PATH": "/usr/bin:/bin"]
    private static var hasCurl: Bool { access("/usr/bin/curl", X_OK) == 0 }

    private func update(from page: BytePath) throws -> SignatureUpdate.Result {
        try SignatureUpdate(library, Download(environment: Self.environment), from: "file://" + page.display)
            .run(at: Self.now)
    }

    @Test("fetches the newest files that a page names", .enabled(if: hasCurl, "curl is not installed"))
    func updates() throws {
        _ = try importVersion(200)
        for version in [199, 201] {
            try folder.make(Name("DROID_SignatureFile_V\(version).xml"), TinySignatures.binary(version: version))
        }
        try folder.make("container-signature-20300101.xml", TinySignatures.container)
        let page = try folder.make(
            "page.html",
            """
            <a href="DROID_SignatureFile_V199.xml">old</a> <a href='DROID_SignatureFile_V201.xml'>new</a>
            <a href="x/container-signature-20300101.xml">c</a> <a href="DROID_SignatureFile_V9x.xml">no</a>
            """)
        guard case .updated(let done) = try update(from: page) else {
            Issue.record("nothing was updated")
            return
        }
        #expect(done.signatures.version == "V201-20300101")
        guard case .current = try update(from: page) else {
            Issue.record("the same files were imported twice")
            return
        }
    }

    @Test("keeps what is in use when the files are not what they say", .enabled(if: hasCurl, "curl is not installed"))
    func updateRefused() throws {
        // One format where the built-in set has two thousand.
        try folder.make("DROID_SignatureFile_V999.xml", TinySignatures.binary(version: 999))
        try folder.make("container-signature-20400101.xml", TinySignatures.container)
        let page = try folder.make("page.html", "DROID_SignatureFile_V999.xml container-signature-20400101.xml")
        #expect(throws: SignatureError.self) { try update(from: page) }
        // A name that promises more than the file holds.
        try folder.make("DROID_SignatureFile_V1000.xml", TinySignatures.binary(version: 3))
        let other = try folder.make("b.html", "DROID_SignatureFile_V1000.xml container-signature-20400101.xml")
        #expect(throws: SignatureError.self) { try update(from: other) }
        #expect(throws: SignatureError.self) { try update(from: folder.appending("absent.html")) }
        #expect(try library.inUse().signatures.origin == .builtIn)
    }

    @Test(
        "fetches over HTTPS, from files, or from this machine, and from nowhere else",
        arguments: [
            ("https://www.nationalarchives.gov.uk/x", true), ("file:///tmp/x", true), ("http://localhost:8000/", true),
            ("http://127.0.0.1/x", true), ("http://localhost.example.org/", false), ("http://example.org/", false),
            ("ftp://example.org/", false), ("http://localhost:80@example.org/", false), ("-o/etc/passwd", false),
            ("https://x y", false),
        ])
    func addresses(_ address: String, isAllowed: Bool) {
        #expect(Download.isAllowed(address) == isAllowed)
    }

    @Test("names the consignments that were checked with other signatures")
    func older() async throws {
        let bench = try Bench(["a.txt": "x", "b.txt": "y"])
        let upload = try await bench.upload()
        try await bench.check(upload.consignment)
        let own = try Signatures.bundled()
        #expect(try bench.store.formatChecks(otherThan: own).isEmpty)
        let newer = try importVersion(200)
        let older = try bench.store.formatChecks(otherThan: newer)
        #expect(older.map(\.files) == [2])
        #expect(older.map(\.reference) == [upload.consignment.reference.description])
        #expect(older.map(\.binaryFile) == [own.binaryFile])
        #expect(older.map(\.isExported) == [false])
    }
}
