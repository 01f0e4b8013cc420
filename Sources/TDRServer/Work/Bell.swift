import Synchronization

/// Wakes one who rests until there is something to do.
final class Bell: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1)) }

    /// There is something to do.
    func ring() { continuation.yield() }

    /// Rests until somebody rings, or for as long as given.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [stream] in for await _ in stream { return } }
            group.addTask { try await Task.sleep(for: duration) }
            try await group.next()
            group.cancelAll()
        }
    }
}
