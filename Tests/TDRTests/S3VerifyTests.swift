import Streams
import TDRTestSupport
import Testing

/// `tdr verify s3://…` by the real program, against a server that fails on purpose.
@Suite(.serialized) struct S3VerifyTests {
    private func verify(
        _ bench: Workbench, _ server: FaultServer, _ name: String, _ more: Argument...
    ) throws -> Finished {
        let finished = try Program.run(
            Program.tdr,
            ["verify", "s3://archive/in/\(name)", "--endpoint", Argument(server.endpoint), "--region", "eu-west-2"]
                + more,
            environment: bench.environment(S3ExportTests.keys("key")), directory: bench.folder.path)
        #expect(!(finished.errors + finished.output).contains(S3ExportTests.secret))
        return finished
    }

    private func export(_ bench: Workbench, _ server: FaultServer, _ form: String) throws {
        let finished = try tryToExport(bench, server, form)
        try #require(finished.code == 0, "\(finished.errors)")
    }

    private func tryToExport(_ bench: Workbench, _ server: FaultServer, _ form: String) throws -> Finished {
        try Program.run(
            Program.tdr,
            [
                "export", "TDR-2026-C", "--form", Argument(form), "--compression-level", "0", "--to", "s3://archive/in",
                "--endpoint", Argument(server.endpoint), "--allow", "Unidentified", "--reason", "random bytes",
            ], environment: bench.environment(S3ExportTests.keys("key")), directory: bench.folder.path)
    }

    /// A checked consignment of which nothing shrinks: its archives are as large as its records.
    private func largeBench() throws -> Workbench {
        let bench = try Workbench(["small": "x"])
        let large = bench.records.appending("large")
        let made = try Program.run(
            BytePath("/usr/bin/python3"),
            [
                "-c", "import random, sys; open(sys.argv[1], 'wb').write(random.Random(36).randbytes(36 << 20))",
                Argument(large),
            ])
        try #require(made.code == 0, "\(made.errors)")
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        return bench
    }

    @Test(
        "reads bags of every form by ranges, across the edges of blocks",
        arguments: ["tar", "tar.gz", "tar.zst", "zip"])
    func forms(_ form: String) throws {
        let bench = try largeBench()
        let server = try FaultServer("none")
        try export(bench, server, form)
        let name = "TDR-2026-C.\(form)"
        let good = try verify(bench, server, name)
        #expect(good.code == 0, "\(good.output) \(good.errors)")
        #expect(good.output.contains("s3://archive/in/\(name): valid (BagIt 1.0, 2 files"))
        let ranges = try server.tells("log").filter { $0.hasPrefix("read") }
        // A ZIP's directory is asked for again after each member that is larger than what is kept.
        #expect(ranges.count - Set(ranges).count <= (form == "zip" ? 2 : 0), "\(ranges)")
        #expect(ranges.count >= 4)
        _ = try server.tells("flip?in/\(name)")
        let bad = try verify(bench, server, name, "--json")
        #expect(bad.code == 2, "\(bad.errors)")
        #expect(try bad.json["isValid"] == .bool(false))
    }

    @Test("goes on when the line is cut or the server is busy", arguments: ["cut-read", "busy"])
    func passing(_ fault: String) throws {
        let (bench, _) = try S3ExportTests.bench()
        let server = try FaultServer(fault)
        // Five refusals of one request in a row end a run; the same command goes on.
        var exported = try tryToExport(bench, server, "zip")
        for _ in 0..<3 where exported.code == 1 { exported = try tryToExport(bench, server, "zip") }
        try #require(exported.code == 0, "\(exported.errors)")
        var finished = try verify(bench, server, "TDR-2026-C.zip")
        for _ in 0..<3 where finished.code == 1 { finished = try verify(bench, server, "TDR-2026-C.zip") }
        #expect(finished.code == 0, "\(finished.errors)")
    }

    @Test(
        "ends with 1 when it could not look: nothing there, no ranges, another object meanwhile",
        arguments: [
            ("none", "TDR-2026-X.tar", "there is no object"), ("no-ranges", "TDR-2026-C.tar", "with all of them"),
            ("changing", "TDR-2026-C.tar", "changed while it was read"), ("none", "", "in S3 a bag is one object"),
        ])
    func cannot(_ fault: String, _ name: String, _ words: String) throws {
        let (bench, _) = try S3ExportTests.bench()
        let server = try FaultServer(fault)
        try export(bench, server, "tar")
        let finished = try verify(bench, server, name)
        #expect(finished.code == 1)
        #expect(finished.errors.contains(words), "\(finished.errors)")
        #expect(finished.output == "")
    }

    @Test("is no bag where the object is something else")
    func noBag() throws {
        let (bench, _) = try S3ExportTests.bench(large: 100)
        let server = try FaultServer("none")
        try export(bench, server, "tar")
        let finished = try verify(bench, server, "TDR-2026-C.tar.sha256")
        #expect(finished.code == 2, "\(finished.errors)")
        #expect(finished.output.contains("unreadable"))
    }

    @Test(
        "writes every form to a strict server, where aws finds the same bytes, and verifies it there",
        .enabled(if: StrictServer.isInstalled, "swift-proxy or awscli is not installed: scripts/setup.sh test"))
    func strict() throws {
        let bench = try largeBench()
        let server = try StrictServer()
        let keys = S3ExportTests.keys("test:tester")
        func aws(_ words: Argument...) throws -> Finished {
            try Program.run(
                BytePath("/usr/bin/aws"), ["--endpoint-url", Argument(server.endpoint)] + words,
                environment: bench.environment(keys), directory: bench.folder.path)
        }
        let made = try aws("s3", "mb", "s3://archive")
        try #require(made.code == 0, "\(made.errors)")
        for form in ["tar", "tar.gz", "tar.zst", "zip"] {
            let words: [Argument] = [
                "export", "TDR-2026-C", "--form", Argument(form), "--allow", "Unidentified", "--reason", "random bytes",
                "--to",
            ]
            let trial = try InterruptionTests.copy(of: bench)
            try trial(words + ["out"])
            let finished = try Program.run(
                Program.tdr, words + ["s3://archive/in", "--endpoint", Argument(server.endpoint)],
                environment: bench.environment(keys), directory: bench.folder.path)
            #expect(finished.code == 0, "\(finished.errors)")
            let name = "TDR-2026-C.\(form)"
            #expect(try aws("s3", "ls", "s3://archive/in/").output.contains(" \(name)\n"))
            #expect(try aws("s3", "cp", "--quiet", "s3://archive/in/\(name)", "fetched").code == 0)
            #expect(
                try contents(of: bench.folder.appending("fetched"))
                    == contents(of: trial.folder.appending("out").appending(name)), "\(form)")
            let verified = try Program.run(
                Program.tdr, ["verify", "s3://archive/in/\(name)", "--endpoint", Argument(server.endpoint)],
                environment: bench.environment(keys))
            #expect(verified.code == 0, "\(form): \(verified.output)\(verified.errors)")
        }
        let copies = try bench.tdr("verify", "--exports", environment: keys)
        #expect(copies.code == 0, "\(copies.output)\(copies.errors)")
        #expect(copies.output.split(separator: "\n").count == 4)
    }
}
