import Archives
import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct FormatsIdentifierTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let pdf = "%PDF-1.4%%EOF"

    private func identify(
        _ places: [BytePath], jobs: Int = 2, _ change: (inout IdentifyRequest) -> Void = { _ in }
    ) async throws -> (files: [IdentifiedFile], summary: IdentifySummary) {
        var request = IdentifyRequest(places.map { .path($0) }, jobs: jobs)
        change(&request)
        let received = Guarded<[IdentifiedFile]>([])
        let identifier = FormatIdentifier(signatures: try .bundled(), meter: ProgressMeter())
        let summary = try await identifier.identify(request) { files in received.withLock { $0 += files } }
        return (received.withLock { $0 }, summary)
    }

    private func lines(_ files: [IdentifiedFile]) -> [String] {
        files.map { file in
            let name = displayName(of: Array(file.path.bytes.dropFirst(folder.path.bytes.count)))
            switch file.kind {
            case .folder: return "\(name)/"
            case .leftOut(let what): return "\(name): \(what)"
            case .file:
                return
                    "\(name): \(file.failure.map { _ in "failed" } ?? file.formats.map(\.puid).joined(separator: " "))"
            }
        }
    }

    @Test("gives the same results in the same order with one job and with eight")
    func order() async throws {
        var entries: [(Name, Tree)] = []
        for index in 0..<400 {
            let content: Tree = index % 3 == 0 ? "%PDF-1.4%%EOF" : "x"
            entries.append((Name("f\(index % 7)-\(index)"), content))
        }
        entries.append(("big", .bytes(6 << 20)))
        for index in 0..<10 {
            entries.append((Name("d\(index)"), ["a.txt": "x", "b.pdf": "%PDF-1.4%%EOF"]))
        }
        try folder.make("tree", .folder(entries))
        let one = try await identify([folder.appending("tree")], jobs: 1)
        let eight = try await identify([folder.appending("tree")], jobs: 8)
        #expect(lines(one.files) == lines(eight.files))
        #expect(one.summary == eight.summary)
        #expect(one.summary.files == 421)
        let paths = one.files.filter { $0.kind == .file && !$0.path.display.contains("/tree/d") }.map(\.path)
        #expect(paths == paths.sorted())
    }

    @Test("carries names that are not text, and takes system files, too")
    func names() async throws {
        let pdf = Tree.file(Array(Self.pdf.utf8))
        let entries: [(Name, Tree)] = [
            (Name([0xFF] + Array(".pdf".utf8)), pdf), (Name("new\nline.txt"), "x"), (Name(".DS_Store"), "x"),
            (Name("e\u{301}.pdf"), pdf), (Name("é.pdf"), pdf),
        ]
        try folder.make("tree", .folder(entries))
        let found = try await identify([folder.appending("tree")])
        #expect(
            lines(found.files) == [
                "/tree/", "/tree/.DS_Store: ", "/tree/e\u{301}.pdf: fmt/18", #"/tree/new\nline.txt: x-fmt/111"#,
                "/tree/é.pdf: fmt/18", #"/tree/\xff.pdf: fmt/18"#,
            ])
        #expect(found.files.last?.path.bytes.contains(0xFF) == true)
    }

    @Test("opens no link and no special file, and goes on after what cannot be read", .timeLimit(.minutes(10)))
    func odd() async throws {
        try folder.make(
            "tree", .folder([("a.pdf", "%PDF-1.4%%EOF"), ("fifo", .fifo), ("link", .link("a.pdf")), ("z.txt", "x")]))
        let found = try await identify([folder.appending("absent"), folder.appending("tree")])
        #expect(
            lines(found.files) == [
                "/absent: failed", "/tree/", "/tree/a.pdf: fmt/18", "/tree/fifo: FIFO", "/tree/link: symbolic link",
                "/tree/z.txt: x-fmt/111",
            ])
        #expect(found.summary.failures == 1)
        #expect(found.summary.leftOut == 2)
        // What the user names is followed; a FIFO still blocks nobody.
        let named = try await identify([
            folder.appending("tree").appending("link"), folder.appending("tree").appending("fifo"),
        ])
        #expect(lines(named.files) == ["/tree/link: fmt/18", "/tree/fifo: FIFO"])
    }

    @Test("computes several digests in the same read")
    func digests() async throws {
        let path = try folder.make("a.txt", "hello")
        let found = try await identify([path]) { $0.digests = ["md5", "sha1", "sha256"] }
        #expect(
            found.files.first?.digests.map(\.hex) == [
                "5d41402abc4b2a76b9719d911017c592", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            ])
    }

    @Test("reads the end of a large file with and without digests")
    func large() async throws {
        var bytes = Array(Self.pdf.utf8.dropLast(5)) + [UInt8](repeating: 0x20, count: 3 << 20)
        bytes += Array("%%EOF".utf8)
        let path = try folder.make("a.pdf", .file(bytes))
        #expect(try await identify([path]).files.first?.formats.map(\.puid) == ["fmt/18"])
        #expect(try await identify([path]) { $0.digests = ["sha256"] }.files.first?.formats.map(\.puid) == ["fmt/18"])
        #expect(try await identify([path]) { $0.asksMagic = true }.files.first?.magic?.mimeType == "application/pdf")
    }

    @Test("a file that changes while it is read is reported", .timeLimit(.minutes(10)))
    func changing() async throws {
        let path = try folder.make("a.bin", .bytes(64 << 20))
        let writer = try Meddler(path, "appends")
        // On a busy machine the file may be read between two changes: then it is tried again.
        var found = try await identify([path]) { $0.digests = ["sha512"] }
        for _ in 0..<20 where found.summary.failures == 0 {
            found = try await identify([path]) { $0.digests = ["sha512"] }
        }
        writer.stop()
        #expect(found.files.first?.failure == "it changed while it was being read")
        #expect(found.summary.failures == 1)
    }

    // MARK: Archives

    private func tar(_ name: Name, gzip: Bool, _ members: [(String, [UInt8])]) throws -> BytePath {
        let bytes = Guarded<[UInt8]>([])
        var writer = try TarWriter(compression: gzip ? .gzip(level: 6) : .none) { piece in
            bytes.withLock { $0 += piece }
        }
        for (name, content) in members {
            try writer.beginFile(Array(name.utf8), size: Int64(content.count), mode: 0o644, modifiedSeconds: 1)
            try content.withUnsafeBytes { try writer.write($0) }
            try writer.endFile()
        }
        try writer.finish()
        return try folder.make(name, .file(bytes.withLock { $0 }))
    }

    @Test("looks into archives within archives, with siegfried's names")
    func archives() async throws {
        let inner = try tar("inner.tar.gz", gzip: true, [("x/a.pdf", Array(Self.pdf.utf8)), ("b.txt", [0x78])])
        let outer = try tar("outer.tar", gzip: false, [("inner.tar.gz", try readWhole(inner, limit: 1 << 20))])
        let found = try await identify([outer]) { $0.opensArchives = true }
        #expect(
            lines(found.files) == [
                "/outer.tar: x-fmt/265", "/outer.tar#inner.tar.gz: x-fmt/266",
                "/outer.tar#inner.tar.gz#inner.tar: x-fmt/265", "/outer.tar#inner.tar.gz#inner.tar#x/a.pdf: fmt/18",
                "/outer.tar#inner.tar.gz#inner.tar#b.txt: x-fmt/111",
            ])
        #expect(try await identify([outer]).files.count == 1)
        let shallow = try await identify([outer]) {
            $0.opensArchives = true
            $0.archiveLimits.depth = 1
        }
        #expect(shallow.files.last?.failure?.contains("1 levels deep") == true)
    }

    @Test("stops at the limits and says where the list ends")
    func limits() async throws {
        let many = try tar("many.tar", gzip: false, (0..<20).map { ("f\($0).txt", [0x78]) })
        let counted = try await identify([many]) {
            $0.opensArchives = true
            $0.archiveLimits.members = 5
        }
        #expect(counted.files.count == 7)
        #expect(counted.files.last?.failure?.contains("more than 5 members") == true)
        let bomb = try tar("bomb.tar.gz", gzip: true, [("zeros", [UInt8](repeating: 0, count: 300 << 20))])
        let dense = try await identify([bomb]) {
            $0.opensArchives = true
            $0.archiveLimits.ratio = 100
        }
        #expect(dense.summary.failures == 1)
        #expect(dense.files.last?.failure?.contains("100 times its size") == true)
    }

    @Test("a damaged archive has its answer, its members up to the damage, and a failure")
    func damaged() async throws {
        let whole = try tar(
            "whole.tar", gzip: false, [("a.txt", [0x78]), ("b.txt", .init(repeating: 0x78, count: 4000))])
        let cut = try folder.make("cut.tar", .file(Array(try readWhole(whole, limit: 1 << 20).prefix(2000))))
        let found = try await identify([cut]) { $0.opensArchives = true }
        #expect(lines(found.files).prefix(2) == ["/cut.tar: x-fmt/265", "/cut.tar#a.txt: x-fmt/111"])
        #expect(found.files.last?.path == cut)
        #expect(found.files.last?.failure != nil)
    }
}
