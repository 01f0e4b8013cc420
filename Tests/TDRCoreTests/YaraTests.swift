import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// A file given to one engine, as the check gives it.
func verdict(
    of engine: any AntivirusEngine, on bytes: [UInt8], name: String = "file", pieces: Int = 1 << 20
) throws -> AntivirusVerdict {
    let folder = try TemporaryFolder()
    let path = try folder.make("file", .file(bytes))
    return try verdict(of: engine, at: path, name: name, pieces: pieces)
}

func verdict(
    of engine: any AntivirusEngine, at path: BytePath, name: String = "file", pieces: Int = 1 << 20
) throws -> AntivirusVerdict {
    let session = engine.session()
    let file = try OpenBytes(OpenFile.reading(path))
    let size = file.size
    let ticket = session.begin(file, ScanSubject(size: size, name: Array(name.utf8), path: Array("a/\(name)".utf8)))
    let buffer = Buffer(count: pieces)
    var offset: Int64 = 0
    while session.wantsBytes, offset < size {
        let count = try file.source.read(into: buffer.bytes, at: offset)
        if count == 0 { break }
        session.consume(buffer.prefix(count), at: offset)
        offset += Int64(count)
    }
    session.end()
    return session.verdict(of: ticket, file)
}

private func engine(_ rules: [BytePath] = [], cache: BytePath? = nil, seconds: Int32 = 60) throws -> YaraEngine {
    YaraEngine(try YaraRules.compiled(rules, cache: cache), fileSeconds: seconds, temporaryFolder: BytePath("/tmp"))
}

@Suite struct YaraRuleTests {
    private static let exe: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes.replaceSubrange(0..<2, with: Array("MZ".utf8))
        bytes[0x3C] = 0x80
        bytes.replaceSubrange(0x80..<0x84, with: Array("PE\0\0".utf8))
        return bytes
    }()
    private static let elf = [0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 1, count: 200)
    private static let ole: [UInt8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]

    private static func wide(_ text: String) -> [UInt8] { text.utf8.flatMap { [$0, 0] } }
    private static func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// Each rule with what it must hit and what it must not.
    static let cases: [(rule: String?, name: String, bytes: [UInt8])] = [
        ("EICAR_Test_File", "a.com", Clamd.eicar),
        (nil, "about.txt", ascii("The EICAR-STANDARD-ANTIVIRUS test file is described elsewhere.")),
        ("Executable_Posing_As_Document", "report.pdf", exe),
        ("Executable_Posing_As_Document", "PHOTO.JPG", exe),
        ("Executable_Posing_As_Document", "minutes.docx", elf),
        (nil, "program.exe", exe), (nil, "library.so", elf),
        (
            nil, "MZ.txt",
            ascii("MZ is how programs begin, and this is a text of more than sixty-four bytes about that.")
        ),
        ("Program_With_Two_Extensions", "invoice.pdf.exe", ascii("x")),
        ("Program_With_Two_Extensions", "photo.JPG .scr", ascii("x")),
        (nil, "setup.exe", ascii("x")), (nil, "archive.tar.gz", ascii("x")), (nil, "notes.txt.bak", ascii("x")),
        (
            "Office_Macro_That_Runs_By_Itself", "letter.doc",
            ole + wide("_VBA_PROJECT") + ascii("Sub AutoOpen() CreateObject(\"WScript.Shell\").Run")
        ),
        (nil, "macro.doc", ole + wide("_VBA_PROJECT") + ascii("Sub AutoOpen() MsgBox \"Welcome\"")),
        (nil, "plain.doc", ole + ascii("How AutoOpen and WScript.Shell are used")),
        (
            "Macro_In_Macro_Free_Document", "letter.docx",
            [0x50, 0x4B, 0x03, 0x04] + ascii("................word/vbaProject.bin")
        ),
        (nil, "letter.docm", [0x50, 0x4B, 0x03, 0x04] + ascii("................word/vbaProject.bin")),
        (
            "Encoded_Shell_Command", "run.bat",
            ascii("powershell.exe -NoP -W Hidden -Enc " + String(repeating: "SQBFAFgA", count: 12))
        ),
        (nil, "help.txt", ascii("powershell -EncodedCommand takes a base64 string")),
        (
            "Script_That_Fetches_And_Runs", "a.vbs",
            ascii("CreateObject(\"MSXML2.XMLHTTP\") CreateObject(\"ADODB.Stream\") CreateObject(\"WScript.Shell\")")
        ),
        (nil, "fetch.vbs", ascii("CreateObject(\"MSXML2.XMLHTTP\").Open \"GET\"")),
        (
            "Shortcut_That_Runs_A_Shell", "document.lnk",
            [0x4C, 0, 0, 0, 0x01, 0x14, 0x02, 0] + wide("C:\\Windows\\System32\\cmd.exe")
        ),
        (nil, "folder.lnk", [0x4C, 0, 0, 0, 0x01, 0x14, 0x02, 0] + wide("C:\\Users\\me\\Documents")),
        (
            "PDF_That_Launches_A_Program", "form.pdf",
            ascii("%PDF-1.4\n1 0 obj << /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >>")
        ),
        (nil, "linked.pdf", ascii("%PDF-1.4\n1 0 obj << /S /URI /URI (http://example.org/setup.exe) >>")),
    ]

    @Test("hits what each rule is for, and nothing else", arguments: cases)
    func rules(_ rule: String?, _ name: String, _ bytes: [UInt8]) throws {
        let verdict = try verdict(of: engine(), on: bytes, name: name)
        if let rule {
            #expect(verdict == .found(rule))
        } else if case .cleanInWindows(let words) = verdict {
            // A part of a ZIP file is no archive, and that is said.
            #expect(words.contains("cannot be unpacked"))
        } else {
            #expect(verdict == .clean)
        }
    }

    @Test("every rule that tdr brings has a file that it hits")
    func complete() throws {
        #expect(Set(YaraRuleTests.cases.compactMap(\.rule)).count == (try YaraRules.compiled([], cache: nil)).count)
    }
}

