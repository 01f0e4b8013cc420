/// The compiled form as typed tables, without owning the memory.
///
/// `@unchecked Sendable`: only immutable memory is pointed to, and ``SignatureSet`` keeps it alive.
struct Tables: @unchecked Sendable {
    let header: UnsafePointer<HeaderRecord>
    let strings: UnsafePointer<UInt8>
    let formats: UnsafePointer<FormatRecord>
    let extensionNames: UnsafePointer<TextRecord>
    let inferiors: UnsafePointer<NumberRecord>
    let signatures: UnsafePointer<SignatureRecord>
    let sequences: UnsafePointer<SequenceRecord>
    let chains: UnsafePointer<ChainRecord>
    let nodes: UnsafePointer<NodeRecord>
    let alternatives: UnsafePointer<AlternativeRecord>
    let steps: UnsafePointer<StepRecord>
    let patternBytes: UnsafePointer<UInt8>
    let setNumbers: UnsafePointer<UInt32>
    let sets: UnsafePointer<UInt8>
    let probes: UnsafePointer<ProbeRecord>
    let dispatch: UnsafePointer<DispatchRecord>
    let keyGroups: UnsafePointer<KeyGroupRecord>
    let keys: UnsafePointer<KeyRecord>
    let candidates: UnsafePointer<CandidateRecord>
    let unanchored: UnsafePointer<NumberRecord>
    let extensions: UnsafePointer<ExtensionRecord>
    let extensionFormats: UnsafePointer<NumberRecord>
    let paths: UnsafePointer<PathRecord>
    let containers: UnsafePointer<ContainerRecord>
    let containerFiles: UnsafePointer<ContainerFileRecord>

    private let base: UnsafeRawPointer

    /// Points into a compiled form. Nothing is checked here: see ``Tables/validate()``.
    init(base: UnsafeRawPointer) {
        self.base = base
        let table = (base + MemoryLayout<HeaderRecord>.stride).assumingMemoryBound(to: Slice.self)
        func start<Record>(_ section: Section, as type: Record.Type) -> UnsafePointer<Record> {
            (base + Int(table[section.rawValue].start)).assumingMemoryBound(to: type)
        }
        header = base.assumingMemoryBound(to: HeaderRecord.self)
        strings = start(.strings, as: UInt8.self)
        formats = start(.formats, as: FormatRecord.self)
        extensionNames = start(.extensionNames, as: TextRecord.self)
        inferiors = start(.inferiors, as: NumberRecord.self)
        signatures = start(.signatures, as: SignatureRecord.self)
        sequences = start(.sequences, as: SequenceRecord.self)
        chains = start(.chains, as: ChainRecord.self)
        nodes = start(.nodes, as: NodeRecord.self)
        alternatives = start(.alternatives, as: AlternativeRecord.self)
        steps = start(.steps, as: StepRecord.self)
        patternBytes = start(.patternBytes, as: UInt8.self)
        setNumbers = start(.setNumbers, as: UInt32.self)
        sets = start(.sets, as: UInt8.self)
        probes = start(.probes, as: ProbeRecord.self)
        dispatch = start(.dispatch, as: DispatchRecord.self)
        keyGroups = start(.keyGroups, as: KeyGroupRecord.self)
        keys = start(.keys, as: KeyRecord.self)
        candidates = start(.candidates, as: CandidateRecord.self)
        unanchored = start(.unanchored, as: NumberRecord.self)
        extensions = start(.extensions, as: ExtensionRecord.self)
        extensionFormats = start(.extensionFormats, as: NumberRecord.self)
        paths = start(.paths, as: PathRecord.self)
        containers = start(.containers, as: ContainerRecord.self)
        containerFiles = start(.containerFiles, as: ContainerFileRecord.self)
    }

    /// Records of a section.
    func count(_ section: Section) -> Int {
        let table = (base + MemoryLayout<HeaderRecord>.stride).assumingMemoryBound(to: Slice.self)
        return Int(table[section.rawValue].count)
    }

    /// The bytes of a text.
    func bytes(_ text: Slice) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: strings + Int(text.start), count: Int(text.count))
    }

    /// A text; PRONOM's are UTF-8.
    func text(_ text: Slice) -> String { String(decoding: bytes(text), as: UTF8.self) }
}
