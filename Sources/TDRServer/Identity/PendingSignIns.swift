import Streams
import TDRCore

/// A sign-in that has been sent to the provider and is not back yet.
struct PendingSignIn: Sendable {
    /// The secret of the browser it began in.
    let visit: String
    /// What the ID token has to repeat.
    let nonce: String
    /// What proves to the provider that the code comes back to whom it was asked for (RFC 7636).
    let verifier: String
    /// Where to go afterwards.
    let next: String
    let expires: ContinuousClock.Instant

    /// What the provider is told of the verifier: S256.
    var challenge: String { Base64URL.encode(SHA256Digest.of(Array(verifier.utf8)).bytes) }
}

/// Sign-ins under way, by their `state`: each counts once, for ten minutes, in the browser in which it began.
final class PendingSignIns: Sendable {
    /// More are not waited for: the one that waits longest is forgotten.
    static let most = 10_000
    static let patience = Duration.seconds(600)

    private struct Entries {
        var byState: [String: PendingSignIn] = [:]
        /// States in the order in which they were made, those that are over among them.
        var order: [String] = []
    }

    private let entries = Guarded(Entries())

    /// Begins a sign-in; its state.
    func begin(
        in visit: String, next: String, now: ContinuousClock.Instant = .now
    ) -> (state: String, pending: PendingSignIn) {
        let state = Store.freshSecret()
        let pending = PendingSignIn(
            visit: visit, nonce: Store.freshSecret(), verifier: Store.freshSecret(), next: next,
            expires: now + PendingSignIns.patience)
        entries.withLock { entries in
            entries.byState[state] = pending
            entries.order.append(state)
            guard entries.order.count > 2 * PendingSignIns.most || entries.byState.count > PendingSignIns.most else {
                return
            }
            let live = entries.order.filter { entries.byState[$0].map { $0.expires > now } ?? false }
            // Some room, so that not each that follows pays for this again.
            let kept = live.suffix(PendingSignIns.most * 3 / 4)
            entries.byState = Dictionary(
                uniqueKeysWithValues: kept.compactMap { state in entries.byState[state].map { (state, $0) } })
            entries.order = Array(kept)
        }
        return (state, pending)
    }

    /// The sign-in of this state, which is over by that; nil when there is none, it took too long, or it began in
    /// another browser.
    func take(
        _ state: String, in visit: String, now: ContinuousClock.Instant = .now
    ) -> PendingSignIn? {
        guard let pending = entries.withLock({ $0.byState.removeValue(forKey: state) }), pending.expires > now,
            pending.visit == visit
        else { return nil }
        return pending
    }
}
