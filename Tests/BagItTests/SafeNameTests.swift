import Streams
import Testing

@testable import BagIt

@Suite struct SafeNameTests {
    /// What a changed name says of the name as it was; nil where it has a mark, which stands for something.
    private func decoded(_ name: [UInt8]) -> [UInt8]? {
        var out: [UInt8] = []
        var rest = name[...]
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: "=") else {
                out.append(first)
                continue
            }
            guard let byte = Hex.decode(Array(rest.prefix(2)))?.first else { return nil }
            out.append(byte)
            rest = rest.dropFirst(2)
        }
        return out
    }

    @Test(
        "writes what some system cannot hold as =HH, and nothing else",
        arguments: [
            ("a:b", "a=3Ab"), ("q?\"<>|*\\", "q=3F=22=3C=3E=7C=2A=5C"), ("100%", "100=25"),
            ("a\nb\rc\t", "a=0Ab=0Dc=09"),
            ("CON", "=43ON"), ("con.txt", "=63on.txt"), ("Lpt9 .x.y", "=4Cpt9 .x.y"), ("COM\u{B9}", "=43OM\u{B9}"),
            ("dot.", "dot=2E"), ("blank ", "blank=20"), ("two  ", "two =20"), ("nbsp\u{A0}", "nbsp=C2=A0"),
            ("~x", "=7Ex"), ("a=b:", "a=3Db=3A"), ("\u{85}", "=C2=85"), ("x\u{2028}y", "x=E2=80=A8y"),
            ("\u{FFFF}", "=EF=BF=BF"), ("\u{7F}", "=7F"),
        ])
    func escapes(name: String, safe: String) {
        #expect(String(decoding: SafeName.escaped(Array(name.utf8)), as: UTF8.self) == safe)
    }

    @Test(
        "leaves alone what every system can hold",
        arguments: [
            "a.txt", "-x", "a b", "=41", "a=b", "CONSOLE", "COM0", "é", "e\u{301}", "\u{1F600}", ".hidden", "a~",
        ])
    func leaves(name: String) {
        #expect(SafeName.escaped(Array(name.utf8)) == Array(name.utf8))
    }

    @Test("writes bytes that are not UTF-8 one by one")
    func invalid() {
        #expect(SafeName.escaped([0xFF, 0x61, 0xC3, 0xA9, 0xC3]) == Array("=FFa\u{E9}=C3".utf8))
        // Too long for its character, half of a pair, beyond the last.
        #expect(SafeName.escaped([0xC0, 0x80]) == Array("=C0=80".utf8))
        #expect(SafeName.escaped([0xED, 0xA0, 0x80]) == Array("=ED=A0=80".utf8))
        #expect(SafeName.escaped([0xF4, 0x90, 0x80, 0x80]) == Array("=F4=90=80=80".utf8))
    }

    @Test("marks a name before its extension, and cuts what is too long between characters")
    func marks() {
        let digest = [UInt8](repeating: 0xAB, count: 32)
        func marked(_ name: String) -> String {
            String(decoding: SafeName.marked(Array(name.utf8), by: digest, digits: 16), as: UTF8.self)
        }
        let mark = "=x" + String(repeating: "ab", count: 8)
        #expect(marked("a.txt") == "a\(mark).txt")
        #expect(marked("a") == "a\(mark)")
        #expect(marked(".txt") == ".txt\(mark)")
        #expect(marked("a:b.x y") == "a=3Ab.x y\(mark)")
        #expect(
            marked(String(repeating: "\u{20AC}", count: 80) + ".pdf") == String(repeating: "\u{20AC}", count: 40) + mark
                + ".pdf")
        #expect(marked(String(repeating: ":", count: 80)) == String(repeating: "=3A", count: 40) + mark)
    }

    @Test("any name at all becomes one without risk that tells what it was, always the same", arguments: 0..<8)
    func anyName(seed: Int) throws {
        var generator = SplitMix(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let awkward =
            Array(" .~%=:\u{E9}\u{301}\u{2028}CONcon1\u{A0}\u{85}\n\u{FFFE}\u{1F600}".utf8) + [0xFF, 0xC3, 0x80]
        for _ in 0..<3000 {
            let name = (0..<Int.random(in: 1...12, using: &generator)).map { _ -> UInt8 in
                Bool.random(using: &generator)
                    ? awkward[Int.random(in: 0..<awkward.count, using: &generator)]
                    : UInt8.random(in: 1...255, using: &generator)
            }.filter { $0 != UInt8(ascii: "/") }
            guard !name.isEmpty, name != [0x2E], name != [0x2E, 0x2E] else { continue }
            let safe = SafeName.escaped(name)
            #expect(SafeName.escaped(name) == safe)
            #expect(PortableNames.risks(of: safe) == [], "\(displayName(of: name)) \(displayName(of: safe))")
            let text = try #require(String(validating: safe, as: UTF8.self))
            #expect(!text.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || $0 == "%" })
            // A name that has become another is not changed again into something else that is safe.
            if safe != name { #expect(decoded(safe) == name) }
            let marked = SafeName.marked(name, by: SHA256Digest.of(name).bytes, digits: 64)
            #expect(PortableNames.risks(of: marked) == [] && !SafeName.isTooLong(marked))
        }
    }

    @Test("folds what some system takes for one name")
    func folds() {
        func folded(_ text: String) -> String { SafeName.folded(Array(text.utf8)) }
        #expect(folded("A.TXT") == folded("a.txt"))
        #expect(folded("caf\u{E9}") == folded("CAFE\u{301}"))
        #expect(folded("stra\u{DF}e") == folded("STRASSE"))
        #expect(folded("a") != folded("b"))
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
