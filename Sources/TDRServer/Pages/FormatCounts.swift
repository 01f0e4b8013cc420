import Streams
import TDRCore

/// How often each format occurs in the consignments that were looked at last: counting walks all files of one, so it is
/// done once for each state that a consignment is in.
final class FormatCounts: Sendable {
    typealias Counts = [(puid: String, name: String, files: Int)]

    /// Formats of a chart.
    private static let most = 12
    private static let consignments = 64

    /// What changes when the formats of a consignment do.
    private struct State: Equatable {
        let event: Int64
        let files: Int
        let withdrawn: Int
    }

    private let known = Guarded<[(id: RecordID, state: State, counts: Counts)]>([])

    /// Files that are counted while somebody waits for another page.
    private static let quick = 50_000

    /// The commonest formats, counted anew when anything has changed; nil when that would take long and nobody has asked
    /// for it.
    func counts(of report: ConsignmentReport, in store: Store, isWanted: Bool) throws -> Counts? {
        let id = report.consignment.id
        let state = State(
            event: try store.newestEvent(of: report.consignment), files: report.files, withdrawn: report.withdrawnFiles)
        if let found = known.withLock({ $0.first { $0.id == id && $0.state == state } }) { return found.counts }
        if !isWanted, report.files > FormatCounts.quick { return nil }
        let counts = try store.formatCounts(of: report.consignment, limit: FormatCounts.most)
        known.withLock { known in
            known.removeAll { $0.id == id }
            known.append((id, state, counts))
            if known.count > FormatCounts.consignments { known.removeFirst() }
        }
        return counts
    }
}
