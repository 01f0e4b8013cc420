import TDRCore

/// Charts as SVG, made here: no script, no style of their own.
enum Charts {
    private static let rowHeight = 44
    private static let barWidth = 320
    private static let width = 400

    /// Bars from left to right, each below its label and beside its count. The texts may be anybody's: all are escaped.
    static func bars(_ rows: [(label: String, count: Int)], label: String) -> String {
        let most = max(1, rows.map(\.count).max() ?? 1)
        let height = rows.count * rowHeight
        var out =
            "<svg class=\"chart\" viewBox=\"0 0 \(width) \(height)\" role=\"img\" aria-label=\"\(HTML.text(label))\">"
        for (place, row) in rows.enumerated() {
            let top = place * rowHeight
            let length = max(2, row.count * barWidth / most)
            out += "<text x=\"0\" y=\"\(top + 16)\">\(HTML.text(cut(row.label)))</text>"
            out += "<rect x=\"0\" y=\"\(top + 22)\" width=\"\(length)\" height=\"14\" rx=\"2\"/>"
            out += "<text x=\"\(length + 8)\" y=\"\(top + 34)\">\(Pages.number(row.count))</text>"
        }
        return out + "</svg>"
    }

    private static func cut(_ text: String) -> String { text.count > 52 ? text.prefix(51) + "…" : text }
}
