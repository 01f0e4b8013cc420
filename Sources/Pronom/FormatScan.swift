package import Streams

/// Identifies files, one after the other: small, mutable, made once per worker and reused.
///
/// For each file: ``begin(size:)``, then ``consume(_:)`` for its bytes in order, in pieces of any size, then
/// ``finish(_:name:)``. The answer does not depend on how the bytes were cut. When `consume` says that no more bytes
/// are wanted, the rest need not be pushed. In steady state nothing is allocated per file that is no container, when the
/// answer before is not held any more.
///
/// ```swift
/// var scan = FormatScan(signatures)
/// scan.begin(size: size)
/// while let chunk = next() { hasher.update(chunk); try scan.consume(chunk) }
/// let identification = try scan.finish(FileSource(file, count: size), name: path.bytes)
/// ```
package struct FormatScan: ~Copyable {
    private let set: SignatureSet
    private let tables: Tables
    private let extensionRule: ExtensionRule
    private var engine: SequenceEngine
    private var containers: ContainerScan?
    private var size = 0
    private var pushed = 0
    private var window: Scratch
    private var decision: Decision
    /// The first bytes, by which protected PDFs are told.
    private var lead: UInt64 = 0

    /// Bytes that ``identify(_:name:)`` reads first: enough for nearly every signature.
    private static let headBytes = 160 << 10

    /// - Parameter extensionRule: which part of a name is its extension.
    package init(_ set: SignatureSet, extensionRule: ExtensionRule = .transfer) {
        self.set = set
        tables = set.tables
        self.extensionRule = extensionRule
        engine = SequenceEngine(set.tables)
        window = Scratch(capacity: 4096)
        decision = Decision()
    }

    /// A new file of `size` bytes.
    package mutating func begin(size: Int64) {
        self.size = Int(clamping: size)
        pushed = 0
        lead = 0
        engine.begin(size: self.size)
    }

    /// The next bytes of the file; they are not kept. Whether more are wanted: after `false` the rest need not come.
    @discardableResult
    package mutating func consume(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        if pushed < 8 {
            for (index, byte) in bytes.prefix(8 - pushed).enumerated() {
                lead |= UInt64(byte) << UInt64(8 * (pushed + index))
            }
        }
        pushed += bytes.count
        return try engine.consume(bytes)
    }

    /// What the file is. `source` must give the same bytes as were pushed: the end of the file, members of containers
    /// and a few rare signatures are read from it.
    ///
    /// - Parameter name: the file's name or path, for its extension.
    /// - Throws: what the source throws.
    package mutating func finish(_ source: some ByteSource, name: [UInt8]) throws -> Identification {
        try judge(source, name)
        return decision.identification(set, extension: extensionRule.fileExtension(of: name))
    }

    /// Reads and identifies a whole source: its head, its end, and only what live signatures need of the rest.
    package mutating func identify(_ source: some ByteSource, name: [UInt8]) throws -> Identification {
        try read(source)
        return try finish(source, name: name)
    }

    /// The answer as siegfried words it, in place of ``finish(_:name:)``.
    package mutating func finishAsSiegfried(_ source: some ByteSource, name: [UInt8]) throws -> SiegfriedAnswer {
        try judge(source, name, isExplained: true)
        let explanation = Explanation(set, engine, decision, Identification())
        return try SiegfriedRules(set, explanation).answer(decision, source, name)
    }

    /// The answer as siegfried words it: at most one format.
    package mutating func siegfriedAnswer(_ source: some ByteSource, name: [UInt8]) throws -> SiegfriedAnswer {
        try read(source)
        return try finishAsSiegfried(source, name: name)
    }

    /// Like ``finish(_:name:)``, with all that led to the answer.
    package mutating func finishExplaining(_ source: some ByteSource, name: [UInt8]) throws -> Explanation {
        try judge(source, name, isExplained: true)
        let identification = decision.identification(set, extension: extensionRule.fileExtension(of: name))
        return Explanation(set, engine, decision, identification)
    }

    /// Like ``identify(_:name:)``, with all that led to the answer.
    package mutating func explain(_ source: some ByteSource, name: [UInt8]) throws -> Explanation {
        try read(source)
        return try finishExplaining(source, name: name)
    }

    private mutating func read(_ source: some ByteSource) throws {
        begin(size: source.count)
        guard size > 0 else { return }
        try window.load(min(size, Self.headBytes)) { try source.read(into: $0, at: 0) }
        try consume(window.bytes)
    }

    /// - Parameter isExplained: whether it is kept where members of containers matched.
    private mutating func judge(_ source: some ByteSource, _ name: [UInt8], isExplained: Bool = false) throws {
        decision.clear()
        try engine.finish(source)
        for index in 0..<engine.live.signatureCount where engine.holds(index) {
            let signature = tables.signatures[Int(engine.live.signatures[index].signature)]
            decision.add(format: Int(signature.format), from: .signature)
        }
        if let kind = decision.containerKind(tables) {
            var scan = containers.take() ?? ContainerScan(tables)
            let base = ExtensionRule.droid.fileExtension(of: name)
            let start = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            let findings = try scan.scan(
                kind, source, baseName: name[start..<(base.map { $0.startIndex - 1 } ?? name.count)],
                isExplained: isExplained)
            containers = consume scan
            decision.take(findings, kind, tables)
        } else if lead & 0xFF_FFFF_FFFF == Self.pdfMagic, try PdfEncryption.isEncrypted(source, &window) {
            decision.encryption = .pdf
        }
    }

    /// `%PDF-`
    private static let pdfMagic: UInt64 = 0x2D_4644_5025
}
