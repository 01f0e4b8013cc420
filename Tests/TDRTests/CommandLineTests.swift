import Glibc
import Streams
import TDRTestSupport
import Testing

@Suite struct ExitCodeTests {
    @Test("ends with 0 and the reference alone on stdout when an upload is done")
    func upload() throws {
        let bench = try Workbench(["a": "x"])
        let finished = try bench.tdr("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body")
        #expect(finished.code == 0)
        #expect(finished.output == "TDR-2026-C\n")
        #expect(finished.errors.contains("next: tdr check TDR-2026-C"))
        let quiet = try bench.tdr("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body", "--quiet")
        #expect(quiet.output == "TDR-2026-D\n")
        #expect(quiet.errors == "")
    }

    @Test(
        "ends with 64 and says how to do it when the words are wrong",
        arguments: [
            [], ["frobnicate"], ["upload"], ["upload", "Records"], ["upload", "Records", "--series", "x"],
            ["upload", "Records", "--body", "x"], ["check"], ["check", "TDR-2026-C", "--only", "smell"],
            ["check", "TDR-2026-C", "--jobs", "0"], ["check", "TDR-2026-C", "--jobs", "many"],
            ["check", "TDR-2026-C", "--antivirus", "perhaps"], ["status", "--files"], ["status", "--failed"],
            ["status", "TDR-2026-C", "--csv", "--json"], ["export"], ["export", "TDR-2026-C"],
            ["export", "TDR-2026-C", "--to", "x", "--allow", "VirusDetected", "--reason", "x"],
            ["export", "TDR-2026-C", "--to", "x", "--allow", "Zip"], ["export", "x", "--to", "s3://"],
            ["export", "x", "--to", "s3://bucket//prefix"], ["export", "x", "--to", "s3://bucket/../prefix"],
            ["verify"], ["upload", "Records", "--links", "eat", "--series", "x", "--body", "y"],
            ["upload", "Records", "--resume", "TDR-2026-C"], ["upload", "--resume"], ["status", "a", "b"],
            ["--frobnicate"],
        ])
    func usage(_ words: [String]) throws {
        let bench = try Workbench(["a": "x"])
        let finished = try Program.run(
            Program.tdr, words.map { Argument($0) }, environment: bench.environment(), directory: bench.folder.path)
        if words.isEmpty {
            // Without any word it shows what it can do.
            #expect([0, 64].contains(finished.code))
        } else {
            #expect(finished.code == 64, "\(finished.errors)")
            #expect(finished.output == "")
            #expect(!finished.errors.isEmpty)
        }
        #expect(!exists(bench.store))
    }

    @Test(
        "ends with 1, says what is wrong and what to do when it cannot be done",
        arguments: [
            (["status"], "there is no store in"), (["check", "TDR-2026-C"], "there is no store in"),
            (["export", "TDR-2026-C", "--to", "."], "there is no store in"),
            (["export", "TDR-2026-C", "--to", "s3://bucket/prefix"], "there is no store in"),
            (["upload", "nowhere", "--series", "s", "--body", "b"], "name a folder of records"),
            (["upload", "--resume", "TDR-2026-C"], "there is no store in"), (["verify", "nowhere"], "nowhere"),
        ] as [([String], String)])
    func cannot(_ words: [String], _ message: String) throws {
        let bench = try Workbench(["a": "x"])
        let finished = try Program.run(
            Program.tdr, words.map { Argument($0) }, environment: bench.environment(), directory: bench.folder.path)
        #expect(finished.code == 1)
        #expect(finished.output == "")
        #expect(finished.errors.hasPrefix("tdr: "))
        #expect(finished.errors.contains(message), "\(finished.errors)")
        #expect(!finished.errors.trimmed.hasSuffix("."))
    }

