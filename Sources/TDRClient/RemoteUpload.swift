import FoundationEssentials
import Glibc
public import Streams
public import TDRCore

/// What to upload through a server, and as what.
public struct RemoteUploadRequest: Sendable {
    /// The folder of records.
    public var source: BytePath
    /// The series' code; nil only for a judgment.
    public var series: String?
    /// The transferring body by name or code, which must be one's own; nil when it goes without saying.
    public var body: String?
    /// Standard or judgment.
    public var type: ConsignmentType = .standard
    /// What is said of a judgment.
    public var judgment = JudgmentDetails()
    /// What is agreed to.
    public var agreement = Agreement()
    /// Whether custody passes by itself when the checks end clean.
    public var isConfirmedWhenClean = false
    /// What to do with links and special files.
    public var links: LinkPolicy = .refuse
    /// Whether the catalogue shows the folder's own name.
    public var includeTopLevelFolder = false
    /// Begin anew even when an upload of the same folder was interrupted.
    public var fresh = false
    /// Files hashed and sent at once.
    public var jobs: Int

    /// An upload of `source`.
    public init(source: BytePath, series: String?, jobs: Int) {
        self.source = source
        self.series = series
        self.jobs = jobs
    }
}

/// What an upload through a server did.
public struct RemoteUploadSummary: Sendable {
    /// The consignment's reference.
    public let reference: String
    /// Its id.
    public let consignmentId: String
    /// What the folder held.
    public let plan: UploadPlan
    /// Whether an interrupted upload was continued.
    public let resumed: Bool
    /// Files that are on the server now.
    public let filesStored: Int
    /// Files that could not be sent, with the reason.
    public let failed: PathList
}

/// Sends a folder of records to a server: hashes a batch of files while the one before is on its way, and goes on with
/// what an earlier run has not sent.
public struct RemoteUpload: Sendable {
    private static let batchFiles = 500
    private static let batchBytes: Int64 = 1 << 30
    private static let attempts = 3
    private static let tries = 8

    private let client: APIClient
    private let meter: ProgressMeter

    /// Uploads by `client`, telling `meter` how far it is.
    public init(_ client: APIClient, meter: ProgressMeter) {
        self.client = client
        self.meter = meter
    }

    /// Sends the folder of `request` into a new consignment, or goes on with one that was interrupted.
    ///
    /// - Throws: ``ClientError``, ``UploadError``, `CancellationError`. The same call goes on from there.
    public func upload(_ request: RemoteUploadRequest) async throws -> RemoteUploadSummary {
        let plan = try await Intake.plan(request.source, links: request.links)
        if plan.refused.count > 0 { throw UploadError.refused(plan.refused, policy: request.links) }
        if plan.files == 0 { throw UploadError.empty(plan.source) }
        try Intake.checkContent(plan, of: request.type)
        if let first = plan.notUTF8.first.first {
            throw ClientError.notText(plan.notUTF8.count, first: first.path.display)
        }
        let folder = String(decoding: plan.source.lastComponent, as: UTF8.self)
        let (place, resumed) = try await consignment(folder, request)
        let steps = RemoteSteps(client)
        try await steps.say(
            request.agreement.properties + (request.type == .judgment ? request.judgment.properties : []),
            of: place.consignmentid)
        try await steps.signOff(request.agreement, of: place.consignmentid)
        if request.isConfirmedWhenClean || request.agreement.custody == true {
            try await steps.confirm(place.consignmentid, whenClean: true)
        }
        meter.begin("uploading", files: plan.files, bytes: plan.bytes)
        let threads = BlockingExecutor(threads: request.jobs + 2)
        defer { threads.shutDown() }
        let sending = Sending(
            client: client, consignment: place.consignmentid, source: plan.source, jobs: request.jobs,
            threads: threads, meter: meter)
        let walk = try FolderWalk(plan.source, links: request.links)
        var failed = plan.unreadable
        var stored = 0
        var next = try await sending.hash(try walk.next(RemoteUpload.batchFiles, RemoteUpload.batchBytes))
        while let batch = next {
            failed.add(batch.failed)
            let upcoming = try walk.next(RemoteUpload.batchFiles, RemoteUpload.batchBytes)
            async let after = sending.hash(upcoming)
            let outcome = try await sending.send(batch)
            stored += outcome.stored
            failed.add(outcome.failed)
            next = try await after
        }
        // What is not whole must not look whole: the list stays open until every file is on it.
        if failed.count == 0 { try await sending.declare([], folders: [], more: false) }
        return RemoteUploadSummary(
            reference: place.consignmentReference, consignmentId: place.consignmentid, plan: plan, resumed: resumed,
            filesStored: stored, failed: failed)
    }

    // MARK: The consignment

