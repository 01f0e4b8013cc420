import Testing

@testable import TDRCore

@Suite struct ReferencesTests {
    @Test(
        "writes and reads the numbers of consignments in the original's alphabet",
        arguments: [
            (0, "B"), (1, "C"), (24, "7"), (25, "CB"), (624, "77"), (625, "CBB"), (1234, "C7M"), (1245, "C73"),
            (5000, "LBB"), (6000, "MTB"), (12345, "2X3"), (65535, "GG4N"), (123_456, "K5RJ"),
            (9_223_372_036_854_775_807, "JGXSCT7Q66HVKK"),
        ] as [(UInt64, String)])
    func consignmentCode(_ number: UInt64, _ code: String) {
        #expect(Base25.consignment.encode(number) == code)
        #expect(Base25.consignment.decode(code) == number)
        let reference = ConsignmentReference(year: 2021, sequence: number)
        #expect(reference.description == "TDR-2021-\(code)")
        #expect(ConsignmentReference("TDR-2021-\(code)") == reference)
    }

    @Test(
        "refuses what is no consignment reference",
        arguments: [
            "", "TDR", "TDR-2021", "TDR-2021-", "TDR-2021-A", "TDR-2021-O", "TDR-2021-1", "TDR-2021-0", "TDR-2021-8",
            "TDR-2021-Y", "TDR-2021-Z", "TDR-2021-c73", "tdr-2021-C73", "TDR-21-C73", "TDR-02021-C73", "TDR-202a-C73",
            "TDR-2021-C73 ", " TDR-2021-C73", "TDR-2021-C73-", "TDR-2021-BC", "TDR--2021-C", "TDR-+202-C",
            "TDR-2020-OLD-7", "TDR-2021-77777777777777", "TDR-٢٠٢١-C", "TDR-2021-C\u{301}", "TDR-2021-C73\n",
        ])
    func notAReference(_ text: String) { #expect(ConsignmentReference(text) == nil) }

    @Test("orders references as they were made, not as text")
    func order() {
        let made = (1...700).map { ConsignmentReference(year: 2021, sequence: UInt64($0)) }
        #expect(made.shuffled().sorted() == made)
        #expect(made.map(\.description).sorted() != made.map(\.description))
        #expect(ConsignmentReference(year: 2020, sequence: 2) > ConsignmentReference(year: 2021, sequence: 1))
    }

    @Test(
        "writes and reads the numbers of files in the original's alphabet",
        arguments: [(0, "Z2"), (1, "Z3"), (24, "ZW"), (25, "Z32"), (123, "Z6V"), (624, "ZWW"), (625, "Z322")]
            as [(UInt64, String)])
    func fileCode(_ number: UInt64, _ code: String) {
        #expect(FileReference(number: number).description == code)
        #expect(FileReference(code)?.number == number)
    }

    @Test(
        "refuses what is no file reference",
        arguments: ["", "Z", "6V", "ZA", "Z1", "Z0", "ZQ", "Z6v", "z6V", "Z6V ", "ZZ", "Z26V", "ZWWWWWWWWWWWWWWW"])
    func notAFileReference(_ text: String) { #expect(FileReference(text) == nil) }

    @Test("reads back every number it writes")
    func roundTrip() {
        var number: UInt64 = 1
        while number < UInt64.max / 3 {
            for value in [number - 1, number, number + 1] {
                #expect(Base25.consignment.decode(Base25.consignment.encode(value)) == value)
                #expect(Base25.file.decode(Base25.file.encode(value)) == value)
            }
            number *= 3
        }
        #expect(Base25.file.decode(Base25.file.encode(.max)) == .max)
    }
}

@Suite struct RecordIDTests {
    @Test("derives the same ids for ever")
    func derivation() throws {
        let store = try #require(RecordID("00010203-0405-0607-0809-0a0b0c0d0e0f"))
        #expect(RecordID.derived(from: store, name: Array("Records/a.txt".utf8)).description == derivedLiteral)
        #expect(RecordID.derived(from: store, name: []).description == derivedEmptyLiteral)
    }

    /// The first 16 bytes of SHA-256 over the parent's bytes and the name, with version 8 and the variant put in.
    private let derivedLiteral = "bd3b1b1a-3c49-89b1-91f9-733a04322171"
    private let derivedEmptyLiteral = "be45cb26-05bf-86be-bde6-84841a28f0fd"

    @Test("marks derived ids as version 8 and random ones as version 4, of the RFC's variant")
    func versions() throws {
        for _ in 0..<200 {
            let random = RecordID.random()
            let text = Array(random.description)
            #expect(text[14] == "4")
            #expect("89ab".contains(text[19]))
            let derived = Array(RecordID.derived(from: random, name: Array("x".utf8)).description)
            #expect(derived[14] == "8")
            #expect("89ab".contains(derived[19]))
        }
        #expect(RecordID.random() != RecordID.random())
    }

    @Test(
        "reads the 36-character form in either case and nothing else",
        arguments: [
            ("00010203-0405-0607-0809-0a0b0c0d0e0f", true), ("00010203-0405-0607-0809-0A0B0C0D0E0F", true),
            ("000102030405060708090a0b0c0d0e0f", false), ("00010203-0405-0607-0809-0a0b0c0d0e0", false),
            ("00010203-0405-0607-0809-0a0b0c0d0e0g", false), ("{0010203-0405-0607-0809-0a0b0c0d0e0f", false),
            ("0001020-30405-0607-0809-0a0b0c0d0e0f", false), ("", false),
        ])
    func parsing(_ text: String, _ valid: Bool) {
        #expect((RecordID(text) != nil) == valid)
        if let id = RecordID(text) { #expect(id.description == text.lowercased()) }
    }

    @Test("takes at each place what may stand there, and nothing else")
    func places() {
        let good = Array(RecordID.random().description.utf8)
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for place in good.indices {
            let isDash = [8, 13, 18, 23].contains(place)
            for byte in UInt8(1)...127 {
                var text = good
                text[place] = byte
                let isGood = isDash ? byte == UInt8(ascii: "-") : digits.contains(byte)
                #expect((RecordID(String(decoding: text, as: UTF8.self)) != nil) == isGood, "\(place) \(byte)")
            }
        }
        #expect(RecordID(String(repeating: "é", count: 18)) == nil)
    }

    @Test("keeps its 16 bytes")
    func bytes() throws {
        let bytes = (0..<16).map { UInt8($0 * 16 + 1) }
        #expect(try #require(RecordID(bytes: bytes)).bytes == bytes)
        #expect(RecordID(bytes: Array(bytes.dropLast())) == nil)
    }
}

@Suite struct TimestampTests {
    @Test(
        "writes moments of all ages in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (-1000, "1969-12-31T23:59:59Z"),
            (-1001, "1969-12-31T23:59:58Z"),
            (999, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_799_999, "2000-02-29T23:59:59Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (2_147_483_647_000, "2038-01-19T03:14:07Z"),
            (2_147_483_648_000, "2038-01-19T03:14:08Z"),
            (253_402_300_799_000, "9999-12-31T23:59:59Z"),
            (253_402_300_800_000, "10000-01-01T00:00:00Z"),
            (-2_208_988_800_000, "1900-01-01T00:00:00Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
            (1_612_348_410_500, "2021-02-03T10:33:30Z"),
        ] as [(Int64, String)])
    func text(_ milliseconds: Int64, _ text: String) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(moment.description == text)
        #expect(moment.local + "Z" == text)
        #expect(moment.date == String(text.prefix { $0 != "T" }))
    }

    @Test(
        "cuts nanoseconds towards the past",
        arguments: [
            (0, 0), (999_999, 0), (1_000_000, 1), (-1, -1), (-1_000_000, -1), (-1_000_001, -2),
            (Int64.max, 9_223_372_036_854), (Int64.min, -9_223_372_036_855),
        ] as [(Int64, Int64)])
    func nanoseconds(_ nanoseconds: Int64, _ milliseconds: Int64) {
        #expect(Timestamp(nanoseconds: nanoseconds).milliseconds == milliseconds)
    }

    @Test(
        "reads moments",
        arguments: [
            ("2021-02-03T10:33:30Z", 1_612_348_410_000), ("2021-02-03T10:33:30.500Z", 1_612_348_410_500),
            ("1969-12-31T23:59:59Z", -1000), ("2024-02-29T23:59:59Z", 1_709_251_199_000),
        ] as [(String, Int64)])
    func reading(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("refuses what is no moment", arguments: ["", "yesterday", "2021", "2021-02-03", "2021-13-01T00:00:00Z"])
    func notAMoment(_ text: String) { #expect(Timestamp(text) == nil) }

    @Test("writes every day of 400 years one after the other")
    func calendar() {
        var seen = Set<String>()
        var last = ""
        for day in 0..<146_097 as Range<Int64> {
            let date = Timestamp(milliseconds: (day - 73_000) * 86_400_000).date
            #expect(date > last)
            last = date
            seen.insert(date)
        }
        #expect(seen.count == 146_097)
        #expect(Timestamp(milliseconds: 0).year == 1970)
    }
}
