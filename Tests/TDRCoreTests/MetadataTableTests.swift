import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct MetadataTableTests {
    private func rules(_ text: String, _ bench: Bench, _ consignment: Consignment) throws -> [String] {
        try bench.findings(Array(text.utf8), consignment).map { "\($0.row.map { "\($0)" } ?? "-") \($0.rule)" }
    }

    @Test("all that is wrong with titles and rows is told at once")
    func structure() async throws {
        let bench = try Bench(["a.txt": "a", "b.txt": "b", "c.txt": "c"])
        let consignment = try await bench.upload().consignment
        #expect(try rules("", bench, consignment) == ["1 INVALID_CSV"])
        #expect(try rules("description\nx\n", bench, consignment) == ["1 SCHEMA_REQUIRED"])
        #expect(
            try rules("filepath,language,LANGUAGE\nRecords/a.txt,x,y\n", bench, consignment) == ["1 DUPLICATE_HEADER"])
        #expect(
            try rules(
                "filepath,colour,UUID,description\nRecords/a.txt,,,d\nRecords/a.txt,,,d\nRecords/z.txt,,,d\nRecords/b.txt\n",
                bench, consignment)
                == [
                    "1 ADDITIONAL_HEADER", "1 PROTECTED_FIELD", "3 DUPLICATE_ROW", "4 UNKNOWN_ROW", "5 INVALID_CSV",
                    "- MISSING_ROW",
                ])
        let bytes = Array("filepath,description\nRecords/a.txt,".utf8) + [0xE9, 0x0A]
        #expect(try bench.findings(bytes, consignment).map(\.rule) == ["UTF_8"])
        let wide = Array("filepath".utf8) + [UInt8](repeating: 0x2C, count: 1_000_000)
        #expect(try bench.findings(wide, consignment).map(\.rule) == ["INVALID_CSV"])
    }

    @Test("what the system knows cannot be changed by a table")
    func protected() async throws {
        let bench = try Bench(["a.txt": "a"])
        let consignment = try await bench.upload().consignment
        let found = try bench.findings(Array("filepath,filename\nRecords/a.txt,b.txt\n".utf8), consignment)
        #expect(found.map(\.message) == ["Protected metadata property found: Filename"])
        #expect(try bench.findings(Array("filepath,filename\nRecords/a.txt,a.txt\n".utf8), consignment) == [])
    }

    @Test("a table with one bad row changes nothing; a good one all; an empty cell takes back")
    func allOrNothing() async throws {
        let bench = try Bench(["a.txt": "a", "b.txt": "b"])
        let consignment = try await bench.upload().consignment
        let bad = try bench.table(Array("filepath,language,end_date\nRecords/a.txt,Welsh,\nRecords/b.txt,,soon\n".utf8))
        let summary = try bench.metadata.apply(bad, to: consignment, isPartial: false) { _ in }
        #expect(summary.findings == 1)
        #expect(try bench.files(consignment)["Records/a.txt"]?.properties == [:])
        #expect(try bench.store.statuses(of: consignment)[.draftMetadata] == nil)

        try bench.apply(
            "\u{FEFF}filepath,language,description\r\nRecords/a.txt,Welsh|English,\"two\r\nlines\"\r\nRecords/b.txt,English,=1+1\r\n",
            consignment)
        #expect(
            try bench.files(consignment)["Records/a.txt"]?.properties
                == ["Language": "Welsh;English", "description": "two\r\nlines"])
        #expect(try bench.files(consignment)["Records/b.txt"]?.properties == ["description": "=1+1"])
        #expect(try bench.store.statuses(of: consignment)[.draftMetadata] == .completed)
        #expect(try bench.store.properties(of: consignment)["MetadataSchemaLibraryVersion"] == "1.0.0")

        try bench.apply("filepath,language,description\nRecords/a.txt,,\n", consignment)
        #expect(try bench.files(consignment)["Records/a.txt"]?.properties == [:])
        #expect(try bench.files(consignment)["Records/b.txt"]?.properties == ["description": "=1+1"])
    }

    @Test("the template and the stored table change nothing when they are applied, whatever the names")
    func identity() async throws {
        let bench = try Bench([
            "plain.txt": "a", "new\nline, \"quoted\".txt": "b", "back\\x41slash": "c", Name([0xFF, 0x2E]): "d",
            "文書": ["é.txt": "e"],
        ])
        let consignment = try await bench.upload().consignment
        #expect(try bench.apply(try bench.write(.template, consignment), consignment, isPartial: false).changed == 0)
        try bench.apply("filepath,description\nRecords/back\\\\x41slash,d\nRecords/\\xff.,e\n", consignment)
        #expect(try bench.files(consignment)["Records/\\xff."]?.properties == ["description": "e"])
        #expect(try bench.files(consignment)["Records/back\\\\x41slash"]?.properties == ["description": "d"])
        let stored = try bench.write(.stored, consignment)
        #expect(try bench.apply(stored, consignment, isPartial: false).changed == 0)
        #expect(try bench.write(.stored, consignment) == stored)
    }

    @Test("a schema of a user adds properties and rules, and one that is not understood is refused by name")
    func ownSchema() async throws {
        let bench = try Bench(["a.txt": "a"])
        let consignment = try await bench.upload().consignment
        let own = try bench.folder.make(
            "own.json",
            """
            {"version": "dept-1", "x-extends": true, "properties": {"Box": {"title": "box", "type": "integer", "minimum": 1}},
             "allOf": [{"x-rule": "box", "x-remedy": "give the box", "then": {"required": ["Box"]}}]}
            """)
        let run = MetadataRun(
            store: bench.store, run: RunInfo(actor: "t", command: "t", version: "0"),
            schema: try MetadataSchema(readingJSON: own))
        var found: [String] = []
        let table = try bench.table(Array("filepath,box\nRecords/a.txt,\n".utf8))
        _ = try run.validate(table, of: consignment, isPartial: false) { found.append($0.rule) }
        #expect(found == ["box"])
        let good = try bench.table(Array("filepath,box\nRecords/a.txt,7\n".utf8))
        #expect(try run.apply(good, to: consignment, isPartial: false) { _ in }.changed == 1)
        #expect(try bench.store.properties(of: consignment)["MetadataSchemaLibraryVersion"] == "dept-1")

        let odd = try bench.folder.make(
            "odd.json", #"{"version": "1", "properties": {"A": {"title": "a", "type": "string", "pattern": "x"}}}"#)
        #expect {
            _ = try MetadataSchema(readingJSON: odd)
        } throws: {
            "\($0)".contains("pattern")
        }
    }

    @Test("metadata is closed while it is reviewed and after its approval; a rejection opens it")
    func review() async throws {
        let bench = try Bench(["a.txt": "a"])
        let consignment = try await bench.upload().consignment
        let run = RunInfo(actor: "reviewer", command: "review", version: "0")
        #expect(throws: ReviewError.self) { try bench.store.review(.approval, of: consignment, notes: "", run: run) }
        try bench.store.review(.submission, of: consignment, notes: "please", run: run)
        #expect(throws: MetadataError.self) { try bench.apply("filepath\nRecords/a.txt\n", consignment) }
        try bench.store.review(.approval, of: consignment, notes: "", run: run)
        #expect(try bench.store.statuses(of: consignment)[.metadataReview] == .completed)
        #expect(throws: MetadataError.self) { try bench.apply("filepath\nRecords/a.txt\n", consignment) }
        #expect(throws: ReviewError.self) { try bench.store.review(.rejection, of: consignment, notes: " ", run: run) }
        try bench.store.review(.rejection, of: consignment, notes: "dates", run: run)
        #expect(try bench.store.statuses(of: consignment)[.metadataReview] == .completedWithIssues)
        try bench.apply("filepath,description\nRecords/a.txt,x\n", consignment)
        let long = String(repeating: "x", count: 1301)
        #expect(throws: ReviewError.self) {
            try bench.store.review(.submission, of: consignment, notes: long, run: run)
        }
        #expect(
            try bench.store.reviews(of: consignment).map { "\($0.action.rawValue) \($0.login) \($0.notes)" }
                == ["Submission reviewer please", "Approval reviewer ", "Rejection reviewer dates"])
    }
}
