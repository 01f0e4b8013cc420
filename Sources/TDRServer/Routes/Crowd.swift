import Streams

/// Counts those who are inside.
final class Crowd: Sendable {
    private let count = Guarded(0)

    /// Lets one in unless there are as many as may be.
    func enter(atMost limit: Int) -> Bool {
        count.withLock { count in
            if count >= limit { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
