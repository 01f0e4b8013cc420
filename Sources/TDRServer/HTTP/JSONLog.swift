import FoundationEssentials
import Glibc
import Logging
import Synchronization

/// Writes the log as JSON Lines on stderr: one object a line, keys sorted, whole lines at once.
struct JSONLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// One writer at a time: lines do not mix.
    private static let writing = Mutex(())

    func log(event: LogEvent) {
        // Frameworks below us log what they please under their own names; ours is what is asked for.
        var line: [String: String] = [
            "time": Date().formatted(.iso8601), "level": event.level.rawValue, "event": "\(event.message)",
        ]
        for (key, value) in metadata where !key.hasPrefix("hb.") { line[key] = "\(value)" }
        for (key, value) in event.metadata ?? [:] { line[key] = "\(value)" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts can always be encoded.
        guard let bytes = try? encoder.encode(line) else { return }
        JSONLog.writing.withLock { _ in
            var rest = (Array(bytes) + [UInt8(ascii: "\n")])[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
                // A log that nobody reads must not stop the server.
                if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
            }
        }
    }
}