    struct Place: Decodable {
        struct Status: Decodable {
            let statusType: String
            let value: String
        }
        let consignmentid: String
        let consignmentReference: String
        let seriesName: String?
        let parentFolder: String?
        let includeTopLevelFolder: Bool?
        let consignmentStatuses: [Status]

        var isUploading: Bool {
            consignmentStatuses.contains { $0.statusType == "Upload" && $0.value == "InProgress" }
        }

        static let fields = """
            consignmentid consignmentReference seriesName parentFolder includeTopLevelFolder
            consignmentStatuses { statusType value }
            """
    }

    private struct Me: Decodable {
        struct Person: Decodable {
            let userId: String
            let body: String?
            let bodyName: String?
        }
        let me: Person
    }

    private struct SeriesList: Decodable {
        struct Series: Decodable {
            let seriesid: String
            let code: String
        }
        let getSeries: [Series]
    }

    private struct Consignments: Decodable {
        struct Connection: Decodable {
            struct Edge: Decodable { let node: Place }
            let edges: [Edge]
        }
        let consignments: Connection
    }

    private struct Made: Decodable { let addConsignment: Place }
    private struct Started: Decodable { let startUpload: String }

    private func consignment(
        _ folder: String, _ request: RemoteUploadRequest
    ) async throws -> (place: Place, resumed: Bool) {
        let me = try await client.ask("{ me { userId body bodyName } }", [String: String](), as: Me.self).me
        guard let body = me.body else {
            throw ClientError.wrongBody("you belong to no transferring body on that server")
        }
        if let wanted = request.body, wanted != body, wanted != me.bodyName {
            throw ClientError.wrongBody(
                "you belong to the body '\(me.bodyName ?? body)' on that server, not to '\(wanted)'")
        }
        if !request.fresh, let earlier = try await interrupted(folder, request, me.userId) { return (earlier, true) }
        let made = try await client.ask(
            """
            mutation($type: String!, $series: UUID, $request: UUID!) {
                addConsignment(addConsignmentInput: { consignmentType: $type, seriesid: $series, requestId: $request })
                    { \(Place.fields) }
            }
            """,
            [
                "type": request.type.rawValue, "series": try await series(request, of: body),
                // Asked again when the answer is lost, it makes no second one.
                "request": RecordID.random().description,
            ], as: Made.self
        ).addConsignment
        let start = Start(id: made.consignmentid, folder: folder, shows: request.includeTopLevelFolder)
        do {
            try await begin(start)
        } catch ClientError.answered(let why, code: "INVALID_CONSIGNMENT_STATE") {
            // It has begun already when the answer to the first call was lost.
            let place = try await client.ask(
                "query($id: UUID!) { getConsignment(consignmentid: $id) { \(Place.fields) } }",
                ["id": made.consignmentid], as: Known.self
            ).getConsignment
            guard place.isUploading, place.parentFolder == folder,
                place.includeTopLevelFolder == request.includeTopLevelFolder
            else { throw ClientError.answered(why, code: "INVALID_CONSIGNMENT_STATE") }
        }
        return (made, false)
    }

    private struct Known: Decodable { let getConsignment: Place }

    private struct Start: Encodable {
        let id: String
        let folder: String
        let shows: Bool
    }

    private func begin(_ start: Start) async throws {
        _ = try await client.ask(
            """
            mutation($id: UUID!, $folder: String!, $shows: Boolean!) {
                startUpload(startUploadInput:
                    { consignmentId: $id, parentFolder: $folder, includeTopLevelFolder: $shows })
            }
            """, start, as: Started.self)
    }

    /// The id of the series; nil for a judgment.
    private func series(_ request: RemoteUploadRequest, of body: String) async throws -> String? {
        guard let code = request.series else { return nil }
        let series = try await client.ask(
            "query($body: String!) { getSeries(body: $body) { seriesid code } }", ["body": body], as: SeriesList.self
        ).getSeries
        guard let found = series.first(where: { $0.code == code }) else { throw ClientError.unknownSeries(code) }
        return found.seriesid
    }

    /// An upload of the same folder into the same series that has begun and is not complete.
    private func interrupted(_ folder: String, _ request: RemoteUploadRequest, _ user: String) async throws -> Place? {
        let recent = try await client.ask(
            """
            query($user: UUID!, $type: String!) {
                consignments(limit: 100, consignmentFiltersInput: { userId: $user, consignmentType: $type }) {
                    edges { node { \(Place.fields) } }
                }
            }
            """, ["user": user, "type": request.type.rawValue], as: Consignments.self
        ).consignments.edges.map(\.node)
        return recent.first { place in
            place.parentFolder == folder && place.seriesName == request.series
                && place.includeTopLevelFolder == request.includeTopLevelFolder
                && place.isUploading
        }
    }
}
