import GRDB
import GRDBSQLite

/// How the current task reads the store: until when, and over which connection.
///
///     try await ReadTerms.$current.withValue(ReadTerms(deadline: .now + .seconds(60))) { … }
///
/// What somebody waits for is not worth more than they wait. Reads alone are cut off: a change is one transaction, and
/// ends as it would.
package struct ReadTerms: Sendable {
    /// Those of the current task.
    @TaskLocal package static var current = ReadTerms()

    /// nil when reads may take as long as they take.
    package var deadline: ContinuousClock.Instant?
    /// nil for whichever connection is free. With a lane, nothing is waited for and nothing is changed: what would have
    /// to be is ``Passed``.
    package var lane: ReadLane?

    /// Terms; without any, reads wait for a connection and take as long as they take.
    package init(deadline: ContinuousClock.Instant? = nil, lane: ReadLane? = nil) {
        self.deadline = deadline
        self.lane = lane
    }

    /// A read that was cut off, or not begun.
    package struct Passed: Error {
        package init() {}
    }

    /// Steps of SQLite's machine between two looks at the clock: less than a thousandth of a second.
    private static let steps: Int32 = 4000
    /// The same in a lane: each step may be a page that is not in memory.
    private static let stepsInLane: Int32 = 200

    /// When a read is over.
    private struct End {
        let deadline: ContinuousClock.Instant
        let lane: ReadLane?

        var hasCome: Bool { lane?.hasLookedTooOften() == true || deadline <= .now }
    }

    /// Does `body`, whose statements end with `SQLITE_INTERRUPT` as soon as the deadline has passed.
    ///
    /// - Throws: ``Passed`` when it has passed before.
    func kept<Value>(by db: Database, _ body: () throws -> Value) throws -> Value {
        guard let deadline else { return try body() }
        if deadline <= .now { throw Passed() }
        lane?.beginCounting()
        var end = End(deadline: deadline, lane: lane)
        return try withUnsafeMutablePointer(to: &end) { end in
            sqlite3_progress_handler(
                db.sqliteConnection, lane == nil ? ReadTerms.steps : ReadTerms.stepsInLane,
                { $0?.assumingMemoryBound(to: End.self).pointee.hasCome == true ? 1 : 0 }, end)
            // The connection is the next reader's, too.
            defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
            return try body()
        }
    }
}
