import CMagic
import Glibc
import Streams

/// What libmagic says of a file: its second opinion beside PRONOM's.
struct MagicAnswer: Sendable, Hashable {
    /// As in `text/plain`.
    let mimeType: String
    /// As in `PDF document, version 1.4`.
    let description: String

    /// Whether libmagic knows no more than that there are bytes.
    var isUnknown: Bool { mimeType == "application/octet-stream" && description == "data" }
}

/// libmagic with its database loaded. One for each thread: a class, since a cookie is not shared and ends with it.
///
/// Where the database has the usual form, libmagic gets for each file the part of it that can apply
/// (``MagicDatabase``); else, and where that part is not enough, the whole.
final class Magic {
    /// How much of a file's beginning libmagic is shown. `file(1)` looks at 1 MiB; on 12,000 files of a Debian system
    /// 64 KiB gave the same answers.
    static let headBytes = 256 << 10

    /// How far libmagic's regular expressions look, bytes. Its default is 8,192; with this, 17 of 12,000 files got
    /// another kind of source code or plain text, and texts take half the time.
    static let regexBytes = 2048

    /// How much of a text is shown whose first line is longer than this. The expressions for texts go from line to line,
    /// and in one that does not end they take the square of its length; what tells the kind stands at its beginning.
    private static let longLineBytes = 1024

    /// The version of the library, as in `5.44`.
    static var version: String {
        let number = Int(magic_version())
        return "\(number / 100).\(number % 100 < 10 ? "0" : "")\(number % 100)"
    }

    /// The one head of which libmagic 5.44 is not asked: its entry quotes the text behind as far as an earlier search
    /// went, maybe one in another file, and so reads beyond its own memory (magiccheck, a search with the relation `>`).
    private static let quotingHead = Array("yyprevious".utf8)
    private static let quotingAnswer = MagicAnswer(mimeType: "text/plain", description: "C program text (from lex)")

    private let picked: PickedMagic?
    private var whole: MagicCookie?

    /// Loads the database.
    ///
    /// - Parameter database: parts of this are used in place of the whole one; nil for always the whole.
    /// - Throws: ``CheckError/noMagic(_:)`` when the library or its database cannot be used.
    init(picking database: MagicDatabase? = .usual) throws(CheckError) {
        picked = try database.map { database throws(CheckError) in try PickedMagic(database) }
        if picked == nil { whole = try MagicCookie.whole() }
    }

    /// What the beginning of a file, at most ``headBytes``, looks like; nil when libmagic gives up.
    func answer(for head: UnsafeRawBufferPointer) -> MagicAnswer? {
        if head.isEmpty { return MagicAnswer(mimeType: "inode/x-empty", description: "empty") }
        if head.starts(with: Magic.quotingHead) { return Magic.quotingAnswer }
        let count = Magic.hasLongFirstLine(head) ? Magic.longLineBytes : Magic.headBytes
        let shown = UnsafeRawBufferPointer(rebasing: head.prefix(count))
        picked?.look(at: shown)
        guard let description = ask(shown, flags: 0) else { return nil }
        // No entry of the database matched: then the MIME type follows, and half of the time is saved.
        if description == "data" || description == "very short file (no magic)" {
            return MagicAnswer(mimeType: "application/octet-stream", description: description)
        }
        if Magic.saysOnlyText(description) { return MagicAnswer(mimeType: "text/plain", description: description) }
        return ask(shown, flags: MAGIC_MIME_TYPE).map { MagicAnswer(mimeType: $0, description: description) }
    }

    private func ask(_ head: UnsafeRawBufferPointer, flags: Int32) -> String? {
        if let picked, let answer = picked.ask(head, flags: flags) { return answer }
        if whole == nil { whole = try? MagicCookie.whole() }
        return whole?.ask(head, flags: flags)
    }

    /// JSON is left out: libmagic reads it to its end, and does so fast.
    private static func hasLongFirstLine(_ head: UnsafeRawBufferPointer) -> Bool {
        guard head.count > longLineBytes, head[0] != UInt8(ascii: "{"), head[0] != UInt8(ascii: "[") else {
            return false
        }
        return head.prefix(longLineBytes).allSatisfy { $0 >= 0x20 || $0 == 0x09 }
    }

    /// Whether a description names an encoding and the shape of lines, and nothing else.
    static func saysOnlyText(_ description: String) -> Bool {
        let encodings = [
            "ASCII text", "Unicode text, UTF-8 text", "Unicode text, UTF-8 (with BOM) text", "ISO-8859 text",
            "Non-ISO extended-ASCII text",
        ]
        guard let encoding = encodings.first(where: { description.hasPrefix($0) }) else { return false }
        return description.dropFirst(encoding.count).split(separator: ",", omittingEmptySubsequences: false)
            .dropFirst().allSatisfy { $0.hasPrefix(" with ") }
            && (description.count == encoding.count || description.dropFirst(encoding.count).hasPrefix(", with "))
    }
}

/// libmagic's `magic_t`.
struct MagicCookie: ~Copyable {
    /// Files are not unpacked, and ELF is told by the database alone.
    private static let flags = MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF

    private let cookie: magic_t

    /// Without a database.
    init() throws(CheckError) {
        guard let cookie = magic_open(MagicCookie.flags) else {
            throw CheckError.noMagic(String(cString: strerror(errno)))
        }
        self.cookie = cookie
        set(MAGIC_PARAM_REGEX_MAX, Magic.regexBytes)
    }

    /// With all that libmagic has.
    static func whole() throws(CheckError) -> MagicCookie {
        let made = try MagicCookie()
        guard magic_load(made.cookie, nil) == 0 else { throw CheckError.noMagic(made.reason) }
        return made
    }

    deinit { magic_close(cookie) }

    private var reason: String { magic_error(cookie).map { String(cString: $0) } ?? "no reason given" }

    borrowing func set(_ parameter: Int32, _ value: Int) {
        var value = value
        magic_setparam(cookie, parameter, &value)
    }

    /// Takes the database in `room`, which must stay there as it is until the next.
    borrowing func load(_ room: borrowing MagicRoom) throws(CheckError) {
        var start = room.bytes.baseAddress
        var count = room.count
        guard magic_load_buffers(cookie, &start, &count, 1) == 0 else { throw CheckError.noMagic(reason) }
    }

    /// The answer by the database; nil when libmagic gives up.
    borrowing func ask(_ head: UnsafeRawBufferPointer, flags: Int32) -> String? {
        magic_setflags(cookie, flags | MagicCookie.flags)
        return magic_buffer(cookie, head.baseAddress, head.count).map { String(cString: $0) }
    }
}
