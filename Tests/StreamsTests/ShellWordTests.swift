import Streams
import TDRTestSupport
import Testing

@Suite struct ShellWordTests {
    @Test(
        "writes a word that a shell takes for exactly these bytes",
        arguments: [
            "plain", "two words", "it's", "$(touch gone)", "`x`", "a\nb", "tab\there", "back\\slash", "", "é 文書", "-rf",
            "*?[a]", "~", "a\u{202E}b", "!history", "#no", "a;b&c|d", "\u{1B}[2J",
        ])
    func text(_ text: String) throws { try check(Array(text.utf8)) }

    @Test("writes any bytes, which no name can do more than")
    func bytes() throws {
        try check((1...255).map { UInt8($0) })
        try check([0xFF, 0x27, 0x31, 0x32])
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            try check((0..<20).map { _ in UInt8.random(in: 1...255, using: &generator) })
        }
    }

    private func check(_ bytes: [UInt8]) throws {
        let finished = try Program.run("/bin/bash", ["-c", "printf %s \(shellWord(bytes))"])
        #expect(finished.stdout == bytes, "\(shellWord(bytes))")
        #expect(!shellWord(bytes).utf8.contains { $0 < 0x20 })
    }
}
