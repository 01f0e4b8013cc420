import CShims
import FoundationEssentials
import GRDB
import Glibc
public import Streams

/// The store: a folder with one SQLite database, the uploaded objects, and locks.
///
///     tdr.sqlite                          what is known: consignments, files, statuses, results, history
///     objects/{consignment}/{file}        the bytes, by id, never by name; or in S3 (``ObjectPlace``)
///     locks/{consignment}                 held by the process that works on it
///
/// The database runs in WAL mode with `synchronous = FULL`: a committed transaction survives a power cut. Commits
/// are few (files are recorded a thousand at a time), so the price is a handful of syncs.
public final class Store: Sendable {
    /// The store's folder.
    public let directory: BytePath
    /// The store's own id, from which those of its consignments follow.
    let id: RecordID
    let database: DatabasePool
    /// What time it is; a constant where runs are to be repeated exactly.
    let clock: @Sendable () -> Timestamp
    /// What time it is for the store.
    package var now: Timestamp { clock() }
    /// The environment of the program, with the AWS variables, for objects that are kept in S3.
    let environment: [String: String]
    let strangers = Strangers()

    /// Whether a store may be made or only opened.
    public enum Opening: Sendable {
        /// Make it when it is not there.
        case create
        /// It must be there.
        case existing
    }

    /// Opens the store in `directory`, bringing an older schema up to date.
    ///
    /// - Throws: ``StoreError``; a full disk, a damaged or newer database and a read-only folder each by name.
    public init(
        at directory: BytePath, _ opening: Opening, environment: [String: String] = [:],
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        self.directory = directory
        self.clock = clock
        self.environment = environment
        SQLiteSetup.once
        let file = directory.appending("tdr.sqlite")
        if try Store.isThere(file, directory) {
            try Store.refuseForeign(file)
        } else {
            guard opening == .create else { throw StoreError.missing(directory) }
            try Store.makeFolders(directory)
        }
        do {
            guard let path = file.text else {
                throw StoreError.database(file, reason: "the store's path must be valid UTF-8")
            }
            database = try DatabasePool(path: path, configuration: Store.configuration())
            try database.read { db in
                let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
                if application != Migrations.applicationID, tables > 0 { throw StoreError.notAStore(file) }
            }
            if try database.read(Migrations.migrator.hasBeenSuperseded) { throw StoreError.newer(directory) }
            if try !database.read(Migrations.migrator.hasCompletedMigrations) {
                try Migrations.migrator.migrate(database)
            }
            let now = clock()
            // A look first: whoever only reads does not wait for those who write.
            id =
                try database.read { try Store.id($0, file) }
                ?? database.write { db in
                    if let id = try Store.id(db, file) { return id }
                    let id = RecordID.random()
                    try db.execute(
                        sql: "INSERT INTO store (id, uuid, created) VALUES (1, ?, ?)",
                        arguments: [Data(id.bytes), now.milliseconds])
                    return id
                }
        } catch {
            throw Store.explained(error, directory)
        }
    }

