import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct CheckTests {
    @Test("gives every file its three results and sums them up")
    func results() async throws {
        let bench = try Bench([
            "text": "hello\n", "empty": "", "bom": .file([0xEF, 0xBB, 0xBF]), "latin": .file([0x63, 0xE9, 0x0A]),
            "odd": .file([0x00, 0x81, 0xFF, 0x01]), "page.html": "<!DOCTYPE html><html><title>x</title></html>",
        ])
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(consignment)
        #expect(summary.filesChecked == 6)
        #expect(summary.filesWithProblems == 3)
        #expect(
            summary.statuses == [
                .series: .completed, .upload: .completed, .serverChecksum: .completed,
                .serverFFID: .completedWithIssues, .clientChecks: .completedWithIssues,
                .serverRedaction: .completed,
            ])
        let files = try bench.files(consignment)
        #expect(
            files["Records/text"]?.told == [
                "Upload Success", "ClientChecks Completed", "ClientChecksum Success", "ClientFilePath Success",
                "ChecksumMatch Success", "ServerChecksum Success", "FFID Success",
            ])
        #expect(files["Records/empty"]?.statuses[.ffid] == .zeroByteFile)
        #expect(files["Records/empty"]?.statuses[.clientChecks] == .completedWithIssues)
        #expect(files["Records/bom"]?.statuses[.ffid] == .zeroByteFile)
        #expect(files["Records/latin"]?.statuses[.ffid] == .success)
        #expect(files["Records/odd"]?.statuses[.ffid] == .unidentified)
        #expect(files["Records/odd"]?.statuses[.clientChecks] == .completed)
        #expect(files["Records/page.html"]?.formats.map(\.puid) == ["fmt/471"])
        #expect(files["Records/page.html"]?.formats.first?.mimeType == "text/html")
        #expect(files["Records/page.html"]?.formats.first?.engine.software == "tdr")
        #expect(files["Records/text"]?.serverSHA256 == files["Records/text"]?.sha256)
        #expect(
            try bench.files(consignment, .withProblems).keys.sorted() == [
                "Records/bom", "Records/empty", "Records/odd",
            ])
    }

    @Test("finds a single bit that turned in a stored object, and sees when it is right again")
    func flippedBit() async throws {
        let bench = try Bench(["a": .bytes(2_000_000, of: 0x55), "b": "b"])
        let consignment = try await bench.upload().consignment
        let object = try bench.object("Records/a")
        try setMode(object, 0o600)
        try overwrite(object, at: 1_999_999, with: [0x54])
        let summary = try await bench.check(consignment)
        #expect(summary.statuses[.serverChecksum] == .completedWithIssues)
        let file = try bench.files(consignment)["Records/a"]
        #expect(file?.statuses[.checksumMatch] == .mismatch)
        #expect(file?.statuses[.serverChecksum] == .success)
        #expect(file?.serverSHA256 != file?.sha256)
        #expect(
            file?.reasons[.checksumMatch]
                == "SHA-256 was \(file?.sha256?.hex ?? "") at upload and is \(file?.serverSHA256?.hex ?? "") now")
        try overwrite(object, at: 1_999_999, with: [0x55])
        // What is known stays known until somebody asks again.
        #expect(try await bench.check(consignment).filesChecked == 0)
        #expect(try await bench.check(consignment) { $0.again = true }.filesWithProblems == 0)
        #expect(try bench.files(consignment)["Records/a"]?.reasons == [:])
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test(
        "says of an object that cannot be read that it cannot, and goes on",
        arguments: ["removed", "link", "fifo", "folder", "socket", "grown", "cut"])
    func brokenObject(_ how: String) async throws {
        let bench = try Bench(["a": "abc", "b": "bcd"])
        let consignment = try await bench.upload().consignment
        let object = try bench.object("Records/a")
        try remove(object)
        switch how {
        case "link": try Tree.link("/etc/passwd").make(at: object)
        case "fifo": try Tree.fifo.make(at: object)
        case "folder": try Tree.folder([]).make(at: object)
        case "socket": try Tree.socket.make(at: object)
        case "grown": try Tree("abcd").make(at: object)
        case "cut": try Tree("ab").make(at: object)
        default: break
        }
        let summary = try await bench.check(consignment)
        let file = try bench.files(consignment)["Records/a"]
        if how == "grown" || how == "cut" {
            #expect(file?.statuses[.checksumMatch] == .mismatch)
        } else {
            #expect(file?.statuses[.checksumMatch] == .failed)
            #expect(file?.statuses[.serverChecksum] == .failed)
            #expect(file?.statuses[.ffid] == .failed)
            #expect(file?.reasons[.serverChecksum]?.isEmpty == false)
            #expect(summary.statuses[.serverChecksum] == .failed)
            // Mended, the next run takes this one alone.
            if how == "folder" { try remove(object, folder: true) } else if how != "removed" { try remove(object) }
            try Tree("abc").make(at: object)
            #expect(try await bench.check(consignment).filesChecked == 1)
            #expect(try bench.store.report(on: consignment).filesWithProblems == 0)
        }
        #expect(try bench.files(consignment)["Records/b"]?.statuses[.checksumMatch] == .success)
    }

    @Test("never gives a digest to an object that is written to while it is read")
    func restlessObject() async throws {
        let bench = try Bench(["a": .bytes(24 << 20)])
        let consignment = try await bench.upload().consignment
        try setMode(bench.object("Records/a"), 0o600)
        let writer = try Meddler(bench.object("Records/a"), "rewrites")
        try await bench.check(consignment)
        writer.stop()
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.serverChecksum] == .failed)
        #expect(try bench.files(consignment)["Records/a"]?.serverSHA256 == nil)
    }

    @Test("reads only what lacks a result, one check or one file as asked")
    func selection() async throws {
        let bench = try Bench(["a": "1", "b": "2", "sub": ["c": "3"]])
        let consignment = try await bench.upload().consignment
        let one = RelativePath("Records/sub/c")
        #expect(try await bench.check(consignment) { $0.file = one }.filesChecked == 1)
        #expect(try bench.store.statuses(of: consignment)[.serverChecksum] == .inProgress)
        #expect(try await bench.check(consignment) { $0.checks = [.checksum] }.filesChecked == 2)
        #expect(try bench.store.statuses(of: consignment)[.serverChecksum] == .completed)
        #expect(try bench.store.statuses(of: consignment)[.serverFFID] == .inProgress)
        #expect(try await bench.check(consignment).filesChecked == 2)
        #expect(try await bench.check(consignment).filesChecked == 0)
        #expect(try await bench.check(consignment) { $0.again = true }.filesChecked == 3)
        #expect(
            try await bench.check(consignment) {
                $0.again = true
                $0.file = one
            }.filesChecked == 1)
        #expect(try bench.store.report(on: consignment).areChecksComplete)
        await #expect(throws: CheckError.self) {
            try await bench.check(consignment) { $0.file = RelativePath("Records/none") }
        }
    }

    @Test("gives the same rows with one job and with eight")
    func jobs() async throws {
        var entries: [(Name, Tree)] = []
        for number in 0..<300 { entries.append((Name("f\(number)"), .bytes(number * 37, of: UInt8(number % 256)))) }
        let bench = try Bench(["many": .folder(entries), "big": .bytes(5 << 20)])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment) {
            $0.again = true
            $0.jobs = 1
        }
        let single = try StoreRows.all(bench.storePath)
        try await bench.check(consignment) {
            $0.again = true
            $0.jobs = 8
        }
        #expect(try StoreRows.all(bench.storePath) == single)
    }

    @Test("leaves the antivirus status empty when that was decided, and keeps the decision")
    func withoutAntivirus() async throws {
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(consignment, antivirus: .none)
        #expect(summary.statuses[.serverAntivirus] == nil)
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == nil)
        #expect(try bench.store.report(on: consignment).withoutAntivirus)
        #expect(try bench.store.report(on: consignment).areChecksComplete)
        // Deciding otherwise takes it back.
        try await bench.check(consignment, antivirus: .clamd(BytePath("/no/such/socket")))
        #expect(try !bench.store.report(on: consignment).withoutAntivirus)
        #expect(try !bench.store.report(on: consignment).areChecksComplete)
    }

    @Test("checks nothing before the upload is over")
    func unfinishedUpload() async throws {
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        try StoreRows.execute(
            bench.storePath, "UPDATE consignmentStatus SET value = 'InProgress' WHERE statusType = 'Upload'")
        await #expect(throws: CheckError.self) { try await bench.check(consignment) }
    }

    @Test("lets one process work on a consignment at a time")
    func lock() async throws {
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        do {
            let held = try ConsignmentLock(consignment, in: bench.store, for: "test")
            await #expect {
                try await bench.check(consignment)
            } throws: { ($0 as? StoreError)?.isBusy == true }
            #expect(try bench.store.report(on: consignment).isBeingWorkedOn)
            withExtendedLifetime(held) {}
        }
        #expect(try !bench.store.report(on: consignment).isBeingWorkedOn)
        #expect(try await bench.check(consignment).filesChecked == 1)
    }

    @Test("tells others when it breaks off by an error, and goes on when that is mended")
    func crash() async throws {
        let bench = try Bench(["a": "1", "b": "2"])
        let consignment = try await bench.upload().consignment
        try StoreRows.execute(
            bench.storePath,
            "CREATE TRIGGER broken BEFORE INSERT ON formatMatch BEGIN SELECT RAISE(ABORT, 'out of order'); END")
        await #expect(throws: (any Error).self) { try await bench.check(consignment) }
        let told = "SELECT event || ' ' || message FROM notice"
        let notices = try StoreRows.texts(bench.storePath, told)
        #expect(notices.count == 1)
        #expect(notices.first?.hasPrefix("ChecksCrashed ") == true, "\(notices)")
        #expect(notices.first?.contains("out of order") == true, "\(notices)")
        #expect(try bench.store.statuses(of: consignment)[.serverFFID] == .inProgress)
        try StoreRows.execute(bench.storePath, "DROP TRIGGER broken")
        #expect(try await bench.check(consignment).filesChecked == 2)
        #expect(try bench.store.report(on: consignment).areChecksComplete)
        #expect(try StoreRows.texts(bench.storePath, told).count == 1)
    }

    @Test("tells nobody when somebody stops it")
    func stopIsNoCrash() async throws {
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        let task = Task { try await bench.check(consignment) }
        task.cancel()
        _ = await task.result
        #expect(try StoreRows.texts(bench.storePath, "SELECT event FROM notice") == [])
    }

    @Test("stops when it is told to, keeps what it found, and goes on from there")
    func cancellation() async throws {
        var entries: [(Name, Tree)] = []
        for number in 0..<3000 { entries.append((Name("f\(number)"), "x")) }
        let bench = try Bench(["many": .folder(entries)])
        let consignment = try await bench.upload().consignment
        let task = Task { try await bench.check(consignment) }
        task.cancel()
        _ = await task.result
        let first = try bench.store.report(on: consignment).checked(.checksum)
        #expect(try await bench.check(consignment).filesChecked == 3000 - first)
        #expect(try bench.store.report(on: consignment).areChecksComplete)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }
}

