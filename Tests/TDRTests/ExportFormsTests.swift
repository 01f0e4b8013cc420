import Glibc
import Streams
import TDRTestSupport
import Testing

/// Bags in every form, made and looked at with the real programs.
@Suite struct ExportFormsTests {
    /// Records that shrink and that do not, of less and more than a block, with names that need care.
    private static let records: Tree = [
        "a.txt": "first\n", "per%cent %0A.txt": "%", "caf\u{E9}": "composed\n", "cafe\u{301}": "decomposed\n",
        "sub": [
            "noise.gif": .file(Array("GIF89a".utf8) + noise(700_000) + [0x3B]),
            "text": .file(Array(String(repeating: "minutes of 1987\n", count: 90_000).utf8)),
        ],
        "none": [:],
    ]

    private static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 9
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    private static func checked() throws -> (Workbench, Argument) {
        let bench = try Workbench(records)
        let reference = Argument(try bench.upload())
        let check = try bench.tdr("check", reference, "--antivirus", "none")
        try #require(check.code == 0, "\(check.output)")
        return (bench, reference)
    }

    @Test(
        "one thread and eight, here and at the other end of the world, make the same archive, and it verifies",
        arguments: ["tar", "tar.gz", "tar.zst", "zip"])
    func sameBytes(form: String) throws {
        let (bench, reference) = try ExportFormsTests.checked()
        let runs = [("one", "1", "UTC"), ("two", "8", "Pacific/Kiritimati")]
        for (folder, jobs, zone) in runs {
            try bench.folder.make(Name(folder), [:])
            let done = try bench.tdr(
                "export", reference, "--to", Argument(folder), "--form", Argument(form),
                "--jobs", Argument(jobs), environment: ["TZ": Argument(zone)])
            #expect(done.code == 0, "\(done.errors)")
            let verified = try bench.tdr("verify", Argument("\(folder)/TDR-2026-C.\(form)"), "--json")
            #expect(verified.code == 0, "\(verified.output)")
            #expect(try bench.shell("cd \(folder) && sha256sum -c TDR-2026-C.\(form).sha256").code == 0)
        }
        #expect(try bench.shell("cmp one/TDR-2026-C.\(form) two/TDR-2026-C.\(form)").code == 0)
    }

