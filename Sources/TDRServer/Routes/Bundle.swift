import HTTPTypes
import NIOCore
import TDRCore

/// Takes apart a bundle, the bytes of many small files in one request: for each file its id (16 bytes), how many bytes
/// it has (8 bytes, the most significant first), and those.
struct Bundle {
    /// What a bundle is made of.
    enum Part: Equatable {
        /// A file begins; so many bytes follow.
        case file(RecordID, count: Int64)
        /// The next bytes of the file that has begun.
        case bytes(ByteBuffer)
    }

    private static let headBytes = 24

    private var head: [UInt8] = []
    private var left: Int64 = 0

    /// Whether the last file is whole.
    var isWhole: Bool { head.isEmpty && left == 0 }

    /// The next part, taken out of `buffer`; nil when more has to come.
    ///
    /// - Throws: ``APIError`` for a number of bytes that cannot be one.
    mutating func next(_ buffer: inout ByteBuffer) throws -> Part? {
        if left > 0 {
            guard let bytes = buffer.readSlice(length: Int(min(left, Int64(buffer.readableBytes)))),
                bytes.readableBytes > 0
            else { return nil }
            left -= Int64(bytes.readableBytes)
            return .bytes(bytes)
        }
        head += buffer.readBytes(length: min(Bundle.headBytes - head.count, buffer.readableBytes)) ?? []
        guard head.count == Bundle.headBytes, let id = RecordID(bytes: Array(head[..<16])) else { return nil }
        let count = head[16...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        head = []
        guard count <= UInt64(DeliveryLimits.fileBytes) else {
            throw APIError(.badRequest, .badRequest, "the bundle is not what it should be: a file of \(count) bytes")
        }
        left = Int64(count)
        return .file(id, count: left)
    }
}