    @Test("ends with 2 for findings, and says the same as JSON")
    func findings() throws {
        let bench = try Workbench(["a": "x", "empty": ""])
        let reference = try bench.upload()
        let checked = try bench.tdr("check", Argument(reference), "--antivirus", "none")
        #expect(checked.code == 2)
        #expect(checked.output.contains("ZeroByteFile"))
        let json = try bench.tdr("check", Argument(reference), "--antivirus", "none", "--json")
        #expect(json.code == 2)
        #expect(
            try json.json.keys == ["antivirusEngines", "filesChecked", "reference", "status"])
        #expect(try bench.tdr("status").code == 2)
        #expect(try bench.tdr("status", Argument(reference)).code == 2)
        let failed = try bench.tdr("status", Argument(reference), "--failed")
        #expect(failed.code == 2)
        #expect(failed.output.split(separator: "\n").count == 1)
        #expect(failed.output.hasPrefix("Records/empty  0 B"))
    }

    @Test("ends with 0 from the upload to the verified bag when all is well")
    func allWell() throws {
        let bench = try Workbench(["a": "x\n", "sub": ["b": "y\n", "none": [:]]])
        let reference = try bench.upload()
        #expect(try bench.tdr("check", Argument(reference), "--antivirus", "none").code == 0)
        #expect(try bench.tdr("status", Argument(reference)).code == 0)
        try bench.folder.make("out", [:])
        let exported = try bench.tdr("export", Argument(reference), "--to", "out")
        #expect(exported.code == 0)
        #expect(exported.output == "\(bench.folder.path.display)/out/TDR-2026-C.tar.gz\n")
        #expect(try bench.tdr("verify", "out/TDR-2026-C.tar.gz").code == 0)
        let sum = try bench.shell("cd out && sha256sum -c TDR-2026-C.tar.gz.sha256")
        #expect(sum.code == 0, "\(sum.errors)")
    }

    @Test("refuses to export what is not checked or has findings, names it, and writes nothing")
    func refusedExport() throws {
        let bench = try Workbench(["a": "x", "empty": ""])
        let reference = try bench.upload()
        try bench.folder.make("out", [:])
        #expect(try bench.tdr("export", Argument(reference), "--to", "out").code == 2)
        try bench.tdr("check", Argument(reference), "--antivirus", "none")
        let refused = try bench.tdr("export", Argument(reference), "--to", "out")
        #expect(refused.code == 2)
        #expect(refused.errors.contains("ZeroByteFile: 'Records/empty'"))
        #expect(try names(in: bench.folder.appending("out")) == [])
        let allowed = try bench.tdr(
            "export", Argument(reference), "--to", "out", "--allow", "ZeroByteFile", "--reason", "kept as found")
        #expect(allowed.code == 0, "\(allowed.errors)")
    }

    @Test(
        "stops an export at an object that changed after the check, names it, and leaves nothing behind",
        arguments: ["tar.gz", "tar", "folder"])
    func alteredObject(_ form: String) throws {
        let bench = try Workbench(["a": "x\n", "b": .bytes(100_000, of: 0x62)])
        let reference = try bench.upload()
        try bench.tdr("check", Argument(reference), "--antivirus", "none")
        let object = try StoreRows.object(bench.store, "Records/b")
        try setMode(object, 0o600)
        try overwrite(object, at: 50_000, with: [0x63])
        try bench.folder.make("out", [:])
        let finished = try bench.tdr("export", Argument(reference), "--to", "out", "--form", Argument(form))
        #expect(finished.code == 1)
        #expect(finished.errors.contains("'Records/b'"))
        #expect(finished.output == "")
        #expect(try names(in: bench.folder.appending("out")).filter { !$0.hasPrefix(".") } == [])
        #expect(try bench.tdr("status", Argument(reference)).output.contains("Export: Failed"))
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

@Suite struct OutputTests {
    static let awkward: [Name] = [
        "new\nline", "quote\"d", "com,ma", "\u{1B}[31mred", "cr\r", "\u{202E}fdp", Name([0xFF]), "é", "e\u{301}", "-rf",
        "\u{9B}31m", "plain",
    ]

    private func bench() throws -> (Workbench, Argument) {
        let bench = try Workbench(.folder(OutputTests.awkward.map { ($0, .file($0.bytes)) }))
        let reference = Argument(try bench.upload())
        try bench.tdr("check", reference, "--antivirus", "none")
        return (bench, reference)
    }

    @Test("answers with JSON that parses, with the documented keys")
    func json() throws {
        let (bench, reference) = try bench()
        let status = try bench.tdr("status", reference, "--json").json
        #expect(
            Set(status.keys).isSuperset(of: [
                "allChecksSucceeded", "consignmentId", "consignmentStatuses", "consignmentType", "createdDatetime",
                "fileStatusCounts", "filesLeftOut", "filesWithProblems", "isBeingWorkedOn", "nextAction", "reference",
                "seriesName", "source", "state", "storage", "totalFileSize", "totalFiles", "totalFolders",
                "transferringBodyName", "transferringBodyTdrCode", "withoutAntivirus",
            ]))
        #expect(status["totalFiles"]?.number == Double(OutputTests.awkward.count))
        #expect(status["createdDatetime"]?.text == "2026-01-02T03:04:05Z")
        #expect(try bench.tdr("status", "--json").json.elements == [status])
        let files = try bench.tdr("status", reference, "--files", "--json")
        let lines = files.stdout.split(separator: 0x0A)
        #expect(lines.count == OutputTests.awkward.count + 1)
        let documents = try lines.map { try JSONValue(parsing: $0) }
        let paths = documents.compactMap { document -> [UInt8]? in
            if let hex = document["pathHex"]?.text { return Hex.decode(Array(hex.utf8)) }
            return document["path"]?.text.map { Array($0.utf8) }
        }
        let expected = OutputTests.awkward.map { Array("Records/".utf8) + $0.bytes } + [Array("Records".utf8)]
        #expect(Set(paths) == Set(expected))
        let keys = Set(documents.last?.keys ?? [])
        #expect(
            keys.isSuperset(of: [
                "ffid", "fileId", "fileReference", "fileSize", "fileStatuses", "fileType", "lastModified",
                "parentReference", "path", "serverSha256", "sha256",
            ]))
    }

    @Test("answers with CSV that parses, a record a file, whatever the names")
    func csv() throws {
        let (bench, reference) = try bench()
        let finished = try bench.tdr("status", reference, "--files", "--csv")
        let records = try #require(parseCSV(finished.stdout))
        #expect(records.count == OutputTests.awkward.count + 2)
        #expect(Set(records.map(\.count)).count == 1)
        #expect(String(decoding: records[0][0], as: UTF8.self) == "Filepath")
        let list = try #require(parseCSV(try bench.tdr("status", "--csv").stdout))
        #expect(list.count == 2)
        #expect(list[1][0] == Array("TDR-2026-C".utf8))
    }

    @Test(
        "writes no control character of a name to stdout or stderr",
        arguments: [
            ["status", "TDR-2026-C", "--files"], ["status", "TDR-2026-C", "--files", "--json"],
            ["status", "TDR-2026-C", "--files", "--csv"], ["status", "TDR-2026-C"],
            ["status", "TDR-2026-C", "--failed"],
            ["check", "TDR-2026-C", "--antivirus", "none", "--again"],
            ["upload", "Records", "--series", "s", "--body", "b", "--dry-run"],
            ["upload", "Records", "--series", "s", "--body", "b", "--dry-run", "--json"],
            ["export", "TDR-2026-C", "--to", "."],
        ])
    func noControls(_ words: [String]) throws {
        let entries = OutputTests.awkward.map { name -> (Name, Tree) in (name, .file([])) }
        let bench = try Workbench(.folder(entries))
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        let finished = try Program.run(
            Program.tdr, words.map { Argument($0) }, environment: bench.environment(), directory: bench.folder.path)
        for bytes in [finished.stdout, finished.stderr] {
            let text = try #require(String(validating: bytes, as: UTF8.self))
            let bad = text.unicodeScalars.filter {
                ($0.value < 0x20 && $0 != "\n" && $0 != "\r") || (0x7F..<0xA0).contains($0.value) || $0.value == 0x202E
            }
            #expect(bad.map(\.value) == [])
        }
    }

    @Test("is not troubled by a reader who has read enough")
    func brokenPipe() throws {
        let bench = try Workbench(.folder((0..<3000).map { (Name("a rather long name of a file \($0)"), "") }))
        let reference = try bench.upload()
        let finished = try bench.shell("$TDR status \(reference) --files | head -1; exit $?")
        #expect(finished.output == "Records/\n")
        #expect(finished.errors == "")
    }

    @Test("goes on and keeps its exit code when nobody reads the answer of what is more than a list")
    func unreadAnswer() throws {
        let bench = try Workbench(["a.txt": "x"])
        for name in ["Second", "Third"] {
            try bench.folder.make(Name(name), ["a.txt": "y"])
            let words: [Argument] = ["--series", "s", "--body", "b", "--confirm-when-clean"]
            let done = try Program.run(
                Program.tdr, ["upload", Argument(name)] + words, environment: bench.environment(),
                directory: bench.folder.path)
            #expect(done.code == 0, "\(done.errors)")
        }
        #expect(try bench.tdr("check", "--pending", "--antivirus", "none").code == 0)
        try bench.folder.make("out", [:])
        // The reader ends before the first byte comes.
        let exported = try bench.shell(
            "bash -c '{ sleep 0.3; $TDR export --ready --to out; } | true; exit ${PIPESTATUS[0]}'")
        #expect(exported.code == 0, "\(exported.errors)")
        #expect(try DirectoryListing(of: OpenFile.directory(bench.folder.appending("out"))).count == 4)
        try bench.folder.make("broken", ["bagit.txt": "nonsense"])
        let verified = try bench.shell(
            "bash -c '{ sleep 0.3; $TDR verify broken out/*.tar.gz; } | true; exit ${PIPESTATUS[0]}'")
        #expect(verified.code == 2, "\(verified.errors)")
    }

    @Test("ends with 1 when the answer cannot be written", arguments: [["status"], ["status", "--json"]])
    func fullOutput(_ words: [String]) throws {
        let bench = try Workbench(["a": "x"])
        try bench.upload()
        for sink in [Sink.file("/dev/full"), .closed] {
            let finished = try Program.run(
                Program.tdr, words.map { Argument($0) }, environment: bench.environment(),
                directory: bench.folder.path, stdout: sink)
            #expect(finished.code == 1)
            #expect(finished.errors.contains("cannot write the answer to stdout"))
        }
    }

    @Test(
        "keeps its hands off the store's files when stdout or stderr is closed",
        arguments: [">&-", "2>&-", ">&- 2>&- <&-"])
    func closedOutput(_ closing: String) throws {
        let bench = try Workbench(["a": "one", "b": "two"])
        _ = try bench.shell("$TDR upload Records --series s --body b \(closing)")
        let other = try Workbench(["a": "one", "b": "two"])
        _ = try other.shell("$TDR upload Records --series s --body b")
        #expect(
            try StoreRows.texts(bench.store, "SELECT hex(sha256) FROM file ORDER BY path")
                == StoreRows.texts(other.store, "SELECT hex(sha256) FROM file ORDER BY path"))
        #expect(try bench.tdr("check", "TDR-2026-C", "--antivirus", "none").code == 0)
        for name in try names(in: bench.store.appending("locks")) {
            #expect(try contents(of: bench.store.appending("locks").appending(name)) == [])
        }
    }

    @Test("gives errors as JSON on stderr when asked for JSON")
    func jsonErrors() throws {
        let bench = try Workbench(["a": "x"])
        let finished = try bench.tdr("status", "--json")
        #expect(finished.code == 1)
        #expect(try JSONValue(parsing: finished.stderr).keys == ["error", "exitCode"])
        #expect(try JSONValue(parsing: finished.stderr)["exitCode"]?.number == 1)
    }

    @Test(
        "takes the folder that was named, byte for byte",
        arguments: [Name([0xFF, 0x61]), "\u{10FF41}", "\u{10FF2F}", Name([0xC3]), "e\u{301}", "a b", "\u{10FFFF}"])
    func argumentBytes(_ name: Name) throws {
        let bench = try Workbench(["wrong": "x"])
        try bench.folder.make(name, ["right": "x"])
        // What a wrong reading of the argument would find instead.
        for other in ["A", "\u{E9}", "\u{FFFD}a"] where !exists(bench.folder.appending(Name(other))) {
            try bench.folder.make(Name(other), ["wrong": "x"])
        }
        let finished = try bench.tdr("upload", Argument(name.bytes), "--series", "s", "--body", "b")
        #expect(finished.code == 0, "\(finished.errors)")
        let path: [String] = try StoreRows.texts(bench.store, "SELECT hex(path) FROM file WHERE fileType = 'File'")
        #expect(path == [Hex.encode(name.bytes + Array("/right".utf8)).uppercased()])
    }

    @Test("finds the store by --store, TDR_STORE, XDG_DATA_HOME and HOME, in this order")
    func storePlaces() throws {
        let bench = try Workbench(["a": "x"])
        let home = bench.folder.path
        let words: [Argument] = ["upload", "Records", "--series", "s", "--body", "b"]
        func run(_ environment: [String: Argument], _ more: [Argument] = []) throws {
            let finished = try Program.run(Program.tdr, words + more, environment: environment, directory: home)
            #expect(finished.code == 0, "\(finished.errors)")
        }
        try run(["HOME": Argument(home)])
        #expect(exists(home.appending(".local/share/tdr/tdr.sqlite")))
        try run(["HOME": Argument(home), "XDG_DATA_HOME": Argument(home.appending("xdg"))])
        #expect(exists(home.appending("xdg/tdr/tdr.sqlite")))
        try run(["XDG_DATA_HOME": Argument(home.appending("xdg")), "TDR_STORE": "by-environment"])
        #expect(exists(home.appending("by-environment/tdr.sqlite")))
        try run(["TDR_STORE": "by-environment"], ["--store", "by-option"])
        #expect(exists(home.appending("by-option/tdr.sqlite")))
    }
}

