import Streams

/// Why signatures cannot be used, imported or fetched.
public enum SignatureError: Error, CustomStringConvertible {
    /// A file or address that holds no usable signatures, and why.
    case unusable(String, reason: String)
    /// Two files of one kind where one of each is wanted.
    case twice(String, String)
    /// Only one of the two files was given and the other is not at hand.
    case incomplete(missing: String)
    /// No imported set of this version; `kept` are those there are.
    case unknownVersion(String, kept: [String])
    /// A version that several imported sets share.
    case ambiguousVersion(String, names: [String])
    /// The set in use is damaged, was asked for by name, and cannot be made anew.
    case damaged(String, reason: String)
    /// What was offered is not newer than what is in use.
    case notNewer(offered: String, inUse: String)
    /// The newest signature files could not be fetched.
    case cannotFetch(String, reason: String)

    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .unusable(let subject, let reason):
            "cannot use '\(subject)' as signatures: \(reason)"
        case .twice(let first, let second):
            "cannot import '\(first)' and '\(second)' together: both are the same kind of file; give one binary "
                + "signature file and one container signature file"
        case .incomplete(let missing):
            "cannot import these signatures without the \(missing): without it other formats would be found than "
                + "DROID finds; give both files"
        case .unknownVersion(let version, let kept):
            "no signatures of version \(version) are kept; there are: "
                + (kept + ["built-in"]).joined(separator: ", ") + "; `tdr signatures import` adds others"
        case .ambiguousVersion(let version, let names):
            "several sets of signatures are called \(version); give one of these names: "
                + names.joined(separator: ", ")
        case .damaged(let version, let reason):
            "the imported signatures \(version) cannot be used: \(reason); import their files again with "
                + "`tdr signatures import`, or go back with `tdr signatures use built-in`"
        case .notNewer(let offered, let inUse):
            "the signatures \(offered) are not newer than those in use (\(inUse)); "
                + "`tdr signatures import` takes them all the same"
        case .cannotFetch(let address, let reason):
            "cannot fetch '\(address)': \(reason); fetch the signature files by other means and give them to "
                + "`tdr signatures import`"
        }
    }
}
