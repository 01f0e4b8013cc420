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
    package struct Passed: Error {}

    /// Steps of SQLite's machine between two looks at the clock: less than a thousandth of a second.
    private static let steps: Int32 = 4000
    /// How often so many steps may pass in a lane: what was counted depends on no other thread, as time does.
    private static let looksInLane = 5

    /// What is left of a read.
    private struct Rest {
        let deadline: ContinuousClock.Instant
        var looks: Int

        mutating func isOver() -> Bool {
            looks -= 1
            return looks < 0 || deadline <= .now
        }
    }

    /// Does `body`, whose statements end with `SQLITE_INTERRUPT` as soon as the deadline has passed.
    ///
    /// - Throws: ``Passed`` when it has passed before.
    func kept<Value>(by db: Database, _ body: () throws -> Value) throws -> Value {
        guard let deadline else { return try body() }
        if deadline <= .now { throw Passed() }
        var rest = Rest(deadline: deadline, looks: lane == nil ? .max : ReadTerms.looksInLane)
        return try withUnsafeMutablePointer(to: &rest) { rest in
            sqlite3_progress_handler(
                db.sqliteConnection, ReadTerms.steps,
                { $0?.assumingMemoryBound(to: Rest.self).pointee.isOver() == true ? 1 : 0 }, rest)
            // The connection is the next reader's, too.
            defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
            return try body()
        }
    }
}
