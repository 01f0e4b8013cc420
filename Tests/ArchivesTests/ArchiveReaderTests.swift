import Archives
import Glibc
import Streams
import Testing

private let noise: [UInt8] = {
    var random = SeededGenerator(seed: 42)
    return (0..<200_000).map { _ in UInt8.random(in: 0...63, using: &random) }
}()

private let threeFiles: [([UInt8], [UInt8])] = [
    (Array(text: "bag/"), []),
    (Array(text: "bag/a.txt"), Array(text: "first")),
    (Array(text: "bag/b.bin"), noise),
]

@Suite struct ArchiveReaderTests {
    @Test("tells folders, files, symbolic and hard links and the rest apart")
    func kinds() throws {
        try needs("tar")
        let folder = try TemporaryFolder()
        let script = """
            cd '\(folder.path)' && mkdir d && echo x > d/f && ln d/f d/hard && ln -s ../../etc d/link && mkfifo d/pipe \
            && tar --sort=name -cf x.tar d
            """
        #expect(try run("sh", "-c", script).status == 0)
        let read = try members(of: BytePath(folder.file("x.tar"))).map(\.member)
        #expect(read.map(\.kind) == [.directory, .file, .hardlink, .symlink, .other])
        #expect(read[2].linkTarget == Array(text: "d/f"))
        #expect(read[3].linkTarget == Array(text: "../../etc"))
    }

    @Test("keeps the bytes of names that GNU tar wrote", arguments: ["pax", "gnu"])
    func foreignNames(format: String) throws {
        try needs("tar")
        let folder = try TemporaryFolder()
        let names: [[UInt8]] = [
            Array(text: "cafe\u{301}"), Array(text: "caf\u{E9}"), [0x62, 0xFF, 0xFE], Array(text: "\u{1F4DC}"),
        ]
        #expect(try run("mkdir", folder.file("d")).status == 0)
        for name in names {
            _ = try OpenFile.open(BytePath(folder.file("d")).appending(name), flags: O_WRONLY | O_CREAT)
        }
        let made = try run("tar", "--format=\(format)", "-C", folder.file("d"), "-cf", folder.file("x.tar"), ".")
        #expect(made.status == 0)
        let read = try members(of: BytePath(folder.file("x.tar"))).compactMap(\.member.path)
        #expect(Set(read) == Set(names.map { Array(text: "./") + $0 } + [Array(text: "./")]))
    }

    @Test("fills the holes of a sparse file with zeros")
    func sparseFiles() throws {
        try needs("tar")
        let folder = try TemporaryFolder()
        let script = """
            cd '\(folder.path)' && truncate -s 3000000 s && printf middle | dd of=s bs=1 seek=1000000 conv=notrunc \
            && tar --sparse -cf x.tar s
            """
        #expect(try run("sh", "-c", script).status == 0)
        let read = try members(of: BytePath(folder.file("x.tar")))
        var expected = [UInt8](repeating: 0, count: 3_000_000)
        expected.replaceSubrange(1_000_000..<1_000_006, with: Array(text: "middle"))
        #expect(read.map(\.content) == [expected])
    }

    @Test(
        "an archive cut anywhere is an error, never a shorter archive",
        arguments: [
            TarWriter.Compression.none, .gzip(level: 6), .zstd(level: 3),
        ])
    func truncation(compression: TarWriter.Compression) throws {
        let folder = try TemporaryFolder()
        let whole = try tar(threeFiles, compression: compression)
        // The two records of the end mark may lose the second one: nothing is lost with it.
        let last = compression == .none ? whole.count - 512 : whole.count
        for cut in Array(stride(from: 0, to: last, by: 512)) + Array(max(0, last - 30)..<last) {
            let path = try folder.write(Array(whole.prefix(cut)), to: "cut.tar")
            #expect(throws: ArchiveFault.self, "cut at \(cut)") { _ = try members(of: path) }
        }
    }

