/// What can be wrong with users and tokens.
public enum PeopleError: Error, CustomStringConvertible {
    /// There is such a login.
    case loginTaken(String)
    /// There is no such login.
    case unknownLogin(String)
    /// A login that cannot be one.
    case badLogin(String)
    /// Text that cannot be a name or an address.
    case badName(what: String)
    /// No body has this code.
    case unknownBody(String)
    /// There is a body with this name or code.
    case bodyTaken(String)
    /// There is a series with this code.
    case seriesTaken(String)
    /// Somebody of a transferring body must belong to one.
    case bodyMissing(Role)
    /// A password that is too easy to guess.
    case weakPassword(String)
    /// No token of this user has this name.
    case unknownToken(String, login: String)
    /// A token of this user has this name.
    case tokenNameTaken(String, login: String)
    /// A moment that has passed.
    case expiresInThePast
    /// A provider's user who is nothing to the archive.
    case noRole(String)
    /// Somebody who is kept out.
    case keptOut(String)
    /// An account here that is not the provider's, with the login or the id of a provider's user.
    case notTheProviders(String)
    /// Without them nobody could look after the archive any more.
    case lastAdministrator(String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .loginTaken(let login): "there is a user '\(login)' already; `tdr user list` shows all"
        case .unknownLogin(let login): "there is no user '\(login)'; `tdr user list` shows all"
        case .badLogin(let login):
            "'\(login)' cannot be a login: use 1 to 64 letters, digits, '.', '_', '-', '@', beginning with a letter"
        case .badName(let what):
            "the \(what) is empty, too long, has a line break or begins or ends with a blank"
        case .unknownBody(let code):
            "no transferring body has the code or name '\(code)'; add the body first"
        case .bodyTaken(let name): "there is a body with the name or code of '\(name)' already"
        case .seriesTaken(let code): "there is a series '\(code)' already, of this body or another"
        case .bodyMissing(let role): "a \(role.rawValue) belongs to a transferring body; name it with --body"
        case .weakPassword(let why): "the password is refused: \(why)"
        case .unknownToken(let name, let login): "'\(login)' has no valid token '\(name)'; `tdr user list` shows them"
        case .tokenNameTaken(let name, let login):
            "'\(login)' has a valid token '\(name)' already; choose another name or revoke that one"
        case .expiresInThePast: "a token cannot expire in the past"
        case .noRole(let login):
            "the provider gives '\(login)' no role at this archive; ask whoever looks after it there"
        case .keptOut(let login): "the archive keeps '\(login)' out; ask its people why"
        case .notTheProviders(let login):
            "the account '\(login)' of this archive is not that of the provider's user; ask the archive's people"
        case .lastAdministrator(let login):
            "'\(login)' is the only administrator who may sign in; make another one first"
        }
    }
}