@Suite(.enabled(if: Clamd.isInstalled, "clamd is not installed: Debian's package clamav-daemon has it"))
struct AntivirusTests {
    private static let records: Tree = [
        "clean": "nothing here", "virus": .file(Clamd.eicar), "sub": ["also": .file(Clamd.eicar)], "empty": "x",
    ]

    @Test("finds EICAR by clamd, names it, and passes what is clean", arguments: ["socket", "configuration"])
    func finds(_ place: String) async throws {
        let clamd = try Clamd()
        let bench = try Bench(AntivirusTests.records)
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(
            consignment, antivirus: .clamd(place == "socket" ? clamd.socket : clamd.configuration))
        #expect(summary.engines.first?.software == "ClamAV")
        #expect(summary.statuses[.serverAntivirus] == .completedWithIssues)
        let files = try bench.files(consignment)
        #expect(files["Records/virus"]?.statuses[.antivirus] == .virusDetected)
        #expect(files["Records/virus"]?.reasons[.antivirus]?.contains("Tdr.Eicar") == true)
        #expect(files["Records/virus"]?.antivirus.first?.result?.contains("Tdr.Eicar") == true)
        #expect(files["Records/sub/also"]?.statuses[.antivirus] == .virusDetected)
        #expect(files["Records/clean"]?.statuses[.antivirus] == .success)
        #expect(files["Records/clean"]?.antivirus.first?.result == "")
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("scans the stored bytes even when the file is clean at the source by then")
    func scansObjects() async throws {
        let clamd = try Clamd()
        let bench = try Bench(["a": .file(Clamd.eicar)])
        let consignment = try await bench.upload().consignment
        try bench.folder.make("Records/a", "clean now")
        try await bench.check(consignment, antivirus: .clamd(clamd.socket)) { $0.checks = [.antivirus] }
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == .virusDetected)
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.ffid] == nil)
    }

    @Test("says of files larger than clamd looks at that they were not scanned")
    func tooLarge() async throws {
        let clamd = try Clamd(maxFileSize: "1M")
        let bench = try Bench([
            "small": .bytes(1 << 20), "large": .file(Clamd.eicar + [UInt8](repeating: 0x20, count: 1 << 20)),
        ])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: .clamd(clamd.configuration))
        let files = try bench.files(consignment)
        #expect(files["Records/small"]?.statuses[.antivirus] == .success)
        #expect(files["Records/large"]?.statuses[.antivirus] == .failed)
        #expect(files["Records/large"]?.reasons[.antivirus]?.contains("MaxFileSize") == true)
        #expect(try bench.store.statuses(of: consignment)[.serverAntivirus] == .failed)
    }

    @Test("calls nothing clean when clamd was killed, and scans what is left when it is back")
    func killed() async throws {
        let bench = try Bench(["a": "1", "b": "2"])
        let consignment = try await bench.upload().consignment
        do {
            let clamd = try Clamd()
            clamd.end()
            let summary = try await bench.check(consignment, antivirus: .clamd(clamd.socket))
            #expect(summary.engineMissing?.contains("cannot be reached") == true)
            #expect(summary.statuses[.serverAntivirus] == .failed)
            #expect(summary.statuses[.serverChecksum] == .completed)
        }
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == .failed)
        let clamd = try Clamd()
        #expect(try await bench.check(consignment, antivirus: .clamd(clamd.socket)).filesChecked == 2)
        #expect(try bench.store.report(on: consignment).areChecksComplete)
        #expect(try bench.files(consignment)["Records/a"]?.reasons == [:])
    }

    @Test("calls nothing clean when clamd hangs")
    func hangs() async throws {
        let clamd = try Clamd()
        clamd.send(SIGSTOP)
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(consignment, antivirus: .clamd(clamd.socket))
        #expect(summary.engineMissing?.contains("has not answered in time") == true)
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == .failed)
    }

    @Test("scans more files than clamd takes at once, from many threads")
    func many() async throws {
        let clamd = try Clamd()
        var entries: [(Name, Tree)] = []
        for number in 0..<400 {
            entries.append((Name("f\(number)"), number.isMultiple(of: 50) ? .file(Clamd.eicar) : .bytes(number + 1)))
        }
        let bench = try Bench(["many": .folder(entries)])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: .clamd(clamd.socket)) { $0.jobs = 8 }
        let counts = try bench.store.report(on: consignment).fileCounts[.antivirus]
        #expect(counts == [.success: 392, .virusDetected: 8])
        for (path, file) in try bench.files(consignment) where file.statuses[.antivirus] == .virusDetected {
            #expect(Int(path.dropFirst("Records/many/f".count))?.isMultiple(of: 50) == true)
        }
    }
}

