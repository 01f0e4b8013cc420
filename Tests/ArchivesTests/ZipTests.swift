import Archives
import Glibc
import Streams
import Testing

private func zip(
    _ members: [([UInt8], [UInt8])], level: Int = 6, workers: Int = 2, modifiedSeconds: Int64 = 1_600_000_001
) throws -> [UInt8] {
    let collected = Collector()
    let writer = try ZipWriter(level: level, workers: workers, scratch: BytePath("/tmp")) {
        collected.bytes.append(contentsOf: $0)
    }
    for (name, content) in members {
        if name.last == UInt8(ascii: "/") {
            try writer.addDirectory(Array(name.dropLast()), modifiedSeconds: modifiedSeconds)
        } else {
            try writer.beginFile(name, size: Int64(content.count), modifiedSeconds: modifiedSeconds)
            try writer.write(content)
            try writer.endFile()
        }
    }
    try writer.finish()
    return collected.bytes
}

private func read(_ path: BytePath, limits: ArchiveLimits = ArchiveLimits()) throws -> [(ArchiveMember, [UInt8])] {
    let reader = try openArchive(try OpenFile.reading(path), limits: limits)
    var out: [(ArchiveMember, [UInt8])] = []
    while let member = try reader.next() {
        var content: [UInt8] = []
        try reader.readContent { content.append(contentsOf: $0) }
        out.append((member, content))
    }
    return out
}

private func bytes(_ count: Int, noise: Bool, seed: UInt64 = 5) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in noise ? UInt8.random(in: 0...255, using: &random) : UInt8(random.next() % 5) + 65 }
}

/// Empty, small, of one block exactly, of several; what shrinks and what does not; names of all kinds.
private let records: [([UInt8], [UInt8])] = [
    (Array(text: "bag/"), []), (Array(text: "bag/empty"), []), (Array(text: "bag/a.txt"), Array(text: "hello\n")),
    (Array(text: "bag/caf\u{E9}.txt"), bytes(9000, noise: false)),
    (Array(text: "bag/cafe\u{301}.txt"), bytes(9000, noise: true)),
    (Array(text: "bag/line\nbreak \u{1F4DC}"), bytes(512 << 10, noise: false)),
    (Array(text: "bag/block and one"), bytes(512 << 10 + 1, noise: false)),
    (Array(text: "bag/many noise"), bytes(1_300_000, noise: true)),
    (Array(text: "bag/many"), bytes(1_700_000, noise: false)),
    (Array(text: "bag/mixed"), bytes(600_000, noise: false) + bytes(600_000, noise: true)),
]

@Suite struct ZipTests {
    @Test("one thread and eight make the same bytes", arguments: [0, 1, 6, 9])
    func threadsDoNotShow(level: Int) throws {
        let one = try zip(records, level: level, workers: 1)
        #expect(try zip(records, level: level, workers: 8) == one)
    }

    @Test("our own reader gives back every name and content, byte for byte", arguments: [0, 6])
    func roundTrips(level: Int) throws {
        let folder = try TemporaryFolder()
        let input = records + [([0x62, 0xFF, 0xFE], [1, 2, 3])]
        let path = try folder.write(try zip(input, level: level), to: "x.zip")
        let read = try read(path)
        #expect(read.map(\.0.path) == input.map(\.0))
        #expect(read.map(\.1) == input.map(\.1))
        #expect(read.map(\.0.kind) == [.directory] + Array(repeating: .file, count: input.count - 1))
    }

    @Test(
        "other programs find it whole",
        arguments: [
            ["unzip", "-tq"], ["bsdtar", "-tf"], ["python3", "-m", "zipfile", "-t"],
            // As a stream, without the directory at the end.
            ["sh", "-c", "bsdtar -xOf - < \"$0\" | wc -c | grep -qx '\(records.map(\.1.count).reduce(0, +))'"],
        ])
    func othersTest(command: [String]) throws {
        try needs(command[0])
        try needs("bsdtar")
        let folder = try TemporaryFolder()
        let path = try folder.write(try zip(records), to: "x.zip")
        let out = try runAll(command + [path.display])
        #expect(out.status == 0, "\(String(decoding: out.output, as: UTF8.self)) \(out.errors)")
    }

    @Test("Python reads names, times, modes and contents as they were given")
    func pythonReads() throws {
        try needs("python3")
        let folder = try TemporaryFolder()
        let path = try folder.write(try zip(records), to: "x.zip")
        let script = """
            import zipfile, hashlib, sys
            for i in zipfile.ZipFile(sys.argv[1]).infolist():
                d = hashlib.sha256(zipfile.ZipFile(sys.argv[1]).read(i)).hexdigest()
                print(ascii(i.filename), i.date_time, oct(i.external_attr >> 16), d)
            """
        let expected = records.map { name, content in
            let text = String(decoding: name, as: UTF8.self)
            let shown = text.unicodeScalars.map { scalar in
                switch scalar.value {
                case 0x0A: "\\n"
                case 0x20..<0x7F: String(scalar)
                case 0..<0x100: "\\x" + hex(scalar.value, 2)
                case 0..<0x10000: "\\u" + hex(scalar.value, 4)
                default: "\\U" + hex(scalar.value, 8)
                }
            }.joined()
            let mode = text.hasSuffix("/") ? "0o40755" : "0o100644"
            return "'\(shown)' (2020, 9, 13, 12, 26, 40) \(mode) \(SHA256Digest.of(content))\n"
        }
        let out = try run("python3", "-c", script, path.display)
        #expect(String(decoding: out.output, as: UTF8.self) == expected.joined(), "\(out.errors)")
    }

