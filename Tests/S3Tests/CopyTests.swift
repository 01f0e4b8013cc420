import Glibc
import S3
import Streams
import TDRTestSupport
import Testing

/// Copies within a server, which keep and release what is in quarantine.
@Suite struct CopyTests {
    private static let large = (0..<(11 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
    private static let part: Int64 = 5 << 20

    private func client(_ server: FaultServer) throws -> S3Client {
        let endpoint = try #require(S3Endpoint(server.endpoint, region: "us-east-1", style: .path))
        return S3Client(
            endpoint: endpoint, credentials: S3Credentials(accessKey: "key", secret: Secret("testing123456")),
            region: "us-east-1")
    }

    @Test(
        "are made in parts above a size, and are the same bytes, also where ETags are no digests",
        arguments: ["none", "encrypted"])
    func inParts(_ fault: String) async throws {
        let server = try FaultServer(fault)
        let client = try client(server)
        let folder = try TemporaryFolder()
        try await client.put("archive", "a", CopyTests.large, onlyNew: true)
        #expect(try await client.copy("archive", from: "a", to: "b", atOnce: CopyTests.part))
        #expect(try server.object("b", folder) == CopyTests.large)
        #expect(
            try server.tells("log") == [
                "copied 1 5242880", "copied 2 5242880", "copied 3 1048576", "complete 3",
            ])
        #expect(try server.tells("uploads") == [])
        // What was made before is looked at and not made again; what is made of a copy is a copy.
        #expect(try await client.copy("archive", from: "a", to: "b", atOnce: CopyTests.part))
        #expect(try server.tells("log").count == 4)
        #expect(try await client.copy("archive", from: "b", to: "c"))
        #expect(try server.object("c", folder) == CopyTests.large)
        #expect(try await client.copy("archive", from: "nothing", to: "d") == false)
    }

    @Test("that were cut off are given up before the next is made")
    func orphans() async throws {
        let server = try FaultServer("none")
        let client = try client(server)
        try await client.put("archive", "a", CopyTests.large, onlyNew: true)
        _ = try await client.createUpload("archive", "b", options: S3ObjectOptions())
        #expect(try await client.copy("archive", from: "a", to: "b", atOnce: CopyTests.part))
        #expect(try server.tells("uploads") == [])
    }

    @Test(
        "are refused when they are not the same bytes, by the server's digests or by reading both",
        arguments: [1 << 30, part])
    func damaged(_ limit: Int64) async throws {
        let server = try FaultServer("damaged-copy")
        let client = try client(server)
        try await client.put("archive", "a", CopyTests.large, onlyNew: true)
        await #expect(throws: S3Failure.self) { try await client.copy("archive", from: "a", to: "b", atOnce: limit) }
        #expect(try server.tells("keys").contains("a"))
    }
}
