import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// A row that breaks one rule, and what makes it good.
private struct RuleCase: Sendable, CustomTestStringConvertible {
    let rule: String
    /// Begin with a closed record, not with an open one.
    var closed = false
    let bad: [String: String]
    let good: [String: String]

    var testDescription: String { "\(rule) \(bad)" }
}

private let closedRow = [
    "closure status": "Closed", "closure start date": "1999-12-31", "closure period": "30;40",
    "foi exemption code": "27(1);40(2)", "foi schedule date": "2020-02-29", "is filename closed": "Yes",
    "alternate filename": "A file", "is description closed": "No",
]

private let cases: [RuleCase] = [
    RuleCase(rule: "value.vocabulary", bad: ["closure status": "open"], good: ["closure status": "Open"]),
    RuleCase(
        rule: "value.vocabulary", bad: ["legal status": "Public Records"],
        good: ["legal status": "Welsh Public Record(s)"]),
    RuleCase(
        rule: "value.vocabulary", closed: true, bad: ["foi exemption code": "27(1);25"],
        good: ["foi exemption code": "EIR 12(5)(g)|EIRs 12(3) & 13"]),
    RuleCase(
        rule: "value.number", closed: true, bad: ["closure period": "30;151"], good: ["closure period": "1|150"]),
    RuleCase(rule: "value.number", closed: true, bad: ["closure period": "0;30"], good: ["closure period": " 1 ; 30 "]),
    RuleCase(
        rule: "value.separators", closed: true, bad: ["closure period": ";", "foi exemption code": ""], good: closedRow),
    RuleCase(
        rule: "value.boolean", closed: true, bad: ["is description closed": "maybe"],
        good: ["is description closed": "false"]),
    RuleCase(rule: "value.date", bad: ["date of the record": "2023-02-29"], good: ["date of the record": "2024-02-29"]),
    RuleCase(
        rule: "value.date", bad: ["date of the record": "31/12/1999"],
        good: ["date of the record": "1999-12-31T10:00:00"]),
    RuleCase(
        rule: "value.before-today", bad: ["date of the record": "2026-01-02"],
        good: ["date of the record": "2026-01-01"]),
    RuleCase(
        rule: "value.before-today", closed: true, bad: ["closure start date": "2999-01-01"],
        good: ["closure start date": "2026-01-01"]),
    RuleCase(
        rule: "value.before-today", closed: true, bad: ["foi schedule date": "2026-01-02"],
        good: ["foi schedule date": "2026-01-01"]),
    RuleCase(
        rule: "value.length", bad: ["former reference": String(repeating: "é", count: 256)],
        good: ["former reference": String(repeating: "é", count: 255)]),
    RuleCase(
        rule: "value.length", bad: ["description": String(repeating: "x", count: 8001)],
        good: ["description": String(repeating: "x", count: 8000)]),
    RuleCase(
        rule: "value.path", bad: ["original filepath": "Records/none.txt"],
        good: ["original filepath": "Records/b.txt"]),
    RuleCase(rule: "value.path", bad: ["original filepath": "Records/a.txt"], good: ["original filepath": ""]),
    RuleCase(rule: "closed.required.ClosureStartDate", closed: true, bad: ["closure start date": ""], good: closedRow),
    RuleCase(
        rule: "closed.required.ClosurePeriod", closed: true, bad: ["closure period": ""], good: closedRow),
    RuleCase(
        rule: "closed.required.FoiExemptionCode", closed: true, bad: ["foi exemption code": ""], good: closedRow),
    RuleCase(
        rule: "closed.required.FoiExemptionAsserted", closed: true, bad: ["foi schedule date": ""], good: closedRow),
    RuleCase(
        rule: "closed.required.TitleClosed", closed: true, bad: ["is filename closed": "", "alternate filename": ""],
        good: ["is filename closed": "No", "alternate filename": ""]),
    RuleCase(
        rule: "closed.required.DescriptionClosed", closed: true, bad: ["is description closed": ""], good: closedRow),
    RuleCase(
        rule: "closed.count", closed: true, bad: ["closure period": "30"],
        good: ["closure period": "30", "foi exemption code": "23"]),
    RuleCase(rule: "open.absent.ClosureStartDate", bad: ["closure start date": "1999-12-31"], good: closedRow),
    RuleCase(rule: "open.absent.ClosurePeriod", bad: ["closure period": "30"], good: [:]),
    RuleCase(rule: "open.absent.FoiExemptionCode", bad: ["foi exemption code": "23"], good: [:]),
    RuleCase(rule: "open.absent.FoiExemptionAsserted", bad: ["foi schedule date": "1999-12-31"], good: [:]),
    RuleCase(rule: "open.absent.TitleAlternate", bad: ["alternate filename": "A file"], good: [:]),
    RuleCase(rule: "open.absent.DescriptionAlternate", bad: ["alternate description": "A text"], good: [:]),
    RuleCase(
        rule: "open.false.TitleClosed", bad: ["is filename closed": "Yes"], good: ["is filename closed": "No"]),
    RuleCase(
        rule: "open.false.DescriptionClosed", bad: ["is description closed": "Yes"],
        good: ["is description closed": "No"]),
    RuleCase(
        rule: "alternate.required.TitleAlternate", closed: true, bad: ["alternate filename": ""],
        good: ["alternate filename": "Another"]),
    RuleCase(
        rule: "alternate.required.DescriptionAlternate", closed: true, bad: ["is description closed": "Yes"],
        good: ["is description closed": "Yes", "alternate description": "Another"]),
    RuleCase(
        rule: "alternate.absent.TitleAlternate", closed: true, bad: ["is filename closed": "No"],
        good: ["is filename closed": "No", "alternate filename": ""]),
    RuleCase(
        rule: "alternate.absent.DescriptionAlternate", closed: true, bad: ["alternate description": "Another"],
        good: ["is description closed": "Yes", "alternate description": "Another"]),
]

