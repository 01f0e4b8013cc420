import Glibc
import Streams
import TDRTestSupport
import Testing

/// Exports into S3 by the real program, against a server that fails on purpose and against a strict one.
@Suite(.serialized) struct S3ExportTests {
    static let secret = "testing123456"
    static let archive = "TDR-2026-C.tar"

    /// A checked consignment whose tar is three parts, and the tar that an export into a folder makes.
    static func bench(large: Int = 20 << 20) throws -> (bench: Workbench, expected: [UInt8]) {
        let bench = try Workbench(["small": "x", "large": .bytes(large, of: 0x2E)])
        try bench.folder.make("out", [:])
        try bench.upload()
        let checked = try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try #require(checked.code == 0, "\(checked.errors)")
        let trial = try InterruptionTests.copy(of: bench)
        try trial("export", "TDR-2026-C", "--to", "out", "--form", "tar")
        return (bench, try contents(of: trial.folder.appending("out").appending(archive)))
    }

    static func keys(_ name: String, _ secret: String = secret) -> [String: Argument] {
        [
            "AWS_ACCESS_KEY_ID": Argument(name), "AWS_SECRET_ACCESS_KEY": Argument(secret),
            "AWS_DEFAULT_REGION": "us-east-1",
        ]
    }

    /// One export; no output of it may show the secret.
    static func export(
        _ bench: Workbench, _ endpoint: String, _ keys: [String: Argument] = keys("key"),
        with more: Argument...
    ) throws -> Finished {
        let finished = try Program.run(
            Program.tdr,
            ["export", "TDR-2026-C", "--form", "tar", "--to", "s3://archive/in", "--endpoint", Argument(endpoint)]
                + more,
            environment: bench.environment(keys), directory: bench.folder.path)
        let secret = String(decoding: keys["AWS_SECRET_ACCESS_KEY"]?.bytes ?? [], as: UTF8.self)
        #expect(!finished.errors.contains(secret))
        #expect(!finished.output.contains(secret))
        return finished
    }

    private func expectNothingLeft(_ bench: Workbench, _ server: FaultServer) throws {
        #expect(try server.tells("uploads") == [])
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM s3Upload") == 0)
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM s3Part") == 0)
    }

