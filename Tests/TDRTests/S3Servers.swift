import Glibc
import Streams
import TDRTestSupport
import Testing

/// A server that fails as it is told, until this value goes.
final class FaultServer {
    let endpoint: String
    private let running: RunningProgram
    private let folder: TemporaryFolder

    init(_ fault: String) throws {
        folder = try TemporaryFolder()
        let place = folder.appending("address")
        let script = BytePath(#filePath).directory.appending("s3-fault-server.py")
        running = try Program.start(
            BytePath("/usr/bin/python3"), [Argument(script), Argument(fault)], stdout: .created(place))
        let process = running
        let began = waitUntil {
            let text = (try? contents(of: place)) ?? []
            return text.last == UInt8(ascii: "\n") || process.hasEnded
        }
        let text = String(decoding: try contents(of: place), as: UTF8.self)
        try #require(began && text.hasPrefix("http://"), "the server did not start")
        endpoint = String(text.dropLast())
    }

    deinit {
        running.send(SIGKILL)
        _ = try? running.wait()
    }

    /// What it tells under `/-/`.
    func tells(_ what: String) throws -> [String] {
        let finished = try Program.run("/usr/bin/curl", ["-sS", "--fail", "\(endpoint)/-/\(what)"])
        try #require(finished.code == 0, "\(finished.errors)")
        return finished.output.split(separator: "\n").map(String.init)
    }

    /// The bytes of an object; nil when it is not there.
    func object(_ key: String, _ folder: TemporaryFolder) throws -> [UInt8]? {
        let place = folder.appending("fetched")
        let finished = try Program.run(
            "/usr/bin/curl",
            [
                "-sS", "--fail", "-o", Argument(place), "-H", "authorization: AWS4-HMAC-SHA256 Credential=key/",
                "-H", "x-amz-content-sha256: \(SHA256Digest.of([]).hex)", "\(endpoint)/archive/\(key)",
            ])
        return finished.code == 0 ? try contents(of: place) : nil
    }
}

/// OpenStack Swift with its S3 door, until this value goes.
final class StrictServer {
    static let isInstalled = (["/usr/bin/swift-proxy-server", "/usr/bin/memcached", "/usr/bin/aws"] as [String])
        .allSatisfy { access($0, X_OK) == 0 }

    let endpoint: String
    private let folder: TemporaryFolder
    private static let script = BytePath(#filePath).directory.directory.directory.appending("scripts/s3-server.sh")

    init() throws {
        folder = try TemporaryFolder()
        let finished = try Program.run(
            StrictServer.script, ["start", Argument(folder.appending("server"))])
        try #require(finished.code == 0, "\(finished.errors)")
        endpoint = finished.line
    }

    deinit { _ = try? Program.run(StrictServer.script, ["stop", Argument(folder.appending("server"))]) }
}
