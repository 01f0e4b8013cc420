import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Streams
import TDRCore

/// `GET /consignments/{id}/events`: how far a consignment is, as server-sent events, whenever that changes.
struct ProgressEvents: Sendable {
    private static let interval = Duration.milliseconds(400)
    /// A comment now and then keeps proxies from closing the connection. As often it is proved anew who listens.
    private static let beat = Duration.seconds(5)
    /// After that a client has to ask again.
    private static let longest = Duration.seconds(3600)

    let archive: Archive

    func add(to group: RouterGroup<APIContext>) { group.get("consignments/:id/events", use: events) }

    /// What an event says.
    struct Progress: Encodable, Equatable {
        let consignmentId: String
        let reference: String
        let state: String
        let statuses: [String: String]
        let totalFiles: Int
        let totalFileSize: Int
        let filesReceived: Int
        let antivirusProcessed: Int
        let checksumProcessed: Int
        let ffidProcessed: Int
        let filesWithProblems: Int
        /// Whether there is no antivirus check, which is decided when the checks begin.
        let withoutAntivirus: Bool
        let exportLocation: String?
        /// Of the export that this server is making; absent until it is known how much there is.
        let exportFiles: Int?
        let exportFilesTotal: Int?
        let exportBytes: Int64?
        let exportBytesTotal: Int64?

        init(_ report: ConsignmentReport, export: TDRCore.Progress?) {
            consignmentId = report.consignment.id.description
            reference = report.consignment.reference.description
            state = report.state
            statuses = Dictionary(uniqueKeysWithValues: report.statuses.map { ($0.key.rawValue, $0.value.rawValue) })
            totalFiles = report.files
            totalFileSize = report.bytes
            filesReceived = report.fileCounts[.upload]?[.success] ?? 0
            antivirusProcessed = report.processed(.antivirus)
            checksumProcessed = report.processed(.checksum)
            ffidProcessed = report.processed(.format)
            filesWithProblems = report.filesWithProblems
            withoutAntivirus = report.withoutAntivirus
            exportLocation = report.consignment.exportLocation
            exportFiles = export?.files
            exportFilesTotal = export?.filesTotal
            exportBytes = export?.bytes
            exportBytesTotal = export?.bytesTotal
        }
    }

    /// Why a stream ends.
    private enum Ending: String {
        /// The server stops, or the client has listened long enough: it is to ask again.
        case again
        /// The token or the session does not count any more, or the consignment is not to be seen any more.
        case signedOut
    }

    @Sendable private func events(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        let consignment = try await onThreads(archive.threads) {
            try archive.consignment(id, for: principal, .readConsignment).consignment
        }
        let seat = try archive.progress.seat(of: principal.id, at: consignment.id)
        let mayListen = { @Sendable () async throws -> Bool in
            guard let principal = try await context.askAgain?() else { return false }
            return try await onThreads(archive.threads) {
                (try? archive.consignment(id, for: principal, .readConsignment)) != nil  // not found, or not theirs
            }
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                let ending = try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await tell(consignment, at: seat, mayListen, &writer)
                }
                try await writer.write(
                    ByteBuffer(string: "event: end\ndata: {\"reason\":\"\(ending.rawValue)\"}\n\n"))
                try await writer.finish(nil)
            })
    }

    /// Tells whoever has the seat, until that is to end.
    private func tell(
        _ consignment: Consignment, at seat: ProgressWatch.Seat, _ mayListen: @Sendable () async throws -> Bool,
        _ writer: inout any ResponseBodyWriter
    ) async throws -> Ending {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let begun = ContinuousClock.now
        var (told, proved) = (begun, begun)
        var last: Progress?
        var number = 0
        while begun.duration(to: .now) < ProgressEvents.longest, !Task.isShuttingDownGracefully {
            if proved.duration(to: .now) > ProgressEvents.beat {
                guard try await mayListen() else { return .signedOut }
                proved = .now
            }
            let progress = try await archive.progress.newest(at: seat) {
                try await onThreads(archive.threads) {
                    Progress(
                        try archive.store.report(on: consignment),
                        export: archive.exporting.progress(of: consignment.id))
                }
            }
            if let progress, progress != last {
                last = progress
                number += 1
                told = .now
                let json = String(decoding: try encoder.encode(progress), as: UTF8.self)
                try await writer.write(ByteBuffer(string: "id: \(number)\nevent: progress\ndata: \(json)\n\n"))
            } else if told.duration(to: .now) > ProgressEvents.beat {
                told = .now
                try await writer.write(ByteBuffer(string: ": still here\n\n"))
            }
            try await Task.sleep(for: ProgressEvents.interval)
        }
        return .again
    }
}

extension ConsignmentReport {
    /// Files that have an answer of a check, whatever it is.
    func processed(_ kind: CheckKind) -> Int {
        kind.statusTypes.map { (fileCounts[$0] ?? [:]).values.reduce(0, +) }.min() ?? 0
    }
}