@Suite struct MetadataRuleTests {
    private static let titles = MetadataSchema.standard.properties.filter { $0.role == .given || $0.role == .path }
        .map(\.title)

    private func findings(
        _ values: [String: String], _ bench: Bench, _ consignment: Consignment
    ) throws
        -> [MetadataFinding]
    {
        var bytes: [UInt8] = []
        CSV.append(["filepath"] + MetadataRuleTests.titles, to: &bytes)
        CSV.append(["Records/a.txt"] + MetadataRuleTests.titles.map { values[$0] ?? "" }, to: &bytes)
        return try bench.findings(bytes, consignment, isPartial: true)
    }

    @Test("a row that breaks a rule is told by the rule's name, and a good one is not", arguments: cases)
    fileprivate func rule(_ one: RuleCase) async throws {
        let bench = try Bench(["a.txt": "a", "b.txt": "b"])
        let consignment = try await bench.upload().consignment
        let base = one.closed ? closedRow : [:]
        let bad = try findings(base.merging(one.bad) { $1 }, bench, consignment)
        #expect(bad.contains { $0.rule == one.rule && $0.row == 2 && $0.column != nil && !$0.remedy.isEmpty }, "\(bad)")
        #expect(try findings(base.merging(one.good) { $1 }, bench, consignment) == [])
    }

    @Test("every rule of the schema has a case")
    func allRules() {
        let known = Set(cases.map(\.rule))
        #expect(MetadataSchema.standard.rules.map(\.id).filter { !known.contains($0) } == [])
        #expect(MetadataSchema.standard.rules.count == 19)
    }
}

extension Bench {
    var metadata: MetadataRun {
        MetadataRun(
            store: store, run: RunInfo(actor: "tester", command: "metadata", version: "0"), schema: .standard)
    }

    func table(_ bytes: [UInt8]) throws -> BytePath { try folder.make("table.csv", .file(bytes)) }

    func findings(_ bytes: [UInt8], _ consignment: Consignment, isPartial: Bool = false) throws -> [MetadataFinding] {
        var out: [MetadataFinding] = []
        _ = try metadata.validate(table(bytes), of: consignment, isPartial: isPartial) { out.append($0) }
        return out
    }

    @discardableResult
    func apply(_ text: String, _ consignment: Consignment, isPartial: Bool = true) throws -> MetadataSummary {
        try metadata.apply(table(Array(text.utf8)), to: consignment, isPartial: isPartial) {
            Issue.record("\($0)")
        }
    }

    func write(_ content: MetadataRun.Content, _ consignment: Consignment) throws -> String {
        var bytes: [UInt8] = []
        try metadata.write(content, of: consignment) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
