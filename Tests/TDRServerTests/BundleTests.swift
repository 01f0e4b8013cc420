import NIOCore
import TDRCore
import Testing

@testable import TDRServer

/// Many small files in one request.
@Suite struct BundleTests {
    private static func head(_ id: RecordID, _ count: UInt64) -> [UInt8] {
        id.bytes + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
    }

    /// The files of a bundle that comes in pieces of these lengths, and whether the last one is whole.
    private static func read(
        _ bytes: [UInt8], _ lengths: () -> Int
    ) throws -> (files: [(RecordID, [UInt8])], isWhole: Bool) {
        var bundle = Bundle()
        var files: [(RecordID, [UInt8])] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length = min(rest.count, max(1, lengths()))
            var buffer = ByteBuffer(bytes: rest.prefix(length))
            rest = rest.dropFirst(length)
            while let part = try bundle.next(&buffer) {
                switch part {
                case .file(let id, let count):
                    #expect(count >= 0)
                    files.append((id, []))
                case .bytes(let bytes):
                    #expect(bytes.readableBytes > 0)
                    files[files.count - 1].1 += Array(bytes.readableBytesView)
                }
            }
            #expect(buffer.readableBytes == 0)
        }
        return (files, bundle.isWhole)
    }

    @Test("finds every file with its bytes, however the bundle is cut into pieces")
    func pieces() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let files: [(RecordID, [UInt8])] = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                let count = [0, 1, 24, 100][Int.random(in: 0...3, using: &generator)]
                return (RecordID.random(), (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            let bytes = files.flatMap { BundleTests.head($0.0, UInt64($0.1.count)) + $0.1 }
            let most = Int.random(in: 1...60, using: &generator)
            let (found, isWhole) = try BundleTests.read(bytes) { Int.random(in: 1...most) }
            #expect(isWhole)
            #expect(found.map(\.0) == files.map(\.0))
            #expect(found.map(\.1) == files.map(\.1))
        }
    }

    @Test("knows that a bundle was cut off, and refuses numbers of bytes that no file has")
    func broken() throws {
        let whole = BundleTests.head(.random(), 5) + [1, 2, 3, 4, 5]
        for count in 1..<whole.count {
            #expect(try !BundleTests.read(Array(whole.prefix(count))) { 7 }.isWhole, "\(count)")
        }
        for count in [UInt64.max, 1 << 63, UInt64(DeliveryLimits.fileBytes) + 1] {
            #expect(throws: APIError.self) { try BundleTests.read(BundleTests.head(.random(), count)) { 24 } }
        }
    }
}
