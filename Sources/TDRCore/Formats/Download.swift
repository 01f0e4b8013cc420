import Glibc
import Streams

/// Fetches small files by the program `curl`: this one has no HTTP client of its own.
///
/// The arguments are fixed, no configuration of the user's is read, and the address never becomes an option. Only HTTPS
/// is spoken, redirects included; an address the user gave may also be `file:`, or plain HTTP on this machine.
public struct Download: Sendable {
    private let program: BytePath?
    private let environment: [String: String]

    /// Bytes that a fetched file may have.
    static let maximumBytes = SignatureSource.maximumBytes
    private static let timeoutSeconds = 300
    private static let connectSeconds = 20

    /// Looks for `curl` in the folders of `PATH`; of the rest of the environment it gets what concerns proxies and
    /// certificates.
    public init(environment: [String: String]) {
        let passed = ["PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"]
        self.environment = environment.filter { name, _ in
            passed.contains(name) || name.lowercased().hasSuffix("_proxy")
        }
        program = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map {
            BytePath(String($0)).appending("curl")
        }.first { path in path.withCString { access($0, X_OK) } == 0 }
    }

    /// Whether an address is one that may be fetched.
    static func isAllowed(_ address: String) -> Bool {
        guard !address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return false }
        if address.hasPrefix("https://") || address.hasPrefix("file:///") { return true }
        guard address.hasPrefix("http://") else { return false }
        let authority = address.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return ["localhost", "127.0.0.1", "[::1]"].contains {
            authority == $0 || authority.hasPrefix($0 + ":") && authority.dropFirst($0.count + 1).allSatisfy(\.isNumber)
        }
    }

    /// The bytes at an address.
    ///
    /// - Throws: ``SignatureError/cannotFetch(_:reason:)``, `CancellationError`.
    func fetch(_ address: String) throws -> [UInt8] {
        guard let program else {
            throw SignatureError.cannotFetch(address, reason: "the program curl is not installed")
        }
        guard Download.isAllowed(address) else {
            throw SignatureError.cannotFetch(address, reason: "only https addresses are fetched")
        }
        let scheme = "=" + address.prefix { $0 != ":" }
        let child = try Child(
            program,
            [
                "curl", "--disable", "--silent", "--show-error", "--fail", "--location", "--max-redirs", "5",
                "--globoff", "--proto", scheme, "--proto-redir", scheme, "--max-time", "\(Download.timeoutSeconds)",
                "--connect-timeout", "\(Download.connectSeconds)", "--max-filesize", "\(Download.maximumBytes)",
                "--user-agent", "tdr", "--url", address,
            ], environment: environment.map { "\($0.key)=\($0.value)" }.sorted())
        let output: [UInt8]
        do {
            output = try child.read(limit: Download.maximumBytes)
        } catch {
            child.kill()
            _ = child.wait()
            throw error
        }
        guard output.count <= Download.maximumBytes else {
            child.kill()
            _ = child.wait()
            throw SignatureError.cannotFetch(address, reason: "it is larger than any signature file")
        }
        let (code, talk) = child.wait()
        guard code == 0 else {
            let first = talk.split(separator: "\n").first.map(String.init) ?? "curl ended with \(code)"
            throw SignatureError.cannotFetch(
                address, reason: first.hasPrefix("curl: ") ? String(first.dropFirst(6)) : first)
        }
        return output
    }
}

/// A running program: nothing on its standard input, its output and its talk in pipes.
private struct Child {
    private let process: pid_t
    private let output: SharedFile
    private let talk: SharedFile

    init(_ program: BytePath, _ arguments: [String], environment: [String]) throws {
        let name = BytePath("pipe")
        let (outRead, outWrite) = try Child.pipe()
        output = SharedFile(OpenFile(adopting: outRead, path: name))
        // Closed when this returns, so that the end of the stream can be seen.
        let outWriting = OpenFile(adopting: outWrite, path: name)
        // curl's talk is short: a pipe holds it until it is read.
        let (talkRead, talkWrite) = try Child.pipe()
        talk = SharedFile(OpenFile(adopting: talkRead, path: name))
        let talkWriting = OpenFile(adopting: talkWrite, path: name)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outWriting.descriptor, 1)
        posix_spawn_file_actions_adddup2(&actions, talkWriting.descriptor, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What this process ignores would stay ignored in the child.
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process: pid_t = 0
        let code = Child.withCStrings(arguments) { arguments in
            Child.withCStrings(environment) { environment in
                program.withCString { posix_spawn(&process, $0, &actions, &attributes, arguments, environment) }
            }
        }
        guard code == 0 else { throw SystemFault("run", program, code: code) }
        self.process = process
    }

    /// Everything the program writes, or one byte more than `limit`.
    func read(limit: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = Buffer(count: 64 << 10)
        while bytes.count <= limit {
            try Task.checkCancellation()
            let count = try output.file.read(into: buffer.bytes)
            if count == 0 { break }
            bytes += buffer.prefix(min(count, limit + 1 - bytes.count))
        }
        return bytes
    }

    func kill() { Glibc.kill(process, SIGKILL) }

    /// Its exit code, 128 and more for a signal, and what it said.
    func wait() -> (code: Int32, talk: String) {
        let buffer = Buffer(count: 4096)
        // Talk that cannot be read is none.
        let count = (try? talk.file.fill(buffer.bytes)) ?? 0
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        return (code, String(decoding: buffer.prefix(count), as: UTF8.self))
    }

    /// Two ends, which no child gets but by `posix_spawn`'s own doing.
    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw SystemFault("make", "a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
