import CMagic
import Glibc
import Streams

/// libmagic with that part of its database that can apply to one file.
///
/// libmagic goes through the binary tests, and of what looks like a text then through the text tests. Here these are two
/// questions: the binary tests that can apply are loaded anew for each file; the text tests stay, because libmagic keeps
/// their regular expressions, and those that cannot apply are switched off.
final class PickedMagic {
    /// libmagic looks for the encoding so far.
    private static let encodingBytes = 65_536

    /// What can be told of bytes without libmagic.
    private enum Nature {
        /// No encoding makes a text of it.
        case binary
        /// An encoding in which ASCII is ASCII.
        case text
        case other
    }

    private struct Expression {
        var compiled: regex_t
        let offset: Int
        /// A byte that stands in whatever it matches.
        let byte: UInt8?
    }

    /// A group of text tests, in a form in which hundreds of them are gone through fast.
    private struct TextGroup {
        /// Where its first record is.
        let place: Int
        /// The first four bytes of the text, as far as `mask` goes.
        var value: UInt32 = 0
        var mask: UInt32 = 0
        /// Pairs of bytes that the text holds within `reach`; -1 for none.
        var pairs = SIMD4<Int32>(repeating: -1)
        var reach = 0
        /// The whole of what it must hold, by number.
        var need = -1
    }

    private let database: MagicDatabase
    private let binary: MagicCookie
    private let text: MagicCookie
    private var binaryRoom = MagicRoom()
    private var textRoom = MagicRoom()
    private let textGroups: [TextGroup]
    private let needs: [TextNeed]
    private var expressions: [Int: Expression] = [:]
    private let searched = SearchedText()
    // Of the file that is asked about.
    private var nature = Nature.other
    private var isReady = false
    private var isTextReady = false

    init(_ database: MagicDatabase) throws(CheckError) {
        self.database = database
        binary = try MagicCookie()
        text = try MagicCookie()
        var needs: [TextNeed] = []
        textGroups = database.writeTexts(to: &textRoom).map { place, condition in
            var group = TextGroup(place: place)
            switch condition {
            case .word(_, _, let value, let mask): (group.value, group.mask) = (value, mask)
            case .text(let need, let reach):
                (group.pairs, group.reach, group.need) = (need.pairs, reach, needs.count)
                needs.append(need)
            default: break
            }
            return group
        }
        self.needs = needs
        try text.load(textRoom)
        for (group, pattern, offset) in database.expressions {
            var compiled = regex_t()
            // One that cannot be compiled here is left to libmagic.
            guard regcomp(&compiled, pattern, REG_EXTENDED | REG_NEWLINE) == 0 else { continue }
            let byte = TextNeed.required(by: Array(pattern.utf8)).byte
            expressions[group] = Expression(compiled: compiled, offset: offset, byte: byte)
        }
    }

    deinit { for var expression in expressions.values { regfree(&expression.compiled) } }

    /// Takes the next file.
    func look(at head: UnsafeRawBufferPointer) {
        nature = PickedMagic.nature(of: head)
        isTextReady = false
        let groups = database.candidates(head) { holds($0, of: head) }
        database.write(groups, to: &binaryRoom)
        isReady = (try? binary.load(binaryRoom)) != nil
        // One character of it tells as much as all.
        binary.set(MAGIC_PARAM_ENCODING_MAX, nature == .text ? 64 : PickedMagic.encodingBytes)
    }

    /// The answer; nil where the whole database must be asked.
    func ask(_ head: UnsafeRawBufferPointer, flags: Int32) -> String? {
        guard isReady else { return nil }
        let isBinary = nature == .binary
        let asked = flags | MAGIC_NO_CHECK_TEXT | (isBinary ? MAGIC_NO_CHECK_ENCODING : 0)
        guard let answer = binary.ask(head, flags: asked) else { return nil }
        let isNone = answer == (flags & MAGIC_MIME_TYPE == 0 ? "data" : "application/octet-stream")
        if !isNone || isBinary { return PickedMagic.unmarked(answer) }
        switchTexts(head)
        let others = MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_JSON | MAGIC_NO_CHECK_CSV | MAGIC_NO_CHECK_CDF
        return text.ask(head, flags: flags | others).flatMap(PickedMagic.unmarked)
    }

    /// nil where only the whole database can tell. Where a file's own words are the mark, that is asked for nothing.
    private static func unmarked(_ answer: String) -> String? {
        answer.contains(MagicRecord.needsWhole) ? nil : answer
    }

    // MARK: What can apply

    /// libmagic calls a text what has none of the control characters that texts do not hold, in one of the encodings that
    /// it knows; a NUL in the middle is one in all of them but UTF-16 and UTF-32, which it knows by their first bytes.
    private static func nature(of head: UnsafeRawBufferPointer) -> Nature {
        let looked = head.prefix(encodingBytes)
        // Marks of UTF-16, UTF-32, UTF-8 and UTF-7, as they come.
        let marks: [[UInt8]] = [[0xFF, 0xFE], [0xFE, 0xFF], [0, 0], [0xEF, 0xBB, 0xBF], Array("+/v".utf8)]
        if marks.contains(where: looked.starts) { return .other }
        if looked.isText { return .text }
        guard let start = head.baseAddress, let last = looked.lastIndex(where: { $0 != 0 }) else { return .other }
        return memchr(start, 0, last) == nil ? .other : .binary
    }

    /// As libmagic matches: within the first ``Magic/regexBytes``, up to a NUL, the last byte left out.
    private func holds(_ group: Int, of head: UnsafeRawBufferPointer) -> Bool {
        guard var expression = expressions[group] else { return true }
        guard head.count >= expression.offset else { return false }
        let seen = UnsafeRawBufferPointer(rebasing: head[expression.offset...].prefix(Magic.regexBytes))
        guard let start = seen.baseAddress else { return false }
        if let byte = expression.byte, memchr(start, Int32(byte), seen.count) == nil { return false }
        var text = seen.dropLast().map { CChar(bitPattern: $0) }
        text.append(0)
        return regexec(&expression.compiled, text, 0, nil, 0) == 0
    }

    private func switchTexts(_ head: UnsafeRawBufferPointer) {
        if isTextReady { return }
        isTextReady = true
        let isKnown = nature == .text
        if isKnown { searched.take(head) }
        for group in textGroups {
            let mayHold = !isKnown || holds(group, of: head)
            let flag = textRoom.bytes[group.place + 2]
            textRoom.bytes[group.place + 2] =
                mayHold ? flag | MagicRecord.Flag.text : flag & ~MagicRecord.Flag.text
        }
    }

    private func holds(_ group: TextGroup, of text: UnsafeRawBufferPointer) -> Bool {
        if group.mask != 0 {
            return text.count < 4 || text.loadUnaligned(as: UInt32.self) & group.mask == group.value
        }
        // What it asks for may lie beyond what is looked at.
        if group.need < 0 || (group.reach > searched.count && searched.count < text.count) { return true }
        return searched.holds(group.pairs) && searched.holds(needs[group.need])
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Whether no byte is one of the control characters that libmagic finds in no text: all but BEL, BS, HT, LF, VT, FF,
    /// CR and ESC, and DEL.
    fileprivate var isText: Bool {
        allSatisfy { $0 >= 0x20 && $0 != 0x7F || 0x07...0x0D ~= $0 || $0 == 0x1B }
    }
}
