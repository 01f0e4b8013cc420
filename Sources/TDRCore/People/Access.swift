import Streams

/// Something that can be asked of the archive through its API.
public enum Act: String, Sendable, CaseIterable {
    /// See the series of a body.
    case seeSeries
    /// Begin a standard transfer.
    case createStandard
    /// Begin the transfer of a judgment.
    case createJudgment
    /// List all consignments.
    case listConsignments
    /// List the consignments whose metadata is or was under review.
    case listReviews
    /// See a consignment, its files, its progress.
    case readConsignment
    /// Have the bag of a consignment.
    case fetchBag
    /// See who did what to a consignment.
    case readHistory
    /// Take files out of a consignment, or end it.
    case withdraw
    /// Choose the series of a consignment.
    case chooseSeries
    /// Begin an upload, declare files, send bytes.
    case upload
    /// Say how a step went that is the transferring person's own.
    case setOwnStatus
    /// Say how a check went.
    case setCheckStatus
    /// Say how a review went.
    case setReviewStatus
    /// Say how an export went, and where it went.
    case setExportStatus
    /// Write metadata of files.
    case writeFileMetadata
    /// Write metadata of the consignment, and agree to the terms.
    case writeConsignmentMetadata
    /// Start checks.
    case startChecks
    /// Confirm that custody passes.
    case confirmTransfer
    /// Start an export.
    case startExport
    /// See how the server is.
    case seeMetrics
    /// Look after users, bodies and series, the quarantine and the notices.
    case administer

    /// The scope that a token needs for it.
    public var scope: Scope {
        switch self {
        case .seeSeries, .listConsignments, .listReviews, .readConsignment, .fetchBag, .readHistory: .read
        case .createStandard, .createJudgment, .chooseSeries, .upload, .setOwnStatus, .writeFileMetadata,
            .writeConsignmentMetadata, .confirmTransfer, .withdraw:
            .transfer
        case .startChecks: .check
        case .startExport: .export
        case .setReviewStatus: .review
        case .setCheckStatus, .setExportStatus: .service
        case .seeMetrics, .administer: .admin
        }
    }
}

/// How somebody stands to what they ask for.
public enum Relation: String, Sendable, CaseIterable {
    /// It is theirs: they made the consignment, or it is their own body.
    case own
    /// It is another person's of their body.
    case body
    /// It is another body's.
    case other
    /// It belongs to the person for whom a program says that it acts.
    case onBehalf
    /// It is anybody's, and has been given to the archive for review.
    case underReview
    /// It is about nothing that belongs to anybody.
    case none
}

/// Who may do what: one table, which every resolver and every route asks.
///
/// Nobody shares a consignment with colleagues: only the one who made it transfers it. What is not in the table is
/// forbidden.
public enum Access {
    private static let everything: Set<Relation> = [.own, .body, .other]

