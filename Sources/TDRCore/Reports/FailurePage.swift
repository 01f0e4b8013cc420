import Archives
import Streams

/// The failure report as one HTML page: no scripts, nothing from elsewhere.
struct FailurePage {
    private let report: FailureReport
    private let made: Timestamp

    /// Whether command lines stand beside what is to be done.
    private let hasCommands: Bool

    init(_ report: FailureReport, made: Timestamp, hasCommands: Bool) {
        self.report = report
        self.made = made
        self.hasCommands = hasCommands
    }

    var head: String {
        let name = report.consignment.reference.description
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="referrer" content="no-referrer">
            <title>Findings in \(HTML.text(name))</title>
            <style>
            \(CheckPageStyle.css)
            .formula { background: var(--tint); outline: 1px solid var(--warn); }
            td:first-child { white-space: normal; }
            </style>
            </head>
            <body><main>
            <h1>Findings in \(HTML.text(name))</h1>
            <p class="soft">\(HTML.text(report.consignment.bodyName))\
            \(report.consignment.seriesName.map { ", " + HTML.text($0) } ?? ""), \(HTML.text(made.description))</p>
            <table><thead><tr>\(titles)</tr></thead><tbody>

            """
    }

    private var titles: String {
        // The path says the name, too.
        report.titles.enumerated().filter { $0.offset != 1 }.map { "<th>\(HTML.text($0.element))</th>" }.joined()
    }

    func row(_ row: FailureRow, isFirst: Bool) -> String {
        let cells = FailureReport.cells(row)
        let path = isFirst ? HTML.path(BytePath(row.path.bytes)) : ""
        let commands = (hasCommands ? row.commands : []).map { "<code>\(HTML.text($0))</code>" }.joined(
            separator: "<br>")
        let columns = [
            path, HTML.text(cells[2]) + (commands.isEmpty ? "" : "<br>" + commands), cell(cells[3]), cell(cells[4]),
            cell(cells[5]),
        ]
        return "<tr>" + columns.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
    }

    /// What begins as a formula is marked, so that nobody copies it without knowing.
    private func cell(_ text: String) -> String {
        WorkbookWriter.looksLikeFormula(text)
            ? "<span class=\"formula\">\(HTML.text(text))</span>" : HTML.text(text)
    }

    var endOfTable: String { "</tbody></table>\n" }

    /// An entry that is like others. Nothing has to be done about it.
    func like(_ entry: LikeEntry, isFirst: Bool, isFirstOfAll: Bool) -> String {
        let what = entry.kind == .content ? "same content" : "same name but for case or Unicode form"
        let head =
            isFirstOfAll
            ? "<h2>Alike</h2><p class=\"soft\">For your information: these may be meant as they are.</p>\n"
                + "<table><tbody>\n" : ""
        return head + "<tr><td>\(isFirst ? what : "")</td><td>\(HTML.path(BytePath(entry.path.bytes)))</td>"
            + "<td class=\"n\">\(entry.size.map(sizeText) ?? "")</td></tr>\n"
    }

    var foot: String { "</main></body>\n</html>\n" }
}
