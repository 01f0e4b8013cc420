import Glibc
import Streams
import TDRTestSupport
import Testing

/// What is left when a run is stopped or killed, and what the same command makes of it.
@Suite struct InterruptionTests {
    /// Records enough that a run can be met in the middle of its work.
    static let records: Tree = {
        var folders: [(Name, Tree)] = []
        for folder in 0..<20 {
            let files = (0..<110).map { file -> (Name, Tree) in
                (Name("f\(file)"), .bytes(1 + (folder * 110 + file) * 31 % 9000, of: UInt8(0x61 + file % 20)))
            }
            folders.append((Name("d\(folder)"), .folder(files)))
        }
        folders.append(("large", .bytes(24 << 20, of: 0x2E)))
        folders.append(("empty folder", [:]))
        return .folder(folders)
    }()

    /// A bench whose store has its id and one tiny consignment already: all ids follow from that.
    static func bench() throws -> Workbench {
        let bench = try Workbench(records)
        try bench.folder.make("Tiny", ["a": "x"])
        let first = try bench.tdr("upload", "Tiny", "--series", "MOCK1 123", "--body", "Mock Body")
        try #require(first.code == 0, "\(first.errors)")
        return bench
    }

    private func lines(_ bench: Workbench, _ sql: String) -> Int {
        // Not there yet, or being written to: no lines that we could count.
        (try? StoreRows.value(bench.store, sql)) ?? 0
    }

