import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// So many failed tries are free; each further one makes the next wait twice as long, up to ``longestWait``.
    private static let freeTries = 5
    private static let longestWait: Int64 = 900_000

    /// Until when the next try has to wait, when one fails at `now` after so many others.
    static func lockedUntil(after failures: Int, at now: Timestamp) -> Int64? {
        let beyond = failures + 1 - freeTries
        return beyond < 0 ? nil : now.milliseconds + min(longestWait, 1000 << min(beyond, 20))
    }
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
            let row = try db.insert(new, id: .random(), issuer: nil, run: runID, at: now)
            return try db.user(row: row)
        }
    }

    /// All users with their tokens, by login.
    public func users() throws -> [User] {
        try read { db in
            var roles: [Int64: [String]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT userId, role FROM userRole") {
                roles[try row.value(0), default: []].append(try row.value(1))
            }
            let tokens = try db.tokens()
            return try Row.fetchAll(db, sql: "\(User.selection) ORDER BY login").map { found in
                let row: Int64 = try found.value("id")
                guard var user = try User(found, roles: roles[row] ?? []) else {
                    throw PeopleError.unknownLogin("row \(row)")
                }
                user.tokens = tokens[row] ?? []
                return user
            }
        }
    }

    /// How many users there are.
    public func countOfUsers() throws -> Int {
        try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM user") ?? 0 }
    }

    /// The user with this login and their tokens; nil when there is none.
    public func user(_ login: String) throws -> User? {
        try read { db in
            guard let row = try db.userRow(login) else { return nil }
            var user = try db.user(row: row)
            user.tokens = try db.tokens(ofUser: row)
            return user
        }
    }

    /// Changes what somebody is and which body they belong to, for whatever they ask for from now on.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func setRoles(_ login: String, to roles: Set<Role>, body: String?, run: RunInfo) throws {
        try NewUser.check(roles, body: body)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let row = try db.knownUser(login)
            if try !roles.contains(.administrator) && !db.hasAdministrator(but: row) && db.isAdministrator(row) {
                throw PeopleError.lastAdministrator(login)
            }
            try db.setBody(try body.map { try db.bodyRow($0) }, ofUser: row, login, run: runID, at: now)
            try db.setRoles(roles, ofUser: row, login, run: runID, at: now)
        }
    }

    /// Forgets the failed tries to sign in as somebody, so that they need not wait.
    ///
    /// - Throws: ``PeopleError/unknownLogin(_:)``, ``StoreError``.
    public func forgetFailedTries(_ login: String, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let row = try db.knownUser(login)
            try db.execute(sql: "UPDATE user SET failures = 0, lockedUntil = NULL WHERE id = ?", arguments: [row])
            try db.recordEvent(runID, at: now, consignment: nil, "FailedTriesForgotten", new: login)
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
        let stored = try found.flatMap { try $0.value("password") as String? }
        let until = try stored == nil ? strangers.until(login) : found?.value("lockedUntil")
        if let until, until > now.milliseconds {
            return .wait(seconds: Int((until - now.milliseconds + 999) / 1000))
        }
        guard let found, password.utf8.count <= 1024, let stored else {
            try PasswordHash.spendATry(on: String(password.prefix(1024)))
            if stored == nil { strangers.add(login, at: now) }
            return .refused
        }
        let row: Int64 = try found.value("id")
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
            let until = Store.lockedUntil(after: failures, at: now)
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
        let user = try cachedStatement(sql: "\(User.selection) WHERE user.id = ?").first([row]) { found in
            try User(found, roles: roles)
        }
        guard let user, let user else { throw PeopleError.unknownLogin("row \(row)") }
        return user
    }
}

extension User {
    /// What ``init(_:roles:)`` reads of one user after the other.
    fileprivate static let selection = """
        SELECT user.id, user.uuid, login, user.name, email, tdrCode, password IS NOT NULL AS hasPassword, disabled,
            created, issuer, failures, lockedUntil
        FROM user LEFT JOIN body ON body.id = bodyId
        """

