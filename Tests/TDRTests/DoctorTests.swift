import Glibc
import Streams
import TDRTestSupport
import Testing

/// Whether everything runs under a sanitizer, as `scripts/test.sh` says.
private let isSanitized = getenv("SANITIZE").map { $0.pointee != 0 } ?? false

/// `tdr doctor`, run as a program, on parts that are sound and parts that are broken.
@Suite struct DoctorTests {
    /// The signatures of the distribution are as old as they are.
    private static let calm: [Argument] = ["doctor", "--max-signature-age", "99999"]

    private func doctor(
        _ bench: Workbench, _ more: Argument..., environment: [String: Argument] = [:]
    ) throws -> Finished {
        try Program.run(
            Program.tdr, Self.calm + more, environment: bench.environment(environment), directory: bench.folder.path)
    }

    /// The level and what was found of the lines about `area`.
    private func lines(
        _ finished: Finished, about area: String
    ) throws -> [(level: String, found: String, mend: String)] {
        try finished.json["lines"]?.elements.filter { $0["area"]?.text == area }.map {
            ($0["level"]?.text ?? "", $0["found"]?.text ?? "", $0["mend"]?.text ?? "")
        } ?? []
    }

    @Test("finds nothing amiss where all is well, says nothing then with --quiet, and changes nothing")
    func allIsWell() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        let target = try bench.folder.make("target", [:])
        let all = try doctor(bench, "--antivirus", "yara", "--target", Argument(target))
        #expect(all.code == 0, "\(all.output)")
        for area in ["yara", "signatures", "libmagic", "store", "database", "leftovers", "target", "clock", "locale"] {
            #expect(all.output.contains("ok  \(area)  "), "\(all.output)")
        }
        let quiet = try doctor(bench, "--antivirus", "yara", "--quiet")
        #expect(quiet.code == 0)
        #expect(quiet.output == "")
        #expect(quiet.errors == "")
        let json = try doctor(bench, "--antivirus", "none", "--json")
        #expect(json.code == 0)
        #expect(try json.json["allIsWell"] == .bool(true))
        #expect(try bench.shell("ls -A target").output == "")
        #expect(try bench.shell("ls -A store").output.split(separator: "\n").allSatisfy { !$0.contains("doctor") })
    }

    @Test("misses clamd where there is none, and where it has gone")
    func noClamd() throws {
        let bench = try Workbench([:])
        let none = try doctor(bench, "--clamd", "/nowhere/clamd.ctl", "--json")
        #expect(none.code == 2)
        #expect(try lines(none, about: "clamd").first?.level == "wrong")
        #expect(try lines(none, about: "clamd").first?.mend.contains("clamav-daemon") == true)
        // A socket at which nobody listens any more.
        try bench.folder.make("socket", .socket)
        let gone = try doctor(bench, "--clamd", Argument(bench.folder.appending("socket")), "--json")
        #expect(gone.code == 2)
        #expect(try lines(gone, about: "clamd").first?.found.contains("cannot be reached") == true)
        let text = try doctor(bench, "--clamd", "/nowhere/clamd.ctl", "--quiet")
        #expect(text.output.contains("wrong"))
        #expect(text.output.contains("mend: sudo systemctl enable --now clamav-daemon"))
        #expect(!text.output.contains("ok "))
    }

    @Test("tells an old database from a fresh one, and one from the future")
    func databaseAge() throws {
        let bench = try Workbench([:])
        func line(_ date: String, _ more: Argument...) throws -> (level: String, found: String, mend: String)? {
            let clamd = try FakeClamd(version: "ClamAV 1.4.6/27000/\(date)\0", .says([]))
            let finished = try Program.run(
                Program.tdr, Self.calm + ["--json", "--clamd", Argument(clamd.socket)] + more,
                environment: bench.environment(), directory: bench.folder.path)
            #expect(finished.code == 2)  // there is no store
            return try lines(finished, about: "clamd database").first
        }
        let fresh = try #require(try line("Thu Jan  1 08:00:00 2026"))
        #expect(fresh.level == "ok", "\(fresh)")
        let old = try #require(try line("Mon Nov 23 08:00:00 2020"))
        #expect(old.level == "warning")
        #expect(old.found.contains("1865 days old"))
        #expect(old.mend == "sudo freshclam")
        #expect(try line("Mon Nov 23 08:00:00 2020", "--require-fresh-antivirus")?.level == "wrong")
        #expect(try line("Mon Nov 23 08:00:00 2020", "--max-database-age", "9999")?.level == "ok")
        #expect(try line("Mon Nov 23 08:00:00 2026")?.found.contains("in the future") == true)
        #expect(try line("yesterday")?.level == "warning")
    }

    @Test("knows the limits of a real clamd, and whether it tells of them", .enabled(if: Clamd.isInstalled))
    func limits() throws {
        let bench = try Workbench([:])
        let silent = try Clamd()
        let warned = try doctor(bench, "--json", "--clamd", Argument(silent.configuration))
        #expect(try lines(warned, about: "clamd").first?.level == "ok")
        let line = try #require(try lines(warned, about: "clamd limits").first)
        #expect(line.level == "warning")
        #expect(line.found.contains("up to 21.0 MB") || line.found.contains("up to 21 MB"), "\(line.found)")
        #expect(line.mend.contains("AlertExceedsMax yes"))
        let open = try Clamd("AlertExceedsMax yes")
        let calm = try doctor(bench, "--json", "--clamd", Argument(open.configuration))
        #expect(try lines(calm, about: "clamd limits").first?.level == "ok")
    }

    @Test("says what is wrong with rules")
    func badRules() throws {
        let bench = try Workbench(["bad.yar": "rule x { condition: nothing_known }"])
        let finished = try doctor(bench, "--json", "--antivirus", "yara", "--yara-rules", "Records/bad.yar")
        #expect(finished.code == 2)
        #expect(try lines(finished, about: "yara").first?.level == "wrong")
        #expect(try lines(finished, about: "yara").first?.found.contains("bad.yar") == true)
    }

    @Test("warns of old signatures")
    func oldSignatures() throws {
        let bench = try Workbench([:])
        let finished = try bench.tdr("doctor", "--antivirus", "none", "--json", "--max-signature-age", "0")
        #expect(try lines(finished, about: "signatures").first?.level == "warning")
        #expect(try lines(finished, about: "signatures").first?.mend == "tdr signatures update")
    }

    @Test("finds a damaged database, one that is none, and one of another program")
    func damage() throws {
        let files = (0..<400).map { (Name("f\($0)"), Tree.bytes(10)) }
        let bench = try Workbench(.folder(files))
        try bench.upload()
        try StoreRows.checkpoint(bench.store)
        let database = bench.store.appending("tdr.sqlite")
        let size = try contents(of: database).count
        for offset in stride(from: 3 * 4096, to: size - 4096, by: 2 * 4096) {
            try overwrite(database, at: offset, with: [UInt8](repeating: 0xA5, count: 512))
        }
        let damaged = try doctor(bench, "--antivirus", "none", "--json")
        #expect(damaged.code == 2)
        #expect(try lines(damaged, about: "database").first?.level == "wrong")
        #expect(try lines(damaged, about: "database").first?.mend.contains("backup") == true)
        try overwrite(database, at: 0, with: Array("no database at all".utf8))
        let none = try doctor(bench, "--antivirus", "none", "--json")
        #expect(none.code == 2)
        #expect(try lines(none, about: "database").first?.level == "wrong")
        let other = try Workbench([:])
        try other.folder.make("store", [:])
        try StoreRows.execute(other.store, "CREATE TABLE theirs (x)")
        let foreign = try doctor(other, "--antivirus", "none", "--json")
        #expect(try lines(foreign, about: "database").first?.found.contains("not the database of a tdr store") == true)
    }

    @Test("names what was interrupted, and the command that goes on")
    func leftovers() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try StoreRows.execute(
            bench.store, "UPDATE consignmentStatus SET value = 'InProgress' WHERE statusType LIKE 'Server%'")
        let target = try bench.folder.make("target", [".TDR-2026-C.tar.gz.tdr-partial": "half", ".other": "x"])
        let finished = try doctor(bench, "--antivirus", "none", "--json", "--target", Argument(target))
        #expect(finished.code == 2)
        #expect(try lines(finished, about: "leftovers").map(\.mend) == ["tdr check TDR-2026-C"])
        let partial = try lines(finished, about: "target").filter { $0.level == "warning" }
        #expect(partial.count == 1)
        #expect(partial.first?.found.contains("cut off") == true)
        try StoreRows.execute(
            bench.store, "UPDATE consignmentStatus SET value = 'InProgress' WHERE statusType = 'Upload'")
        let upload = try doctor(bench, "--antivirus", "none", "--json")
        #expect(try lines(upload, about: "leftovers").map(\.mend).contains("tdr upload --resume TDR-2026-C"))
    }

    @Test("sees a store that others can enter, one it may not write to, and one it may not enter", .enabled(if: isRoot))
    func permissions() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        try Nobody.own(bench)
        try #require(try Nobody.tdr(bench, Workbench.uploading).code == 0)
        let words = Self.calm + ["--antivirus", "none", "--json"]
        try setMode(bench.store, 0o755)
        let open = try Nobody.tdr(bench, words)
        #expect(open.code == 2)
        #expect(try lines(open, about: "permissions").first?.mend == "chmod 700 \(bench.store.text ?? "")")
        try setMode(bench.store, 0o500)
        let closed = try Nobody.tdr(bench, words)
        #expect(closed.code == 2)
        #expect(try lines(closed, about: "store").first?.level == "wrong")
        #expect(try lines(closed, about: "store").first?.found.contains("Permission denied") == true)
        try setMode(bench.store, 0)
        let shut = try Nobody.tdr(bench, words)
        #expect(shut.code == 1)
        #expect(try lines(shut, about: "store").first?.level == "unknown")
        try setMode(bench.store, 0o700)
        let target = try Nobody.tdr(bench, words + ["--target", "/proc/1/root/x"])
        #expect(target.code == 1)
        #expect(try lines(target, about: "target").first?.level == "unknown")
        #expect(try Nobody.tdr(bench, words + ["--target", "/absent"]).code == 2)
    }

    @Test(
        "sees a temporary folder that is full",
        .enabled(if: DamageTests.SmallDisk.isPossible, "no disk of its own can be mounted here"),
        .enabled(if: !isSanitized, "the thread sanitizer keeps files of its own in the temporary folder"))
    func fullTemporaryFolder() throws {
        let disk = try #require(try DamageTests.SmallDisk(megabytes: 2))
        let bench = try Workbench([:])
        let little = try doctor(
            bench, "--antivirus", "none", "--json", environment: ["TMPDIR": Argument(disk.path)])
        #expect(try lines(little, about: "temporary folder").first?.level == "wrong")
        try Tree.bytes(2 << 20).make(at: disk.path.appending("ballast"))
        let full = try doctor(bench, "--antivirus", "none", "--json", environment: ["TMPDIR": Argument(disk.path)])
        #expect(full.code == 2)
        let line = try #require(try lines(full, about: "temporary folder").first)
        #expect(line.level == "wrong")
        #expect(line.found.contains("is full"))
    }

    @Test("does not believe a clock that stands before what the store has seen")
    func clock() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        try bench.upload()
        let finished = try doctor(
            bench, "--antivirus", "none", "--json", environment: ["TDR_CLOCK": "2025-12-31T00:00:00Z"])
        #expect(finished.code == 2)
        #expect(try lines(finished, about: "clock").first?.level == "wrong")
        #expect(try lines(finished, about: "clock").first?.found.contains("2026-01-02T03:04:05Z") == true)
    }

    @Test("leaves an older schema as it is")
    func olderSchema() throws {
        let bench = try Workbench(["a.txt": "hello\n"])
        try bench.upload()
        try StoreRows.execute(
            bench.store, "DROP TABLE quarantine; DELETE FROM grdb_migrations WHERE identifier = 'quarantine'")
        let finished = try doctor(bench, "--antivirus", "none", "--json")
        #expect(finished.code == 0, "\(finished.output)")
        #expect(try lines(finished, about: "database").first?.found.contains("older schema") == true)
        let tables: Int? = try StoreRows.value(
            bench.store, "SELECT count(*) FROM sqlite_schema WHERE name = 'quarantine'")
        #expect(tables == 0)
        try StoreRows.execute(bench.store, "INSERT INTO grdb_migrations VALUES ('from the future')")
        let newer = try doctor(bench, "--antivirus", "none", "--json")
        #expect(newer.code == 2)
        #expect(try lines(newer, about: "database").first?.found.contains("newer tdr") == true)
    }
}
