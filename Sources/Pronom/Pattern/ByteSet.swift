/// A set of byte values: what one place of a pattern accepts.
struct ByteSet: Hashable {
    private(set) var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    init(_ range: ClosedRange<UInt8>) { for value in range { insert(value) } }

    /// Every byte that `accepts` says yes to.
    init(where accepts: (UInt8) -> Bool) {
        for value in UInt8.min...UInt8.max where accepts(value) { insert(value) }
    }

    mutating func insert(_ value: UInt8) {
        let bit = UInt64(1) << UInt64(value & 63)
        switch value >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func formUnion(_ other: ByteSet) {
        words = (
            words.0 | other.words.0, words.1 | other.words.1, words.2 | other.words.2, words.3 | other.words.3
        )
    }

    var inverted: ByteSet {
        var out = ByteSet()
        out.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return out
    }

    func contains(_ value: UInt8) -> Bool {
        let word =
            switch value >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(value & 63) & 1 == 1
    }

    var count: Int {
        words.0.nonzeroBitCount + words.1.nonzeroBitCount + words.2.nonzeroBitCount + words.3.nonzeroBitCount
    }

    var isEmpty: Bool { count == 0 }

    /// The members in rising order.
    var members: [UInt8] { (UInt8.min...UInt8.max).filter(contains) }

    static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