@Suite struct SourceTests {
    @Test("makes nothing in a folder of records, not even a store that it then refuses")
    func storeInSource() throws {
        let bench = try Workbench(["a": "x", "sub": [:]])
        for store in ["Records/store", "Records/sub", "./Records/new/deep"] as [Argument] {
            let finished = try bench.tdr(
                "upload", "Records", "--series", "s", "--body", "b", environment: ["TDR_STORE": store])
            #expect(finished.code == 1)
            #expect(finished.errors.contains("contain one another"), "\(finished.errors)")
            let planned = try bench.tdr("upload", "Records", "--dry-run", environment: ["TDR_STORE": store])
            #expect(planned.code == 1)
        }
        #expect(try names(in: bench.records) == ["a", "sub"])
        #expect(try names(in: bench.records.appending("sub")) == [])
    }

    @Test("says with --dry-run what would happen and changes nothing")
    func dryRun() throws {
        let bench = try Workbench(["a": "x", "Thumbs.db": "", "link": .link("a"), "sub": ["b": "yy"]])
        let refused = try bench.tdr("upload", "Records", "--dry-run")
        #expect(refused.code == 2)
        #expect(refused.output.contains("refused: Records/link (it is a symbolic link)"))
        let plan = try bench.tdr("upload", "Records", "--dry-run", "--links", "skip", "--json")
        #expect(plan.code == 0)
        #expect(try plan.json["files"]?.number == 2)
        #expect(try plan.json["bytes"]?.number == 3)
        #expect(try plan.json["excluded"]?.elements.first?["path"]?.text == "Records/Thumbs.db")
        #expect(!exists(bench.store))
    }

