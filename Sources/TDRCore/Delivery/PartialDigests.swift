import Streams

/// Digests of files that come in pieces, kept from one piece to the next: else each piece would cost a reading of all
/// that came before it.
///
/// One is good as long as the file is as the piece left it. What is not kept here is computed anew from the disk.
public final class PartialDigests: Sendable {
    /// Files that are under way at once; the one that was left longest is forgotten first.
    private static let most = 1024

    private struct Kept {
        let hasher: SHA256Hasher
        let status: FileStatus
        let turn: Int
    }

    private struct State {
        var kept: [RecordID: Kept] = [:]
        var turns = 0
    }

    private let state = Guarded(State())

    /// None are kept yet.
    public init() {}

    func keep(_ hasher: SHA256Hasher, of status: FileStatus, as id: RecordID) {
        state.withLock { state in
            state.turns += 1
            state.kept[id] = Kept(hasher: hasher, status: status, turn: state.turns)
            guard state.kept.count > PartialDigests.most,
                let oldest = state.kept.min(by: { $0.value.turn < $1.value.turn })?.key
            else { return }
            state.kept[oldest] = nil
        }
    }

    /// The digest of the file as it is, if it is known; it is given away.
    func take(_ id: RecordID, of status: FileStatus) -> SHA256Hasher? {
        guard let kept = state.withLock({ $0.kept.removeValue(forKey: id) }), status.showsNoChange(since: kept.status)
        else { return nil }
        return kept.hasher
    }
}
