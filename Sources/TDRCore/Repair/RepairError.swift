public import Streams

/// Why a consignment was not put right; nothing of it was changed.
public enum RepairError: Error, CustomStringConvertible {
    /// The upload is not over.
    case notUploaded(ConsignmentReference)
    /// A bag was made of it, or is being made: custody has passed.
    case exported(ConsignmentReference, begun: Bool)
    /// The consignment has no file or folder of that path.
    case unknownPath(ConsignmentReference, RelativePath)
    /// Nothing would be left.
    case lastFile(ConsignmentReference)
    /// The file or folder with the new bytes cannot be used.
    case badSource(BytePath, reason: String)
    /// The place in the consignment cannot be used.
    case badPlace(BytePath, reason: String)
    /// Several files of the consignment have the name.
    case ambiguous(ConsignmentReference, BytePath, [RelativePath])
    /// Entries that cannot be taken as they are.
    case refused(ConsignmentReference, PathList, act: String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .notUploaded(let reference):
            "cannot change \(reference): its upload is not finished; run `tdr upload --resume \(reference)` first"
        case .exported(let reference, let begun):
            begun
                ? "cannot change \(reference): its export was begun and not finished, so a bag may be at its target;"
                    + " run the export again"
                : "cannot change \(reference): it was exported, and with the bag custody has passed; what has to be put"
                    + " right now needs a new consignment"
        case .unknownPath(let reference, let path):
            "\(reference) has no file or folder '\(path.display)'; `tdr status \(reference) --files` lists them as they"
                + " are written"
        case .lastFile(let reference):
            "cannot withdraw that: no file would be left in \(reference); use `tdr cancel \(reference) --reason …`"
        case .badSource(let path, let reason): "cannot take '\(path.display)': \(reason)"
        case .badPlace(let path, let reason): "cannot put anything at '\(path.display)': \(reason)"
        case .ambiguous(let reference, let path, let found):
            "cannot tell which file of \(reference) '\(path.display)' is for: it has "
                + found.map { "'\($0.display)'" }.joined(separator: ", ") + "; say it with --as PATH"
        case .refused(let reference, let list, let act):
            "cannot \(act) \(reference): \(list.count) \(list.count == 1 ? "entry" : "entries") cannot be taken, such as "
                + list.first.prefix(5).map { "'\($0.path.display)' (\($0.remark))" }.joined(separator: ", ")
                + "; nothing was changed"
        }
    }
}