    @Test("names links and special files when it refuses them")
    func refused() throws {
        let bench = try Workbench(["a": "x", "link": .link("a"), "fifo": .fifo])
        let finished = try bench.tdr("upload", "Records", "--series", "s", "--body", "b")
        #expect(finished.code == 1)
        #expect(finished.output == "")
        #expect(finished.errors.contains("Records/fifo (it is a FIFO)"))
        #expect(finished.errors.contains("--links skip"))
    }

    @Test("ends the verification of a bag with 1 when part of it cannot be read, and with 2 when it is wrong")
    func unreadableBag() throws {
        let bench = try Workbench(["a": "x", "b": "y"])
        try bench.folder.make("out", [:])
        try bench.upload()
        #expect(try bench.tdr("check", "TDR-2026-C", "--antivirus", "none").code == 0)
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--form", "folder").code == 0)
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--form", "tar").code == 0)
        // Reading it at 0 gives EIO, as a disk does that fails.
        let failing = try bench.tdr("verify", "/proc/self/mem")
        #expect(failing.code == 1, "\(failing.output)")
        #expect(failing.output.contains("unreadable"))
        #expect(failing.output.contains("Input/output error"), "\(failing.output)")
        let file = bench.folder.appending("out/TDR-2026-C/data/Records/b")
        if isRoot {
            try Nobody.own(bench)
            try setMode(file, 0)
            let closed = try Nobody.tdr(bench, ["verify", "out/TDR-2026-C"])
            #expect(closed.code == 1, "\(closed.output)")
            #expect(closed.output.contains("Permission denied"), "\(closed.output)")
            let copies = try Nobody.tdr(bench, ["verify", "--exports", "--json"])
            #expect(copies.output.contains("NotVerified"), "\(copies.output)\(copies.errors)")
            try setMode(file, 0o644)
        }
        try overwrite(file, at: 0, with: Array("z".utf8))
        #expect(try bench.tdr("verify", "out/TDR-2026-C").code == 2)
        // A damaged archive was read: that is a finding.
        let archive = bench.folder.appending("out/TDR-2026-C.tar")
        try overwrite(archive, at: 0, with: Array(repeating: 0x7A, count: 600))
        #expect(try bench.tdr("verify", "out/TDR-2026-C.tar").code == 2)
    }