    @Test(
        "comes to the right object in spite of what passes",
        arguments: ["none", "cut", "late-error", "wrong-etag", "trickle", "lost-answer"])
    func passing(_ fault: String) throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try FaultServer(fault)
        let finished = try S3ExportTests.export(bench, server.endpoint, with: "--read-back")
        #expect(finished.code == 0, "\(finished.errors)")
        #expect(finished.output == "s3://archive/in/\(S3ExportTests.archive)\n")
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == expected)
        let sidecar = "\(SHA256Digest.of(expected).hex)  \(S3ExportTests.archive)\n"
        #expect(try server.object("in/\(S3ExportTests.archive).sha256", bench.folder) == Array(sidecar.utf8))
        try expectNothingLeft(bench, server)
        if fault == "none" {
            #expect(
                try server.tells("log").sorted() == ["complete 3", "part 1 8388608", "part 2 8388608"]
                    + ["part 3 \(expected.count - (16 << 20))"])
            let again = try S3ExportTests.export(bench, server.endpoint)
            #expect(again.code == 0)
            #expect(again.errors.contains("was there already"))
        }
    }

    @Test("goes on when three requests of ten are refused")
    func busy() throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try FaultServer("busy")
        // Five refusals of one request in a row end a run; the same command goes on.
        var finished = try S3ExportTests.export(bench, server.endpoint)
        for _ in 0..<3 where finished.code != 0 {
            #expect(finished.errors.contains("SlowDown") || finished.errors.contains("503"), "\(finished.errors)")
            finished = try S3ExportTests.export(bench, server.endpoint)
        }
        #expect(finished.code == 0, "\(finished.errors)")
        #expect(try server.tells("log").filter { $0.hasPrefix("part") }.count == 3)
        #expect(try server.tells("uploads") == [])
        let fetched = (0..<20).lazy.compactMap { _ in
            try? server.object("in/\(S3ExportTests.archive)", bench.folder)
        }.first
        #expect(fetched == expected)
    }

    @Test(
        "stops with 1 and an open account of it when it does not pass", arguments: ["always-wrong-etag", "always-busy"])
    func lasting(_ fault: String) throws {
        let (bench, _) = try S3ExportTests.bench()
        let server = try FaultServer(fault)
        let finished = try S3ExportTests.export(bench, server.endpoint)
        #expect(finished.code == 1)
        #expect(
            finished.errors.contains(fault == "always-busy" ? "SlowDown" : "damaged on the way"), "\(finished.errors)")
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == nil)
        #expect(
            try StoreRows.texts(bench.store, "SELECT value FROM consignmentStatus WHERE statusType = 'Export'")
                == ["Failed"])
    }

    @Test(
        "ends with 1, says what the server refuses and what to do, and leaves nothing there",
        arguments: [
            ("skew", "RequestTimeTooSkewed", "set this machine's clock"),
            ("denied", "AccessDenied", "The key may not do this"),
            ("wrong-secret", "SignatureDoesNotMatch", "The secret does not go with the access key"),
            ("expired", "ExpiredToken", "get new credentials"), ("redirect", "PermanentRedirect", "--region"),
        ])
    func refused(_ fault: String, _ code: String, _ advice: String) throws {
        let (bench, _) = try S3ExportTests.bench(large: 100)
        let server = try FaultServer(fault)
        let finished = try S3ExportTests.export(bench, server.endpoint)
        #expect(finished.code == 1)
        #expect(finished.output == "")
        #expect(finished.errors.contains(code) && finished.errors.contains(advice), "\(finished.errors)")
        #expect(try server.tells("log") == [])
        #expect(try server.tells("uploads") == [])
        let json = try S3ExportTests.export(bench, server.endpoint, with: "--json")
        #expect(json.code == 1)
        #expect(json.errors.contains(code))
    }

    @Test("says that there is no such bucket")
    func noBucket() throws {
        let (bench, _) = try S3ExportTests.bench(large: 100)
        let server = try FaultServer("none")
        let finished = try Program.run(
            Program.tdr,
            ["export", "TDR-2026-C", "--to", "s3://elsewhere/in", "--endpoint", Argument(server.endpoint)],
            environment: bench.environment(S3ExportTests.keys("key")), directory: bench.folder.path)
        #expect(finished.code == 1)
        #expect(finished.errors.contains("There is no such bucket"), "\(finished.errors)")
    }

    @Test("stops when the server's disk is full, and goes on when there is room, sending no part twice")
    func full() throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try FaultServer("full")
        let stopped = try S3ExportTests.export(bench, server.endpoint)
        #expect(stopped.code == 1)
        #expect(stopped.errors.contains("The server has no room"), "\(stopped.errors)")
        let status = try bench.tdr("status", "TDR-2026-C")
        #expect(status.output.contains("Unfinished: s3://archive/in/TDR-2026-C.tar"), "\(status.output)")
        _ = try server.tells("room")
        let finished = try S3ExportTests.export(bench, server.endpoint)
        #expect(finished.code == 0, "\(finished.errors)")
        let parts = try server.tells("log").filter { $0.hasPrefix("part") }
        #expect(parts.count == 3, "\(parts)")
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == expected)
        try expectNothingLeft(bench, server)
    }

    @Test("gives up what was cut off, on the server and in the store, and can begin anew")
    func abandoned() throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try FaultServer("full")
        #expect(try S3ExportTests.export(bench, server.endpoint).code == 1)
        #expect(try server.tells("uploads").count == 1)
        let status = try bench.tdr("status", "TDR-2026-C", "--json").json
        #expect(status["unfinishedUploads"]?.elements.count == 1)
        let doctor = try bench.tdr("doctor", "--antivirus", "none")
        #expect(doctor.output.contains("tdr export --abandon TDR-2026-C"), "\(doctor.output)")
        // The store knows the server; only the keys come from outside, and are never shown.
        let keys = S3ExportTests.keys("key")
        let given = try bench.tdr("export", "--abandon", "TDR-2026-C", environment: keys)
        #expect(given.code == 0, "\(given.errors)")
        #expect(given.output == "s3://archive/in/TDR-2026-C.tar\n")
        #expect(!given.errors.contains(S3ExportTests.secret))
        try expectNothingLeft(bench, server)
        #expect(try StoreRows.texts(bench.store, "SELECT new FROM event WHERE what = 'UploadAbandoned'").count == 1)
        let again = try bench.tdr("export", "--abandon", "TDR-2026-C", environment: keys)
        #expect(again.code == 0)
        #expect(again.output == "")
        _ = try server.tells("room")
        #expect(try S3ExportTests.export(bench, server.endpoint).code == 0)
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == expected)
    }

    @Test("gives up what was cut off when the consignment is cancelled, or says what is left")
    func cancelled() throws {
        for isThere in [true, false] {
            let (bench, _) = try S3ExportTests.bench()
            let server = try FaultServer("full")
            #expect(try S3ExportTests.export(bench, server.endpoint).code == 1)
            #expect(try server.tells("uploads").count == 1)
            if !isThere { _ = try server.tells("down") }
            let finished = try bench.tdr(
                "cancel", "TDR-2026-C", "--reason", "x", environment: S3ExportTests.keys("key"))
            #expect(finished.code == 0, "\(finished.errors)")
            #expect(!finished.errors.contains(S3ExportTests.secret))
            if isThere {
                try expectNothingLeft(bench, server)
                let events = "SELECT new FROM event WHERE what = 'UploadAbandoned'"
                #expect(try StoreRows.texts(bench.store, events).count == 1)
            } else {
                #expect(finished.errors.contains("tdr export --abandon TDR-2026-C"), "\(finished.errors)")
                let status = try bench.tdr("status", "TDR-2026-C")
                #expect(status.output.contains("Unfinished: s3://archive/in/TDR-2026-C.tar"), "\(status.output)")
            }
        }
    }

    @Test("keeps in the store what could not be given up, and gives up what a killed export left in a folder")
    func abandonedElsewhere() throws {
        let (bench, _) = try S3ExportTests.bench()
        var server: FaultServer? = try FaultServer("full")
        let endpoint = try #require(server?.endpoint)
        #expect(try S3ExportTests.export(bench, endpoint).code == 1)
        server = nil
        let failed = try bench.tdr("export", "--abandon", "TDR-2026-C", environment: S3ExportTests.keys("key"))
        #expect(failed.code == 1, "\(failed.errors)")
        #expect(try StoreRows.value(bench.store, "SELECT count(*) FROM s3Upload") == 1)

        let trial = try InterruptionTests.copy(of: bench)
        try StoreRows.execute(trial.store, "DELETE FROM s3Upload")
        let out = trial.folder.appending("out")
        let running = try trial.start(["export", "TDR-2026-C", "--to", "out", "--form", "tar"])
        let began = waitUntil { running.hasEnded || exists(out.appending(".TDR-2026-C.tar.tdr-partial")) }
        #expect(began)
        running.send(SIGSTOP)
        if !running.hasEnded {
            #expect(try trial.run(["export", "--abandon", "TDR-2026-C", "--to", "out"]).code == 75)
        }
        running.send(SIGKILL)
        _ = try running.wait()
        let given = try trial.run(["export", "--abandon", "TDR-2026-C", "--to", "out"])
        #expect(given.code == 0, "\(given.errors)")
        #expect(try names(in: out).filter { $0.hasPrefix(".") } == [])
        let open: Int? = try StoreRows.value(
            trial.store, "SELECT count(*) FROM consignmentStatus WHERE statusType = 'Export' AND value = 'InProgress'")
        #expect(open == 0)
    }

    @Test("begins anew when the server has forgotten the upload")
    func forgotten() throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try FaultServer("lost-upload")
        let first = try S3ExportTests.export(bench, server.endpoint)
        #expect(first.code == 1)
        #expect(first.errors.contains("NoSuchUpload"), "\(first.errors)")
        let second = try S3ExportTests.export(bench, server.endpoint)
        #expect(second.code == 0, "\(second.errors)")
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == expected)
        try expectNothingLeft(bench, server)
    }

    @Test(
        "leaves what is there as it is, also on a server without conditional writes, and refuses a folder",
        arguments: ["none", "unconditional"])
    func taken(_ fault: String) throws {
        let (bench, _) = try S3ExportTests.bench(large: 100)
        let server = try FaultServer(fault)
        #expect(try S3ExportTests.export(bench, server.endpoint).code == 0)
        let first = try server.object("in/\(S3ExportTests.archive)", bench.folder)
        let (other, expected) = try S3ExportTests.bench(large: 101)
        #expect(first != expected)
        let refused = try S3ExportTests.export(other, server.endpoint)
        #expect(refused.code == 1)
        #expect(refused.errors.contains("is there already and is not this bag"), "\(refused.errors)")
        #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == first)
        let folder = try bench.tdr("export", "TDR-2026-C", "--to", "s3://archive/in", "--form", "folder")
        #expect(folder.code == 64)
        #expect(folder.errors.contains("a folder cannot be written to S3"))
    }

    @Test("sends no whole part again after a kill at any moment, and leaves no orphan", .timeLimit(.minutes(60)))
    func killed() throws {
        var kills = Kills(6)
        var generator = SeededGenerator(seed: 20_261_124)
        let (bench, expected) = try S3ExportTests.bench(large: 60 << 20)
        let words: [Argument] = ["export", "TDR-2026-C", "--form", "tar", "--to", "s3://archive/in", "--endpoint"]
        let clock = ContinuousClock()
        let server = try FaultServer("none")
        let begun = clock.now
        let undisturbed = try InterruptionTests.copy(of: bench)
        func environment(_ trial: InterruptionTests.Trial) -> [String: Argument] {
            bench.environment(S3ExportTests.keys("key")).merging(["TDR_STORE": Argument(trial.store)]) { $1 }
        }
        let whole = try Program.run(
            Program.tdr, words + [Argument(server.endpoint)], environment: environment(undisturbed))
        #expect(whole.code == 0, "\(whole.errors)")
        let duration = (clock.now - begun) / Duration.microseconds(1)
        while let round = kills.next() {
            let server = try FaultServer("none")
            let trial = try InterruptionTests.copy(of: bench)
            let running = try Program.start(
                Program.tdr, words + [Argument(server.endpoint)], environment: environment(trial))
            usleep(UInt32(Double.random(in: 0...1, using: &generator) * duration))
            try kills.kill(running)
            let again = try Program.run(
                Program.tdr, words + [Argument(server.endpoint)], environment: environment(trial))
            #expect(again.code == 0, "\(round): \(again.errors)")
            #expect(try server.object("in/\(S3ExportTests.archive)", bench.folder) == expected, "\(round)")
            #expect(try server.tells("uploads") == [], "\(round)")
            let parts = try server.tells("log").filter { $0.hasPrefix("part") }
            let twice = parts.count - Set(parts).count
            #expect(twice <= 1, "\(round): \(parts)")
            #expect(try StoreRows.value(trial.store, "SELECT count(*) FROM s3Upload") == 0, "\(round)")
        }
        #expect(kills.hits > 0)
        print("an export into S3: \(kills)")
    }

    @Test(
        "is byte for byte what aws fetches from a strict server, and says why that server refuses",
        .enabled(if: StrictServer.isInstalled, "swift-proxy or awscli is not installed: scripts/setup.sh test"))
    func strict() throws {
        let (bench, expected) = try S3ExportTests.bench()
        let server = try StrictServer()
        let keys = S3ExportTests.keys("test:tester")
        func aws(_ words: Argument...) throws -> Finished {
            try Program.run(
                BytePath("/usr/bin/aws"), ["--endpoint-url", Argument(server.endpoint)] + words,
                environment: bench.environment(keys), directory: bench.folder.path)
        }
        let missing = try S3ExportTests.export(bench, server.endpoint, keys)
        #expect(missing.code == 1)
        #expect(missing.errors.contains("NoSuchBucket"), "\(missing.errors)")
        let made = try aws("s3", "mb", "s3://archive")
        try #require(made.code == 0, "\(made.errors)")
        let wrong = try S3ExportTests.export(bench, server.endpoint, S3ExportTests.keys("test:tester", "wr0ng-s3cret"))
        #expect(wrong.code == 1)
        #expect(wrong.errors.contains("The secret does not go with the access key"), "\(wrong.errors)")
        let reader = try S3ExportTests.export(
            bench, server.endpoint, S3ExportTests.keys("test:reader", "reading123456"))
        #expect(reader.code == 1)
        #expect(reader.errors.contains("AccessDenied"), "\(reader.errors)")
        #expect(try aws("s3", "ls", "--recursive", "s3://archive").output == "")

        // The parts of two forms and a key that needs encoding.
        for (form, prefix) in [("tar", "in"), ("tar.gz", "Zugänge 2026/a+b%20=~")] {
            let trial = try InterruptionTests.copy(of: bench)
            try trial("export", "TDR-2026-C", "--to", "out", "--form", Argument(form))
            let name = "TDR-2026-C.\(form)"
            let finished = try Program.run(
                Program.tdr,
                [
                    "export", "TDR-2026-C", "--form", Argument(form), "--to", "s3://archive/\(prefix)/", "--endpoint",
                    Argument(server.endpoint), "--read-back",
                ], environment: bench.environment(keys), directory: bench.folder.path)
            #expect(finished.code == 0, "\(finished.errors)")
            for file in [name, "\(name).sha256"] {
                let fetched = try aws("s3", "cp", "--quiet", "s3://archive/\(prefix)/\(file)", "fetched")
                #expect(fetched.code == 0, "\(fetched.errors)")
                let local = try contents(of: trial.folder.appending("out").appending(file))
                #expect(try contents(of: bench.folder.appending("fetched")) == local, "\(file)")
            }
            if form == "tar" { #expect(try contents(of: trial.folder.appending("out").appending(name)) == expected) }
        }
        let uploads = try aws("s3api", "list-multipart-uploads", "--bucket", "archive")
        #expect(!uploads.output.contains("UploadId"))
    }
}
