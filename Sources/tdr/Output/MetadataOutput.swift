import Streams
import TDRCore

/// `tdr metadata validate --json`, a line each; and the same as CSV and as text.
struct MetadataFindingOutput: Encodable {
    let row: Int?
    let column: String?
    let property: String?
    let path: String?
    let value: String
    let rule: String
    let message: String
    let remedy: String

    init(_ finding: MetadataFinding) {
        row = finding.row
        column = finding.column
        property = finding.property
        path = finding.path
        value = finding.value
        rule = finding.rule
        message = finding.message
        remedy = finding.remedy
    }

    static let titles = ["Row", "Column", "Property", "Filepath", "Value", "Rule", "Error", "Remedy"]

    static func fields(_ finding: MetadataFinding) -> [String] {
        [
            finding.row.map { "\($0)" } ?? "", finding.column ?? "", finding.property ?? "", finding.path ?? "",
            finding.value, finding.rule, finding.message, finding.remedy,
        ]
    }

    static func line(_ finding: MetadataFinding) -> String {
        func shown(_ text: String) -> String { displayName(of: Array(text.utf8)) }
        var place = finding.row.map { "row \($0)" } ?? "no row"
        if let column = finding.column { place += ", \(shown(column))" }
        if let path = finding.path { place += ", \(shown(path))" }
        let value =
            finding.column == nil || finding.value.isEmpty ? "" : " '\(shown(String(finding.value.prefix(80))))'"
        return "\(place):\(value) \(finding.message); \(finding.remedy) [\(finding.rule)]"
    }
}
