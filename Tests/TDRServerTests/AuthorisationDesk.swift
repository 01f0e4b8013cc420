import GraphQL
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// A person for each role, and consignments to which they stand in each relation.
struct AuthorisationDesk {
    /// How somebody stands to a consignment that they name.
    enum Standing: String, CaseIterable {
        case own, colleague, stranger, underReview, onBehalf, nowhere
    }

    /// A consignment by what a request says of it.
    struct Named {
        let id: RecordID
        let file: RecordID
        /// For whom somebody says that they act.
        let owner: RecordID?
        /// Nil for one that is not there.
        let facts: ConsignmentFacts?
    }

    let desk: ServerDesk
    let people: [Role: Principal]
    private let consignments: [Role: [Standing: Named]]

    init() throws {
        let desk = try ServerDesk()
        let store = desk.folder.appending("store")
        let colleague = try desk.principal("colleague", [.standardUser])
        let stranger = try desk.principal("stranger", [.standardUser], body: "TDR-MOCK2")
        func named(_ owner: Principal, isUnderReview: Bool = false, actingFor: RecordID? = nil) throws -> Named {
            let (made, files) = try desk.delivery(of: owner)
            if isUnderReview {
                try StoreRows.execute(
                    store, "INSERT INTO consignmentStatus VALUES (\(made.row), 'MetadataReview', 'InProgress', 0, 0)")
            }
            return Named(
                id: made.id, file: files[0], owner: actingFor, facts: try desk.store.facts(made.id.description))
        }
        let body = try named(colleague)
        let other = try named(stranger)
        let reviewed = try named(stranger, isUnderReview: true)
        let behalf = try named(stranger, actingFor: stranger.id)
        var people: [Role: Principal] = [:]
        var consignments: [Role: [Standing: Named]] = [:]
        for role in Role.allCases {
            let somebody = try desk.principal("role-\(role.rawValue.replacing("_", with: "-"))", [role])
            people[role] = somebody
            consignments[role] = [
                .own: try named(somebody), .colleague: body, .stranger: other, .underReview: reviewed,
                .onBehalf: behalf, .nowhere: Named(id: .random(), file: .random(), owner: nil, facts: nil),
            ]
        }
        self.desk = desk
        self.people = people
        self.consignments = consignments
    }

    func named(_ standing: Standing, _ role: Role) throws -> Named {
        try #require(consignments[role]?[standing])
    }

    /// Whether the table of ``Access`` lets `somebody` do `act` to the one that is named.
    static func allows(_ somebody: Principal, _ act: Act, _ named: Named) -> Bool {
        guard let facts = named.facts else { return false }
        return Access.allows(somebody, act, Access.relations(of: somebody, to: facts, actingFor: named.owner))
    }
}
