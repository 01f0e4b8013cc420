import Archives
import Glibc
import Streams
import Testing

/// Names that archives have lost or changed in the past.
private let awkwardNames: [[UInt8]] = [
    Array(text: "plain.txt"),
    Array(text: "with blank .txt "),
    Array(text: "caf\u{E9}.txt"),
    Array(text: "cafe\u{301}.txt"),
    Array(text: "line\nbreak\r.txt"),
    Array(text: "back\\slash\tand tab"),
    Array(text: "\u{1F4DC} emoji.txt"),
    [0x62, 0x61, 0x64, 0xFF, 0xFE, 0x2E, 0x74],
    [0xED, 0xA0, 0x80, 0x78],
    Array(text: String(repeating: "n", count: 255)),
    Array(text: String(repeating: "\u{E9}", count: 127)),
    Array(text: (0..<16).map { _ in String(repeating: "d", count: 249) }.joined(separator: "/")),
]

@Suite struct TarWriterTests {
    @Test(
        "the same input gives the same bytes, whatever the time zone",
        arguments: [
            TarWriter.Compression.none, .gzip(level: 1), .gzip(level: 6), .zstd(level: 6),
        ])
    func isDeterministic(compression: TarWriter.Compression) throws {
        let input = awkwardNames.map { ($0, Array("content of it".utf8)) }
        let first = try tar(input, compression: compression)
        setenv("TZ", "Pacific/Kiritimati", 1)
        tzset()
        defer {
            unsetenv("TZ")
            tzset()
        }
        #expect(try tar(input, compression: compression) == first)
    }

    @Test("a name that is no text is written, whatever went wrong on the thread before")
    func ignoresEarlierErrors() throws {
        let input: [([UInt8], [UInt8])] = [([0x62, 0xFF, 0xFE], Array(text: "x"))]
        let expected = try tar(input)
        errno = ENOMEM
        #expect(try tar(input) == expected)
    }

    @Test("a small archive is byte for byte what it has always been")
    func hasKnownBytes() throws {
        let bytes = try tar([
            (Array(text: "bag/"), []), (Array(text: "bag/a.txt"), Array(text: "hello\n")),
            (Array(text: "bag/caf\u{E9}"), []),
        ])
        #expect(bytes.count == 4096)
        #expect(SHA256Digest.of(bytes).hex == "86da7fb881a1b9d5cc6e733a9253694f8fe33ec44dd6467c679d34a9eccdfef1")
    }

    @Test("gzip carries neither time nor name")
    func gzipHeaderIsBare() throws {
        let bytes = try tar([(Array(text: "a"), [])], compression: .gzip(level: 6))
        #expect(Array(bytes.prefix(10)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])
    }

    @Test(
        "our own reader gives back every name and content, byte for byte",
        arguments: [
            TarWriter.Compression.none, .gzip(level: 6), .zstd(level: 6),
        ])
    func roundTrips(compression: TarWriter.Compression) throws {
        let folder = try TemporaryFolder()
        let input = awkwardNames.enumerated().map { ($1, Array("content \($0)".utf8)) }
        let path = try folder.write(try tar(input, compression: compression), to: "x.tar")
        let read = try members(of: path)
        #expect(read.map(\.member.path) == input.map(\.0))
        #expect(read.map(\.content) == input.map(\.1))
        #expect(read.allSatisfy { $0.member.modifiedSeconds == 1_600_000_000 && $0.member.kind == .file })
    }

