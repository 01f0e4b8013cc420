import Glibc

/// What a text must hold for a search or a regular expression to find something in it. Letters count without their case.
indirect enum TextNeed {
    /// These bytes in a row, ASCII in lower case.
    case run([UInt8])
    case all([TextNeed])
    case any([TextNeed])

    /// Nothing is asked.
    static let nothing = TextNeed.all([])

    static func fold(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }

    /// These bytes; of those beyond ASCII, which a text may have in other encodings, nothing is asked.
    static func of(_ bytes: [UInt8]) -> TextNeed {
        .all(bytes.split { $0 >= 0x80 || $0 == 0 }.map { .run($0.map(fold)) })
    }

    /// What a POSIX extended regular expression needs. Of what is not understood nothing is asked.
    static func required(by pattern: [UInt8]) -> TextNeed {
        var reader = PatternReader(pattern[...])
        return reader.alternatives()
    }

    /// Up to four pairs of neighbours among what is needed in any case; -1 in place of those that there are not.
    var pairs: SIMD4<Int32> {
        var pairs = SIMD4<Int32>(repeating: -1)
        let found = runs.flatMap { run in zip(run, run.dropFirst()).map { Int32($0) << 8 | Int32($1) } }
        for (index, pair) in found.prefix(4).enumerated() { pairs[index] = pair }
        return pairs
    }

    /// A byte, no letter, among what is needed in any case.
    var byte: UInt8? { runs.joined().first { !(0x61...0x7A ~= $0) } }

    /// What is needed in any case.
    private var runs: [[UInt8]] {
        switch self {
        case .run(let bytes): [bytes]
        case .all(let needs): needs.flatMap(\.runs)
        case .any: []
        }
    }

    /// Reads a pattern from its beginning to its end once.
    private struct PatternReader {
        private(set) var rest: ArraySlice<UInt8>
        private var run: [UInt8] = []
        private var branch: [TextNeed] = []

        init(_ pattern: ArraySlice<UInt8>) { rest = pattern }

        /// Up to the end or the parenthesis that closes the group.
        mutating func alternatives() -> TextNeed {
            var branches: [TextNeed] = []
            while let byte = rest.first, byte != UInt8(ascii: ")") {
                rest.removeFirst()
                switch byte {
                case UInt8(ascii: "|"):
                    endRun()
                    branches.append(.all(branch))
                    branch = []
                case UInt8(ascii: "("):
                    endRun()
                    var inner = PatternReader(rest)
                    let need = inner.alternatives()
                    rest = inner.rest.dropFirst()
                    if !takesRepetition().mayBeMissing { branch.append(need) }
                case UInt8(ascii: "["):
                    endRun()
                    skipSet()
                    _ = takesRepetition()
                case UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "$"):
                    endRun()
                    _ = takesRepetition()
                case UInt8(ascii: "\\"): escaped()
                default: literal(byte)
                }
            }
            endRun()
            branches.append(.all(branch))
            return branches.count == 1 ? branches[0] : .any(branches)
        }

        /// With a letter, a digit, a quote or an angle behind it, a backslash is an operator of GNU's.
        private mutating func escaped() {
            guard let next = rest.popFirst() else { return }
            if 0x41...0x5A ~= next & 0xDF || 0x30...0x39 ~= next || "<>`'".utf8.contains(next) {
                endRun()
                _ = takesRepetition()
            } else {
                literal(next)
            }
        }

        private mutating func literal(_ byte: UInt8) {
            let repetition = takesRepetition()
            if !repetition.mayBeMissing { run.append(byte) }
            // It may come several times: what was before it and what follows are not neighbours.
            if repetition.isThere { endRun() }
        }

        private mutating func endRun() {
            if !run.isEmpty { branch.append(.of(run)) }
            run = []
        }

        /// Takes what says how often the last part comes.
        private mutating func takesRepetition() -> (isThere: Bool, mayBeMissing: Bool) {
            var (isThere, mayBeMissing) = (false, false)
            while let next = rest.first, "*?+{".utf8.contains(next) {
                isThere = true
                rest.removeFirst()
                if next == UInt8(ascii: "{") {
                    let inside = rest.prefix { $0 != UInt8(ascii: "}") }
                    rest = rest.dropFirst(inside.count + 1)
                    // At least once for certain only when it begins with a digit from 1.
                    if inside.first.map({ !(0x31...0x39 ~= $0) }) ?? true { mayBeMissing = true }
                } else if next != UInt8(ascii: "+") {
                    mayBeMissing = true
                }
            }
            return (isThere, mayBeMissing)
        }

        /// Behind `[`: up to its `]`, which may come first as a member.
        private mutating func skipSet() {
            if rest.first == UInt8(ascii: "^") { rest.removeFirst() }
            if rest.first == UInt8(ascii: "]") { rest.removeFirst() }
            while let byte = rest.popFirst(), byte != UInt8(ascii: "]") {
                guard byte == UInt8(ascii: "["), let kind = rest.first, ":.=".utf8.contains(kind) else { continue }
                // `[:space:]` within.
                rest.removeFirst()
                while let inner = rest.popFirst() {
                    if inner == kind, rest.first == UInt8(ascii: "]") {
                        rest.removeFirst()
                        break
                    }
                }
            }
        }
    }
}

