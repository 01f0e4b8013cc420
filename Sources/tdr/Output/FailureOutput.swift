import Glibc
import Streams
import TDRCore

/// The forms of the failure report.
enum ReportForm: String, CaseIterable {
    case csv, xlsx, html
}

/// Writes the failure report to stdout or, whole or not at all, to a file.
struct FailureOutput {
    let report: FailureReport
    let form: ReportForm
    let context: CommandContext

    func write(to file: BytePath?) throws {
        guard let file else {
            if form == .xlsx, context.outputIsTerminal {
                throw ReportError(description: "a workbook is nothing for a terminal; name a file with --output")
            }
            return try write { context.output.write(Array($0)) }
        }
        do {
            // Nothing there is as it should be.
            if let status = try? FileStatus.following(file), status.kind != .regular {
                throw ReportError(
                    description: "cannot write the report to '\(file.display)': it is there and is no file")
            }
            let writer = try DurableWriter(to: file)
            try write { try writer.write($0) }
            try writer.commit()
        } catch let fault as SystemFault {
            throw ReportError(description: "cannot write the report to '\(file.display)': \(fault.reason)")
        }
        context.messages.note("report: \(file.display)")
    }

    private func write(_ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        func put(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try sink($0) } }
        switch form {
        case .xlsx:
            try report.writeWorkbook(at: context.clock(), scratch: CommandContext.temporaryFolder, sink: sink)
        case .csv:
            try put(Text.csv(report.titles) + "\r\n")
            try report.forEachRow { row in
                try put(Text.csv(FailureReport.cells(row).map(FailureOutput.asText)) + "\r\n")
            }
        case .html:
            let page = FailurePage(report, made: context.clock())
            try put(page.head)
            var last: RelativePath?
            try report.forEachRow { row in
                try put(page.row(row, isFirst: row.path != last))
                last = row.path
            }
            try put(page.endOfTable)
            var group: (LikenessKind, Int)?
            try report.forEachLikeEntry(scratch: CommandContext.temporaryFolder) { entry in
                let isFirst = group?.0 != entry.kind || group?.1 != entry.group
                try put(page.like(entry, isFirst: isFirst, isFirstOfAll: group == nil))
                group = (entry.kind, entry.group)
            }
            if group != nil { try put(page.endOfTable) }
            try put(page.foot)
        }
    }

    /// A CSV field has no type, and spreadsheets compute what begins as a formula: an apostrophe in front keeps it text.
    static func asText(_ field: String) -> String {
        guard let first = field.utf8.first, "=+-@\t\r".utf8.contains(first) else { return field }
        return "'" + field
    }
}

private struct ReportError: Error, CustomStringConvertible {
    let description: String
}

/// The failure report as one HTML page: no scripts, nothing from elsewhere.
struct FailurePage {
    private let report: FailureReport
    private let made: Timestamp

    init(_ report: FailureReport, made: Timestamp) {
        self.report = report
        self.made = made
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
        let commands = row.commands.map { "<code>\(HTML.text($0))</code>" }.joined(separator: "<br>")
        let columns = [
            path, HTML.text(cells[2]) + (commands.isEmpty ? "" : "<br>" + commands), cell(cells[3]), cell(cells[4]),
            cell(cells[5]),
        ]
        return "<tr>" + columns.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
    }

    /// What begins as a formula is marked, so that nobody copies it without knowing.
    private func cell(_ text: String) -> String {
        FailureOutput.asText(text) == text ? HTML.text(text) : "<span class=\"formula\">\(HTML.text(text))</span>"
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
            + "<td class=\"n\">\(entry.size.map(Text.size) ?? "")</td></tr>\n"
    }

    var foot: String { "</main></body>\n</html>\n" }
}
