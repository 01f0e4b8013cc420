import Streams
import TDRCore

/// What is wrong with a table, as CSV and as text; as JSON a finding is a line as it is.
enum MetadataFindingOutput {
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
