/// The words of a document, §2.1.
struct Token {
    enum Kind: UInt8 {
        case end, bang, dollar, ampersand, openParenthesis, closeParenthesis, spread, colon, equals, at
        case openBracket, closeBracket, openBrace, pipe, closeBrace
        case name, int, float, string, blockString

        /// As messages call it.
        var description: String {
            switch self {
            case .end: "<EOF>"
            case .bang: "\"!\""
            case .dollar: "\"$\""
            case .ampersand: "\"&\""
            case .openParenthesis: "\"(\""
            case .closeParenthesis: "\")\""
            case .spread: "\"...\""
            case .colon: "\":\""
            case .equals: "\"=\""
            case .at: "\"@\""
            case .openBracket: "\"[\""
            case .closeBracket: "\"]\""
            case .openBrace: "\"{\""
            case .pipe: "\"|\""
            case .closeBrace: "\"}\""
            case .name: "Name"
            case .int: "Int"
            case .float: "Float"
            case .string: "String"
            case .blockString: "BlockString"
            }
        }
    }

    let kind: Kind
    let start: Int
    /// Of names, numbers and strings; empty for others.
    let text: String

    /// As messages call it.
    var description: String {
        switch kind {
        case .name, .int, .float, .string, .blockString: "\(kind.description) \"\(text)\""
        default: kind.description
        }
    }
}

/// Cuts a document into words, one after the other.
struct Lexer {
    let bytes: [UInt8]
    private(set) var at = 0
    private var tokensLeft: Int

    init(bytes: [UInt8], tokens: Int) {
        self.bytes = bytes
        tokensLeft = tokens
        // A byte order mark is ignored, §2.1.1.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    }

    func fault(_ reason: String, at offset: Int) -> GraphQLError {
        GraphQLError(
            .syntax, "Syntax Error: \(reason)", locations: [SourceText(bytes: bytes).location(offset)],
            extensions: ["code": "GRAPHQL_PARSE_FAILED"])
    }

    private func byte(_ offset: Int) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func next() throws(GraphQLError) -> Token {
        tokensLeft -= 1
        if tokensLeft < 0 {
            throw GraphQLError(
                .limit, "The document has too many tokens.", locations: [SourceText(bytes: bytes).location(at)],
                extensions: ["code": "QUERY_TOO_LARGE"])
        }
        while at < bytes.count {
            let start = at
            let byte = bytes[at]
            if Lexer.isNameStart(byte) {
                repeat { at += 1 } while at < bytes.count && Lexer.isNameContinue(bytes[at])
                return token(.name, from: start)
            }
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","): at += 1
            case 0xEF where self.byte(at + 1) == 0xBB && self.byte(at + 2) == 0xBF: at += 3
            case UInt8(ascii: "#"):
                while at < bytes.count, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
            case UInt8(ascii: "!"): return punctuator(.bang)
            case UInt8(ascii: "$"): return punctuator(.dollar)
            case UInt8(ascii: "&"): return punctuator(.ampersand)
            case UInt8(ascii: "("): return punctuator(.openParenthesis)
            case UInt8(ascii: ")"): return punctuator(.closeParenthesis)
            case UInt8(ascii: ":"): return punctuator(.colon)
            case UInt8(ascii: "="): return punctuator(.equals)
            case UInt8(ascii: "@"): return punctuator(.at)
            case UInt8(ascii: "["): return punctuator(.openBracket)
            case UInt8(ascii: "]"): return punctuator(.closeBracket)
            case UInt8(ascii: "{"): return punctuator(.openBrace)
            case UInt8(ascii: "|"): return punctuator(.pipe)
            case UInt8(ascii: "}"): return punctuator(.closeBrace)
            case UInt8(ascii: ".") where self.byte(at + 1) == byte && self.byte(at + 2) == byte:
                return punctuator(.spread, length: 3)
            case UInt8(ascii: "\""):
                let isBlock = self.byte(at + 1) == byte && self.byte(at + 2) == byte
                return isBlock ? try blockString() : try string()
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            case UInt8(ascii: "'"):
                throw fault(
                    "Unexpected single quote character ('), did you mean to use a double quote (\")?", at: at)
            default: throw fault("Unexpected character: \(character(at)).", at: at)
            }
        }
        return Token(kind: .end, start: bytes.count, text: "")
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private static func isNameContinue(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }

    private func token(_ kind: Token.Kind, from start: Int) -> Token {
        Token(kind: kind, start: start, text: String(decoding: bytes[start..<at], as: UTF8.self))
    }

    private mutating func punctuator(_ kind: Token.Kind, length: Int = 1) -> Token {
        defer { at += length }
        return Token(kind: kind, start: at, text: "")
    }

