/// BagIt (RFC 8493): a folder that carries its own proof.
///
/// A *bag* is a base directory with the *bag declaration* `bagit.txt`, the *payload* below `data/`, and *manifests* that
/// list each payload file with its digest. Everything outside `data/` is a *tag file*; *tag manifests* list those.
/// `bag-info.txt` describes the bag in `Label: value` lines; one of them, the *Payload-Oxum*, is "octets.streams": bytes
/// and files of the payload. A bag with `fetch.txt` may have *holes*: files that are listed and still to be fetched. A bag
/// is *complete* when what is listed and what is there agree, and *valid* when it is complete and every digest is right.
package enum BagName {
    /// The bag declaration (§2.1.1).
    package static let declaration = "bagit.txt"
    /// The payload directory (§2.1.2).
    package static let payloadDirectory = "data"
    /// What every payload path begins with (§2.1.3).
    package static let payloadPrefix: [UInt8] = Array("data/".utf8)
    /// The bag's metadata (§2.2.2).
    package static let info = "bag-info.txt"
    /// Its name before version 0.96.
    package static let oldInfo = "package-info.txt"
    /// The list of what is still to be fetched (§2.2.3).
    package static let fetch = "fetch.txt"

    /// `manifest-<algorithm>.txt` (§2.1.3). The name is lower case without punctuation (§2.4).
    package static func payloadManifest(_ algorithm: String) -> String { "manifest-\(algorithm).txt" }

    /// `tagmanifest-<algorithm>.txt` (§2.2.1).
    package static func tagManifest(_ algorithm: String) -> String { "tagmanifest-\(algorithm).txt" }

    /// The reserved labels of `bag-info.txt` (§2.2.2), and whether each may be given more than once.
    package static let reservedLabels: [(label: String, repeats: Bool)] = [
        ("Source-Organization", true), ("Organization-Address", true), ("Contact-Name", true),
        ("Contact-Phone", true), ("Contact-Email", true), ("External-Description", true), ("Bagging-Date", false),
        ("External-Identifier", true), ("Payload-Oxum", false), ("Bag-Size", false),
        ("Bag-Group-Identifier", false), ("Bag-Count", false), ("Internal-Sender-Identifier", true),
        ("Internal-Sender-Description", true),
    ]
}

/// A version of the specification, `M.N` (§2.1.1).
package struct BagVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// 0 for the drafts, 1 for the RFC.
    package let major: Int
    /// As a number: 97 of 0.97.
    package let minor: Int

    /// `major.minor`.
    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// RFC 8493.
    package static let rfc8493 = BagVersion(1, 0)
    /// The last draft, which most bags in use name.
    package static let draft97 = BagVersion(0, 97)

    /// Whether its rules are known here: 0.93 to 0.97 and 1.0.
    package var isKnown: Bool { self == .rfc8493 || (major == 0 && (93...97).contains(minor)) }

    /// As `bagit.txt` has it.
    package var description: String { "\(major).\(minor)" }

    /// By major, then by minor number.
    package static func < (a: BagVersion, b: BagVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
}

/// What a file at the base of a bag is, by its name.
enum TagFileRole: Hashable {
    case declaration, info, fetch
    /// The algorithm as the file name spells it.
    case payloadManifest(String), tagManifest(String)
    /// The names that the payload had.
    case realNames
    case other

    init(_ path: [UInt8]) {
        guard !path.contains(UInt8(ascii: "/")), let name = String(validating: path, as: UTF8.self) else {
            self = .other
            return
        }
        switch name {
        case BagName.declaration: self = .declaration
        case BagName.info, BagName.oldInfo: self = .info
        case BagName.fetch: self = .fetch
        case BagName.realNames: self = .realNames
        default:
            if let algorithm = TagFileRole.middle(of: name, after: "manifest-") {
                self = .payloadManifest(algorithm)
            } else if let algorithm = TagFileRole.middle(of: name, after: "tagmanifest-") {
                self = .tagManifest(algorithm)
            } else {
                self = .other
            }
        }
    }

    private static func middle(of name: String, after prefix: String) -> String? {
        guard name.hasPrefix(prefix), name.hasSuffix(".txt"), name.utf8.count > prefix.utf8.count + 4 else {
            return nil
        }
        return String(name.dropFirst(prefix.count).dropLast(4))
    }
}
