import FoundationEssentials

/// A JSON document of any shape.
package enum JSONValue: Hashable, Sendable, Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let one = try decoder.singleValueContainer()
        if one.decodeNil() {
            self = .null
        } else if let value = try? one.decode(Bool.self) {  // each try asks: is it this?
            self = .bool(value)
        } else if let value = try? one.decode(Double.self) {
            self = .number(value)
        } else if let value = try? one.decode(String.self) {
            self = .string(value)
        } else if let value = try? one.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try one.decode([String: JSONValue].self))
        }
    }

    /// Parses one document.
    package init(parsing bytes: some Collection<UInt8>) throws {
        self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
    }

    package subscript(key: String) -> JSONValue? { if case .object(let object) = self { object[key] } else { nil } }
    package var keys: [String] { if case .object(let object) = self { object.keys.sorted() } else { [] } }
    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var number: Double? { if case .number(let number) = self { number } else { nil } }
    package var elements: [JSONValue] { if case .array(let array) = self { array } else { [] } }
}

/// The records of a CSV text (RFC 4180): nil when it is not well formed.
package func parseCSV(_ bytes: [UInt8]) -> [[[UInt8]]]? {
    let (quote, comma, cr, lf) = (UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    var records: [[[UInt8]]] = []
    var record: [[UInt8]] = []
    var index = 0
    while index < bytes.count {
        var field: [UInt8] = []
        if bytes[index] == quote {
            index += 1
            while true {
                guard index < bytes.count else { return nil }
                if bytes[index] == quote {
                    index += 1
                    guard index < bytes.count, bytes[index] == quote else { break }
                }
                field.append(bytes[index])
                index += 1
            }
        } else {
            while index < bytes.count, ![comma, cr, lf].contains(bytes[index]) {
                if bytes[index] == quote { return nil }
                field.append(bytes[index])
                index += 1
            }
        }
        record.append(field)
        guard index < bytes.count else { return nil }
        if bytes[index] == comma {
            index += 1
            if index == bytes.count { return nil }
        } else {
            guard bytes[index] == cr, index + 1 < bytes.count, bytes[index + 1] == lf else { return nil }
            index += 2
            records.append(record)
            record = []
        }
    }
    return record.isEmpty ? records : nil
}
