import Glibc
import Streams
import TDRTestSupport
import Testing

/// Bags with names that every system can hold.
@Suite struct PortableNamesTests {
    /// A file whose content is its own name.
    private static func named(_ name: [UInt8]) -> (Name, Tree) { (Name(name), .file(name)) }
    private static func named(_ name: String) -> (Name, Tree) { named(Array(name.utf8)) }

    /// Names that some program, some file system or the manifest of a bag cannot hold or tell apart.
    private static let awkward: [(Name, Tree)] =
        [
            "plain.txt", "new\nline", "cr\rx", "tab\t", "per%cent %0A", "trail ", "dot.", "-lead", " x", "\u{1F600}",
            "caf\u{E9}", "cafe\u{301}", "CAF\u{C9}", "A.txt", "a.txt", "CON", "con.txt", "nul.tar.gz", "LPT9", "a:b",
            "a=3Ab", "a=3ab", "e=41", "q?\"<>|*\\", "~x", "\u{1}\u{1B}[31m", "trail\u{A0}", "ls\u{2028}x", "\u{85}",
            "stra\u{DF}e", "STRASSE", "back\\slash", "\u{FEFF}bom", "\u{202E}txt.exe", "\u{FFFF}",
            String(repeating: "x", count: 255), String(repeating: "\u{20AC}", count: 85), "&<'\">",
        ].map(named) + [[0xFF, 0xFE], [0x61, 0xC3], [0xE9, 0x2E, 0x74, 0x78, 0x74]].map(named)

    private static func records() -> Tree {
        let inside: Tree = .folder([named("f.txt"), named("F.TXT"), ("empty", [:])])
        let folders: [Name] = ["Dir", "dir", "d:r", "sp ", Name([0xE9]), "Dir=x0", "aux"]
        let sub: Tree = .folder([(Name("sub"), inside)])
        return .folder(awkward + folders.map { name -> (Name, Tree) in (name, sub) })
    }

    private static func checked(_ records: Tree) throws -> Workbench {
        let bench = try Workbench(records)
        // Deeper than PATH_MAX.
        _ = try makeDeep(
            in: bench.records, name: String(repeating: "y", count: 150), levels: 30, file: "deep.txt",
            holding: Array("deep.txt".utf8))
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try bench.folder.make("out", [:])
        return bench
    }

    private static let allowing: [Argument] = [
        "--allow", "Unidentified,Executable,Shortcut,SystemFile,Template,Backup,ZeroByteFile", "--reason", "made up",
    ]

    private static func export(
        _ bench: Workbench, _ form: String, _ more: Argument..., to: Argument = "out"
    ) throws
        -> Finished
    {
        try Program.run(
            Program.tdr, ["export", "TDR-2026-C", "--to", to, "--form", Argument(form)] + allowing + more,
            environment: bench.environment(), directory: bench.folder.path)
    }

