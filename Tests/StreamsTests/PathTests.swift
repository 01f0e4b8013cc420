import Streams
import Testing

@Suite struct PathTests {
    @Test(
        "shows every name as one line that stands for exactly these bytes",
        arguments: [
            ([], ""),
            (Array("plain.txt".utf8), "plain.txt"),
            (Array("größe €😀".utf8), "größe €😀"),
            (Array("a\nb\rc\td".utf8), #"a\nb\rc\td"#),
            (Array(#"back\slash"#.utf8), #"back\\slash"#),
            (Array(#"looks\nlike"#.utf8), #"looks\\nlike"#),
            ([0x61, 0xFF, 0x62], #"a\xffb"#),
            ([0xC3], #"\xc3"#),
            ([0xC3, 0x28], #"\xc3("#),
            ([0xC0, 0xAF], #"\xc0\xaf"#),
            ([0xE0, 0x80, 0xAF], #"\xe0\x80\xaf"#),
            ([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
            ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#),
            ([0xF0, 0x9F, 0x98], #"\xf0\x9f\x98"#),
            ([0x1B, 0x5B, 0x32, 0x4A], #"\x1b[2J"#),
            ([0x00, 0x07, 0x7F], #"\x00\x07\x7f"#),
            (Array("\u{9B}31m".utf8), #"\xc2\x9b31m"#),
            (Array("\u{202E}fdp.exe".utf8), #"\xe2\x80\xaefdp.exe"#),
            (Array("\u{2066}a\u{2069}".utf8), #"\xe2\x81\xa6a\xe2\x81\xa9"#),
            (Array("\u{61C}a".utf8), #"\xd8\x9ca"#),
            (Array("\u{200B}\u{FEFF}".utf8), #"\xe2\x80\x8b\xef\xbb\xbf"#),
            (Array("\u{FFF9}a\u{FFFB}".utf8), #"\xef\xbf\xb9a\xef\xbf\xbb"#),
            (Array("\u{E0041}".utf8), #"\xf3\xa0\x81\x81"#),
            (Array("\u{2028}x".utf8), #"\xe2\x80\xa8x"#),
            (Array("\u{E9}".utf8), "\u{E9}"),
            (Array("e\u{301}".utf8), "e\u{301}"),
            (Array(" trailing ".utf8), " trailing "),
            (Array("100%25".utf8), "100%25"),
            (Array("-rf".utf8), "-rf"),
        ] as [([UInt8], String)])
    func display(_ bytes: [UInt8], _ shown: String) {
        #expect(Array(displayName(of: bytes).utf8) == Array(shown.utf8))
    }

    @Test("shows no two random names alike")
    func displayIsUnique() {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0x0A, 0x5C, 0x6E, 0x78, 0x66, 0x30, 0xC3, 0xA9, 0xFF, 0x1B, 0xE2, 0x80, 0xAE, 0x61]
        var seen: [String: [UInt8]] = [:]
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...8, using: &generator)
            let name = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            let shown = displayName(of: name)
            if let other = seen[shown] { #expect(other == name) }
            seen[shown] = name
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F && $0.value != 0x202E })
        }
    }

    @Test(
        "splits a path into its folder and its last component",
        arguments: [
            ("a", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("/a/b/", "/a", "b"), ("/a/b//", "/a", "b"),
            ("/", ".", ""), ("", ".", ""), ("..", ".", ".."),
        ])
    func parts(_ path: String, _ folder: String, _ last: String) {
        #expect(BytePath(path).directory == BytePath(folder) || path == "/")
        #expect(BytePath(path).lastComponent == Array(last.utf8))
    }

    @Test(
        "joins with single slashes",
        arguments: [("", "b", "b"), ("a", "b", "a/b"), ("a/", "b", "a/b"), ("/", "b", "/b"), ("a", "b/c", "a/b/c")])
    func joining(_ path: String, _ component: String, _ whole: String) {
        #expect(BytePath(path).appending(component) == BytePath(whole))
    }

    @Test("keeps names apart that differ only in normalisation, and sorts by bytes")
    func comparison() {
        #expect(BytePath("\u{E9}") != BytePath("e\u{301}"))
        #expect(RelativePath("\u{E9}") != RelativePath("e\u{301}"))
        let sorted = [[0xFF], [0x61, 0x00], [0x61], [], [0x5A], [0xC3, 0xA9], [0x61, 0x61]].map { BytePath($0) }
            .sorted()
        #expect(sorted.map(\.bytes) == [[], [0x5A], [0x61], [0x61, 0x00], [0x61, 0x61], [0xC3, 0xA9], [0xFF]])
    }

    @Test(
        "refuses a relative path that could leave its folder or be written in two ways",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/./b", "../a", "a/..", "a/../b", "a\0b",
        ])
    func refusedRelativePaths(_ path: String) { #expect(RelativePath(path) == nil) }

    @Test(
        "takes every other relative path",
        arguments: ["a", "a/b", "...", "..a", "a..", " ", "~", "-rf", "\n", "a\\b", "%2e%2e", "C:", "\u{FF0E}\u{FF0E}"])
    func takenRelativePaths(_ path: String) throws {
        let taken = try #require(RelativePath(path))
        #expect(taken.bytes == Array(path.utf8))
    }

    @Test("knows the parent and the name of a relative path")
    func relativeParts() throws {
        let path = try #require(RelativePath("a/b/c"))
        #expect(path.parent == RelativePath("a/b"))
        #expect(path.name == Array("c".utf8))
        #expect(path.parent?.parent?.parent == nil)
        #expect(path.appending(name: [0xFF]).bytes == Array("a/b/c/".utf8) + [0xFF])
    }
}
