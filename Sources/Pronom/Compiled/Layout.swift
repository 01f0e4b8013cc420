// The compiled form of the signature files: flat tables of 32-bit numbers that refer to each other by index, used in
// place where they are mapped. Numbers are in the byte order of the machine that compiled them; the header says which.

/// A run of records or bytes in another section.
struct Slice {
    var start: UInt32 = 0
    var count: UInt32 = 0

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

struct FormatRecord {
    var id: UInt32 = 0
    var puid = Slice()
    var name = Slice()
    var version = Slice()
    var mime = Slice()
    /// Into ``Section/extensionNames``.
    var extensions = Slice()
    /// Formats it outranks by its own words, into ``Section/inferiors``.
    var inferiors = Slice()
    /// The same, closed transitively.
    var closedInferiors = Slice()
    var flags: UInt32 = 0

    /// Has a binary signature in the file (also one that was put aside for its container signatures).
    static let hasBinary: UInt32 = 1
    static let hasContainer: UInt32 = 2
}

struct SignatureRecord {
    var id: UInt32 = 0
    var format: UInt32 = 0
    var sequences = Slice()
    /// The sequence by which dispatch finds it; ``none`` for signatures of container members.
    var primary: UInt32 = Self.none

    static let none = UInt32.max
}

struct SequenceRecord {
    var signature: UInt32 = 0
    var anchor: UInt32 = 0
    var chains = Slice()
    var indirectLocation: UInt32 = 0
    var indirectLength: UInt32 = 0
    var indirectLittleEndian: UInt32 = 0
}

struct ChainRecord {
    var minimum: UInt32 = 0
    /// ``unbounded``: anywhere from `minimum` on.
    var maximum: UInt32 = 0
    var nodes = Slice()
    var shortest: UInt32 = 0
    var longest: UInt32 = 0
    /// Byte triples that every match shows, one for each way to begin; into ``Section/probes``.
    var probes = Slice()
    /// Equal for chains that ask for the same bytes: what is found for one is found for all.
    var likeness: UInt32 = 0

    static let unbounded = UInt32.max
}

struct NodeRecord {
    var gapMinimum: UInt32 = 0
    var gapMaximum: UInt32 = 0
    var alternatives = Slice()
}

struct AlternativeRecord {
    var steps = Slice()
    var length: UInt32 = 0
}

/// A few bytes of an alternative that are compared in one go.
struct StepRecord {
    var kind: UInt32 = 0
    var count: UInt32 = 0
    /// Literal: into ``Section/patternBytes``. Sets: first of `count` set numbers in ``Section/setNumbers``.
    var start: UInt32 = 0

    static let literal: UInt32 = 0
    static let any: UInt32 = 1
    static let sets: UInt32 = 2
}

/// Three neighbouring columns at a fixed distance from the start of a chain.
struct ProbeRecord: Equatable {
    var sequence: UInt32 = 0
    var distance: UInt32 = 0
    var columns: (UInt32, UInt32, UInt32) = (Self.any, Self.any, Self.any)

    /// A column below this is a byte value; above it a set number follows.
    static let any: UInt32 = 256

