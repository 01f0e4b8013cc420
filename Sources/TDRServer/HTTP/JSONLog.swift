import Glibc
import GraphQL
import Logging
import Streams
import TDRCore

/// Writes the log as JSON Lines on stderr: one object a line, keys sorted, whole lines at once.
struct JSONLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members = ["time": LogLine.now, "level": event.level.rawValue, "event": "\(event.message)"]
        // Frameworks below us log what they please under their own names; ours is what is asked for.
        for (key, value) in metadata where !key.hasPrefix("hb.") { members[key] = "\(value)" }
        for (key, value) in event.metadata ?? [:] { members[key] = "\(value)" }
        var line = LogLine()
        for (key, value) in members.sorted(by: { $0.key < $1.key }) { line.add(key, value) }
        line.write()
    }
}

/// One line of the log: an object of texts, whose keys are added in their order.
struct LogLine {
    private var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(512) }

    mutating func add(_ key: String, _ value: String) {
        bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
        JSONText.write(key, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        JSONText.write(value, into: &bytes)
    }

    /// The whole line.
    var finished: [UInt8] {
        var bytes = bytes
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Puts it into the log.
    func write() { LogWriter.stderr.write(finished) }

    /// The second that it is, in words; put into words once a second.
    static var now: String {
        let second = Glibc.time(nil)
        return told.withLock { told in
            if told.second != second {
                told = (second, Timestamp(milliseconds: Int64(second) * 1000).description)
            }
            return told.text
        }
    }

    private static let told = Guarded<(second: time_t, text: String)>((0, ""))
}
