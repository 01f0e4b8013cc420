public import TDRCore

/// Has a server make checks, and waits until they are made.
public struct RemoteWork: Sendable {
    private static let interval = Duration.milliseconds(500)

    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private struct Started: Decodable {
        struct Consignment: Decodable { let consignmentid: String }
        let startChecks: Consignment
    }

    /// Has the checks made that are missing or could not be made; the report when they are over.
    ///
    /// - Throws: ``ClientError``, `CancellationError`: the server goes on by itself.
    public func check(_ reference: String) async throws -> ConsignmentReport {
        let id = try await RemoteStatus(client).report(on: reference).consignment.id
        _ = try await client.ask(
            "mutation($id: UUID!) { startChecks(consignmentid: $id) { consignmentid } }", ["id": id.description],
            as: Started.self)
        return try await waitForChecks(reference)
    }

    /// Waits until the checks of an upload are over; the report then.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func waitForChecks(_ reference: String) async throws -> ConsignmentReport {
        try await wait(reference) { report in
            let steps: [ConsignmentStatusType] = [.serverChecksum, .serverFFID, .clientChecks]
            return steps.allSatisfy { report.statuses[$0] != nil && report.statuses[$0] != .inProgress }
        }
    }

    /// Waits until the report on a consignment says so.
    func wait(
        _ reference: String, until isOver: (ConsignmentReport) -> Bool
    ) async throws -> ConsignmentReport {
        while true {
            let report = try await RemoteStatus(client).report(on: reference)
            if isOver(report) { return report }
            try await Task.sleep(for: RemoteWork.interval)
        }
    }
}
