import Streams
import TDRTestSupport
import Testing

@Suite struct DigestsTests {
    @Test(
        "writes hexadecimal in lower case and reads either",
        arguments: [([], ""), ([0], "00"), ([0xFF], "ff"), ([0x0A, 0xB0], "0ab0")] as [([UInt8], String)])
    func hex(_ bytes: [UInt8], _ text: String) {
        #expect(Hex.encode(bytes) == text)
        #expect(Hex.decode(Array(text.utf8)) == bytes)
        #expect(Hex.decode(Array(text.uppercased().utf8)) == bytes)
    }

    @Test("refuses what is not hexadecimal", arguments: ["0", "0g", " 00", "00 ", "0x00", "é0", "000", "-1"])
    func notHex(_ text: String) { #expect(Hex.decode(Array(text.utf8)) == nil) }

    @Test("takes a digest of 32 bytes or 64 digits only")
    func digestLengths() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(SHA256Digest(hex: empty.utf8)?.hex == empty)
        #expect(SHA256Digest(hex: empty.uppercased().utf8)?.hex == empty)
        #expect(SHA256Digest(hex: empty.dropLast().utf8) == nil)
        #expect(SHA256Digest(hex: (empty + "00").utf8) == nil)
        #expect(SHA256Digest([UInt8](repeating: 1, count: 31)) == nil)
        #expect(SHA256Digest([UInt8](repeating: 1, count: 33)) == nil)
        #expect(SHA256Digest([UInt8](repeating: 0, count: 32)) != SHA256Digest([UInt8](repeating: 0, count: 31) + [1]))
    }

    static let abc: [(DigestAlgorithm, String)] = [
        (.md5, "900150983cd24fb0d6963f7d28e17f72"),
        (.sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (.sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        ),
        (
            .sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
    ]

    @Test("computes the published digests of 'abc'", arguments: abc)
    func published(_ algorithm: DigestAlgorithm, _ expected: String) {
        var set = DigestSet([algorithm])
        set.update(Array("abc".utf8))
        let digests = set.finish()
        #expect(digests.keys.sorted() == [algorithm])
        #expect(digests[algorithm].map { Hex.encode($0) } == expected)
        #expect(digests[algorithm]?.count == algorithm.length)
    }

    @Test("computes the published digests of a million letters a, in one pass")
    func million() {
        var set = DigestSet(DigestAlgorithm.allCases)
        let piece = [UInt8](repeating: 0x61, count: 1000)
        for _ in 0..<1000 { set.update(piece) }
        let hex = set.finish().mapValues { Hex.encode($0) }
        #expect(hex[.md5] == "7707d6ae4e027c70eea2a935c2296f21")
        #expect(hex[.sha1] == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(hex[.sha224] == "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67")
        #expect(hex[.sha256] == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        #expect(
            hex[.sha512]
                == "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                + "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b")
    }

    @Test(
        "gives the same digests however the bytes are cut", arguments: [1, 3, 55, 56, 57, 63, 64, 65, 127, 128, 1000])
    func chunks(_ size: Int) {
        var generator = SeededGenerator(seed: UInt64(size))
        let bytes = (0..<4099).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var whole = DigestSet(DigestAlgorithm.allCases)
        whole.update(bytes)
        var pieces = DigestSet(DigestAlgorithm.allCases)
        var sha256 = SHA256Hasher()
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            pieces.update(piece)
            sha256.update(piece)
        }
        #expect(whole.finish() == pieces.finish())
        #expect(sha256.finish() == SHA256Digest.of(bytes))
    }

    @Test("computes SHA-224 at every length of the padding", arguments: [0, 55, 56, 63, 64, 111, 119, 120, 128])
    func padding(_ length: Int) throws {
        var set = DigestSet([.sha224, .sha256])
        let bytes = [UInt8](repeating: 0x62, count: length)
        set.update(bytes)
        let folder = try TemporaryFolder()
        try folder.make("b", .file(bytes))
        let told = try Program.run("/usr/bin/sha224sum", ["--", Argument(folder.appending("b"))])
        #expect(
            set.finish()[.sha224].map { Hex.encode($0) } == told.output.split(separator: " ").first.map(String.init))
    }
}
