import Glibc
import Streams
import TDRTestSupport
import Testing

@Suite struct DamageTests {
    @Test("never crashes on a damaged database, wherever a bit of it is flipped", .timeLimit(.minutes(30)))
    func flippedBits() throws {
        let flips = getenv("TDR_FLIPS").flatMap { Int(String(cString: $0)) } ?? 60
        let bench = try Workbench([
            "a": "one", "b": "two", "sub": ["c": "three", "empty": [:], "zero": ""], "bin": .bytes(100, of: 0x81),
        ])
        let reference = try bench.upload()
        try bench.tdr("check", Argument(reference), "--antivirus", "none")
        // One file with everything in it.
        try StoreRows.checkpoint(bench.store)
        let whole = try contents(of: bench.store.appending("tdr.sqlite"))
        var generator = SeededGenerator(seed: 20_260_102)
        var failures = 0
        for round in 0..<flips {
            var bytes = whole
            // Most of them where rows are, not in the empty rest of a page.
            var place = Int.random(in: 0..<bytes.count, using: &generator)
            if !round.isMultiple(of: 4) { while bytes[place] == 0 { place = (place + 1) % bytes.count } }
            bytes[place] ^= UInt8(1) << UInt8.random(in: 0...7, using: &generator)
            let store = bench.folder.appending(Name("store\(round)"))
            try Tree.folder([("tdr.sqlite", .file(bytes))]).make(at: store)
            let commands: [[Argument]] = [
                ["status", "--json"], ["status", "TDR-2026-C"], ["status", "TDR-2026-C", "--files", "--json"],
                ["check", "TDR-2026-C", "--antivirus", "none", "--again"], ["export", "TDR-2026-C", "--to", "."],
                ["upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body"],
            ]
            for words in commands {
                let finished = try Program.run(
                    Program.tdr, words, environment: bench.environment(["TDR_STORE": Argument(store)]),
                    directory: bench.folder.path)
                let told = "bit flipped at \(place): \(words.map { String(decoding: $0.bytes, as: UTF8.self) })"
                #expect(finished.signal == nil, "\(told): \(finished.errors.suffix(600))")
                #expect([0, 1, 2].contains(finished.code), "\(told): \(finished.code)")
                if finished.code == 1 { failures += 1 }
                if finished.signal != nil { break }
            }
        }
        #expect(failures > 0)
    }

    /// A small disk of its own; nil where nobody may mount one.
    final class SmallDisk {
        static let isPossible = isRoot && (try? SmallDisk(megabytes: 1)) != nil

        let path: BytePath
        private let folder: TemporaryFolder

        init?(megabytes: Int) throws {
            folder = try TemporaryFolder()
            try setMode(folder.path, 0o755)
            path = try folder.make("disk", [:])
            let mounted = try Program.run(
                BytePath("/bin/mount"), ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", Argument(path)])
            if mounted.code != 0 { return nil }
        }

        deinit { _ = try? Program.run("/bin/umount", ["-l", Argument(path)]) }
    }

    @Test(
        "says that the disk is full, keeps a true state, and goes on when there is room",
        .enabled(if: SmallDisk.isPossible, "no disk of its own can be mounted here"))
    func diskFull() throws {
        let disk = try #require(try SmallDisk(megabytes: 24))
        let files = (0..<2500).map { (Name("f\($0)"), Tree.bytes(4000, of: UInt8(0x61 + $0 % 20))) }
        let bench = try Workbench(.folder(files))
        let store = Argument(disk.path.appending("store"))
        // Too little from the start: said before anything is made.
        let ballast = disk.path.appending("ballast")
        try Tree.bytes(20 << 20).make(at: ballast)
        let refused = try bench.tdr(
            "upload", "Records", "--series", "s", "--body", "b", environment: ["TDR_STORE": store])
        #expect(refused.code == 1)
        #expect(refused.errors.contains("bytes free"), "\(refused.errors)")
        // Room that goes away while it works: the disk is filled as soon as the consignment is there.
        try remove(ballast)
        let running = try bench.start(
            "upload", "Records", "--series", "s", "--body", "b", environment: ["TDR_STORE": store])
        let place = disk.path.appending("store")
        _ = waitUntil {
            running.hasEnded || ((try? StoreRows.value(place, "SELECT count(*) FROM consignment") ?? 0) ?? 0) > 0
        }
        running.send(SIGSTOP)
        _ = try Program.run(
            BytePath("/bin/dd"), ["if=/dev/zero", "of=\(ballast.display)", "bs=64k", "status=none"])
        running.send(SIGCONT)
        let full = try running.wait()
        if full.code != 0 {
            #expect(full.code == 1, "\(full.errors)")
            #expect(full.errors.contains("full") || full.errors.contains("No space"), "\(full.errors)")
            #expect(full.output == "")
        }
        try remove(ballast)
        #expect(try StoreRows.texts(place, "PRAGMA integrity_check") == ["ok"])
        #expect(try StoreRows.wrongTallies(place) == [])
        let again = try bench.tdr(
            "upload", "Records", "--series", "s", "--body", "b", environment: ["TDR_STORE": store])
        #expect(again.code == 0, "\(again.errors)")
        #expect(
            try bench.tdr("check", Argument(again.line), "--antivirus", "none", environment: ["TDR_STORE": store]).code
                == 0)
        #expect(try StoreRows.strayObjects(place) == [])
    }

    @Test(
        "asks for no room that it has used already when it goes on",
        .enabled(if: SmallDisk.isPossible, "no disk of its own can be mounted here"))
    func roomOfResumedUploads() throws {
        let disk = try #require(try SmallDisk(megabytes: 24))
        let bench = try Workbench([
            "one": .bytes(5 << 20), "two": .bytes(5 << 20), "three": .bytes(5 << 20), "closed": "x",
        ])
        try Nobody.own(bench)
        _ = try Program.run("/bin/chown", ["65534:65534", Argument(disk.path)])
        try setMode(bench.records.appending("closed"), 0)
        let store: [Argument] = ["--store", Argument(disk.path.appending("store"))]
        #expect(try Nobody.tdr(bench, Workbench.uploading + store).code == 2)
        try setMode(bench.records.appending("closed"), 0o644)
        let resumed = try Nobody.tdr(bench, ["upload", "--resume", "TDR-2026-C"] + store)
        #expect(resumed.code == 0, "\(resumed.errors)")
    }
}