@Suite struct FakeClamdTests {
    private static func told(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

    @Test(
        "takes nothing but clamd's own words for clean",
        arguments: [
            ("", .closesAfter([])),
            ("a word that is none", .says(told("1: fd[10]: Nonsense"))),
            ("an error", .says(told("1: fd[10]: lstat() failed ERROR"))),
            ("OK in the middle", .says(told("1: fd[10]: OK but not quite"))),
            ("the letters alone", .says(told("1: fd[10]: ok"))),
            ("an empty answer", .says(told(""))),
            ("an unknown command", .says(told("UNKNOWN COMMAND"))),
            ("the limit", .says(told("1: INSTREAM size limit exceeded. ERROR"))),
            ("no end", .saysWithoutEnd([UInt8](repeating: 0x61, count: 65_536))),
            ("cut off", .closesAfter(Array("1: fd[10]: O".utf8))),
            ("cut off before the end", .closesAfter(Array("1: fd[10]: OK".utf8))),
            ("not text", .says([0xFF, 0xFE, 0])),
        ] as [(String, FakeClamd.Manner)])
    func nonsense(_ what: String, _ manner: FakeClamd.Manner) async throws {
        let clamd = try FakeClamd(manner)
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(consignment, antivirus: .clamd(clamd.socket))
        #expect(summary.engineMissing == nil)
        let file = try bench.files(consignment)["Records/a"]
        #expect(file?.statuses[.antivirus] == .failed)
        #expect(file?.reasons[.antivirus]?.isEmpty == false)
        #expect(summary.statuses[.serverAntivirus] == .failed)
        #expect(file?.statuses[.checksumMatch] == .success)
    }

    @Test("understands clamd's own words")
    func words() async throws {
        for (reply, status) in [
            ("1: fd[10]: OK", FileStatusValue.success), ("1: fd[10]: Win.Test.EICAR_HDB-1 FOUND", .virusDetected),
            ("1: fd[10]: A: name with blanks FOUND", .virusDetected),
        ] {
            let clamd = try FakeClamd(.says(FakeClamdTests.told(reply)))
            let bench = try Bench(["a": "1"])
            let consignment = try await bench.upload().consignment
            try await bench.check(consignment, antivirus: .clamd(clamd.socket))
            #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == status, "\(reply)")
        }
    }

    @Test("calls the rest not scanned when clamd goes away in the middle")
    func goesAway() async throws {
        let clamd = try FakeClamd(.saysOnceAndGoes(FakeClamdTests.told("1: fd[10]: OK")))
        let bench = try Bench(["a": "1", "b": "2", "c": "3"])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: .clamd(clamd.socket)) { $0.jobs = 1 }
        let counts = try bench.store.report(on: consignment).fileCounts[.antivirus]
        #expect(counts == [.success: 1, .failed: 2])
    }

