import BagIt
import Streams
import Testing

@Suite struct WritingTests {
    @Test(
        "percent-encodes LF, CR and % and nothing else",
        arguments: [
            ("data/plain file.txt", "data/plain file.txt"), ("data/a\nb", "data/a%0Ab"), ("data/a\rb", "data/a%0Db"),
            ("data/a\r\nb", "data/a%0D%0Ab"), ("data/100%", "data/100%25"), ("data/%0A", "data/%250A"),
            ("data/%20", "data/%2520"), ("data/caf\u{E9}", "data/caf\u{E9}"),
        ])
    func encodesPaths(path: String, encoded: String) {
        #expect(ManifestPath.encode(Array(path.utf8)) == Array(encoded.utf8))
        #expect(ManifestPath.decode(Array(encoded.utf8)) == Array(path.utf8))
    }

    @Test(
        "decodes either case, and leaves every other % alone",
        arguments: [
            ("a%0ab", "a\nb"), ("a%0db", "a\rb"), ("%20", "%20"), ("%7E", "%7E"), ("%", "%"), ("%2", "%2"),
            ("%0", "%0"),
            ("%%25", "%%"), ("%2525", "%25"),
        ])
    func decodesPaths(encoded: String, path: String) {
        #expect(ManifestPath.decode(Array(encoded.utf8)) == Array(path.utf8))
    }

    @Test("%25 is no escape before version 1.0")
    func decodesOldPaths() {
        #expect(ManifestPath.decode(Array("a%25%0A".utf8), percent: false) == Array("a%25\n".utf8))
    }

    @Test("a manifest line is lower-case hex, two blanks, the encoded path, LF")
    func manifestLine() throws {
        var lines = Array("before\n".utf8)
        let path = try #require(RelativePath("data/50%\n.txt "))
        try ManifestLine.append(digest: [0xAB, 0x01], path: path, to: &lines)
        #expect(lines == Array("before\nab01  data/50%25%0A.txt \n".utf8))
    }

    @Test("a name that is not UTF-8 is refused, and nothing is written")
    func refusesOtherNames() throws {
        let path = try #require(RelativePath([0x64, 0xFF]))
        var lines: [UInt8] = []
        #expect(throws: BagWriteFault.nameIsNotUTF8(path)) {
            try ManifestLine.append(digest: [1], path: path, to: &lines)
        }
        #expect(lines.isEmpty)
    }

    @Test("bagit.txt is two lines and has known bytes")
    func declaration() {
        #expect(
            BagDeclaration(version: .rfc8493).bytes
                == Array("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".utf8))
        #expect(
            BagDeclaration(version: .draft97).bytes
                == Array("BagIt-Version: 0.97\nTag-File-Character-Encoding: UTF-8\n".utf8))
    }

    @Test("bag-info keeps order and repeated labels, and does not wrap")
    func bagInfo() throws {
        var info = BagInfo()
        let long = String(repeating: "long ", count: 40) + "."
        try info.append("Contact-Name", "B")
        try info.append("Contact-Name", "A")
        try info.append("External-Description", long)
        try info.append("Empty", "")
        #expect(
            info.bytes
                == Array("Contact-Name: B\nContact-Name: A\nExternal-Description: \(long)\nEmpty: \n".utf8))
        #expect(info.values("contact-name") == ["B", "A"])
    }

    @Test("a value with a line break is refused", arguments: ["a\nb", "a\rb", "a\r\nb", "\n"])
    func refusesLineBreaks(value: String) {
        var info = BagInfo()
        #expect(throws: BagWriteFault.lineBreakInValue(label: "L", value: value)) { try info.append("L", value) }
    }

    @Test("a label that could not be read back is refused", arguments: ["", " a", "a ", "a:b", "a\nb", "\ta", "a\r\n"])
    func refusesLabels(label: String) {
        var info = BagInfo()
        #expect(throws: BagWriteFault.badLabel(label)) { try info.append(label, "v") }
    }

    @Test(
        "an Oxum is two plain numbers",
        arguments: [
            ("0.0", PayloadOxum(bytes: 0, files: 0)), ("12.3", PayloadOxum(bytes: 12, files: 3)), ("12", nil),
            ("12.3.4", nil), ("-1.2", nil), ("+1.2", nil), (" 1.2", nil), ("1.", nil), (".1", nil), ("", nil),
            ("99999999999999999999.1", nil), ("1,2", nil),
        ])
    func oxum(text: String, expected: PayloadOxum?) { #expect(PayloadOxum(text) == expected) }

    @Test("a fetch line is URL, length or a dash, encoded path")
    func fetchLine() throws {
        let path = try #require(RelativePath("data/a%"))
        var lines: [UInt8] = []
        try FetchLine.append(url: "https://example.org/a", length: 12, path: path, to: &lines)
        try FetchLine.append(url: "https://example.org/a", length: nil, path: path, to: &lines)
        #expect(lines == Array("https://example.org/a 12 data/a%25\nhttps://example.org/a - data/a%25\n".utf8))
        #expect(throws: BagWriteFault.badURL("a b")) {
            try FetchLine.append(url: "a b", length: 1, path: path, to: &lines)
        }
    }

    @Test(
        "names that other systems cannot hold are told",
        arguments: [
            ("data/plain.txt", 0), ("data/con", 1), ("data/COM1.txt", 1), ("data/COM0.txt", 0), ("data/a:b", 1),
            ("data/dot.", 1), ("data/blank ", 1), ("data/.DS_Store", 1), ("~a", 1), ("data/\u{1}", 1),
        ])
    func portability(path: String, count: Int) { #expect(PortableNames.risks(of: Array(path.utf8)).count == count) }

    @Test("SHA-224 gives the values of FIPS 180-4")
    func sha224() {
        #expect(
            Hex.encode(digest([], .sha224)) == "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f")
        #expect(
            Hex.encode(digest(Array("abc".utf8), .sha224)) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"
        )
        #expect(
            Hex.encode(digest(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8), .sha224))
                == "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525")
        var million = DigestSet([.sha224])
        for _ in 0..<1000 { million.update([UInt8](repeating: 0x61, count: 1000)) }
        #expect(
            Hex.encode(million.finish()[.sha224] ?? [])
                == "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67")
    }
}
