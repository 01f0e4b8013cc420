import CShims
import Glibc
import Streams

/// One connection to clamd: commands in their `z` forms out, replies that end with NUL in.
///
/// Nothing here waits for longer than its deadline, however slowly the other side drips, nor goes on when the task is
/// cancelled.
final class ClamdConnection {
    private static let sliceMilliseconds: Int32 = 200
    private static let maximumReply = 1 << 20

    private let socket: OpenFile
    private let place: ClamdPlace
    private var received: [UInt8] = []
    private var searched = 0
    private var buffer = [UInt8](repeating: 0, count: 4096)

    /// Connects.
    ///
    /// - Throws: ``ClamdFault`` of kind `unreachable`.
    init(_ place: ClamdPlace, seconds: Int32) throws(ClamdFault) {
        self.place = place
        let descriptor: Int32
        let path: BytePath
        switch place {
        case .path(let socket):
            path = socket
            descriptor = socket.withCString { tdr_connect_unix($0, seconds) }
        case .tcp(let host, let port):
            path = BytePath(place.description)
            descriptor = tdr_connect_tcp(host, String(port), seconds)
        }
        guard descriptor >= 0 else {
            let reason = errno == 0 ? "no such host" : String(cString: strerror(errno))
            throw ClamdFault(.unreachable, "clamd at '\(place)' cannot be reached: \(reason)")
        }
        socket = OpenFile(adopting: descriptor, path: path)
    }

    /// Sends all of it.
    func send(_ bytes: UnsafeRawBufferPointer, until deadline: Deadline) throws(ClamdFault) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.send(
                socket.descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try wait(for: Int16(POLLOUT), until: deadline)
            } else if errno != EINTR {
                throw ClamdFault(.lost, "clamd has closed the connection (\(String(cString: strerror(errno))))")
            }
        }
    }

    func send(_ command: String, until deadline: Deadline) throws(ClamdFault) {
        let bytes = Array(command.utf8)
        do {
            try bytes.withUnsafeBytes { try send($0, until: deadline) }
        } catch let fault as ClamdFault {
            throw fault
        } catch {
            throw ClamdFault(.lost, "\(error)")
        }
    }

    /// Hands over an open file with one byte of data.
    func sendDescriptor(of file: borrowing OpenFile, until deadline: Deadline) throws(ClamdFault) {
        while tdr_send_descriptor(socket.descriptor, file.descriptor) < 0 {
            if errno == EAGAIN || errno == EWOULDBLOCK {
                try wait(for: Int16(POLLOUT), until: deadline)
            } else if errno != EINTR {
                throw ClamdFault(.lost, "clamd does not take the file: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// The next reply.
    func reply(until deadline: Deadline) throws(ClamdFault) -> String {
        var hasHeard = false
        while true {
            if let end = received[searched...].firstIndex(of: 0) {
                let reply = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                searched = 0
                return reply
            }
            searched = received.count
            if received.count > ClamdConnection.maximumReply {
                throw ClamdFault(.nonsense, "clamd answers without end")
            }
            // Dripping is no answer either.
            if deadline.hasPassed, hasHeard { throw ClamdFault(.silent, "clamd has not answered in time") }
            let count = buffer.withUnsafeMutableBytes {
                recv(socket.descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
            }
            if count > 0 {
                received += buffer[..<count]
                hasHeard = true
            } else if count == 0 {
                throw ClamdFault(.lost, "clamd has closed the connection without an answer")
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                try wait(for: Int16(POLLIN), until: deadline)
            } else if errno != EINTR {
                throw ClamdFault(.lost, "clamd cannot be heard: \(String(cString: strerror(errno)))")
            }
        }
    }

    private func wait(for event: Int16, until deadline: Deadline) throws(ClamdFault) {
        while true {
            if Task.isCancelled { throw ClamdFault(.cancelled, "the check was stopped") }
            if deadline.hasPassed { throw ClamdFault(.silent, "clamd has not answered in time") }
            var polled = pollfd(fd: socket.descriptor, events: event, revents: 0)
            let slice = min(ClamdConnection.sliceMilliseconds, deadline.millisecondsLeft)
            if poll(&polled, 1, max(1, slice)) > 0 { return }
        }
    }
}

/// A moment on the clock that never goes back.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(seconds: Int32) { end = .now.advanced(by: .seconds(Int64(seconds))) }

    var hasPassed: Bool { ContinuousClock.now >= end }

    var millisecondsLeft: Int32 {
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: end).components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}

/// clamd cannot be used, or gives no answer for a file, and why.
struct ClamdFault: Error, Hashable {
    enum Kind: Sendable {
        /// Nobody listens there.
        case unreachable
        /// The connection ended.
        case lost
        /// No answer in time.
        case silent
        /// An answer that is none.
        case nonsense
        /// Nobody waits any more.
        case cancelled
        /// It cannot be used as it is set up.
        case unusable
    }

    let kind: Kind
    let reason: String

    init(_ kind: Kind, _ reason: String) { (self.kind, self.reason) = (kind, reason) }
}