    /// The character as messages show it.
    private func character(_ offset: Int) -> String {
        guard let byte = byte(offset) else { return "<EOF>" }
        if byte >= 0x20, byte <= 0x7E {
            return byte == UInt8(ascii: "\"") ? "'\"'" : "\"\(Character(Unicode.Scalar(byte)))\""
        }
        let scalar = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first
        let hex = String(scalar?.value ?? UInt32(byte), radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
    }

    private mutating func number() throws(GraphQLError) -> Token {
        let start = at
        var isFloat = false
        if byte(at) == UInt8(ascii: "-") { at += 1 }
        if byte(at) == UInt8(ascii: "0") {
            at += 1
            if let next = byte(at), Lexer.isDigit(next) {
                throw fault("Invalid number, unexpected digit after 0: \(character(at)).", at: at)
            }
        } else {
            try digits()
        }
        if byte(at) == UInt8(ascii: ".") {
            isFloat = true
            at += 1
            try digits()
        }
        if let next = byte(at), next | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            at += 1
            if byte(at) == UInt8(ascii: "+") || byte(at) == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        if let next = byte(at), next == UInt8(ascii: ".") || Lexer.isNameStart(next) {
            throw fault("Invalid number, expected digit but got: \(character(at)).", at: at)
        }
        return token(isFloat ? .float : .int, from: start)
    }

    private mutating func digits() throws(GraphQLError) {
        guard let first = byte(at), Lexer.isDigit(first) else {
            throw fault("Invalid number, expected digit but got: \(character(at)).", at: at)
        }
        while let next = byte(at), Lexer.isDigit(next) { at += 1 }
    }

    // MARK: Strings

    private mutating func string() throws(GraphQLError) -> Token {
        let start = at
        at += 1
        var text: [UInt8] = []
        var run = at
        while let byte = byte(at), byte != 0x0A, byte != 0x0D {
            if byte == UInt8(ascii: "\"") {
                text.append(contentsOf: bytes[run..<at])
                at += 1
                return Token(kind: .string, start: start, text: String(decoding: text, as: UTF8.self))
            }
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: bytes[run..<at])
                try escape(into: &text)
                run = at
            } else {
                at += 1
            }
        }
        throw fault("Unterminated string.", at: at)
    }

    private mutating func escape(into text: inout [UInt8]) throws(GraphQLError) {
        let start = at
        switch byte(at + 1) {
        case UInt8(ascii: "u"):
            let scalar = byte(at + 2) == UInt8(ascii: "{") ? try bracedEscape() : try fixedEscape()
            text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            return
        case let byte? where "\"\\/".utf8.contains(byte): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        default:
            throw fault("Invalid character escape sequence: \"\(slice(start, scalars: 2))\".", at: start)
        }
        at += 2
    }

    /// So many characters from there, for messages.
    private func slice(_ start: Int, scalars: Int) -> String {
        let text = String(decoding: bytes[start...].prefix(scalars * 4), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(scalars)))
    }

    private func hex(_ offset: Int) -> UInt32? {
        guard let byte = byte(offset) else { return nil }
        return Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt32($0) }
    }

    private mutating func bracedEscape() throws(GraphQLError) -> Unicode.Scalar {
        var point: UInt32 = 0
        var size = 3
        while size < 12 {
            let offset = at + size
            size += 1
            if byte(offset) == UInt8(ascii: "}") {
                guard size >= 5, let scalar = Unicode.Scalar(point) else { break }
                at += size
                return scalar
            }
            guard let digit = hex(offset), point <= 0xFFF_FFFF else { break }
            point = point << 4 | digit
        }
        throw fault("Invalid Unicode escape sequence: \"\(slice(at, scalars: size))\".", at: at)
    }

    private func code(_ offset: Int) -> UInt32? {
        var code: UInt32 = 0
        for index in 0..<4 {
            guard let digit = hex(offset + index) else { return nil }
            code = code << 4 | digit
        }
        return code
    }

    private mutating func fixedEscape() throws(GraphQLError) -> Unicode.Scalar {
        if let code = code(at + 2) {
            if let scalar = Unicode.Scalar(code) {
                at += 6
                return scalar
            }
            // Two escapes that are one character together.
            if code & 0xFC00 == 0xD800, byte(at + 6) == UInt8(ascii: "\\"), byte(at + 7) == UInt8(ascii: "u"),
                let low = self.code(at + 8), low & 0xFC00 == 0xDC00,
                let scalar = Unicode.Scalar(0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF))
            {
                at += 12
                return scalar
            }
        }
        throw fault("Invalid Unicode escape sequence: \"\(slice(at, scalars: 6))\".", at: at)
    }

    private mutating func blockString() throws(GraphQLError) -> Token {
        let start = at
        at += 3
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        let quote = UInt8(ascii: "\"")
        func isTriple(_ offset: Int) -> Bool {
            byte(offset) == quote && byte(offset + 1) == quote && byte(offset + 2) == quote
        }
        while let byte = byte(at) {
            if byte == quote, isTriple(at) {
                at += 3
                lines.append(line)
                return Token(kind: .blockString, start: start, text: Lexer.dedent(lines))
            }
            if byte == UInt8(ascii: "\\"), isTriple(at + 1) {
                line.append(contentsOf: [quote, quote, quote])
                at += 4
            } else if byte == 0x0A || byte == 0x0D {
                lines.append(line)
                line = []
                at += byte == 0x0D && self.byte(at + 1) == 0x0A ? 2 : 1
            } else {
                line.append(byte)
                at += 1
            }
        }
        throw fault("Unterminated string.", at: at)
    }

    /// Without the indentation that all lines have in common, and without blank lines around, §2.9.4.
    private static func dedent(_ lines: [[UInt8]]) -> String {
        var common = Int.max
        var first: Int?
        var last = -1
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == 0x20 || $0 == 0x09 }.count
            if indent == line.count { continue }
            first = first ?? index
            last = index
            if index > 0 { common = min(common, indent) }
        }
        guard let first else { return "" }
        let kept = lines.indices.map { $0 == 0 || common == Int.max ? lines[$0][...] : lines[$0].dropFirst(common) }
        return kept[first...last].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }
}
