import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct RedactionTests {
    @Test(
        "a redacted copy is told by its stem",
        arguments: [
            ("a_R.pdf", "a"), ("a_R12.pdf", "a"), ("a_Redacted.txt", "a"), ("a_redacted3", "a"), ("a_R_R.pdf", "a_R"),
            ("a.b_R.pdf", "a.b"), ("a_r.pdf", nil), ("_R.pdf", nil), ("a_REDACTED.pdf", nil), ("a_R.x.pdf", nil),
            ("aR.pdf", nil), ("a.pdf", nil),
        ])
    func names(name: String, original: String?) {
        #expect(RedactedName(Array(name.utf8))?.original == original.map { Array($0.utf8) })
    }

    @Test("copies and originals are paired in their folders when the checks end, each outcome with its reason")
    func pairing() async throws {
        let bench = try Bench([
            "Parent.docx.txt": "not it", "Report.txt": "o", "Report_R.txt": "r", "Whole": "w",
            "Whole_Redacted1.txt": "r",
            "Twice.txt": "o", "Twice_R.txt": "r", "Twice_R.csv": "r", "Two.txt": "o", "Two.csv": "p", "Two_R.txt": "r",
            "Lost_R.txt": "r", "sub": ["Lost.txt": "elsewhere"], "plain.txt": "p",
        ])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment)
        let files = try bench.files(consignment)
        func told(_ name: String) -> String? { files["Records/" + name]?.statuses[.redaction]?.rawValue }
        #expect(told("Report_R.txt") == "Success")
        #expect(files["Records/Report_R.txt"]?.properties["OriginalFilepath"] == "Records/Report.txt")
        #expect(files["Records/Whole_Redacted1.txt"]?.properties["OriginalFilepath"] == "Records/Whole")
        #expect(told("Twice_R.txt") == "DuplicateFileName")
        #expect(told("Twice_R.csv") == "DuplicateFileName")
        #expect(told("Two_R.txt") == "AmbiguousOriginalFile")
        #expect(files["Records/Two_R.txt"]?.reasons[.redaction]?.contains("'Two.csv' and 'Two.txt'") == true)
        #expect(told("Lost_R.txt") == "NoOriginalFile")
        #expect(told("plain.txt") == nil)
        #expect(told("Report.txt") == nil)
        #expect(try bench.store.statuses(of: consignment)[.serverRedaction] == .completedWithIssues)
        #expect(try bench.store.statuses(of: consignment)[.clientChecks] == .completedWithIssues)
        #expect(files["Records/Lost_R.txt"]?.statuses[.clientChecks] == .completedWithIssues)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])

        // By metadata everything can be said, and taken back.
        try bench.apply(
            """
            filepath,original filepath
            Records/Twice_R.txt,Records/Twice.txt
            Records/Twice_R.csv,Records/Twice.txt
            Records/Two_R.txt,Records/Two.csv
            Records/Lost_R.txt,Records/sub/Lost.txt
            Records/plain.txt,Records/Report.txt
            """, consignment)
        let mended = try bench.files(consignment)
        #expect(
            mended.values.filter { $0.statuses[.redaction] != nil }.allSatisfy { $0.statuses[.redaction] == .success })
        #expect(mended["Records/plain.txt"]?.statuses[.redaction] == .success)
        #expect(try bench.store.statuses(of: consignment)[.serverRedaction] == .completed)
        #expect(try bench.store.statuses(of: consignment)[.clientChecks] == .completed)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])

        // A check made again keeps what people said.
        try await bench.check(consignment) { $0.again = true }
        #expect(try bench.files(consignment)["Records/Two_R.txt"]?.properties["OriginalFilepath"] == "Records/Two.csv")
        try bench.apply(
            "filepath,original filepath\nRecords/Two_R.txt,\nRecords/plain.txt,\n", consignment)
        let back = try bench.files(consignment)
        #expect(back["Records/Two_R.txt"]?.statuses[.redaction] == .ambiguousOriginalFile)
        #expect(back["Records/plain.txt"]?.statuses[.redaction] == nil)
        #expect(back["Records/plain.txt"]?.statuses[.clientChecks] == .completed)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }
}
