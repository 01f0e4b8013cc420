import Streams
import TDRCore

/// Tries whether the store can be read and written to, at most every few seconds: anybody may ask, and each try writes.
final class HealthProbe: Sendable {
    private static let keptFor = Duration.seconds(5)

    private let store: Store
    private let last = Guarded<(at: ContinuousClock.Instant, outcome: Result<Void, any Error>)?>(nil)

    init(_ store: Store) { self.store = store }

    /// - Throws: what is wrong.
    func prove() throws {
        try last.withLock { last in
            if let known = last, known.at.duration(to: .now) < HealthProbe.keptFor { return try known.outcome.get() }
            let outcome = Result { try store.proveHealth() }
            last = (.now, outcome)
            try outcome.get()
        }
    }
}
