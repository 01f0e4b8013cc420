import FoundationEssentials
import Streams
import TDRTestSupport
import Testing

@Suite struct TransferTests {
    private static let columns = """
        file_reference,file_name,file_type,file_size,clientside_original_filepath,rights_copyright,legal_status,held_by,\
        date_last_modified,closure_type,closure_start_date,closure_period,foi_exemption_code,foi_exemption_asserted,\
        title_closed,title_alternate,description,description_closed,description_alternate,language,end_date,\
        file_name_translation,original_filepath,parent_reference,former_reference_department,UUID,restrictions_on_use,\
        related_material,evidence_provided_by,note,copyright_details
        """
    private static let judgmentColumns = TransferTests.columns.replacing(
        "related_material,",
        with: """
            related_material,judgment_type,judgment_update,judgment_update_type,judgment_update_details,\
            judgment_neutral_citation,judgment_no_neutral_citation,judgment_reference,
            """)

    /// The lines of a bag's `file-metadata.csv`, which here has no line ends in fields, each without its UUID.
    private func table(_ bench: Workbench, _ reference: String, in folder: String) throws -> [String] {
        let path = bench.folder.path.appending("\(folder)/\(reference)/file-metadata.csv")
        return try String(decoding: contents(of: path), as: UTF8.self).split(separator: "\r\n").map { line in
            line.split(separator: ",", omittingEmptySubsequences: false)
                .map { $0.count == 36 && $0.split(separator: "-").count == 5 ? "UUID" : String($0) }
                .joined(separator: ",")
        }
    }

