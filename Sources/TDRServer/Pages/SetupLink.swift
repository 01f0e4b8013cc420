import Streams
import TDRCore

/// The way in for the first administrator: a secret that is told once, at the start, and ends with its use.
final class SetupLink: Sendable {
    private let secret: Guarded<String?>

    /// - Parameter isOpen: Whether there is nobody yet.
    init(isOpen: Bool) { secret = Guarded(isOpen ? Store.freshSecret() : nil) }

    /// The path to tell; nil when there is none.
    var path: String? { secret.withLock { $0.map { "/setup/" + $0 } } }

    /// Whether a route's path ends in the secret, and is not to be logged.
    static func isBehind(_ route: String) -> Bool { route.hasPrefix("/setup/") || route.hasPrefix("setup/") }

    /// Whether this is the secret.
    func opens(_ given: String) -> Bool {
        secret.withLock { mine in
            guard let mine, mine.utf8.count == given.utf8.count else { return false }
            return zip(mine.utf8, given.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
        }
    }

    /// Nobody comes in any more.
    func close() { secret.withLock { $0 = nil } }
}
