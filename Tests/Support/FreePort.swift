import Glibc
import Streams

/// Ports on 127.0.0.1 for programs that tests start.
///
/// From below those that the system gives to connections: nobody gets one by chance between our looking and the
/// program's listening, and this process gives none out twice.
package enum FreePort {
    private static let range: ClosedRange<UInt16> = 20_000...31_999
    private static let given = Guarded<Set<UInt16>>([])

    /// One that nobody listens on.
    package static func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: range)
            if given.withLock({ $0.insert(port).inserted }), isFree(port) { return port }
        }
        throw SystemFault("find", "a free port", code: EADDRINUSE)
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = port.bigEndian
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
