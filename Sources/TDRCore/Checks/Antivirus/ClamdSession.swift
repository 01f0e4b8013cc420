import CShims
import Glibc
import Streams

/// One connection to clamd over its UNIX socket.
///
/// Files are handed over as open descriptors (`FILDES`): clamd needs no right to read them, sees no names, and works
/// in its own process while we hash. Commands are the `z` forms, replies end with NUL.
final class ClamdSession {
    private let connection: OpenFile
    private var session = false
    private var received: [UInt8] = []

    /// How long one reply may take. A reply that does not come leaves the file unscanned.
    static let replySeconds: Int32 = 300

    init(socket: BytePath, timeoutSeconds: Int32 = replySeconds) throws(ClamdFault) {
        let descriptor = socket.withCString { tdr_connect_unix($0, timeoutSeconds) }
        guard descriptor >= 0 else {
            throw ClamdFault("clamd at '\(socket.display)' cannot be reached: \(String(cString: strerror(errno)))")
        }
        connection = OpenFile(adopting: descriptor, path: socket)
    }

    /// What `VERSION` says: `ClamAV 1.4.6/27000/Mon Nov 23 08:00:00 2026`, without the last parts when clamd has no
    /// official database.
    func version() throws(ClamdFault) -> EngineVersion {
        try send("zVERSION\0")
        let reply = try nextReply()
        let parts = reply.split(separator: "/", maxSplits: 2).map(String.init)
        guard let program = parts.first?.split(separator: " ", maxSplits: 1), program.count == 2 else {
            throw ClamdFault("clamd gives no version but '\(reply.prefix(80))'")
        }
        let database = parts.count == 3 ? "\(parts[1]) (\(parts[2]))" : parts.dropFirst().joined(separator: "/")
        return EngineVersion(
            software: String(program[0]), softwareVersion: String(program[1]), databaseVersion: database)
    }

    /// Hands over an open file; the answer is fetched with ``verdict()``.
    func submit(_ file: borrowing OpenFile) throws(ClamdFault) {
        if !session {
            try send("zIDSESSION\0")
            session = true
        }
        try send("zFILDES\0")
        while tdr_send_descriptor(connection.descriptor, file.descriptor) < 0 {
            if errno != EINTR { throw ClamdFault("clamd does not take the file: \(String(cString: strerror(errno)))") }
        }
    }

    /// The answer for the file submitted last.
    func verdict() throws(ClamdFault) -> AntivirusVerdict {
        // `3: fd[11]: OK`, `3: fd[11]: Eicar-Test FOUND`, `3: fd[11]: … ERROR`
        let reply = try nextReply()
        let answer = reply.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? reply
        if answer == "OK" { return .clean }
        if answer.hasSuffix(" FOUND") { return .found(String(answer.dropLast(6))) }
        if answer.hasSuffix(" ERROR") { return .notScanned("clamd: \(answer.dropLast(6))") }
        throw ClamdFault("clamd gives an answer that is none: '\(reply.prefix(80))'")
    }

    private func send(_ command: String) throws(ClamdFault) {
        var rest = Array(command.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection.descriptor, $0.baseAddress, $0.count, noSignal) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw ClamdFault("clamd has closed the connection (\(String(cString: strerror(errno))))")
            }
        }
    }

    private func nextReply() throws(ClamdFault) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = received.firstIndex(of: 0) {
                let reply = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                return reply
            }
            if received.count > 1 << 20 { throw ClamdFault("clamd answers without end") }
            let count = buffer.withUnsafeMutableBytes { recv(connection.descriptor, $0.baseAddress, $0.count, 0) }
            if count > 0 {
                received += buffer[..<count]
            } else if count == 0 {
                throw ClamdFault("clamd has closed the connection without an answer")
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                throw ClamdFault("clamd has not answered in time")
            } else if errno != EINTR {
                throw ClamdFault("clamd cannot be heard: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// `MSG_NOSIGNAL`: a closed connection is an error, not a signal.
private let noSignal = Int32(MSG_NOSIGNAL)
