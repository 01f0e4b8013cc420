import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// Documents about a consignment, which may be long: the report of what failed, entries that are like others, the
/// history. Each is made as a whole, into a file without a name, before its first byte leaves: a slow reader holds no
/// snapshot of the database.
struct DocumentRoutes: Sendable {
    private static let largestAdvice = 1 << 20

    let archive: Archive

    func add(to group: RouterGroup<APIContext>) {
        group.get("consignments/:id/report", use: report)
        // With other words for findings, as they are in a file of the client's.
        group.post("consignments/:id/report", use: report)
        group.get("consignments/:id/duplicates", use: duplicates)
        group.get("consignments/:id/history", use: history)
    }

    /// `?form=csv`, `xlsx` or `html`.
    @Sendable private func report(_ request: Request, context: APIContext) async throws -> Response {
        let consignment = try await consignment(context, .readConsignment)
        guard let form = ReportForm(rawValue: request.uri.queryParameters["form"].map { String($0) } ?? "csv") else {
            throw APIError(.badRequest, .badRequest, "form is csv, xlsx or html")
        }
        var advice = archive.advice
        if request.method == .post {
            let body = try await request.body.collect(upTo: DocumentRoutes.largestAdvice)
            do {
                advice = try Advice(json: Array(body.readableBytesView))
            } catch {
                throw APIError(.unprocessableContent, .invalidInput, "the advice cannot be read: \(error)")
            }
        }
        let failures = FailureReport(consignment, in: archive.store, advice: advice)
        let type =
            switch form {
            case .csv: "text/csv; charset=utf-8"
            case .html: "text/html; charset=utf-8"
            case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            }
        return try await archive.document("\(consignment.reference)-findings.\(form.rawValue)", type) { folder, sink in
            try failures.write(form, at: archive.store.now, scratch: folder, to: sink)
        }
    }

    /// A line of JSON for each entry that is like others, group by group.
    @Sendable private func duplicates(_ request: Request, context: APIContext) async throws -> Response {
        let consignment = try await consignment(context, .readConsignment)
        return try await lines("\(consignment.reference)-duplicates.jsonl") { folder, put in
            try archive.store.compareEntries(of: consignment, scratch: folder) { try put(LikeLine($0)) }
        }
    }

    /// A line of JSON for each event, oldest first; with `?form=premis` a PREMIS document.
    @Sendable private func history(_ request: Request, context: APIContext) async throws -> Response {
        let consignment = try await consignment(context, .readHistory)
        switch request.uri.queryParameters["form"] {
        case nil, "lines":
            return try await lines("\(consignment.reference)-history.jsonl") { _, put in
                try archive.store.forEachEvent(of: consignment) { try put(HistoryLine($0)) }
            }
        case "premis":
            let name = "\(consignment.reference)-premis.xml"
            return try await archive.document(name, "application/xml; charset=utf-8") { _, sink in
                try PremisDocument(consignment, in: archive.store).write { bytes in
                    try bytes.withUnsafeBytes { try sink($0) }
                }
            }
        case .some(let other):
            throw APIError(.badRequest, .badRequest, "form is lines or premis, not '\(other.prefix(60))'")
        }
    }

    private func consignment(_ context: APIContext, _ act: Act) async throws -> Consignment {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        return try await onThreads(archive.threads) { try archive.consignment(id, for: principal, act).consignment }
    }

    private func lines(
        _ name: String,
        _ make: @escaping @Sendable (BytePath, (any Encodable) throws -> Void) throws -> Void
    ) async throws -> Response {
        try await archive.document(name, "application/jsonl") { folder, sink in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try make(folder) { value in
                var line = Array(try encoder.encode(value))
                line.append(UInt8(ascii: "\n"))
                try line.withUnsafeBytes { try sink($0) }
            }
        }
    }
}

extension Archive {
    /// Kept in memory while it is made; what is larger goes to the disk.
    private static let madeInMemory = 1 << 20

    /// Makes a file and sends it, whole, for the disk of whoever asks. Memory does not grow with it.
    ///
    /// - Parameter make: gets a folder for temporary files and what takes the bytes.
    func document(
        _ name: String, _ type: String,
        _ make: @escaping @Sendable (BytePath, @escaping (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) async throws -> Response {
        let body = try await onThreads(uploadThreads) {
            let folder = try ReceivedFile.scratch(in: store)
            let spool = Spool(memoryBytes: Archive.madeInMemory, folder: folder)
            try make(folder) { try spool.write($0) }
            return try FileBody(SharedFile(try spool.openFile(named: folder)), uploadThreads)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .contentLength: "\(body.size)",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ], body: body.body)
    }
}
