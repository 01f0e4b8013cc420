import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `GET /consignments/{id}/metadata`: the metadata of the files as a table to fill in (`?content=stored`: as files have
/// it of their own); `POST`: takes such a table in (`?validate`: only looks at it; `?partial`: it may name some of the
/// files only).
struct MetadataRoutes: Sendable {
    /// Bytes of a table, at most: a million files with long descriptions.
    private static let largestTable: Int64 = 2 << 30
    /// Findings of one answer, at most; all are counted.
    private static let mostFindings = 1000
    /// Slower senders, over a minute, hold a connection for nothing: bytes a second.
    private static let slowest = 500.0

    let archive: Archive
    let schema: MetadataSchema

    func add(to group: RouterGroup<APIContext>) {
        group.get("consignments/:id/metadata", use: table)
        group.post("consignments/:id/metadata", use: take)
    }

    private func consignment(_ context: APIContext, _ act: Act) async throws -> Consignment {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        return try await onThreads(archive.threads) { try archive.consignment(id, for: principal, act).consignment }
    }

    @Sendable private func table(_ request: Request, context: APIContext) async throws -> Response {
        let consignment = try await consignment(context, .readConsignment)
        let content: MetadataRun.Content
        switch request.uri.queryParameters["content"] {
        case nil, "template": content = .template
        case "stored": content = .stored
        case .some(let other):
            throw APIError(.badRequest, .badRequest, "content is template or stored, not '\(other.prefix(60))'")
        }
        let run = MetadataRun(store: archive.store, run: archive.run(try context.known(), "metadata"), schema: schema)
        // Written as a whole before the first byte leaves: a slow reader holds no snapshot of the database.
        let body = try await onThreads(archive.uploadThreads) {
            let file = SharedFile(try OpenFile.nameless(in: archive.store.directory))
            try run.write(content, of: consignment) { try file.file.write($0) }
            return try FileBody(file, archive.uploadThreads)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8", .contentLength: "\(body.size)",
                .contentDisposition: "attachment; filename=\"\(consignment.reference)-metadata.csv\"",
            ], body: body.body)
    }

    /// What came of a table.
    private struct Outcome: Encodable {
        let rows: Int
        let changed: Int
        let findings: [MetadataFinding]
        let findingCount: Int
        let schemaVersion: String
    }

    @Sendable private func take(_ request: Request, context: APIContext) async throws -> Response {
        let consignment = try await consignment(context, .writeFileMetadata)
        let query = request.uri.queryParameters
        let isPartial = query["partial"] != nil
        let onlyLooks = query["validate"] != nil
        let file = try await received(request)
        let run = MetadataRun(
            store: archive.store, run: archive.run(try context.known(), "metadata"), schema: schema)
        let outcome = try await onThreads(archive.uploadThreads) {
            var findings: [MetadataFinding] = []
            func tell(_ finding: MetadataFinding) {
                if findings.count < MetadataRoutes.mostFindings { findings.append(finding) }
            }
            let summary =
                onlyLooks
                ? try run.validate(file, of: consignment, isPartial: isPartial, told: tell)
                : try run.apply(file, to: consignment, isPartial: isPartial, told: tell)
            return Outcome(
                rows: summary.rows, changed: summary.changed, findings: findings, findingCount: summary.findings,
                schemaVersion: summary.schemaVersion)
        }
        var response = PlainRoutes.json(outcome)
        // Nothing was changed then.
        if outcome.findingCount > 0 { response.status = .unprocessableContent }
        return response
    }

    /// The table, in a file without a name.
    private func received(_ request: Request) async throws -> SharedFile {
        let tooLarge = APIError(
            .contentTooLarge, .tooLarge, "a table of metadata has at most \(MetadataRoutes.largestTable) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }), length > MetadataRoutes.largestTable {
            throw tooLarge
        }
        return try await withTaskExecutorPreference(archive.uploadThreads) {
            let file = SharedFile(try OpenFile.nameless(in: archive.store.directory))
            var count: Int64 = 0
            let begun = ContinuousClock.now
            for try await buffer in request.body {
                count += Int64(buffer.readableBytes)
                guard count <= MetadataRoutes.largestTable else { throw tooLarge }
                try buffer.withUnsafeReadableBytes { try file.file.write($0) }
                let took = begun.duration(to: .now)
                if took > .seconds(60), Double(count) / Double(took.components.seconds) < MetadataRoutes.slowest {
                    throw APIError(.requestTimeout, .timeout, "the table comes too slowly")
                }
            }
            return file
        }
    }
}
