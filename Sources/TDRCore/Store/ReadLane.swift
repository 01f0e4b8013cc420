import FoundationEssentials
import GRDB
import Streams

/// A connection of one thread's own, for reads that are over at once: no waiting for a turn, no lock, no other thread.
package final class ReadLane: Sendable {
    private let queue: DatabaseQueue
    private let session = Guarded(Session.none)
    private let memory = Guarded(Memory())

    /// What was read of tokens and is true for as long as nobody changes the database.
    private struct Memory {
        /// The state of the database (`PRAGMA data_version`).
        var version: Int64 = 0
        var grants: [Data: TokenGrant] = [:]
    }

    /// Tokens that are remembered, at most.
    private static let mostGrants = 1000

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
    private enum Session {
        case none
        case open
        /// The transaction has begun.
        case reading
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
        defer { end() }
        return try await work()
    }

    private func end() {
        let hasBegun = session.withLock { session in
            defer { session = .none }
            return session == .reading
        }
        guard hasBegun else { return }
        queue.unsafeRead { db in
            // Nothing was changed: what fails here keeps a snapshot, until the next read ends it.
            try? ReadLane.commit(db)
        }
    }

    private static func begin(_ db: Database) throws {
        try db.cachedStatement(sql: "BEGIN DEFERRED TRANSACTION").execute()
    }

    private static func commit(_ db: Database) throws {
        if db.isInsideTransaction { try db.cachedStatement(sql: "COMMIT TRANSACTION").execute() }
    }

    /// Reads within one snapshot of the database, that of the session where there is one.
    ///
    /// - Throws: ``ReadTerms/Passed`` where it would have to wait.
    func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try waitingForNobody {
            try queue.unsafeRead { db in
                let before = session.withLock { session in
                    defer { if session == .open { session = .reading } }
                    return session
                }
                if before != .reading {
                    try ReadLane.commit(db)
                    try ReadLane.begin(db)
                }
                defer { if before == .none { try? ReadLane.commit(db) } }
                return try body(db)
            }
        }
    }

    private func waitingForNobody<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as DatabaseError
            where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
        {
            throw ReadTerms.Passed()
        }
    }

    /// What a token gives, as the database has it now.
    ///
    /// Whether anything was changed since it was looked up, by whatever process, costs a look into memory that SQLite
    /// shares.
    ///
    /// - Throws: ``ReadTerms/Passed`` where it would have to wait.
    func grant(_ digest: Data) throws -> TokenGrant? {
        if session.withLock({ $0 != .none }) { throw ReadTerms.Passed() }
        let version = try waitingForNobody {
            try queue.unsafeRead { try Int64.fetchOne($0.cachedStatement(sql: "PRAGMA data_version")) } ?? 0
        }
        let known = memory.withLock { memory in
            if memory.version != version || memory.grants.count >= ReadLane.mostGrants {
                memory = Memory(version: version)
            }
            return memory.grants[digest]
        }
        if let known { return known }
        // It may be newer than the version; then it is looked up once more.
        let found = try read { try $0.grant(digest) }
        memory.withLock { if $0.version == version { $0.grants[digest] = found } }
        return found
    }
}
