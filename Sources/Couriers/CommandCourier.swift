import Glibc
package import Streams

/// Gives letters to a command of the shell, on its standard input; its exit code says whether it took one.
package struct CommandCourier: Courier {
    package let kind = "command"
    private let command: String
    private let environment: [String: String]
    private let scratch: BytePath
    private let timeoutSeconds: Int

    /// - Parameters:
    ///   - environment: What the command gets, with `TDR_NOTICE_ID` and `TDR_NOTICE_EVENT` added.
    ///   - scratch: Where a letter may lie while it is read, without a name.
    package init(command: String, environment: [String: String], scratch: BytePath, timeoutSeconds: Int = 60) {
        self.command = command
        self.environment = environment
        self.scratch = scratch
        self.timeoutSeconds = timeoutSeconds
    }

    package func deliver(_ letter: Letter) async throws {
        try await withBlockingThreads(1) { _ in
            let code: Int32
            do {
                code = try run(letter)
            } catch let fault as SystemFault {
                throw CourierFault("the command cannot be run: \(fault.reason)")
            }
            if code == -1 { throw CourierFault("the command took longer than \(timeoutSeconds) s and was ended") }
            if code != 0 { throw CourierFault("the command ended with \(code)") }
        }
    }

    /// The exit code, 128 and more for a signal, -1 when it took too long.
    private func run(_ letter: Letter) throws -> Int32 {
        let spool = Spool(memoryBytes: 0, folder: scratch)
        try letter.body.withUnsafeBytes { try spool.write($0) }
        let input = try spool.openFile(named: BytePath("notice"))
        lseek(input.descriptor, 0, SEEK_SET)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.descriptor, 0)
        // stdout is for the answer of our own command.
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        let own = environment.merging(["TDR_NOTICE_ID": letter.id, "TDR_NOTICE_EVENT": letter.event]) { $1 }
        var process: pid_t = 0
        let code = withCStrings(["sh", "-c", command]) { arguments in
            withCStrings(own.map { "\($0.key)=\($0.value)" }.sorted()) { environment in
                posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw SystemFault("run", "/bin/sh", code: code) }
        return try wait(for: process)
    }

    private func wait(for process: pid_t) throws -> Int32 {
        var status: Int32 = 0
        for _ in 0..<(timeoutSeconds * 100) {
            let ended = waitpid(process, &status, WNOHANG)
            if ended == process { return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F) }
            if Task.isCancelled { break }
            pause(10_000)
        }
        kill(-process, SIGKILL)
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        try Task.checkCancellation()
        return -1
    }

    private func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
