import Archives
import Glibc
import Streams
import Testing

/// Text that shrinks, noise that does not, and both in turn.
private enum Material: CaseIterable {
    case text, noise, mixed, zeros

    func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        let words = ["record ", "of ", "the ", "transfer ", "series ", "\n", "closed ", "1987-04-01 ", "minute "]
        var out: [UInt8] = []
        out.reserveCapacity(count + 8192)
        while out.count < count {
            let isNoise = self == .noise || (self == .mixed && Bool.random(using: &random))
            if self == .zeros {
                out.append(contentsOf: [UInt8](repeating: 0, count: 8192))
            } else if isNoise {
                for _ in 0..<512 { withUnsafeBytes(of: random.next()) { out.append(contentsOf: $0) } }
            } else {
                for _ in 0..<600 { out.append(contentsOf: words[Int(random.next() % 9)].utf8) }
            }
        }
        return Array(out.prefix(count))
    }
}

private let compressions: [TarWriter.Compression] = [
    .gzip(level: 0), .gzip(level: 6), .gzip(level: 9), .zstd(level: 0), .zstd(level: 6),
]

@Suite struct CompressionTests {
    @Test("one thread, two and eight make the same bytes", arguments: compressions)
    func threadsDoNotShow(compression: TarWriter.Compression) throws {
        let input = Material.allCases.enumerated().map { (Array("f\($0)".utf8), $1.bytes(700_001 + $0 * 131)) }
        let one = try tar(input, compression: compression, workers: 1)
        for workers in [2, 8] { #expect(try tar(input, compression: compression, workers: workers) == one) }
    }

    @Test("how the bytes came in pieces does not show either", arguments: compressions)
    func piecesDoNotShow(compression: TarWriter.Compression) throws {
        let content = Material.mixed.bytes(3_000_000)
        let whole = try tar([(Array(text: "a"), content)], compression: compression)
        var random = SeededGenerator(seed: 7)
        var pieced: [UInt8] = []
        try withTarWriter(compression: compression, into: &pieced) { writer in
            try writer.beginFile(Array(text: "a"), size: Int64(content.count), modifiedSeconds: 1_600_000_000)
            var rest = content[...]
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...400_000, using: &random))
                try writer.write(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            try writer.endFile()
        }
        #expect(pieced == whole)
    }

    @Test("what ends on, just before and just after the edge of a block comes back", arguments: compressions)
    func blockEdges(compression: TarWriter.Compression) throws {
        let folder = try TemporaryFolder()
        // With its header and the end mark a file of this size makes a tar of exactly one, two or four blocks.
        for blocks in [1, 2, 4, 8] {
            for change in [-512, 0, 512] {
                let content = Material.mixed.bytes((blocks << 19) - 512 - 1024 + change, seed: UInt64(blocks))
                let packed = try tar([(Array(text: "edge"), content)], compression: compression)
                let path = try folder.write(packed, to: "edge")
                #expect(try members(of: path).map(\.content) == [content], "\(blocks) blocks \(change)")
            }
        }
    }

    @Test("what is compressed already grows by less than a thousandth and text still shrinks")
    func effortGoesWhereItPays() throws {
        let noise = try tar([(Array(text: "n"), Material.noise.bytes(8 << 20))], compression: .gzip(level: 6))
        #expect(noise.count < (8 << 20) * 1001 / 1000)
        let text = try tar([(Array(text: "t"), Material.text.bytes(8 << 20))], compression: .gzip(level: 6))
        #expect(text.count < (8 << 20) / 3)
        // A tenth of text between noise is still found.
        let mixed = Material.noise.bytes(450_000) + Material.text.bytes(70_000)
        let packed = try tar([(Array(text: "m"), mixed)], compression: .gzip(level: 6))
        #expect(packed.count < 490_000)
    }

