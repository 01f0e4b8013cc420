/// What one byte of a file must be.
enum Place: Hashable {
    case byte(UInt8)
    case set(ByteSet)
    case any

    /// A set in its simplest form: one member is a byte, all members are no condition.
    init(_ set: ByteSet) {
        switch set.count {
        case 1: self = .byte(set.members[0])
        case 256: self = .any
        default: self = .set(set)
        }
    }

    func accepts(_ value: UInt8) -> Bool {
        switch self {
        case .byte(let byte): byte == value
        case .set(let set): set.contains(value)
        case .any: true
        }
    }

    /// How many byte values are accepted.
    var breadth: Int {
        switch self {
        case .byte: 1
        case .set(let set): set.count
        case .any: 256
        }
    }
}

/// One step of an expression of PRONOM's signature language.
enum PatternTerm: Hashable {
    /// Bytes in a row.
    case run([Place])
    /// `(a|b|c)`: one of several runs, which may differ in length.
    case alternatives([[Place]])
    /// `{n}`, `{n-m}`, `{n-*}`, `*`: bytes of any value; no maximum for the open forms.
    case gap(minimum: Int, maximum: Int?)
}

/// Why a piece of signature text is refused, and where.
struct PatternFault: Error, Hashable, CustomStringConvertible {
    /// Bytes from the start of the text.
    let offset: Int
    let reason: String

    var description: String { "\(reason) at character \(offset + 1) of the pattern" }
}
