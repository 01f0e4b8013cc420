import GRDB
import GRDBSQLite

/// Until when reads of the store may last: what somebody waits for is not worth more than they wait.
///
///     try await ReadDeadline.$current.withValue(.now + .seconds(60)) { … }
///
/// Reads alone are cut off. A change is one transaction, and ends as it would.
package enum ReadDeadline {
    /// That of the current task; nil when it may take as long as it takes.
    @TaskLocal package static var current: ContinuousClock.Instant?

    /// A read that was cut off, or not begun.
    package struct Passed: Error {}

    /// Steps of SQLite's machine between two looks at the clock: less than a thousandth of a second.
    private static let steps: Int32 = 4000

    /// Does `body`, whose statements end with `SQLITE_INTERRUPT` as soon as the deadline has passed.
    ///
    /// - Throws: ``Passed`` when it has passed before.
    static func kept<Value>(by db: Database, _ body: () throws -> Value) throws -> Value {
        guard var deadline = current else { return try body() }
        if deadline <= .now { throw Passed() }
        return try withUnsafeMutablePointer(to: &deadline) { deadline in
            sqlite3_progress_handler(
                db.sqliteConnection, steps,
                { deadline in
                    guard let deadline else { return 0 }
                    return deadline.assumingMemoryBound(to: ContinuousClock.Instant.self).pointee <= .now ? 1 : 0
                }, deadline)
            // The connection is the next reader's, too.
            defer { sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil) }
            return try body()
        }
    }
}
