import AsyncHTTPClient
import NIOCore
public import Streams
public import TDRCore

/// A bag that a server has written.
public struct RemoteBag: Sendable {
    /// What is known of its consignment, the export included.
    public let report: ConsignmentReport
    /// Where the server has it.
    public let location: String
    /// Whether it was there already.
    public let wasThere: Bool
}

/// Has a server write bags, and fetches them where it lets one.
public struct RemoteExport: Sendable {
    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private struct Started: Decodable {
        struct Consignment: Decodable { let consignmentid: String }
        let startExport: Consignment
    }

    private struct Failed: Decodable {
        struct Consignment: Decodable { let exportFailure: String? }
        let getConsignmentByReference: Consignment
    }

    /// Confirms that custody passes, has the bag written, and waits until it is.
    ///
    /// - Throws: ``ClientError``: with the code `INVALID_CONSIGNMENT_STATE` where the transfer is not ready;
    ///   `CancellationError`: the server goes on by itself.
    public func export(_ reference: String) async throws -> RemoteBag {
        let before = try await RemoteStatus(client).report(on: reference)
        let id = before.consignment.id.description
        let wasThere = before.statuses[.export] == .completed
        if !wasThere {
            if before.statuses[.confirmTransfer] != .completed {
                try await RemoteSteps(client).confirm(id, whenClean: false)
            }
            _ = try await client.ask(
                "mutation($id: UUID!) { startExport(consignmentid: $id) { consignmentid } }", ["id": id],
                as: Started.self)
        }
        let report = try await RemoteWork(client).wait(reference) { $0.statuses[.export] != .inProgress }
        guard report.statuses[.export] == .completed, let location = report.consignment.exportLocation else {
            let why = try await client.ask(
                """
                query($reference: String!) {
                    getConsignmentByReference(consignmentReference: $reference) { exportFailure } }
                """, ["reference": reference], as: Failed.self
            ).getConsignmentByReference.exportFailure
            throw ClientError.answered(why ?? "the export of \(reference) has failed", code: "")
        }
        return RemoteBag(report: report, location: location, wasThere: wasThere)
    }

    /// Fetches a bag into a folder of this machine; each byte is proved against the digest that the server gives.
    ///
    /// - Returns: where it is, its digest, and whether the same bag was there already.
    /// - Throws: ``ClientError/bagNotOffered(_:)`` where the server lets nobody have it, ``ExportError``, `SystemFault`.
    public func fetch(
        _ bag: RemoteBag, into folder: BytePath
    ) async throws -> (place: BytePath, sha256: SHA256Digest, wasThere: Bool) {
        let name = String(bag.location.split(separator: "/").last ?? "")
        guard name.hasPrefix(bag.report.consignment.reference.description), !name.contains("\0") else {
            throw ClientError.strange(client.server, reason: "a bag called '\(name)'")
        }
        let threads = BlockingExecutor(threads: 1)
        defer { threads.shutDown() }
        return try await withTaskExecutorPreference(threads) {
            try await client.getProved("/consignments/\(bag.report.consignment.id)/bag") { digest, pieces in
                let arriving = try ArrivingBag(name: name, in: folder)
                do {
                    for try await piece in pieces { try piece.withUnsafeReadableBytes { try arriving.write($0) } }
                    let (place, wasThere) = try arriving.commit(digest)
                    return (place, digest, wasThere)
                } catch {
                    arriving.abandon()
                    throw error
                }
            }
        }
    }
}