    @Test("a transfer with closed records, redactions and several values is scripted, and its table is right")
    func standard() throws {
        let bench = try Workbench([
            "closed.txt": "secret", "open.txt": "open", "closed_R.txt": "[redacted]", "sub": ["other.txt": "x"],
        ])
        let done = try bench.shell(
            """
            set -e
            find Records -exec touch -d 2001-02-03T04:05:06Z {} +
            cat > metadata.csv <<'END'
            filepath,date of the record,description,former reference,closure status,closure start date,closure period,foi exemption code,foi schedule date,is filename closed,alternate filename,is description closed,alternate description,language,translated filename,copyright,related material,restrictions on use,evidence provided by,note,copyright details
            Records/closed.txt,1990-01-02,Secret minutes,AB 1,Closed,1991-03-04,30;40,27(1)|40(2),1992-05-06,yes,A file,yes,A text,English;Welsh,cyfrinach,Crown copyright;Third party,see AB 2,none,a witness,a note,details
            Records/closed_R.txt,,,,Open,,,,,No,,No,,,,,,,,,
            Records/open.txt,2000-12-31,Minutes,,,,,,,,,,,,,,,,,,
            Records/sub/other.txt,,,,,,,,,,,,,,,,,,,,
            END
            "$TDR" series add "CRAN 1" --body "Cranfield Institute" --body-code TDR-CRAN
            ref=$("$TDR" upload Records --series "CRAN 1" --body TDR-CRAN --strict --metadata metadata.csv \\
                --legal-status "Welsh Public Record(s)" --appraisal-signed-off --sensitivity-signed-off --open-records)
            "$TDR" check "$ref" --antivirus none >/dev/null
            "$TDR" review request "$ref"
            if "$TDR" export "$ref" --to . --form folder; then exit 9; fi
            "$TDR" review approve "$ref" --notes good
            mkdir out
            "$TDR" export "$ref" --to out --form folder --require legal-status,appraisal,sensitivity,open-records,metadata,review >/dev/null
            "$TDR" verify "out/$ref" >/dev/null
            echo "$ref"
            """)
        try #require(done.code == 0, "\(done.errors)")
        #expect(done.errors.contains("under review"))
        let reference = done.line
        let rows = try table(bench, reference, in: "out")
        #expect(rows.first == TransferTests.columns)
        #expect(rows.first?.split(separator: ",").count == 31)
        let welsh = "Welsh Public Record(s),\"The National Archives, Kew\""
        let time = "2001-02-03T04:05:06"
        #expect(
            Array(rows.dropFirst()) == [
                "Z3,Records,Folder,,data/Records,Crown copyright,\(welsh),,Open,,,,,false,,,false,,English,,,,,,UUID,,,,,",
                "Z4,closed.txt,File,6,data/Records/closed.txt,Crown copyright;Third party,\(welsh),\(time),Closed,"
                    + "1991-03-04T00:00:00,30;40,27(1);40(2),1992-05-06T00:00:00,true,A file,Secret minutes,true,A text,"
                    + "English;Welsh,1990-01-02T00:00:00,cyfrinach,,Z3,AB 1,UUID,none,see AB 2,a witness,a note,details",
                "Z5,closed_R.txt,File,10,data/Records/closed_R.txt,Crown copyright,\(welsh),\(time),Open,,,,,false,,,"
                    + "false,,English,,,data/Records/closed.txt,Z3,,UUID,,,,,",
                "Z6,open.txt,File,4,data/Records/open.txt,Crown copyright,\(welsh),\(time),Open,,,,,false,,Minutes,"
                    + "false,,English,2000-12-31T00:00:00,,,Z3,,UUID,,,,,",
                "Z7,sub,Folder,,data/Records/sub,Crown copyright,\(welsh),,Open,,,,,false,,,false,,English,,,,Z3,,UUID,,,,,",
                "Z8,other.txt,File,1,data/Records/sub/other.txt,Crown copyright,\(welsh),\(time),Open,,,,,false,,,"
                    + "false,,English,,,,Z7,,UUID,,,,,",
            ])
        let info = try String(
            decoding: contents(of: bench.folder.path.appending("out/\(reference)/bag-info.txt")), as: UTF8.self)
        #expect(info.contains("Metadata-Schema-Library-Version: 1.0.0\n"))
        let log = try bench.tdr("review", "log", Argument(reference)).output
        #expect(
            log.split(separator: "\n").map { $0.split(separator: " ")[1] } == [
                "Submission", "Approval", "Confirmation",
            ])
    }

    @Test("a judgment is one document, confirms itself and goes to its own target")
    func judgment() throws {
        let bench = try Workbench(["ruling.docx": .file(wordDocument)])
        try bench.folder.make("judgments", [:])
        let arguments: [Argument] = [
            "upload", "Records", "--type", "judgment", "--body", "Judicial Office", "--body-code", "TDR-JO",
            "--neutral-citation", "[2026] EWCA Civ 1", "--judgment-reference", "C1/2026",
        ]
        let uploaded = try Program.run(
            Program.tdr, arguments, environment: bench.environment(), directory: bench.folder.path)
        try #require(uploaded.code == 0, "\(uploaded.errors)")
        let reference = uploaded.line
        let checked = try bench.tdr(
            "check", Argument(reference), "--antivirus", "none",
            environment: ["TDR_JUDGMENT_TO": Argument(bench.folder.path.appending("judgments"))])
        try #require(checked.code == 0, "\(checked.errors)")
        let archive = bench.folder.path.appending("judgments/\(reference).tar.gz")
        try #require(exists(archive), "\(checked.errors)")
        let unpacked = try bench.shell("cd judgments && tar -xzf \(reference).tar.gz")
        #expect(unpacked.code == 0)
        let rows = try table(bench, reference, in: "judgments")
        #expect(rows.first == TransferTests.judgmentColumns)
        #expect(rows.first?.split(separator: ",").count == 38)
        #expect(rows.last?.contains(",judgment,false,,,[2026] EWCA Civ 1,false,C1/2026,") == true, "\(rows)")
        #expect(rows.dropFirst().first?.hasSuffix("UUID,,,,,,,,,,,,") == true, "\(rows)")
        #expect(try bench.tdr("status", Argument(reference)).output.contains("Transferred"))
    }

    @Test("what is no single document, or contradicts itself, is no judgment")
    func notOneJudgment() throws {
        let two = try Workbench(["a.docx": "x", "b.docx": "y"])
        let refused = try two.tdr("upload", "Records", "--type", "judgment", "--body", "Judicial Office")
        #expect(refused.code == 1)
        #expect(refused.errors.contains("exactly one file"))
        let one = try Workbench(["a.docx": "just text"])
        #expect(
            try one.tdr(
                "upload", "Records", "--type", "judgment", "--body", "J", "--neutral-citation", "x",
                "--no-neutral-citation"
            ).code == 64)
        let reference = try one.tdr("upload", "Records", "--type", "judgment", "--body", "J", "--no-neutral-citation")
            .line
        #expect(try one.tdr("check", Argument(reference), "--antivirus", "none").code == 2)
        #expect(try one.tdr("status", Argument(reference), "--failed").output.contains("NonJudgmentFormat"))
        #expect(
            try one.tdr("export", Argument(reference), "--to", Argument(one.folder.path)).code == 2)
    }

    @Test(
        "errors of a table are told as text, CSV and JSON with exit code 2, and a transfer without its metadata goes on"
    )
    func errors() throws {
        let bench = try Workbench(["a.txt": "a"])
        try bench.folder.make("bad.csv", "filepath,closure status\nRecords/a.txt,Shut\n")
        let uploaded = try bench.tdr(
            "upload", "Records", "--series", "S 1", "--body", "B", "--metadata", "bad.csv")
        #expect(uploaded.code == 2)
        #expect(uploaded.errors.contains("value.vocabulary"))
        let reference = Argument(uploaded.line)
        let csv = try bench.tdr("metadata", "validate", reference, "bad.csv", "--csv")
        #expect(csv.code == 2)
        #expect(
            csv.output
                == "Row,Column,Property,Filepath,Value,Rule,Error,Remedy\r\n"
                + "2,closure status,ClosureType,Records/a.txt,Shut,value.vocabulary,is not in the list,"
                + "\"use one of: Closed, Open, Retained\"\r\n")
        let json = try bench.tdr("metadata", "validate", reference, "bad.csv", "--json")
        #expect(try json.json["rule"]?.text == "value.vocabulary")
        #expect(try bench.tdr("metadata", "apply", reference, "bad.csv").code == 2)
        #expect(try bench.tdr("status", reference).output.contains("DraftMetadata") == false)
    }

    @Test("what an export requires and is missing is named with the command that gives it")
    func requirements() throws {
        let bench = try Workbench(["a.txt": "a"])
        try bench.folder.make("agreement.yaml", "# of the department\nlegalStatus: Public Record(s)\nappraisal: yes\n")
        try bench.folder.make("odd.json", #"{"legalStatus": "Public Record(s)", "colour": "red"}"#)
        #expect(
            try bench.tdr("upload", "Records", "--series", "S", "--body", "B", "--agreement", "odd.json").errors
                .contains("'colour'"))
        #expect(
            try bench.tdr("upload", "Records", "--series", "S", "--body", "B", "--strict").errors.contains("--strict"))
        let policy: [String: Argument] = ["TDR_EXPORT_REQUIRES": "legal-status,appraisal,sensitivity"]
        let reference = Argument(
            try bench.tdr(
                "upload", "Records", "--series", "S", "--body", "B", "--agreement", "agreement.yaml",
                environment: policy
            ).line)
        #expect(try bench.tdr("check", reference, "--antivirus", "none").code == 0)
        let refused = try bench.tdr("export", reference, "--to", Argument(bench.folder.path), environment: policy)
        #expect(refused.code == 2)
        #expect(refused.errors.contains("--sensitivity-signed-off") && !refused.errors.contains("--appraisal"))
        #expect(try bench.tdr("status", reference).output.contains("TransferAgreement: InProgress"))
        #expect(try bench.tdr("agreement", reference, "--sensitivity-signed-off", environment: policy).code == 0)
        #expect(try bench.tdr("status", reference).output.contains("TransferAgreement: Completed"))
        #expect(
            try bench.tdr("export", reference, "--to", Argument(bench.folder.path), environment: policy).code == 0)
    }

    @Test("series are imported all or not at all, and listed as they can be imported")
    func series() throws {
        let bench = try Workbench(["a.txt": "a"])
        try bench.folder.make(
            "good.csv", "body,body_code,series,name\nCranfield,TDR-CRAN,CRAN 1,\nMock,,MOCK1 1,Mocks\n")
        try bench.folder.make(
            "bad.json", #"[{"body": "Other", "series": "O 1"}, {"body": "Other", "series": "CRAN 1"}]"#)
        #expect(try bench.tdr("series", "import", "good.csv").code == 0)
        #expect(try bench.tdr("series", "import", "bad.json").code == 1)
        let listed = try bench.tdr("series", "list", "--csv").output
        #expect(
            listed == "body,body_code,series,name\r\nCranfield,TDR-CRAN,CRAN 1,CRAN 1\r\nMock,TDR-M,MOCK1 1,Mocks\r\n")
        try bench.folder.make("again.csv", .file(Array(listed.utf8)))
        #expect(try bench.tdr("series", "import", "again.csv").errors.contains("known already"))
    }
}