    private func hex(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    @Test(
        "a zip of other programs, streamed or not, reads the same",
        arguments: ["zip -qr -X", "bsdtar --format zip -cf"])
    func readsOthers(command: String) throws {
        try needs("zip")
        try needs("bsdtar")
        let folder = try TemporaryFolder()
        let script = """
            cd '\(folder.path)' && mkdir bag && printf 'hello' > bag/a && head -c 700000 /dev/zero > bag/z && : > bag/e \
            && \(command) x.zip bag
            """
        #expect(try run("sh", "-c", script).status == 0)
        let read = try read(BytePath(folder.file("x.zip")))
        let sizes = Dictionary(
            uniqueKeysWithValues: read.map { (String(decoding: $0.0.path ?? [], as: UTF8.self), $0.1.count) })
        #expect(sizes == ["bag/": 0, "bag/a": 5, "bag/z": 700_000, "bag/e": 0])
    }

    @Test("more members than 16 bits count need ZIP64, and both readers count them")
    func manyMembers() throws {
        let folder = try TemporaryFolder()
        let many = (0..<65_540).map { (Array("f\($0)".utf8), [UInt8]()) }
        let path = try folder.write(try zip(many), to: "x.zip")
        let reader = try openArchive(try OpenFile.reading(path), limits: ArchiveLimits())
        var count = 0
        while try reader.next() != nil { count += 1 }
        #expect(count == 65_540)
        try needs("python3")
        let script = "import zipfile,sys; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))"
        #expect(try run("python3", "-c", script, path.display).output == Array(text: "65540\n"))
    }

    @Test("a zip cut anywhere is an error, never a shorter archive")
    func truncation() throws {
        let folder = try TemporaryFolder()
        let whole = try zip(Array(records.prefix(5)))
        for cut in stride(from: 0, to: whole.count, by: 97) {
            let path = try folder.write(Array(whole.prefix(cut)), to: "cut.zip")
            #expect(throws: ArchiveFault.self, "cut at \(cut)") { _ = try read(path) }
        }
        let long = try folder.write(whole + [0], to: "long.zip")
        #expect(throws: ArchiveFault.self) { _ = try read(long) }
    }

    @Test("two readers cannot be shown two archives: header and directory must agree")
    func headersAgree() throws {
        let folder = try TemporaryFolder()
        var bytes = try zip([(Array(text: "name"), Array(text: "content"))])
        bytes[30] = UInt8(ascii: "g")
        let path = try folder.write(bytes, to: "x.zip")
        #expect {
            _ = try read(path)
        } throws: { "\($0)".contains("two readers would see two archives") }
    }

    @Test("every flipped bit of a member's content or sizes is found")
    func corruption() throws {
        let folder = try TemporaryFolder()
        let content = bytes(3000, noise: false)
        let whole = try zip([(Array(text: "n"), content)])
        let data = 30 + 1 + 9
        for place in stride(from: data, to: whole.count - 22, by: 7) {
            var bytes = whole
            bytes[place] ^= 0x10
            let path = try folder.write(bytes, to: "bad.zip")
            // What is not found did not matter: times, attributes, spare bits. Content and name are never other ones.
            if let read = try? read(path), read.first?.0.kind == .file {
                #expect(read.map(\.1) == [content], "byte \(place)")
            }
        }
    }

    @Test("limits stop a bomb before it is unpacked, and overlapping members too")
    func limits() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            try zip([(Array(text: "a"), [UInt8](repeating: 0, count: 8 << 20))]), to: "bomb.zip")
        #expect(throws: ArchiveFault.beyondLimit(path, .ratio, allowed: 100, member: Array(text: "a"))) {
            _ = try read(path, limits: ArchiveLimits(ratio: 100, ratioFreeBytes: 1 << 20))
        }
        #expect(throws: ArchiveFault.beyondLimit(path, .bytes, allowed: 1000, member: Array(text: "a"))) {
            _ = try read(path, limits: ArchiveLimits(bytes: 1000))
        }
    }

    @Test("random changes never crash the reader", arguments: 0..<60)
    func mutations(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = try TemporaryFolder()
        let whole = try zip(Array(records.prefix(5)))
        for _ in 0..<20 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                // Half of the changes hit the directory at the end, where the structure is.
                let tail = Bool.random(using: &random)
                let place = Int.random(
                    in: tail ? max(0, bytes.count - 500)..<bytes.count : 0..<bytes.count, using: &random)
                bytes[place] = Bool.random(using: &random) ? 0xFF : UInt8.random(in: 0...255, using: &random)
            }
            let path = try folder.write(bytes, to: "m.zip")
            // Any error is an answer here; only a crash is not.
            _ = try? read(path)
        }
    }
}
