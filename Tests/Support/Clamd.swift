import CShims
import Glibc
package import Streams

/// A real clamd with a tiny database of its own, for as long as this value lives.
package final class Clamd: Sendable {
    /// Where Debian puts it.
    package static let isInstalled = access("/usr/sbin/clamd", X_OK) == 0

    /// The harmless file that every scanner calls a virus; put together here so that no source file is one.
    package static let eicar: [UInt8] = Array(
        (["X5O!P%@AP[4", #"\PZX54(P^)7CC)7}$"#, "EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"].joined()).utf8)

    private let folder: TemporaryFolder
    private let program: Guarded<RunningProgram>
    package let configuration: BytePath
    package let socket: BytePath
    /// The port on 127.0.0.1, when it has one.
    package let port: UInt16?

    /// Starts one and waits until it answers. `more` are further lines of its configuration.
    package init(maxFileSize: String = "20M", tcp: Bool = false, _ more: String = "") throws {
        folder = try TemporaryFolder()
        try setMode(folder.path, 0o755)
        socket = folder.appending("socket")
        port = tcp ? try FreePort.next() : nil
        let text = folder.path.text ?? ""
        try folder.make("db", ["test.ndb": .file(Array("Tdr.Eicar:0:*:\(Hex.encode(Clamd.eicar))\n".utf8))])
        configuration = try folder.make(
            "clamd.conf",
            .file(
                Array(
                    """
                    LocalSocket \(text)/socket
                    DatabaseDirectory \(text)/db
                    PidFile \(text)/pid
                    Foreground yes
                    LogFile \(text)/log
                    MaxFileSize \(maxFileSize)
                    MaxScanSize \(maxFileSize)
                    StreamMaxLength \(maxFileSize)
                    MaxThreads 4
                    User root
                    \(port.map { "TCPSocket \($0)\nTCPAddr 127.0.0.1" } ?? "")
                    \(more)

                    """.utf8)))
        program = Guarded(try Clamd.start(configuration, socket))
    }

    deinit {
        program.withLock { program in
            program.send(SIGCONT)
            program.send(SIGKILL)
            _ = try? program.wait()
        }
    }

    private static func start(_ configuration: BytePath, _ socket: BytePath) throws -> RunningProgram {
        let program = try Program.start(BytePath("/usr/sbin/clamd"), ["-c", Argument(configuration)])
        let ready = waitUntil { program.hasEnded || Clamd.answers(socket) }
        guard ready, !program.hasEnded else {
            let finished = try program.wait()
            throw SystemFault("start clamd: \(finished.errors)\(finished.output)", socket, code: ECHILD)
        }
        return program
    }

    package func send(_ signal: Int32) { program.withLock { $0.send(signal) } }

    /// Ends it and waits until it is gone.
    package func end() {
        program.withLock { program in
            program.send(SIGKILL)
            _ = waitUntil { program.hasEnded }
        }
    }

    /// Starts it again where it was.
    package func startAgain() throws {
        let again = try Clamd.start(configuration, socket)
        program.withLock { $0 = again }
    }

    /// Lets it read its database again.
    package func reload() {
        let descriptor = socket.withCString { tdr_connect_unix($0, 1) }
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = Clamd.sendReply(descriptor, "zRELOAD\0")
    }

    private static func answers(_ socket: BytePath) -> Bool {
        let descriptor = socket.withCString { tdr_connect_unix($0, 1) }
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard sendReply(descriptor, "zPING\0") else { return false }
        var reply = [UInt8](repeating: 0, count: 16)
        return recv(descriptor, &reply, reply.count, 0) == 5 && reply.starts(with: Array("PONG".utf8))
    }

    private static func sendReply(_ descriptor: Int32, _ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}

/// A server that says whatever a test wants where clamd should be.
package final class FakeClamd: Sendable {
    /// What it does with the answer to a file.
    package enum Manner: Sendable {
        /// Says this for each file, then waits for the next.
        case says([UInt8])
        /// Says this and closes the connection.
        case closesAfter([UInt8])
        /// Goes on saying this until nobody listens.
        case saysWithoutEnd([UInt8])
        /// Says this once, closes, and refuses all that come later.
        case saysOnceAndGoes([UInt8])
    }

    package let socket: BytePath
    private let folder: TemporaryFolder
    private let listener: Int32
    private let thread: pthread_t

    private final class Work: Sendable {
        let listener: Int32
        let version: [UInt8]
        let manner: Manner
        init(_ listener: Int32, _ version: [UInt8], _ manner: Manner) {
            (self.listener, self.version, self.manner) = (listener, version, manner)
        }
    }

    /// Answers the question for the version with `version` and every file in this manner.
    package init(version: String = "ClamAV 1.4.6/27000/Mon Nov 23 08:00:00 2026\0", _ manner: Manner) throws {
        folder = try TemporaryFolder()
        socket = folder.appending("socket")
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = socket.bytes
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes + [0]) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 64) == 0 else { throw SystemFault("listen at", socket) }
        let work = Unmanaged.passRetained(Work(listener, Array(version.utf8), manner))
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                FakeClamd.serve(Unmanaged<Work>.fromOpaque(argument).takeRetainedValue())
                return nil
            }, work.toOpaque())
        guard code == 0 else { throw SystemFault("start", "a thread", code: code) }
        thread = id
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        pthread_join(thread, nil)
        close(listener)
    }

    /// One loop over all connections: a thread for each would outlive the test.
    private static func serve(_ work: Work) {
        var connections: [Int32: [UInt8]] = [:]
        var endless: Set<Int32> = []
        var gone = false
        // Of the last answer on each connection.
        var numbers: [Int32: Int] = [:]
        // Answers are written with the number 1; each gets its own.
        func numbered(_ bytes: [UInt8], _ connection: Int32) -> [UInt8] {
            numbers[connection, default: 0] += 1
            guard bytes.starts(with: Array("1: ".utf8)) else { return bytes }
            return Array("\(numbers[connection, default: 0])".utf8) + bytes.dropFirst()
        }
        while true {
            var polled = [pollfd(fd: work.listener, events: Int16(POLLIN), revents: 0)]
            polled += connections.keys.map { connection in
                let events = endless.contains(connection) ? POLLIN | POLLOUT : POLLIN
                return pollfd(fd: connection, events: Int16(events), revents: 0)
            }
            guard poll(&polled, nfds_t(polled.count), -1) > 0 else { continue }
            if polled[0].revents != 0 {
                let connection = accept(work.listener, nil, nil)
                if connection < 0 { break }
                if gone { close(connection) } else { connections[connection] = [] }
            }
            for entry in polled.dropFirst() where entry.revents != 0 {
                if entry.revents & Int16(POLLOUT) != 0, case .saysWithoutEnd(let bytes) = work.manner {
                    _ = Glibc.send(entry.fd, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                guard entry.revents & ~Int16(POLLOUT) != 0 else { continue }
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(entry.fd, &buffer, buffer.count, 0)
                guard count > 0 else {
                    close(entry.fd)
                    connections[entry.fd] = nil
                    endless.remove(entry.fd)
                    continue
                }
                connections[entry.fd, default: []] += buffer[..<count]
                while let end = connections[entry.fd]?.firstIndex(of: 0) {
                    let command = String(decoding: (connections[entry.fd] ?? [])[..<end], as: UTF8.self)
                    connections[entry.fd]?.removeSubrange(...end)
                    switch command {
                    case "zVERSIONCOMMANDS": say(entry.fd, work.version)
                    case "zIDSESSION": numbers[entry.fd] = 0
                    // The byte that carries the descriptor ends a command of its own, which is the file.
                    case "":
                        switch work.manner {
                        case .says(let bytes): say(entry.fd, numbered(bytes, entry.fd))
                        case .closesAfter(let bytes), .saysOnceAndGoes(let bytes):
                            say(entry.fd, numbered(bytes, entry.fd))
                            close(entry.fd)
                            connections[entry.fd] = nil
                            if case .saysOnceAndGoes = work.manner { gone = true }
                        case .saysWithoutEnd: endless.insert(entry.fd)
                        }
                    default: break
                    }
                }
            }
        }
        for connection in connections.keys { close(connection) }
    }

    @discardableResult
    private static func say(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        bytes.isEmpty || Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) > 0
    }
}
