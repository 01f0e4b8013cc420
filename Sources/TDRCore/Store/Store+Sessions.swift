import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// A session ends so long after it began, and sooner when nothing is asked for.
    private static let longestSession: Int64 = 12 * 3_600_000
    private static let idleSession: Int64 = 2 * 3_600_000
    /// The time of use is written down no more often.
    private static let useResolution: Int64 = 60_000

    /// Begins a session of somebody who has just signed in: its secret, which only their browser keeps.
    ///
    /// - Parameters:
    ///   - agent: The browser, in its own words.
    ///   - peer: Where it came from.
    public func beginSession(for principal: Principal, agent: String, peer: String, run: RunInfo) throws -> String {
        let secret = Store.freshSecret()
        let now = clock()
        let runID = try begin(run)
        try write { db in
            let user = try db.knownUser(principal.login)
            try db.execute(
                sql: "DELETE FROM session WHERE expires <= ?1 OR used <= ?2",
                arguments: [now.milliseconds, now.milliseconds - Store.idleSession])
            try db.execute(
                sql: """
                    INSERT INTO session (userId, digest, created, used, expires, agent, peer)
                    VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)
                    """,
                arguments: [
                    user, Store.secretDigest(of: secret), now.milliseconds, now.milliseconds + Store.longestSession,
                    String(agent.prefix(200)), peer,
                ])
            try db.recordEvent(runID, at: now, consignment: nil, "SignedIn", new: principal.login)
        }
        return secret
    }

    /// Whose session this is; nil when there is none, it has ended, or its owner is disabled.
    ///
    /// - Parameter isUse: Whether somebody uses it now, so that it does not end for want of use.
    public func session(_ secret: String, isUse: Bool = true) throws -> OpenSession? {
        let now = clock()
        let found: OpenSession? = try read { db in
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(
                        sql: "SELECT session.*, login FROM session JOIN user ON user.id = userId WHERE digest = ?"),
                    arguments: [Store.secretDigest(of: secret)])
            else { return nil }
            let session = try Session(row)
            guard now < session.expires, now.milliseconds < session.used.milliseconds + Store.idleSession else {
                return nil
            }
            let user = try db.user(row: try row.value("userId"))
            if user.isDisabled { return nil }
            return OpenSession(session: session, principal: user.principal(scopes: Set(Scope.allCases)))
        }
        guard let found else { return nil }
        if isUse, now.milliseconds > found.session.used.milliseconds + Store.useResolution {
            try write { db in
                try db.execute(
                    sql: "UPDATE session SET used = ? WHERE id = ?", arguments: [now.milliseconds, found.session.id])
            }
        }
        return found
    }

    /// The sessions of a user that have not ended, newest first.
    public func sessions(of login: String) throws -> [Session] {
        let now = clock()
        return try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT session.*, login FROM session JOIN user ON user.id = userId
                    WHERE login = ? AND expires > ? AND used > ? ORDER BY session.id DESC
                    """, arguments: [login, now.milliseconds, now.milliseconds - Store.idleSession]
            ).map(Session.init)
        }
    }

    /// Ends one session of a user, or all but one.
    ///
    /// - Parameters:
    ///   - id: Which; nil for all.
    ///   - kept: One that goes on.
    public func endSessions(of login: String, _ id: Int64?, but kept: Int64?, run: RunInfo) throws {
        let now = clock()
        let runID = try begin(run)
        try write { db in
            let user = try db.knownUser(login)
            try db.execute(
                sql: "DELETE FROM session WHERE userId = ?1 AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR id <> ?3)",
                arguments: [user, id, kept])
            if db.changesCount > 0 {
                try db.recordEvent(runID, at: now, consignment: nil, "SignedOut", new: "\(login) \(db.changesCount)")
            }
        }
    }

    /// Makes the first user, an administrator, as long as there is nobody at all.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func addFirstAdministrator(_ new: NewUser, password: String, run: RunInfo) throws -> User {
        guard try isWithoutUsers() else { throw PeopleError.loginTaken(new.login) }
        var new = new
        new.roles = [.administrator]
        // A password that is refused must not leave a user without one.
        try Store.checkPassword(password, of: new.login)
        let user = try addUser(new, run: run)
        try setPassword(new.login, to: password, run: run)
        return user
    }

    /// Whether nobody has been added yet.
    public func isWithoutUsers() throws -> Bool {
        try read { try Int.fetchOne($0, sql: "SELECT 1 FROM user LIMIT 1") == nil }
    }

    /// 256 bits that nobody can guess, hexadecimal.
    public static func freshSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    private static func secretDigest(of secret: String) -> Data {
        var hasher = SHA256Hasher()
        hasher.update(Array("session ".utf8) + Array(secret.utf8))
        return Data(hasher.finish().bytes)
    }
}

extension Session {
    /// From a row of `session` with `login`.
    fileprivate init(_ row: Row) throws {
        id = try row.value("id")
        login = try row.value("login")
        created = Timestamp(milliseconds: try row.value("created"))
        used = Timestamp(milliseconds: try row.value("used"))
        expires = Timestamp(milliseconds: try row.value("expires"))
        agent = try row.value("agent")
        peer = try row.value("peer")
    }
}
