import FoundationEssentials
import GRDB

extension Store {
    /// Signs in somebody whom an OpenID provider has proved: an account of their own, made with the first time, that
    /// follows what the provider says of them. Only what is an administrator is said here, and stays.
    ///
    /// An account that is not the provider's is never taken over, whatever login or id the provider names.
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func signIn(_ claimed: Principal, from issuer: String, run: RunInfo) throws -> Principal {
        let roles = claimed.roles.subtracting([.administrator])
        let new = NewUser(
            login: claimed.login, name: claimed.name, email: claimed.email, body: claimed.bodyCode, roles: roles)
        try new.check()
        let runID = try begin(run)
        let now = clock()
        let user = try write { db -> User in
            let known = try Row.fetchOne(
                db, sql: "SELECT id, issuer, login, name, email FROM user WHERE uuid = ?",
                arguments: [Data(claimed.id.bytes)])
            let holder = try db.userRow(claimed.login)
            guard let known else {
                if holder != nil { throw PeopleError.notTheProviders(claimed.login) }
                if roles.isEmpty { throw PeopleError.noRole(claimed.login) }
                return try db.user(row: try db.insert(new, id: claimed.id, issuer: issuer, run: runID, at: now))
            }
            let row: Int64 = try known.value("id")
            guard try known.value("issuer") as String? == issuer, holder == nil || holder == row else {
                throw PeopleError.notTheProviders(claimed.login)
            }
            let old = try db.user(row: row)
            if old.isDisabled { throw PeopleError.keptOut(old.login) }
            let all = roles.union(old.roles.intersection([.administrator]))
            if all.isEmpty { throw PeopleError.noRole(claimed.login) }
            if (old.login, old.name, old.email) != (new.login, new.name, new.email) {
                try db.execute(
                    sql: "UPDATE user SET login = ?, name = ?, email = ? WHERE id = ?",
                    arguments: [new.login, new.name, new.email, row])
                try db.recordEvent(
                    runID, at: now, consignment: nil, "UserChanged", old: "\(old.login) \(old.name) <\(old.email)>",
                    new: "\(new.login) \(new.name) <\(new.email)>")
            }
            try db.setBody(try new.body.map { try db.bodyRow($0) }, ofUser: row, new.login, run: runID, at: now)
            try db.setRoles(all, ofUser: row, new.login, run: runID, at: now)
            return try db.user(row: row)
        }
        return user.principal(scopes: Set(Scope.allCases))
    }

    /// Whether somebody whom a token of a provider proves may act here: not with an account, or a login, that is not the
    /// provider's, and not when the account was disabled here. Who has no account needs none.
    ///
    /// - Throws: ``PeopleError``, ``StoreError``.
    public func admit(_ claimed: Principal, from issuer: String) throws {
        try read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT id, uuid, issuer FROM user WHERE uuid = ? OR login = ?",
                arguments: [Data(claimed.id.bytes), claimed.login])
            for row in rows {
                let isOwn = try row.value("uuid") as Data == Data(claimed.id.bytes)
                guard isOwn, try row.value("issuer") as String? == issuer else {
                    throw PeopleError.notTheProviders(claimed.login)
                }
                if try db.user(row: row.value("id")).isDisabled { throw PeopleError.keptOut(claimed.login) }
            }
        }
    }

    /// Writes down that somebody whom a provider sent was not let in.
    public func recordRefusedSignIn(_ why: String, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in try db.recordEvent(runID, at: now, consignment: nil, "SignInFailed", new: why) }
    }
}
