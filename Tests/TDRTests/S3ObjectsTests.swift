import Glibc
import Streams
import TDRTestSupport
import Testing

/// Stores whose objects are in S3, by the real program: everything that a store in a folder does is done there, too.
@Suite(.serialized) struct S3ObjectsTests {
    static let place = "s3://archive/records"
    /// Found by a rule of our own.
    static let bad = "this-is-the-bad-word"
    static let rule = "rule Bad { strings: $a = \"\(bad)\" condition: $a }"

    /// Records of every kind that is read another way: none, few, a hole, more than one part, and a container.
    static func bench() throws -> Workbench {
        let bench = try Workbench([
            "empty": "", "small": "a few words\n", "large": .bytes(20 << 20, of: 0x2E), "bad": .file(Array(bad.utf8)),
            "folder": ["deep": "more words\n"],
        ])
        try bench.folder.make("out", [:])
        try bench.folder.make("rules.yar", .file(Array(rule.utf8)))
        let made = try Program.run(
            "/usr/bin/python3",
            [
                "-c",
                """
                import sys, zipfile
                with zipfile.ZipFile(sys.argv[1], "w") as zip:
                    # At a time of its own, so that it is the same file whenever it is made.
                    zip.writestr(zipfile.ZipInfo("[Content_Types].xml"),
                                 '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.'
                                 'wordprocessingml.document.main+xml"/></Types>')
                    zip.writestr(zipfile.ZipInfo("word/document.xml"), "x" * 6_000_000)
                with open(sys.argv[2], "wb") as file:
                    file.truncate(9_000_000)
                    file.seek(8_999_990)
                    file.write(b"the end")
                """, Argument(bench.records.appending("letter.docx")), Argument(bench.records.appending("holes")),
            ])
        try #require(made.code == 0, "\(made.errors)")
        return bench
    }

    /// Has the store of `bench` keep its objects on a server that has the bucket.
    private func begin(
        _ bench: Workbench, _ endpoint: String, _ keys: [String: Argument] = S3ExportTests.keys("key")
    ) throws -> Finished {
        try bench.tdr(
            "config", "--objects", Argument(S3ObjectsTests.place), "--endpoint", Argument(endpoint), environment: keys)
    }

    private static let upload: [Argument] = Workbench.uploading
    private static let check: [Argument] = [
        "check", "TDR-2026-C", "--antivirus", "yara", "--yara-rules", "rules.yar", "--json",
    ]

