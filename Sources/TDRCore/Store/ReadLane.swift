import FoundationEssentials
import GRDB
import Streams

/// A connection of one thread's own, for reads that are over at once: no waiting for a turn, no lock, no other thread.
package final class ReadLane: Sendable {
    private let queue: DatabaseQueue
    private let session = Guarded(Session.none)
    private let memory = Guarded(Memory())
    private let looks = Guarded(0)

    /// How often a read, or a session, may come to the clock.
    private static let mostLooks = 50

    /// What is remembered by name.
    enum Key: Hashable {
        /// What a token gives, by its digest.
        case token(Data)
        /// The facts of a consignment, by its id or reference.
        case facts(String)
        /// The steps of a consignment, by its row.
        case steps(Int64)
    }

    /// What was read and is true for as long as nobody changes the database.
    private struct Memory {
        /// The state of the database (`PRAGMA data_version`).
        var version: Int64 = 0
        var values: [Key: any Sendable] = [:]
    }

    /// Values that are remembered, at most.
    private static let mostValues = 1000

    /// A lane of a store.
    ///
    /// - Throws: ``StoreError``.
    package init(_ store: Store) throws {
        do {
            var configuration = Store.configuration()
            configuration.readonly = true
            // Who may not wait asks elsewhere.
            configuration.busyMode = .immediateError
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: store.database.path, configuration: configuration)
        } catch {
            throw Store.explained(error, store.directory)
        }
    }

    /// Whether reads belong together now.
    private enum Session: Equatable {
        case none
        case open
        /// The transaction has begun, in this state of the database where it was asked for.
        case reading(version: Int64?)
    }

    /// Has all reads of `work` see one state of the database.
    ///
    /// - Returns: nil when the lane is in use already: what is read would be as old as what that reads.
    package func session<Value: Sendable>(_ work: () async throws -> Value?) async rethrows -> Value? {
        let isMine = session.withLock { session in
            if session != .none { return false }
            session = .open
            return true
        }
        guard isMine else { return nil }
        looks.withLock { $0 = 0 }
        defer { end() }
        return try await work()
    }

    /// Begins to count anew, where reads do not belong together.
    func beginCounting() { if !isInSession { looks.withLock { $0 = 0 } } }

    /// Counts one look of a read at the clock; whether it has been there too often. That depends on no other thread, as
    /// time does.
    func hasLookedTooOften() -> Bool {
        looks.withLock { looks in
            looks += 1
            return looks > ReadLane.mostLooks
        }
    }

    /// Whether somebody's reads belong together now, and whatever else is read is of the same state.
    package var isInSession: Bool { session.withLock { $0 != .none } }

    private func end() {
        let before = session.withLock { session in
            defer { session = .none }
            return session
        }
        guard case .reading = before else { return }
        queue.unsafeRead { db in
            // Nothing was changed: what fails here keeps a snapshot, until the next look ends it.
            try? ReadLane.commit(db)
        }
    }

    private static func begin(_ db: Database) throws {
        try db.cachedStatement(sql: "BEGIN DEFERRED TRANSACTION").execute()
    }

    private static func commit(_ db: Database) throws {
        if db.isInsideTransaction { try db.cachedStatement(sql: "COMMIT TRANSACTION").execute() }
    }

    private static func version(_ db: Database) throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "PRAGMA data_version")) ?? 0
    }

    /// Reads within one snapshot of the database, that of the session where there is one.
    ///
    /// - Throws: ``ReadTerms/Passed`` where it would have to wait.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try waitingForNobody {
            try queue.unsafeRead { db in
                switch session.withLock({ $0 }) {
                case .none:
                    try ReadLane.begin(afresh: db)
                    defer { try? ReadLane.commit(db) }
                    return try body(db)
                case .open:
                    try openSession(db)
                    return try body(db)
                case .reading: return try body(db)
                }
            }
        }
    }

    /// A value that follows from the database alone, as that is now: read once, until somebody, of whatever process,
    /// changes anything.
    ///
    /// Whether anybody has costs a look into memory that SQLite shares.
    ///
    /// - Throws: ``ReadTerms/Passed`` where it would have to wait.
    func remembered<Value: Sendable>(_ key: Key, _ body: (Database) throws -> Value?) throws -> Value? {
        try waitingForNobody {
            try queue.unsafeRead { db in
                let before = session.withLock { $0 }
                switch before {
                // What an end could not end would be asked for its version for ever.
                case .none: try ReadLane.commit(db)
                case .open: try openSession(db)
                case .reading: break
                }
                let version: Int64
                if case .reading(let known?) = before { version = known } else { version = try ReadLane.version(db) }
                if before != .none { session.withLock { $0 = .reading(version: version) } }
                let known = memory.withLock { memory in
                    if memory.version != version || memory.values.count >= ReadLane.mostValues {
                        memory = Memory(version: version)
                    }
                    return memory.values[key] as? Value
                }
                if let known { return known }
                if before == .none { try ReadLane.begin(afresh: db) }
                defer { if before == .none { try? ReadLane.commit(db) } }
                let found = try body(db)
                // Outside of a session it may be newer than the version; then it is read once more.
                if let found { memory.withLock { if $0.version == version { $0.values[key] = found } } }
                return found
            }
        }
    }

    private static func begin(afresh db: Database) throws {
        try commit(db)
        try begin(db)
    }

    private func openSession(_ db: Database) throws {
        try ReadLane.begin(afresh: db)
        session.withLock { $0 = .reading(version: nil) }
    }

    /// What goes wrong for this connection alone, which neither waits nor writes, may go well for another.
    private func waitingForNobody<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError
            where ![.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
        {
            throw ReadTerms.Passed()
        }
    }
}
