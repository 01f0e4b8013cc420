import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// What every token begins with, so that scanners for leaked secrets can know it.
    private static let tokenPrefix = "tdr_"

    /// Makes a token for a user: its secret, which is told this once and kept as a digest only.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func makeToken(
        for login: String, name: String, scopes: Set<Scope>, expires: Timestamp?, run: RunInfo
    ) throws -> String {
        guard name.isOneLine(atMost: 64) else { throw PeopleError.badName(what: "token's name") }
        let now = clock()
        if let expires, expires <= now { throw PeopleError.expiresInThePast }
        var generator = SystemRandomNumberGenerator()
        let secret = Store.tokenPrefix + Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let runID = try begin(run)
        try write { db in
            let user = try db.knownUser(login)
            if try db.tokens(ofUser: user).contains(where: { $0.name == name && $0.isValid(at: now) }) {
                throw PeopleError.tokenNameTaken(name, login: login)
            }
            let words = scopes.map(\.rawValue).sorted().joined(separator: " ")
            try db.execute(
                sql: """
                    INSERT INTO token (userId, name, digest, scopes, created, expires) VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [user, name, Store.digest(of: secret), words, now.milliseconds, expires?.milliseconds])
            try db.recordEvent(runID, at: now, consignment: nil, "TokenMade", new: "\(login) '\(name)': \(words)")
        }
        return secret
    }

    /// Ends the valid tokens of a user that have this name, or all of them.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func revokeTokens(of login: String, name: String?, run: RunInfo) throws -> Int {
        let runID = try begin(run)
        let now = clock()
        return try write { db in
            let user = try db.knownUser(login)
            try db.execute(
                sql: """
                    UPDATE token SET revoked = ?1
                    WHERE userId = ?2 AND revoked IS NULL AND (?3 IS NULL OR name = ?3)
                    """, arguments: [now.milliseconds, user, name])
            let count = db.changesCount
            if count == 0, let name { throw PeopleError.unknownToken(name, login: login) }
            try db.recordEvent(
                runID, at: now, consignment: nil, "TokensRevoked", new: "\(login) \(name.map { "'\($0)'" } ?? "all")")
            return count
        }
    }

    /// Whose token this is, and what it is good for.
    ///
    /// The secret is looked up by its digest, so the time of the look-up tells nothing of it.
    public func principal(forToken secret: String) throws -> TokenVerdict {
        guard secret.hasPrefix(Store.tokenPrefix), secret.utf8.count == Store.tokenPrefix.utf8.count + 64 else {
            return .refused
        }
        let digest = Store.digest(of: secret)
        guard let grant = try remembered(.token(digest), { try $0.grant(digest) }) else { return .refused }
        if let expires = grant.expires, expires <= clock() { return .refused }
        return .known(grant.principal)
    }

    private static func digest(of secret: String) -> Data {
        var hasher = SHA256Hasher()
        hasher.update(Array(secret.utf8))
        return Data(hasher.finish().bytes)
    }
}

extension Scope {
    /// Scopes as the store keeps them, parted by blanks. One that a newer tdr knows gives nothing here.
    static func reading(_ words: String) -> Set<Scope> {
        Set(words.split(separator: " ").compactMap { Scope(rawValue: String($0)) })
    }
}

/// What a token that was not revoked gives, until it expires.
struct TokenGrant: Sendable {
    let principal: Principal
    let expires: Timestamp?
}

extension Database {
    /// nil when there is none, and when its user is disabled.
    func grant(_ digest: Data) throws -> TokenGrant? {
        guard
            let row = try Row.fetchOne(
                cachedStatement(sql: "SELECT userId, scopes, expires FROM token WHERE digest = ? AND revoked IS NULL"),
                arguments: [digest])
        else { return nil }
        let user = try user(row: try row.value("userId"))
        if user.isDisabled { return nil }
        return TokenGrant(
            principal: user.principal(scopes: Scope.reading(try row.value("scopes"))),
            expires: (try row.value("expires") as Int64?).map(Timestamp.init(milliseconds:)))
    }

    func tokens(ofUser row: Int64) throws -> [AccessToken] {
        try Row.fetchAll(self, sql: "SELECT * FROM token WHERE userId = ? ORDER BY id", arguments: [row])
            .map(AccessToken.init)
    }

    /// All tokens by the rows of their users.
    func tokens() throws -> [Int64: [AccessToken]] {
        var found: [Int64: [AccessToken]] = [:]
        let rows = try Row.fetchCursor(self, sql: "SELECT * FROM token ORDER BY id")
        while let row = try rows.next() { found[try row.value("userId"), default: []].append(try AccessToken(row)) }
        return found
    }
}

extension AccessToken {
    fileprivate init(_ row: Row) throws {
        self.init(
            name: try row.value("name"), scopes: Scope.reading(try row.value("scopes")),
            created: Timestamp(milliseconds: try row.value("created")),
            expires: (try row.value("expires") as Int64?).map(Timestamp.init(milliseconds:)),
            revoked: (try row.value("revoked") as Int64?).map(Timestamp.init(milliseconds:)))
    }
}

extension Store {
    /// Makes a token for somebody who has just signed in, for so many hours.
    public func makeSession(
        for principal: Principal, hours: Int64, run: RunInfo
    ) throws -> (secret: String, expires: Timestamp) {
        let now = clock()
        let expires = Timestamp(milliseconds: now.milliseconds + hours * 3_600_000)
        let id = RecordID.random().description.prefix(8)
        let secret = try makeToken(
            for: principal.login, name: "sign-in \(now) \(id)", scopes: principal.scopes, expires: expires, run: run)
        return (secret, expires)
    }

    /// Whether the database can be read and its disk written to.
    ///
    /// - Throws: what is wrong.
    public func proveHealth() throws {
        try read { _ = try Int.fetchOne($0, sql: "SELECT 1 FROM store") }
        let probe = directory.appending(".healthcheck")
        try writeDurably([UInt8(ascii: "1")], to: probe, mode: 0o600)
    }
}