    fileprivate init?(_ found: Row, roles: [String]) throws {
        guard let id = RecordID(bytes: Array(try found.value("uuid") as Data)) else { return nil }
        self.init(
            row: try found.value("id"), id: id, login: try found.value("login"), name: try found.value("name"),
            email: try found.value("email"), bodyCode: try found.value("tdrCode"),
            // A role that a newer tdr knows gives nothing here.
            roles: Set(roles.compactMap(Role.init)), hasPassword: try found.value("hasPassword"),
            isDisabled: try found.value("disabled"), issuer: try found.value("issuer"),
            failedTries: try found.value("failures"),
            lockedUntil: (try found.value("lockedUntil") as Int64?).map(Timestamp.init(milliseconds:)),
            created: Timestamp(milliseconds: try found.value("created")))
    }
}

// MARK: Changes

extension Database {
    /// The row of the body with this code or name.
    func bodyRow(_ name: String) throws -> Int64 {
        guard
            let row = try Int64.fetchOne(
                self, sql: "SELECT id FROM body WHERE tdrCode = ?1 OR name = ?1", arguments: [name])
        else { throw PeopleError.unknownBody(name) }
        return row
    }

    /// Adds a user; the row.
    func insert(_ new: NewUser, id: RecordID, issuer: String?, run: RunID, at time: Timestamp) throws -> Int64 {
        if try userRow(new.login) != nil { throw PeopleError.loginTaken(new.login) }
        try execute(
            sql: """
                INSERT INTO user (uuid, login, name, email, bodyId, disabled, failures, created, issuer)
                VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?)
                """,
            arguments: [
                Data(id.bytes), new.login, new.name, new.email, try new.body.map { try bodyRow($0) },
                time.milliseconds, issuer,
            ])
        let row = lastInsertedRowID
        try replaceRoles(ofUser: row, by: new.roles)
        try recordEvent(run, at: time, consignment: nil, "UserAdded", new: "\(new.login) \(Database.words(new.roles))")
        return row
    }

    /// Gives a user roles, with an entry in the history when that changes any.
    func setRoles(_ roles: Set<Role>, ofUser row: Int64, _ login: String, run: RunID, at time: Timestamp) throws {
        let old = try user(row: row).roles
        if old == roles { return }
        try replaceRoles(ofUser: row, by: roles)
        try recordEvent(
            run, at: time, consignment: nil, "RolesChanged", old: "\(login) \(Database.words(old))",
            new: "\(login) \(Database.words(roles))")
    }

    private func replaceRoles(ofUser row: Int64, by roles: Set<Role>) throws {
        try execute(sql: "DELETE FROM userRole WHERE userId = ?", arguments: [row])
        for role in roles.sorted(by: { $0.rawValue < $1.rawValue }) {
            try execute(sql: "INSERT INTO userRole (userId, role) VALUES (?, ?)", arguments: [row, role.rawValue])
        }
    }

    private static func words(_ roles: Set<Role>) -> String { roles.map(\.rawValue).sorted().joined(separator: ",") }

    /// Puts a user into a body, or into none, with an entry in the history when that is a change.
    func setBody(_ body: Int64?, ofUser row: Int64, _ login: String, run: RunID, at time: Timestamp) throws {
        let old = try user(row: row).bodyCode
        try execute(sql: "UPDATE user SET bodyId = ? WHERE id = ?", arguments: [body, row])
        let new = try user(row: row).bodyCode
        if old == new { return }
        try recordEvent(
            run, at: time, consignment: nil, "BodyChanged", old: "\(login) \(old ?? "none")",
            new: "\(login) \(new ?? "none")")
    }

    fileprivate func isAdministrator(_ row: Int64) throws -> Bool { try user(row: row).roles.contains(.administrator) }

    /// Whether somebody else may sign in as an administrator.
    fileprivate func hasAdministrator(but row: Int64) throws -> Bool {
        try Int.fetchOne(
            self,
            sql: """
                SELECT 1 FROM userRole JOIN user ON user.id = userId
                WHERE role = ? AND userId <> ? AND disabled = 0 LIMIT 1
                """, arguments: [Role.administrator.rawValue, row]) != nil
    }
}
