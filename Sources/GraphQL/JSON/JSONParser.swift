/// Why bytes are no JSON, or not such as are accepted.
package struct JSONFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where, in bytes from the start.
    package let offset: Int
    package let reason: String

    package var description: String { "\(reason) at byte \(offset)" }
}

extension JSONValue {
    /// Reads JSON by RFC 8259, strictly: UTF-8 without a byte order mark, no name twice in an object, nothing after it.
    ///
    /// Whole numbers that fit are ``int(_:)``, all others ``float(_:)``.
    ///
    /// - Parameters:
    ///   - nesting: How deep lists and objects may be nested; more than 500 counts as 500.
    ///   - values: How many values there may be altogether.
    package init(parsing bytes: [UInt8], nesting: Int = 64, values: Int = 5_000_000) throws(JSONFault) {
        var outcome: Result<JSONValue, JSONFault> = .failure(JSONFault(offset: 0, reason: "nothing read"))
        bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer, nesting: min(nesting, 500), values: values)
            do throws(JSONFault) {
                outcome = .success(try parser.document())
            } catch {
                outcome = .failure(error)
            }
        }
        self = try outcome.get()
    }
}

private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    var nesting: Int
    var values: Int
    private var at = 0

    init(bytes: UnsafeBufferPointer<UInt8>, nesting: Int, values: Int) {
        self.bytes = bytes
        self.nesting = nesting
        self.values = values
    }

    private func fault(_ reason: String) -> JSONFault { JSONFault(offset: at, reason: reason) }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    mutating func document() throws(JSONFault) -> JSONValue {
        skipSpace()
        let value = try value()
        skipSpace()
        if at < bytes.count { throw fault("something follows the JSON") }
        return value
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        values -= 1
        if values < 0 { throw fault("too many values") }
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try list()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try word(JSONText.true)
            return .bool(true)
        case UInt8(ascii: "f"):
            try word(JSONText.false)
            return .bool(false)
        case UInt8(ascii: "n"):
            try word(JSONText.null)
            return .null
        case nil: throw fault("the JSON ends too early")
        case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
            return try number()
        default: throw fault("there is no value")
        }
    }

    private mutating func word(_ word: [UInt8]) throws(JSONFault) {
        guard at + word.count <= bytes.count, bytes[at..<at + word.count].elementsEqual(word) else {
            throw fault("there is no value")
        }
        at += word.count
    }

    private mutating func enter() throws(JSONFault) {
        nesting -= 1
        if nesting < 0 { throw fault("lists and objects are nested too deep") }
        at += 1
        skipSpace()
    }

    /// Whether another element follows; eats the comma or the bracket.
    private mutating func more(until end: UInt8) throws(JSONFault) -> Bool {
        skipSpace()
        switch next {
        case UInt8(ascii: ","):
            at += 1
            skipSpace()
            return true
        case end:
            at += 1
            nesting += 1
            return false
        default: throw fault("a comma or the end of a list or object is missing")
        }
    }

    private mutating func list() throws(JSONFault) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if next == UInt8(ascii: "]") {
            at += 1
            nesting += 1
            return .list(elements)
        }
        repeat { elements.append(try value()) } while try more(until: UInt8(ascii: "]"))
        return .list(elements)
    }

    private mutating func object() throws(JSONFault) -> JSONValue {
        try enter()
        var object = JSONObject()
        if next == UInt8(ascii: "}") {
            at += 1
            nesting += 1
            return .object(object)
        }
        // A set only for objects so big that looking through their members would take long.
        var names: Set<String> = []
        repeat {
            guard next == UInt8(ascii: "\"") else { throw fault("there is no name of a member") }
            let start = at
            let name = try string()
            let isNew: Bool
            if object.count < 16 {
                isNew = !object.members.contains { $0.name == name }
            } else {
                if names.isEmpty { names = Set(object.members.map(\.name)) }
                isNew = names.insert(name).inserted
            }
            if !isNew {
                at = start
                throw fault("an object has two members of one name")
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw fault("a colon is missing") }
            at += 1
            skipSpace()
            object.append(name, try value())
        } while try more(until: UInt8(ascii: "}"))
        return .object(object)
    }

    private mutating func digits() throws(JSONFault) {
        let start = at
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        if at == start { throw fault("a digit is missing") }
    }

    private mutating func number() throws(JSONFault) -> JSONValue {
        let start = at
        var isWhole = true
        if next == UInt8(ascii: "-") { at += 1 }
        if next == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
            throw fault("a number starts with a zero")
        }
        if next == UInt8(ascii: ".") {
            isWhole = false
            at += 1
            try digits()
        }
        if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
        if isWhole, let value = Int(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else {
            at = start
            throw fault("a number is too big")
        }
        return .float(value)
    }

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let start = at
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                defer { at += 1 }
                return try valid(UnsafeBufferPointer(rebasing: bytes[start..<at]))
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte < 0x20 { throw fault("a control character stands in a string") }
            at += 1
        }
        var text = Array(bytes[start..<at])
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                return try text.withUnsafeBufferPointer { buffer throws(JSONFault) in try valid(buffer) }
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20:
                at -= 1
                throw fault("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw fault("the JSON ends in a string")
    }

    private func valid(_ buffer: UnsafeBufferPointer<UInt8>) throws(JSONFault) -> String {
        guard let text = String(validating: buffer, as: UTF8.self) else { throw fault("a string is no UTF-8") }
        return text
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        guard let byte = next else { throw fault("the JSON ends in a string") }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if code & 0xFC00 == 0xD800 {
                guard next == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "u") else {
                    throw fault("half a surrogate pair stands alone")
                }
                at += 2
                let low = try fourHexDigits()
                guard low & 0xFC00 == 0xDC00 else { throw fault("half a surrogate pair stands alone") }
                code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair stands alone") }
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default:
            at -= 1
            throw fault("an escape is unknown")
        }
    }

    private mutating func fourHexDigits() throws(JSONFault) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("a hexadecimal digit is missing")
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }
}
