import FoundationEssentials
import Glibc
import Pronom
public import Streams

/// The signatures of this user: those the program was built with, and those that were imported.
///
/// `signatures/` in the data folder holds a folder for each imported set, named after the digests of its two files:
/// the files themselves, their compiled form, which is mapped at start, and `set.json`. `in-use` names one of them.
/// Nothing is ever changed there, only added: going back is a matter of naming the older set.
public struct SignatureLibrary: Sendable {
    /// One set that is kept.
    public struct Entry: Sendable, Hashable {
        /// The name of its folder; empty for the built-in set.
        public let name: String
        /// As in `V122-20260119`.
        public let version: String
        /// As in `DROID_SignatureFile_V122.xml`.
        public let binaryFile: String
        /// As in `container-signature-20260119.xml`.
        public let containerFile: String
        /// Formats that the set knows.
        public let formatCount: Int
        /// When it was imported; nil for the built-in set.
        public let imported: Timestamp?
        /// Whether it is the one in use.
        public let isInUse: Bool
    }

    /// The set in use, and what the user must hear about it.
    public struct Selection: Sendable {
        /// The signatures.
        public let signatures: Signatures
        /// Why these are not the ones that should be in use, or what had to be repaired; nil mostly.
        public let warning: String?
    }

    /// What an import did.
    public struct Import: Sendable {
        /// The set, which is now in use.
        public let signatures: Signatures
        /// Signatures that were dropped because they make no sense.
        public let warnings: [String]
    }

    private let folder: BytePath

    /// The library in `folder`, which need not exist: `$XDG_DATA_HOME/tdr/signatures`.
    public init(folder: BytePath) { self.folder = folder }

    // MARK: In use

    /// The set in use: the imported one, else the built-in one.
    ///
    /// A damaged cache is made anew from the files it was compiled from; when that cannot be done, the built-in set
    /// takes its place and the warning says so.
    /// - Throws: ``SystemFault`` when the library is there and cannot be read.
    public func inUse() throws -> Selection {
        guard let name = try nameInUse() else { return Selection(signatures: try .bundled(), warning: nil) }
        do {
            return try open(name)
        } catch let error as SignatureError {
            return Selection(
                signatures: try .bundled(),
                warning: "\(error); the built-in signatures are used until then")
        }
    }

    /// A set by its version or name, or `built-in`.
    ///
    /// - Throws: ``SignatureError``; a set that was asked for is never replaced by another.
    public func signatures(_ version: String) throws -> Selection {
        if version == SignatureLibrary.builtIn { return Selection(signatures: try .bundled(), warning: nil) }
        return try open(try name(of: version))
    }

    /// Makes the set of this version or name the one in use from now on; `built-in` goes back to the one of the program.
    ///
    /// - Throws: ``SignatureError``, ``SystemFault``.
    public func use(_ version: String) throws -> Selection {
        let chosen = try signatures(version)
        if case .imported(let name) = chosen.signatures.origin {
            try setInUse(name)
        } else if try nameInUse() != nil {
            try setInUse(SignatureLibrary.builtIn)
        }
        return chosen
    }

    /// All sets that can be used, the built-in one first, then by version.
    ///
    /// - Throws: ``SystemFault`` when the library cannot be read.
    public func entries() throws -> [Entry] {
        let inUse = try nameInUse()
        let builtIn = try Signatures.bundled()
        let own = Entry(
            name: "", version: builtIn.version, binaryFile: builtIn.binaryFile, containerFile: builtIn.containerFile,
            formatCount: builtIn.formatCount, imported: nil, isInUse: inUse == nil)
        let kept = try descriptions().sorted { ($0.1.version, $0.0) < ($1.1.version, $1.0) }.map { name, description in
            Entry(
                name: name, version: description.version.description, binaryFile: description.binary.name,
                containerFile: description.container?.name ?? "", formatCount: description.formats,
                imported: Timestamp(description.imported), isInUse: name == inUse)
        }
        return [own] + kept
    }

    // MARK: Import

