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

    /// One writer at a time: lines do not mix.
    private static let writing = Guarded(())

    func log(event: LogEvent) {
        // Frameworks below us log what they please under their own names; ours is what is asked for.
        let time = Timestamp(milliseconds: Int64(Glibc.time(nil)) * 1000)
        var line: [String: String] = [
            "time": time.description, "level": event.level.rawValue, "event": "\(event.message)",
        ]
        for (key, value) in metadata where !key.hasPrefix("hb.") { line[key] = "\(value)" }
        for (key, value) in event.metadata ?? [:] { line[key] = "\(value)" }
        var object = JSONObject()
        for (key, value) in line.sorted(by: { $0.key < $1.key }) { object.append(key, .string(value)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(400)
        object.write(into: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        JSONLog.writing.withLock { _ in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
                // A log that nobody reads must not stop the server.
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
            }
        }
    }
}
