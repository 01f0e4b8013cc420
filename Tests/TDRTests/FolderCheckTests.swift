import Glibc
import Streams
import TDRTestSupport
import Testing

/// `tdr check FOLDER`, run as a program.
@Suite struct FolderCheckTests {
    /// A folder with something of every kind.
    private static let awkward: Tree = [
        "a.txt": "hello there\n", "b": ["copy of a.txt": "hello there\n", "x.txt": "something else\n"],
        "empty.txt": "", "odd.xyz": .bytes(400, of: 0), ".DS_Store": "x",
        "party\u{1F389}<script>alert('1')<script>\"&.txt": .folder([("in.txt", "in\n")]),
        "virus.com": .file(Clamd.eicar), "link": .link("/etc/passwd"), "pipe": .fifo,
        "\u{202E}gpj.exe\u{202C}\n.txt": "turned\n",
    ]

    /// The same with names that a literal cannot hold.
    private func bench() throws -> Workbench {
        let bench = try Workbench(Self.awkward)
        try Tree.file(Array("latin\n".utf8)).make(
            at: bench.records.appending([0x69, 0xFF, 0x80, 0x2E, 0x74, 0x78, 0x74]))
        return bench
    }

    private func lines(_ finished: Finished) throws -> [JSONValue] {
        try finished.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
    }