    /// Compiles and keeps signature files, and makes them the ones in use: a binary signature file and a container
    /// signature file, in any order. When one is missing, that of the imported set in use takes its place.
    ///
    /// - Throws: ``SignatureError``, ``SystemFault``.
    public func importFiles(_ paths: [BytePath], at time: Timestamp) throws -> Import {
        var sources: [SignatureSource] = []
        for path in paths { sources.append(try SignatureSource(reading: path)) }
        return try keep(try pair(sources), at: time)
    }

    /// The pair to compile.
    func pair(_ sources: [SignatureSource]) throws -> (binary: SignatureSource, container: SignatureSource) {
        var found: [SignatureSource.Kind: SignatureSource] = [:]
        for source in sources {
            if let other = found[source.kind] {
                throw SignatureError.twice(other.document.name, source.document.name)
            }
            found[source.kind] = source
        }
        if let name = try nameInUse(), found.count == 1, let description = try? description(of: name) {
            // A set that cannot be read has nothing to lend; then the file is reported as missing below.
            if found[.binary] == nil { found[.binary] = try? source(.binary, description.binary, in: name) }
            if found[.container] == nil, let container = description.container {
                found[.container] = try? source(.container, container, in: name)
            }
        }
        guard let binary = found[.binary] else {
            throw SignatureError.incomplete(missing: SignatureSource.Kind.binary.rawValue)
        }
        guard let container = found[.container] else {
            throw SignatureError.incomplete(missing: SignatureSource.Kind.container.rawValue)
        }
        return (binary, container)
    }

    /// Keeps a pair and makes it the one in use.
    func keep(_ pair: (binary: SignatureSource, container: SignatureSource), at time: Timestamp) throws -> Import {
        let (binary, container) = pair
        let compiled = try SignatureSource.compile(binary: binary, container: container)
        let name = SHA256Digest.of(binary.digest.bytes + container.digest.bytes).hex.prefix(16).description
        let place = folder.appending(name)
        try makeDirectory(place, intermediate: true)
        try writeDurably(binary.document.bytes, to: place.appending(SignatureLibrary.binaryName))
        try writeDurably(container.document.bytes, to: place.appending(SignatureLibrary.containerName))
        try writeDurably(compiled.bytes, to: place.appending(SignatureLibrary.compiledName))
        let description = Description(
            binary: File(binary, version: compiled.set.binaryFile.version),
            container: File(container, version: compiled.set.containerFile.version),
            formats: compiled.set.formatCount, imported: time.description)
        // Last: without it the folder counts as nothing.
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try writeDurably(Array(encoder.encode(description)), to: place.appending(SignatureLibrary.descriptionName))
        try OpenFile.directory(folder).sync()
        try setInUse(name)
        return Import(signatures: Signatures(compiled.set, from: .imported(name)), warnings: compiled.warnings)
    }

    // MARK: On disk

    /// The word for the set that the program was built with.
    public static let builtIn = "built-in"

    private static let inUseName = "in-use"
    private static let binaryName = "binary.xml"
    private static let containerName = "container.xml"
    private static let compiledName = "compiled.signatures"
    private static let descriptionName = "set.json"

    /// `set.json`.
    private struct Description: Codable {
        let binary: File
        let container: File?
        let formats: Int
        let imported: String

        var version: SignatureVersion {
            SignatureVersion(
                binary: binary.version, containerName: container?.name ?? "", containerVersion: container?.version ?? ""
            )
        }
    }

    private struct File: Codable {
        let name: String
        let version: String
        let sha256: String

        init(_ source: SignatureSource, version: String) {
            (name, self.version, sha256) = (source.document.name, version, source.digest.hex)
        }
    }