    @Test("says where and inside what a cut archive ends")
    func truncationIsLocated() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array(try tar(threeFiles).prefix(10_000)), to: "cut.tar")
        #expect(throws: ArchiveFault.truncated(path, member: Array(text: "bag/b.bin"), offset: 10_000)) {
            _ = try members(of: path)
        }
    }

    @Test("a flipped bit anywhere in a gzip file is found")
    func corruptGzip() throws {
        let folder = try TemporaryFolder()
        let whole = try tar(threeFiles, compression: .gzip(level: 6))
        // Byte 4 to 9 of the header are time, flags of the packer and system, and the last byte of the data may have
        // spare bits: nothing depends on them.
        for place in [0, 1, 2, 3, 10, 11, 50, whole.count / 2, whole.count - 10, whole.count - 8, whole.count - 1] {
            var bytes = whole
            bytes[place] ^= 0x10
            let path = try folder.write(bytes, to: "bad.tar.gz")
            #expect(throws: ArchiveFault.self, "byte \(place)") { _ = try members(of: path) }
        }
    }

    @Test(
        "bytes after the end of the archive are an error",
        arguments: [
            TarWriter.Compression.none, .gzip(level: 6),
        ])
    func trailingBytes(compression: TarWriter.Compression) throws {
        let folder = try TemporaryFolder()
        let whole = try tar(threeFiles, compression: compression)
        let path = try folder.write(whole + [UInt8](repeating: 0, count: 700) + [1], to: "long.tar")
        #expect(throws: ArchiveFault.trailingBytes(path, offset: Int64(whole.count) + 700)) {
            _ = try members(of: path)
        }
        let padded = try folder.write(whole + [UInt8](repeating: 0, count: 9000), to: "padded.tar")
        #expect(try members(of: padded).count == 3)
    }

    @Test("a gzip file of several streams, as pigz and cat make them, reads as one")
    func multiStreamGzip() throws {
        try needs("gzip")
        let folder = try TemporaryFolder()
        _ = try folder.write(try tar(threeFiles), to: "x.tar")
        let script = """
            cd '\(folder.path)' && head -c 5000 x.tar | gzip > y.gz && tail -c +5001 x.tar | gzip >> y.gz
            """
        #expect(try run("sh", "-c", script).status == 0)
        #expect(try members(of: BytePath(folder.file("y.gz"))).map(\.content) == threeFiles.map(\.1))
    }

    @Test("limits stop a bomb before it is unpacked")
    func limits() throws {
        let folder = try TemporaryFolder()
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        let path = try folder.write(
            try tar([(Array(text: "a"), zeros), (Array(text: "b"), [])], compression: .gzip(level: 9)), to: "bomb.gz")
        let a = Array(text: "a")
        let ratio = ArchiveLimits(ratio: 100, ratioFreeBytes: 1 << 20)
        #expect(throws: ArchiveFault.beyondLimit(path, .ratio, allowed: 100, member: a)) {
            _ = try members(of: path, limits: ratio)
        }
        #expect(throws: ArchiveFault.beyondLimit(path, .bytes, allowed: 8_388_607, member: a)) {
            _ = try members(of: path, limits: ArchiveLimits(bytes: 8_388_607))
        }
        #expect(throws: ArchiveFault.beyondLimit(path, .members, allowed: 1, member: nil)) {
            _ = try members(of: path, limits: ArchiveLimits(members: 1))
        }
        #expect(try members(of: path).count == 2)
    }

    @Test(
        "what is no tar archive says what it is instead",
        arguments: [
            ([], "the file is empty"),
            ([0x50, 0x4B, 3, 4, 0, 0, 0], "it is a ZIP file"),
        ] as [([UInt8], String)])
    func otherFormats(bytes: [UInt8], found: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes, to: "x")
        #expect(throws: ArchiveFault.notAnArchive(path, found: found)) { _ = try members(of: path) }
    }

    @Test("random bytes and random changes never crash the reader", arguments: 0..<40)
    func mutations(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        for compression in [TarWriter.Compression.none, .gzip(level: 1), .zstd(level: 1)] {
            var bytes = try tar(threeFiles, compression: compression)
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            let path = try folder.write(bytes, to: "m.tar")
            // Any error is an answer here; only a crash is not.
            _ = try? members(of: path)
        }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
