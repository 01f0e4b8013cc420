import Streams
import TDRCore

/// Sizes, counts and tables for people.
enum Text {
    /// `1.5 MB`, decimal units as disks are sold by.
    static func size(_ bytes: Int64) -> String { sizeText(bytes) }

    /// A size that is a power of ten: `1 kB`, `100 MB`.
    static func round(_ bytes: Int64) -> String {
        let text = size(bytes)
        return text.replacing(".0 ", with: " ")
    }

    /// `1,234,567`.
    static func count(_ number: Int) -> String {
        var out = ""
        for (index, digit) in String(abs(number)).reversed().enumerated() {
            if index > 0, index % 3 == 0 { out.append(",") }
            out.append(digit)
        }
        return (number < 0 ? "-" : "") + String(out.reversed())
    }

    /// `1 file`, `2 files`.
    static func count(_ number: Int, _ noun: String) -> String { "\(count(number)) \(noun)\(number == 1 ? "" : "s")" }

    /// Columns, padded; the columns in `right` to the right. The last is not padded.
    static func table(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        guard let columns = rows.map(\.count).max() else { return [] }
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                if right.contains(column) { return padding + text }
                return column == row.count - 1 ? text : text + padding
            }.joined(separator: "  ")
        }
    }

    /// Text that may hold anything, on one line and without what steers a terminal: that as `\xHH`. A backslash stays as
    /// it is, since names in it are escaped already.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isSteering) else { return text }
        return text.unicodeScalars.map { scalar in
            isSteering(scalar)
                ? String(scalar).utf8.map { "\\x" + Hex.encode([$0]) }.joined() : String(scalar)
        }.joined()
    }

    /// One line of CSV (RFC 4180): quoted where the text needs it, CRLF left to the caller.
    static func csv(_ fields: [String]) -> String {
        fields.map { field in
            let needs = field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
            return needs ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
        }.joined(separator: ",")
    }
}
