import Pronom
import Streams
import Testing

struct PatternCase: Sendable, CustomTestStringConvertible {
    let pattern: String
    let fits: [String]
    let fails: [String]

    var testDescription: String { pattern }
}

@Suite struct PatternTests {
    static let cases: [PatternCase] = [
        .init(pattern: "4D5A", fits: ["4D5A", "4D5A00"], fails: ["4D", "4D5B", "5A4D"]),
        .init(pattern: "4d 5A", fits: ["4D5A"], fails: ["4D205A"]),
        .init(pattern: "'Ab c'", fits: ["41622063"], fails: ["416263", "61622063"]),
        .init(pattern: "'é'", fits: ["E9"], fails: ["C3A9"]),
        .init(pattern: "[30:39]", fits: ["30", "35", "39"], fails: ["2F", "3A"]),
        .init(pattern: "[30-39]", fits: ["30", "39"], fails: ["2F", "3A"]),
        .init(pattern: "['0'-'9']", fits: ["30", "39"], fails: ["2F", "3A"]),
        .init(pattern: "[!61:7A]", fits: ["60", "7B"], fails: ["61", "7A"]),
        .init(pattern: "[!00]", fits: ["01", "FF"], fails: ["00"]),
        .init(pattern: "[00 C2 'A'-'Z' &01]", fits: ["00", "C2", "41", "5A", "03", "FF"], fails: ["02", "C4", "60"]),
        .init(pattern: "['xyz']", fits: ["78", "79", "7A"], fails: ["77", "7B"]),
        .init(pattern: "[&01]", fits: ["01", "FF"], fails: ["00", "FE"]),
        .init(pattern: "[&81]", fits: ["81", "FF"], fails: ["80", "01"]),
        .init(pattern: "[!&01]", fits: ["00", "FE"], fails: ["01", "FF"]),
        .init(pattern: "[~88]", fits: ["80", "08", "88", "FF"], fails: ["00", "77"]),
        .init(pattern: "(00|F0 F1|'end')", fits: ["00", "F0F1", "656E64"], fails: ["F0", "F000", "656E"]),
        .init(pattern: "(00|F0F1)99", fits: ["0099", "F0F199"], fails: ["00F199", "F099"]),
        .init(pattern: "01??02", fits: ["010002", "01FF02"], fails: ["0102", "01000002"]),
        .init(pattern: "01{3}02", fits: ["0100000002"], fails: ["01000002", "010000000002"]),
        .init(pattern: "01{1-3}02", fits: ["010002", "01000002", "0100000002"], fails: ["0102", "010000000002"]),
        .init(pattern: "01{2-*}02", fits: ["01000002", "0100000000000002"], fails: ["010002", "0102"]),
        .init(pattern: "01*02", fits: ["0102", "010002", "01000000000002"], fails: ["0201", "01"]),
        .init(pattern: "{2}4D5A", fits: ["00004D5A"], fails: ["4D5A", "0000004D5A"]),
        .init(pattern: "{0-2}4D5A", fits: ["4D5A", "00004D5A"], fails: ["0000004D5A"]),
        .init(pattern: "*4D5A", fits: ["4D5A", "00000000004D5A"], fails: ["4D00"]),
        .init(
            pattern: "01{0-2}(02|0303){1-2}04", fits: ["01020004", "0100000303000004"], fails: ["010204", "0103000004"]),
        // Several bytes in one bracket are members of one set, as DROID reads them.
        .init(pattern: "[!0000]41", fits: ["0141"], fails: ["0041", "010141"]),
        .init(pattern: "[0000:1000]41", fits: ["0041", "1041"], fails: ["1141"]),
    ]

    @Test("matches what the pattern means and nothing else", arguments: cases)
    func meaning(_ row: PatternCase) throws {
        let set = try SignatureXML(sequence: row.pattern).set()
        for text in row.fits { #expect(try !identify(hex(text), with: set).matches.isEmpty, "\(text) should fit") }
        for text in row.fails { #expect(try identify(hex(text), with: set).matches.isEmpty, "\(text) should not fit") }
    }

    @Test(
        "reads the same patterns from the end of the file",
        arguments: cases.filter { !$0.pattern.hasPrefix("{") && !$0.pattern.hasPrefix("*") })
    func mirrored(_ row: PatternCase) throws {
        // Exactly these bytes at the end: every example that fits from its start to its last byte does so here too.
        let set = try SignatureXML(reference: "EOFoffset", sequence: row.pattern).set()
        for text in row.fits where text != "4D5A00" {
            #expect(try !identify(hex("AABBCC" + text), with: set).matches.isEmpty, "\(text) should fit")
        }
    }

    @Test(
        "reports a malformed pattern and drops its signature",
        arguments: [
            "4D5", "4G", "'open", "''", "[00", "[]", "[!00:FF]", "[39:30]", "(00|11", "(00||11)", "()", "{3-1}00",
            "{x}00",
            "{3", "?0", "00)", "00]", "00|11", "{1-99999999999999}00", "(00{1-2}|11)", "('日')", "*", "{4}",
        ])
    func malformed(_ pattern: String) throws {
        var xml = SignatureXML(sequence: pattern)
        xml.formats.append(.init(puid: "fmt/2", signatures: [SignatureXML.sequence("4D5A")]))
        let compiled = try xml.compiled()
        #expect(compiled.warnings.map(\.signature) == [101])
        #expect(compiled.warnings.first?.reason.hasPrefix("dropped: ") == true)
        #expect(
            try identify(hex("4D5A"), with: SignatureSet(compiled: compiled.bytes)).matches.map(\.puid) == ["fmt/2"])
    }
}
