import Streams
import Testing

@testable import Archives

@Suite struct WorkbookTests {
    @Test(
        "holds any text in a cell",
        arguments: [
            ("a & b <c>", "a &amp; b &lt;c&gt;"), ("bell\u{7}", "bell_x0007_"), ("cr\r", "cr_x000D_"),
            ("lf\ntab\t", "lf\ntab\t"),
            ("_x0041_", "_x005F_x0041_"), ("_x004_", "_x004_"), ("_xZZZZ_", "_xZZZZ_"), ("\u{FFFF}", "_xFFFF_"),
            ("_x0041", "_x0041"), ("", ""), ("文書 🗄️", "文書 🗄️"),
        ])
    func escapes(_ text: String, _ expected: String) {
        #expect(WorkbookWriter.escaped(text) == expected)
    }

    @Test("cuts a text at the limit of a cell, never a pair of units in two")
    func limit() {
        let text = WorkbookWriter.escaped(String(repeating: "🗄", count: 20_000))
        #expect(text.utf16.count <= WorkbookWriter.cellLimit && text.hasSuffix("🗄…"))
        #expect(WorkbookWriter.escaped(String(repeating: "a", count: 32_767)).count == 32_767)
    }

    @Test("knows what a spreadsheet would compute", arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    func formulas(_ text: String) {
        #expect(WorkbookWriter.looksLikeFormula(text))
        #expect(!WorkbookWriter.looksLikeFormula("a" + text))
    }

    @Test("names columns as spreadsheets do", arguments: [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
    func letters(_ index: Int, _ name: String) {
        #expect(WorkbookWriter.letters(index) == name)
    }

    @Test("escapes so that reading back gives the text, whatever it is")
    func fuzz() {
        var generator = Seeded(20_261_125)
        let pieces = ["_", "x", "0", "4", "1", "A", "F", "\u{1}", "\r", "&", "<", "é", "_x0041_", "🗄", "\u{FFFE}"]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            #expect(readBack(WorkbookWriter.escaped(text)) == text)
        }
    }

    /// As a reader of the format does it.
    private func readBack(_ xml: String) -> String {
        let plain = xml.replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&amp;", with: "&")
        var out = String.UnicodeScalarView()
        var rest = Array(plain.unicodeScalars)[...]
        while let first = rest.first {
            let seven = Array(rest.prefix(7))
            if seven.count == 7, first == "_", seven[1] == "x", seven[6] == "_",
                let value = UInt32(String(String.UnicodeScalarView(seven[2..<6])), radix: 16),
                let scalar = Unicode.Scalar(value)
            {
                out.append(scalar)
                rest = rest.dropFirst(7)
            } else {
                out.append(first)
                rest = rest.dropFirst()
            }
        }
        return String(out)
    }

    private struct Seeded: RandomNumberGenerator {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }
}
