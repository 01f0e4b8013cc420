import Streams

/// Hands out the files of several consignments by turns, a batch of each, so that one file of an urgent transfer does
/// not wait behind 400,000 of another. Consignments may join while others are being checked.
final class FairFeed: Sendable {
    private static let pauseMicroseconds: UInt32 = 50_000

    private struct State {
        var jobs: [CheckJob] = []
        var turn = 0
        var isOpen = true
    }

    private let state = Guarded(State())

    /// Takes one more consignment.
    func add(_ job: CheckJob) { state.withLock { $0.jobs.append(job) } }

    /// No more consignments come.
    func close() { state.withLock { $0.isOpen = false } }

    /// The next files; nil when there are none and none can come. Waits while some may still come.
    ///
    /// - Throws: `CancellationError`.
    func next() throws -> (job: CheckJob, files: [FileToCheck])? {
        while true {
            try Task.checkCancellation()
            while let job = nextJob() {
                if let files = job.next() { return (job, files) }
                state.withLock { state in
                    guard let place = state.jobs.firstIndex(where: { $0 === job }) else { return }
                    state.jobs.remove(at: place)
                    if place < state.turn { state.turn -= 1 }
                }
            }
            if state.withLock({ !$0.isOpen && $0.jobs.isEmpty }) { return nil }
            pause(FairFeed.pauseMicroseconds)
        }
    }

    private func nextJob() -> CheckJob? {
        state.withLock { state in
            if state.jobs.isEmpty { return nil }
            defer { state.turn += 1 }
            state.turn %= state.jobs.count
            return state.jobs[state.turn]
        }
    }
}