    static func == (a: ProbeRecord, b: ProbeRecord) -> Bool {
        a.sequence == b.sequence && a.distance == b.distance && a.columns == b.columns
    }
}

/// All keys of one length at one place of the head (or mirrored tail).
struct KeyGroupRecord {
    var offset: UInt32 = 0
    /// Bytes of the key, 1 to 4.
    var length: UInt32 = 0
    /// Hash table of a power of two entries.
    var entries = Slice()
}

struct KeyRecord {
    var key: UInt32 = 0
    /// Into ``Section/candidates``; empty: a free place of the table.
    var candidates = Slice()
}

struct CandidateRecord {
    var sequence: UInt32 = 0
    /// Bytes from the start of the sequence's first chain to the key.
    var distance: UInt32 = 0
}

/// How signatures are found from one end of a file.
struct DispatchRecord {
    var keyGroups = Slice()
    /// Hash table of four-byte keys that may stand anywhere in a small window.
    var windowKeys = Slice()
    /// Places at which a window key may begin, from 0.
    var windowExtent: UInt32 = 0
    /// Probes within ``DispatchBuilder/nearExtent`` bytes.
    var nearProbes = Slice()
    var nearExtent: UInt32 = 0
    var farProbes = Slice()
    var farExtent: UInt32 = 0
    /// Bytes of this end that must be at hand to judge every bounded chain found from here.
    var reach: UInt32 = 0
}

struct ExtensionRecord {
    /// In lower case.
    var name = Slice()
    /// Into ``Section/extensionFormats``.
    var formats = Slice()
}

struct TextRecord { var text = Slice() }
struct NumberRecord { var value: UInt32 = 0 }

struct PathRecord {
    var path = Slice()
    var kind: UInt32 = 0
    /// 1: a glob pattern or a placeholder; 0: an exact name.
    var isPattern: UInt32 = 0
    /// All signatures asked of members of this name, into ``Section/signatures``.
    var signatures = Slice()
    /// Bytes of the member that bounded chains need.
    var reach: UInt32 = 0
    /// 1: some chain may stand anywhere, so the whole member is needed.
    var isUnbounded: UInt32 = 0
}

struct ContainerRecord {
    var id: UInt32 = 0
    var kind: UInt32 = 0
    var description = Slice()
    var format: UInt32 = 0
    var files = Slice()
}

struct ContainerFileRecord {
    var path: UInt32 = 0
    /// A part of the path's signatures; empty: the name is enough.
    var signatures = Slice()
}

/// The sections in the order in which they are written.
enum Section: Int, CaseIterable {
    case strings, formats, extensionNames, inferiors, signatures, sequences, chains, nodes, alternatives, steps
    case patternBytes, setNumbers, sets, probes, dispatch, keyGroups, keys, candidates, unanchored
    case extensions, extensionFormats, paths, containers, containerFiles

    var stride: Int {
        switch self {
        case .strings, .patternBytes: 1
        case .formats: MemoryLayout<FormatRecord>.stride
        case .extensionNames: MemoryLayout<TextRecord>.stride
        case .inferiors, .setNumbers, .unanchored, .extensionFormats: MemoryLayout<NumberRecord>.stride
        case .signatures: MemoryLayout<SignatureRecord>.stride
        case .sequences: MemoryLayout<SequenceRecord>.stride
        case .chains: MemoryLayout<ChainRecord>.stride
        case .nodes: MemoryLayout<NodeRecord>.stride
        case .alternatives: MemoryLayout<AlternativeRecord>.stride
        case .steps: MemoryLayout<StepRecord>.stride
        case .sets: 32
        case .probes: MemoryLayout<ProbeRecord>.stride
        case .dispatch: MemoryLayout<DispatchRecord>.stride
        case .keyGroups: MemoryLayout<KeyGroupRecord>.stride
        case .keys: MemoryLayout<KeyRecord>.stride
        case .candidates: MemoryLayout<CandidateRecord>.stride
        case .extensions: MemoryLayout<ExtensionRecord>.stride
        case .paths: MemoryLayout<PathRecord>.stride
        case .containers: MemoryLayout<ContainerRecord>.stride
        case .containerFiles: MemoryLayout<ContainerFileRecord>.stride
        }
    }
}

/// What stands at the start of the compiled form.
struct HeaderRecord {
    /// "TDRPUID" and a NUL, as two numbers: a file of the other byte order does not have them.
    var magic: (UInt32, UInt32) = Self.expectedMagic
    var byteOrder: UInt32 = Self.expectedByteOrder
    var layoutVersion: UInt32 = Self.currentLayout
    /// Bytes of the whole compiled form.
    var size: UInt32 = 0
    var reserved: UInt32 = 0
    /// SHA-256 of everything behind the header and section table.
    var bodyDigest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var binaryDigest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var containerDigest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var binaryName = Slice()
    var binaryVersion = Slice()
    var binaryDate = Slice()
    var containerName = Slice()
    var containerVersion = Slice()

    static let expectedMagic: (UInt32, UInt32) = (0x5244_5454, 0x0044_4955)
    static let expectedByteOrder: UInt32 = 0x0102_0304
    /// Raised whenever a record or its meaning changes: old caches are then compiled anew.
    static let currentLayout: UInt32 = 2
}
