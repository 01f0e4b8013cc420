/// Why a check run could not be made; what is wrong with single files is a finding, not an error.
public enum CheckError: Error, CustomStringConvertible {
    /// libmagic cannot be used.
    case noMagic(String)
    /// The upload is not over.
    case notUploaded(ConsignmentReference, ConsignmentStatusValue?)
    /// The consignment has no file of that path.
    case unknownFile(ConsignmentReference, String)
    /// Files that were to be checked have no result: an error of ours.
    case lostFiles(ConsignmentReference, expected: Int, recorded: Int)
    /// The place of the bytes is gone.
    case noBytes(ConsignmentReference, String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .noMagic(let reason):
            "cannot check formats: libmagic does not work (\(reason)); install libmagic1 and libmagic-mgc"
        case .notUploaded(let reference, let status):
            "cannot check \(reference): its upload is \(status?.rawValue ?? "not begun");"
                + " finish it with `tdr upload --resume \(reference)`"
        case .unknownFile(let reference, let path):
            "\(reference) has no file '\(path)'; `tdr status \(reference) --files` lists them as they are written"
        case .lostFiles(let reference, let expected, let recorded):
            "the check of \(reference) lost count: \(expected) files were to be checked and \(recorded) have results;"
                + " the rest has none. Run it again and report this as an error of tdr"
        case .noBytes(let reference, let reason):
            "cannot read the files of \(reference): the place of its files cannot be opened (\(reason))"
        }
    }
}