    private func run(_ bench: Workbench, _ words: [Argument], _ keys: [String: Argument]) throws -> Finished {
        let finished = try Program.run(
            Program.tdr, words, environment: bench.environment(keys), directory: bench.folder.path)
        let secret = String(decoding: keys["AWS_SECRET_ACCESS_KEY"]?.bytes ?? [], as: UTF8.self)
        if !secret.isEmpty { #expect(!(finished.output + finished.errors).contains(secret)) }
        return finished
    }

    /// What the checks said of each file, whatever its id.
    private func results(_ bench: Workbench) throws -> [String] {
        try StoreRows.texts(
            bench.store,
            """
            SELECT CAST(path AS TEXT) || ' ' || size || ' ' || lower(hex(sha256)) || ' ' || coalesce(Antivirus, '') || ' '
                || coalesce(ChecksumMatch, '') || ' ' || coalesce(FFID, '') || ' '
                || (SELECT coalesce(group_concat(puid), '') FROM formatMatch WHERE formatMatch.fileId = file.id)
            FROM file JOIN fileStatus ON fileStatus.fileId = file.id WHERE size IS NOT NULL ORDER BY path
            """)
    }

    /// A whole transfer with every act on objects, beside the same one with a store in a folder.
    private func transfer(
        _ endpoint: String, _ keys: [String: Argument], keysOnServer: (Workbench) throws -> [String]
    ) throws {
        let bench = try S3ObjectsTests.bench()
        let local = try S3ObjectsTests.bench()
        let begun = try begin(bench, endpoint, keys)
        #expect(begun.code == 0, "\(begun.errors)")
        #expect(begun.output == "\(S3ObjectsTests.place)\n")
        func both(_ code: Int32, _ words: [Argument]) throws {
            let (there, here) = (try run(bench, words, keys), try run(local, words, [:]))
            #expect(there.code == code, "\(words.map { "\($0)" }): \(there.output)\(there.errors)")
            #expect(here.code == code, "\(words.map { "\($0)" }): \(here.output)\(here.errors)")
        }
        try both(0, S3ObjectsTests.upload)
        #expect(try names(in: bench.store.appending("objects")) == [])
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 7)
        try both(2, S3ObjectsTests.check)
        #expect(try results(bench) == results(local))
        #expect(try results(bench).contains { $0.contains("letter.docx") && $0.contains("fmt/412") })
        #expect(try keysOnServer(bench).filter { $0.contains("/quarantine/") }.count == 1)
        // Again: what is in quarantine is found there.
        try both(2, S3ObjectsTests.check + ["--again"])
        #expect(try results(bench) == results(local))

        try both(0, ["quarantine", "release", "TDR-2026-C", "Records/bad", "--reason", "x"])
        #expect(try keysOnServer(bench).filter { $0.contains("/quarantine/") }.isEmpty)
        try both(2, S3ObjectsTests.check)
        try both(0, ["quarantine", "purge", "TDR-2026-C", "Records/bad", "--reason", "x"])
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 6)
        try both(0, ["withdraw", "TDR-2026-C", "Records/bad", "--reason", "x"])
        try both(0, ["withdraw", "TDR-2026-C", "Records/folder/deep", "--reason", "x", "--purge"])
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 5)
        for one in [bench, local] {
            try one.folder.make("New", ["small": "other words\n", "large": .bytes(17 << 20, of: 0x2F)])
        }
        try both(0, ["upload", "--replace", "TDR-2026-C", "New"])
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 5)
        // The empty file is a finding of its own.
        try both(2, S3ObjectsTests.check)
        #expect(try results(bench) == results(local))

        let allowing: [Argument] = ["--allow", "ZeroByteFile,Unidentified,MultipleFormats", "--reason", "x"]
        try both(0, ["export", "TDR-2026-C", "--to", "out", "--form", "folder"] + allowing)
        for name in ["manifest-sha256.txt", "file-ffid.csv", "file-av.csv"] {
            #expect(
                try contents(of: bench.folder.path.appending("out/TDR-2026-C/\(name)"))
                    == contents(of: local.folder.path.appending("out/TDR-2026-C/\(name)")), "\(name)")
        }
        #expect(try run(bench, ["verify", "out/TDR-2026-C"], [:]).code == 0)
        let doctor = try run(bench, ["doctor", "--antivirus", "none"], keys)
        #expect(doctor.output.contains("'\(S3ObjectsTests.place)' at \(endpoint) can be read"), "\(doctor.output)")

        // A second consignment is ended, and nothing of it stays.
        try both(0, S3ObjectsTests.upload + ["--new"])
        let second = try #require(
            try StoreRows.texts(bench.store, "SELECT reference FROM consignment ORDER BY id DESC LIMIT 1").first)
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 12)
        try both(0, ["cancel", Argument(second), "--reason", "x", "--purge"])
        #expect(try keysOnServer(bench).filter { $0.contains("/objects/") }.count == 5)
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM s3Upload") == 0)
        // The store knows the place; the keys are nowhere.
        try StoreRows.checkpoint(bench.store)
        let database = try contents(of: bench.store.appending("tdr.sqlite"))
        let secret = try #require(keys["AWS_SECRET_ACCESS_KEY"]?.bytes)
        #expect(!database.contains(run: secret))
    }

    @Test(
        "do all that a store in a folder does, on a server that checks every digest",
        arguments: ["none", "encrypted"])
    func plain(_ fault: String) throws {
        let server = try FaultServer(fault)
        try transfer(server.endpoint, S3ExportTests.keys("key")) { _ in try server.tells("keys") }
        #expect(try server.tells("uploads") == [])
    }

    @Test(
        "do all that a store in a folder does, on a strict server",
        .enabled(if: StrictServer.isInstalled, "swift-proxy or awscli is not installed: scripts/setup.sh test"))
    func strict() throws {
        let server = try StrictServer()
        let keys = S3ExportTests.keys("test:tester")
        func aws(_ bench: Workbench, _ words: Argument...) throws -> Finished {
            try Program.run(
                BytePath("/usr/bin/aws"), ["--endpoint-url", Argument(server.endpoint)] + words,
                environment: bench.environment(keys), directory: bench.folder.path)
        }
        let made = try aws(try Workbench(["a": ""]), "s3", "mb", "s3://archive")
        try #require(made.code == 0, "\(made.errors)")
        try transfer(server.endpoint, keys) { bench in
            let listed = try aws(bench, "s3", "ls", "--recursive", "s3://archive")
            return listed.output.split(separator: "\n").map(String.init)
        }
    }

    @Test(
        "do all that a store in a folder does, in moto",
        .enabled(if: MotoServer.python != nil, "moto is not installed: scripts/setup.sh test"))
    func moto() throws {
        let server = try MotoServer(looksAtSignatures: false)
        let made = try server.python("s3.create_bucket(Bucket='archive')")
        try #require(made.code == 0, "\(made.errors)")
        try transfer(server.endpoint, server.keys) { _ in
            let listed = try server.python(
                "for one in s3.list_objects_v2(Bucket='archive').get('Contents', []): print(one['Key'])")
            try #require(listed.code == 0, "\(listed.errors)")
            return listed.output.split(separator: "\n").map(String.init)
        }
    }

    @Test(
        "go on after a kill at any moment: every object is there once, and no upload is left", .timeLimit(.minutes(60)))
    func killed() throws {
        var kills = Kills(4)
        var generator = SeededGenerator(seed: 20_261_125)
        let keys = S3ExportTests.keys("key")
        let small = (0..<20).map { (Name("file \($0)"), Tree.bytes(1000 * $0, of: UInt8($0))) }
        let records = [(Name("large"), Tree.bytes(40 << 20, of: 0x2E))] + small
        let clock = ContinuousClock()
        var duration: Duration?
        var round = 0
        while duration == nil || kills.next() != nil {
            round += 1
            let server = try FaultServer("none")
            let bench = try Workbench(.folder(records))
            #expect(try begin(bench, server.endpoint).code == 0)
            if let duration {
                let running = try Program.start(
                    Program.tdr, S3ObjectsTests.upload, environment: bench.environment(keys),
                    directory: bench.folder.path)
                usleep(UInt32(Double.random(in: 0...1, using: &generator) * (duration / Duration.microseconds(1))))
                try kills.kill(running)
            }
            let begun = clock.now
            let again = try run(bench, S3ObjectsTests.upload, keys)
            // The first is not disturbed, and says how long it takes.
            duration = duration ?? clock.now - begun
            // A kill that came too late leaves an upload that is complete: then this is a second one.
            #expect(again.code == 0, "\(round): \(again.errors)")
            #expect(try server.tells("uploads") == [], "\(round)")
            #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM s3Upload") == 0, "\(round)")
            let consignments: Int = try StoreRows.value(bench.store, "SELECT count(*) FROM consignment") ?? 0
            #expect(try server.tells("keys").count == 1 + 21 * consignments, "\(round)")
            let checked = try run(bench, ["check", "TDR-2026-C", "--only", "checksum"], keys)
            #expect(checked.code == 0, "\(round): \(checked.output)\(checked.errors)")
        }
        #expect(kills.hits > 0)
        print("an upload into S3: \(kills)")
    }

    @Test("give no result while the server is down, and the right one when it is up again")
    func down() throws {
        let bench = try Workbench(["a": "one", "b": .bytes(100, of: 0x2E)])
        let server = try FaultServer("none")
        let keys = S3ExportTests.keys("key")
        #expect(try begin(bench, server.endpoint).code == 0)
        #expect(try run(bench, S3ObjectsTests.upload, keys).code == 0)
        _ = try server.tells("down")
        let passed = "SELECT count(*) FROM fileStatus WHERE ChecksumMatch IS NOT NULL OR FFID IS NOT NULL"
        let words: [Argument] = ["check", "TDR-2026-C", "--antivirus", "none"]
        let failed = try run(bench, words, keys)
        #expect(failed.code == 1, "\(failed.errors)")
        #expect(failed.errors.contains("Look at the endpoint and the network"), "\(failed.errors)")
        #expect(try StoreRows.value(bench.store, passed) == 0)
        let doctor = try run(bench, ["doctor", "--antivirus", "none"], keys)
        #expect(doctor.code == 1)
        let another = try run(bench, S3ObjectsTests.upload + ["--new"], keys)
        #expect(another.code == 1)
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM consignment") == 1)
        _ = try server.tells("up")
        #expect(try run(bench, words, keys).code == 0)
        #expect(try StoreRows.value(bench.store, passed) == 2)
        _ = try server.tells("down")
        try bench.folder.make("out", [:])
        let export = try run(bench, ["export", "TDR-2026-C", "--to", "out"], keys)
        #expect(export.code == 1)
        #expect(try names(in: bench.folder.appending("out")) == [])
    }

    @Test("find what was altered or lost on the server")
    func damaged() throws {
        let bench = try Workbench(["a": "one", "b": "two", "c": "three"])
        try bench.folder.make("out", [:])
        let server = try FaultServer("none")
        let keys = S3ExportTests.keys("key")
        #expect(try begin(bench, server.endpoint).code == 0)
        #expect(try run(bench, S3ObjectsTests.upload, keys).code == 0)
        let words: [Argument] = ["check", "TDR-2026-C", "--antivirus", "none"]
        #expect(try run(bench, words, keys).code == 0)
        func key(_ path: String) throws -> String {
            let object = try StoreRows.object(bench.store, path)
            let parts = object.display.split(separator: "/").suffix(2)
            return "records/objects/\(parts.joined(separator: "/"))"
        }
        _ = try server.tells("flip?\(key("Records/a"))")
        let refused = try run(bench, ["export", "TDR-2026-C", "--to", "out"], keys)
        #expect(refused.code == 1)
        #expect(refused.errors.contains("Records/a"), "\(refused.errors)")
        #expect(try names(in: bench.folder.appending("out")) == [])
        _ = try server.tells("remove?\(key("Records/b"))")
        #expect(try run(bench, words + ["--again"], keys).code == 2)
        #expect(
            try StoreRows.texts(
                bench.store,
                """
                SELECT ChecksumMatch FROM fileStatus JOIN file ON file.id = fileId WHERE fileType = 'File' ORDER BY path
                """) == ["Mismatch", "Failed", "Success"])
    }

    @Test("are asked for one by one when one leaves the quarantine, however many are or were there")
    func quarantine() throws {
        let records = (0..<5).map { (Name("bad \($0)"), Tree.file(Array("\(S3ObjectsTests.bad) \($0)".utf8))) }
        let bench = try Workbench(.folder(records))
        try bench.folder.make("rules.yar", .file(Array(S3ObjectsTests.rule.utf8)))
        let server = try FaultServer("encrypted")
        let keys = S3ExportTests.keys("key")
        #expect(try begin(bench, server.endpoint, keys).code == 0)
        #expect(try run(bench, S3ObjectsTests.upload, keys).code == 0)
        #expect(try run(bench, S3ObjectsTests.check, keys).code == 2)
        #expect(try server.tells("keys").filter { $0.contains("/quarantine/") }.count == 5)
        for (act, number) in [("release", 3), ("purge", 1)] {
            let before = try server.tells("asked").count
            let done = try run(
                bench, ["quarantine", "\(act)", "TDR-2026-C", "Records/bad \(number)", "--reason", "x"], keys)
            #expect(done.code == 0, "\(done.errors)")
            let objects = Set(
                try server.tells("asked").dropFirst(before).compactMap { line in
                    line.contains("/quarantine/") || line.contains("/objects/") ? line.split(separator: "/").last : nil
                })
            #expect(objects.count == 1, "\(act): \(objects)")
        }
        let there = try server.tells("keys")
        #expect(there.filter { $0.contains("/quarantine/") }.count == 3)
        #expect(there.filter { $0.contains("/objects/") }.count == 1)
    }

    @Test("stay where they are when the server's copy of them is damaged")
    func damagedCopy() throws {
        let bench = try Workbench(["bad": .file(Array(S3ObjectsTests.bad.utf8))])
        try bench.folder.make("rules.yar", .file(Array(S3ObjectsTests.rule.utf8)))
        let server = try FaultServer("damaged-copy")
        let keys = S3ExportTests.keys("key")
        #expect(try begin(bench, server.endpoint, keys).code == 0)
        #expect(try run(bench, S3ObjectsTests.upload, keys).code == 0)
        let checked = try run(bench, S3ObjectsTests.check, keys)
        #expect(checked.code == 1)
        #expect(checked.errors.contains("what the server has there is not what it copied"), "\(checked.errors)")
        #expect(try server.tells("keys").filter { $0.contains("/objects/") }.count == 1)
    }

    @Test("are kept only where no other store keeps any, and for a store without consignments")
    func taken() throws {
        let server = try FaultServer("none")
        let (first, second) = (try Workbench(["a": "one"]), try Workbench(["a": "one"]))
        #expect(try begin(first, server.endpoint).code == 0)
        #expect(try begin(first, server.endpoint).code == 0)
        let taken = try begin(second, server.endpoint)
        #expect(taken.code == 1)
        #expect(taken.errors.contains("another store keeps its objects there"), "\(taken.errors)")
        try second.upload()
        let late = try second.tdr(
            "config", "--objects", "s3://archive/elsewhere", "--endpoint", Argument(server.endpoint),
            environment: S3ExportTests.keys("key"))
        #expect(late.code == 1)
        #expect(late.errors.contains("it has consignments already"), "\(late.errors)")
        #expect(try server.tells("keys") == ["records/tdr-store"])
        #expect(try second.tdr("config", "--objects", "elsewhere").code == 64)
        #expect(try second.tdr("config", "--endpoint", "http://x").code == 64)
    }
}

extension [UInt8] {
    /// Whether these bytes occur in a row.
    fileprivate func contains(run: [UInt8]) -> Bool {
        var rest = self[...]
        while let start = rest.firstIndex(of: run[0]) {
            rest = rest[start...]
            if rest.starts(with: run) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
