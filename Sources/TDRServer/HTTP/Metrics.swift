import Glibc
import Streams

/// Counts for Prometheus (text format 0.0.4).
final class Metrics: Sendable {
    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct State {
        var requests: [Key: Int] = [:]
        /// By route: how many took at most as long as each bound, in all, and their sum in seconds.
        var durations: [String: (buckets: [Int], count: Int, sum: Double)] = [:]
        var running = 0
        var uploadBytes: Int64 = 0
        var uploads = 0
        var gauges: [String: Int] = [:]
    }

    /// Seconds.
    private static let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30]
    /// Methods that a client may make up are counted as one.
    private static let methods: Set<String> = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"]

    private let state = Guarded(State())

    func began() { state.withLock { $0.running += 1 } }

    func ended(_ method: String, _ route: String, _ status: Int, _ took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        let method = Metrics.methods.contains(method) ? method : "other"
        state.withLock { state in
            state.running -= 1
            state.requests[Key(method: method, route: route, status: status), default: 0] += 1
            var one = state.durations[route] ?? ([Int](repeating: 0, count: Metrics.bounds.count), 0, 0)
            for (place, bound) in Metrics.bounds.enumerated() where seconds <= bound { one.buckets[place] += 1 }
            one.count += 1
            one.sum += seconds
            state.durations[route] = one
        }
    }

    func received(bytes: Int) { state.withLock { $0.uploadBytes += Int64(bytes) } }

    func uploaded() { state.withLock { $0.uploads += 1 } }

    func set(_ gauge: String, to value: Int) { state.withLock { $0.gauges[gauge] = value } }

    /// All counts, in the order of their names.
    var text: String {
        let state = state.withLock { $0 }
        var lines = ["# TYPE tdr_http_requests_total counter"]
        lines += state.requests.map { key, count in
            "tdr_http_requests_total{method=\"\(key.method)\",route=\"\(Metrics.escaped(key.route))\",status=\"\(key.status)\"} \(count)"
        }.sorted()
        lines.append("# TYPE tdr_http_request_duration_seconds histogram")
        for (route, one) in state.durations.sorted(by: { $0.key < $1.key }) {
            let label = "route=\"\(Metrics.escaped(route))\""
            for (place, bound) in Metrics.bounds.enumerated() {
                lines.append(
                    "tdr_http_request_duration_seconds_bucket{\(label),le=\"\(bound)\"} \(one.buckets[place])")
            }
            lines.append("tdr_http_request_duration_seconds_bucket{\(label),le=\"+Inf\"} \(one.count)")
            lines.append("tdr_http_request_duration_seconds_sum{\(label)} \(one.sum)")
            lines.append("tdr_http_request_duration_seconds_count{\(label)} \(one.count)")
        }
        lines += [
            "# TYPE tdr_http_requests_in_progress gauge", "tdr_http_requests_in_progress \(state.running)",
            "# TYPE tdr_upload_bytes_total counter", "tdr_upload_bytes_total \(state.uploadBytes)",
            "# TYPE tdr_uploaded_files_total counter", "tdr_uploaded_files_total \(state.uploads)",
        ]
        for (name, value) in state.gauges.sorted(by: { $0.key < $1.key }) {
            lines += ["# TYPE \(name) gauge", "\(name) \(value)"]
        }
        if let bytes = Metrics.residentBytes {
            lines += ["# TYPE process_resident_memory_bytes gauge", "process_resident_memory_bytes \(bytes)"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }

    private static var residentBytes: Int? {
        // Not there outside Linux: then it is not told.
        guard let file = try? OpenFile.reading(BytePath("/proc/self/statm")) else { return nil }
        let buffer = Buffer(count: 256)
        guard let count = try? file.fill(buffer.bytes) else { return nil }
        let words = buffer.prefix(count).split(separator: UInt8(ascii: " "))
        guard words.count > 1, let pages = Int(String(decoding: words[1], as: UTF8.self)) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