    @Test("tells references from paths, and takes no mixture")
    func referencesAndPaths() throws {
        let bench = try Workbench(["TDR-2026-C": ["a.txt": "hello\n"]])
        let reference = try bench.tdr("check", "TDR-2026-C")
        #expect(reference.code == 1)
        #expect(reference.errors.contains("there is no store in"))
        let place = bench.records.appending("TDR-2026-C")
        let path = try bench.tdr("check", Argument(place), "--antivirus", "none")
        #expect(path.code == 0, "\(path.errors)")
        #expect(path.output.contains("TDR-2026-C: 1 file in 1 folder, 6 B"))
        let forced = try bench.shell("cd Records && $TDR check ./TDR-2026-C --antivirus none")
        #expect(forced.code == 0, "\(forced.errors)")
        for words: [Argument] in [
            ["TDR-2026-C", "Records"], ["TDR-2026-C", "--html", "x.html"], ["TDR-2026-C", "--csv"],
            ["TDR-2026-C", "--links", "skip"], ["Records", "--again"], ["Records", "--file", "a"],
            ["Records", "--csv", "--json"], ["Records", "--html", "-", "--json"], ["-"], ["Records", "--watch"],
        ] {
            #expect(
                try Program.run(Program.tdr, ["check"] + words, directory: bench.folder.path).code == 64, "\(words)")
        }
        let absent = try bench.tdr("check", "tdr-2026-c", "--antivirus", "none")
        #expect(absent.code == 1)
        #expect(absent.errors.contains("cannot check 'tdr-2026-c': No such file or directory"))
        let twice = try bench.tdr("check", "Records", Argument(place), "--antivirus", "none")
        #expect(twice.code == 1)
        #expect(twice.errors.contains("one lies within the other"))
        #expect(!exists(bench.store))
    }

    @Test("finds what an upload, the checks and a bag would stumble over, and leaves the folder as it was")
    func findings() throws {
        let bench = try bench()
        let before = try bench.shell("find Records -printf '%P %s %T@ %C@ %m\\0' | sort -z")
        let finished = try bench.tdr("check", "Records", "--antivirus", "yara", "--json")
        #expect(finished.code == 2)
        let all = try lines(finished)
        let byPath = Dictionary(
            uniqueKeysWithValues: all.dropLast().compactMap { line in line["path"]?.text.map { ($0, line) } })
        func words(_ path: String) -> [String] {
            (byPath["Records/" + path]?["findings"]?.elements ?? []).compactMap { $0["finding"]?.text }
        }
        #expect(words("a.txt") == [])
        #expect(words("virus.com") == ["Antivirus VirusDetected"])
        #expect(words("empty.txt") == ["FFID ZeroByteFile"])
        #expect(words("odd.xyz") == ["FFID Unidentified"])
        #expect(words("link") == ["Link Refused"])
        #expect(words("pipe") == ["Link Refused"])
        #expect(words(#"i\xff\x80.txt"#) == ["Name NotUTF8"])
        #expect(byPath[#"Records/i\xff\x80.txt"#]?["pathHex"]?.text == "5265636f7264732f69ff802e747874")
        #expect(byPath["Records/.DS_Store"]?["kind"]?.text == "leftOut")
        #expect(
            byPath["Records/a.txt"]?["sha256"]?.text
                == "aadc1955c030f723e9d89ed9d486b4eef5b0d1c6945be0dd6b7b340d42928ec9")
        let summary = try #require(all.last)
        #expect(summary["kind"]?.text == "summary")
        #expect(summary["totalFiles"]?.number == 9)
        #expect(summary["entriesWithFindings"]?.number == 6)
        #expect(summary["leftOut"]?.number == 1)
        #expect(summary["surplusFiles"]?.number == 1)
        #expect(
            summary["duplicates"]?.elements.first?["paths"]?.elements.compactMap(\.text)
                == ["Records/a.txt", "Records/b/copy of a.txt"])
        #expect(summary["fileStatusCounts"]?["Antivirus"]?["Success"]?.number == 8)
        let after = try bench.shell("find Records -printf '%P %s %T@ %C@ %m\\0' | sort -z")
        #expect(before.stdout == after.stdout)
        #expect(!exists(bench.store))
    }

    @Test("answers the same, in the order of the walk, with any number of jobs")
    func jobs() throws {
        let folders = (0..<7).map { folder in
            (
                Name("f\(folder)"),
                Tree.folder((0..<60).map { (Name("n\($0).txt"), Tree.file(Array("\(folder) \($0 % 50)\n".utf8))) })
            )
        }
        let bench = try Workbench(.folder(folders + [(Name("big"), .bytes(3 << 20))]))
        for form: Argument in ["--json", "--csv"] {
            let one = try bench.tdr("check", "Records", "--antivirus", "yara", form, "--jobs", "1")
            let eight = try bench.tdr("check", "Records", "--antivirus", "yara", form, "--jobs", "8")
            #expect(one.code == 0, "\(one.errors)")
            #expect(one.stdout == eight.stdout)
        }
        let csv = try bench.tdr("check", "Records", "--antivirus", "none", "--csv")
        let records = try #require(parseCSV(csv.stdout))
        #expect(records.count == 7 * 60 + 2)
        #expect(Set(records.map(\.count)) == [17])
        let paths = records.dropFirst().map { $0[0] }
        #expect(paths == paths.sorted { $0.lexicographicallyPrecedes($1) })
    }

    @Test("asks libmagic unless told not to")
    func secondOpinion() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        let asked = try bench.tdr("check", "Records", "--antivirus", "none", "--json")
        #expect(asked.output.contains("ASCII text"), "\(asked.output)")
        let unasked = try bench.tdr("check", "Records", "--antivirus", "none", "--json", "--no-second-opinion")
        #expect(unasked.code == 0, "\(unasked.errors)")
        #expect(unasked.output.contains("x-fmt/111"))
        #expect(!unasked.output.contains("ASCII text"))
        #expect(!unasked.output.contains("text/plain"))
    }

    @Test("treats links as an upload would")
    func links() throws {
        let bench = try Workbench(["a.txt": "hello\n", "link": .link("a.txt"), "out": .link("/etc/passwd")])
        func check(_ links: Argument) throws -> Finished {
            try bench.tdr("check", "Records", "--antivirus", "none", "--json", "--links", links)
        }
        let skipped = try check("skip")
        #expect(skipped.code == 0)
        #expect(try lines(skipped).last?["leftOut"]?.number == 2)
        let followed = try lines(try check("follow"))
        #expect(followed.compactMap { $0["kind"]?.text } == ["file", "file", "refused", "summary"])
        #expect(followed[0]["sha256"] == followed[1]["sha256"])
        #expect(try check("refuse").code == 2)
        // What the user names is followed, as everywhere.
        let named = try bench.tdr("check", "Records/link", "--antivirus", "none")
        #expect(named.code == 0, "\(named.errors)")
    }

    @Test("never calls a file clean without an engine")
    func noEngine() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        let finished = try bench.tdr("check", "Records", "--clamd", "/nowhere/clamd.ctl")
        #expect(finished.code == 2)
        #expect(finished.output.contains("antivirus  0 of 1 file clean, 1 Failed"))
        #expect(finished.errors.contains("there is no clamd socket or configuration"))
        let page = try bench.tdr("check", "Records", "--clamd", "/nowhere/clamd.ctl", "--html", "-").output
        #expect(page.contains("The antivirus check could not be made."))
        #expect(!page.contains("Nothing stands in the way"))
        let none = try bench.tdr("check", "Records", "--antivirus", "none", "--html", "-").output
        #expect(none.contains("No antivirus check was made."))
    }

    @Test("asks a real clamd", .enabled(if: Clamd.isInstalled))
    func clamd() throws {
        let clamd = try Clamd()
        let bench = try Workbench(["a.txt": "hello\n", "b": ["virus.com": .file(Clamd.eicar)]])
        let finished = try bench.tdr("check", "Records", "--clamd", Argument(clamd.configuration))
        #expect(finished.code == 2)
        #expect(finished.output.contains("antivirus  1 of 2 files clean, 1 VirusDetected"))
        #expect(finished.output.contains("Records/b/virus.com [Tdr.Eicar"))
    }

    @Test("says which files it may not read, and reads the others", .enabled(if: isRoot))
    func unreadable() throws {
        let bench = try Workbench(["closed": "x", "open": "hello\n", "shut": ["in": "y"]])
        try Nobody.own(bench)
        try setMode(bench.records.appending("closed"), 0)
        try setMode(bench.records.appending("shut"), 0)
        let finished = try Nobody.tdr(bench, ["check", "Records", "--antivirus", "none", "--csv"])
        #expect(finished.code == 2)
        let rows = try #require(parseCSV(finished.stdout)).dropFirst().map {
            $0.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(rows.map { $0[0] } == ["Records/closed", "Records/open", "Records/shut"])
        #expect(rows.map { $0[14] } == ["Read Failed", "", "Read Failed"])
        #expect(rows[0][15] == "it cannot be read: Permission denied")
        #expect(rows[1][12] == "Success")
    }

    @Test("goes through a folder that holds nothing, and says so")
    func nothing() throws {
        let bench = try Workbench(["b": [:]])
        let finished = try bench.tdr("check", "Records", "--antivirus", "none")
        #expect(finished.code == 2)
        #expect(finished.errors.contains("there are no files to transfer"))
    }

    // MARK: The page

    @Test("writes a page in which names are text, whatever is in them, and which needs nothing from elsewhere")
    func page() throws {
        let bench = try bench()
        let finished = try bench.tdr("check", "Records", "--antivirus", "yara", "--html", "report.html")
        #expect(finished.code == 2)
        #expect(finished.output.contains("with findings"))
        let bytes = try contents(of: bench.folder.appending("report.html"))
        let page = try #require(String(validating: bytes, as: UTF8.self))
        Self.checkPage(page)
        #expect(page.contains("virus.com"))
        #expect(page.contains("EICAR"))
        #expect(page.contains("Empty files: 1 entry"))
        let stdout = try bench.tdr("check", "Records", "--antivirus", "yara", "--html", "-")
        #expect(stdout.output == page)
    }

    /// Only our own tags and attributes, nothing that is fetched or run, nothing that steers.
    private static func checkPage(_ page: String) {
        let tags: Set<String> = [
            "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "div", "strong", "b",
            "span",
            "section", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "bdi", "svg", "rect", "details",
            "summary", "dl", "dt", "dd",
        ]
        for piece in page.split(separator: "<").dropFirst(1) {
            let name = piece.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }
            #expect(tags.contains(String(name)) || piece.hasPrefix("!DOCTYPE html>"), "<\(piece.prefix(40))")
        }
        for word in ["<script", "src=", "href=", "url(", "@import", "onload", "http://", "https://"] {
            #expect(!page.contains(word), "the page has \(word)")
        }
        #expect(!page.unicodeScalars.contains { $0 != "\n" && isSteering($0) })
    }

    @Test("writes no page into the folder, nor where it could not, and says so before it reads anything")
    func refusedPages() throws {
        let bench = try Workbench(["a.txt": "hello\n", "b": [:]])
        _ = try bench.folder.make("way", .link("Records/b"))
        for place in ["Records/report.html", "way/report.html", "Records/b/../r.html", "absent/r.html", "Records"] {
            let finished = try bench.tdr("check", "Records", "--antivirus", "none", "--html", Argument(place))
            #expect(finished.code == 1, "\(place)")
            #expect(finished.errors.contains("cannot write the report to '\(place)'"), "\(finished.errors)")
            #expect(finished.output == "")
        }
        let held = try bench.shell("find Records | sort")
        #expect(held.output == "Records\nRecords/a.txt\nRecords/b\n")
        let inside = try bench.tdr(
            "check", "Records", "--antivirus", "none", environment: ["TMPDIR": Argument(bench.records.appending("b"))])
        #expect(inside.code == 1)
        #expect(inside.errors.contains("set TMPDIR to a folder elsewhere"))
    }

    @Test("gives one line for each entry of any folder, whatever the names", arguments: [1, 2, 3] as [UInt64])
    func anyNames(seed: UInt64) throws {
        var state = seed
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var names: Set<[UInt8]> = []
        while names.count < 150 {
            let name = (0..<(1 + random(24))).map { _ in UInt8(1 + random(255)) }.filter { $0 != 0x2F }
            if !name.isEmpty, name != [0x2E], name != [0x2E, 0x2E] { names.insert(name) }
        }
        let files = names.sorted { $0.lexicographicallyPrecedes($1) }
        let bench = try Workbench(.folder(files.map { (Name($0), Tree.bytes(1 + random(64), of: UInt8(random(256)))) }))
        let finished = try bench.tdr("check", "Records", "--antivirus", "none", "--json")
        let found = try lines(finished).dropLast().map { line -> [UInt8] in
            let bytes = line["pathHex"]?.text.flatMap { Hex.decode(Array($0.utf8)) }
            return Array((bytes ?? Array((line["path"]?.text ?? "").utf8)).dropFirst("Records/".utf8.count))
        }
        #expect(found == files)
        Self.checkPage(try bench.tdr("check", "Records", "--antivirus", "none", "--html", "-").output)
    }
}
