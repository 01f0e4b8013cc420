import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct TextTestTests {
    private static func isText(_ bytes: [UInt8]) -> Bool {
        var test = TextTest()
        bytes.withUnsafeBytes { test.update($0) }
        return test.isText
    }

    /// Each with a byte (0x81) that Windows-1252 leaves empty beside it, so that only UTF-8 can make it text.
    private static let only8: [UInt8] = [0xC2, 0x81]

    @Test(
        "takes as UTF-8 exactly what RFC 3629 does",
        arguments: [
            ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xE0, 0xA0, 0x80], true), ([0xEC, 0xBF, 0xBF], true),
            ([0xED, 0x9F, 0xBF], true), ([0xEE, 0x80, 0x80], true), ([0xEF, 0xBF, 0xBF], true),
            ([0xF0, 0x90, 0x80, 0x80], true), ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0xEF, 0xBB, 0xBF], true),
            ([0xC0, 0x80], false), ([0xC1, 0xBF], false), ([0xE0, 0x80, 0x80], false), ([0xE0, 0x9F, 0xBF], false),
            ([0xED, 0xA0, 0x80], false), ([0xED, 0xBF, 0xBF], false), ([0xF0, 0x80, 0x80, 0x80], false),
            ([0xF0, 0x8F, 0xBF, 0xBF], false), ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5, 0x80, 0x80, 0x80], false),
            ([0xFE], false), ([0xFF], false), ([0x80], false), ([0xBF], false),
            ([0xC2], false), ([0xE2, 0x82], false), ([0xF0, 0x9F, 0x98], false),
            ([0xE2, 0x28, 0xA1], false), ([0xC2, 0x41], false),
        ] as [([UInt8], Bool)])
    func utf8(_ bytes: [UInt8], _ valid: Bool) {
        #expect(TextTestTests.isText(TextTestTests.only8 + bytes) == valid)
        #expect((String(validating: bytes, as: UTF8.self) != nil) == valid)
    }

    @Test("takes every byte that Windows-1252 gives a meaning", arguments: 0...255 as ClosedRange<UInt8>)
    func windows1252(_ byte: UInt8) {
        let undefined: Set<UInt8> = [0x81, 0x8D, 0x8F, 0x90, 0x9D]
        let controls = Set<UInt8>(0..<0x20).subtracting([0x09, 0x0A, 0x0C, 0x0D, 0x1B]).union([0x7F])
        // 0xE4 before an ASCII letter is no UTF-8, so only Windows-1252 can make it text.
        let expected = !undefined.contains(byte) && !controls.contains(byte)
        #expect(TextTestTests.isText([0xE4, 0x61, byte, 0x61]) == expected)
    }

    @Test("sees every byte wherever it lies among others", arguments: 0...255 as ClosedRange<UInt8>)
    func places(_ byte: UInt8) {
        // Once as it is, once where only Windows-1252 can make it text.
        for first in [[UInt8(0x61)], [0xE4, 0x61]] {
            let alone = TextTestTests.isText(first + [byte, 0x61])
            for place in 0..<24 {
                var bytes = first + [UInt8](repeating: 0x61, count: 40)
                bytes[first.count + place] = byte
                #expect(TextTestTests.isText(bytes) == alone, "\(byte) at \(place)")
            }
        }
    }

    @Test("takes an empty file, and refuses NUL wherever it is")
    func edges() {
        #expect(TextTestTests.isText([]))
        #expect(!TextTestTests.isText([0]))
        #expect(!TextTestTests.isText(Array("text".utf8) + [0]))
        #expect(!TextTestTests.isText([0xC3, 0xA9, 0]))
    }

    @Test("gives the same answer however the bytes are cut", arguments: 0..<40)
    func chunks(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let alphabet: [[UInt8]] = [
            [0x61], [0xC2, 0x81], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80], [0x0A], [0xE4], [0x81],
            [0xED, 0xA0, 0x80],
        ]
        let kinds = Bool.random(using: &generator) ? 5 : alphabet.count
        for _ in 0..<50 {
            let length = Int.random(in: 0...12, using: &generator)
            let bytes = (0..<length).flatMap { _ in alphabet[Int.random(in: 0..<kinds, using: &generator)] }
            let whole = TextTestTests.isText(bytes)
            for cut in 0...bytes.count {
                var test = TextTest()
                Array(bytes[..<cut]).withUnsafeBytes { test.update($0) }
                Array(bytes[cut...]).withUnsafeBytes { test.update($0) }
                #expect(test.isText == whole)
            }
            var single = TextTest()
            for byte in bytes { [byte].withUnsafeBytes { single.update($0) } }
            #expect(single.isText == whole)
        }
    }
}

