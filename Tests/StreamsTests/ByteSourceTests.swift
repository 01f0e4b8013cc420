import Streams
import TDRTestSupport
import Testing

@Suite struct ByteSourceTests {
    @Test("gives the SHA-256 of all bytes, in whatever order and pieces they were read", arguments: 0..<40)
    func hashing(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let count = [0, 1, 1000, 65_536, 300_000][seed % 5]
        let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let source = HashingSource(MemorySource(bytes))
        #expect(source.count == Int64(count))
        let buffer = Buffer(count: 100_000)
        var next = 0
        for _ in 0..<30 {
            // Mostly in order, as archives are read; sometimes somewhere else, or twice.
            let offset =
                Int.random(in: 0..<4, using: &generator) == 0
                ? Int.random(in: 0...count, using: &generator)
                : next + [0, 0, 24, 70_000][Int.random(in: 0..<4, using: &generator)]
            let room = Int.random(in: 0...100_000, using: &generator)
            let read = try source.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<room]), at: Int64(offset))
            #expect(read == max(0, min(room, count - offset)))
            #expect(buffer.prefix(read).elementsEqual(bytes.dropFirst(offset).prefix(read)))
            next = offset + read
        }
        #expect(try source.finish() == SHA256Digest.of(bytes))
    }

    @Test("an open file is a source of its size, which is not moved by reading")
    func file() throws {
        let folder = try TemporaryFolder()
        try folder.make("f", .bytes(5000, of: 0x61))
        let file = try OpenFileSource(OpenFile.reading(folder.appending("f")))
        #expect(file.count == 5000)
        let buffer = Buffer(count: 100)
        #expect(try file.read(into: buffer.bytes, at: 4950) == 50)
        #expect(try file.read(into: buffer.bytes, at: 5000) == 0)
        #expect(try file.read(into: buffer.bytes, at: 0) == 100)
    }
}
