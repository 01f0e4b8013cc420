import Glibc
import Streams
import Testing

@testable import Pronom

/// Seeded mutations: nothing may crash, hang or read elsewhere. `TDR_FUZZ_SECONDS` makes them run longer.
@Suite struct FuzzTests {
    /// Changes a few bytes, cuts, repeats or inserts.
    static func mutate(_ bytes: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var out = bytes
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !out.isEmpty {
            let at = Int.random(in: 0..<out.count, using: &generator)
            switch Int.random(in: 0..<7, using: &generator) {
            case 0: out[at] = .random(in: 0...255, using: &generator)
            case 1: out[at] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            case 2: out[at] = [0, 0xFF, 0x7F, 0x80][Int.random(in: 0...3, using: &generator)]
            case 3: out.removeSubrange(at..<min(out.count, at + Int.random(in: 1...64, using: &generator)))
            case 4: out.insert(contentsOf: out[at..<min(out.count, at + 40)], at: at)
            case 5: for index in at..<min(out.count, at + 4) { out[index] = 0xFF }
            default: out = Array(out[..<at])
            }
        }
        return out
    }

    private func run(_ seed: UInt64, _ rounds: Int, _ body: (inout SeededGenerator) throws -> Void) rethrows {
        var generator = SeededGenerator(seed: seed)
        let seconds = getenv("TDR_FUZZ_SECONDS").flatMap { Int(String(cString: $0)) } ?? 0
        let end = time(nil) + seconds
        var round = 0
        while round < rounds || time(nil) < end {
            try body(&generator)
            round += 1
        }
    }

    @Test("survives damaged ZIP files")
    func zip() throws {
        let set = try ContainerTests.named.set()
        var scan = FormatScan(set)
        try run(1, 3000) { generator in
            guard let variant = ContainerTests.variants.randomElement(using: &generator) else { return }
            _ = try scan.identify(MemorySource(Self.mutate(variant.bytes, using: &generator)), name: [])
        }
        // Nothing of the damage stays behind in the scan.
        #expect(try !scan.identify(MemorySource(ContainerTests.variants[0].bytes), name: []).matches.isEmpty)
    }

    @Test("survives damaged OLE2 files")
    func ole2() throws {
        let files = [9, 12].map { shift in
            Archives.ole2(
                [
                    ("WordDocument", [UInt8](repeating: 0xA5, count: 5000)),
                    ("\u{1}CompObj", [UInt8](repeating: 7, count: 100)),
                    ("Workbook", hex("0908 0400 00000000 2F00 0000")), ("A/B", [1, 2, 3]),
                ], shift: shift)
        }
        var scan = FormatScan(try SignatureSet.bundled())
        try run(2, 3000) { generator in
            let file = files[Int.random(in: 0...1, using: &generator)]
            _ = try scan.identify(MemorySource(Self.mutate(file, using: &generator)), name: [])
        }
        #expect(try !scan.identify(MemorySource(files[0]), name: []).matches.isEmpty)
    }

    @Test("survives damaged signature files")
    func xml() throws {
        var xml = SignatureXML([
            .init(
                puid: "fmt/1",
                signatures: [
                    SignatureXML.old(
                        "4D[5A:5C]", min: 0, max: 9, fragments: SignatureXML.fragment("Right", 1, "66", min: 0, max: 8))
                ], extensions: ["a"], inferiors: ["fmt/2"]),
            .init(
                puid: "fmt/2", signatures: [SignatureXML.sequence("01*(02|0303){1-3}[!&04]'x'", reference: "EOFoffset")]
            ),
        ])
        xml.containers = [("fmt/1", "ZIP", [("a", SignatureXML.sequence("'b'", reference: nil))])]
        let binary = Array(xml.binary.utf8)
        let container = Array(xml.container.utf8)
        var understood = 0
        try run(3, 1500) { generator in
            do {
                let compiled = try SignatureCompiler.compile(
                    binary: SignatureDocument(name: "b", bytes: Self.mutate(binary, using: &generator)),
                    container: SignatureDocument(
                        name: "c",
                        bytes: Bool.random(using: &generator) ? container : Self.mutate(container, using: &generator)))
                let set = try SignatureSet(compiled: compiled.bytes)
                _ = try identify(hex("4D5B6666 01 02 00 F8 78"), with: set)
                understood += 1
            } catch is SignatureFileFault {
                // Not a signature file any more: said so, as it should.
            }
        }
        #expect(understood > 0)
    }

    @Test("survives damaged and forged compiled forms")
    func compiled() throws {
        var xml = ContainerTests.named
        xml.formats[2].signatures = [
            SignatureXML.sequence("01*(02|0303){1-3}[!&04]'x'")
                + SignatureXML.sequence("[00:7F]{0-90}FF", reference: "EOFoffset")
        ]
        let bytes = try xml.compiled().bytes
        let file = ContainerTests.variants[0].bytes
        let other = hex("01 02 00 F8 78 00 FF")
        var accepted = 0
        try run(4, 6000) { generator in
            var forged = bytes
            // Only the body, and with a right digest: what a forger would do.
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 160..<forged.count, using: &generator)
                forged[at] =
                    [0, 1, 2, 0xFF, UInt8.random(in: 0...255, using: &generator)][
                        Int.random(in: 0...4, using: &generator)]
            }
            var hasher = SHA256Hasher()
            hasher.update(Array(forged[16..<20]))
            hasher.update(Array(forged[160...]))
            forged.replaceSubrange(24..<56, with: hasher.finish().bytes)
            guard let set = try? SignatureSet(compiled: forged) else { return }  // Refusing is right.
            accepted += 1
            for bytes in [file, other] { _ = try identify(bytes, with: set) }
        }
        #expect(accepted > 0)
    }
}
