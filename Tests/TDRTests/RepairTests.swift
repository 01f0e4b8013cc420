import Glibc
import Streams
import TDRTestSupport
import Testing

/// Replacing, adding, withdrawing and cancelling.
@Suite struct RepairTests {
    private static let checking: [Argument] = ["check", "TDR-2026-C", "--antivirus", "none"]

    private static func bench() throws -> Workbench {
        let bench = try Workbench([
            "a.txt": "first", "b.txt": "second", "sub": ["c.txt": "third", "deep": ["d.txt": "fourth"]], "empty": [:],
        ])
        try bench.upload()
        return bench
    }

    private func check(_ bench: Workbench) throws -> Finished {
        try Program.run(
            Program.tdr, RepairTests.checking, environment: bench.environment(), directory: bench.folder.path)
    }

    private func rows(_ bench: Workbench) throws -> [String] {
        try StoreRows.texts(
            bench.store, "SELECT path || ' ' || reference || ' ' || hex(uuid) FROM file ORDER BY path")
    }

    private func sound(_ bench: Workbench) throws {
        #expect(try StoreRows.wrongTallies(bench.store) == [])
        #expect(try StoreRows.strayObjects(bench.store) == [])
        #expect(try StoreRows.texts(bench.store, "PRAGMA foreign_key_check") == [])
    }

    @Test("replaces the files of a corrected folder, keeps references and ids, and checks again only what changed")
    func folder() throws {
        let bench = try RepairTests.bench()
        #expect(try check(bench).code == 0)
        let before = try rows(bench)
        try bench.folder.make("Corrected", ["a.txt": "first, corrected", "sub": ["c.txt": "third"]])
        let replaced = try bench.tdr("upload", "--replace", "TDR-2026-C", "Corrected", "--json")
        #expect(replaced.code == 0, "\(replaced.errors)")
        #expect(try replaced.json["changedFiles"]?.number == 1)
        #expect(try replaced.json["unchangedFiles"]?.number == 1)
        #expect(try rows(bench) == before)
        #expect(try bench.tdr("status", "TDR-2026-C").output.contains("Next: tdr check TDR-2026-C"))
        #expect(try check(bench).output.hasPrefix("TDR-2026-C: 1 file checked now, 4 in all"))
        #expect(try contents(of: StoreRows.object(bench.store, "Records/a.txt")) == Array("first, corrected".utf8))
        let event = try StoreRows.texts(
            bench.store, "SELECT actor || old || new FROM event JOIN run ON run.id = runId WHERE what = 'Replaced'")
        #expect(event.count == 1)
        #expect(event[0].contains(SHA256Digest.of(Array("first".utf8)).hex) && event[0].contains(#""size":5"#))
        #expect(event[0].contains(SHA256Digest.of(Array("first, corrected".utf8)).hex))
        try sound(bench)
    }

    @Test("takes a file alone by its name, by its place in the uploaded folder, or as what --as says")
    func file() throws {
        let bench = try RepairTests.bench()
        try bench.folder.make("c.txt", "by name")
        try bench.folder.make("other", "by --as")
        try Tree.file(Array("by place".utf8)).make(at: bench.records.appending("b.txt"))
        for words: [Argument] in [["c.txt"], ["Records/b.txt"], ["other", "--as", "Records/sub/deep/d.txt"]] {
            let done = try Program.run(
                Program.tdr, ["upload", "--replace", "TDR-2026-C"] + words, environment: bench.environment(),
                directory: bench.folder.path)
            #expect(done.code == 0, "\(done.errors)")
        }
        for (path, text) in [("sub/c.txt", "by name"), ("b.txt", "by place"), ("sub/deep/d.txt", "by --as")] {
            #expect(try contents(of: StoreRows.object(bench.store, "Records/" + path)) == Array(text.utf8))
        }
        // A name that several have.
        try bench.folder.make("more", ["c.txt": "another"])
        #expect(try bench.tdr("upload", "--add", "TDR-2026-C", "more").code == 0)
        let unclear = try bench.tdr("upload", "--replace", "TDR-2026-C", "c.txt")
        #expect(unclear.code == 1 && unclear.errors.contains("--as PATH"), "\(unclear.errors)")
        try sound(bench)
    }

