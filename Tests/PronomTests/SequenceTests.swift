import Pronom
import Streams
import Testing

private func puids(_ signature: String, _ bytes: String) throws -> Bool {
    try !SignatureXML([.init(puid: "fmt/1", signatures: [signature])]).puids(hex(bytes)).isEmpty
}

@Suite struct SequenceTests {
    @Test("finds a BOF sequence only between its offsets")
    func window() throws {
        let signature = SignatureXML.old("4D5A", min: 1, max: 3)
        #expect(try !puids(signature, "4D5A"))
        #expect(try puids(signature, "004D5A"))
        #expect(try puids(signature, "0000004D5A"))
        #expect(try !puids(signature, "000000004D5A"))
    }

    @Test("takes a maximum that is absent or below the minimum for the minimum", arguments: [nil, 0, 1])
    func lowMaximum(_ maximum: Int?) throws {
        let signature = SignatureXML.old("4D5A", min: 2, max: maximum)
        #expect(try puids(signature, "00004D5A"))
        #expect(try !puids(signature, "4D5A"))
        #expect(try !puids(signature, "0000004D5A"))
    }

    @Test("measures an EOF sequence from the end of the file to its last byte")
    func end() throws {
        let signature = SignatureXML.old("4D5A", reference: "EOFoffset", min: 1, max: 2)
        #expect(try !puids(signature, "004D5A"))
        #expect(try puids(signature, "004D5A00"))
        #expect(try puids(signature, "004D5A0000"))
        #expect(try !puids(signature, "004D5A000000"))
    }

    @Test("takes a sequence without reference, or with one that says so, as free", arguments: [nil, "Variable"])
    func free(_ reference: String?) throws {
        // Container files give 21 such sequences a maximum; DROID searches the whole entry.
        let signature = SignatureXML.old("4D5A", reference: reference, min: 0, max: 1)
        #expect(try puids(signature, "4D5A"))
        #expect(try puids(signature, "0000000000004D5A"))
    }

    @Test("asks for all sequences of a signature and for any signature of a format")
    func allAndAny() throws {
        let both = SignatureXML.old("01") + SignatureXML.old("02", reference: "EOFoffset")
        #expect(try puids(both, "010002"))
        #expect(try !puids(both, "0100"))
        #expect(try !puids(both, "0002"))
        let xml = SignatureXML([.init(puid: "fmt/1", signatures: [SignatureXML.old("0101"), SignatureXML.old("0202")])])
        #expect(try xml.puids(hex("0101")) == ["fmt/1"])
        #expect(try xml.puids(hex("0202")) == ["fmt/1"])
    }

    @Test("lets two sequences use the same bytes")
    func overlap() throws {
        #expect(try puids(SignatureXML.old("0102") + SignatureXML.old("0203", reference: "EOFoffset"), "010203"))
    }

    @Test("takes subsequences in document order, each after the one before, whatever their maximum")
    func chains() throws {
        let signature =
            "<ByteSequence Reference='BOFoffset'>" + SignatureXML.subsequence("01", min: 0, max: 0)
            + SignatureXML.subsequence("0203", min: 2, max: 3) + SignatureXML.subsequence("04") + "</ByteSequence>"
        #expect(try puids(signature, "01 0000 0203 04"))
        #expect(try puids(signature, "01 00000000000000 0203 0000 04"))
        #expect(try !puids(signature, "01 00 0203 04"))
        #expect(try !puids(signature, "01 04 0000 0203"))
    }

    @Test("searches EOF subsequences backwards from the last one")
    func endChains() throws {
        let signature =
            "<ByteSequence Reference='EOFoffset'>" + SignatureXML.subsequence("0102")
            + SignatureXML.subsequence("0304", min: 0, max: 1) + "</ByteSequence>"
        #expect(try puids(signature, "0102 0000000000 0304"))
        #expect(try puids(signature, "0102 0304 00"))
        #expect(try !puids(signature, "0304 0102"))
        #expect(try !puids(signature, "0102 0304 0000"))
    }

    @Test("places left and right fragments by position, the first next to the core")
    func fragments() throws {
        let signature = SignatureXML.old(
            "55",
            fragments: SignatureXML.fragment("Left", 1, "44", min: 1, max: 2) + SignatureXML.fragment("Left", 2, "33")
                + SignatureXML.fragment("Right", 1, "66", min: 2, max: 2)
                + SignatureXML.fragment("Right", 2, "77", min: 0, max: 9))
        #expect(try puids(signature, "33 44 00 55 0000 66 77"))
        #expect(try puids(signature, "33 44 0000 55 0000 66 000000 77"))
        #expect(try !puids(signature, "33 44 55 0000 66 77"))
        #expect(try !puids(signature, "33 00 44 00 55 0000 66 77"))
        #expect(try !puids(signature, "33 44 00 55 00 66 77"))
    }

