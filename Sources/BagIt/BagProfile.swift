import FoundationEssentials
package import Streams

/// Why a file is no profile.
package struct ProfileFault: Error, Hashable, CustomStringConvertible {
    /// What was wrong with which file, and what to do.
    package let description: String
}

/// What an archive asks of the bags it takes (BagIt Profiles 1.4.0): which elements, manifests, forms and tag files.
package struct BagProfile: Hashable, Sendable {
    /// What is asked of one label of `bag-info.txt`.
    package struct Element: Hashable, Sendable {
        package let label: String
        package let isRequired: Bool
        /// The values it may have; empty for any.
        package let values: [String]
        package let repeats: Bool
    }

    /// Whether a bag may, must or must not be in an archive.
    package enum Serialization: String, Sendable { case forbidden, required, optional }

    /// Its own name, which a bag that follows it gives as `BagIt-Profile-Identifier`.
    package let identifier: String
    /// By label.
    package let elements: [Element]
    package let manifestsRequired: [String]
    /// nil for any; so are the others.
    package let manifestsAllowed: [String]?
    package let tagManifestsRequired: [String]
    package let tagManifestsAllowed: [String]?
    package let allowsFetch: Bool
    package let requiresFetch: Bool
    package let dataIsEmpty: Bool
    package let serialization: Serialization
    package let mediaTypes: [String]
    package let versions: [String]
    package let tagFilesRequired: [String]
    /// Paths or patterns with `*`.
    package let tagFilesAllowed: [String]?

    /// The label that names a bag's profile.
    package static let identifierLabel = "BagIt-Profile-Identifier"
    /// Far more than any profile has.
    private static let sizeLimit: Int64 = 1 << 20

    /// Reads a profile.
    ///
    /// - Throws: ``ProfileFault``, `SystemFault`.
    package init(reading path: BytePath) throws {
        let file = try OpenFile.reading(path)
        let status = try file.status()
        guard status.kind == .regular, status.size <= BagProfile.sizeLimit else {
            throw ProfileFault(
                description: "cannot read '\(path.display)' as a BagIt profile: it is no file of at most 1 MiB")
        }
        let buffer = Buffer(count: Int(BagProfile.sizeLimit))
        let count = try file.fill(buffer.bytes)
        do {
            try self.init(parsing: Array(buffer.prefix(count)))
        } catch {
            throw ProfileFault(description: "cannot read '\(path.display)' as a BagIt profile: \(error)")
        }
    }

    /// Parses a profile. What is unknown in it is passed over, as the specification lets other keys be.
    package init(parsing bytes: [UInt8]) throws(ProfileFault) {
        let root: ProfileJSON
        do {
            root = try JSONDecoder().decode(ProfileJSON.self, from: Data(bytes))
        } catch {
            throw ProfileFault(description: "it is no JSON document")
        }
        guard case .object = root else { throw ProfileFault(description: "it is no JSON object") }
        guard let info = root["BagIt-Profile-Info"] else {
            throw ProfileFault(description: "it has no BagIt-Profile-Info")
        }
        for label in ["Source-Organization", "External-Description", "Version", BagProfile.identifierLabel] {
            guard info[label]?.text?.isEmpty == false else {
                throw ProfileFault(description: "its BagIt-Profile-Info has no \(label)")
            }
        }
        identifier = info[BagProfile.identifierLabel]?.text ?? ""
        elements = try BagProfile.elements(root["Bag-Info"])
        manifestsRequired = try root.list("Manifests-Required") ?? []
        manifestsAllowed = try root.list("Manifests-Allowed")
        tagManifestsRequired = try root.list("Tag-Manifests-Required") ?? []
        tagManifestsAllowed = try root.list("Tag-Manifests-Allowed")
        allowsFetch = try root.flag("Allow-Fetch.txt", byDefault: true)
        requiresFetch = try root.flag("Fetch.txt-Required", byDefault: false)
        dataIsEmpty = try root.flag("Data-Empty", byDefault: false)
        let word = root["Serialization"]?.text ?? Serialization.optional.rawValue
        guard let serialization = Serialization(rawValue: word) else {
            throw ProfileFault(description: "its Serialization is '\(word)': forbidden, required or optional can be")
        }
        self.serialization = serialization
        mediaTypes = try root.list("Accept-Serialization") ?? []
        versions = try root.list("Accept-BagIt-Version") ?? []
        tagFilesRequired = try root.list("Tag-Files-Required") ?? []
        tagFilesAllowed = try root.list("Tag-Files-Allowed")
        if versions.isEmpty { throw ProfileFault(description: "it names no Accept-BagIt-Version") }
        if serialization == .required, mediaTypes.isEmpty {
            throw ProfileFault(description: "it requires serialization and names no Accept-Serialization")
        }
        try checkItself()
    }

    /// What is required must be allowed.
    private func checkItself() throws(ProfileFault) {
        for (required, allowed, key) in [
            (manifestsRequired, manifestsAllowed, "Manifests"),
            (tagManifestsRequired, tagManifestsAllowed, "Tag-Manifests"),
        ] {
            for name in required where allowed.map({ !$0.contains(name) }) ?? false {
                throw ProfileFault(description: "it requires '\(name)' in \(key)-Required and does not allow it")
            }
        }
        for path in tagFilesRequired where !allowsTagFile(Array(path.utf8)) {
            throw ProfileFault(description: "it requires '\(path)' in Tag-Files-Required and does not allow it")
        }
        if requiresFetch, !allowsFetch {
            throw ProfileFault(description: "it requires fetch.txt and does not allow it")
        }
    }

    private static func elements(_ json: ProfileJSON?) throws(ProfileFault) -> [Element] {
        guard let json else { return [] }
        guard case .object(let labels) = json else { throw ProfileFault(description: "its Bag-Info is no object") }
        var out: [Element] = []
        for (label, rules) in labels.sorted(by: { $0.key < $1.key }) {
            out.append(
                Element(
                    label: label, isRequired: try rules.flag("required", byDefault: false),
                    values: try rules.list("values") ?? [], repeats: try rules.flag("repeatable", byDefault: true)))
        }
        return out
    }

    /// Whether a tag file of this path may be there.
    func allowsTagFile(_ path: [UInt8]) -> Bool {
        guard let tagFilesAllowed else { return true }
        return tagFilesAllowed.contains { matches(path, Array($0.utf8)) }
    }
}

