import Testing

@testable import TDRServer

/// Forms with files, as browsers send them and as nobody should.
@Suite struct MultipartTests {
    private struct Part: Equatable {
        var name: String
        var fileName: String?
        var bytes: [UInt8] = []
    }

    /// What a reader makes of `bytes`, fed in pieces of these lengths by turns.
    private static func read(
        _ bytes: [UInt8], boundary: String = "X", pieces: [Int] = [.max]
    ) throws -> [Part] {
        var reader = try #require(MultipartReader(contentType: "multipart/form-data; boundary=\(boundary)"))
        var parts: [Part] = []
        var ended = 0
        var place = 0
        var turn = 0
        while place < bytes.count {
            let count = min(max(1, pieces[turn % pieces.count]), bytes.count - place)
            turn += 1
            try bytes[place..<place + count].withUnsafeBytes { piece in
                try reader.feed(piece) { event in
                    switch event {
                    case .part(let name, let fileName): parts.append(Part(name: name, fileName: fileName))
                    case .bytes(let some): parts[parts.count - 1].bytes += some
                    case .end: ended += 1
                    }
                }
            }
            place += count
        }
        try reader.finish()
        #expect(ended == parts.count)
        return parts
    }

    private static func form(_ parts: [Part], boundary: String = "X") -> [UInt8] {
        var out: [UInt8] = []
        for part in parts {
            out += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(part.name)\"".utf8)
            if let fileName = part.fileName {
                out += Array("; filename=\"\(fileName)\"\r\nContent-Type: application/octet-stream".utf8)
            }
            out += Array("\r\n\r\n".utf8) + part.bytes + Array("\r\n".utf8)
        }
        return out + Array("--\(boundary)--\r\n".utf8)
    }

    @Test("reads fields and files, empty ones too, whatever pieces they come in")
    func parts() throws {
        let parts = [
            Part(name: "csrf", bytes: Array("0123".utf8)), Part(name: "empty"),
            Part(name: "file", fileName: "grüße; \u{1F600}.txt", bytes: Array("--X\r\n\r--X\r\n--Y\r\n-\r\n".utf8)),
            Part(name: "none", fileName: ""),
        ]
        let bytes = MultipartTests.form(parts)
        for piece in 1...bytes.count { #expect(try MultipartTests.read(bytes, pieces: [piece]) == parts) }
        let quoted = try MultipartTests.read(
            Array(
                "ignored\r\n--X\r\ncontent-disposition:form-data; filename=\"a%22b;c\" ;name=plain\r\n\r\n1\r\n--X--"
                    .utf8))
        #expect(quoted == [Part(name: "plain", fileName: "a\"b;c", bytes: [0x31])])
    }

    @Test("reads what was written, for any bytes that do not hold the boundary, in any pieces")
    func anything() throws {
        var random = SystemRandomNumberGenerator()
        // Bytes of which boundaries are made, so that many are nearly there.
        let alphabet: [UInt8] = Array("\r\n-BX\0a".utf8)
        for _ in 0..<400 {
            let parts = (0..<Int.random(in: 1...4, using: &random)).map { number in
                let count = Int.random(in: 0...200, using: &random)
                return Part(
                    name: "n\(number)", fileName: Bool.random(using: &random) ? "f" : nil,
                    bytes: (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 })
            }
            let bytes = MultipartTests.form(parts, boundary: "BXBXBXBXBXBXBXBXBXBX")
            let pieces = (0..<5).map { _ in Int.random(in: 1...40, using: &random) }
            #expect(try MultipartTests.read(bytes, boundary: "BXBXBXBXBXBXBXBXBXBX", pieces: pieces) == parts)
        }
    }

    @Test("refuses what is cut off at any place, and never crashes on damaged forms")
    func damaged() throws {
        let parts = [Part(name: "a", bytes: [1, 2, 3]), Part(name: "file", fileName: "b", bytes: [13, 10, 45, 45])]
        let whole = MultipartTests.form(parts)
        for end in 0..<whole.count - 2 {
            #expect(throws: MultipartReader.Fault.self, "\(end)") { try MultipartTests.read(Array(whole[..<end])) }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                _ = try MultipartTests.read(bytes, pieces: [Int.random(in: 1...50, using: &random)])
            } catch is MultipartReader.Fault {
                continue
            }
        }
        let endless = Array("--X\r\nA: ".utf8) + [UInt8](repeating: 0x61, count: 100_000)
        #expect(throws: MultipartReader.Fault(reason: "the headers of a part are too long")) {
            try MultipartTests.read(endless, pieces: [1000])
        }
        #expect(throws: MultipartReader.Fault(reason: "a part has no name")) {
            try MultipartTests.read(Array("--X\r\nA: b\r\n\r\n1\r\n--X--".utf8))
        }
    }

    @Test("knows a form by its type and a boundary that can be one")
    func types() {
        #expect(MultipartReader(contentType: "Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"") == nil)
        #expect(MultipartReader(contentType: "multipart/form-data; boundary=\"ab:c\"") != nil)
        for type in [
            "", "multipart/form-data", "multipart/mixed; boundary=x", "multipart/form-data; boundary=",
            "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
            "application/x-www-form-urlencoded",
        ] {
            #expect(MultipartReader(contentType: type) == nil, "\(type)")
        }
    }
}
