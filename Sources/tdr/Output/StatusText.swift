import Streams
import TDRCore

/// The first files with findings of a consignment, of which some are shown as examples.
struct FirstProblems {
    private static let most = 500
    private struct Enough: Error {}

    private var files: [FileReport] = []

    /// Those in a store.
    init(_ report: ConsignmentReport, in store: Store) throws {
        do {
            try store.forEachFile(of: report.consignment, .withProblems) { try take($0) }
        } catch is Enough {}
    }

    /// Those that a source tells of.
    init(_ report: ConsignmentReport, from source: any StatusSource) async throws {
        do {
            try await source.forEachFile(of: report.consignment, .withProblems) { try take($0) }
        } catch is Enough {}
    }

    private mutating func take(_ file: FileReport) throws {
        files.append(file)
        if files.count == FirstProblems.most { throw Enough() }
    }

    /// Those that have this finding.
    func with(_ type: FileStatusType, _ value: FileStatusValue) -> [FileReport] {
        files.filter { $0.statuses[type] == value }
    }
}

/// Consignments and their files as text.
enum StatusText {
    /// One line for each check: how far, and what it found.
    static func checks(_ report: ConsignmentReport) -> [String] {
        Text.table(
            CheckKind.allCases.sorted().map { kind in
                let step = report.statuses[kind.consignmentStep]?.rawValue
                let found = kind.statusTypes.flatMap { type in
                    (report.fileCounts[type] ?? [:]).filter { !$0.key.isGood }
                        .sorted { $0.key.rawValue < $1.key.rawValue }.map {
                            "\(Text.count($0.value)) \($0.key.rawValue)"
                        }
                }
                let state =
                    kind == .antivirus && report.withoutAntivirus
                    ? "left out on purpose (--antivirus none)"
                    : "\(step ?? "not begun"), \(Text.count(report.checked(kind))) of \(Text.count(report.files, "file"))"
                return [kind.rawValue, ([state] + found).joined(separator: ", ")]
            })
    }

    /// What was found, by kind: how many files, what to do, and the first of them. `examples` a kind at most.
    ///
    /// Below each file stand the commands that put it right, as a shell takes them.
    static func problems(
        _ report: ConsignmentReport, _ files: FirstProblems, examples: Int, advice: Advice = .standard
    ) -> [String] {
        var lines: [String] = []
        for type in FileStatusType.allCases where type != .clientChecks {
            // A digest that could not be computed could not be compared either: that is one finding.
            if type == .serverChecksum, report.fileCounts[.checksumMatch]?[.failed] ?? 0 > 0 { continue }
            let bad = (report.fileCounts[type] ?? [:]).filter { !$0.key.isGood && $0.value > 0 }
            for (value, count) in bad.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                lines.append(
                    "\(type.rawValue) \(value.rawValue), \(Text.count(count, "file")): each "
                        + advice.text(type, value))
                var lastReason: String?
                let known = files.with(type, value)
                for file in known.prefix(examples) {
                    let reason = file.reasons[type] ?? file.reasons[.serverChecksum]
                    let remark = reason.map { $0 == lastReason ? "" : " [\($0)]" } ?? ""
                    lastReason = reason
                    lines.append("  \(file.path.display)\(remark)")
                    let commands = Remedies.commands(
                        type, value, of: file.path, in: report.consignment, advice: advice)
                    lines += commands.map { "    " + $0 }
                }
                if count > min(examples, known.count) {
                    lines.append("  and \(Text.count(count - min(examples, known.count))) more")
                }
            }
        }
        return lines
    }

    /// A consignment by itself.
    static func lines(_ report: ConsignmentReport) -> [String] {
        let consignment = report.consignment
        var rows = [
            ["Reference", consignment.reference.description],
            ["Body", "\(consignment.bodyName) (\(consignment.bodyCode))"],
            ["Series", consignment.seriesName ?? ""],
            ["Source", consignment.source.display + (consignment.storage == .inPlace ? " (in place)" : "")],
            ["Created", "\(consignment.created) by \(consignment.person.login)"],
            [
                "Records",
                "\(Text.count(report.files, "file")) in \(Text.count(report.folders, "folder")), "
                    + Text.size(Int64(report.bytes)),
            ],
        ]
        if report.excluded + report.skipped > 0 {
            rows.append([
                "Left out",
                [
                    report.excluded > 0 ? Text.count(report.excluded, "system file") : nil,
                    report.skipped > 0 ? "\(Text.count(report.skipped)) by --links" : nil,
                ].compactMap(\.self).joined(separator: ", "),
            ])
        }
        if report.withdrawnFiles > 0 { rows.append(["Withdrawn", Text.count(report.withdrawnFiles, "file")]) }
        if let likeness = report.likeness, likeness.duplicateGroups + likeness.nameGroups > 0 {
            rows.append([
                "Alike",
                [
                    likeness.surplusFiles > 0
                        ? "\(Text.count(likeness.surplusFiles, "file")) (\(Text.size(likeness.surplusBytes))) with the content of others"
                        : nil,
                    likeness.nameEntries > 0
                        ? "\(Text.count(likeness.nameEntries)) names that differ in case or Unicode form only" : nil,
                ].compactMap(\.self).joined(separator: ", ") + "; see --duplicates",
            ])
        }
        rows.append(["State", report.state + (report.isBeingWorkedOn ? " (a process is working on it)" : "")])
        var lines = Text.table(rows)
        lines.append("")
        for type in ConsignmentStatusType.allCases {
            if let value = report.statuses[type] { lines.append("  \(type.rawValue): \(value.rawValue)") }
        }
        lines.append("")
        lines += checks(report).map { "  " + $0 }
        lines.append("")
        if report.filesWithProblems > 0 {
            lines.append("\(Text.count(report.filesWithProblems, "file")) with findings")
        }
        if let location = consignment.exportLocation { lines.append("Exported to \(location)") }
        if let login = report.confirmsWhenClean, report.statuses[.confirmTransfer] == nil {
            lines.append("Transfer confirmed by \(login) for when the checks end clean")
        }
        for upload in report.unfinishedUploads where !report.isBeingWorkedOn {
            let again =
                if report.cancellation != nil {
                    ""
                } else if upload.isObject {
                    "go on with tdr upload --resume \(consignment.reference), or "
                } else {
                    "export again, or "
                }
            lines.append(
                "Unfinished: \(upload.location.display), \(Text.count(upload.parts, "part")), \(Text.size(upload.bytes))"
                    + " on the server; \(again)give it up with tdr export --abandon \(consignment.reference)")
        }
        for copy in report.exports {
            let looked =
                switch copy.result {
                case nil: "not verified since its export \(copy.exported.date)"
                case .notVerified?:
                    "could not be verified \(copy.looked?.date ?? "")"
                        + (copy.verified.map { ", last verified \($0.date)" } ?? "")
                case let result?: "\(result.words) \(copy.verified?.date ?? "")"
                }
            lines.append("Fixity: \(copy.location.display): \(looked)" + (copy.remark.map { " (\($0))" } ?? ""))
        }
        if let cancellation = report.cancellation {
            lines.append(
                "Cancelled \(cancellation.datetime): \(cancellation.reason)"
                    + (cancellation.isPurged ? " (bytes removed)" : ""))
        }
        lines.append("Next: \(report.nextAction)")
        return lines
    }
}