    @Test("takes what can be read and lists what cannot, for whoever may not read all", .enabled(if: isRoot))
    func unreadable() throws {
        let bench = try Workbench(["open": "x", "closed": "y", "shut": ["in": "z"], "sub": ["deep": "w"]])
        try Nobody.own(bench)
        try setMode(bench.records.appending("closed"), 0)
        try setMode(bench.records.appending("shut"), 0)
        let uploaded = try Nobody.tdr(bench, Workbench.uploading)
        #expect(uploaded.code == 2, "\(uploaded.errors)")
        #expect(uploaded.output == "TDR-2026-C\n")
        #expect(uploaded.errors.contains("not uploaded: Records/closed (it cannot be opened: Permission denied)"))
        #expect(uploaded.errors.contains("not uploaded: Records/shut"))
        let status = try Nobody.tdr(bench, ["status", "TDR-2026-C"])
        #expect(status.code == 2)
        #expect(status.output.contains("Upload: CompletedWithIssues"))
        // A check before it is mended says that something is missing.
        #expect(try Nobody.tdr(bench, ["check", "TDR-2026-C", "--antivirus", "none"]).code == 2)
        try setMode(bench.records.appending("closed"), 0o644)
        try setMode(bench.records.appending("shut"), 0o755)
        let resumed = try Nobody.tdr(bench, ["upload", "--resume", "TDR-2026-C"])
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(try Nobody.tdr(bench, ["check", "TDR-2026-C", "--antivirus", "none"]).code == 0)
        #expect(try StoreRows.wrongTallies(bench.store) == [])
        #expect(try StoreRows.strayObjects(bench.store) == [])
    }

