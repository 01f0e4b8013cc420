import Pronom
public import Streams

/// The PRONOM signatures in use: which versions, and the compiled set behind them. Immutable; shared by all checks.
public struct Signatures: Sendable {
    /// Where a set comes from.
    public enum Origin: Sendable, Hashable {
        /// The program was built with it.
        case builtIn
        /// It was imported, and is kept under this name.
        case imported(String)
        /// Files that were named for this run only.
        case files
    }

    /// The compiled set.
    let compiled: SignatureSet

    /// Where the set comes from.
    public let origin: Origin

    /// The engine that identifies with them, as the results name it.
    public static let software = "tdr"

    /// Takes a compiled set.
    init(_ compiled: SignatureSet, from origin: Origin = .builtIn) {
        self.compiled = compiled
        self.origin = origin
    }

    /// The binary signature file, as in `DROID_SignatureFile_V122.xml`.
    public var binaryFile: String { compiled.binaryFile.name }

    /// The container signature file, as in `container-signature-20260119.xml`; empty when there is none.
    public var containerFile: String { compiled.containerFile.name }

    /// The versions in a few letters, as in `V122-20260119`: what ``SignatureLibrary/use(_:)`` takes.
    public var version: String {
        SignatureVersion(compiled).description
    }

    /// When the binary signature file was made, as it says itself, as in `2026-01-19T15:42:11`.
    public var created: String { compiled.binaryFile.date }

    /// Formats that the set knows.
    public var formatCount: Int { compiled.formatCount }

    /// Signatures in the set, those of container members included.
    public var signatureCount: Int { compiled.signatureCount }
}

extension Signatures {
    /// The signatures that this program was built with.
    public static func bundled() throws -> Signatures { Signatures(try SignatureSet.bundled()) }

    /// Uses a binary and a container signature file as The National Archives publish them, or, alone, a compiled file.
    ///
    /// - Throws: ``SignatureError`` when a file cannot be read or is no signature file.
    public init(binaryFile: BytePath, containerFile: BytePath?) throws {
        if containerFile == nil, let compiled = try? SignatureSet(mapping: binaryFile) {
            // Not a compiled file: then it is XML, or an error that is told below.
            self.init(compiled, from: .files)
            return
        }
        let binary = try SignatureSource(reading: binaryFile)
        let container = try containerFile.map { try SignatureSource(reading: $0) }
        self.init(try SignatureSource.compile(binary: binary, container: container).set, from: .files)
    }
}

/// The version numbers of a pair of signature files, in order of age.
struct SignatureVersion: Comparable, CustomStringConvertible {
    /// Of the binary signature file: its `Version`.
    let binary: Int
    /// Of the container signature file: the date in its name as a number, else its `signatureVersion`; 0 without one.
    let container: Int

    init(binary: String, containerName: String, containerVersion: String) {
        self.binary = Int(binary) ?? 0
        container = SignatureVersion.date(in: containerName) ?? Int(containerVersion) ?? 0
    }

    init(_ set: SignatureSet) {
        self.init(
            binary: set.binaryFile.version, containerName: set.containerFile.name,
            containerVersion: set.containerFile.version)
    }

    /// The eight digits of `container-signature-20260119.xml`.
    static func date(in name: String) -> Int? {
        name.split(whereSeparator: { !$0.isASCII || !$0.isNumber }).first { $0.count == 8 }.flatMap { Int($0) }
    }

    var description: String { container == 0 ? "V\(binary)" : "V\(binary)-\(container)" }

    static func < (a: SignatureVersion, b: SignatureVersion) -> Bool {
        (a.binary, a.container) < (b.binary, b.container)
    }
}
