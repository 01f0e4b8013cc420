import FoundationEssentials
import GRDB
import Glibc
import Streams

/// Removes the objects that no row names any more.
///
/// Which ones is written in the transaction that took their names away; so an object goes only when what took its place
/// is durable, and one whose removal was cut off goes the next time.
enum ObjectSweep {
    private static let batch = 1000

    /// - Throws: ``SystemFault`` when the store cannot be written.
    static func sweep(_ consignment: Consignment, in store: Store) throws {
        guard consignment.storage == .copied else { return }
        while true {
            let objects = try store.read { db in
                try Data.fetchAll(
                    db, sql: "SELECT object FROM discardedObject WHERE consignmentId = ? LIMIT \(batch)",
                    arguments: [consignment.row])
            }
            if objects.isEmpty { return }
            let names = objects.compactMap { RecordID(bytes: Array($0)) }.map { BytePath(FileKey.objectName($0).bytes) }
            for place in places(of: consignment, in: store) { try remove(names, from: place) }
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
        for place in places(of: consignment, in: store) {
            guard let names = try listing(of: place) else { continue }
            try remove((0..<names.count).map { BytePath(names[$0]) }, from: place)
        }
    }

    private static func places(of consignment: Consignment, in store: Store) -> [BytePath] {
        [ObjectFolder.path(of: consignment.id, in: store), ObjectFolder.quarantine(of: consignment.id, in: store)]
    }

    private static func listing(of place: BytePath) throws -> DirectoryListing? {
        do {
            let folder = try OpenFile.directory(place)
            return try DirectoryListing(of: folder)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    private static func remove(_ names: [BytePath], from place: BytePath) throws {
        let folder: OpenFile
        do {
            folder = try OpenFile.directory(place)
        } catch {
            // No folder, no objects.
            if error.code == ENOENT { return }
            throw error
        }
        let descriptor = folder.descriptor
        for name in names {
            guard name.withCString({ unlinkat(descriptor, $0, 0) }) == 0 || errno == ENOENT else {
                throw SystemFault("remove", place.appending(name.bytes))
            }
        }
        try folder.sync()
    }
}