/// JSON as profiles have it: some write `"true"` for `true`.
private enum ProfileJSON: Decodable {
    case flag(Bool)
    case text(String)
    case list([ProfileJSON])
    case object([String: ProfileJSON])
    case other

    init(from decoder: any Decoder) throws {
        let one = try decoder.singleValueContainer()
        // Each `try?` asks: is it this?
        if let value = try? one.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? one.decode(String.self) {
            self = .text(value)
        } else if let value = try? one.decode([ProfileJSON].self) {
            self = .list(value)
        } else if let value = try? one.decode([String: ProfileJSON].self) {
            self = .object(value)
        } else {
            self = .other
        }
    }

    subscript(key: String) -> ProfileJSON? { if case .object(let object) = self { object[key] } else { nil } }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    func list(_ key: String) throws(ProfileFault) -> [String]? {
        guard let value = self[key] else { return nil }
        guard case .list(let values) = value else { throw ProfileFault(description: "its \(key) is no list") }
        var out: [String] = []
        for value in values {
            guard let text = value.text else { throw ProfileFault(description: "its \(key) holds what is no text") }
            out.append(text)
        }
        return out
    }

    func flag(_ key: String, byDefault: Bool) throws(ProfileFault) -> Bool {
        switch self[key] {
        case nil: return byDefault
        case .flag(let value): return value
        case .text("true"): return true
        case .text("false"): return false
        default: throw ProfileFault(description: "its \(key) is neither true nor false")
        }
    }
}

/// Whether `path` matches a pattern in which `*` stands for any bytes, `/` among them, as the common validators take it.
/// Never more steps than the product of both lengths.
func matches(_ path: [UInt8], _ pattern: [UInt8]) -> Bool {
    var (place, at) = (0, 0)
    var star: (place: Int, at: Int)?
    while place < path.count {
        if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
            star = (place, at)
            at += 1
        } else if at < pattern.count, pattern[at] == path[place] {
            place += 1
            at += 1
        } else if let last = star {
            // The last star takes one byte more.
            star = (last.place + 1, last.at)
            (place, at) = (last.place + 1, last.at + 1)
        } else {
            return false
        }
    }
    return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
}
