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
    private static let attempts = 6

    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private struct Started: Decodable {
        struct Consignment: Decodable { let consignmentid: String }
        let startExport: Consignment
    }

    private struct Failed: Decodable { let exportFailure: String? }

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
                """, ["reference": reference], as: ByReference<Failed>.self
            ).consignment(reference).exportFailure
            throw ClientError.answered(why ?? "the export of \(reference) has failed", code: "")
        }
        return RemoteBag(report: report, location: location, wasThere: wasThere)
    }

    /// Fetches a bag into a folder of this machine; each byte is proved against the digest that the server gives. What
    /// breaks off goes on from there, now or with the next call.
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
            var arriving = try ArrivingBag.interrupted(name: name, in: folder).map {
                try ArrivingBag(name: name, in: folder, of: $0)
            }
            var attempt = 0
            while true {
                let before = arriving?.count ?? 0
                do {
                    try await receive(bag, name, folder, &arriving)
                    break
                } catch let error as CancellationError {
                    throw error
                } catch {
                    guard APIClient.isLoss(error) else {
                        arriving?.abandon()
                        throw error
                    }
                    attempt = arriving?.count ?? 0 > before ? 0 : attempt + 1
                    if attempt >= RemoteExport.attempts {
                        throw ClientError.unreachable(client.server, reason: "\(error)")
                    }
                    try await APIClient.rest(attempt)
                }
            }
            guard let arriving else { throw ClientError.strange(client.server, reason: "a bag without bytes") }
            do {
                let (place, wasThere) = try arriving.commit()
                return (place, arriving.expected, wasThere)
            } catch {
                arriving.abandon()
                throw error
            }
        }
    }

    /// Receives what is still to come of a bag.
    private func receive(
        _ bag: RemoteBag, _ name: String, _ folder: BytePath, _ arriving: inout ArrivingBag?
    ) async throws {
        var current = arriving
        defer { arriving = current }
        try await client.getProved(
            "/consignments/\(bag.report.consignment.id)/bag", from: current?.count ?? 0, of: current?.expected
        ) { part in
            if current?.expected != part.digest {
                // Another bag than the one that broke off.
                current?.abandon()
                current = try ArrivingBag(name: name, in: folder, of: part.digest)
            }
            guard let bytes = part.bytes else { return }
            if let current, current.count != part.offset { try current.restart() }
            for try await piece in bytes { try piece.withUnsafeReadableBytes { try current?.write($0) } }
        }
    }
}