    @Test("GNU tar and bsdtar list and unpack what we wrote, names byte for byte", arguments: ["tar", "bsdtar"])
    func othersReadIt(tool: String) throws {
        try needs(tool)
        let folder = try TemporaryFolder()
        // bsdtar turns names into NFC when it unpacks in a UTF-8 locale; in "C" it keeps the bytes and says, with exit 1,
        // that it could not convert them.
        let (locale, status): (String, Int32) = tool == "bsdtar" ? ("LC_ALL=C", 1) : ("LC_ALL=C.UTF-8", 0)
        let input = awkwardNames.enumerated().map { ($1, Array("content \($0)".utf8)) }
        let archive = try folder.write(try tar(input, compression: .gzip(level: 6)), to: "x.tar.gz")
        let listing = try run(locale, tool, "-tzf", archive.display)
        #expect(listing.status == status)
        #expect(listing.output.count(where: { $0 == 0x0A }) >= input.count)
        #expect(try run("mkdir", folder.file("out")).status == 0)
        let unpacking = try run(locale, tool, "-xzf", archive.display, "-C", folder.file("out"))
        #expect(unpacking.status == status, "\(unpacking.errors)")
        let out = try OpenFile.directory(BytePath(folder.file("out")))
        for (name, content) in input {
            let relative = try #require(RelativePath(name))
            let file = try out.opening(relative)
            #expect(try file.status().size == Int64(content.count))
        }
        #expect(try DirectoryListing(of: out).count == awkwardNames.count)
    }

    @Test("a name that is UTF-8 needs no word that GNU tar does not know")
    func utf8NamesNeedNoCharset() throws {
        let folder = try TemporaryFolder()
        let text = awkwardNames.filter { String(validating: $0, as: UTF8.self) != nil }
        let archive = try folder.write(try tar(text.map { ($0, []) }), to: "x.tar")
        #expect(try run("tar", "-tf", archive.display).errors == "")
        let bytes = try tar(text.map { ($0, []) })
        #expect(!String(decoding: bytes, as: UTF8.self).contains("hdrcharset"))
    }

    @Test("a size of 8 GiB and more goes into the header")
    func largeSizes() throws {
        let collected = Collector()
        var writer = try TarWriter { if collected.bytes.count < 4096 { collected.bytes.append(contentsOf: $0) } }
        try writer.beginFile(Array(text: "big"), size: 20 << 30, modifiedSeconds: 0)
        let piece = [UInt8](repeating: 0, count: 4 << 20)
        try writer.write(piece)
        #expect(String(decoding: collected.bytes, as: UTF8.self).contains("20 size=21474836480\n"))
    }

    @Test("more or fewer bytes than announced are an error that names the file")
    func sizesMustAgree() throws {
        var short = try TarWriter { _ in }
        try short.beginFile(Array(text: "a"), size: 3, modifiedSeconds: 0)
        try short.write([1, 2])
        #expect(throws: ArchiveFault.wrongSize(member: Array(text: "a"), expected: 3, found: 2)) {
            try short.endFile()
        }
        var long = try TarWriter { _ in }
        try long.beginFile(Array(text: "a"), size: 3, modifiedSeconds: 0)
        #expect(throws: ArchiveFault.wrongSize(member: Array(text: "a"), expected: 3, found: 4)) {
            try long.write([1, 2, 3, 4])
        }
    }

    @Test("an error of the sink surfaces as itself")
    func sinkErrorsSurface() throws {
        struct DiskFull: Error, Equatable {}
        var writer = try TarWriter { _ in throw DiskFull() }
        try writer.beginFile(Array(text: "a"), size: 4 << 20, modifiedSeconds: 0)
        #expect(throws: DiskFull()) { try writer.write([UInt8](repeating: 7, count: 4 << 20)) }
    }

    @Test("an archive that was given up has no end mark")
    func abandonedArchivesStayBroken() throws {
        let collected = Collector()
        func abandon() throws {
            var writer = try TarWriter { collected.bytes.append(contentsOf: $0) }
            try writer.beginFile(Array(text: "a"), size: 0, modifiedSeconds: 0)
            try writer.endFile()
        }
        try abandon()
        #expect(collected.bytes.isEmpty)
    }

    @Test("a name with NUL and an empty name are refused", arguments: [[], [0x61, 0, 0x62]] as [[UInt8]])
    func badNames(name: [UInt8]) throws {
        var writer = try TarWriter { _ in }
        #expect(throws: ArchiveFault.unusableName(name)) {
            try writer.beginFile(name, size: 0, modifiedSeconds: 0)
        }
    }
}
