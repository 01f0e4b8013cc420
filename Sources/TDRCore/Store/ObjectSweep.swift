import FoundationEssentials
import GRDB

/// Removes the objects that no row names any more.
///
/// Which ones is written in the transaction that took their names away; so an object goes only when what took its place
/// is durable, and one whose removal was cut off goes the next time.
enum ObjectSweep {
    private static let batch = 1000

    /// - Throws: why the objects cannot be removed.
    static func sweep(_ consignment: Consignment, in store: Store) throws {
        guard consignment.storage == .copied else { return }
        while true {
            let objects = try store.read { db in
                try Data.fetchAll(
                    db, sql: "SELECT object FROM discardedObject WHERE consignmentId = ? LIMIT \(batch)",
                    arguments: [consignment.row])
            }
            if objects.isEmpty { return }
            try store.shelf(of: consignment).remove(objects.compactMap { RecordID(bytes: Array($0)) })
            try store.write { db in
                let statement = try db.cachedStatement(
                    sql: "DELETE FROM discardedObject WHERE consignmentId = ? AND object = ?")
                for object in objects { try statement.execute(arguments: [consignment.row, object]) }
            }
        }
    }

    /// Removes all objects of a consignment. Their rows stay.
    static func removeAll(_ consignment: Consignment, in store: Store) throws {
        guard consignment.storage == .copied else { return }
        try store.shelf(of: consignment).removeAll()
    }
}
