import Hummingbird
import Streams

/// Files that leave through the browser. None is ever shown in a page of ours: each is for the disk of whoever asks.
extension Pages {
    /// Makes a file and sends it: whole, or an error page instead. Memory does not grow with it.
    ///
    /// - Parameter make: gets a folder for temporary files and what takes the bytes.
    func download(
        name: String, type: String,
        _ make: @escaping @Sendable (BytePath, @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) async throws -> Response {
        try await archive.document(name, type, make)
    }
}
