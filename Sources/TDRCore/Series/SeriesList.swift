import Delimited
import FoundationEssentials
public import Streams

/// A list of series that somebody else made: CSV with the titles `body`, `body_code`, `series` and `name`, or a JSON
/// array of objects with those keys.
public enum SeriesList {
    private static let mostBytes: Int64 = 16 << 20
    private static let keys = ["body", "body_code", "series", "name"]

    /// Reads a list.
    ///
    /// - Throws: ``SeriesError/badList(_:reason:)``.
    public static func read(_ path: BytePath) throws -> [SeriesEntry] {
        do {
            let file = try OpenFile.reading(path)
            let size = try file.status().size
            guard size <= mostBytes else { throw SeriesError.badList(path, reason: "it is larger than 16 MiB") }
            let buffer = Buffer(count: max(1, Int(size)))
            let bytes = Array(buffer.prefix(try file.fill(buffer.bytes)))
            let first = bytes.first { ![0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D].contains($0) }
            return try first == UInt8(ascii: "[") ? json(bytes, path) : csv(bytes, path)
        } catch let fault as SystemFault {
            throw SeriesError.badList(path, reason: fault.reason)
        } catch let fault as DelimitedFault {
            throw SeriesError.badList(path, reason: "\(fault)")
        } catch let error as DecodingError {
            throw SeriesError.badList(path, reason: "it is not JSON (\(error))")
        }
    }

    private static func entry(_ values: [String: String], _ place: String, _ path: BytePath) throws -> SeriesEntry {
        func value(_ key: String) -> String? {
            let text = values[key]?.trimmed ?? ""
            return text.isEmpty ? nil : text
        }
        guard let body = value("body") else { throw SeriesError.badList(path, reason: "\(place) names no body") }
        return SeriesEntry(body: body, bodyCode: value("body_code"), code: value("series"), name: value("name"))
    }

    private static func json(_ bytes: [UInt8], _ path: BytePath) throws -> [SeriesEntry] {
        let list = try JSONDecoder().decode([SchemaNode].self, from: Data(bytes))
        return try list.enumerated().map { index, node in
            let place = "entry \(index + 1)"
            guard let object = node.object else { throw SeriesError.badList(path, reason: "\(place) is no object") }
            if let odd = object.keys.filter({ !keys.contains($0) }).min() {
                throw SeriesError.badList(
                    path, reason: "\(place) has '\(odd)'; known are \(keys.joined(separator: ", "))")
            }
            let values = try object.mapValues { node in
                guard let text = node.text else {
                    throw SeriesError.badList(path, reason: "\(place) has more than texts")
                }
                return text
            }
            return try entry(values, place, path)
        }
    }

    private static func csv(_ bytes: [UInt8], _ path: BytePath) throws -> [SeriesEntry] {
        var place = 0
        var reader = RecordReader { buffer in
            let count = min(buffer.count, bytes.count - place)
            buffer.copyBytes(from: bytes[place..<place + count])
            place += count
            return count
        }
        guard try reader.next() else { throw SeriesError.badList(path, reason: "it is empty") }
        let titles = reader.fields.map { $0.trimmed.lowercased() }
        if let odd = titles.first(where: { !keys.contains($0) }) {
            throw SeriesError.badList(
                path,
                reason:
                    "its column '\(displayName(of: Array(odd.utf8)))' is unknown; known are \(keys.joined(separator: ", "))"
            )
        }
        guard Set(titles).count == titles.count else {
            throw SeriesError.badList(path, reason: "two columns have the same title")
        }
        var entries: [SeriesEntry] = []
        while try reader.next() {
            guard reader.count == titles.count else {
                throw SeriesError.badList(
                    path, reason: "row \(reader.record) has \(reader.count) fields, not \(titles.count)")
            }
            entries.append(
                try entry(Dictionary(zip(titles, reader.fields)) { $1 }, "row \(reader.record)", path))
        }
        return entries
    }
}
