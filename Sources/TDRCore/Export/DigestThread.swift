import Streams

/// Computes the SHA-256 of a stream on a thread of its own, so that whoever makes the stream can go on writing it.
final class DigestThread {
    private static let chunks = 4

    private let full = BoundedQueue<(chunk: Chunk, count: Int)>(capacity: DigestThread.chunks)
    private let free = BoundedQueue<Chunk>(capacity: DigestThread.chunks)
    private let result = BoundedQueue<SHA256Digest>(capacity: 1)
    private let executor = BlockingExecutor(threads: 1)
    private var current: Chunk?
    private var used = 0

    init() {
        for _ in 0..<DigestThread.chunks { _ = free.push(Chunk()) }
        let (full, free, result) = (full, free, result)
        Task.detached(executorPreference: executor) {
            var hasher = SHA256Hasher()
            while let (chunk, count) = full.pop() {
                hasher.update(chunk.buffer.prefix(count))
                _ = free.push(chunk)
            }
            _ = result.push(hasher.finish())
        }
    }

    deinit {
        full.close()
        executor.shutDown()
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            // Neither queue is closed before the end.
            guard let chunk = current ?? free.pop() else { preconditionFailure("there are chunks until the end") }
            let count = min(rest.count, Chunk.bytes - used)
            UnsafeMutableRawBufferPointer(rebasing: chunk.buffer.bytes[used..<(used + count)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            used += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if used == Chunk.bytes { hand(over: chunk) } else { current = chunk }
        }
    }

    private func hand(over chunk: Chunk) {
        _ = full.push((chunk, used))
        (current, used) = (nil, 0)
    }

    /// The digest of all that came. The last call.
    func finish() -> SHA256Digest {
        if let current { hand(over: current) }
        full.close()
        guard let digest = result.pop() else { preconditionFailure("the thread gives a digest in the end") }
        return digest
    }
}