    /// The relations for which a role may do an act.
    static func relations(_ role: Role, _ act: Act) -> Set<Relation> {
        switch (act, role) {
        case (_, .administrator):
            switch act {
            // Even who runs the store does not say how checks went: the engine does.
            case .setCheckStatus, .setReviewStatus, .setExportStatus, .createJudgment, .createStandard: []
            case .listConsignments, .listReviews, .seeMetrics, .administer: [.none]
            case .upload, .chooseSeries, .setOwnStatus, .confirmTransfer: [.own]
            default: everything
            }

        case (.seeSeries, .standardUser), (.seeSeries, .judgmentUser): [.own]
        case (.createStandard, .standardUser): [.none]
        case (.createJudgment, .judgmentUser): [.none]
        case (.createStandard, .dataLoad): [.none]
        case (.listConsignments, .reporting): [.none]
        case (.seeMetrics, .reporting): [.none]
        case (.listReviews, .archiveUser), (.listReviews, .metadataViewer), (.listReviews, .transferAdviser): [.none]

        case (.readConsignment, .standardUser), (.readConsignment, .judgmentUser): [.own]
        case (.readConsignment, .archiveUser), (.readConsignment, .metadataViewer),
            (.readConsignment, .transferAdviser):
            [.underReview]
        case (.readConsignment, .export), (.readConsignment, .updateMetadata), (.readConsignment, .dataLoad),
            (.readConsignment, .notifyExport), (.readConsignment, .reporting), (.readConsignment, .antivirus),
            (.readConsignment, .checksum), (.readConsignment, .fileFormat):
            everything

        // Who may see what a transfer is may not for that have its records.
        case (.fetchBag, .standardUser), (.fetchBag, .judgmentUser): [.own]
        case (.fetchBag, .export): everything
        case (.readHistory, .standardUser), (.readHistory, .judgmentUser): [.own]
        case (.readHistory, .reporting): everything

        // A judgment has no series.
        case (.chooseSeries, .standardUser): [.own]
        case (.chooseSeries, .dataLoad): [.own]
        case (.upload, .standardUser), (.upload, .judgmentUser): [.own]
        case (.setOwnStatus, .standardUser), (.setOwnStatus, .judgmentUser): [.own]
        // The program acts for people who have begun the transfer themselves, and names them.
        case (.upload, .dataLoad), (.setOwnStatus, .dataLoad): [.own, .onBehalf]
        case (.withdraw, .standardUser), (.withdraw, .judgmentUser): [.own]
        case (.writeFileMetadata, .standardUser): [.own]
        case (.writeFileMetadata, .updateMetadata): everything
        case (.writeConsignmentMetadata, .standardUser), (.writeConsignmentMetadata, .judgmentUser): [.own]
        case (.startChecks, .standardUser), (.startChecks, .judgmentUser), (.startChecks, .dataLoad): [.own]
        case (.confirmTransfer, .standardUser), (.confirmTransfer, .judgmentUser): [.own]
        case (.startExport, .standardUser), (.startExport, .judgmentUser): [.own]
        case (.startExport, .export): everything

        case (.setCheckStatus, .antivirus), (.setCheckStatus, .checksum), (.setCheckStatus, .fileFormat): everything
        case (.setReviewStatus, .transferAdviser): [.underReview]
        case (.setExportStatus, .export): everything
        default: []
        }
    }

    /// Whether `principal` may do `act` to something they stand to in these relations.
    public static func allows(_ principal: Principal, _ act: Act, _ relations: Set<Relation>) -> Bool {
        guard principal.scopes.contains(act.scope) else { return false }
        return principal.roles.contains { !Access.relations($0, act).isDisjoint(with: relations) }
    }

    /// How `principal` stands to a consignment, when they act for themselves or, as they say, for somebody else.
    public static func relations(
        of principal: Principal, to consignment: ConsignmentFacts, actingFor other: RecordID? = nil
    ) -> Set<Relation> {
        if let other { return consignment.owner == other ? [.onBehalf] : [] }
        var relations: Set<Relation> =
            consignment.owner == principal.id
            ? [.own] : consignment.consignment.bodyCode == principal.bodyCode ? [.body] : [.other]
        if consignment.isUnderReview { relations.insert(.underReview) }
        return relations
    }
}

/// A consignment with what decides who may touch it.
public struct ConsignmentFacts: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// Who made it through the API; nil for one made on the command line.
    public let owner: RecordID?
    /// Whether it has been given to the archive for review.
    public let isUnderReview: Bool
    /// The row of its series; not for use outside.
    let seriesRow: Int64?
    /// Which page of its files was asked for together with it; nil where none was.
    package var filesPage: FilesPage?
    /// What was counted of it since it was read: asked for by several fields, it is the same for all, and costs once.
    package let counted = Memo<ConsignmentCounts>()
    /// The same of what is seldom there.
    package let detailed = Memo<ConsignmentDetails>()
}

/// A value that is found out when it is first asked for.
package final class Memo<Value: Sendable>: Sendable {
    private let value = Guarded<Value?>(nil)

    package var known: Value? {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
