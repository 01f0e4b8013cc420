import BagIt
import Streams

/// A tag file that a bag has only when it is asked for.
public enum ExtraTagFile: String, Sendable, CaseIterable {
    /// `premis.xml`: objects, events and agents as PREMIS 3 has them.
    case premis
    /// `mets.xml`: what the bag holds as METS 1.12 has it.
    case mets

    /// The file's name in the bag.
    var name: String { "\(rawValue).xml" }
}

/// What a bag has beside what every bag has.
struct BagExtras: Sendable {
    let files: Set<ExtraTagFile>
    /// The paths of the bag; nil when they are those of the consignment.
    let paths: SafePaths?

    /// Whether names are to be such that every system can hold them.
    var hasPortableNames: Bool { paths != nil }

    init(_ request: ExportRequest, of consignment: Consignment, in store: Store) throws {
        files = request.extraTagFiles
        paths = request.portableNames ? try SafePaths(of: consignment, in: store) : nil
    }
}

/// `portable-names.csv`: one row for each file and folder whose path in the bag is not that of the consignment.
///
/// The path as it was stands there twice: for people, with `\\xHH` for what is no text, and as the hexadecimal digits of
/// its bytes, which need no rule to be read back.
enum PortableNamesTable {
    static let name = BagName.realNames
    static let titles = BagName.realNamesTitles

    static func fields(_ path: RelativePath, at safe: RelativePath, _ type: FileType) -> [String] {
        [BagPath.text(safe), type.rawValue, path.display, Hex.encode(path.bytes)]
    }
}
