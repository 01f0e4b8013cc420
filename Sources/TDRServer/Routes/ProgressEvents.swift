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
    /// A comment now and then keeps proxies from closing the connection.
    private static let beat = Duration.seconds(15)
    /// After that a client has to ask again, and to prove again who it is.
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
        let exportLocation: String?

        init(_ report: ConsignmentReport) {
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
            exportLocation = report.consignment.exportLocation
        }
    }

    @Sendable private func events(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        let archive = self.archive
        let first = try await onThreads(archive.threads) {
            try archive.consignment(id, for: principal, .readConsignment)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                let begun = ContinuousClock.now
                var told = begun
                var last: Progress?
                var number = 0
                while begun.duration(to: .now) < ProgressEvents.longest, !Task.isShuttingDownGracefully {
                    let report = try await onThreads(archive.threads) {
                        try archive.store.report(on: first.consignment)
                    }
                    let progress = Progress(report)
                    if progress != last {
                        last = progress
                        number += 1
                        told = .now
                        let json = String(decoding: try encoder.encode(progress), as: UTF8.self)
                        try await writer.write(
                            ByteBuffer(string: "id: \(number)\nevent: progress\ndata: \(json)\n\n"))
                    } else if told.duration(to: .now) > ProgressEvents.beat {
                        told = .now
                        try await writer.write(ByteBuffer(string: ": still here\n\n"))
                    }
                    try await Task.sleep(for: ProgressEvents.interval)
                }
                try await writer.write(ByteBuffer(string: "event: end\ndata: {}\n\n"))
                try await writer.finish(nil)
            })
    }
}

extension ConsignmentReport {
    /// Files that have an answer of a check, whatever it is.
    func processed(_ kind: CheckKind) -> Int {
        kind.statusTypes.map { (fileCounts[$0] ?? [:]).values.reduce(0, +) }.min() ?? 0
    }
}
