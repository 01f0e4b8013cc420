import Glibc
import Streams

/// An S3 server that fails as it is told, until this value goes: `s3-fault-server.py`, whose head says how.
package final class FaultServer: Sendable {
    package let endpoint: String
    private let running: RunningProgram
    private let folder: TemporaryFolder

    /// It did not start, or did not answer.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    package init(_ fault: String) throws {
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
        guard began, text.hasPrefix("http://") else { throw Fault(description: "the server did not start") }
        endpoint = String(text.dropLast())
    }

    deinit {
        running.send(SIGKILL)
        _ = try? running.wait()
    }

    /// What it tells under `/-/`.
    package func tells(_ what: String) throws -> [String] {
        let finished = try Program.run("/usr/bin/curl", ["-sS", "--fail", "\(endpoint)/-/\(what)"])
        guard finished.code == 0 else { throw Fault(description: finished.errors) }
        return finished.output.split(separator: "\n").map(String.init)
    }

    /// The bytes of an object; nil when it is not there.
    package func object(_ key: String, _ folder: TemporaryFolder) throws -> [UInt8]? {
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
