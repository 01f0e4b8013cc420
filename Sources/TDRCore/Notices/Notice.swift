/// What others are told of, by the original's messages (`tdr-domain` §7, §4.7).
///
/// A notice is written in the transaction of the change it tells of, so there is one for each change and none without.
enum Notice {
    /// A check run came to its end and there is something to act on.
    case checksFoundProblems(resolutionPath: String)
    /// A check run broke off by an error of ours or of the machine's: not all files have results.
    case checksCrashed(cause: String)
    /// An antivirus engine found something: how many files, and the first of them.
    case malwareFound(count: Int, first: [InfectedFile])
    /// Somebody asks for a review of the metadata.
    case metadataReviewRequested(closedRecords: Int, totalRecords: Int)
    /// The review came to its end; `status` is the step's value.
    case metadataReviewDecided(status: ConsignmentStatusValue, closedRecords: Int, totalRecords: Int, urlLink: String?)
    /// Custody was confirmed.
    case transferConfirmed
    /// The bag is at its target.
    case exportFinished(location: String, sha256: String?)
    /// There is no bag.
    case exportFailed(cause: String)

    struct InfectedFile: Encodable {
        let fileId: String
        let path: String
        let found: String
    }

    /// The name of the event.
    var event: String {
        switch self {
        case .checksFoundProblems: "ChecksFoundProblems"
        case .checksCrashed: "ChecksCrashed"
        case .malwareFound: "MalwareFound"
        case .metadataReviewRequested: "MetadataReviewRequested"
        case .metadataReviewDecided: "MetadataReviewDecided"
        case .transferConfirmed: "TransferConfirmed"
        case .exportFinished: "ExportFinished"
        case .exportFailed: "ExportFailed"
        }
    }

    /// The fields of the message but for `environment`, which is known to those who send it.
    func message(of consignment: Consignment) -> NoticeMessage {
        var message = NoticeMessage(consignmentId: consignment.id.description)
        if case .exportFinished(let location, let sha256) = self {
            message.success = true
            message.successDetails = NoticeMessage.ExportDetails(
                userId: consignment.person.login, consignmentReference: consignment.reference.description,
                transferringBodyName: consignment.bodyName, series: consignment.seriesName,
                consignmentType: consignment.type.rawValue, exportBucket: NoticeMessage.bucket(of: location),
                exportLocation: location, exportSha256: sha256)
            return message
        }
        message.consignmentReference = consignment.reference.description
        if case .exportFailed(let cause) = self {
            message.success = false
            message.failureCause = cause
            return message
        }
        message.transferringBodyName = consignment.bodyName
        message.userId = consignment.person.login
        switch self {
        case .checksFoundProblems(let resolutionPath):
            message.consignmentType = consignment.type.rawValue
            message.resolutionPath = resolutionPath
        case .checksCrashed(let cause):
            message.consignmentType = consignment.type.rawValue
            message.failureCause = cause
        case .malwareFound(let count, let first):
            message.fileCount = count
            message.files = first
        case .metadataReviewRequested(let closed, let total):
            message.seriesCode = consignment.seriesName
            message.userEmail = consignment.person.email
            (message.closedRecords, message.totalRecords) = (closed, total)
        case .metadataReviewDecided(let status, let closed, let total, let urlLink):
            message.seriesCode = consignment.seriesName
            message.userEmail = consignment.person.email
            (message.closedRecords, message.totalRecords) = (closed, total)
            message.status = status.rawValue
            message.urlLink = urlLink
        case .transferConfirmed:
            message.seriesName = consignment.seriesName
            message.userEmail = consignment.person.email
        case .exportFinished, .exportFailed: break
        }
        return message
    }

    /// Who must act on a consignment, from the counts of its files' statuses.
    static func resolutionPath(_ tally: Tally) -> String {
        var parties: Set<Advice.Party> = []
        for type in FileStatusType.allCases where type != .clientChecks {
            for (value, count) in tally.counts(of: type) where count > 0 {
                if let value, !value.isGood { parties.insert(Advice.standard.entry(type, value).who) }
            }
        }
        return parties.count == 2 ? "UserFixableAndTNASupport" : (parties.first ?? .user).rawValue
    }
}

/// The fields of all messages; each has those that are its own.
struct NoticeMessage: Encodable {
    struct ExportDetails: Encodable {
        let userId: String
        let consignmentReference: String
        let transferringBodyName: String
        let series: String?
        let consignmentType: String
        let exportBucket: String?
        let exportLocation: String
        let exportSha256: String?
    }

    let consignmentId: String
    var consignmentReference: String?
    var consignmentType: String?
    var transferringBodyName: String?
    var userId: String?
    var userEmail: String?
    var resolutionPath: String?
    var seriesCode: String?
    var seriesName: String?
    var closedRecords: Int?
    var totalRecords: Int?
    var status: String?
    var urlLink: String?
    var fileCount: Int?
    var files: [Notice.InfectedFile]?
    var success: Bool?
    var successDetails: ExportDetails?
    var failureCause: String?

    init(consignmentId: String) { self.consignmentId = consignmentId }

    /// The bucket of an `s3://bucket/key`; nil for any other place.
    static func bucket(of location: String) -> String? {
        guard location.hasPrefix("s3://") else { return nil }
        return location.dropFirst(5).split(separator: "/").first.map(String.init)
    }
}
