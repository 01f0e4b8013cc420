import Streams
import TDRCore

/// The check of a folder as one HTML page that can be sent to a colleague: no scripts, nothing from elsewhere.
struct CheckPage {
    private static let mostFormats = 30
    private static let mostDuplicates = 50

    private let report: FolderCheckReport
    private var summary: FolderCheckSummary { report.summary }
    private var profile: FolderProfile { report.summary.profile }

    init(_ report: FolderCheckReport) { self.report = report }

    /// The whole page.
    var html: String {
        let name = report.places.map(\.display).joined(separator: ", ")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="referrer" content="no-referrer">
            <title>Check of \(HTML.text(name))</title>
            <style>
            \(CheckPageStyle.css)
            </style>
            </head>
            <body><main>
            <h1>Check of \(report.places.map(HTML.path).joined(separator: ", "))</h1>
            <p class="soft">\(day(report.finished)), by \(HTML.text(report.person.name)). \
            A rehearsal: nothing was stored, nothing in the folder was changed.</p>
            \(verdict)
            \(tiles)
            \(checks)
            \(findings)
            \(formats)
            \(years)
            \(sizes)
            \(duplicates)
            \(leftOut)
            \(remarks)
            \(origin)
            </main></body>
            </html>

            """
    }

    // MARK: At a glance

    private var verdict: String {
        let count = profile.entriesWithFindings
        var boxes: [String] = []
        if profile.files == 0 {
            boxes.append(box("warn", "There are no files here.", "An upload would have nothing to transfer."))
        } else if count > 0 {
            boxes.append(
                box(
                    "bad",
                    "\(FolderCheckText.count(count)) \(count == 1 ? "needs" : "need") attention before a transfer.",
                    "What was found and what to do about it is listed below."))
        } else {
            boxes.append(
                box(
                    "good", "Nothing stands in the way of a transfer.",
                    summary.checks.count == CheckKind.allCases.count
                        ? "Every file passed every check." : "Every file passed the checks that were made."))
        }
        if let reason = summary.engineMissing {
            boxes.append(box("bad", "The antivirus check could not be made.", HTML.text(reason)))
        } else if !summary.checks.contains(.antivirus) {
            boxes.append(box("warn", "No antivirus check was made.", "It was left out on purpose."))
        }
        for warning in summary.warnings { boxes.append(box("warn", "Antivirus", HTML.text(warning))) }
        return boxes.joined(separator: "\n")
    }

    private func box(_ kind: String, _ head: String, _ body: String) -> String {
        "<div class=\"verdict \(kind)\"><strong>\(head)</strong>\(body)</div>"
    }

    private var tiles: String {
        let all = [
            (Text.count(profile.files), "files"), (Text.count(profile.folders), "folders"),
            (Text.size(profile.bytes), "in all"), (Text.count(profile.entriesWithFindings), "with findings"),
            (Text.count(summary.duplicates.surplusFiles), "repeat others"),
            (Text.count(profile.leftOutCount), "left out"),
        ]
        return "<div class=\"tiles\">"
            + all.map { "<div class=\"tile\"><b>\($0.0)</b><span>\($0.1)</span></div>" }.joined() + "</div>"
    }

    private var checks: String {
        section(
            "Checks",
            HTML.table(
                [], CheckKind.allCases.sorted().map { [$0.rawValue, FolderCheckText.words($0, summary)] }))
    }

    private func section(_ title: String, _ body: String) -> String { "<section><h2>\(title)</h2>\n\(body)</section>" }

    // MARK: What was found

    private var findings: String {
        let groups = profile.findings
        if groups.isEmpty { return "" }
        return section(
            "What was found, and what to do",
            groups.map { group in
                let noun = group.count == 1 ? "It" : "Each of them"
                let items = group.first.map { path, reason in
                    "<li>\(HTML.path(path))"
                        + (reason.map { "<span class=\"why\">\(HTML.text($0))</span>" } ?? "") + "</li>"
                }.joined(separator: "\n")
                let more = group.count - group.first.count
                let rest =
                    more > 0
                    ? "<p class=\"soft\">and \(Text.count(more)) more; <code>tdr check --csv</code> lists them all</p>"
                    : ""
                return "<h3>\(title(of: group.kind)): \(FolderCheckText.count(group.count))</h3>"
                    + "<p>\(noun) \(advice(group.kind)).</p><ul>\(items)</ul>\(rest)"
            }.joined(separator: "\n"))
    }

    /// Backticks stand for what is typed.
    private func advice(_ kind: CheckFinding.Kind) -> String {
        HTML.text(kind.advice).split(separator: "`", omittingEmptySubsequences: false).enumerated().map {
            $0 % 2 == 1 ? "<code>\($1)</code>" : String($1)
        }.joined()
    }

    private func title(of kind: CheckFinding.Kind) -> String {
        switch kind {
        case .status(.antivirus, .virusDetected): "Malware"
        case .status(.antivirus, _): "Not scanned"
        case .status(.ffid, .zeroByteFile): "Empty files"
        case .status(.ffid, .unidentified): "Unknown formats"
        case .status(.ffid, .multipleFormats): "Several formats"
        case .status(.ffid, .zip): "Archives"
        case .status(.ffid, .passwordProtected): "Protected by a password"
        case .status(.ffid, .executable): "Programs"
        case .status(.ffid, .shortcut): "Shortcuts"
        case .status(.ffid, .failed): "Format not determined"
        case .status(_, let value): HTML.text(value.rawValue)
        case .name: "Names that no bag can hold"
        case .link: "Links and special files"
        case .unreadable: "Not readable"
        }
    }

    // MARK: Profiles

    private var formats: String {
        let all = profile.formatsByCount
        guard let most = all.first?.share.files else { return "" }
        var rows = all.prefix(CheckPage.mostFormats).map { format, share in
            [
                HTML.text(format.puid ?? ""), HTML.text(format.words),
                HTML.bar(Double(share.files) / Double(most), Text.count(share.files, "file")), Text.count(share.files),
                Text.size(share.bytes),
            ]
        }
        if all.count > rows.count {
            let rest = all.dropFirst(rows.count)
            rows.append([
                "", "\(Text.count(rest.count)) other formats", "",
                Text.count(rest.reduce(0) { $0 + $1.share.files }), Text.size(rest.reduce(0) { $0 + $1.share.bytes }),
            ])
        }
        return section(
            "Formats",
            "<p class=\"soft\">By PRONOM's signatures.</p>"
                + table(["PUID", "Format", "", "Files", "Size"], rows, plot: 2))
    }

    private func table(_ head: [String], _ rows: [[String]], plot: Int) -> String {
        HTML.table(head, rows, right: [plot + 1, plot + 2]).replacing("<th></th>", with: "<th class=\"plot\"></th>")
    }

    private var years: String {
        let known = profile.years
        guard let first = known.keys.min(), let last = known.keys.max() else { return "" }
        // Many years become decades, so that a column stays wide enough to be seen.
        let step = last - first > 60 ? 10 : 1
        var spans: [Int: FolderProfile.Share] = [:]
        for (year, share) in known {
            let start = step == 1 ? year : year - ((year % 10) + 10) % 10
            spans[start] = spans[start].map { $0 + share } ?? share
        }
        guard let from = spans.keys.min(), let to = spans.keys.max() else { return "" }
        let most = spans.values.map(\.files).max() ?? 1
        let starts = Array(stride(from: from, through: to, by: step))
        let columns = starts.map { start in
            let share = spans[start] ?? FolderProfile.Share()
            return (
                Double(share.files) / Double(most),
                "\(words(start, step)): \(Text.count(share.files, "file")), \(Text.size(share.bytes))"
            )
        }
        let axis =
            starts.count == 1
            ? "<span>\(words(from, step))</span>" : "<span>\(words(from, step))</span><span>\(words(to, step))</span>"
        let rows = starts.compactMap { start in
            spans[start].map { [words(start, step), Text.count($0.files), Text.size($0.bytes)] }
        }
        return section(
            "Last changed",
            HTML.columns(columns, "Files by the year of their last change") + "<div class=\"axis\">\(axis)</div>"
                + "<details><summary>as a table</summary>"
                + HTML.table(["Year (UTC)", "Files", "Size"], rows, right: [1, 2]) + "</details>")
    }

    private func words(_ start: Int, _ step: Int) -> String { step == 1 ? "\(start)" : "\(start)s" }

    private var sizes: String {
        let classes = profile.sizes
        guard let first = classes.firstIndex(where: { $0.share.files > 0 }),
            let last = classes.lastIndex(where: { $0.share.files > 0 })
        else { return "" }
        let most = classes.map(\.share.files).max() ?? 1
        let rows = classes[first...last].map { sizeClass in
            [
                words(sizeClass),
                HTML.bar(Double(sizeClass.share.files) / Double(most), Text.count(sizeClass.share.files, "file")),
                Text.count(sizeClass.share.files), Text.size(sizeClass.share.bytes),
            ]
        }
        return section("Sizes", table(["File size", "", "Files", "Size"], rows, plot: 1))
    }

    private func words(_ sizeClass: FolderProfile.SizeClass) -> String {
        guard let below = sizeClass.below else { return "from \(Text.round(sizeClass.from))" }
        return sizeClass.from == 0 ? "empty" : "\(Text.round(sizeClass.from)) – \(Text.round(below))"
    }

    private var duplicates: String {
        let found = summary.duplicates
        if found.groupCount == 0 { return "" }
        let groups = found.groups.prefix(CheckPage.mostDuplicates).map { group in
            let more = group.count - group.paths.count
            return
                "<li>\(Text.count(group.count)) of \(Text.size(group.size)), SHA-256 <code>\(group.sha256.hex)</code><ul>"
                + group.paths.map { "<li>\(HTML.path($0))</li>" }.joined()
                + (more > 0 ? "<li class=\"soft\">and \(Text.count(more)) more</li>" : "") + "</ul></li>"
        }.joined(separator: "\n")
        let more = found.groupCount - min(CheckPage.mostDuplicates, found.groups.count)
        return section(
            "The same content more than once",
            "<p>\(Text.count(found.surplusFiles, "file")), \(Text.size(found.surplusBytes)), "
                + "\(found.surplusFiles == 1 ? "repeats" : "repeat") the content of others. That stands in nobody's way; "
                + "it may save work to keep one of each.</p><ul>\(groups)</ul>"
                + (more > 0 ? "<p class=\"soft\">and \(Text.count(more)) more contents</p>" : ""))
    }

    private var leftOut: String {
        if profile.leftOutCount == 0 { return "" }
        let more = profile.leftOutCount - profile.leftOut.count
        return section(
            "Left out",
            "<p>An upload leaves these out, too.</p><ul>"
                + profile.leftOut.map {
                    "<li>\(HTML.path($0.path)) <span class=\"soft\">\(HTML.text($0.what))</span></li>"
                }
                .joined(separator: "\n") + "</ul>"
                + (more > 0 ? "<p class=\"soft\">and \(Text.count(more)) more</p>" : ""))
    }

    private var remarks: String {
        if profile.remarks.isEmpty { return "" }
        let rows = profile.remarks.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { remark, count in
            "<li>\(Text.count(count, "file"))\(count == 1 ? " " : ": each ")\(HTML.text(remark))</li>"
        }
        return section("To mind, though it stands in nobody's way", "<ul>\(rows.joined())</ul>")
    }

    private var origin: String {
        var rows = [
            ("Begun", report.started.description), ("Ended", report.finished.description),
            ("By", "\(report.person.name) (\(report.person.email))"), ("Program", "tdr \(TDR.version)"),
            ("Antivirus", summary.engines.map(\.description).joined(separator: "; ")),
            ("PRONOM", summary.signatures.joined(separator: ", ")), ("libmagic", summary.magicVersion),
            ("Checks", summary.checks.sorted().map(\.rawValue).joined(separator: ", ")),
        ]
        if summary.engines.isEmpty { rows[4].1 = "none" }
        return section(
            "When, by whom, with what",
            "<dl>" + rows.map { "<dt>\($0.0)</dt><dd>\(HTML.text($0.1))</dd>" }.joined() + "</dl>")
    }

    private func day(_ time: Timestamp) -> String { HTML.text(time.date) }
}
