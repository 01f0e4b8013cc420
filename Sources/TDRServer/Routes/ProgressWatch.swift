import HTTPTypes
import Streams
import TDRCore

/// How far consignments are: asked for once for all who listen to the same one, and not more often than it can be seen.
final class ProgressWatch: Sendable {
    /// How old an answer may be that another listener gets, too.
    private static let fresh = Duration.milliseconds(300)
    /// Streams of one account at once: some windows of some browsers.
    private static let streamsOfOne = 32

    private struct Topic {
        var listeners = 0
        var isAsking = false
        var newest: (progress: ProgressEvents.Progress, asked: ContinuousClock.Instant)?
    }

    private struct State {
        var topics: [RecordID: Topic] = [:]
        var streams: [RecordID: Int] = [:]
    }

    private let state = Guarded(State())

    /// A place among the listeners, which is given back when nobody holds it any more.
    final class Seat: Sendable {
        private let watch: ProgressWatch
        fileprivate let consignment: RecordID
        private let principal: RecordID

        fileprivate init(_ watch: ProgressWatch, _ consignment: RecordID, _ principal: RecordID) {
            self.watch = watch
            self.consignment = consignment
            self.principal = principal
        }

        deinit { watch.leave(consignment, principal) }
    }

    /// Takes a place.
    ///
    /// - Throws: ``APIError`` when the account listens to as much as it may.
    func seat(of principal: RecordID, at consignment: RecordID) throws -> Seat {
        let isIn = state.withLock { state in
            guard state.streams[principal, default: 0] < ProgressWatch.streamsOfOne else { return false }
            state.streams[principal, default: 0] += 1
            state.topics[consignment, default: Topic()].listeners += 1
            return true
        }
        guard isIn else {
            throw APIError(
                .tooManyRequests, .tooMany,
                "this account follows \(ProgressWatch.streamsOfOne) consignments already; end one of them first",
                headers: [.retryAfter: "15"])
        }
        return Seat(self, consignment, principal)
    }

    private func leave(_ consignment: RecordID, _ principal: RecordID) {
        state.withLock { state in
            let streams = state.streams[principal, default: 1] - 1
            state.streams[principal] = streams > 0 ? streams : nil
            guard let listeners = state.topics[consignment]?.listeners else { return }
            if listeners > 1 {
                state.topics[consignment]?.listeners = listeners - 1
            } else {
                state.topics[consignment] = nil
            }
        }
    }

    /// How far it is: what is known, when that is fresh or somebody is asking just now, else what `ask` says. nil as long
    /// as nobody has had an answer.
    func newest(
        at seat: Seat, ask: () async throws -> ProgressEvents.Progress
    ) async throws -> ProgressEvents.Progress? {
        let id = seat.consignment
        let isMine = state.withLock { state in
            guard var topic = state.topics[id], !topic.isAsking else { return false }
            if let asked = topic.newest?.asked, asked.duration(to: .now) < ProgressWatch.fresh { return false }
            topic.isAsking = true
            state.topics[id] = topic
            return true
        }
        guard isMine else { return state.withLock { $0.topics[id]?.newest?.progress } }
        defer { state.withLock { $0.topics[id]?.isAsking = false } }
        let progress = try await ask()
        state.withLock { $0.topics[id]?.newest = (progress, .now) }
        return progress
    }
}
