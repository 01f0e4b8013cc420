import Streams
import TDRCore

/// `tdr status REF --duplicates`: the entries that are like others, group by group.
struct LikenessOutput {
    private let context: CommandContext
    private let csv: Bool

    init(_ context: CommandContext, csv: Bool) {
        self.context = context
        self.csv = csv
        if csv { context.output.csv(["Like", "Group", "Filepath", "FileSize", "SHA256"]) }
    }

    private var surplusFiles = 0
    private var surplusBytes: Int64 = 0
    private var nameEntries = 0
    private var last: (kind: LikenessKind, group: Int)?

    /// Writes an entry; those of a group come together.
    mutating func add(_ entry: LikeEntry) throws {
        let isFirst = last?.kind != entry.kind || last?.group != entry.group
        last = (entry.kind, entry.group)
        if entry.kind == .name {
            nameEntries += 1
        } else if !isFirst {
            surplusFiles += 1
            surplusBytes += entry.size ?? 0
        }
        if context.json { return try context.output.json(LikeLine(entry)) }
        if csv {
            return context.output.csv([
                entry.kind.rawValue, "\(entry.group)", entry.path.display, entry.size.map { "\($0)" } ?? "",
                entry.sha256?.hex ?? "",
            ])
        }
        if isFirst {
            context.output.line(
                entry.kind == .content
                    ? "same content, \(Text.size(entry.size ?? 0)) each:" : "same name but for case or Unicode form:")
        }
        context.output.line("  " + entry.path.display)
    }

    /// Says how many there were.
    func finish() -> Outcome {
        context.messages.note(
            "\(Text.count(surplusFiles, "file")) with the content of others, \(Text.size(surplusBytes)); "
                + "\(Text.count(nameEntries)) names that differ in case or Unicode form only")
        return .done
    }
}
