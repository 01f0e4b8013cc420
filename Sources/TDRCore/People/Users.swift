/// Somebody who may use the API.
public struct User: Sendable, Identifiable {
    let row: Int64
    /// The id that consignments name as their owner's.
    public let id: RecordID
    /// The account's name.
    public let login: String
    /// First and last name.
    public let name: String
    /// E-mail address.
    public let email: String
    /// The code of their transferring body.
    public let bodyCode: String?
    /// What they are.
    public let roles: Set<Role>
    /// Whether they have a password.
    public let hasPassword: Bool
    /// Whether they are kept out.
    public let isDisabled: Bool
    /// The OpenID provider whose user they are; nil for one of our own.
    public let issuer: String?
    /// Tries to sign in that have failed since the last that did not.
    public let failedTries: Int
    /// Until when no further try is looked at.
    public let lockedUntil: Timestamp?
    /// When they were added.
    public let created: Timestamp
    /// The tokens that were made for them, oldest first.
    public internal(set) var tokens: [AccessToken] = []

    func principal(scopes: Set<Scope>) -> Principal {
        Principal(
            id: id, login: login, name: name, email: email, bodyCode: bodyCode, roles: roles, scopes: scopes)
    }
}

extension User {
    /// One as a server tells of them: not for use with a store.
    package init(
        id: RecordID, login: String, name: String, email: String, bodyCode: String?, roles: Set<Role>,
        hasPassword: Bool, isDisabled: Bool, created: Timestamp, tokens: [AccessToken]
    ) {
        self.init(
            row: -1, id: id, login: login, name: name, email: email, bodyCode: bodyCode, roles: roles,
            hasPassword: hasPassword, isDisabled: isDisabled, issuer: nil, failedTries: 0, lockedUntil: nil,
            created: created, tokens: tokens)
    }
}

/// A token as far as it is known: never its secret.
public struct AccessToken: Sendable {
    /// What its owner calls it.
    public let name: String
    /// What it is good for, at most.
    public let scopes: Set<Scope>
    /// When it was made.
    public let created: Timestamp
    /// When it ends; nil for one that does not.
    public let expires: Timestamp?
    /// When it was revoked.
    public let revoked: Timestamp?

    /// One as far as it is known.
    package init(name: String, scopes: Set<Scope>, created: Timestamp, expires: Timestamp?, revoked: Timestamp?) {
        self.name = name
        self.scopes = scopes
        self.created = created
        self.expires = expires
        self.revoked = revoked
    }

    /// Whether it opens anything at `now`.
    public func isValid(at now: Timestamp) -> Bool { revoked == nil && expires.map { now < $0 } ?? true }
}

/// Who is to be added.
public struct NewUser: Sendable {
    /// The account's name.
    public var login: String
    /// First and last name.
    public var name: String
    /// E-mail address.
    public var email: String
    /// The code or the name of their transferring body.
    public var body: String?
    /// What they are.
    public var roles: Set<Role>

    /// A user with all that is needed.
    public init(login: String, name: String, email: String, body: String?, roles: Set<Role>) {
        self.login = login
        self.name = name
        self.email = email
        self.body = body
        self.roles = roles
    }

    /// - Throws: ``PeopleError``.
    func check() throws {
        let utf8 = Array(login.utf8)
        let isLetter = { (byte: UInt8) in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
        let isGood =
            (1...64).contains(utf8.count) && isLetter(utf8[0])
            && utf8.allSatisfy {
                isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || ".-_@".utf8.contains($0)
            }
        guard isGood else { throw PeopleError.badLogin(login) }
        for (what, text) in [("name", name), ("e-mail address", email)] where !text.isOneLine(atMost: 256) {
            throw PeopleError.badName(what: what)
        }
        guard email.contains("@") else { throw PeopleError.badName(what: "e-mail address") }
        try NewUser.check(roles, body: body)
    }

    /// - Throws: ``PeopleError/bodyMissing(_:)``.
    static func check(_ roles: Set<Role>, body: String?) throws {
        let needBody: [Role] = [.standardUser, .judgmentUser]
        if body == nil, let role = needBody.first(where: roles.contains) { throw PeopleError.bodyMissing(role) }
    }
}

/// What came of a try to sign in.
public enum SignIn: Sendable {
    /// It is them.
    case known(Principal)
    /// The login or the password is wrong, or the account is disabled: which, nobody is told.
    case refused
    /// Too many tries have failed; the next one counts after so many seconds.
    case wait(seconds: Int)
}

/// What a presented token is.
public enum TokenVerdict: Sendable {
    /// It opens what its owner and its scopes may open.
    case known(Principal)
    /// It is unknown, expired or revoked, or its owner is disabled: which, nobody is told.
    case refused
}