    /// The imported set in use; nil when it is the built-in one.
    private func nameInUse() throws -> String? {
        let path = folder.appending(SignatureLibrary.inUseName)
        let bytes: [UInt8]
        do throws(SystemFault) {
            bytes = try readWhole(path, limit: 4096)
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
            return nil
        }
        let name = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).first ?? ""
        return name == SignatureLibrary.builtIn ? nil : String(name)
    }

    private func setInUse(_ name: String) throws {
        try writeDurably(Array("\(name)\n".utf8), to: folder.appending(SignatureLibrary.inUseName))
    }

    /// All kept sets. A folder without a sound `set.json` is what an interrupted import left: it counts as nothing.
    private func descriptions() throws -> [(String, Description)] {
        let listing: DirectoryListing
        do throws(SystemFault) {
            listing = try DirectoryListing(of: OpenFile.directory(folder))
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
            return []
        }
        return (0..<listing.count).compactMap { index in
            let name = String(decoding: listing[index], as: UTF8.self)
            guard SignatureLibrary.isName(name) else { return nil }
            return (try? description(of: name)).map { (name, $0) }  // see above
        }
    }

    /// Names come from `in-use` and from the command line; only what import makes is opened.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count == 16 && name.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    private func description(of name: String) throws -> Description {
        guard SignatureLibrary.isName(name) else {
            throw SignatureError.damaged(name, reason: "that is no name of a set")
        }
        let path = folder.appending(name).appending(SignatureLibrary.descriptionName)
        do {
            return try JSONDecoder().decode(Description.self, from: Data(readWhole(path, limit: 1 << 20)))
        } catch {
            throw SignatureError.damaged(name, reason: (error as? SystemFault)?.description ?? "set.json is damaged")
        }
    }

    private func name(of version: String) throws -> String {
        let kept = try descriptions()
        if kept.contains(where: { $0.0 == version }) { return version }
        // V122 is enough where it tells one set apart.
        let wanted = version.uppercased()
        let fitting = kept.filter {
            let full = $0.1.version.description
            return full == wanted || "V\($0.1.version.binary)" == wanted || "\($0.1.version.binary)" == wanted
        }
        guard let only = fitting.first else {
            throw SignatureError.unknownVersion(version, kept: kept.map { $0.1.version.description }.sorted())
        }
        guard fitting.count == 1 else {
            throw SignatureError.ambiguousVersion(version, names: fitting.map(\.0))
        }
        return only.0
    }

    /// Maps a kept set; one whose compiled form is damaged or of another version of the program is compiled again.
    private func open(_ name: String) throws -> Selection {
        let description = try description(of: name)
        let place = folder.appending(name).appending(SignatureLibrary.compiledName)
        let origin = Signatures.Origin.imported(name)
        let reason: String
        do {
            let set = try SignatureSet(mapping: place)
            if set.binaryFile.digest.hex == description.binary.sha256,
                set.containerFile.digest.hex == description.container?.sha256
            {
                return Selection(signatures: Signatures(set, from: origin), warning: nil)
            }
            reason = "they were compiled from other files"
        } catch {
            reason = "\(error)"
        }
        do {
            let binary = try source(.binary, description.binary, in: name)
            let container = try description.container.map { try source(.container, $0, in: name) }
            let compiled = try SignatureSource.compile(binary: binary, container: container)
            var warning =
                "the imported signatures \(description.version) were compiled again from their files: \(reason)"
            do {
                try writeDurably(compiled.bytes, to: place)
            } catch {
                warning += "; the result cannot be kept: \(error)"
            }
            return Selection(signatures: Signatures(compiled.set, from: origin), warning: warning)
        } catch {
            throw SignatureError.damaged(description.version.description, reason: "\(reason), and \(error)")
        }
    }

    /// One of the files a set was compiled from, if it is still what it was.
    private func source(_ kind: SignatureSource.Kind, _ file: File, in name: String) throws -> SignatureSource {
        let path = folder.appending(name).appending(
            kind == .binary ? SignatureLibrary.binaryName : SignatureLibrary.containerName)
        let bytes = try readWhole(path, limit: SignatureSource.maximumBytes)
        guard SHA256Digest.of(bytes).hex == file.sha256 else {
            throw SignatureError.unusable(path.display, reason: "it was altered after the import")
        }
        return try SignatureSource(bytes, name: file.name, from: path.display)
    }
}
