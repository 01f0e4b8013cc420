// Bags on their way out, and where they are.

extension Migrations {
    /// Exports that are on their way into S3: the upload, and its parts with their digests. Rows go when it is complete.
    static let s3 = """
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

    /// Where the bags of a consignment are, and what the last look at each gave. `sha256` is that of the archive, or of a
    /// folder's `tagmanifest-sha256.txt`. `looked` is the last try, `verified` the last that came to a result; a copy
    /// that was retired is not looked at any more. What is needed to reach an S3 server again stands beside its names.
    static let exports = """
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

    /// Where the objects are when they are not in the store's folder: one row, or none.
    static let objectPlace = """
        CREATE TABLE objectPlace (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            location TEXT NOT NULL,
            address TEXT,
            region TEXT NOT NULL,
            style TEXT,
            profile TEXT
        ) STRICT;
        """
}
