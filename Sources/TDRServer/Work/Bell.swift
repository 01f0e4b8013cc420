import Streams

/// Wakes one who rests until there is something to do. A ring that nobody hears is kept for the next who rests.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiting: (id: Int, told: CheckedContinuation<Void, Never>)?
        var last = 0
    }

    private let state = Guarded(State())

    /// There is something to do.
    func ring() {
        let told = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiting = state.waiting else {
                state.isRung = true
                return nil
            }
            state.waiting = nil
            return waiting.told
        }
        told?.resume()
    }

    /// Rests until somebody rings, or for as long as given; for one at a time.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.rest() }
            group.addTask { try await Task.sleep(for: duration) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    private func rest() async {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { told in
                let isOver = state.withLock { state in
                    if Task.isCancelled { return true }
                    if state.isRung {
                        state.isRung = false
                        return true
                    }
                    state.waiting = (id, told)
                    return false
                }
                if isOver { told.resume() }
            }
        } onCancel: {
            let told = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let waiting = state.waiting, waiting.id == id else { return nil }
                state.waiting = nil
                return waiting.told
            }
            told?.resume()
        }
    }
}
