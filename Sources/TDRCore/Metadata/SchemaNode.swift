import FoundationEssentials

/// A value of a schema document, which is JSON.
indirect enum SchemaNode: Decodable, Sendable {
    case null
    case flag(Bool)
    case number(Int)
    case text(String)
    case list([SchemaNode])
    case object([String: SchemaNode])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {  // tried in turn: JSON has no type before it is asked
            self = .flag(flag)
        } else if let number = try? value.decode(Int.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([SchemaNode].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: SchemaNode].self))
        }
    }

    var flag: Bool? { if case .flag(let flag) = self { flag } else { nil } }
    var number: Int? { if case .number(let number) = self { number } else { nil } }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var list: [SchemaNode]? { if case .list(let list) = self { list } else { nil } }
    var object: [String: SchemaNode]? { if case .object(let object) = self { object } else { nil } }

    /// A list of texts.
    var texts: [String]? {
        guard let list else { return nil }
        let texts = list.compactMap(\.text)
        return texts.count == list.count ? texts : nil
    }
}

/// A JSON object of which every key must be understood: the one that is not is named.
struct SchemaObject {
    let place: String
    private let entries: [String: SchemaNode]

    init(_ node: SchemaNode?, at place: String, keys: Set<String>) throws(SchemaFault) {
        guard let entries = node?.object else { throw SchemaFault("\(place) is not an object") }
        if let odd = entries.keys.filter({ !keys.contains($0) }).min() {
            throw SchemaFault("\(place) has '\(odd)', which tdr does not know; it knows \(keys.sorted())")
        }
        self.entries = entries
        self.place = place
    }

    /// The entry of a key, as `read` sees it; nil when it is not there.
    func optional<Value>(_ key: String, _ read: (SchemaNode) -> Value?) throws(SchemaFault) -> Value? {
        guard let node = entries[key] else { return nil }
        guard let value = read(node) else { throw SchemaFault("\(place)/\(key) is of another type than it must be") }
        return value
    }

    /// The entry of a key that must be there.
    func required<Value>(_ key: String, _ read: (SchemaNode) -> Value?) throws(SchemaFault) -> Value {
        guard let value = try optional(key, read) else { throw SchemaFault("\(place) has no '\(key)'") }
        return value
    }

    subscript(key: String) -> SchemaNode? { entries[key] }
}

/// What is wrong with a schema document.
struct SchemaFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
