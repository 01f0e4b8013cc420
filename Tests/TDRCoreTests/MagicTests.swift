import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct MagicTests {
    private static func answer(_ text: String) throws -> MagicAnswer? {
        let magic = try Magic()
        return Array(text.utf8).withUnsafeBytes { magic.answer(for: $0) }
    }

    @Test(
        "knows the kind of a text of one long line by how it begins",
        arguments: [
            ("<!DOCTYPE html><html><body>", "text/html"), ("<?xml version=\"1.0\"?><svg xmlns=\"", "image/svg+xml"),
            ("<?xml version=\"1.0\"?><r>", "text/xml"), ("words and ", "text/plain"),
            ("{\"key\": [", "application/json"), ("[", "application/json"),
        ])
    func longLine(_ start: String, _ type: String) throws {
        let filler = String(repeating: type.hasSuffix("json") ? "1, " : "words and more words ", count: 1000)
        let end = start.hasPrefix("{") ? "1]}" : start.hasPrefix("[") ? "1]" : ""
        #expect(try MagicTests.answer(start + filler + end)?.mimeType == type)
    }

    @Test("asks libmagic nothing that it would answer with bytes of another file", arguments: [true, false])
    func quoting(_ picks: Bool) throws {
        let magic = picks ? try Magic() : try Magic(picking: nil)
        for filler in ["x", "y\n", "some words\n"] {
            _ = Array(String(repeating: filler, count: 5000).utf8).withUnsafeBytes { magic.answer(for: $0) }
            let text = Array(("yyprevious \\5F}4k " + String(repeating: "a line of it\n", count: 40)).utf8)
            let answer = text.withUnsafeBytes { magic.answer(for: $0) }
            #expect(answer == MagicAnswer(mimeType: "text/plain", description: "C program text (from lex)"))
        }
    }

    @Test("says of what is no file at all that it is empty, and of noise that it is data")
    func others() throws {
        #expect(try MagicTests.answer("")?.mimeType == "inode/x-empty")
        #expect(try MagicTests.answer("\u{16}\u{1}\u{17}\u{18}\u{19}\u{1A}\u{1C}")?.isUnknown == true)
    }
}

/// libmagic with the part of its database that can apply, beside libmagic with all of it.
@Suite(.enabled(if: MagicDatabase.usual != nil, "libmagic's database is not the one of Debian 12 alone"))
struct PickedMagicTests {
    private static let database = BytePath("/usr/share/misc/magic.mgc")

    /// How many answers differ, with the first of them.
    private func differences(_ heads: some Sequence<[UInt8]>) throws -> [String] {
        let (picked, whole) = (try Magic(), try Magic(picking: nil))
        var found: [String] = []
        for head in heads {
            let (one, other) = head.withUnsafeBytes { (picked.answer(for: $0), whole.answer(for: $0)) }
            if one != other, found.count < 5 {
                found.append("\(head.prefix(40)): \(String(describing: one)), \(String(describing: other))")
            }
        }
        return found
    }

