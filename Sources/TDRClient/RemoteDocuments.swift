import AsyncHTTPClient
import NIOCore
public import TDRCore

/// Documents about a consignment that a server makes: the report of what failed, what is alike, the history.
public struct RemoteDocuments: Sendable {
    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    /// Writes the report of what failed in pieces.
    ///
    /// - Parameter advice: What is said of findings, a document of the form of `advice.json`; nil for the server's words.
    /// - Throws: ``ClientError``, and what `sink` throws.
    public func report(
        on consignment: Consignment, _ form: ReportForm, advice: [UInt8]?,
        to sink: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        try await client.get("/consignments/\(consignment.id)/report?form=\(form.rawValue)", sending: advice) {
            pieces in
            for try await piece in pieces { try piece.withUnsafeReadableBytes(sink) }
        }
    }

    /// Calls `body` with each entry that is like others, group by group.
    ///
    /// - Throws: ``ClientError``, and what `body` throws.
    public func forEachLikeEntry(of consignment: Consignment, _ body: (LikeEntry) throws -> Void) async throws {
        try await client.forEachLine("/consignments/\(consignment.id)/duplicates", as: LikeLine.self) { line in
            guard let entry = line.entry else { throw strange }
            try body(entry)
        }
    }

    /// Calls `body` with every event of a consignment, oldest first.
    ///
    /// - Throws: ``ClientError``, and what `body` throws.
    public func forEachEvent(of reference: String, _ body: (HistoryEvent) throws -> Void) async throws {
        let id = try await RemoteStatus(client).report(on: reference).consignment.id
        try await client.forEachLine("/consignments/\(id)/history", as: HistoryLine.self) { line in
            guard let event = line.event else { throw strange }
            try body(event)
        }
    }

    /// Writes the history as a PREMIS document in pieces.
    ///
    /// - Throws: ``ClientError``, and what `sink` throws.
    public func premis(of reference: String, to sink: ([UInt8]) throws -> Void) async throws {
        let id = try await RemoteStatus(client).report(on: reference).consignment.id
        try await client.get("/consignments/\(id)/history?form=premis") { pieces in
            for try await piece in pieces { try sink(Array(piece.readableBytesView)) }
        }
    }

    private var strange: ClientError { .strange(client.server, reason: "a line that makes no sense") }
}
