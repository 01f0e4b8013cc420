import Streams
import TDRCore

/// The check of a folder as text.
enum FolderCheckText {
    private static let examples = 5
    private static let mostFormats = 20
    private static let mostDuplicates = 5

    static func lines(_ report: FolderCheckReport) -> [String] {
        let (summary, profile) = (report.summary, report.summary.profile)
        var lines = [
            "\(report.places.map(\.display).joined(separator: ", ")): \(Text.count(profile.files, "file")) in "
                + "\(Text.count(profile.folders, "folder")), \(Text.size(profile.bytes))"
        ]
        lines += Text.table(CheckKind.allCases.sorted().map { [$0.rawValue, words($0, summary)] }).map { "  " + $0 }
        let formats = profile.formatsByCount
        if !formats.isEmpty {
            lines.append("  formats:")
            lines += Text.table(
                formats.prefix(mostFormats).map { format, share in
                    [Text.count(share.files), Text.size(share.bytes), format.puid ?? "-", format.words]
                }, right: [0, 1]
            ).map { "    " + $0 }
            if formats.count > mostFormats { lines.append("    and \(Text.count(formats.count - mostFormats)) more") }
        }
        lines += findings(profile) + leftOut(profile) + duplicates(summary.duplicates)
        if !profile.remarks.isEmpty {
            lines.append("  to mind, though it stands in nobody's way:")
            for (remark, count) in profile.remarks.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(10) {
                lines.append("    \(Text.count(count, "file"))\(count == 1 ? " " : ": each ")\(remark)")
            }
        }
        return lines
    }

    /// How far one check came.
    static func words(_ kind: CheckKind, _ summary: FolderCheckSummary) -> String {
        guard summary.checks.contains(kind) else {
            return kind == .antivirus ? "not made, on purpose" : "not asked for"
        }
        let counts = summary.profile.statuses[kind.folderStatus] ?? [:]
        let good = counts.filter(\.key.isGood).reduce(0) { $0 + $1.value }
        let verb = [CheckKind.antivirus: "clean", .checksum: "read", .format: "accepted"][kind] ?? ""
        let bad = counts.filter { !$0.key.isGood }.sorted { $0.key.rawValue < $1.key.rawValue }
        return
            (["\(Text.count(good)) of \(Text.count(summary.profile.files, "file")) \(verb)"]
            + bad.map { "\(Text.count($0.value)) \($0.key.rawValue)" }).joined(separator: ", ")
    }

    private static func findings(_ profile: FolderProfile) -> [String] {
        if profile.entriesWithFindings == 0 { return [] }
        var lines = ["  \(count(profile.entriesWithFindings)) with findings:"]
        for group in profile.findings {
            let noun = group.count == 1 ? "" : "each "
            lines.append("    \(group.kind.word), \(count(group.count)): \(noun)\(group.kind.advice)")
            var lastReason: String?
            for (path, reason) in group.first.prefix(examples) {
                let remark = reason.map { $0 == lastReason ? "" : " [\(displayName(of: Array($0.utf8)))]" } ?? ""
                lastReason = reason
                lines.append("      \(path.display)\(remark)")
            }
            let more = group.count - min(examples, group.first.count)
            if more > 0 { lines.append("      and \(Text.count(more)) more") }
        }
        return lines
    }

    /// `1 entry`, `2 entries`.
    static func count(_ number: Int) -> String { "\(Text.count(number)) \(number == 1 ? "entry" : "entries")" }

    private static func leftOut(_ profile: FolderProfile) -> [String] {
        if profile.leftOutCount == 0 { return [] }
        let named = profile.leftOut.prefix(examples).map { "    \($0.path.display) (\($0.what))" }
        let more = profile.leftOutCount - named.count
        return ["  \(count(profile.leftOutCount)) left out, as an upload would:"] + named
            + (more > 0 ? ["    and \(Text.count(more)) more"] : [])
    }

    private static func duplicates(_ duplicates: Duplicates) -> [String] {
        if duplicates.groupCount == 0 { return [] }
        var lines = [
            "  \(Text.count(duplicates.surplusFiles, "file")), \(Text.size(duplicates.surplusBytes)), "
                + "\(duplicates.surplusFiles == 1 ? "repeats" : "repeat") the content of others:"
        ]
        for group in duplicates.groups.prefix(mostDuplicates) {
            lines.append("    \(Text.count(group.count)) of \(Text.size(group.size)):")
            lines += group.paths.prefix(examples).map { "      \($0.display)" }
            let more = group.count - min(examples, group.paths.count)
            if more > 0 { lines.append("      and \(Text.count(more)) more") }
        }
        let more = duplicates.groupCount - min(mostDuplicates, duplicates.groups.count)
        if more > 0 { lines.append("    and \(Text.count(more)) more contents") }
        return lines
    }
}

extension CheckKind {
    /// The status by which a folder check tells of this check.
    fileprivate var folderStatus: FileStatusType {
        switch self {
        case .antivirus: .antivirus
        case .checksum: .serverChecksum
        case .format: .ffid
        }
    }
}
