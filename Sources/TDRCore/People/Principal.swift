/// Somebody or some program whose identity has been proved, with all that is needed to decide what they may do.
public struct Principal: Sendable {
    /// The id that consignments name as their owner's.
    public let id: RecordID
    /// The account's name, for the history.
    public let login: String
    /// First and last name, for the bag's Contact-Name.
    public let name: String
    /// For the bag's Contact-Email.
    public let email: String
    /// The code of the one body they belong to; nil for the archive's own people and programs.
    public let bodyCode: String?
    /// What they are.
    public let roles: Set<Role>
    /// What the token they came with is good for.
    public let scopes: Set<Scope>

    /// A principal with all that is known of them.
    public init(
        id: RecordID, login: String, name: String, email: String, bodyCode: String?, roles: Set<Role>,
        scopes: Set<Scope> = Set(Scope.allCases)
    ) {
        self.id = id
        self.login = login
        self.name = name
        self.email = email
        self.bodyCode = bodyCode
        self.roles = roles
        self.scopes = scopes
    }

    /// Who transfers, as a consignment records it.
    var person: Person { Person(login: login, name: name, email: email) }
}
