import GraphQL

/// Reads JSON (RFC 8259) into values, in one pass and with a bound on depth: the bodies of requests have a hundred
/// thousand members and come from strangers.
struct JSONReader {
    /// Why a text is no JSON, and at which byte.
    struct Fault: Error {
        let what: String
        let place: Int
    }

    private static let deepest = 100

    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    /// The value that all of `bytes` is.
    ///
    /// - Throws: ``Fault``.
    static func read(_ bytes: [UInt8]) throws -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(bytes: buffer)
            let value = try reader.value(depth: 0)
            reader.passBlanks()
            guard reader.place == buffer.count else { throw reader.fault("more after the value") }
            return value
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private func fault(_ what: String) -> Fault { Fault(what: what, place: place) }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func passBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { place += 1 }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth < JSONReader.deepest else { throw fault("nested too deeply") }
        passBlanks()
        guard let first = next else { throw fault("a value is missing") }
        switch first {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return .list(try list(depth: depth))
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("a value is missing")
        }
    }

    private mutating func object(depth: Int) throws -> JSONObject {
        place += 1
        var object = JSONObject()
        var names: Set<String> = []
        passBlanks()
        if next == UInt8(ascii: "}") {
            place += 1
            return object
        }
        while true {
            passBlanks()
            guard next == UInt8(ascii: "\"") else { throw fault("a name is missing") }
            let name = try text()
            passBlanks()
            guard next == UInt8(ascii: ":") else { throw fault("':' is missing") }
            place += 1
            let value = try value(depth: depth + 1)
            // Readers differ on which of two counts, and that is how requests get past those who look at them first.
            let isNew = object.count < 8 ? object[name] == nil : isNew(name, &names, object)
            guard isNew else { throw fault("the name '\(name.prefix(60))' stands there twice") }
            object.append(name, value)
            passBlanks()
            switch next {
            case UInt8(ascii: ","): place += 1
            case UInt8(ascii: "}"):
                place += 1
                return object
            default: throw fault("',' or '}' is missing")
            }
        }
    }

    /// Small objects are walked; of large ones the names are kept.
    private func isNew(_ name: String, _ names: inout Set<String>, _ object: JSONObject) -> Bool {
        if names.isEmpty { names = Set(object.members.map(\.name)) }
        return names.insert(name).inserted
    }

    private mutating func list(depth: Int) throws -> [JSONValue] {
        place += 1
        var list: [JSONValue] = []
        passBlanks()
        if next == UInt8(ascii: "]") {
            place += 1
            return list
        }
        while true {
            list.append(try value(depth: depth + 1))
            passBlanks()
            switch next {
            case UInt8(ascii: ","): place += 1
            case UInt8(ascii: "]"):
                place += 1
                return list
            default: throw fault("',' or ']' is missing")
            }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard place + count <= bytes.count,
            (0..<count).allSatisfy({ bytes[place + $0] == word.utf8Start[$0] })
        else { throw fault("a value is missing") }
        place += count
        return value
    }

    private mutating func digits() throws {
        let start = place
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        if place == start { throw fault("a digit is missing") }
    }

    private mutating func number() throws -> JSONValue {
        let start = place
        var isWhole = true
        if next == UInt8(ascii: "-") { place += 1 }
        if next == UInt8(ascii: "0") { place += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            isWhole = false
            place += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            place += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { place += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isWhole, let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("a number that is too large") }
        return .float(value)
    }

    private mutating func text() throws -> String {
        place += 1
        let start = place
        // Most texts have no escapes: they are taken whole.
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { place += 1 }
        if next == UInt8(ascii: "\"") {
            defer { place += 1 }
            return try checked(bytes[start..<place])
        }
        var out = Array(bytes[start..<place])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                place += 1
                return try out.withUnsafeBufferPointer { try checked($0[...]) }
            case UInt8(ascii: "\\"): try escape(into: &out)
            case 0..<0x20: throw fault("a control character in a text")
            default:
                out.append(byte)
                place += 1
            }
        }
        throw fault("a text does not end")
    }

    private func checked(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("a text is no UTF-8") }
        return text
    }

    private mutating func escape(into out: inout [UInt8]) throws {
        place += 1
        guard let byte = next else { throw fault("a text does not end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "u"):
            let first = try unit()
            guard (0xD800..<0xE000).contains(first) else { return append(UInt32(first), to: &out) }
            guard first < 0xDC00, next == UInt8(ascii: "\\"), place + 1 < bytes.count,
                bytes[place + 1] == UInt8(ascii: "u")
            else { throw fault("half a surrogate pair") }
            place += 2
            let second = try unit()
            guard (0xDC00..<0xE000).contains(second) else { throw fault("half a surrogate pair") }
            append(0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00), to: &out)
        default: throw fault("an escape that is none")
        }
    }

    private mutating func unit() throws -> UInt16 {
        guard place + 4 <= bytes.count,
            let value = UInt16(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16),
            bytes[place] != UInt8(ascii: "+"), bytes[place] != UInt8(ascii: "-")
        else { throw fault("an escape that is none") }
        place += 4
        return value
    }

    private func append(_ scalar: UInt32, to out: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar), let bytes = UTF8.encode(scalar) else { return }
        out.append(contentsOf: bytes)
    }
}
