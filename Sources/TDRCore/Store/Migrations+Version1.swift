// The tables of the first version: consignments, their files, what is known of them, and the history.

extension Migrations {
    static let version1 = """
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