    @Test("ends the antivirus step of an earlier check when checks are wished again and none is made any more")
    func antivirusGivenUp() async throws {
        let clamd = try FakeClamd(.says(FakeClamdTests.told("1: fd[10]: OK")))
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment, antivirus: .clamd(clamd.socket))
        let run = RunInfo(actor: "tester", command: "test", version: "0")
        try bench.store.wishChecks(consignment, run: run)
        #expect(try bench.store.statuses(of: consignment)[.serverAntivirus] == .inProgress)
        let summary = try await bench.check(consignment, antivirus: .none)
        #expect(summary.statuses[.serverAntivirus] == .completed)
        #expect(try bench.store.report(on: consignment).state == "Checked")
    }

    @Test("a step that was begun with an engine and never ended says so, and the state does not ask for it")
    func antivirusNeverMade() async throws {
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        // As a check leaves it that was cut off.
        let run = RunInfo(actor: "tester", command: "test", version: "0")
        try bench.store.setStep(.serverAntivirus, to: .inProgress, of: consignment, isNew: true, run: run)
        let summary = try await bench.check(consignment, antivirus: .none)
        #expect(summary.statuses[.serverAntivirus] == .failed)
        #expect(try bench.store.report(on: consignment).state == "Checked")
    }

    @Test(
        "uses no engine that cannot say what it is",
        arguments: ["\0", "Hello\0", "UNKNOWN\0", "/27000/\0"])
    func version(_ version: String) async throws {
        let clamd = try FakeClamd(version: version, .says(FakeClamdTests.told("1: fd[10]: OK")))
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        let summary = try await bench.check(consignment, antivirus: .clamd(clamd.socket))
        #expect(summary.engineMissing != nil)
        #expect(try bench.files(consignment)["Records/a"]?.statuses[.antivirus] == .failed)
    }

    @Test("says what is wrong with a place where no clamd is")
    func places() async throws {
        let folder = try TemporaryFolder()
        let conf = Array("LocalSocket \(folder.path.display)/all/none\n".utf8)
        try folder.make("all", ["plain": "no configuration", "conf": .file(conf), "folder": [:]])
        let bench = try Bench(["a": "1"])
        let consignment = try await bench.upload().consignment
        for name in ["plain", "conf", "folder", "missing"] {
            let summary = try await bench.check(
                consignment, antivirus: .clamd(folder.appending("all").appending(name)))
            #expect(summary.engineMissing?.isEmpty == false)
            #expect(summary.statuses[.serverAntivirus] == .failed)
        }
    }
}
