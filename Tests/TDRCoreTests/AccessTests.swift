import Testing

@testable import TDRCore

/// Who may do what, cell by cell: every act by every role in every relation.
@Suite struct AccessTests {
    private static let everything: Set<Relation> = [.own, .body, .other]

    /// What is allowed, written out by hand; all else is forbidden.
    private static let allowed: [Act: [Role: Set<Relation>]] = [
        .seeSeries: [.standardUser: [.own], .judgmentUser: [.own], .administrator: everything],
        .createStandard: [.standardUser: [.none], .dataLoad: [.none]],
        .createJudgment: [.judgmentUser: [.none]],
        .listConsignments: [.reporting: [.none], .administrator: [.none]],
        .listReviews: [
            .archiveUser: [.none], .metadataViewer: [.none], .transferAdviser: [.none], .administrator: [.none],
        ],
        .readConsignment: [
            .standardUser: [.own], .judgmentUser: [.own], .archiveUser: [.underReview],
            .metadataViewer: [.underReview], .transferAdviser: [.underReview], .antivirus: everything,
            .checksum: everything, .fileFormat: everything, .export: everything, .updateMetadata: everything,
            .dataLoad: everything, .notifyExport: everything, .reporting: everything, .administrator: everything,
        ],
        .chooseSeries: [.standardUser: [.own], .dataLoad: [.own], .administrator: [.own]],
        .upload: [
            .standardUser: [.own], .judgmentUser: [.own], .dataLoad: [.own, .onBehalf], .administrator: [.own],
        ],
        .setOwnStatus: [
            .standardUser: [.own], .judgmentUser: [.own], .dataLoad: [.own, .onBehalf], .administrator: [.own],
        ],
        .setCheckStatus: [.antivirus: everything, .checksum: everything, .fileFormat: everything],
        .setReviewStatus: [.transferAdviser: [.underReview]],
        .setExportStatus: [.export: everything],
        .writeFileMetadata: [.standardUser: [.own], .updateMetadata: everything, .administrator: everything],
        .writeConsignmentMetadata: [.standardUser: [.own], .judgmentUser: [.own], .administrator: everything],
        .startChecks: [
            .standardUser: [.own], .judgmentUser: [.own], .dataLoad: [.own], .administrator: everything,
        ],
        .confirmTransfer: [.standardUser: [.own], .judgmentUser: [.own], .administrator: [.own]],
        .startExport: [
            .standardUser: [.own], .judgmentUser: [.own], .export: everything, .administrator: everything,
        ],
        .fetchBag: [
            .standardUser: [.own], .judgmentUser: [.own], .export: everything, .administrator: everything,
        ],
        .readHistory: [
            .standardUser: [.own], .judgmentUser: [.own], .reporting: everything, .administrator: everything,
        ],
        .withdraw: [.standardUser: [.own], .judgmentUser: [.own], .administrator: everything],
        .seeMetrics: [.reporting: [.none], .administrator: [.none]],
        .administer: [.administrator: [.none]],
    ]

    private static func principal(_ roles: Set<Role>, scopes: Set<Scope> = Set(Scope.allCases)) -> Principal {
        Principal(
            id: .random(), login: "somebody", name: "Some Body", email: "some@example.org", bodyCode: "TDR-MOCK1",
            roles: roles, scopes: scopes)
    }

    @Test("allows what the table names and nothing else", arguments: Act.allCases, Role.allCases)
    func cells(_ act: Act, _ role: Role) {
        let somebody = AccessTests.principal([role])
        for relation in Relation.allCases {
            let isAllowed = AccessTests.allowed[act]?[role]?.contains(relation) ?? false
            #expect(Access.allows(somebody, act, [relation]) == isAllowed, "\(role) \(act) \(relation)")
        }
    }

    @Test("forbids everything to who has no role, and every act to a token without its scope")
    func nobody() {
        for act in Act.allCases {
            #expect(!Access.allows(AccessTests.principal([]), act, Set(Relation.allCases)))
            let scopes = Set(Scope.allCases).subtracting([act.scope])
            #expect(
                !Access.allows(AccessTests.principal(Set(Role.allCases), scopes: scopes), act, Set(Relation.allCases)))
            #expect(
                Access.allows(
                    AccessTests.principal(Set(Role.allCases), scopes: [act.scope]), act, Set(Relation.allCases)))
        }
    }

    @Test("lets nobody but the engine's role write what a check found, not even the owner or the administrator")
    func results() {
        for role in Role.allCases where ![.antivirus, .checksum, .fileFormat].contains(role) {
            #expect(!Access.allows(AccessTests.principal([role]), .setCheckStatus, Set(Relation.allCases)))
        }
    }
}