    @Test(
        "stops on a signal within its grace, and the same command goes on to the same end",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func upload(_ signal: Int32, _ code: Int32) throws {
        let bench = try InterruptionTests.bench()
        let undisturbed = try InterruptionTests.copy(of: bench)
        let running = try bench.start("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body")
        let begun = waitUntil {
            running.hasEnded || lines(bench, "SELECT count(*) FROM consignment") > 1
        }
        #expect(begun)
        let clock = ContinuousClock()
        let sent = clock.now
        running.send(signal)
        let stopped = try running.wait()
        let took = clock.now - sent
        // A machine under load may have been quick enough to finish first.
        if stopped.code != 0 {
            #expect(stopped.code == code, "\(stopped.errors)")
            #expect(stopped.output == "")
            #expect(took < .seconds(10))
        }
        let again = try bench.tdr("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body")
        #expect(again.code == 0, "\(again.errors)")
        if stopped.code != 0 { #expect(again.output == "TDR-2026-D\n") }
        #expect(try StoreRows.wrongTallies(bench.store) == [])
        #expect(try StoreRows.strayObjects(bench.store) == [])
        if stopped.code != 0 {
            try undisturbed("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body")
            #expect(try StoreRows.all(bench.store) == undisturbed.rows())
        }
    }

    @Test(
        "stops a check on a signal, and the same command goes on to the same end",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func check(_ signal: Int32, _ code: Int32) throws {
        let bench = try InterruptionTests.bench()
        try bench.upload()
        let undisturbed = try InterruptionTests.copy(of: bench)
        let running = try bench.start("check", "TDR-2026-D", "--antivirus", "none")
        let begun = waitUntil {
            running.hasEnded
                || lines(bench, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'ServerFFID'") > 0
        }
        #expect(begun)
        running.send(signal)
        let stopped = try running.wait()
        #expect([0, code].contains(stopped.code), "\(stopped.errors)")
        let again = try bench.tdr("check", "TDR-2026-D", "--antivirus", "none")
        #expect(again.code == 0, "\(again.errors)")
        try undisturbed("check", "TDR-2026-D", "--antivirus", "none")
        #expect(try StoreRows.all(bench.store) == undisturbed.rows())
        #expect(try StoreRows.wrongTallies(bench.store) == [])
    }

    @Test("lets one of two processes have a consignment; the other ends with 75 and changes nothing")
    func busy() throws {
        let bench = try InterruptionTests.bench()
        try bench.upload()
        let undisturbed = try InterruptionTests.copy(of: bench)
        let running = try bench.start("check", "TDR-2026-D", "--antivirus", "none")
        let begun = waitUntil {
            running.hasEnded
                || lines(bench, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'ServerFFID'") > 0
        }
        #expect(begun)
        running.send(SIGSTOP)
        if !running.hasEnded {
            for words in [["check", "TDR-2026-D", "--antivirus", "none"], ["export", "TDR-2026-D", "--to", "."]] {
                let other = try Program.run(
                    Program.tdr, words.map { Argument($0) }, environment: bench.environment(),
                    directory: bench.folder.path)
                #expect(other.code == 75, "\(words): \(other.code) \(other.errors)")
                #expect(other.errors.contains("another process"))
            }
            // Another consignment of the same store is free; to look is always free.
            #expect([0, 2].contains(try bench.tdr("status", "TDR-2026-D").code))
        }
        running.send(SIGCONT)
        #expect(try running.wait().code == 0)
        try undisturbed("check", "TDR-2026-D", "--antivirus", "none")
        #expect(try StoreRows.all(bench.store) == undisturbed.rows())
    }

    @Test("gives both of two uploads at once a reference and every row, or tells one to wait")
    func twoUploads() throws {
        let bench = try InterruptionTests.bench()
        let both = try [0, 1].map { _ in
            try bench.start("upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body", "--new")
        }
        let ended = try both.map { try $0.wait() }
        for finished in ended { #expect([0, 75].contains(finished.code), "\(finished.errors)") }
        #expect(ended.contains { $0.code == 0 })
        #expect(try StoreRows.wrongTallies(bench.store) == [])
        #expect(try StoreRows.strayObjects(bench.store) == [])
        #expect(try StoreRows.texts(bench.store, "PRAGMA integrity_check") == ["ok"])
    }

    @Test("comes to the same rows and the same bag however often it is killed", .timeLimit(.minutes(60)))
    func killed() throws {
        let seed = getenv("TDR_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_260_102
        var generator = SeededGenerator(seed: seed)
        let bench = try InterruptionTests.bench()
        let fresh = try InterruptionTests.copy(of: bench)

        // Undisturbed, step by step; each step's store is the beginning of the next.
        let reference = try InterruptionTests.copy(of: bench)
        let steps: [(name: String, words: [Argument])] = [
            ("upload", Workbench.uploading),
            ("check", ["check", "TDR-2026-D", "--antivirus", "none"]),
            ("export", ["export", "TDR-2026-D", "--to", "out", "--form", "tar.gz"]),
        ]
        var before = fresh
        for step in steps {
            let clock = ContinuousClock()
            let start = clock.now
            try reference(step.words)
            let duration = clock.now - start
            let expected = try reference.rows()
            let bag = try reference.bag()
            var kills = Kills(6)
            while let round = kills.next() {
                let trial = try InterruptionTests.copy(of: before)
                let running = try trial.start(step.words)
                let microseconds =
                    Double(duration.components.attoseconds) / 1e12 + Double(duration.components.seconds) * 1e6
                // A random moment of the run: where it falls is what the test is about, not how long it takes.
                usleep(UInt32(Double.random(in: 0...1.05, using: &generator) * microseconds))
                try kills.kill(running)
                #expect(try StoreRows.wrongTallies(trial.store) == [], "\(step.name) \(round)")
                let named = try StoreRows.strayObjects(trial.store).filter { $0.hasPrefix("named") }
                #expect(named == [], "\(step.name) \(round)")
                if let half = try trial.bag() { #expect(half == bag, "\(step.name) \(round): half a bag") }
                // Until the reference is known, a killed upload may not even have begun: then it is a new one.
                let again = try trial.run(step.words)
                #expect(again.code == 0, "\(step.name) \(round): \(again.errors)")
                if step.name == "upload" {
                    // Finished before the kill, the same words are the next consignment: nothing to compare.
                    if again.output == "TDR-2026-F\n" { continue }
                    #expect(again.output == "TDR-2026-D\n")
                }
                #expect(try trial.rows() == expected, "\(step.name) \(round)")
                #expect(try trial.bag() == bag, "\(step.name) \(round)")
                #expect(try StoreRows.strayObjects(trial.store) == [], "\(step.name) \(round)")
            }
            #expect(kills.hits > 0, "\(step.name)")
            print("\(step.name): \(kills), \(duration)")
            before = try InterruptionTests.copy(of: bench, from: reference)
        }
    }

    /// A store of its own, beside the same records, that begins as a copy.
    struct Trial {
        let bench: Workbench
        let folder: TemporaryFolder
        var store: BytePath { folder.appending("store") }

        private var environment: [String: Argument] { bench.environment(["TDR_STORE": Argument(store)]) }

        /// The records are named from their own folder; `out` becomes this trial's.
        private func own(_ words: [Argument]) -> [Argument] {
            words.map { $0 == "out" ? Argument(folder.appending("out")) : $0 }
        }

        func start(_ words: [Argument]) throws -> RunningProgram {
            try Program.start(Program.tdr, own(words), environment: environment, directory: bench.folder.path)
        }

        func run(_ words: [Argument]) throws -> Finished { try start(words).wait() }

        func callAsFunction(_ words: [Argument]) throws {
            let finished = try run(words)
            try #require(finished.code == 0, "\(finished.errors)")
        }

        func callAsFunction(_ words: Argument...) throws { try self(words) }

        /// The rows, but for the place of the bag, which is each trial's own.
        func rows() throws -> [String] {
            try StoreRows.all(store).map { line in
                line.replacing(folder.path.display, with: "FOLDER").replacing(
                    Hex.encode(folder.path.bytes), with: "FOLDER")
            }
        }

        /// The bag and its sidecar, when there is one under the final name.
        func bag() throws -> [UInt8]? {
            let place = folder.appending("out").appending("TDR-2026-D.tar.gz")
            return exists(place) ? try contents(of: place) : nil
        }
    }

    /// A trial that begins as the bench's store is now, or as another trial's.
    static func copy(of bench: Workbench, from other: Trial? = nil) throws -> Trial {
        let folder = try TemporaryFolder()
        try folder.make("out", [:])
        let finished = try Program.run(
            BytePath("/bin/cp"), ["-a", Argument(other?.store ?? bench.store), Argument(folder.appending("store"))])
        try #require(finished.code == 0)
        return Trial(bench: bench, folder: folder)
    }

    static func copy(of trial: Trial) throws -> Trial { try copy(of: trial.bench, from: trial) }
}
