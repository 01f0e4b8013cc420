import FoundationEssentials
import GRDB
import Streams

/// A look into a store's database that changes nothing: an older schema stays as it is.
struct StoreInspection {
    /// How the schema stands to this program.
    enum Schema { case current, older, newer, foreign }

    /// A step that was begun and is not over.
    struct Unfinished {
        let id: RecordID
        let reference: String
        let step: ConsignmentStatusType
    }

    /// An upload into S3 that was begun and is not over.
    struct Upload {
        let id: RecordID
        let reference: String
        let location: String
        let isObject: Bool
    }

    let schema: Schema
    /// What `PRAGMA quick_check` says that is not well, a few of it.
    private(set) var damage: [String] = []
    private(set) var consignments = 0
    /// The time of the last entry of the history.
    private(set) var newest: Timestamp?
    private(set) var unfinished: [Unfinished] = []
    /// Looked for in a current schema only.
    private(set) var uploads: [Upload] = []

    private static let mostDamage = 5

    /// Looks into the database at `file`.
    ///
    /// - Throws: `StoreError/busy(_:)` when it is locked, `StoreError/damaged(_:reason:)` for a database that is none
    ///   or cannot be read, `StoreError/database(_:reason:)` for whatever else keeps it shut.
    init(_ file: BytePath) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: file.text ?? "", configuration: configuration)
            self = try queue.read { try StoreInspection($0) }
        } catch let error as DatabaseError {
            let reason = error.message ?? "code \(error.extendedResultCode.rawValue)"
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw .busy("another process holds the database '\(file.display)'")
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: throw .damaged(file, reason: reason)
            default: throw .database(file, reason: reason)
            }
        } catch {
            throw .damaged(file, reason: "\(error)")
        }
    }

    private init(_ db: Database) throws {
        damage = try String.fetchAll(db, sql: "PRAGMA quick_check(\(StoreInspection.mostDamage))").filter { $0 != "ok" }
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == Migrations.applicationID else {
            schema = .foreign
            return
        }
        if try Migrations.migrator.hasBeenSuperseded(db) {
            schema = .newer
        } else {
            schema = try Migrations.migrator.hasCompletedMigrations(db) ? .current : .older
        }
        // What a later version keeps elsewhere, and what a damaged page says, is nothing to go by.
        guard schema != .newer, damage.isEmpty else { return }
        consignments = try Int.fetchOne(db, sql: "SELECT count(*) FROM consignment") ?? 0
        newest = try Int64.fetchOne(
            db,
            sql: """
                SELECT max(at) FROM (SELECT * FROM (SELECT datetime AS at FROM event ORDER BY id DESC LIMIT 1)
                    UNION ALL SELECT * FROM (SELECT started FROM run ORDER BY id DESC LIMIT 1))
                """
        ).map { Timestamp(milliseconds: $0) }
        unfinished = try Row.fetchAll(
            db,
            sql: """
                SELECT uuid, reference, statusType FROM consignmentStatus JOIN consignment ON consignment.id = consignmentId
                WHERE value = 'InProgress' ORDER BY consignment.id, statusType
                """
        ).compactMap { row in
            guard let id = RecordID(bytes: Array(try row.value(0) as Data)),
                let step = ConsignmentStatusType(rawValue: try row.value(2))
            else { return nil }
            return Unfinished(id: id, reference: try row.value(1), step: step)
        }
        guard schema == .current else { return }
        uploads = try Row.fetchAll(
            db,
            sql: """
                SELECT uuid, reference, location, terms FROM s3Upload JOIN consignment ON consignment.id = consignmentId
                ORDER BY s3Upload.id
                """
        ).compactMap { row in
            guard let id = RecordID(bytes: Array(try row.value(0) as Data)) else { return nil }
            return Upload(
                id: id, reference: try row.value(1), location: try row.value(2),
                isObject: (try row.value(3) as String) == S3StoreJournal.objectTerms)
        }
    }
}
