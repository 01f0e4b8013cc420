import AsyncHTTPClient
import FoundationEssentials
import NIOCore
public import Streams
public import TDRCore

/// What a server says of a table of metadata.
public struct RemoteMetadataSummary: Decodable, Sendable {
    /// Rows of the table, without its titles.
    public let rows: Int
    /// Files whose metadata is another now, or would be.
    public let changed: Int
    /// The first things that are wrong.
    public let findings: [MetadataFinding]
    /// How many there are.
    public let findingCount: Int
}

/// Metadata of files through a server.
public struct RemoteMetadata: Sendable {
    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    /// Writes the table of a consignment in pieces.
    public func write(
        _ content: MetadataRun.Content, of reference: String, to sink: @Sendable ([UInt8]) throws -> Void
    ) async throws {
        let id = try await RemoteStatus(client).report(on: reference).consignment.id
        try await client.get("/consignments/\(id)/metadata?content=\(content)") { pieces in
            for try await piece in pieces { try sink(Array(piece.readableBytesView)) }
        }
    }

    /// Sends a table; with `onlyLooks` nothing is changed in any case.
    ///
    /// - Throws: ``ClientError``, `SystemFault`.
    public func send(
        _ table: BytePath, to reference: String, isPartial: Bool, onlyLooks: Bool
    ) async throws -> RemoteMetadataSummary {
        let id = try await RemoteStatus(client).report(on: reference).consignment.id
        let words = [isPartial ? "partial" : nil, onlyLooks ? "validate" : nil].compactMap(\.self)
        let query = words.isEmpty ? "" : "?" + words.joined(separator: "&")
        let threads = BlockingExecutor(threads: 1)
        defer { threads.shutDown() }
        let file = SharedFile(try OpenFile.reading(table))
        return try await client.post(
            "/consignments/\(id)/metadata\(query)", as: RemoteMetadataSummary.self, of: "text/csv",
            size: file.file.status().size
        ) { FileBytes(file: file, offset: 0, threads: threads, meter: ProgressMeter()) }
    }
}