    @Test("leaves the .sha256 of another archive alone")
    func sidecar() throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let export: [Argument] = ["export", reference, "--to", "out", "--form", "tar"]
        func run(_ more: [Argument] = []) throws -> Finished {
            try Program.run(
                Program.tdr, export + more, environment: bench.environment(), directory: bench.folder.path)
        }
        #expect(try run().code == 0)
        let line = try contents(of: bench.folder.appending("out/TDR-2026-C.tar.sha256"))
        #expect(try bench.shell("mv out/TDR-2026-C.tar elsewhere.tar").code == 0)
        // The same again is what it stands for.
        #expect(try run().code == 0)
        #expect(try bench.shell("rm out/TDR-2026-C.tar").code == 0)
        let other = try run(["--bag-info", "Box-Number: 7"])
        #expect(other.code == 1)
        #expect(other.errors.contains("TDR-2026-C.tar.sha256"), "\(other.errors)")
        #expect(try contents(of: bench.folder.appending("out/TDR-2026-C.tar.sha256")) == line)
        #expect(try bench.shell("ls -A out").output == "TDR-2026-C.tar.sha256\n")
    }

    @Test(
        "what other programs unpack is the bag, digest by digest",
        arguments: [
            ("tar", "tar -xf"), ("tar.gz", "tar -xzf"), ("tar.zst", "tar --zstd -xf"), ("zip", "unzip -q"),
            ("zip", "python3 -m zipfile -e"), ("tar", "bsdtar -xf"), ("tar.gz", "bsdtar -xf"),
            ("tar.zst", "bsdtar -xf"), ("tar.zst", "zstd -q -d --rm"),
        ])
    func othersUnpack(form: String, program: String) throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let done = try bench.tdr(
            "export", reference, "--to", "out", "--form", Argument(form), "--algorithm", "sha256,sha512")
        #expect(done.code == 0, "\(done.errors)")
        let words = program.split(separator: " ")
        try #require(
            try bench.shell("command -v \(words[0])").code == 0, "\(words[0]) is not installed: scripts/setup.sh test")
        let into = program.hasSuffix("-e") ? " ." : program.hasPrefix("zstd") ? " && tar -xf TDR-2026-C.tar" : ""
        // bsdtar turns names into NFC in a UTF-8 locale; in "C" it keeps their bytes, and ends with 1 to say so.
        let isBSD = words[0] == "bsdtar"
        // The manifest writes % as %25 (RFC 8493 §2.1.3), which sha256sum does not know.
        let script = """
            cd out && { LC_ALL=\(isBSD ? "C" : "C.UTF-8") \(program) TDR-2026-C.\(form)\(into)\(isBSD ? " || [ $? -eq 1 ]" : ""); } \
            && cd TDR-2026-C \
            && sed 's/%25/%/g' manifest-sha256.txt | sha256sum -c --strict --quiet \
            && sed 's/%25/%/g' manifest-sha512.txt | sha512sum -c --strict --quiet \
            && sha256sum -c --strict --quiet tagmanifest-sha256.txt && sha512sum -c --strict --quiet tagmanifest-sha512.txt
            """
        let unpacked = try bench.shell(script)
        #expect(unpacked.code == 0, "\(unpacked.output) \(unpacked.errors)")
        #expect(try bench.tdr("verify", "out/TDR-2026-C").code == 0)
    }

    @Test(
        "SHA-512 beside SHA-256: both compared, a record altered in the bag fails both",
        arguments: ["folder", "tar.gz"])
    func twoAlgorithms(form: String) throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let exported = try bench.tdr(
            "export", reference, "--to", "out", "--form", Argument(form), "--algorithm", "sha256,sha512")
        try #require(exported.code == 0, "\(exported.errors)")
        let verified = try bench.tdr("verify", Argument(exported.line))
        #expect(verified.code == 0)
        #expect(verified.output.contains("sha256, sha512 compared"))
        guard form == "folder" else { return }
        #expect(try bench.shell("printf other > out/TDR-2026-C/data/Records/a.txt").code == 0)
        let altered = try bench.tdr("verify", "out/TDR-2026-C")
        #expect(altered.code == 2)
        #expect(altered.output.contains("manifest-sha256.txt") && altered.output.contains("manifest-sha512.txt"))
    }

    @Test("BagIt 0.97 writes % as it is, and refuses a name it could not tell from a line break")
    func olderVersion() throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let refused = try bench.tdr("export", reference, "--to", "out", "--bagit-version", "0.97")
        #expect(refused.code == 2)
        #expect(refused.errors.contains("per%cent %0A.txt"))

        let plain = try Workbench(["50%.txt": "half", "a%25b": "kept"])
        let other = Argument(try plain.upload())
        #expect(try plain.tdr("check", other, "--antivirus", "none").code == 0)
        try plain.folder.make("out", [:])
        let done = try plain.tdr("export", other, "--to", "out", "--form", "folder", "--bagit-version", "0.97")
        #expect(done.code == 0, "\(done.errors)")
        let manifest = try plain.shell("cat out/*/bagit.txt out/*/manifest-sha256.txt").output
        #expect(manifest.contains("BagIt-Version: 0.97\n"))
        #expect(manifest.contains("  data/Records/50%.txt\n") && manifest.contains("  data/Records/a%25b\n"))
        let verified = try plain.tdr("verify", Argument(done.line))
        #expect(verified.code == 0, "\(verified.output)")
    }

    @Test("records keep their own times when asked to", arguments: ["folder", "tar", "zip"])
    func ownTimes(form: String) throws {
        let bench = try Workbench(["a.txt": "x"])
        #expect(try bench.shell("TZ=UTC touch -d '2001-02-03 04:05:06' Records/a.txt").code == 0)
        let reference = Argument(try bench.upload())
        #expect(try bench.tdr("check", reference, "--antivirus", "none").code == 0)
        try bench.folder.make("out", [:])
        let form = Argument(form)
        let done = try bench.tdr("export", reference, "--to", "out", "--form", form, "--keep-times")
        #expect(done.code == 0, "\(done.errors)")
        let unpack = "cd out && if [ ! -d TDR-2026-C ]; then bsdtar -xf TDR-2026-C.*[pr]; fi && cd TDR-2026-C"
        let times = try bench.shell("\(unpack) && TZ=UTC stat -c %y data/Records/a.txt bagit.txt")
        #expect(times.output.hasPrefix("2001-02-03 04:05:06"), "\(times.errors)")
        #expect(times.output.contains("\n2026-01-02 03:04:0"))
    }

    @Test("a level of 0 stores, 9 is not larger than 1")
    func levels() throws {
        let (bench, reference) = try ExportFormsTests.checked()
        var sizes: [Int] = []
        for level in ["0", "1", "9"] {
            try bench.folder.make(Name(level), [:])
            let folder = Argument(level)
            let done = try bench.tdr("export", reference, "--to", folder, "--compression-level", folder)
            #expect(done.code == 0, "\(done.errors)")
            sizes.append(Int(try bench.shell("stat -c %s \(level)/*.gz").line) ?? 0)
        }
        #expect(sizes[0] > 2_100_000 && sizes[1] < 900_000 && sizes[2] <= sizes[1], "\(sizes)")
    }

    @Test(
        "wrong options are usage errors",
        arguments: [
            ["--algorithm", "sha512"], ["--algorithm", "md5"], ["--algorithm", ""], ["--bagit-version", "0.96"],
            ["--form", "rar"], ["--bag-info", "no colon"], ["--bag-info", ": x"], ["--compression-level", "10"],
            ["--jobs", "0"],
        ])
    func wrongOptions(words: [String]) throws {
        let bench = try Workbench(["a": "x"])
        let arguments = [Argument("export"), "TDR-2026-C", "--to", "."] + words.map { Argument($0) }
        #expect(
            try Program.run(Program.tdr, arguments, environment: bench.environment(), directory: bench.folder.path).code
                == 64)
    }

    @Test("a profile is written into the bag, required manifests come unasked, and what it forbids stops the export")
    func profiles() throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let text = """
            {"BagIt-Profile-Info": {"BagIt-Profile-Identifier": "https://example.org/p.json",
            "Source-Organization": "x", "External-Description": "x", "Version": "1"},
            "Accept-BagIt-Version": ["1.0"], "Accept-Serialization": ["application/gzip"],
            "Manifests-Required": ["sha512"], "Tag-Files-Required": ["file-ffid.csv"],
            "Bag-Info": {"Receiving-Institution": {"required": true, "values": ["The Archive"]}}}
            """
        try bench.folder.make("p.json", .file(Array(text.utf8)))
        let refused = try bench.tdr("export", reference, "--to", "out", "--profile", "p.json", "--form", "zip")
        #expect(refused.code == 2)
        #expect(refused.errors.contains("P2: ") && refused.errors.contains("P9: "), "\(refused.errors)")
        #expect(try names(in: bench.folder.appending("out")) == [])
        let done = try bench.tdr(
            "export", reference, "--to", "out", "--profile", "p.json", "--bag-info",
            "Receiving-Institution: The Archive")
        #expect(done.code == 0, "\(done.errors)")
        let verified = try bench.tdr("verify", "--profile", "p.json", Argument(done.line))
        #expect(verified.code == 0, "\(verified.output)")
        #expect(verified.output.contains("sha256, sha512 compared"))
        let info = try bench.shell("tar -xzOf out/*.gz TDR-2026-C/bag-info.txt").output
        #expect(info.contains("BagIt-Profile-Identifier: https://example.org/p.json\n"))
        let other = try bench.shell(
            "sed 's/The Archive/Another/' p.json > q.json && $TDR verify --profile q.json out/*.gz")
        #expect(other.code == 2)
        #expect(other.output.contains("error P4: "))
        #expect(try bench.tdr("verify", "--profile", "none.json", Argument(done.line)).code == 1)
        let made = try bench.tdr("export", reference, "--to", "out", "--bag-info", "payload-oxum: 1.1")
        #expect(made.code == 1)
        #expect(made.errors.contains("Payload-Oxum"))
    }

    @Test("the profile that comes with tdr fits the bags that tdr writes", arguments: ["folder", "zip", "tar.zst"])
    func ownProfile(form: String) throws {
        let (bench, reference) = try ExportFormsTests.checked()
        try bench.folder.make("out", [:])
        let profile = BytePath(#filePath).directory.directory.directory.appending("share/tdr/bagit-profile.json")
        let done = try bench.tdr(
            "export", reference, "--to", "out", "--form", Argument(form), "--profile", Argument(profile))
        #expect(done.code == 0, "\(done.errors)")
        let verified = try bench.tdr("verify", "--profile", Argument(profile), Argument(done.line))
        #expect(verified.code == 0, "\(verified.output)")
    }

    /// A Python with bagit and bagit_profile.
    private static let python = getenv("TDR_TEST_PYTHON").map { BytePath(String(cString: $0)) }

    @Test(
        "bagit.py and bagit_profile find the bag valid in every form, by its own profile",
        .enabled(if: python != nil, "set TDR_TEST_PYTHON to a Python with bagit_profile"),
        arguments: ["folder", "tar", "tar.gz", "tar.zst", "zip"])
    func peersAgree(form: String) throws {
        let python = try #require(ExportFormsTests.python)
        // bagit.py takes what is written as %25 for a name of its own.
        let bench = try Workbench([
            "a.txt": "first\n", "caf\u{E9} 2": "composed\n", "empty folder": [:],
            "sub": ["noise.gif": .file(Array("GIF89a".utf8) + ExportFormsTests.noise(700_000) + [0x3B])],
        ])
        let reference = Argument(try bench.upload())
        #expect(try bench.tdr("check", reference, "--antivirus", "none").code == 0)
        try bench.folder.make("out", [:])
        let profile = BytePath(#filePath).directory.directory.directory.appending("share/tdr/bagit-profile.json")
        let done = try bench.tdr(
            "export", reference, "--to", "out", "--form", Argument(form), "--algorithm", "sha256,sha512",
            "--profile", Argument(profile), "--with", "premis,mets")
        try #require(done.code == 0, "\(done.errors)")
        if form != "folder" {
            let unpack = form == "zip" ? "unzip -q" : form == "tar.zst" ? "tar --zstd -xf" : "tar -xf"
            #expect(try bench.shell("cd out && LC_ALL=C.UTF-8 \(unpack) TDR-2026-C.\(form)").code == 0)
        }
        let script = """
            import sys, json, bagit, bagit_profile
            bag = bagit.Bag(sys.argv[1])
            bag.validate(processes=2)
            profile = bagit_profile.Profile('urn:tdr:bagit-profile:1', profile=json.load(open(sys.argv[2])))
            print(profile.validate(bag), bag.version, sorted(bag.algorithms))
            """
        let judged = try Program.run(
            python, ["-c", Argument(script), Argument(bench.folder.appending("out/TDR-2026-C")), Argument(profile)],
            environment: ["LC_ALL": "C.UTF-8"])
        #expect(judged.output == "True 1.0 ['sha256', 'sha512']\n", "\(judged.output)\(judged.errors)")
    }
}
