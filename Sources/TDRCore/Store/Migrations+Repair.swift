import GRDB

// Findings that are put right: quarantine, replacement, withdrawal, cancelling.

extension Migrations {
    /// Files that an engine found something in. Their objects lie in the store's quarantine while they are held.
    static let quarantine = """
        CREATE TABLE quarantine (
            fileId INTEGER PRIMARY KEY REFERENCES file (id),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            state TEXT NOT NULL CHECK (state IN ('Held', 'Released', 'Purged')),
            found TEXT NOT NULL,
            reason TEXT,
            modified INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX quarantine_consignment ON quarantine (consignmentId, fileId);
        """

    /// What replacing, adding, withdrawing and cancelling need.
    static let repair = """
        -- The name of the object where it is not the file's UUID: every replacement has a name of its own.
        ALTER TABLE file ADD COLUMN object BLOB CHECK (object IS NULL OR length(object) = 16);

        -- Files and folders that were taken out of their consignment. Whatever asks for the files of a consignment asks
        -- `file` alone and cannot meet them by mistake; the history goes on naming them by their number.
        CREATE TABLE withdrawnFile (
            id INTEGER PRIMARY KEY,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            uuid BLOB NOT NULL CHECK (length(uuid) = 16),
            fileType TEXT NOT NULL CHECK (fileType IN ('File', 'Folder')),
            path BLOB NOT NULL,
            reference INTEGER NOT NULL UNIQUE,
            object BLOB CHECK (object IS NULL OR length(object) = 16),
            size INTEGER,
            modified INTEGER,
            sha256 BLOB CHECK (length(sha256) = 32),
            reason TEXT NOT NULL,
            withdrawn INTEGER NOT NULL,
            isPurged INTEGER NOT NULL CHECK (isPurged IN (0, 1))
        ) STRICT;
        CREATE INDEX withdrawnFile_path ON withdrawnFile (consignmentId, path);
        CREATE TRIGGER file_number_is_new AFTER INSERT ON file
            WHEN EXISTS (SELECT 1 FROM withdrawnFile WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, 'the number of a withdrawn file is never used again'); END;

        -- Objects that no row names any more and that are still to be removed.
        CREATE TABLE discardedObject (
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            object BLOB NOT NULL CHECK (length(object) = 16),
            PRIMARY KEY (consignmentId, object)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE cancellation (
            consignmentId INTEGER PRIMARY KEY REFERENCES consignment (id),
            datetime INTEGER NOT NULL,
            reason TEXT NOT NULL,
            isPurged INTEGER NOT NULL CHECK (isPurged IN (0, 1))
        ) STRICT;

        -- How many files repeat others or nearly have the name of others; absent when not counted since the last change.
        CREATE TABLE likeness (
            consignmentId INTEGER PRIMARY KEY REFERENCES consignment (id),
            duplicateGroups INTEGER NOT NULL,
            surplusFiles INTEGER NOT NULL,
            surplusBytes INTEGER NOT NULL,
            nameGroups INTEGER NOT NULL,
            nameEntries INTEGER NOT NULL
        ) STRICT;
        """

    /// Takes the reference to `file` off the events, which stay when a file is withdrawn.
    ///
    /// The bytes of the table are the same with and without it, so only its description changes, as SQLite's manual
    /// says under ALTER TABLE, "Making Other Kinds Of Table Schema Changes": a history of millions of entries is not
    /// copied for it.
    static func letEventsOutliveFiles(_ db: Database) throws {
        let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
        try db.execute(
            sql: """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET sql = replace(sql, 'fileId INTEGER REFERENCES file (id)', 'fileId INTEGER')
                    WHERE type = 'table' AND name = 'event';
                PRAGMA schema_version = \(version + 1);
                PRAGMA writable_schema = RESET;
                """)
        let left = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM pragma_foreign_key_list('event') WHERE \"from\" = 'fileId'")
        guard left == 0 else {
            throw DatabaseError(resultCode: .SQLITE_SCHEMA, message: "the history cannot be brought up to date")
        }
    }
}