    /// What all connections have in common.
    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 4
        configuration.label = "tdr"
        configuration.prepareDatabase { db in
            // Rows are mostly read and written in order, so that larger caches would only cost memory, one for each
            // connection. What must be sorted beyond that goes to a file.
            let kibibytes = db.configuration.readonly ? 2000 : 8000
            try db.execute(
                sql: "PRAGMA synchronous = FULL; PRAGMA temp_store = FILE; PRAGMA cache_size = -\(kibibytes)")
        }
        return configuration
    }

    private static func id(_ db: Database, _ file: BytePath) throws -> RecordID? {
        guard let bytes = try Data.fetchOne(db, sql: "SELECT uuid FROM store") else { return nil }
        guard let id = RecordID(bytes: Array(bytes)) else { throw StoreError.notAStore(file) }
        return id
    }

    /// Whether the database is there; not to be allowed to look is no answer.
    private static func isThere(_ file: BytePath, _ directory: BytePath) throws -> Bool {
        do {
            _ = try FileStatus.following(file)
            return true
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return false }
            throw StoreError.readOnly(directory, reason: error.reason)
        }
    }

    /// Refuses a file that SQLite would change by opening it: one that is no database, and another program's, which
    /// would be turned to WAL mode. Ours are in that mode from their first page on (bytes 18 and 19 of the header are
    /// 2) and carry ``Migrations/applicationID`` at byte 68 once they have been checkpointed.
    private static func refuseForeign(_ file: BytePath) throws {
        // What cannot be read is met again below, by name.
        guard let open = try? OpenFile.reading(file), let status = try? open.status(), status.kind == .regular,
            status.size > 0
        else { return }
        let buffer = Buffer(count: 100)
        guard try open.fill(buffer.bytes) == 100, buffer.prefix(16).elementsEqual(Array("SQLite format 3\0".utf8))
        else { throw StoreError.notAStore(file) }
        let application = buffer.prefix(72).dropFirst(68).reduce(0) { $0 << 8 | Int($1) }
        // One page without WAL is a database that was being made; with tables it has more.
        if application != Migrations.applicationID, buffer.bytes[18] != 2, status.size > 4096 {
            throw StoreError.notAStore(file)
        }
    }

    private static func makeFolders(_ directory: BytePath) throws {
        try makeDirectory(directory, intermediate: true)
        try makeDirectory(directory.appending("objects"), intermediate: false)
        try makeDirectory(directory.appending("locks"), intermediate: false)
    }

    /// Reads within one snapshot of the database.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        let terms = ReadTerms.current
        do {
            if let lane = terms.lane { return try lane.read { db in try terms.kept(by: db) { try body(db) } } }
            return try database.read { db in try terms.kept(by: db) { try body(db) } }
        } catch { throw Store.explained(error, directory) }
    }

    /// Reads what follows from the database alone, where it can be remembered for as long as nobody changes anything.
    func remembered<Value: Sendable>(_ key: ReadLane.Key, _ body: (Database) throws -> Value?) throws -> Value? {
        let terms = ReadTerms.current
        guard let lane = terms.lane else { return try read(body) }
        do {
            return try lane.remembered(key) { db in try terms.kept(by: db) { try body(db) } }
        } catch { throw Store.explained(error, directory) }
    }

    /// Changes the database in one transaction: all of `body` or nothing, durable when this returns.
    func write<T>(_ body: (Database) throws -> T) throws -> T {
        if ReadTerms.current.lane != nil { throw ReadTerms.Passed() }
        do { return try database.write(body) } catch { throw Store.explained(error, directory) }
    }

    /// A database error as the user can act on it; any other error as it is.
    static func explained(_ error: any Error, _ directory: BytePath) -> any Error {
        if let error = error as? RowDecodingError {
            return StoreError.damaged(directory.appending("tdr.sqlite"), reason: "\(error)")
        }
        guard let error = error as? DatabaseError else { return error }
        let reason = error.message ?? "code \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError.busy("another process is writing to the store '\(directory.display)'")
        // Nobody but the deadline interrupts.
        case .SQLITE_INTERRUPT: return ReadTerms.Passed()
        case .SQLITE_FULL: return StoreError.full(directory)
        case .SQLITE_READONLY, .SQLITE_PERM: return StoreError.readOnly(directory, reason: reason)
        case .SQLITE_CANTOPEN:
            return StoreError.readOnly(directory, reason: "the database cannot be opened (\(reason))")
        case .SQLITE_NOTADB: return StoreError.notAStore(directory.appending("tdr.sqlite"))
        case .SQLITE_CORRUPT: return StoreError.damaged(directory.appending("tdr.sqlite"), reason: reason)
        default: return StoreError.database(directory.appending("tdr.sqlite"), reason: reason)
        }
    }
}

/// Makes a folder for the owner alone; one that is there already is fine.
func makeDirectory(_ path: BytePath, intermediate: Bool) throws(SystemFault) {
    if path.withCString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, intermediate, path.bytes.count > 1 else { throw SystemFault("make the folder", path) }
    try makeDirectory(path.directory, intermediate: true)
    guard path.withCString({ mkdir($0, 0o700) }) == 0 || errno == EEXIST else {
        throw SystemFault("make the folder", path)
    }
}
