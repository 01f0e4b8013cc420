import Glibc
import Streams

/// A clamd to ask: where it listens, what it is, and what it would leave unread.
struct ClamdEngine: Sendable {
    let socket: BytePath
    let version: EngineVersion
    /// The largest file it looks at as a whole, bytes. A larger one it calls clean without a word.
    let maximumFileBytes: Int64

    /// What ClamAV 1.x does without a configuration, and what no configuration can exceed.
    private static let defaultMaximumFile: Int64 = 100 << 20
    private static let defaultMaximumScan: Int64 = 400 << 20
    private static let hardMaximum: Int64 = 2 << 30 - 1

    private static let usualConfigurations = ["/etc/clamav/clamd.conf", "/etc/clamd.d/scan.conf", "/etc/clamd.conf"]
    private static let usualSockets = [
        "/run/clamav/clamd.ctl", "/var/run/clamav/clamd.ctl", "/run/clamd.scan/clamd.sock", "/tmp/clamd.socket",
    ]

    /// Finds clamd and asks for its version.
    ///
    /// - Throws: ``ClamdFault`` when there is none or it does not answer.
    static func find(_ policy: AntivirusPolicy) throws(ClamdFault) -> ClamdEngine {
        let place = try place(policy)
        let session = try ClamdSession(socket: place.socket, timeoutSeconds: 10)
        let version = try session.version()
        return ClamdEngine(
            socket: place.socket, version: version, maximumFileBytes: place.limits?.maximumFileBytes ?? hardDefault)
    }

    private static var hardDefault: Int64 { min(defaultMaximumFile, defaultMaximumScan) }

    private static func place(_ policy: AntivirusPolicy) throws(ClamdFault) -> (socket: BytePath, limits: Limits?) {
        switch policy {
        case .none: throw ClamdFault("no antivirus engine is asked for")
        case .clamd(let path):
            guard let status = try? FileStatus.following(path) else {
                throw ClamdFault("there is no clamd socket or configuration at '\(path.display)'")
            }
            if status.kind == .socket { return (path, limits(forSocket: path)) }
            guard let limits = Limits(configuration: path) else {
                throw ClamdFault("'\(path.display)' is neither a socket nor a clamd configuration")
            }
            guard let socket = limits.socket else {
                throw ClamdFault("the clamd configuration '\(path.display)' names no LocalSocket")
            }
            return (socket, limits)
        case .automatic:
            for name in usualConfigurations {
                if let limits = Limits(configuration: BytePath(name)), let socket = limits.socket, exists(socket) {
                    return (socket, limits)
                }
            }
            for name in usualSockets where exists(BytePath(name)) {
                return (BytePath(name), limits(forSocket: BytePath(name)))
            }
            throw ClamdFault(
                "no antivirus engine: clamd is not running where it usually listens; start clamav-daemon, name its"
                    + " socket with --clamd, or decide for --antivirus none")
        }
    }

    private static func exists(_ path: BytePath) -> Bool { (try? FileStatus.following(path))?.kind == .socket }

    /// The limits of the usual configuration that names this socket.
    private static func limits(forSocket socket: BytePath) -> Limits? {
        usualConfigurations.lazy.compactMap { Limits(configuration: BytePath($0)) }.first { $0.socket == socket }
    }

    /// What matters in a `clamd.conf`.
    private struct Limits {
        var socket: BytePath?
        var maximumFileBytes: Int64

        init?(configuration path: BytePath) {
            // Unreadable is as good as absent: the limits of the program itself are assumed then.
            guard let file = try? OpenFile.reading(path), let status = try? file.status(), status.kind == .regular
            else {
                return nil
            }
            let buffer = Buffer(count: 1 << 16)
            guard let count = try? file.fill(buffer.bytes) else { return nil }
            var file64 = ClamdEngine.defaultMaximumFile
            var scan64 = ClamdEngine.defaultMaximumScan
            for line in String(decoding: buffer.prefix(count), as: UTF8.self).split(whereSeparator: \.isNewline) {
                let words = line.split(whereSeparator: \.isWhitespace)
                guard words.count >= 2, !words[0].hasPrefix("#") else { continue }
                switch words[0] {
                case "LocalSocket": socket = BytePath(String(words[1]))
                case "MaxFileSize": file64 = Limits.bytes(words[1]) ?? file64
                case "MaxScanSize": scan64 = Limits.bytes(words[1]) ?? scan64
                default: continue
                }
            }
            // 0 lifts the limit; what remains is the largest file the engine can map.
            maximumFileBytes = [file64, scan64].map { $0 == 0 ? .max : $0 }.reduce(ClamdEngine.hardMaximum, min)
        }

        /// `25M`, `4000M`, `1G`, `100K` or bytes.
        private static func bytes(_ text: Substring) -> Int64? {
            let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
            guard let last = text.last else { return nil }
            if let unit = units[Character(last.lowercased())] { return Int64(text.dropLast()).map { $0 * unit } }
            return Int64(text)
        }
    }
}

/// clamd cannot be used, and why.
struct ClamdFault: Error, Hashable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
