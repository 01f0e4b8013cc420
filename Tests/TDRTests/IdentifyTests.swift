import FoundationEssentials
import Glibc
import Streams
import TDRTestSupport
import Testing

/// `tdr identify` and `tdr signatures`, run as programs.
@Suite struct IdentifyTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: Argument..., input: BytePath? = nil) throws -> Finished {
        let environment: [String: Argument] = [
            "HOME": Argument(folder.path), "TMPDIR": Argument(folder.path), "TDR_CLOCK": "2026-01-02T03:04:05Z",
        ]
        guard let input else {
            return try Program.run(Program.tdr, arguments, environment: environment, directory: folder.path)
        }
        let words = [Argument(Program.tdr)] + arguments
        let script: Argument = #"in=$1; shift; exec "$@" <"$in""#
        return try Program.run(
            BytePath("/bin/sh"), ["-c", script, "sh", Argument(input)] + words, environment: environment,
            directory: folder.path)
    }

    private static let pdf = "%PDF-1.4%%EOF"
    private static let modified = "2026-01-19T00:00:00Z"

    /// The files that pygfried 0.15.1 was shown for the recorded sample.
    private func makeSample() throws {
        try folder.make(
            "rec",
            [
                "README": "hello\n", "a.pdf": "%PDF-1.4%%EOF", "empty.txt": "", "it's, so.txt": "it's\n",
                "zeros.xyz": .bytes(64, of: 0),
            ])
        let touched = try Program.run(
            BytePath("/bin/sh"),
            ["-c", #"touch -d "$1" "$2"/*"#, "sh", "\(Self.modified)", Argument(folder.appending("rec"))])
        #expect(touched.code == 0)
    }

    @Test("JSON Lines: one object a file, keys documented, exit code 2 for a file that cannot be read")
    func jsonLines() throws {
        try makeSample()
        let all = try run("identify", "--json", "--hash", "md5,sha256", "rec", "absent")
        #expect(all.code == 2)
        let lines = try all.output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(lines.count == 6)
        #expect(
            lines[1].keys == ["digests", "extensionMismatch", "fileSize", "lastModified", "matches", "path"])
        #expect(lines[1]["path"]?.text == "rec/a.pdf")
        #expect(lines[1]["matches"]?.elements.first?["puid"]?.text == "fmt/18")
        #expect(lines[0]["digests"]?["md5"]?.text == "b1946ac92492d2347c6235b4d2611184")
        #expect(lines[5]["error"]?.text == "it cannot be read: No such file or directory")
        #expect(try run("identify", "--json", "rec").code == 0)
    }

    @Test("DROID's columns, one row per format, folders before what they hold")
    func droidCSV() throws {
        try makeSample()
        let answer = try run("identify", "--droid-csv", "--hash", "sha256", "rec")
        #expect(answer.code == 0)
        // DROID ends lines with a line feed.
        let text = answer.output.replacing("\n", with: "\r\n")
        let rows = try #require(parseCSV(Array(text.utf8))).map { row in row.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            rows[0] == [
                "ID", "PARENT_ID", "URI", "FILE_PATH", "NAME", "METHOD", "STATUS", "SIZE", "TYPE", "EXT",
                "LAST_MODIFIED",
                "EXTENSION_MISMATCH", "SHA256_HASH", "FORMAT_COUNT", "PUID", "MIME_TYPE", "FORMAT_NAME",
                "FORMAT_VERSION",
            ])
        let place = folder.path.display
        #expect(rows[1].prefix(9) == ["1", "", "file:\(place)/rec/", "\(place)/rec", "rec", "", "Done", "", "Folder"])
        #expect(
            rows[3] == [
                "3", "1", "file:\(place)/rec/a.pdf", "\(place)/rec/a.pdf", "a.pdf", "Signature", "Done", "13", "File",
                "pdf",
                "2026-01-19T00:00:00", "false", "164b8a4fc5b5d74c29dc73fd6e1dc624e8d4502a8cd180cff084e1bad5b1db83", "1",
                "fmt/18", "application/pdf", "Acrobat PDF 1.4 - Portable Document Format", "1.4",
            ])
        #expect(rows[5][2].hasSuffix("/rec/it's,%20so.txt"))
        #expect(rows.allSatisfy { $0.count == 18 })
    }

    @Test("siegfried's JSON: the keys and answers of pygfried 0.15.1, but for class and places")
    func siegfriedJSON() throws {
        try makeSample()
        let answer = try JSONValue(parsing: try run("identify", "--siegfried-json", "rec").stdout)
        #expect(answer.keys == ["created", "files", "identifiers", "scandate", "siegfried", "signature"])
        #expect(answer["siegfried"]?.text == "1.11.4")
        #expect(answer["scandate"]?.text == "2026-01-02T03:04:05Z")
        // As pygfried 0.15.1 gave them: filename, filesize, errors, id, basis, warning.
        let recorded: [(String, Double, String, String, String, String)] = [
            ("rec/README", 6, "", "x-fmt/111", "text match ASCII", "match on text only; extension mismatch"),
            ("rec/a.pdf", 13, "", "fmt/18", "extension match pdf; byte match", ""),
            ("rec/empty.txt", 0, "empty source", "x-fmt/111", "extension match txt", "match on extension only"),
            ("rec/it's, so.txt", 5, "", "x-fmt/111", "extension match txt; text match ASCII", ""),
        ]
        let files = answer["files"]?.elements ?? []
        #expect(files.count == 5)
        for (file, expected) in zip(files, recorded) {
            #expect(file.keys == ["errors", "filename", "filesize", "matches", "modified"])
            #expect(file["filename"]?.text == expected.0)
            #expect(file["filesize"]?.number == expected.1)
            #expect(file["errors"]?.text == expected.2)
            #expect(file["modified"]?.text == Self.modified)
            let match = try #require(file["matches"]?.elements.first)
            #expect(match.keys == ["basis", "class", "format", "id", "mime", "ns", "version", "warning"])
            #expect(match["ns"]?.text == "pronom")
            #expect(match["id"]?.text == expected.3)
            #expect(match["basis"]?.text?.hasPrefix(expected.4) == true)
            #expect(match["warning"]?.text == expected.5)
        }
    }

    @Test("siegfried's CSV and YAML")
    func siegfriedTexts() throws {
        try makeSample()
        let csv = try run("identify", "--siegfried-csv", "--hash", "md5", "rec").output.split(separator: "\n")
        #expect(
            csv[0] == "filename,filesize,modified,errors,md5,namespace,id,format,version,mime,class,basis,warning")
        #expect(
            csv[4]
                == "\"rec/it's, so.txt\",5,2026-01-19T00:00:00Z,,d569eef9f5f1caf54467456dfc4d29db,pronom,x-fmt/111,"
                + "Plain Text File,,text/plain,,extension match txt; text match ASCII,")
        let yaml = try run("identify", "--siegfried-yaml", "--hash", "sha1", "rec/it's, so.txt").output
        #expect(yaml.contains("---\nfilename : 'rec/it''s, so.txt'\nfilesize : 5\nmodified : 2026-01-19T00:00:00Z\n"))
        #expect(yaml.contains("errors   : \nsha1     : 070dc2aebf02e99c1d58999bd8309eea9ea1a34b\n"))
        #expect(
            yaml.hasSuffix(
                """
                matches  :
                  - ns      : 'pronom'
                    id      : 'x-fmt/111'
                    format  : 'Plain Text File'
                    version :\u{20}
                    mime    : 'text/plain'
                    class   :\u{20}
                    basis   : 'extension match txt; text match ASCII'
                    warning :\u{20}

                """))
    }

    @Test(
        "reads the standard input, small and too large for memory, under a name of its own", arguments: [13, 20 << 20])
    func standardInput(_ size: Int) throws {
        let padding = [UInt8](repeating: 0x20, count: size - Self.pdf.utf8.count)
        let bytes = Array("%PDF-1.4".utf8) + padding + Array("%%EOF".utf8)
        let path = try folder.make("input", .file(bytes))
        let answer = try run("identify", "--json", "-", "--name", "x.doc", input: path)
        #expect(answer.code == 0)
        let file = try JSONValue(parsing: answer.stdout)
        #expect(file["path"]?.text == "x.doc")
        #expect(file["fileSize"]?.number == Double(size))
        #expect(file["matches"]?.elements.first?["puid"]?.text == "fmt/18")
        #expect(file["extensionMismatch"] == .bool(true))
        // Nothing is left of the spool.
        #expect(try Program.run(BytePath("/bin/ls"), [Argument(folder.path)]).output == "input\n")
    }

    @Test("explains what matched where")
    func explain() throws {
        try makeSample()
        let answer = try run("identify", "--explain", "rec/a.pdf")
        #expect(answer.output.contains("of fmt/18 holds: 8 bytes at 0, 5 bytes at 0 from the end"))
    }

    @Test(
        "refuses options that exclude each other",
        arguments: [
            ["--csv", "--json"], ["--csv", "--droid-csv"], ["--siegfried-csv", "--hash", "md5,sha1"],
            ["--siegfried-yaml", "--explain"], ["--hash", "crc"], ["--jobs", "0"], ["--container-file", "x"],
        ])
    func usage(_ options: [String]) throws {
        let answer = try Program.run(Program.tdr, ["identify", "."] + options.map { Argument($0) })
        #expect(answer.code == 64)
    }

    @Test("signatures: shows, imports, goes back")
    func signatures() throws {
        let binary = try folder.make("DROID_SignatureFile_V200.xml", Self.binary)
        let container = try folder.make("container-signature-20300101.xml", Self.container)
        #expect(try run("signatures").line.hasPrefix("in use: V109-20200121 (DROID_SignatureFile_V109.xml"))
        let imported = try run("signatures", "import", "--json", Argument(binary), Argument(container))
        #expect(imported.code == 0)
        #expect(try JSONValue(parsing: imported.stdout)["version"]?.text == "V200-20300101")
        try folder.make("a.abc", "ABCD")
        #expect(try run("identify", "a.abc").output == "a.abc: test/1 Test\n")
        #expect(try run("identify", "--signatures", "built-in", "a.abc").output == "a.abc: unidentified\n")
        let shown = try JSONValue(parsing: try run("signatures", "--json").stdout)
        #expect(shown.keys == ["checkedWithOthers", "inUse", "kept"])
        #expect(shown["kept"]?.elements.count == 2)
        #expect(try run("signatures", "use", "built-in").code == 0)
        #expect(try run("identify", "a.abc").output == "a.abc: unidentified\n")
        let files = try run(
            "identify", "--signature-file", Argument(binary), "--container-file", Argument(container), "a.abc")
        #expect(files.output == "a.abc: test/1 Test\n")
        let unknown = try run("signatures", "use", "V7")
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("V200-20300101, built-in"))
    }

    private static let binary = Tree.file(
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <FFSignatureFile xmlns="http://www.nationalarchives.gov.uk/pronom/SignatureFile" Version="200" \
            DateCreated="2030-01-01T00:00:00"><InternalSignatureCollection><InternalSignature ID="1"><ByteSequence \
            Reference="BOFoffset"><SubSequence Position="1" SubSeqMinOffset="0" SubSeqMaxOffset="0"><Sequence>\
            41424344</Sequence></SubSequence></ByteSequence></InternalSignature></InternalSignatureCollection>\
            <FileFormatCollection><FileFormat ID="1" Name="Test" PUID="test/1"><InternalSignatureID>1\
            </InternalSignatureID><Extension>abc</Extension></FileFormat></FileFormatCollection></FFSignatureFile>
            """.utf8))

    private static let container = Tree.file(
        Array(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ContainerSignatureMapping schemaVersion="1.0" signatureVersion="1"><ContainerSignatures/>\
            <FileFormatMappings/><TriggerPuids/></ContainerSignatureMapping>
            """.utf8))
}
