import Streams
import TDRCore

/// Which exports are made at once.
final class ExportQueue: Sendable {
    private static let workers = 3

    private struct Counts {
        var standard = 0
        var judgments = 0
    }

    private struct State {
        var counts = Counts()
        var taken: Set<RecordID> = []
    }

    private let state = Guarded(State())

    /// Those that are being made.
    var taken: Set<RecordID> { state.withLock { $0.taken } }

    /// Takes those of `wishes` for which there are workers: judgments first, else in the order in which they were asked
    /// for. Of the workers one is left to judgments, which are small and awaited.
    func take(_ wishes: [(ExportWish, BytePath)]) -> [(ExportWish, BytePath)] {
        state.withLock { state in
            let (judgments, others) = (
                wishes.filter { $0.0.consignment.type == .judgment },
                wishes.filter { $0.0.consignment.type != .judgment }
            )
            return (judgments + others).filter { wish, _ in
                let consignment = wish.consignment
                guard state.counts.standard + state.counts.judgments < ExportQueue.workers else { return false }
                if consignment.type == .judgment {
                    state.counts.judgments += 1
                } else {
                    guard state.counts.standard < ExportQueue.workers - 1 else { return false }
                    state.counts.standard += 1
                }
                state.taken.insert(consignment.id)
                return true
            }
        }
    }

    /// Its worker is free again.
    func giveBack(_ wish: ExportWish) {
        state.withLock { state in
            guard state.taken.remove(wish.consignment.id) != nil else { return }
            if wish.consignment.type == .judgment { state.counts.judgments -= 1 } else { state.counts.standard -= 1 }
        }
    }
}