    @Test("adds files and folders, with the folders above them, and goes on where it was cut off")
    func add() throws {
        let bench = try RepairTests.bench()
        #expect(try check(bench).code == 0)
        try bench.folder.make("New", ["x.txt": "new", "y": ["z.txt": "newer"], "none": [:]])
        for _ in 0..<2 {
            let added = try bench.tdr("upload", "--add", "TDR-2026-C", "New", "--as", "Records/2020/more")
            #expect(added.code == 0, "\(added.errors)")
        }
        let paths = try StoreRows.texts(
            bench.store, "SELECT path FROM file WHERE CAST(path AS TEXT) LIKE 'Records/2020%' ORDER BY path")
        #expect(
            paths == [
                "Records/2020", "Records/2020/more", "Records/2020/more/none", "Records/2020/more/x.txt",
                "Records/2020/more/y", "Records/2020/more/y/z.txt",
            ])
        #expect(try check(bench).output.hasPrefix("TDR-2026-C: 2 files checked now, 6 in all"))
        try bench.folder.make("Other", ["x.txt": "not the same"])
        let refused = try bench.tdr("upload", "--add", "TDR-2026-C", "Other", "--as", "Records/2020/more")
        #expect(refused.code == 1 && refused.errors.contains("use --replace"), "\(refused.errors)")
        try sound(bench)
    }

    @Test(
        "withdraws a file and a folder: out of counts, bag and CSVs, not out of the history; its number is not used again"
    )
    func withdraw() throws {
        let bench = try RepairTests.bench()
        let first = try bench.tdr("withdraw", "TDR-2026-C", "Records/b.txt", "--reason", "not ours")
        #expect(first.code == 0, "\(first.errors)")
        // The rows that were made last: their numbers must not come again.
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/sub", "--reason", "private", "--purge").code == 0)
        try bench.folder.make("b.txt", "second")
        #expect(try bench.tdr("upload", "--add", "TDR-2026-C", "b.txt").code == 0)
        try sound(bench)
        #expect(
            try StoreRows.value(bench.store, "SELECT count(*) FROM file JOIN withdrawnFile USING (id)") as Int? == 0)
        #expect(
            try StoreRows.value(bench.store, "SELECT count(*) FROM file JOIN withdrawnFile USING (uuid)") as Int? == 0)
        #expect(try check(bench).code == 0)
        try bench.folder.make("out", [:])
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--form", "folder").code == 0)
        let bag = bench.folder.path.appending("out/TDR-2026-C")
        #expect(try names(in: bag.appending("data/Records")) == ["a.txt", "b.txt", "empty"])
        let csv = String(decoding: try contents(of: bag.appending("file-metadata.csv")), as: UTF8.self)
        #expect(!csv.contains("sub") && csv.contains("a.txt"))
        let kept = try StoreRows.texts(
            bench.store, "SELECT old || new FROM event WHERE what = 'Withdrawn' ORDER BY id")
        #expect(kept.count == 5)
        #expect(kept[0].contains("Records/b.txt") && kept[0].contains("not ours"))
        let late = try bench.tdr("withdraw", "TDR-2026-C", "Records/a.txt", "--reason", "too late")
        #expect(late.code == 1 && late.errors.contains("custody has passed"), "\(late.errors)")
        for words: [Argument] in [
            ["upload", "--replace", "TDR-2026-C", "b.txt"], ["cancel", "TDR-2026-C", "--reason", "x"],
        ] {
            let refused = try Program.run(
                Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
            #expect(refused.code == 1 && refused.errors.contains("custody has passed"), "\(refused.errors)")
        }
    }

    @Test("refuses what would leave nothing, what is not there, and a folder in place of a file; nothing is changed")
    func refused() throws {
        let bench = try RepairTests.bench()
        try bench.folder.make("Wrong", ["a.txt": ["in": "x"], "nowhere.txt": "y"])
        try bench.folder.make("a.txt", "single")
        let before = try StoreRows.all(bench.store)
        let cases: [([Argument], String)] = [
            (["withdraw", "TDR-2026-C", "Records", "--reason", "all"], "tdr cancel"),
            (["withdraw", "TDR-2026-C", "Records/none", "--reason", "x"], "has no file or folder"),
            (["upload", "--replace", "TDR-2026-C", "Wrong"], "a folder here"),
            (["upload", "--replace", "TDR-2026-C", "Wrong/nowhere.txt"], "no file of that name"),
            (["upload", "--replace", "TDR-2026-C", "gone"], "No such file"),
            (["upload", "--replace", "TDR-2026-C", "store/tdr.sqlite"], "contain one another"),
            (["upload", "--replace", "TDR-2026-C", "a.txt", "--as", "Records/sub"], "a file here"),
            (["upload", "--add", "TDR-2026-C", "a.txt", "--as", "Other/a.txt"], "begin with"),
            (["upload", "--add", "TDR-2026-C", "a.txt", "--as", "Records/a.txt/b"], "is a file in the consignment"),
        ]
        for (words, said) in cases {
            let finished = try Program.run(
                Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
            #expect(finished.code == 1 && finished.errors.contains(said), "\(words.map(\.bytes)): \(finished.errors)")
        }
        for words: [Argument] in [
            ["upload", "--replace", "TDR-2026-C"], ["upload", "--add", "x", "--replace", "y", "z"],
            ["withdraw", "TDR-2026-C", "Records/a.txt"], ["withdraw", "TDR-2026-C", "../x", "--reason", "x"],
            ["cancel", "TDR-2026-C"],
        ] {
            let finished = try Program.run(
                Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
            #expect([1, 64].contains(finished.code), "\(finished.errors)")
        }
        #expect(try StoreRows.all(bench.store) == before)
    }

    @Test("withdrawing one file after the other ends at the last one")
    func lastFile() throws {
        let bench = try Workbench(["a": "x", "b": "y"])
        try bench.upload()
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/a", "--reason", "x").code == 0)
        let last = try bench.tdr("withdraw", "TDR-2026-C", "Records/b", "--reason", "x")
        #expect(last.code == 1 && last.errors.contains("no file would be left"))
        try sound(bench)
    }

    @Test("waits for nobody: while a check runs every change ends with 75 and changes nothing")
    func busy() throws {
        let bench = try InterruptionTests.bench()
        try bench.upload()
        try bench.folder.make("f1", "another")
        let running = try bench.start("check", "TDR-2026-D", "--antivirus", "none")
        let begun = waitUntil {
            running.hasEnded
                || (try? StoreRows.value(
                    bench.store, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'ServerFFID'")) ?? 0 > 0
        }
        try #require(begun)
        running.send(SIGSTOP)
        if !running.hasEnded {
            let all: [[Argument]] = [
                ["upload", "--replace", "TDR-2026-D", "f1", "--as", "Records/d0/f1"],
                ["upload", "--add", "TDR-2026-D", "f1"], ["withdraw", "TDR-2026-D", "Records/d1", "--reason", "x"],
                ["cancel", "TDR-2026-D", "--reason", "x"],
            ]
            for words in all {
                let other = try Program.run(
                    Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
                #expect(other.code == 75 && other.errors.contains("another process"), "\(other.code) \(other.errors)")
            }
        }
        running.send(SIGCONT)
        #expect(try running.wait().code == 0)
        try sound(bench)
    }

    @Test("lets two people change one consignment at once: each change is whole, or its maker is told to wait")
    func twoPeople() throws {
        let bench = try InterruptionTests.bench()
        try bench.upload()
        try bench.folder.make(
            "Fix",
            .folder(
                (0..<20).map { folder in
                    (Name("d\(folder)"), .folder((0..<110).map { (Name("f\($0)"), .bytes(50 + $0, of: 0x30)) }))
                }))
        let both = [
            try bench.start("upload", "--replace", "TDR-2026-D", "Fix"),
            try bench.start("withdraw", "TDR-2026-D", "Records/d3", "--reason", "x"),
        ]
        let ended = try both.map { try $0.wait() }
        // The second may also come first: then the folder that it took out is no more there to replace.
        for finished in ended { #expect([0, 1, 75].contains(finished.code), "\(finished.errors)") }
        #expect(ended.contains { $0.code == 0 })
        try sound(bench)
    }

    @Test("a file that is killed while it is replaced has its old bytes or its new ones, and the same command ends it")
    func killed() throws {
        let seed = getenv("TDR_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_261_125
        var kills = Kills(12)
        var generator = SeededGenerator(seed: seed)
        let bench = try Workbench(
            .folder((0..<300).map { (Name("f\($0)"), .bytes(3000 + $0, of: 0x61)) }))
        try bench.upload()
        try bench.folder.make(
            "New", .folder((0..<300).map { (Name("f\($0)"), .bytes(3000 + $0 / 2 * 2, of: 0x62)) }))
        let words: [Argument] = ["upload", "--replace", "TDR-2026-C", "New"]
        let clock = ContinuousClock()
        let start = clock.now
        try InterruptionTests.copy(of: bench)(words)
        let whole = clock.now - start
        let microseconds = Double(whole.components.attoseconds) / 1e12 + Double(whole.components.seconds) * 1e6
        while let round = kills.next() {
            let trial = try InterruptionTests.copy(of: bench)
            let running = try trial.start(words)
            usleep(UInt32(Double.random(in: 0...1, using: &generator) * microseconds))
            try kills.kill(running)
            #expect(try StoreRows.wrongTallies(trial.store) == [], "\(round)")
            for number in stride(from: 0, to: 300, by: 7) {
                let path = "Records/f\(number)"
                let bytes = try contents(of: StoreRows.object(trial.store, path))
                let recorded =
                    try StoreRows.value(
                        trial.store, "SELECT lower(hex(sha256)) FROM file WHERE path = CAST('\(path)' AS BLOB)")
                    as String?
                #expect(SHA256Digest.of(bytes).hex == recorded, "\(round) \(path)")
                #expect(Set(bytes) == [0x61] || Set(bytes) == [0x62], "\(round) \(path)")
            }
            let again = try trial.run(words)
            #expect(again.code == 0, "\(round): \(again.errors)")
            #expect(try StoreRows.strayObjects(trial.store) == [], "\(round)")
            #expect(try contents(of: StoreRows.object(trial.store, "Records/f299")).first == 0x62)
        }
        #expect(kills.hits > 0)
        print("a replacement: \(kills), \(whole)")
    }

    @Test("an upload that goes on takes neither what was withdrawn nor the old bytes of what was replaced")
    func resumed() throws {
        let bench = try RepairTests.bench()
        try bench.folder.make("a.txt", "from elsewhere")
        #expect(try bench.tdr("upload", "--replace", "TDR-2026-C", "a.txt").code == 0)
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/b.txt", "--reason", "x").code == 0)
        try StoreRows.execute(
            bench.store, "UPDATE consignmentStatus SET value = 'InProgress' WHERE statusType = 'Upload'")
        let resumed = try bench.tdr("upload", "--resume", "TDR-2026-C")
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(try contents(of: StoreRows.object(bench.store, "Records/a.txt")) == Array("from elsewhere".utf8))
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM file WHERE fileType = 'File'") as Int? == 3)
        try sound(bench)
    }

    @Test("records that lie in place are mended in place, and nothing else is taken for them")
    func inPlace() throws {
        let bench = try Workbench(["a.txt": "first", "b.txt": "second"])
        try bench.upload("--in-place")
        #expect(try check(bench).code == 0)
        try bench.folder.make("a.txt", "elsewhere")
        let refused = try bench.tdr("upload", "--replace", "TDR-2026-C", "a.txt")
        #expect(refused.code == 1 && refused.errors.contains("lie in place"), "\(refused.errors)")
        try Tree.file(Array("mended".utf8)).make(at: bench.records.appending("a.txt"))
        try Tree.file(Array("new".utf8)).make(at: bench.records.appending("c.txt"))
        #expect(try bench.tdr("upload", "--replace", "TDR-2026-C", "Records/a.txt").code == 0)
        #expect(try bench.tdr("upload", "--add", "TDR-2026-C", "Records/c.txt").code == 0)
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/b.txt", "--reason", "x", "--purge").code == 0)
        #expect(exists(bench.records.appending("b.txt")))
        #expect(try check(bench).code == 0)
        try bench.folder.make("out", [:])
        #expect(try bench.tdr("export", "TDR-2026-C", "--to", "out", "--form", "folder").code == 0)
        let data = bench.folder.path.appending("out/TDR-2026-C/data/Records")
        #expect(try names(in: data) == ["a.txt", "c.txt"])
        #expect(try contents(of: data.appending("a.txt")) == Array("mended".utf8))
        #expect(try StoreRows.wrongTallies(bench.store) == [])
    }

    @Test("an infected file that a clean one replaces leaves the quarantine, and its old bytes are gone")
    func quarantine() throws {
        let bench = try Workbench(["good": "good", "bad": .file(Clamd.eicar)])
        try bench.upload()
        let words: [Argument] = ["check", "TDR-2026-C", "--antivirus", "yara"]
        func check() throws -> Finished {
            try Program.run(Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
        }
        #expect(try check().code == 2)
        #expect(try bench.tdr("quarantine").code == 2)
        // The same bytes are left alone: they are as infected as before.
        #expect(try bench.tdr("upload", "--replace", "TDR-2026-C", "Records/bad").code == 0)
        #expect(try bench.tdr("quarantine").code == 2)
        try Tree.file(Array("clean".utf8)).make(at: bench.records.appending("bad"))
        #expect(try bench.tdr("upload", "--replace", "TDR-2026-C", "Records/bad").code == 0)
        #expect(try bench.tdr("quarantine").code == 0)
        let place = bench.store.appending("quarantine")
        #expect(try names(in: place).flatMap { try names(in: place.appending($0)) } == [])
        #expect(try check().code == 0)
        try sound(bench)
        // Withdrawn while it is held: its bytes stay there until that is said otherwise.
        try bench.folder.make("worse", .file(Clamd.eicar))
        #expect(try bench.tdr("upload", "--add", "TDR-2026-C", "worse").code == 0)
        #expect(try check().code == 2)
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/worse", "--reason", "infected").code == 0)
        #expect(try bench.tdr("quarantine").code == 0)
        #expect(try names(in: place).flatMap { try names(in: place.appending($0)) }.count == 1)
        #expect(try bench.tdr("withdraw", "TDR-2026-C", "Records/worse", "--reason", "gone", "--purge").code == 0)
        #expect(try names(in: place).flatMap { try names(in: place.appending($0)) } == [])
        #expect(try check().code == 0)
        try sound(bench)
    }

    @Test("an export that was begun and not ended must be ended first; one that failed allows repair")
    func exportBegun() throws {
        let bench = try RepairTests.bench()
        #expect(try check(bench).code == 0)
        try bench.folder.make("a.txt", "mended")
        for (value, code) in [("InProgress", 1), ("Failed", 0)] as [(String, Int32)] {
            try StoreRows.execute(
                bench.store,
                "INSERT OR REPLACE INTO consignmentStatus VALUES (1, 'Export', '\(value)', 0, 0)")
            let done = try bench.tdr("upload", "--replace", "TDR-2026-C", "a.txt")
            #expect(done.code == code, "\(value): \(done.errors)")
            if code == 1 { #expect(done.errors.contains("run the export again")) }
        }
    }

    @Test("cancels for good, and removes the bytes when that is said, also later")
    func cancel() throws {
        let bench = try RepairTests.bench()
        #expect(try bench.tdr("cancel", "TDR-2026-C", "--reason", "the wrong share").code == 0)
        try sound(bench)
        for words: [Argument] in [
            RepairTests.checking, ["export", "TDR-2026-C", "--to", "."],
            ["withdraw", "TDR-2026-C", "Records/a.txt", "--reason", "x"], ["upload", "--add", "TDR-2026-C", "Records"],
        ] {
            let refused = try Program.run(
                Program.tdr, words, environment: bench.environment(), directory: bench.folder.path)
            #expect(refused.code == 1 && refused.errors.contains("it was cancelled"), "\(refused.errors)")
        }
        #expect(try bench.tdr("check", "--pending", "--antivirus", "none").code == 0)
        let status = try bench.tdr("status", "TDR-2026-C")
        #expect(status.code == 0 && status.output.contains("the wrong share"))
        #expect(try bench.tdr("cancel", "TDR-2026-C", "--reason", "now really", "--purge").code == 0)
        #expect(
            try names(in: bench.store.appending("objects")).flatMap {
                try names(in: bench.store.appending("objects").appending(Name($0).bytes))
            } == [])
        #expect(try bench.upload() == "TDR-2026-D")
    }
}
