// What is said of records and told to others: history, metadata, notices.

extension Migrations {
    /// The history of one consignment in order, with what happened to its files: some ten bytes an event.
    static let history = "CREATE INDEX event_history ON event (consignmentId);"

    /// Reviews of metadata, and how the originals of redacted files are known.
    static let metadata = """
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

    /// What others are told of, until they have it. `channel` is a kind of receiver; it gets what came since it was
    /// first used.
    static let notices = """
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
}
