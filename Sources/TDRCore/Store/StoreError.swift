public import Streams

/// What can be wrong with a store as a whole, or with what was asked of it.
public enum StoreError: Error, CustomStringConvertible {
    /// There is no store here and the command does not make one.
    case missing(BytePath)
    /// The directory or the database cannot be written.
    case readOnly(BytePath, reason: String)
    /// The database was made by a newer `tdr`.
    case newer(BytePath)
    /// The file is not a database of ours.
    case notAStore(BytePath)
    /// The database is damaged.
    case damaged(BytePath, reason: String)
    /// The disk of the store is full.
    case full(BytePath)
    /// Another process holds the database or the consignment.
    case busy(String)
    /// The consignment was cancelled, so that this cannot be done with it.
    case cancelled(String, String)
    /// No consignment has this reference.
    case unknownConsignment(String)
    /// The state of the consignment does not allow the act.
    case illegalMove(reference: String, step: String, from: String, to: String)
    /// Any other failure of the database.
    case database(BytePath, reason: String)

    /// Whether trying again later can help.
    public var isBusy: Bool { if case .busy = self { true } else { false } }

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .missing(let path):
            "there is no store in '\(path.display)'; `tdr upload` makes one, or name another with --store or TDR_STORE"
        case .readOnly(let path, let reason):
            "cannot write to the store '\(path.display)': \(reason); check the permissions of the folder and its files"
        case .newer(let path):
            "the store '\(path.display)' was made by a newer tdr; use that version, this one would not understand it"
        case .notAStore(let path):
            "'\(path.display)' is not the database of a tdr store; name the store's folder with --store"
        case .damaged(let path, let reason):
            "the database '\(path.display)' is damaged (\(reason)); do not write to it: copy the store, then restore"
                + " the database from a backup or try `sqlite3 tdr.sqlite .recover` on the copy"
        case .full(let path):
            "the disk of the store '\(path.display)' is full; free some space and run the same command again"
        case .busy(let what):
            "\(what); try again later"
        case .cancelled(let reference, let act):
            "\(act) \(reference): it was cancelled; upload the folder again as a new consignment"
        case .unknownConsignment(let reference):
            "there is no consignment '\(reference)' in this store; `tdr status` lists them"
        case .illegalMove(let reference, let step, let from, let to):
            "\(step) of \(reference) is \(from) and cannot become \(to)"
        case .database(let path, let reason):
            "cannot use the database '\(path.display)': \(reason)"
        }
    }
}
