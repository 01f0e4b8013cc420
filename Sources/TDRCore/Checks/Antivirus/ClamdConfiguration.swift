import Streams

/// What matters to us in a `clamd.conf`; absent words have the values of ClamAV 1.x.
struct ClamdConfiguration: Sendable {
    private(set) var socket: BytePath?
    private(set) var tcp: (host: String, port: UInt16)?
    private(set) var maximumFileBytes: Int64 = 100 << 20
    private(set) var maximumScanBytes: Int64 = 400 << 20
    private(set) var maximumStreamBytes: Int64 = 100 << 20
    /// Whether a file whose members exceed the limits is reported instead of called clean.
    private(set) var alertsExceedsMax = false

    /// What no configuration can exceed: the largest file that ClamAV maps.
    private static let hardMaximum: Int64 = 2 << 30 - 1
    private static let maximumText = 1 << 16

    /// The defaults.
    init() {}

    /// What is assumed of a clamd whose configuration is not known: the smallest limits that ClamAV's versions and
    /// Debian's file have had. More may only be assumed of one that says more.
    static let cautious = ClamdConfiguration(text: "MaxFileSize 25M\nMaxScanSize 100M\nStreamMaxLength 25M")

    /// Reads the file at `path`; nil when it is no readable configuration.
    init?(_ path: BytePath) {
        // Unreadable is as good as absent: the limits of the program itself are assumed then.
        guard let file = try? OpenFile.reading(path), let status = try? file.status(), status.kind == .regular else {
            return nil
        }
        let buffer = Buffer(count: ClamdConfiguration.maximumText)
        guard let count = try? file.fill(buffer.bytes) else { return nil }
        self.init(text: String(decoding: buffer.prefix(count), as: UTF8.self))
    }

    init(text: String) {
        var port: UInt16?
        var host = "127.0.0.1"
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, !words[0].hasPrefix("#") else { continue }
            let value = words[1]
            switch words[0] {
            case "LocalSocket": socket = BytePath(String(value))
            case "TCPSocket": port = UInt16(value)
            case "TCPAddr": host = String(value)
            case "MaxFileSize": maximumFileBytes = ClamdConfiguration.bytes(value) ?? maximumFileBytes
            case "MaxScanSize": maximumScanBytes = ClamdConfiguration.bytes(value) ?? maximumScanBytes
            case "StreamMaxLength": maximumStreamBytes = ClamdConfiguration.bytes(value) ?? maximumStreamBytes
            case "AlertExceedsMax": alertsExceedsMax = ["yes", "true", "1"].contains(value.lowercased())
            default: continue
            }
        }
        tcp = port.map { (host, $0) }
    }

    /// The largest file of which clamd sees every byte when it gets the descriptor.
    var largestFile: Int64 { least([maximumFileBytes, maximumScanBytes]) }

    /// The largest it sees whole when it gets a stream.
    var largestStream: Int64 { least([maximumFileBytes, maximumScanBytes, maximumStreamBytes]) }

    /// 0 lifts a limit.
    private func least(_ limits: [Int64]) -> Int64 {
        limits.map { $0 == 0 ? .max : $0 }.reduce(ClamdConfiguration.hardMaximum, min)
    }

    /// `25M`, `4000M`, `1G`, `100K` or bytes.
    private static func bytes(_ text: Substring) -> Int64? {
        let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
        guard let last = text.last else { return nil }
        guard let unit = units[Character(last.lowercased())] else { return Int64(text) }
        guard let number = Int64(text.dropLast()) else { return nil }
        let (product, overflows) = number.multipliedReportingOverflow(by: unit)
        return overflows ? .max : product
    }
}
