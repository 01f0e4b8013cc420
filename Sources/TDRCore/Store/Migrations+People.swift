// Who comes in from outside, and what they bring.

extension Migrations {
    /// Who may use the API, and the tokens they were given. Of a token only the digest is kept.
    static let people = """
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
    static let deliveries = """
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

    /// Calls that made a consignment, by the client's own id for them: a call that is repeated, since its answer was
    /// lost, makes no second one.
    static let deliveryRequests = """
        CREATE TABLE deliveryRequest (
            owner BLOB NOT NULL CHECK (length(owner) = 16),
            request BLOB NOT NULL CHECK (length(request) = 16),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            PRIMARY KEY (owner, request)
        ) STRICT, WITHOUT ROWID;
        """

    /// Sign-ins to the pages. Of a session's secret only the digest is kept; rows go when it ends.
    static let sessions = """
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

    /// Large files are declared before their digest is known, so that they are sent while it is computed; `sha256` is 32
    /// zero bytes until then.
    static let digestsToCome = """
        ALTER TABLE declaredFile ADD COLUMN awaitsDigest INTEGER NOT NULL DEFAULT 0 CHECK (awaitsDigest IN (0, 1));
        """

    /// The OpenID provider whose user somebody is; absent for our own users.
    static let providers = "ALTER TABLE user ADD COLUMN issuer TEXT;"
}
