import Glibc
import Streams

/// A connection to a server of this machine over which anything can be sent, and nothing is understood.
final class RawConnection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isOpen = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isOpen else {
            close(descriptor)
            throw SystemFault("connect to", "port \(port)")
        }
    }

    deinit { close(descriptor) }

    /// Sends all of it; false when the server has closed the connection.
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return false }
        }
        return true
    }

    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Nothing more is sent.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// What comes next, at most so many bytes; empty at the end, nil when nothing comes within the time.
    func receive(atMost count: Int = 1 << 16, milliseconds: Int32) -> [UInt8]? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &bytes, count, 0)
        return got > 0 ? Array(bytes.prefix(got)) : []
    }

    /// Whether the server has closed the connection, after whatever it still had to say.
    func isClosed() -> Bool {
        while let bytes = receive(milliseconds: 0) { if bytes.isEmpty { return true } }
        return false
    }
}