@Suite struct FormatDecisionTests {
    private static let other = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    private static func match(_ puid: String?, _ basis: String = "Signature") -> FormatMatchRecord {
        FormatMatchRecord(puid: puid, formatName: nil, basis: basis, extensionMismatch: nil)
    }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        var matches: [FormatMatchRecord] = []
        var fileExtension: String?
        var encryption: String?
        var isText = false
        var digest = FormatDecisionTests.other
        var size: Int64 = 3
        var type = ConsignmentType.standard
        let status: FileStatusValue
    }

    private static let cases: [Case] = [
        Case(
            description: "no bytes", digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            size: 0,
            status: .zeroByteFile),
        Case(
            description: "a byte order mark alone", isText: true,
            digest: "f1945cd6c19e56b3c1c78943ef5ec18116907a4ca1efc40a57d48ab1db7adfc5", status: .zeroByteFile),
        Case(
            description: "a byte order mark and a line end", isText: true,
            digest: "f01a374e9c81e3db89b3a42940c4d6a5447684986a1296e42bf13f196eed6295", size: 5, status: .zeroByteFile),
        Case(description: "size 0 whatever matched", matches: [match("fmt/18")], size: 0, status: .zeroByteFile),
        Case(
            description: "a password", matches: [match("fmt/412")], encryption: "encrypted", status: .passwordProtected),
        Case(description: "two formats", matches: [match("fmt/1"), match("fmt/2")], status: .multipleFormats),
        Case(description: "one format twice", matches: [match("fmt/18"), match("fmt/18")], status: .success),
        Case(description: "unknown bytes", status: .unidentified),
        Case(description: "unknown text", isText: true, status: .success),
        Case(
            description: "a text by its name alone", matches: [match("x-fmt/111", "Extension")], fileExtension: "txt",
            isText: true, status: .success),
        Case(
            description: "no text, whatever its name", matches: [match("x-fmt/111", "Extension")], fileExtension: "TXT",
            status: .unidentified),
        Case(
            description: "no table, whatever its name", matches: [match("x-fmt/18", "Extension")], fileExtension: "csv",
            status: .unidentified),
        Case(
            description: "another extension is believed", matches: [match("fmt/40", "Extension")], fileExtension: "doc",
            status: .success),
        Case(description: "a PDF", matches: [match("fmt/18")], status: .success),
        Case(description: "a ZIP", matches: [match("x-fmt/263")], status: .zip),
        Case(description: "a tar", matches: [match("x-fmt/265")], status: .zip),
        Case(description: "a program", matches: [match("x-fmt/411")], status: .executable),
        Case(description: "an encrypted document", matches: [match("fmt/494")], status: .passwordProtected),
        Case(description: "a shortcut", matches: [match("x-fmt/428")], status: .shortcut),
        Case(description: "Thumbs.db by its content", matches: [match("fmt/682")], status: .systemFile),
        Case(description: "a judgment", matches: [match("fmt/412")], type: .judgment, status: .success),
        Case(description: "a judgment as PDF", matches: [match("fmt/18")], type: .judgment, status: .nonJudgmentFormat),
        Case(description: "an empty judgment", size: 0, type: .judgment, status: .nonJudgmentFormat),
    ]

    @Test("decides the status of a file by the original's rules, in their order", arguments: cases)
    func decision(_ what: Case) throws {
        let facts = FormatFacts(
            matches: what.matches, fileExtension: what.fileExtension, encryption: what.encryption, magic: nil,
            isText: what.isText)
        let digest = try #require(SHA256Digest(hex: what.digest.utf8))
        #expect(
            FormatDecision.status(facts, digest: digest, size: what.size, type: what.type, policy: .standard)
                == what.status)
    }

    @Test("knows the empty files by what is in them")
    func emptyDigests() {
        for bytes in [[], [0xEF, 0xBB, 0xBF], [0xEF, 0xBB, 0xBF, 0x0D, 0x0A]] as [[UInt8]] {
            #expect(FormatDecision.emptyDigests.contains(SHA256Digest.of(bytes)))
        }
        #expect(!FormatDecision.emptyDigests.contains(SHA256Digest.of([0x0A])))
    }
}
