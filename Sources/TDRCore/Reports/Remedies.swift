public import Streams

/// Command lines that put a finding right, as they can be given to a shell.
public enum Remedies {
    /// What can be done about one finding of a file, the likeliest first; the first file to mend is the one in the folder
    /// that was uploaded.
    public static func commands(
        _ type: FileStatusType, _ value: FileStatusValue, of path: RelativePath, in consignment: Consignment,
        advice: Advice = .standard
    ) -> [String] {
        let name = shellWord(path.bytes)
        let below = Array(path.bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst())
        let source = shellWord(consignment.source.appending(below).bytes)
        let reference = consignment.reference
        return advice.entry(type, value).remedies.map { remedy in
            switch remedy {
            case .replace: "tdr upload --replace \(reference) \(source)"
            // A path begins with the name of a folder, which may begin with a dash.
            case .withdraw:
                "tdr withdraw \(reference) --reason \(value.rawValue) \(path.bytes.first == UInt8(ascii: "-") ? "-- " : "")\(name)"
            case .check: "tdr check \(reference)"
            }
        }
    }
}
