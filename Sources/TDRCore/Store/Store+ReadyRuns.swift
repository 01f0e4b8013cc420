import FoundationEssentials
import GRDB
public import Streams

/// A run over all consignments that were ready, as the history has it.
public struct PastReadyRun: Sendable {
    /// When it ended.
    public let ended: Timestamp
    /// Where it exported to.
    public let target: BytePath
    /// Exported.
    public let exported: Int
    /// Confirmed, and not exported for what the checks say of them.
    public let notReady: Int
    /// Not exported for another reason.
    public let failed: Int

    /// One as a server tells of it.
    package init(ended: Timestamp, target: BytePath, exported: Int, notReady: Int, failed: Int) {
        self.ended = ended
        self.target = target
        self.exported = exported
        self.notReady = notReady
        self.failed = failed
    }

    /// Whether it exported all that it should.
    public var isSuccess: Bool { failed == 0 && notReady == 0 }
}

/// The words of a run's entry in the history.
private struct ReadyRunEntry: Codable {
    let target: String
    let exported: Int
    let notReady: Int
    let failed: Int
    let busy: Int
}

extension Store {
    private static let ended = "ReadyRunEnded"

    /// Records how a run ended.
    func record(_ summary: ReadyRunSummary, to target: BytePath, run: RunID) throws {
        let now = clock()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let entry = ReadyRunEntry(
            target: target.display, exported: summary.exported, notReady: summary.notReady, failed: summary.failed,
            busy: summary.busy)
        let text = String(decoding: try encoder.encode(entry), as: UTF8.self)
        try write { try $0.recordEvent(run, at: now, consignment: nil, Store.ended, new: text) }
    }

    /// The last run over what was ready, and the last that exported all it should; nil when there was none.
    public func readyRuns() throws -> (last: PastReadyRun, lastSuccess: PastReadyRun?)? {
        try read { db in
            var last: PastReadyRun?
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT datetime, new FROM event
                    WHERE consignmentId IS NULL AND fileId IS NULL AND what = ? ORDER BY id DESC
                    """, arguments: [Store.ended])
            while let row = try rows.next() {
                let text: String = try row.value(1)
                guard let entry = try? JSONDecoder().decode(ReadyRunEntry.self, from: Data(text.utf8)) else {
                    continue  // a damaged entry tells nothing
                }
                let run = PastReadyRun(
                    ended: Timestamp(milliseconds: try row.value(0)),
                    target: BytePath(bytes(ofDisplayName: entry.target)),
                    exported: entry.exported, notReady: entry.notReady, failed: entry.failed)
                if last == nil { last = run }
                if run.isSuccess, let last { return (last, run) }
            }
            return last.map { ($0, nil) }
        }
    }
}