/// The beginning of a text, in which much is looked for: which pairs of bytes come in it tells of most of it that it is
/// not there. A class, since Swift 6.3 cannot compile it as a struct that is not copied under ThreadSanitizer.
final class SearchedText {
    /// How far a text is looked at, bytes.
    static let reach = 8192

    private let folded: UnsafeMutableRawBufferPointer = .allocate(byteCount: SearchedText.reach, alignment: 16)
    private let pairs: UnsafeMutableBufferPointer<UInt64> = .allocate(capacity: 1024)
    private(set) var count = 0

    deinit {
        folded.deallocate()
        pairs.deallocate()
    }

    /// Takes the next text.
    func take(_ text: UnsafeRawBufferPointer) {
        pairs.update(repeating: 0)
        count = min(text.count, SearchedText.reach)
        var before = 0
        for place in 0..<count {
            let byte = TextNeed.fold(text[place])
            folded[place] = byte
            let pair = before << 8 | Int(byte)
            pairs[pair >> 6] |= 1 << (pair & 63)
            before = Int(byte)
        }
    }

    /// Whether each of these pairs comes in the text, as far as there are any.
    func holds(_ wanted: SIMD4<Int32>) -> Bool {
        for index in 0..<4 {
            let pair = Int(wanted[index])
            if pair >= 0, pairs[pair >> 6] & (1 << (pair & 63)) == 0 { return false }
        }
        return true
    }

    /// Whether the text holds what is needed.
    func holds(_ need: TextNeed) -> Bool {
        switch need {
        case .run(let bytes): holds(bytes)
        case .all(let needs): holds(allOf: needs)
        case .any(let needs): holds(anyOf: needs)
        }
    }

    private func holds(allOf needs: [TextNeed]) -> Bool {
        for need in needs where !holds(need) { return false }
        return true
    }

    private func holds(anyOf needs: [TextNeed]) -> Bool {
        for need in needs where holds(need) { return true }
        return false
    }

    private func holds(_ run: [UInt8]) -> Bool {
        guard let first = run.first else { return true }
        guard let start = folded.baseAddress, count >= run.count else { return false }
        for index in run.indices.dropFirst() {
            let pair = Int(run[index - 1]) << 8 | Int(run[index])
            if pairs[pair >> 6] & (1 << (pair & 63)) == 0 { return false }
        }
        var place = 0
        while let found = memchr(start + place, Int32(first), count - place) {
            let index = UnsafeRawPointer(start).distance(to: UnsafeRawPointer(found))
            if index + run.count > count { return false }
            if memcmp(found, run, run.count) == 0 { return true }
            place = index + 1
        }
        return false
    }
}
