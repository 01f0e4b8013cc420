import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// So many failed tries are free; each further one makes the next wait twice as long, up to ``longestWait``.
    private static let freeTries = 5
    private static let longestWait: Int64 = 900_000
    /// Shorter passwords are refused.
    private static let shortestPassword = 10

    /// Adds a user, who has neither password nor token yet.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func addUser(_ new: NewUser, run: RunInfo) throws -> User {
        try new.check()
        let runID = try begin(run)
        let now = clock()
        return try write { db in
            if try db.userRow(new.login) != nil { throw PeopleError.loginTaken(new.login) }
            let body: Int64? = try new.body.map { name in
                guard
                    let row = try Int64.fetchOne(
                        db, sql: "SELECT id FROM body WHERE tdrCode = ?1 OR name = ?1", arguments: [name])
                else { throw PeopleError.unknownBody(name) }
                return row
            }
            try db.execute(
                sql: """
                    INSERT INTO user (uuid, login, name, email, bodyId, disabled, failures, created)
                    VALUES (?, ?, ?, ?, ?, 0, 0, ?)
                    """,
                arguments: [Data(RecordID.random().bytes), new.login, new.name, new.email, body, now.milliseconds])
            let row = db.lastInsertedRowID
            for role in new.roles.sorted(by: { $0.rawValue < $1.rawValue }) {
                try db.execute(
                    sql: "INSERT INTO userRole (userId, role) VALUES (?, ?)", arguments: [row, role.rawValue])
            }
            let roles = new.roles.map(\.rawValue).sorted().joined(separator: ",")
            try db.recordEvent(runID, at: now, consignment: nil, "UserAdded", new: "\(new.login) \(roles)")
            return try db.user(row: row)
        }
    }

    /// All users with their tokens, by login.
    public func users() throws -> [User] {
        try read { db in
            try Int64.fetchAll(db, sql: "SELECT id FROM user ORDER BY login").map { row in
                var user = try db.user(row: row)
                user.tokens = try db.tokens(ofUser: row)
                return user
            }
        }
    }

    /// Keeps a user out, or lets them in again. Their tokens open nothing meanwhile.
    ///
    /// - Throws: ``PeopleError/unknownLogin(_:)``, ``StoreError``.
    public func setDisabled(_ login: String, to isDisabled: Bool, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let row = try db.knownUser(login)
            try db.execute(sql: "UPDATE user SET disabled = ? WHERE id = ?", arguments: [isDisabled, row])
            if isDisabled { try db.execute(sql: "DELETE FROM session WHERE userId = ?", arguments: [row]) }
            try db.recordEvent(
                runID, at: now, consignment: nil, isDisabled ? "UserDisabled" : "UserEnabled", new: login)
        }
    }

    /// Gives a user a password and forgets their failed tries.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func setPassword(_ login: String, to password: String, run: RunInfo) throws {
        try Store.checkPassword(password, of: login)
        let hash = try PasswordHash(of: password)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let row = try db.knownUser(login)
            try db.execute(
                sql: "UPDATE user SET password = ?, failures = 0, lockedUntil = NULL WHERE id = ?",
                arguments: [hash.text, row])
            // Whoever knew the old one is out.
            try db.execute(sql: "DELETE FROM session WHERE userId = ?", arguments: [row])
            try db.recordEvent(runID, at: now, consignment: nil, "PasswordSet", new: login)
        }
    }

    /// - Throws: ``PeopleError/weakPassword(_:)``.
    package static func checkPassword(_ password: String, of login: String) throws {
        guard password.utf8.count >= Store.shortestPassword else {
            throw PeopleError.weakPassword("it has fewer than \(Store.shortestPassword) bytes")
        }
        guard password.utf8.count <= 1024 else { throw PeopleError.weakPassword("it has more than 1024 bytes") }
        guard password.lowercased() != login.lowercased(), Set(password).count > 3 else {
            throw PeopleError.weakPassword("it is too easy to guess")
        }
    }

    /// Tries to sign in with a password. Blocks for about a tenth of a second.
    ///
    /// Failed tries are counted in the store, so that starting anew does not forget them. A try made while one has to
    /// wait is not looked at.
    public func signIn(_ login: String, _ password: String, run: RunInfo) throws -> SignIn {
        let now = clock()
        let found = try read { db in
            try Row.fetchOne(
                db, sql: "SELECT id, password, disabled, failures, lockedUntil FROM user WHERE login = ?",
                arguments: [login])
        }
        guard let found, password.utf8.count <= 1024, let stored = try found.value("password") as String? else {
            try PasswordHash.spendATry(on: String(password.prefix(1024)))
            return .refused
        }
        let row: Int64 = try found.value("id")
        if let until = try found.value("lockedUntil") as Int64?, until > now.milliseconds {
            return .wait(seconds: Int((until - now.milliseconds + 999) / 1000))
        }
        let isRight = try PasswordHash(stored: stored).matches(password)
        if isRight, try !(found.value("disabled") as Bool) {
            if try found.value("failures") as Int64 > 0 {
                try write { db in
                    try db.execute(
                        sql: "UPDATE user SET failures = 0, lockedUntil = NULL WHERE id = ?", arguments: [row])
                }
            }
            return .known(try read { try $0.user(row: row) }.principal(scopes: Set(Scope.allCases)))
        }
        let runID = try begin(run)
        try write { db in
            // Counted from what the row says now: several tries may be under way.
            let failures = try Int.fetchOne(db, sql: "SELECT failures FROM user WHERE id = ?", arguments: [row]) ?? 0
            let beyond = failures + 1 - Store.freeTries
            let until = beyond < 0 ? nil : now.milliseconds + min(Store.longestWait, 1000 << min(beyond, 20))
            try db.execute(
                sql: "UPDATE user SET failures = failures + 1, lockedUntil = ? WHERE id = ?", arguments: [until, row])
            try db.recordEvent(runID, at: now, consignment: nil, "SignInFailed", new: login)
        }
        return .refused
    }
}

extension Database {
    func userRow(_ login: String) throws -> Int64? {
        try Int64.fetchOne(self, sql: "SELECT id FROM user WHERE login = ?", arguments: [login])
    }

    func knownUser(_ login: String) throws -> Int64 {
        guard let row = try userRow(login) else { throw PeopleError.unknownLogin(login) }
        return row
    }

    func user(row: Int64) throws -> User {
        let roles = try String.fetchAll(
            cachedStatement(sql: "SELECT role FROM userRole WHERE userId = ?"), arguments: [row])
        let user = try cachedStatement(
            sql: """
                SELECT user.uuid, login, user.name, email, tdrCode, password IS NOT NULL AS hasPassword, disabled, created
                FROM user LEFT JOIN body ON body.id = bodyId WHERE user.id = ?
                """
        ).first([row]) { found -> User? in
            guard let id = RecordID(bytes: Array(try found.value("uuid") as Data)) else { return nil }
            return User(
                row: row, id: id, login: try found.value("login"), name: try found.value("name"),
                email: try found.value("email"), bodyCode: try found.value("tdrCode"),
                // A role that a newer tdr knows gives nothing here.
                roles: Set(roles.compactMap(Role.init)), hasPassword: try found.value("hasPassword"),
                isDisabled: try found.value("disabled"), created: Timestamp(milliseconds: try found.value("created")))
        }
        guard let user, let user else { throw PeopleError.unknownLogin("row \(row)") }
        return user
    }
}
