package import Glibc
package import Streams

/// An argument or a value of the environment: bytes.
package struct Argument: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package let bytes: [UInt8]
    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(_ path: BytePath) { bytes = path.bytes }
    package init(stringLiteral text: String) { bytes = Array(text.utf8) }
}

/// How a program ended and what it said.
package struct Finished: Sendable {
    /// The exit code; 128 and the number of the signal when one ended it.
    package let code: Int32
    /// The signal that ended it, if one did.
    package let signal: Int32?
    package let stdout: [UInt8]
    package let stderr: [UInt8]

    package var output: String { String(decoding: stdout, as: UTF8.self) }
    package var errors: String { String(decoding: stderr, as: UTF8.self) }
    /// The first line of stdout, without its end.
    package var line: String { output.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? "" }
}

/// Where the standard output of a program goes.
package enum Sink: Sendable {
    case collected
    case file(String)
    /// A file that is made, or emptied.
    case created(BytePath)
    /// Nowhere: the descriptor is closed when the program starts.
    case closed
}

/// Other programs, run for real.
package enum Program {
    /// The `tdr` of this build.
    package static let tdr: BytePath = {
        var room = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &room, room.count)
        let own = BytePath(room.prefix(max(0, length)).map { UInt8(bitPattern: $0) })
        let places = [own.directory] + CommandLine.arguments.map { BytePath($0).directory }
        for place in places {
            let path = place.appending("tdr")
            if path.withCString({ access($0, X_OK) }) == 0 { return path }
        }
        return own.directory.appending("tdr")
    }()

    /// Runs a program to its end.
    package static func run(
        _ path: BytePath, _ arguments: [Argument], environment: [String: Argument] = [:], directory: BytePath? = nil,
        stdout: Sink = .collected
    ) throws -> Finished {
        try start(path, arguments, environment: environment, directory: directory, stdout: stdout).wait()
    }

    /// The same by the path as text.
    @discardableResult
    package static func run(_ path: String, _ arguments: [Argument]) throws -> Finished {
        try run(BytePath(path), arguments)
    }

    /// Starts a program with an environment of its own: PATH, and what is given.
    package static func start(
        _ path: BytePath, _ arguments: [Argument], environment: [String: Argument] = [:], directory: BytePath? = nil,
        stdout: Sink = .collected
    ) throws -> RunningProgram {
        var (path, arguments) = (path, arguments)
        if let directory {
            // env takes its place: the process stays the same.
            arguments = ["-C", Argument(directory), Argument(path)] + arguments
            path = BytePath("/usr/bin/env")
        }
        let out = try anonymousFile()
        let err = try anonymousFile()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        switch stdout {
        case .collected: posix_spawn_file_actions_adddup2(&actions, out.descriptor, 1)
        case .file(let path): posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY, 0)
        case .created(let path):
            _ = path.withCString {
                posix_spawn_file_actions_addopen(&actions, 1, $0, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            }
        case .closed: posix_spawn_file_actions_addclose(&actions, 1)
        }
        posix_spawn_file_actions_adddup2(&actions, err.descriptor, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var values: [String: Argument] = ["SWIFT_BACKTRACE": "enable=no", "LC_ALL": "C"]
        for name in ["PATH", "LD_LIBRARY_PATH", "TSAN_OPTIONS"] {
            if let value = getenv(name) { values[name] = Argument(String(cString: value)) }
        }
        values.merge(environment) { $1 }
        let settings = values.sorted { $0.key < $1.key }.map { Array("\($0.key)=".utf8) + $0.value.bytes }
        var pid = pid_t()
        let code = withCStrings([path.bytes] + arguments.map(\.bytes)) { argv in
            withCStrings(settings) { envp in
                path.withCString { posix_spawn(&pid, $0, &actions, &attributes, argv, envp) }
            }
        }
        guard code == 0 else { throw SystemFault("start", path, code: code) }
        return RunningProgram(pid: pid, stdout: SharedFile(out), stderr: SharedFile(err))
    }

    private static func anonymousFile() throws -> OpenFile {
        var template = Array("/tmp/tdr-test-output-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SystemFault("make", "a temporary file") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return OpenFile(adopting: descriptor, path: BytePath("collected output"))
    }

    private static func withCStrings<Result>(
        _ strings: [[UInt8]], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { string in strdup(string.map { CChar(bitPattern: $0) } + [0]) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("the last pointer is nil, so there is one") }
            return body(base)
        }
    }
}

/// A program that is running.
package final class RunningProgram: Sendable {
    package let pid: pid_t
    private let out: SharedFile
    private let err: SharedFile

    init(pid: pid_t, stdout: SharedFile, stderr: SharedFile) {
        self.pid = pid
        out = stdout
        err = stderr
    }

    /// Sends a signal; one to a program that has ended goes nowhere, since nobody has waited for it yet.
    package func send(_ signal: Int32) { kill(pid, signal) }

    /// Whether it is over, without waiting.
    package var hasEnded: Bool {
        var info = siginfo_t()
        return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_signo == SIGCHLD
    }

    /// Waits for its end.
    package func wait() throws -> Finished {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            if errno != EINTR { throw SystemFault("wait for", "process \(pid)") }
        }
        let signal = status & 0x7F
        return Finished(
            code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, signal: signal == 0 ? nil : signal,
            stdout: try collected(out), stderr: try collected(err))
    }

    private func collected(_ shared: SharedFile) throws -> [UInt8] {
        let size = Int(try shared.file.status().size)
        var bytes = [UInt8](repeating: 0, count: size)
        let count = try bytes.withUnsafeMutableBytes { try shared.file.read(into: $0, at: 0) }
        return Array(bytes.prefix(count))
    }
}