    @Test("says the same of what each test of the database asks for, within texts and within noise")
    func everyTest() throws {
        let bytes = try contents(of: PickedMagicTests.database)
        var random = SeededGenerator(seed: 4)
        var heads: [[UInt8]] = []
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            for place in stride(from: MagicRecord.bytes, to: bytes.count, by: MagicRecord.bytes) {
                let record = MagicRecord(start + place)
                guard record.level == 0, 0..<3000 ~= record.offset, record.kind != MagicRecord.Kind.name else {
                    continue
                }
                let isNumber = MagicNumber(record) != nil
                let value = isNumber ? withUnsafeBytes(of: record.number) { Array($0) } : record.string
                let shown = isNumber && heads.count.isMultiple(of: 2) ? Array(value.prefix(4).reversed()) : value
                var head = (0..<Int(record.offset) + shown.count + 400).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
                if record.flag & MagicRecord.Flag.text != 0 || heads.count.isMultiple(of: 3) {
                    head = head.map { 0x20 + $0 % 0x5F }
                    for line in stride(from: 60, to: head.count, by: 61) { head[line] = 0x0A }
                }
                head.replaceSubrange(Int(record.offset)..<Int(record.offset) + shown.count, with: shown)
                heads.append(head)
            }
        }
        #expect(heads.count > 3000)
        let found = try differences(heads)
        #expect(found == [])
    }

    @Test("says the same of texts in every encoding, cut anywhere, with a byte changed")
    func encodings() throws {
        var random = SeededGenerator(seed: 9)
        let texts = [
            "#!/bin/sh\nexit 0\n", "<?xml version=\"1.0\"?>\n<svg>", "<html><head><title>x</title>", "a,b\n1,2\n3,4\n",
            "From: a@b\nSubject: x\n\n", "import os\n\ndef f():\n    return 0\n", "\u{E4}\u{F6}\u{FC} 1\n0 caf\u{E9}\n",
            "{\"a\": 1}", "%!PS-Adobe-3.0\n", "words and words\r\nmore\r\n",
        ]
        var heads: [[UInt8]] = []
        for text in texts {
            let encoded: [[UInt8]] = [
                Array(text.utf8), [0xEF, 0xBB, 0xBF] + text.utf8,
                [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] },
                [0xFE, 0xFF] + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] },
                text.utf16.map { UInt8($0 & 0xFF) },
                Array("+/v8-".utf8) + text.utf8, Array(text.utf8) + [0, 0, 0], Array(text.utf8) + [0, 1],
            ]
            for bytes in encoded {
                heads.append(bytes)
                for _ in 0..<12 {
                    var changed = Array(bytes.prefix(1 + Int(random.next() % UInt64(bytes.count))))
                    changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next())
                    heads.append(changed)
                }
            }
        }
        let found = try differences(heads)
        #expect(found == [])
    }

    @Test("looks up the whole database where a test goes on at another place")
    func elsewhere() throws {
        // Exif data within a JPEG is TIFF, looked up anew.
        let jpeg: [UInt8] =
            [0xFF, 0xD8, 0xFF, 0xE1, 0, 60] + Array("Exif\0\0".utf8) + [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1]
            + [0x01, 0x0F, 0, 2, 0, 0, 0, 4, 0x41, 0x42, 0x43, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 40)
        let tagged =
            Array("ID3".utf8) + [3, 0, 0, 0, 0, 0, 0] + [0xFF, 0xFB, 0x90, 0x64] + [UInt8](repeating: 0, count: 400)
        let marked = Array("#!/bin/{tdr} x\n".utf8)
        #expect(try differences([jpeg, tagged, marked]) == [])
    }

    @Test("takes nothing for a database that is none")
    func noDatabase() throws {
        var bytes = try contents(of: PickedMagicTests.database)
        #expect(MagicDatabase(bytes) != nil)
        #expect(MagicDatabase([]) == nil)
        #expect(MagicDatabase(bytes.dropLast(1)) == nil)
        #expect(MagicDatabase(Array(bytes.prefix(MagicRecord.bytes))) == nil)
        bytes[4] ^= 1
        #expect(MagicDatabase(bytes) == nil)
    }
}

@Suite struct TextNeedTests {
    @Test(
        "asks of a text nothing that an expression can do without",
        arguments: [
            "ab", "a+b", "a*b", "ab?c", "a{0,3}b", "a{2}b", "(ab|cd)e", "(ab)?c", "x(y(z|w))", "[abc]d", "[]a]b",
            "[^]a]b",
            "[[:space:]]a", "a\\.b", "a\\b.b", "^a$", "a|b", "(a|bc)+d", "\\(a", "((a))", "a.b", ".*ab", "a[-b]c",
        ])
    func needs(_ pattern: String) throws {
        var compiled = regex_t()
        try #require(regcomp(&compiled, pattern, REG_EXTENDED | REG_NEWLINE) == 0)
        defer { regfree(&compiled) }
        let need = TextNeed.required(by: Array(pattern.utf8))
        var random = SeededGenerator(seed: 1)
        let text = SearchedText()
        var matches = 0
        for _ in 0..<3000 {
            let bytes = (0..<12).map { _ in Array("abcdexyzw.( ]\n".utf8)[Int(random.next() % 14)] }
            guard regexec(&compiled, bytes.map { CChar(bitPattern: $0) } + [0], 0, nil, 0) == 0 else { continue }
            matches += 1
            bytes.withUnsafeBytes { text.take($0) }
            #expect(text.holds(need) && text.holds(need.pairs), "\(bytes)")
        }
        #expect(matches > 0)
    }

    @Test(
        "sees that something is missing",
        arguments: [
            ("(ab|cd)e", "abe", "acbe"), ("import.*;", "Import x;", "im port;"), ("^(:|;)", ":", "words"),
            ("a{2}b", "aab", "b"), ("(x\\.y){1,2}", "x.y", "xy"),
        ])
    func missing(_ pattern: String, _ with: String, _ without: String) {
        let need = TextNeed.required(by: Array(pattern.utf8))
        let text = SearchedText()
        Array(with.utf8).withUnsafeBytes { text.take($0) }
        #expect(text.holds(need))
        Array(without.utf8).withUnsafeBytes { text.take($0) }
        #expect(!text.holds(need))
    }
}
