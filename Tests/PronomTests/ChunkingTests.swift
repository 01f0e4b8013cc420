import Pronom
import Streams
import Testing

@Suite struct ChunkingTests {
    /// Free chains, far windows, ends and gaps over a small alphabet, so that near misses abound.
    static let xml = SignatureXML([
        .init(puid: "fmt/1", signatures: [SignatureXML.sequence("01*0202*03{1-300}04")]),
        .init(puid: "fmt/2", signatures: [SignatureXML.sequence("{0-170000}01020304")]),
        .init(
            puid: "fmt/3", signatures: [SignatureXML.sequence("*020202{0-5000}040404*010101", reference: "Variable")]),
        .init(
            puid: "fmt/4",
            signatures: [
                SignatureXML.sequence("0404{0-90000}", reference: "EOFoffset")
                    + SignatureXML.sequence("*03030303", reference: nil)
            ]),
        .init(
            puid: "fmt/5",
            signatures: [SignatureXML.sequence("01*(0202|030303){2}04{5-9}01*0404", reference: "EOFoffset")]),
        .init(puid: "fmt/6", signatures: [SignatureXML.sequence("{200000}[01:02]{3}04")]),
        .init(
            puid: "fmt/7",
            signatures: [
                SignatureXML.sequence("01") + SignatureXML.sequence("*0102030401", reference: nil)
                    + SignatureXML.sequence("*04030201", reference: nil)
            ]),
    ])

    @Test("answers the same however the bytes are cut", arguments: 0..<60)
    func anyCut(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let sizes = [10, 300, 5000, 170_000, 400_000]
        let size = Int.random(in: 1...sizes[seed % sizes.count], using: &generator)
        let spread: UInt8 = seed % 3 == 0 ? 4 : 40
        let bytes = (0..<size).map { _ in UInt8.random(in: 1...spread, using: &generator) }
        var scan = FormatScan(try Self.xml.set())
        let source = MemorySource(bytes)
        let whole = try scan.identify(source, name: []).matches.map(\.puid)
        scan.begin(size: Int64(size))
        try bytes.withUnsafeBytes { _ = try scan.consume($0) }
        #expect(try scan.finish(source, name: []).matches.map(\.puid) == whole)
        for largest in [3, 50, 4000, 100_000] where size / largest < 20_000 {
            try push(bytes, to: &scan, largest: largest, using: &generator)
            #expect(try scan.finish(source, name: []).matches.map(\.puid) == whole, "pieces up to \(largest)")
        }
    }

    @Test("wants no more bytes when nothing can change")
    func enough() throws {
        var scan = FormatScan(try SignatureXML(sequence: "4D5A").set())
        scan.begin(size: 1 << 40)
        let head = hex("4D5A") + [UInt8](repeating: 0, count: 300_000)
        #expect(try head.withUnsafeBytes { try scan.consume($0) } == false)
    }
}
