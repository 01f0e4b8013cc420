import Streams

/// Failed tries to sign in by names that nobody has: they wait like those of somebody, so that waiting tells nobody which
/// names there are.
///
/// Kept in memory alone, and of so many names at most: what is made up is not to fill the store.
final class Strangers: Sendable {
    private static let most = 4096

    private struct Tries {
        var failures = 0
        var until: Int64?
    }

    private let tries = Guarded<[String: Tries]>([:])

    /// How many names are remembered.
    var count: Int { tries.withLock { $0.count } }

    /// Until when nobody may try by this name; nil when anybody may.
    func until(_ login: String) -> Int64? { tries.withLock { $0[login]?.until } }

    /// Counts a failed try, made at `now`.
    func add(_ login: String, at now: Timestamp) {
        tries.withLock { tries in
            if tries.count >= Strangers.most, tries[login] == nil {
                // Whoever need not wait any more goes first; a flood of names goes as a whole.
                tries = tries.filter { ($0.value.until ?? 0) > now.milliseconds }
                if tries.count >= Strangers.most { tries = [:] }
            }
            var known = tries[login] ?? Tries()
            known.until = Store.lockedUntil(after: known.failures, at: now)
            known.failures += 1
            tries[login] = known
        }
    }
}
