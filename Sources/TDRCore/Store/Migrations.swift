import GRDB

/// The schema, as the list of steps that made it. Steps are only ever added.
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
        migrator.registerMigration("objectPlace") { try $0.execute(sql: objectPlace) }
        return migrator
    }

    /// What replacing, adding, withdrawing and cancelling need.
    private static let repair = """
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
    private static func letEventsOutliveFiles(_ db: Database) throws {
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

    /// What others are told of, until they have it. `channel` is a kind of receiver; it gets what came since it was
    /// first used.
    private static let notices = """
        CREATE TABLE notice (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            datetime INTEGER NOT NULL,
            event TEXT NOT NULL,
            message TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notice_consignment ON notice (consignmentId, id);
        CREATE TABLE noticeChannel (
            name TEXT PRIMARY KEY,
            -- It has all notices up to this one.
            done INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE noticeDelivery (
            channel TEXT NOT NULL,
            noticeId INTEGER NOT NULL REFERENCES notice (id),
            delivered INTEGER,
            attempts INTEGER NOT NULL,
            nextAttempt INTEGER NOT NULL,
            fault TEXT,
            PRIMARY KEY (channel, noticeId)
        ) STRICT, WITHOUT ROWID;
        """

    /// Files that an engine found something in. Their objects lie in the store's quarantine while they are held.
    private static let quarantine = """
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

    /// Exports that are on their way into S3: the upload, and its parts with their digests. Rows go when it is complete.
    private static let s3 = """
        CREATE TABLE s3Upload (
            id INTEGER PRIMARY KEY,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            location TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            uploadId TEXT NOT NULL,
            terms TEXT NOT NULL,
            UNIQUE (consignmentId, location, endpoint)
        ) STRICT;
        CREATE TABLE s3Part (
            s3UploadId INTEGER NOT NULL REFERENCES s3Upload (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
            etag TEXT,
            PRIMARY KEY (s3UploadId, number)
        ) STRICT, WITHOUT ROWID;
        """

    /// Where the objects are when they are not in the store's folder: one row, or none.
    private static let objectPlace = """
        CREATE TABLE objectPlace (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            location TEXT NOT NULL,
            address TEXT,
            region TEXT NOT NULL,
            style TEXT,
            profile TEXT
        ) STRICT;
        """

    /// Sign-ins to the pages. Of a session's secret only the digest is kept; rows go when it ends.
    private static let sessions = """
        CREATE TABLE session (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            userId INTEGER NOT NULL REFERENCES user (id),
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            created INTEGER NOT NULL,
            used INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            agent TEXT NOT NULL,
            peer TEXT NOT NULL
        ) STRICT;
        CREATE INDEX session_user ON session (userId);
        """

    /// Where the bags of a consignment are, and what the last look at each gave. `sha256` is that of the archive, or of a
    /// folder's `tagmanifest-sha256.txt`. `looked` is the last try, `verified` the last that came to a result; a copy
    /// that was retired is not looked at any more. What is needed to reach an S3 server again stands beside its names.
    private static let exports = """
        CREATE TABLE exportCopy (
            id INTEGER PRIMARY KEY,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            location BLOB NOT NULL,
            endpoint TEXT NOT NULL,
            address TEXT,
            region TEXT,
            style TEXT,
            sha256 BLOB CHECK (length(sha256) = 32),
            exported INTEGER NOT NULL,
            verified INTEGER,
            looked INTEGER,
            result TEXT CHECK (result IN ('Valid', 'Altered', 'Invalid', 'Missing', 'NotVerified')),
            remark TEXT,
            retired INTEGER,
            UNIQUE (consignmentId, location, endpoint)
        ) STRICT;
        ALTER TABLE s3Upload ADD COLUMN address TEXT;
        ALTER TABLE s3Upload ADD COLUMN region TEXT;
        ALTER TABLE s3Upload ADD COLUMN style TEXT;
        """
    /// The history of one consignment in order, with what happened to its files: some ten bytes an event.
    private static let history = "CREATE INDEX event_history ON event (consignmentId);"
    /// Who may use the API, and the tokens they were given. Of a token only the digest is kept.
    private static let people = """
        CREATE TABLE user (
            id INTEGER PRIMARY KEY,
            uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
            login TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            email TEXT NOT NULL,
            bodyId INTEGER REFERENCES body (id),
            password TEXT,
            disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
            failures INTEGER NOT NULL,
            lockedUntil INTEGER,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE userRole (
            userId INTEGER NOT NULL REFERENCES user (id),
            role TEXT NOT NULL,
            PRIMARY KEY (userId, role)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE token (
            id INTEGER PRIMARY KEY,
            userId INTEGER NOT NULL REFERENCES user (id),
            name TEXT NOT NULL,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            scopes TEXT NOT NULL,
            created INTEGER NOT NULL,
            expires INTEGER,
            revoked INTEGER
        ) STRICT;
        CREATE INDEX token_user ON token (userId);
        """

    /// Consignments that arrive through the API in pieces: whose they are, the files that were declared with what the
    /// client says of them, and exports that were asked for and are not done. A declared file has its bytes when its
    /// row in `file` has a digest.
    private static let deliveries = """
        CREATE TABLE delivery (
            consignmentId INTEGER PRIMARY KEY REFERENCES consignment (id),
            owner BLOB NOT NULL CHECK (length(owner) = 16),
            isListed INTEGER NOT NULL CHECK (isListed IN (0, 1))
        ) STRICT;
        CREATE INDEX delivery_owner ON delivery (owner, consignmentId);
        CREATE TABLE declaredFile (
            fileId INTEGER PRIMARY KEY REFERENCES file (id),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            matchId TEXT NOT NULL,
            size INTEGER NOT NULL CHECK (size >= 0),
            modified INTEGER NOT NULL,
            sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
            isReceived INTEGER NOT NULL CHECK (isReceived IN (0, 1))
        ) STRICT;
        CREATE INDEX declaredFile_waiting ON declaredFile (consignmentId, fileId) WHERE isReceived = 0;
        CREATE INDEX file_uuid ON file (uuid);
        CREATE TABLE exportRequest (
            consignmentId INTEGER PRIMARY KEY REFERENCES consignment (id),
            requestedBy TEXT NOT NULL,
            requested INTEGER NOT NULL
        ) STRICT;
        """

    /// Reviews of metadata, and how the originals of redacted files are known.
    private static let metadata = """
        CREATE TABLE metadataReviewLog (
            id INTEGER PRIMARY KEY,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            runId INTEGER NOT NULL REFERENCES run (id),
            action TEXT NOT NULL CHECK (action IN ('Submission', 'Approval', 'Rejection', 'Confirmation')),
            datetime INTEGER NOT NULL,
            notes TEXT NOT NULL CHECK (length(notes) <= 1300)
        ) STRICT;
        CREATE INDEX metadataReviewLog_consignment ON metadataReviewLog (consignmentId, id);
        -- Files whose OriginalFilepath was written: by the names of files, or by what a person said.
        CREATE TABLE redactionPair (
            fileId INTEGER PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            byMetadata INTEGER NOT NULL CHECK (byMetadata IN (0, 1))
        ) STRICT;
        CREATE INDEX redactionPair_consignment ON redactionPair (consignmentId, fileId);
        """

    private static let version1 = """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            uuid BLOB NOT NULL CHECK (length(uuid) = 16),
            created INTEGER NOT NULL
        ) STRICT;

        -- Numbers that never go back: of consignments and of files and folders.
        CREATE TABLE counter (
            name TEXT PRIMARY KEY CHECK (name IN ('consignment', 'file')),
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO counter VALUES ('consignment', 0), ('file', 0);

        CREATE TABLE body (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            tdrCode TEXT NOT NULL UNIQUE
        ) STRICT;

        CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            bodyId INTEGER NOT NULL REFERENCES body (id),
            code TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL
        ) STRICT;
        CREATE INDEX series_body ON series (bodyId);

        CREATE TABLE consignment (
            id INTEGER PRIMARY KEY,
            uuid BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
            sequence INTEGER NOT NULL UNIQUE,
            reference TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL CHECK (type IN ('standard', 'judgment')),
            seriesId INTEGER REFERENCES series (id),
            bodyId INTEGER NOT NULL REFERENCES body (id),
            seriesName TEXT,
            transferringBodyName TEXT NOT NULL,
            transferringBodyTdrCode TEXT NOT NULL,
            userLogin TEXT NOT NULL,
            contactName TEXT NOT NULL,
            contactEmail TEXT NOT NULL,
            source BLOB NOT NULL,
            storage TEXT NOT NULL CHECK (storage IN ('Copied', 'InPlace')),
            links TEXT NOT NULL CHECK (links IN ('refuse', 'skip', 'follow')),
            parentFolder BLOB NOT NULL,
            includeTopLevelFolder INTEGER NOT NULL CHECK (includeTopLevelFolder IN (0, 1)),
            created INTEGER NOT NULL,
            transferInitiated INTEGER,
            transferInitiatedBy TEXT,
            exported INTEGER,
            exportLocation TEXT,
            exportVersion TEXT
        ) STRICT;
        CREATE INDEX consignment_series ON consignment (seriesId);
        CREATE INDEX consignment_body ON consignment (bodyId);

        CREATE TABLE consignmentMetadata (
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            propertyName TEXT NOT NULL,
            value TEXT NOT NULL,
            modified INTEGER NOT NULL,
            PRIMARY KEY (consignmentId, propertyName)
        ) STRICT, WITHOUT ROWID;

        -- What every file of the consignment has unless fileMetadata says otherwise: the defaults of the day it was
        -- made, kept once instead of on each of a million rows.
        CREATE TABLE fileDefault (
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            propertyName TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (consignmentId, propertyName)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE consignmentStatus (
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            statusType TEXT NOT NULL,
            value TEXT NOT NULL,
            created INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            PRIMARY KEY (consignmentId, statusType)
        ) STRICT, WITHOUT ROWID;

        -- One row per file and folder. `path` begins with the name of the uploaded folder. `origin` is where the
        -- bytes lay in the source when that is not the path (a followed link). size, modified and sha256 are what was
        -- read at upload; they are null for a folder and for a file that could not be read.
        CREATE TABLE file (
            id INTEGER PRIMARY KEY,
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            uuid BLOB NOT NULL CHECK (length(uuid) = 16),
            fileType TEXT NOT NULL CHECK (fileType IN ('File', 'Folder')),
            parentId INTEGER REFERENCES file (id),
            path BLOB NOT NULL,
            reference INTEGER NOT NULL UNIQUE,
            origin BLOB,
            size INTEGER CHECK (size >= 0),
            modified INTEGER,
            sha256 BLOB CHECK (length(sha256) = 32),
            CHECK ((sha256 IS NULL) = (size IS NULL)),
            CHECK ((parentId IS NULL) = (instr(path, X'2F') = 0))
        ) STRICT;
        CREATE UNIQUE INDEX file_path ON file (consignmentId, path);
        CREATE INDEX file_parent ON file (parentId);

        CREATE TABLE fileMetadata (
            fileId INTEGER NOT NULL REFERENCES file (id),
            propertyName TEXT NOT NULL,
            value TEXT NOT NULL,
            modified INTEGER NOT NULL,
            PRIMARY KEY (fileId, propertyName)
        ) STRICT, WITHOUT ROWID;

        -- One row per file, one column per status type: unique by construction. `problem` is 1 when any is not good.
        CREATE TABLE fileStatus (
            fileId INTEGER PRIMARY KEY REFERENCES file (id),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            Upload TEXT,
            ClientChecks TEXT,
            ClientChecksum TEXT,
            ClientFilePath TEXT,
            Antivirus TEXT,
            ChecksumMatch TEXT,
            ServerChecksum TEXT,
            FFID TEXT,
            Redaction TEXT,
            serverSha256 BLOB CHECK (length(serverSha256) = 32),
            problem INTEGER NOT NULL CHECK (problem IN (0, 1))
        ) STRICT;
        CREATE INDEX fileStatus_problem ON fileStatus (consignmentId, fileId) WHERE problem = 1;

        -- Why a status is what it is, where the word alone does not tell.
        CREATE TABLE fileReason (
            fileId INTEGER NOT NULL REFERENCES file (id),
            statusType TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (fileId, statusType)
        ) STRICT, WITHOUT ROWID;

        -- A program and the data it judged by, kept once.
        CREATE TABLE engine (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('antivirus', 'format')),
            software TEXT NOT NULL,
            softwareVersion TEXT NOT NULL,
            databaseVersion TEXT NOT NULL,
            containerVersion TEXT NOT NULL,
            method TEXT NOT NULL,
            UNIQUE (kind, software, softwareVersion, databaseVersion, containerVersion, method)
        ) STRICT;

        -- AVMetadata of the original. `result` is empty when clean, the names found otherwise, null when not scanned.
        CREATE TABLE antivirusResult (
            fileId INTEGER NOT NULL REFERENCES file (id),
            engineId INTEGER NOT NULL REFERENCES engine (id),
            result TEXT,
            datetime INTEGER NOT NULL,
            PRIMARY KEY (fileId, engineId)
        ) STRICT, WITHOUT ROWID;

        -- FFIDMetadataMatches of the original; `position` counts the matches of one file from 0.
        CREATE TABLE formatMatch (
            fileId INTEGER NOT NULL REFERENCES file (id),
            position INTEGER NOT NULL,
            engineId INTEGER NOT NULL REFERENCES engine (id),
            extension TEXT,
            identificationBasis TEXT NOT NULL,
            puid TEXT,
            extensionMismatch INTEGER CHECK (extensionMismatch IN (0, 1)),
            formatName TEXT,
            mimeType TEXT,
            description TEXT,
            datetime INTEGER NOT NULL,
            PRIMARY KEY (fileId, position)
        ) STRICT, WITHOUT ROWID;

        -- One run of one command: who, when, what.
        CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            actor TEXT NOT NULL,
            command TEXT NOT NULL,
            version TEXT NOT NULL,
            started INTEGER NOT NULL
        ) STRICT;

        -- The history: only ever added to. `what` names the act; `old` and `new` are JSON objects or texts.
        CREATE TABLE event (
            id INTEGER PRIMARY KEY,
            runId INTEGER NOT NULL REFERENCES run (id),
            datetime INTEGER NOT NULL,
            consignmentId INTEGER REFERENCES consignment (id),
            fileId INTEGER REFERENCES file (id),
            what TEXT NOT NULL,
            old TEXT,
            new TEXT
        ) STRICT;
        CREATE INDEX event_consignment ON event (consignmentId, id) WHERE fileId IS NULL;
        CREATE INDEX event_file ON event (fileId) WHERE fileId IS NOT NULL;
        CREATE TRIGGER event_is_kept BEFORE DELETE ON event
            BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
        CREATE TRIGGER event_is_unchanged BEFORE UPDATE ON event
            BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

        -- How many files of a consignment have each value of each status, kept in the same transactions as the
        -- statuses, so that `status` does not count a million rows. '' counts files without that status; the type
        -- 'Size' holds bytes, 'Type' the files and folders.
        CREATE TABLE tally (
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            statusType TEXT NOT NULL,
            value TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (consignmentId, statusType, value)
        ) STRICT, WITHOUT ROWID;

        -- The file statuses as the original has them, a row each.
        CREATE VIEW fileStatusRow AS
            SELECT fileId, 'Upload' AS statusType, Upload AS statusValue FROM fileStatus WHERE Upload IS NOT NULL
            UNION ALL SELECT fileId, 'ClientChecks', ClientChecks FROM fileStatus WHERE ClientChecks IS NOT NULL
            UNION ALL SELECT fileId, 'ClientChecksum', ClientChecksum FROM fileStatus WHERE ClientChecksum IS NOT NULL
            UNION ALL SELECT fileId, 'ClientFilePath', ClientFilePath FROM fileStatus WHERE ClientFilePath IS NOT NULL
            UNION ALL SELECT fileId, 'Antivirus', Antivirus FROM fileStatus WHERE Antivirus IS NOT NULL
            UNION ALL SELECT fileId, 'ChecksumMatch', ChecksumMatch FROM fileStatus WHERE ChecksumMatch IS NOT NULL
            UNION ALL SELECT fileId, 'ServerChecksum', ServerChecksum FROM fileStatus WHERE ServerChecksum IS NOT NULL
            UNION ALL SELECT fileId, 'FFID', FFID FROM fileStatus WHERE FFID IS NOT NULL
            UNION ALL SELECT fileId, 'Redaction', Redaction FROM fileStatus WHERE Redaction IS NOT NULL;

        -- The properties of files as the original has them, a row each: own values, then the consignment's defaults.
        CREATE VIEW fileProperty AS
            SELECT fileId, propertyName, value FROM fileMetadata
            UNION ALL
            SELECT file.id, fileDefault.propertyName, fileDefault.value
                FROM file JOIN fileDefault ON fileDefault.consignmentId = file.consignmentId
                WHERE NOT EXISTS (SELECT 1 FROM fileMetadata AS own
                    WHERE own.fileId = file.id AND own.propertyName = fileDefault.propertyName)
            UNION ALL SELECT id, 'FileType', fileType FROM file
            UNION ALL SELECT id, 'ClientSideOriginalFilepath', CAST(path AS TEXT) FROM file
            UNION ALL SELECT id, 'ClientSideFileSize', CAST(size AS TEXT) FROM file WHERE size IS NOT NULL
            UNION ALL SELECT id, 'SHA256ClientSideChecksum', lower(hex(sha256)) FROM file WHERE sha256 IS NOT NULL
            UNION ALL SELECT id, 'ClientSideFileLastModifiedDate',
                strftime('%Y-%m-%d %H:%M:%fZ', modified / 1e9, 'unixepoch') FROM file WHERE modified IS NOT NULL
            UNION ALL SELECT fileId, 'SHA256ServerSideChecksum', lower(hex(serverSha256)) FROM fileStatus
                WHERE serverSha256 IS NOT NULL;
        """
}
