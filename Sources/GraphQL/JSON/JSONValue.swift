/// A value as JSON knows it, with what JSON leaves open kept: whole numbers stay apart from others, and keys in order.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case list([JSONValue])
    case object(JSONObject)

    /// The text; nil for anything else.
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The whole number; nil for anything else.
    package var int: Int? { if case .int(let value) = self { value } else { nil } }
    /// The number, whole or not; nil for anything else.
    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }
    /// The truth value; nil for anything else.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The elements; nil for anything else.
    package var list: [JSONValue]? { if case .list(let value) = self { value } else { nil } }
    /// The members; nil for anything else.
    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// Whether it is `null`.
    package var isNull: Bool { self == .null }

    /// The member of that name; nil when there is none, or this is no object.
    package subscript(name: String) -> JSONValue? { object?[name] }

    /// The text as compact JSON.
    package var text: String {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

// Not by `nil`: where an optional value is wanted, that would be a null for some expressions and nothing for others.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(floatLiteral value: Double) { self = .float(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

/// Members of a JSON object in the order in which they were put.
///
/// Looking up is a walk over the members: objects are small, or are only written.
package struct JSONObject: Sendable {
    /// The members, in order.
    package private(set) var members: [(name: String, value: JSONValue)]

    /// No members.
    package init() { members = [] }

    /// Members whose names all differ.
    package init(_ members: [(String, JSONValue)]) {
        self.members = members.map { (name: $0.0, value: $0.1) }
    }

    /// The member of that name; setting nil removes it.
    package subscript(name: String) -> JSONValue? {
        get {
            for member in members where member.name == name { return member.value }
            return nil
        }
        set {
            let at = members.firstIndex { $0.name == name }
            switch (at, newValue) {
            case (let at?, let value?): members[at].value = value
            case (let at?, nil): members.remove(at: at)
            case (nil, let value?): members.append((name, value))
            case (nil, nil): break
            }
        }
    }

    /// Adds a member whose name is not there yet.
    package mutating func append(_ name: String, _ value: JSONValue) { members.append((name, value)) }

    /// How many members there are.
    package var count: Int { members.count }
    /// Whether there is no member.
    package var isEmpty: Bool { members.isEmpty }
}

extension JSONObject: Equatable, ExpressibleByDictionaryLiteral {
    /// Order does not count.
    package static func == (one: JSONObject, other: JSONObject) -> Bool {
        guard one.count == other.count else { return false }
        if zip(one.members, other.members).allSatisfy({ $0.name == $1.name && $0.value == $1.value }) { return true }
        let values = Dictionary(other.members.map { ($0.name, $0.value) }) { $1 }
        return one.members.allSatisfy { values[$0.name] == $0.value }
    }

    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
