import Streams
import TDRCore

/// `tdr status REF --duplicates`: the entries that are like others, group by group.
struct LikenessOutput {
    private let context: CommandContext
    private let csv: Bool

    init(_ context: CommandContext, csv: Bool) {
        self.context = context
        self.csv = csv
    }

    /// Writes them as they come.
    func write(_ consignment: Consignment, _ store: Store) throws -> Outcome {
        if csv { context.output.csv(["Like", "Group", "Filepath", "FileSize", "SHA256"]) }
        var last: (LikenessKind, Int)?
        let counts = try store.compareEntries(of: consignment, scratch: CommandContext.temporaryFolder) { entry in
            if context.json {
                try context.output.json(Line(entry))
            } else if csv {
                context.output.csv([
                    entry.kind.rawValue, "\(entry.group)", entry.path.display, entry.size.map { "\($0)" } ?? "",
                    entry.sha256?.hex ?? "",
                ])
            } else {
                if last?.0 != entry.kind || last?.1 != entry.group {
                    context.output.line(
                        entry.kind == .content
                            ? "same content, \(Text.size(entry.size ?? 0)) each:"
                            : "same name but for case or Unicode form:")
                    last = (entry.kind, entry.group)
                }
                context.output.line("  " + entry.path.display)
            }
        }
        context.messages.note(
            "\(Text.count(counts.surplusFiles, "file")) with the content of others, \(Text.size(counts.surplusBytes)); "
                + "\(Text.count(counts.nameEntries)) names that differ in case or Unicode form only")
        return .done
    }

    /// A line of JSON.
    private struct Line: Encodable {
        let like: String
        let group: Int
        let path: String
        let pathHex: String?
        let size: Int64?
        let sha256: String?

        init(_ entry: LikeEntry) {
            like = entry.kind.rawValue
            group = entry.group
            path = entry.path.text ?? entry.path.display
            pathHex = entry.path.text == nil ? Hex.encode(entry.path.bytes) : nil
            size = entry.size
            sha256 = entry.sha256?.hex
        }
    }
}