@Suite struct YaraTests {
    private static func rule(_ name: String, _ body: String) -> String { "rule \(name) { \(body) }\n" }

    @Test("finds a string across the border of two windows, once", arguments: [1 << 20, 65_521])
    func border(_ pieces: Int) throws {
        let folder = try TemporaryFolder()
        let rules = try folder.make(
            "r.yar", .file(Array(YaraTests.rule("once", #"strings: $a = "NEEDLE-ACROSS" condition: #a == 1"#).utf8)))
        let engine = try engine([rules])
        for place in [4 << 20, (4 << 20) - 5, (8 << 20) - (64 << 10) + 3, (4 << 20) - (64 << 10) - 6, 9_000_000] {
            var bytes = [UInt8](repeating: 0x2E, count: 10_000_000)
            bytes.replaceSubrange(place..<(place + 13), with: Array("NEEDLE-ACROSS".utf8))
            #expect(
                try verdict(of: engine, on: bytes, pieces: pieces) == .found("once (\(rules.display))"), "\(place)")
        }
    }

    @Test("forgets a large file in the middle, and judges the next by itself")
    func abandoned() throws {
        let folder = try TemporaryFolder()
        let rules = try folder.make(
            "r.yar", .file(Array(YaraTests.rule("bad", #"strings: $a = "EICAR-STANDARD" condition: $a"#).utf8)))
        let engine = try engine([rules])
        let bytes = [UInt8](repeating: 0x2E, count: 14 << 20)
        let file = try OpenBytes(OpenFile.reading(try folder.make("large", .file(Clamd.eicar + bytes))))
        let session = engine.session()
        for _ in 0..<3 {
            let subject = ScanSubject(size: Int64(bytes.count + 68), name: [0x61], path: [0x61])
            let ticket = session.begin(file, subject)
            (Clamd.eicar + bytes.prefix(10 << 20)).withUnsafeBytes { session.consume($0, at: 0) }
            session.abandon(ticket)
        }
        #expect(try verdict(of: engine, on: bytes) == .clean)
        #expect(try verdict(of: engine, on: bytes + Clamd.eicar) != .clean)
    }

    @Test("evaluates conditions about the whole of a large file")
    func conditions() throws {
        let folder = try TemporaryFolder()
        let rules = try folder.make(
            "r.yar",
            .file(
                Array(
                    (YaraTests.rule("size", "condition: filesize == 9000001")
                        + YaraTests.rule("far", "condition: uint32be(8999990) == 0x41424344")
                        + YaraTests.rule("begin", "condition: uint16be(0) == 0x5859 and not defined uint8(9000001)")
                        + YaraTests.rule(
                            "places", #"strings: $a = "XY" $b = "ABCD" condition: $a at 0 and @b == 8999990"#))
                        .utf8)))
        var bytes = [UInt8](repeating: 0, count: 9_000_001)
        bytes.replaceSubrange(0..<2, with: Array("XY".utf8))
        bytes.replaceSubrange(8_999_990..<8_999_994, with: Array("ABCD".utf8))
        let place = rules.display
        #expect(
            try verdict(of: engine([rules]), on: bytes)
                == .found(["size", "far", "begin", "places"].map { "\($0) (\(place))" }.joined(separator: ", ")))
    }

    @Test("stops at the time for one file, and calls that no pass")
    func timeout() throws {
        let folder = try TemporaryFolder()
        let slow = ##"strings: $a = /aaaa[^z]{0,3000}z/ condition: #a > 5"##
        let rules = try folder.make("r.yar", .file(Array(YaraTests.rule("slow", slow).utf8)))
        let engine = try engine([rules], seconds: 1)
        let bytes = [UInt8](repeating: 0x61, count: 12 << 20)
        #expect(try verdict(of: engine, on: bytes) == .notScanned("YARA: the time for one file ran out"))
        // The scanner that was stopped is none the worse.
        #expect(try verdict(of: engine, on: Array("short".utf8)) == .clean)
    }

    @Test(
        "names every error of a rule file with its line",
        arguments: [
            ("rule a { condition: x }", "line 1"), ("rule a { condition: true }\nrule a { condition: true }", "line 2"),
            ("import \"none\"", "none"), ("rule a { strings: $a = /(/ condition: $a }", "line 1"), ("\u{0}", "no text"),
            ("include \"missing.yar\"", "missing.yar"),
        ])
    func badRules(_ text: String, _ words: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.make("bad.yar", .file(Array(text.utf8)))
        let error = #expect(throws: AntivirusError.self) { try YaraRules.compiled([file], cache: nil) }
        #expect("\(try #require(error))".contains(words), "\(String(describing: error))")
        #expect("\(try #require(error))".contains("bad.yar"))
    }

    @Test("reads rules from files, folders and what they include, and says where there are none")
    func places() throws {
        let folder = try TemporaryFolder()
        let all = try folder.make(
            "rules",
            [
                "a.yar": "include \"deep/b.inc\"\nrule a { condition: filename == \"x\" }",
                "deep": ["b.inc": "rule b { condition: filepath == \"a/x\" }", "c.yara": "rule c { condition: true }"],
                "readme.txt": "no rules",
            ])
        let rules = try YaraRules.compiled([all], cache: nil)
        let engine = YaraEngine(rules, fileSeconds: 10, temporaryFolder: BytePath("/tmp"))
        let place = all.display
        #expect(
            try verdict(of: engine, on: [1], name: "x")
                == .found("b (\(place)/a.yar), a (\(place)/a.yar), c (\(place)/deep/c.yara)"))
        let empty = try folder.make("empty", ["x.txt": ""])
        for path in [empty, folder.appending("nowhere")] {
            #expect(throws: AntivirusError.self) { try YaraRules.compiled([path], cache: nil) }
        }
    }

    @Test("keeps compiled rules by their content, and compiles anew what is damaged or changed")
    func cache() throws {
        let folder = try TemporaryFolder()
        let file = try folder.make("r.yar", "rule one { condition: true }")
        let cache = folder.appending("cache")
        func names() throws -> [String] {
            let listing = try DirectoryListing(of: OpenFile.directory(cache))
            return (0..<listing.count).map { String(decoding: listing[$0], as: UTF8.self) }.sorted()
        }
        let first = try YaraRules.compiled([file], cache: cache)
        #expect(try names().count == 1)
        let compiled = cache.appending(try names()[0])
        let before = try FileStatus.of(compiled)
        let second = try YaraRules.compiled([file], cache: cache)
        #expect(second.digest == first.digest && second.count == first.count)
        #expect(try FileStatus.of(compiled).showsNoChange(since: before))
        try overwrite(compiled, at: 0, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(try YaraRules.compiled([file], cache: cache).count == first.count)
        #expect(try !FileStatus.of(compiled).showsNoChange(since: before))
        _ = try folder.make("other.yar", "rule two { condition: false }")
        #expect(try YaraRules.compiled([folder.appending("other.yar")], cache: cache).digest != first.digest)
        #expect(try names().count == 2)
    }

    @Test("records the digest of its rules as the version of its database")
    func version() throws {
        let folder = try TemporaryFolder()
        let file = try folder.make("r.yar", "rule one { condition: true }")
        let version = try engine([file]).version
        #expect(version.software == "YARA")
        #expect(version.databaseVersion.hasPrefix("10 rules, SHA-256 "))
        #expect(try engine([file]).version == version)
        #expect(try engine([]).version != version)
    }
}
