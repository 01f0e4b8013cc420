import GRDB

/// The schema, as the list of steps that made it. Steps are only ever added; their SQL is in the extensions beside this
/// file, by subject.
///
/// Names are the original's where it has them. Every time is an INTEGER of milliseconds since 1970 UTC, but for
/// `file.modified`, which is nanoseconds, as file systems keep it. Paths and digests are BLOBs: paths are bytes, and
/// SQLite compares BLOBs byte by byte, which is the order of manifests.
enum Migrations {
    /// `PRAGMA application_id`: "tdr1".
    static let applicationID = 0x7464_7231

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: version1)
        }
        migrator.registerMigration("quarantine") { try $0.execute(sql: quarantine) }
        migrator.registerMigration("s3") { try $0.execute(sql: s3) }
        migrator.registerMigration("exports") { db in
            try db.execute(sql: exports)
            try db.rememberExports()
        }
        migrator.registerMigration("history") { try $0.execute(sql: history) }
        migrator.registerMigration("people") { try $0.execute(sql: people) }
        migrator.registerMigration("deliveries") { try $0.execute(sql: deliveries) }
        migrator.registerMigration("repair") { db in
            try db.execute(sql: repair)
            try letEventsOutliveFiles(db)
        }
        migrator.registerMigration("notices") { try $0.execute(sql: notices) }
        migrator.registerMigration("metadata") { try $0.execute(sql: metadata) }
        migrator.registerMigration("sessions") { try $0.execute(sql: sessions) }
        migrator.registerMigration("pages") { try $0.execute(sql: pages) }
        migrator.registerMigration("digests to come") { try $0.execute(sql: digestsToCome) }
        migrator.registerMigration("providers") { try $0.execute(sql: providers) }
        migrator.registerMigration("objectPlace") { try $0.execute(sql: objectPlace) }
        migrator.registerMigration("delivery requests") { try $0.execute(sql: deliveryRequests) }
        migrator.registerMigration("closedRecords") { try $0.execute(sql: closedRecords) }
        migrator.registerMigration("waiting") { try $0.execute(sql: waiting) }
        return migrator
    }
}