    @Test("says what is wrong with a store that may not be read or written", .enabled(if: isRoot))
    func readOnlyStore() throws {
        let bench = try Workbench(["a": "x"])
        try Nobody.own(bench)
        try #require(try Nobody.tdr(bench, Workbench.uploading).code == 0)
        // Everything there, nothing to be changed.
        _ = try Program.run("/bin/chmod", ["-R", "a-w", Argument(bench.store)])
        for words in [
            ["status"], ["check", "TDR-2026-C", "--antivirus", "none"], ["upload", "--resume", "TDR-2026-C"],
        ] {
            let finished = try Nobody.tdr(bench, words.map { Argument($0) })
            #expect([0, 1].contains(finished.code))
            if finished.code == 1 {
                #expect(
                    finished.errors.contains("check the permissions") || finished.errors.contains("cannot continue"),
                    "\(words): \(finished.errors)")
            }
        }
        #expect(try Nobody.tdr(bench, ["check", "TDR-2026-C", "--antivirus", "none"]).code == 1)
        try setMode(bench.store, 0)
        let closed = try Nobody.tdr(bench, ["status"])
        #expect(closed.code == 1)
        #expect(closed.errors.contains("Permission denied"), "\(closed.errors)")
        try setMode(bench.store, 0o700)
        // A place where no store can be made.
        let nowhere = try Nobody.tdr(bench, Workbench.uploading + ["--store", "/proc/store"])
        #expect(nowhere.code == 1)
        #expect(nowhere.errors.contains("/proc/store"))
    }
}

/// The same acts for somebody without rights.
enum Nobody {
    static func own(_ bench: Workbench) throws {
        _ = try Program.run("/bin/chown", ["-R", "65534:65534", Argument(bench.folder.path)])
    }

    static func tdr(_ bench: Workbench, _ arguments: [Argument]) throws -> Finished {
        // A program in a folder that this user may not enter is given a second name where it may.
        let copy = bench.folder.appending("tdr")
        if !exists(copy) { _ = try Program.run("/bin/cp", [Argument(Program.tdr), Argument(copy)]) }
        return try Program.run(
            BytePath("/usr/bin/setpriv"),
            ["--reuid=65534", "--regid=65534", "--clear-groups", Argument(copy)] + arguments,
            environment: bench.environment(), directory: bench.folder.path)
    }
}