    /// Restores the names by the table alone, as any program can, and looks at each name that is in the bag.
    private static let restore = #"""
        import csv, os, re, sys, unicodedata
        bag, expected = os.fsencode(sys.argv[1]), set(bytes.fromhex(line) for line in open(sys.argv[2]).read().split())
        with open(os.path.join(bag, b'portable-names.csv'), encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
        was = {row['Filepath'].encode(): bytes.fromhex(row['OriginalFilepathHex']) for row in rows}
        assert len(was) == len(rows) == len(set(was.values()))
        restored = set()
        for folder, folders, files in os.walk(os.path.join(bag, b'data')):
            names = [name.decode('utf-8') for name in folders + files]
            keys = [unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold()) for name in names]
            assert len(keys) == len(set(keys)), names
            for name in names:
                assert len(name.encode()) <= 255 and not re.search('[\x00-\x1f\x7f-\x9f<>:"|?*\\\\%\u2028\u2029]', name), name
                assert not re.search(r'[. ]$|\s$|^~', name), name
                assert not re.fullmatch(r'(?i)(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?', name), name
            for name in files:
                path = os.path.relpath(os.path.join(folder, name), bag)
                assert len(path.decode()) <= 260
                original = was.get(path, path[5:])
                assert original not in restored
                restored.add(original)
                with open(os.path.join(bag, path), 'rb') as file:
                    assert file.read() == original.rsplit(b'/', 1)[-1], path
            for name in folders:
                path = os.path.relpath(os.path.join(folder, name), bag)
                if path != b'data/long-paths': restored.add(was.get(path, path[5:]))
        assert restored == expected, restored ^ expected
        """#

    @Test(
        "names that no bag or not every system can hold come back byte for byte",
        arguments: [
            ("folder", ""), ("tar.gz", "tar -xzf out/*.tar.gz -C out"), ("zip", "cd out && unzip -q *.zip"),
            ("tar.zst", "tar --zstd -xf out/*.tar.zst -C out"),
        ])
    func whole(form: String, unpack: String) throws {
        let bench = try PortableNamesTests.checked(PortableNamesTests.records())
        let refused = try PortableNamesTests.export(bench, form)
        #expect(refused.code == 2)
        #expect(refused.errors.contains("--portable-names"), "\(refused.errors)")
        #expect(try names(in: bench.folder.appending("out")) == [])

        let done = try PortableNamesTests.export(
            bench, form, "--portable-names", "--algorithm", "sha256,sha512", "--with", "premis,mets",
            "--bagit-version", form == "zip" ? "0.97" : "1.0")
        try #require(done.code == 0, "\(done.errors)")
        let verified = try bench.tdr("verify", Argument(done.line), "--json")
        #expect(verified.code == 0, "\(verified.output)")
        #expect(try verified.json["warningCount"]?.number == 0, "\(verified.output)")
        if !unpack.isEmpty {
            let unpacked = try bench.shell("export LC_ALL=C.UTF-8; " + unpack)
            #expect(unpacked.code == 0, "\(unpacked.errors)")
        }
        let listed = try bench.tdr("status", "TDR-2026-C", "--files", "--json").output.split(separator: "\n")
        let paths = try listed.map { line -> String in
            let file = try JSONValue(parsing: Array(line.utf8))
            return file["pathHex"]?.text ?? Hex.encode((file["path"]?.text ?? "").utf8)
        }
        try bench.folder.make("expected", .file(Array(paths.joined(separator: "\n").utf8)))
        try bench.folder.make("restore.py", .file(Array(PortableNamesTests.restore.utf8)))
        let restored = try bench.shell("python3 restore.py out/TDR-2026-C expected")
        #expect(restored.code == 0, "\(restored.errors)")
        let script = BytePath(#filePath).directory.appending("check-bag-xml.py").display
        let documents = try bench.shell("python3 '\(script)' out/TDR-2026-C")
        #expect(documents.line == "ok", "\(documents.errors)")
        let sums = "cd out/TDR-2026-C && sha256sum -c --strict --quiet manifest-sha256.txt tagmanifest-sha256.txt"
        #expect(try bench.shell(sums).code == 0)
        if let bagit = getenv("TDR_TEST_BAGIT") {
            let validated = try bench.shell("\(String(cString: bagit)) --validate out/TDR-2026-C")
            #expect(validated.code == 0, "\(validated.errors.suffix(2000))")
        }
    }

    @Test("the tables of the bag and the manifest name the same paths, the mapping the real ones; twice the same bytes")
    func tables() throws {
        let bench = try PortableNamesTests.checked(.folder([PortableNamesTests.named("a:b.txt"), ("x?", ["y": "z"])]))
        for folder in ["out", "again"] as [Name] {
            if folder == "again" { try bench.folder.make(folder, [:]) }
            let done = try PortableNamesTests.export(bench, "tar", "--portable-names", to: Argument(folder.bytes))
            #expect(done.code == 0, "\(done.errors)")
        }
        #expect(try bench.shell("cmp out/*.tar again/*.tar").code == 0)
        let cat = "tar -xOf out/*.tar TDR-2026-C/"
        let metadata = try bench.shell(cat + "file-metadata.csv").output
        #expect(metadata.contains(",a=3Ab.txt,File,7,data/Records/a=3Ab.txt,"), "\(metadata)")
        #expect(try bench.shell(cat + "manifest-sha256.txt").output.contains("  data/Records/x=3F/y\n"))
        #expect(try bench.shell(cat + "file-ffid.csv").output.contains("\r\ndata/Records/x=3F/y,"))
        let table = try bench.shell(cat + "portable-names.csv").output
        #expect(table.contains("data/Records/x=3F/y,File,Records/x?/y,5265636f7264732f783f2f79\r\n"), "\(table)")
        #expect(table.contains("data/Records/x=3F,Folder,Records/x?,"))
        #expect(try bench.shell(cat + "tagmanifest-sha256.txt").output.contains("  portable-names.csv\n"))
    }

    @Test("verify says what is wrong with the mapping, and lets alone a file of that name that is none")
    func verifies() throws {
        let bench = try PortableNamesTests.checked(.folder([PortableNamesTests.named("a:b.txt"), ("x?", ["y": "z"])]))
        let done = try PortableNamesTests.export(bench, "folder", "--portable-names")
        try #require(done.code == 0, "\(done.errors)")
        let table = "out/TDR-2026-C/portable-names.csv"
        func told(_ change: String) throws -> String {
            let changed = "cp \(table) kept; sed -i '\(change)' \(table); cmp -s kept \(table) && exit 9"
            let verified = try bench.shell(
                "\(changed); $TDR verify out/TDR-2026-C; code=$?; mv kept \(table); exit $code")
            #expect(verified.code == 2, "the tag manifest tells that it was changed: \(verified.output)")
            return verified.output
        }
        #expect(
            try told("s/^data.Records.a=3Ab.txt,/data\\/Records\\/gone,/").contains(
                "warning W14: portable-names.csv names"))
        #expect(try told("s/Records.x?.y,52/Records\\/x?\\/y,53/").contains("has two different paths as they were"))
        #expect(try told("s/,52.*$/,5/").contains("has no path in hexadecimal"))
        #expect(try told("3s/.*/\\x22open/").contains("line 3 of portable-names.csv is no record"))
        #expect(try told("2{p}").contains("names its file a second time"))
        #expect(try !told("1s/Filepath/Path/; 2s/.*/\\xff/").contains("W14"))
        #expect(try bench.tdr("verify", "out/TDR-2026-C").code == 0)
    }

    @Test("where every name is fit the bag is as without the option, but for an empty table")
    func nothingToDo() throws {
        let bench = try Workbench(["a.txt": "a", "b=41": ["c": "c"], "caf\u{E9}": "x"])
        try bench.upload()
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        for folder in ["plain", "safe"] as [Name] { try bench.folder.make(folder, [:]) }
        #expect(try PortableNamesTests.export(bench, "folder", to: "plain").code == 0)
        #expect(try PortableNamesTests.export(bench, "folder", "--portable-names", to: "safe").code == 0)
        let differences = try bench.shell("diff -r plain safe").output.split(separator: "\n")
        #expect(differences.count == 4, "\(differences)")
        #expect(differences.first == "Only in safe/TDR-2026-C: portable-names.csv")
        #expect(
            try bench.shell("cat safe/TDR-2026-C/portable-names.csv").output
                == "Filepath,FileType,OriginalFilepath,OriginalFilepathHex\r\n")
    }

    @Test("a folder that has the name of the one for deep paths gives way to it")
    func longPathsFolder() throws {
        let bench = try Workbench([:])
        try bench.folder.make("LONG-paths", ["a": "a"])
        _ = try makeDeep(
            in: bench.folder.appending("LONG-paths"), name: String(repeating: "y", count: 150), levels: 3,
            file: "deep.txt", holding: Array("deep.txt".utf8))
        let uploaded = try bench.tdr("upload", "LONG-paths", "--series", "M 1", "--body", "B")
        #expect(uploaded.code == 0, "\(uploaded.errors)")
        try bench.tdr("check", "TDR-2026-C", "--antivirus", "none")
        try bench.folder.make("out", [:])
        let done = try PortableNamesTests.export(bench, "folder", "--portable-names")
        #expect(done.code == 0, "\(done.errors)")
        let folders = try names(in: bench.folder.appending("out").appending("TDR-2026-C/data"))
        #expect(folders.count == 2 && folders.contains("long-paths"), "\(folders)")
        #expect(folders.contains { $0.hasPrefix("LONG-paths=x") })
        #expect(try bench.tdr("verify", Argument(done.line)).code == 0)
    }
}