    @Test("takes fragments of one position as alternatives, also at different distances")
    func alternatives() throws {
        let signature = SignatureXML.old(
            "55",
            fragments: SignatureXML.fragment("Right", 1, "66", min: 0, max: 0)
                + SignatureXML.fragment("Right", 1, "7777", min: 1, max: 2))
        for bytes in ["5566", "55007777", "5500007777"] { #expect(try puids(signature, bytes)) }
        for bytes in ["557777", "550066", "550000007777"] { #expect(try !puids(signature, bytes)) }
    }

    @Test("finds a match that greedy choices would miss")
    func exact() throws {
        // The first 66 leads nowhere, the second does.
        let signature = SignatureXML.old(
            "55",
            fragments: SignatureXML.fragment("Right", 1, "66", min: 0, max: 8) + SignatureXML.fragment("Right", 2, "77")
        )
        #expect(try puids(signature, "55 66 00 66 77"))
        // The shorter alternative leads nowhere, the longer does.
        #expect(try !SignatureXML(sequence: "55(66|6666)77").puids(hex("55666677")).isEmpty)
    }

    @Test("measures the offset of a BOF sequence to its outermost left fragment")
    func leftmost() throws {
        let signature = SignatureXML.old(
            "55", min: 2, max: 2, fragments: SignatureXML.fragment("Left", 1, "44", min: 3, max: 3))
        #expect(try puids(signature, "0000 44 000000 55"))
        #expect(try !puids(signature, "000000 44 000000 55"))
    }

    @Test("ignores child elements when a sequence has its expression as an attribute")
    func attribute() throws {
        let signature =
            "<ByteSequence Reference='BOFoffset' Sequence='0102'>" + SignatureXML.subsequence("0909")
            + "</ByteSequence>"
        #expect(try puids(signature, "0102"))
        #expect(try !puids(signature, "0909"))
    }

    @Test(
        "starts an indirect sequence where the file says",
        arguments: [
            ("", "00000004 FFFF 4D5A", false), ("", "00000006 FFFF 4D5A", true),
            ("Little-endian", "06000000 FFFF 4D5A", true),
        ])
    func indirect(_ row: (endianness: String, bytes: String, fits: Bool)) throws {
        let signature =
            "<ByteSequence Reference='IndirectBOFoffset' IndirectOffsetLocation='0' IndirectOffsetLength='4'"
            + " Endianness='\(row.endianness)'>" + SignatureXML.subsequence("4D5A", min: 0, max: 0) + "</ByteSequence>"
        #expect(try puids(signature, row.bytes) == row.fits)
    }

    @Test("reads the offset of an indirect sequence from the end when it says so")
    func indirectEnd() throws {
        let signature =
            "<ByteSequence Reference='IndirectEOFoffset' IndirectOffsetLocation='1' IndirectOffsetLength='2'>"
            + SignatureXML.subsequence("4D5A", min: 1, max: 1) + "</ByteSequence>"
        #expect(try puids(signature, "FFFF FF 4D5A 0002"))
        #expect(try !puids(signature, "FFFF FF 4D5A 0003"))
        #expect(try !puids(signature, "FFFF FF 4D5A FFFF"))
    }

    @Test("gives endianness no other effect")
    func endianness() throws {
        let signature =
            "<ByteSequence Reference='BOFoffset' Endianness='Little-endian'>" + SignatureXML.subsequence("0102", max: 0)
            + "</ByteSequence>"
        #expect(try puids(signature, "0102"))
        #expect(try !puids(signature, "0201"))
    }

    @Test("identifies nothing in an empty file but its extension")
    func empty() throws {
        let xml = SignatureXML([
            .init(puid: "fmt/1", signatures: [SignatureXML.sequence("*[!00]")]),
            .init(puid: "fmt/2", extensions: ["txt"]),
        ])
        #expect(try xml.puids([], name: "a.txt") == ["fmt/2"])
        #expect(try xml.puids([], name: "a.bin").isEmpty)
    }

    @Test("finds a fragment a million bytes away, and says no as quickly", .timeLimit(.minutes(10)))
    func farGap() throws {
        // fmt/202: II*\0, then marks within 999,999 bytes.
        let signature = SignatureXML.old(
            "49492A00",
            fragments: SignatureXML.fragment("Right", 1, "1C02", min: 0, max: 999_999)
                + SignatureXML.fragment("Right", 2, "1C03", min: 0, max: 999_999))
        let set = try SignatureXML([.init(puid: "fmt/202", signatures: [signature])]).set()
        var bytes = hex("49492A00") + Array(repeating: hex("1C02"), count: 600_000).joined()
        #expect(try identify(bytes, with: set).matches.isEmpty)
        bytes[999_998] = 0x1C
        bytes[999_999] = 0x03
        #expect(try !identify(bytes, with: set).matches.isEmpty)
    }
}