    @Test("size is within 3 % of pigz on what pigz is made for")
    func asSmallAsPigz() throws {
        try needs("pigz")
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 3)
        let rows = (0..<40_000).map { row in
            "data/Series \(row / 900)/file \(row).docx,\(random.next() % 1_000_000),2019-0\(1 + random.next() % 9)-11,"
                + "fmt/\(random.next() % 900),\(random.next())\(random.next()),Open,English,,Crown Copyright\n"
        }
        let content = Array(rows.joined().utf8)
        let path = try folder.write(try tar([(Array(text: "t"), content)]), to: "x.tar")
        let ours = try tar([(Array(text: "t"), content)], compression: .gzip(level: 6))
        let theirs = try run("pigz", "-6", "-n", "-c", path.display).output.count
        #expect(ours.count <= theirs * 103 / 100, "\(ours.count) and \(theirs)")
    }

    @Test(
        "other programs take the archive for whole and get the same bytes out",
        arguments: [
            ["gzip", "-dc"], ["pigz", "-dc"],
            ["python3", "-c", "import gzip,sys;sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())"],
        ])
    func othersUnpackGzip(command: [String]) throws {
        try needs(command[0])
        let folder = try TemporaryFolder()
        let input = [
            (Array(text: "t"), Material.mixed.bytes(2_345_678)), (Array(text: "n"), Material.noise.bytes(99_999)),
        ]
        let path = try folder.write(try tar(input, compression: .gzip(level: 6)), to: "x.tar.gz")
        let out = try runAll(command + [path.display])
        #expect(out.status == 0, "\(out.errors)")
        #expect(out.errors == "")
        #expect(out.output == (try tar(input)))
    }

    @Test(
        "gzip, pigz and zstd find nothing wrong", arguments: [["gzip", "-t"], ["pigz", "-t"], ["zstd", "-q", "-t"]])
    func othersTest(command: [String]) throws {
        try needs(command[0])
        let folder = try TemporaryFolder()
        let input = [(Array(text: "t"), Material.mixed.bytes(5_345_678))]
        let isZstd = command[0] == "zstd"
        let path = try folder.write(
            try tar(input, compression: isZstd ? .zstd(level: 6) : .gzip(level: 6)), to: isZstd ? "x.zst" : "x.gz")
        let out = try runAll(command + [path.display])
        #expect(out.status == 0, "\(out.errors)")
        if isZstd { #expect(try run("zstd", "-dc", path.display).output == (try tar(input))) }
    }

    @Test("an error of the sink while compressing surfaces as itself", arguments: compressions)
    func sinkErrorsSurface(compression: TarWriter.Compression) throws {
        struct DiskFull: Error, Equatable {}
        let content = Material.noise.bytes(9 << 20)
        #expect(throws: DiskFull()) {
            var writer = try TarWriter(compression: compression, workers: 2) { _ in throw DiskFull() }
            try writer.beginFile(Array(text: "a"), size: Int64(content.count), modifiedSeconds: 0)
            try writer.write(content)
            try writer.endFile()
            try writer.finish()
        }
    }

    @Test("a flipped bit anywhere in a zstd file is found")
    func corruptZstd() throws {
        let folder = try TemporaryFolder()
        let whole = try tar([(Array(text: "a"), Material.mixed.bytes(300_000))], compression: .zstd(level: 3))
        for place in [0, 1, 2, 3, 20, 50, whole.count / 2, whole.count - 5, whole.count - 1] {
            var bytes = whole
            bytes[place] ^= 0x10
            let path = try folder.write(bytes, to: "bad.tar.zst")
            #expect(throws: ArchiveFault.self, "byte \(place)") { _ = try members(of: path) }
        }
    }

    @Test("a zstd bomb stops at the limit")
    func zstdBomb() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            try tar([(Array(text: "a"), Material.zeros.bytes(8 << 20))], compression: .zstd(level: 6)), to: "bomb")
        #expect(throws: ArchiveFault.beyondLimit(path, .ratio, allowed: 100, member: Array(text: "a"))) {
            _ = try members(of: path, limits: ArchiveLimits(ratio: 100, ratioFreeBytes: 1 << 20))
        }
    }
}
