import Glibc
import Streams
import TDRTestSupport
import Testing

@Suite struct FailureReportTests {
    private static let python = getenv("TDR_TEST_PYTHON").map { BytePath(String(cString: $0)) }

    /// Records with findings, in names and a top folder that try to be something else.
    private static func bench() throws -> Workbench {
        let bench = try Workbench([:])
        try bench.folder.make(
            "=cmd|'calc'!A1",
            [
                "+sum.gz": .file([0x1F, 0x8B, 8] + [UInt8](repeating: 0, count: 17)), "<script>alert(1)<b>.txt": "",
                "line\nbreak \u{7}.txt": "", "good.txt": "x", "_x0041_.txt": "",
            ])
        let uploaded = try bench.tdr("upload", "=cmd|'calc'!A1", "--series", "s", "--body", "b")
        try #require(uploaded.code == 0, "\(uploaded.errors)")
        #expect(try bench.tdr("check", "TDR-2026-C", "--antivirus", "none").code == 2)
        return bench
    }

    @Test("writes CSV with the original's columns, in which nothing begins as a formula")
    func csv() throws {
        let bench = try FailureReportTests.bench()
        let report = try bench.tdr("status", "TDR-2026-C", "--report", "csv")
        #expect(report.code == 2)
        let records = try #require(parseCSV(report.stdout)).map { $0.map { String(decoding: $0, as: UTF8.self) } }
        #expect(
            records[0] == ["Filepath", "Filename", "Action Required", "Error Details", "File Format", "PUID"])
        #expect(records.count == 5)
        #expect(records.contains { $0[0] == "'=cmd|'calc'!A1/+sum.gz" && $0[1] == "'+sum.gz" && $0[5] == "x-fmt/266" })
        #expect(records.joined().allSatisfy { !"=+-@".contains($0.first ?? " ") })
    }

    @Test("writes a page in which every name is text, and no script is")
    func html() throws {
        let bench = try FailureReportTests.bench()
        #expect(try bench.tdr("status", "TDR-2026-C", "--report", "html", "-o", "page.html").code == 2)
        let page = String(decoding: try contents(of: bench.folder.appending("page.html")), as: UTF8.self)
        #expect(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)&lt;b&gt;.txt"))
        #expect(page.contains("<code>tdr withdraw TDR-2026-C --reason Zip "))
        #expect(page.contains("default-src 'none'") && page.hasSuffix("</html>\n"))
    }

    @Test("writes a workbook that openpyxl reads cell for cell, formulas as marked text", .enabled(if: python != nil))
    func workbook() throws {
        let bench = try FailureReportTests.bench()
        #expect(try bench.tdr("status", "TDR-2026-C", "--report", "xlsx", "--output", "r.xlsx").code == 2)
        let script = """
            import json, sys, openpyxl
            book = openpyxl.load_workbook(sys.argv[1])
            sheet = book["Failures"]
            rows = [[c.value for c in row] for row in sheet.iter_rows()]
            formulas = [c.coordinate for row in sheet.iter_rows() for c in row if c.data_type == "f"]
            marked = [c.value for row in sheet.iter_rows() for c in row if c.style and c.quotePrefix]
            hidden = [n for n, d in sheet.column_dimensions.items() if d.hidden]
            print(json.dumps({"rows": rows, "formulas": formulas, "marked": marked, "hidden": sorted(hidden)}))
            """
        let python = try #require(FailureReportTests.python)
        let read = try Program.run(python, ["-c", Argument(script), Argument(bench.folder.appending("r.xlsx"))])
        try #require(read.code == 0, "\(read.errors)")
        let answer = try read.json
        let rows = (answer["rows"]?.elements ?? []).map { $0.elements.map { $0.text ?? "" } }
        #expect(
            rows[0] == [
                "StatusType", "StatusValue", "Filepath", "Filename", "Action Required", "Error Details", "File Format",
                "PUID",
            ])
        #expect(rows.count == 5)
        #expect(
            rows.contains {
                $0[0] == "FFID" && $0[1] == "Zip" && $0[2] == "=cmd|'calc'!A1/+sum.gz" && $0[7] == "x-fmt/266"
            })
        #expect(rows.contains { $0[3] == #"line\nbreak \x07.txt"# })
        #expect(answer["formulas"]?.elements.isEmpty == true)
        #expect(answer["marked"]?.elements.contains { $0.text == "+sum.gz" } == true)
        #expect(answer["hidden"]?.elements.first?.text == "A")
        // Nothing replaces a folder, and a workbook is for a file.
        #expect(try bench.tdr("status", "TDR-2026-C", "--report", "xlsx", "-o", ".").code == 1)
        #expect(try bench.shell("$TDR status TDR-2026-C --report xlsx | cmp - r.xlsx").code == 0)
    }

    @Test("says what a translation says, and what that leaves out as always; refuses one that makes no sense")
    func translated() throws {
        let bench = try FailureReportTests.bench()
        try bench.folder.make(
            "welsh.json",
            #"{"titles": {"ActionRequired": "Angen gweithredu"}, "advice": {"FFID.Zip": {"action": "agorwch yr archif"}}}"#
        )
        let report = try bench.tdr(
            "status", "TDR-2026-C", "--report", "csv",
            environment: ["TDR_ADVICE": Argument(bench.folder.appending("welsh.json"))])
        #expect(report.output.hasPrefix("Filepath,Filename,Angen gweithredu,Error Details"))
        #expect(report.output.contains("Agorwch yr archif,Is an archive or container"))
        #expect(try bench.tdr("status", "TDR-2026-C", "--advice", "welsh.json").output.contains("agorwch yr archif"))
        try bench.folder.make("bad.json", #"{"advice": {"FFID.Nonsense": {"action": "x"}}}"#)
        let bad = try bench.tdr("status", "TDR-2026-C", "--advice", "bad.json")
        #expect(bad.code == 1 && bad.errors.contains("'FFID.Nonsense' is neither"), "\(bad.errors)")
    }

    @Test("lists the same content and names alike but for case or Unicode form; the policy decides about the export")
    func likeness() throws {
        let bench = try Workbench([
            "Caf\u{E9}.txt": "1", "Cafe\u{301}.txt": "2", "stra\u{DF}e": "3", "STRASSE": "4", "x": ["a": "same"],
            "X": ["a": "same"], "alone": "same", "empty1": "", "empty2": "",
        ])
        try bench.upload()
        #expect(try bench.tdr("check", "TDR-2026-C", "--antivirus", "none").code == 2)
        let listed = try bench.tdr("status", "TDR-2026-C", "--duplicates", "--json")
        let lines = try listed.stdout.split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
        var groups: [String: Set<String>] = [:]
        for line in lines {
            groups["\(line["like"]?.text ?? "") \(line["group"]?.number ?? 0)", default: []].insert(
                line["path"]?.text ?? "")
        }
        let found = Set(groups.values.map { $0.map { Array($0.utf8) } }.map { Set($0) })
        func paths(_ names: String...) -> Set<[UInt8]> { Set(names.map { Array("Records/\($0)".utf8) }) }
        #expect(lines.count == 3 + 2 + 2 + 2 + 2)
        #expect(found.contains(paths("x/a", "X/a", "alone")) && found.contains(paths("stra\u{DF}e", "STRASSE")))
        #expect(found.contains(paths("x", "X")) && found.contains(paths("x/a", "X/a")))
        let status = try bench.tdr("status", "TDR-2026-C", "--json").json
        #expect(status["likeness"]?["surplusFiles"]?.number == 2 && status["likeness"]?["nameGroups"]?.number == 4)
        let page = try bench.tdr("status", "TDR-2026-C", "--report", "html").output
        #expect(page.contains("same name but for case or Unicode form") && page.contains("STRASSE"))
        try bench.folder.make("out", [:])
        let words: [Argument] = [
            "export", "TDR-2026-C", "--to", "out", "--allow", "ZeroByteFile", "--reason", "x",
        ]
        func export(_ more: [Argument], _ environment: [String: Argument] = [:]) throws -> Finished {
            try Program.run(
                Program.tdr, words + more, environment: bench.environment(environment), directory: bench.folder.path)
        }
        let refused = try export(["--refuse-like", "content,name"])
        #expect(refused.code == 2 && refused.errors.contains("--duplicates"), "\(refused.errors)")
        #expect(try export([], ["TDR_REFUSE_LIKE": "name"]).code == 2)
        #expect(try export([]).code == 0)
    }
}
