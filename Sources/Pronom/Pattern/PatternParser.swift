/// Reads the signature language: DROID files use hexadecimal bytes, brackets and (in newer forms) gaps and
/// alternatives; container files add quotes and blanks; the PRONOM registry uses all of it.
struct PatternParser {
    private var lexer: PatternLexer
    private var ahead: PatternToken?
    private var aheadOffset = 0

    /// The terms of `text`. Neighbouring bytes come as one run, neighbouring gaps as one gap.
    static func terms(_ text: String) throws(PatternFault) -> [PatternTerm] {
        var parser = PatternParser(lexer: PatternLexer(text))
        try parser.advance()
        let terms = try parser.expression()
        guard parser.ahead == nil else { throw parser.fault("a closing sign without its opening") }
        return terms
    }

    private init(lexer: PatternLexer) { self.lexer = lexer }

    private func fault(_ reason: String) -> PatternFault { PatternFault(offset: aheadOffset, reason: reason) }

    private mutating func advance() throws(PatternFault) {
        aheadOffset = lexer.offset
        ahead = try lexer.next()
    }

    private mutating func take(_ symbol: Unicode.Scalar) throws(PatternFault) -> Bool {
        guard ahead == .symbol(UInt8(ascii: symbol)) else { return false }
        try advance()
        return true
    }

    private mutating func expect(_ symbol: Unicode.Scalar) throws(PatternFault) {
        guard try take(symbol) else { throw fault("'\(symbol)' expected") }
    }

    private mutating func expression() throws(PatternFault) -> [PatternTerm] {
        var terms: [PatternTerm] = []
        while let token = ahead {
            switch token {
            case .byte, .string, .anyByte, .symbol(UInt8(ascii: "[")): Self.append(.run(try places()), to: &terms)
            case .star:
                try advance()
                Self.append(.gap(minimum: 0, maximum: nil), to: &terms)
            case .symbol(UInt8(ascii: "{")): Self.append(try gap(), to: &terms)
            case .symbol(UInt8(ascii: "(")): terms.append(try alternatives())
            case .number, .symbol: throw fault("a sign that cannot stand here")
            }
        }
        return terms
    }

    private static func append(_ term: PatternTerm, to terms: inout [PatternTerm]) {
        switch (terms.last, term) {
        case (.run(let earlier), .run(let later)): terms[terms.count - 1] = .run(earlier + later)
        case (.gap(let minimum, let maximum), .gap(let more, let most)):
            let sum = maximum.flatMap { first in most.map { first + $0 } }
            terms[terms.count - 1] = .gap(minimum: minimum + more, maximum: sum)
        default: terms.append(term)
        }
    }

    /// One or more bytes that stand next to each other.
    private mutating func places() throws(PatternFault) -> [Place] {
        switch ahead {
        case .byte(let byte):
            try advance()
            return [.byte(byte)]
        case .string(let bytes):
            try advance()
            return bytes.map(Place.byte)
        case .anyByte:
            try advance()
            return [.any]
        case .symbol(UInt8(ascii: "[")): return [Place(try bracket())]
        default: throw fault("a byte, a string or a bracket expected")
        }
    }

    /// `{n}`, `{n-m}`, `{n-*}`.
    private mutating func gap() throws(PatternFault) -> PatternTerm {
        try expect("{")
        let minimum = try number()
        guard try take("-") else {
            try expect("}")
            return .gap(minimum: minimum, maximum: minimum)
        }
        if ahead == .star {
            try advance()
            try expect("}")
            return .gap(minimum: minimum, maximum: nil)
        }
        let maximum = try number()
        guard maximum >= minimum else { throw fault("a gap whose maximum is below its minimum") }
        try expect("}")
        return .gap(minimum: minimum, maximum: maximum)
    }

    private mutating func number() throws(PatternFault) -> Int {
        guard case .number(let value) = ahead else { throw fault("a number expected") }
        try advance()
        return value
    }

    /// `(a|b|c)`: bytes, strings, brackets and gaps of one size inside; no nesting.
    private mutating func alternatives() throws(PatternFault) -> PatternTerm {
        try expect("(")
        var all: [[Place]] = []
        var run: [Place] = []
        while true {
            if try take("|") {
                guard !run.isEmpty else { throw fault("an empty alternative") }
                all.append(run)
                run = []
            } else if try take(")") {
                guard !run.isEmpty else { throw fault("an empty alternative") }
                all.append(run)
                return all.count == 1 ? .run(run) : .alternatives(all)
            } else if ahead == .symbol(UInt8(ascii: "{")) {
                guard case .gap(let minimum, let maximum) = try gap(), minimum == maximum, minimum <= 4096 else {
                    throw fault("an alternative of no fixed length")
                }
                run += Array(repeating: .any, count: minimum)
            } else {
                run += try places()
            }
        }
    }

    /// `[…]`: one byte out of a set, or with `!` outside of it.
    ///
    /// Several bytes per term (`[!0000]`, `[0000:1000]`) are read as DROID reads them: as members of the set, still
    /// one byte of the file.
    private mutating func bracket() throws(PatternFault) -> ByteSet {
        try expect("[")
        let inverted = try take("!")
        var set = ByteSet()
        while try !take("]") {
            if try take("!") {
                set.formUnion(try members().inverted)
            } else {
                set.formUnion(try members())
            }
        }
        guard !set.isEmpty else { throw fault("an empty set") }
        let result = inverted ? set.inverted : set
        guard !result.isEmpty else { throw fault("a set that no byte fits") }
        return result
    }

    /// One term of a bracket: a bit mask, a byte, a string (each character a member) or a range.
    private mutating func members() throws(PatternFault) -> ByteSet {
        if try take("&") {
            let mask = try single()
            return ByteSet { $0 & mask == mask }
        }
        if try take("~") {
            let mask = try single()
            return ByteSet { $0 & mask != 0 }
        }
        var set = ByteSet()
        switch ahead {
        case .byte(let first):
            try advance()
            if let range = try range(from: first) { return range }
            set.insert(first)
        case .string(let bytes):
            try advance()
            if bytes.count == 1, let range = try range(from: bytes[0]) { return range }
            for byte in bytes { set.insert(byte) }
        case .symbol(UInt8(ascii: "[")): return try bracket()
        case nil: throw fault("a bracket that is not closed")
        default: throw fault("a sign that cannot stand in brackets")
        }
        return set
    }

    private mutating func range(from first: UInt8) throws(PatternFault) -> ByteSet? {
        let isRange = if try take(":") { true } else { try take("-") }
        guard isRange else { return nil }
        let last = try single()
        guard first <= last else { throw fault("a range that runs backwards") }
        return ByteSet(first...last)
    }

    private mutating func single() throws(PatternFault) -> UInt8 {
        switch ahead {
        case .byte(let byte):
            try advance()
            return byte
        case .string(let bytes) where bytes.count == 1:
            try advance()
            return bytes[0]
        default: throw fault("a single byte expected")
        }
    }
}
