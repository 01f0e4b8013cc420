import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// Files that leave through the browser. None is ever shown in a page of ours: each is for the disk of whoever asks.
extension Pages {
    private static let piece = 1 << 20
    /// Kept in memory while it is made; what is larger goes to the disk.
    private static let madeInMemory = 1 << 20

    /// Sends `size` bytes of a file.
    func download(_ file: SharedFile, _ size: Int64, name: String, type: String) -> Response {
        let threads = archive.uploadThreads
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .contentLength: "\(size)",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(contentLength: Int(size)) { writer in
                var offset: Int64 = 0
                while offset < size {
                    let place = offset
                    let piece = try await onThreads(threads) {
                        let buffer = Buffer(count: Int(min(Int64(Pages.piece), size - place)))
                        let count = try file.file.read(into: buffer.bytes, at: place)
                        return ByteBuffer(bytes: buffer.prefix(count))
                    }
                    guard piece.readableBytes > 0 else { throw APIError.notFound }
                    offset += Int64(piece.readableBytes)
                    try await writer.write(piece)
                }
                try await writer.finish(nil)
            })
    }

    /// Makes a file and sends it: whole, or an error page instead. Memory does not grow with it.
    ///
    /// - Parameter make: gets a folder for temporary files and what takes the bytes.
    func download(
        name: String, type: String,
        _ make: @escaping @Sendable (BytePath, @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) async throws -> Response {
        let store = archive.store
        let (file, size) = try await onThreads(archive.uploadThreads) {
            let folder = try ReceivedFile.scratch(in: store)
            let spool = Spool(memoryBytes: Pages.madeInMemory, folder: folder)
            try make(folder) { try spool.write($0) }
            let size = spool.count
            return (SharedFile(try spool.openFile(named: folder)), size)
        }
        return download(file, size, name: name, type: type)
    }
}
