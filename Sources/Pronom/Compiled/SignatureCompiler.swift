import Streams

/// Signature files in compiled form, and what was wrong with them.
package struct CompiledSignatures: Sendable {
    /// The flat form, ready to be written to a cache file and used with ``SignatureSet/init(compiled:)``.
    package let bytes: [UInt8]
    package let warnings: [SignatureWarning]
}

/// A signature file's bytes and the name under which reports speak of it (`DROID_SignatureFile_V122.xml`).
package struct SignatureDocument: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// Turns signature files into the flat tables that the matcher runs on.
package struct SignatureCompiler {
    var writer = FlatWriter()
    private var sets: [ByteSet: UInt32] = [:]
    private var likenesses: [[ChainNode]: UInt32] = [:]
    private var head = DispatchBuilder()
    private var tail = DispatchBuilder()
    private var unanchored: [NumberRecord] = []
    var formatIndex: [String: UInt32] = [:]

    /// Compiles a binary signature file and, where given, a container signature file.
    ///
    /// - Throws: ``SignatureFileFault`` when one of them is not such a file at all. Single malformed signatures are
    ///   dropped and reported in ``CompiledSignatures/warnings``.
    package static func compile(
        binary: SignatureDocument, container: SignatureDocument?
    ) throws(SignatureFileFault) -> CompiledSignatures {
        let binaryFile = try BinarySignatureFile(binary.bytes)
        let containerFile = try container.map { document throws(SignatureFileFault) in
            try ContainerSignatureFile(document.bytes)
        }
        var compiler = SignatureCompiler()
        var header = HeaderRecord()
        withUnsafeMutableBytes(of: &header.binaryDigest) {
            $0.copyBytes(from: SHA256Digest.of(binary.bytes).bytes)
        }
        if let container {
            withUnsafeMutableBytes(of: &header.containerDigest) {
                $0.copyBytes(from: SHA256Digest.of(container.bytes).bytes)
            }
        }
        header.binaryName = compiler.writer.text(binary.name)
        header.binaryVersion = compiler.writer.text(binaryFile.version)
        header.binaryDate = compiler.writer.text(binaryFile.date)
        header.containerName = compiler.writer.text(container?.name ?? "")
        header.containerVersion = compiler.writer.text(containerFile?.version ?? "")
        compiler.write(binaryFile, containerFile ?? ContainerSignatureFile())
        return CompiledSignatures(
            bytes: compiler.writer.finish(header),
            warnings: binaryFile.warnings + (containerFile?.warnings ?? []))
    }

    private mutating func write(_ binary: BinarySignatureFile, _ container: ContainerSignatureFile) {
        let contained = Set(container.signatures.flatMap(\.puids))
        let formats = write(formats: binary.formats, contained: contained)
        // Formats with a container signature lose their binary signatures (DROID does this when it loads the files).
        let owners = Dictionary(
            formats.enumerated().flatMap { index, format in format.signatures.map { ($0, UInt32(index)) } },
            uniquingKeysWith: { first, _ in first })
        for signature in binary.signatures {
            guard let format = owners[signature.id], !contained.contains(formats[Int(format)].puid) else { continue }
            write(signature, format: format, isDispatched: true)
        }
        write(containers: container.signatures)
        head.write(to: &writer)
        tail.write(to: &writer)
        writer.append(unanchored, to: .unanchored)
    }

    /// Writes the format table in the order of the file; PUIDs that only the container file knows come behind it.
    private mutating func write(formats listed: [FileFormat], contained: Set<String>) -> [FileFormat] {
        var formats = listed
        let known = Set(listed.map(\.puid))
        for puid in contained.subtracting(known).sorted() {
            formats.append(FileFormat(id: 0, puid: puid, name: "", version: "", mime: ""))
        }
        let priorities = PriorityTable(formats)
        var records: [FormatRecord] = []
        for (index, format) in formats.enumerated() {
            var record = FormatRecord()
            record.id = UInt32(clamping: format.id)
            record.puid = writer.text(format.puid)
            record.name = writer.text(format.name)
            record.version = writer.text(format.version)
            record.mime = writer.text(format.mime)
            let names = format.extensions.map { TextRecord(text: writer.text($0)) }
            record.extensions = writer.share(names, in: .extensionNames)
            record.inferiors = writer.append(
                priorities.direct[index].map { NumberRecord(value: UInt32($0)) }, to: .inferiors)
            record.closedInferiors = writer.append(
                priorities.closed[index].map { NumberRecord(value: UInt32($0)) }, to: .inferiors)
            if !format.signatures.isEmpty { record.flags |= FormatRecord.hasBinary }
            if contained.contains(format.puid) { record.flags |= FormatRecord.hasContainer }
            records.append(record)
            formatIndex[format.puid] = formatIndex[format.puid] ?? UInt32(index)
        }
        writer.append(records, to: .formats)
        writeExtensions(formats)
        return formats
    }

    private mutating func writeExtensions(_ formats: [FileFormat]) {
        var carriers: [[UInt8]: [NumberRecord]] = [:]
        for (index, format) in formats.enumerated() {
            for name in Set(format.extensions.map { $0.lowercased() }) {
                carriers[Array(name.utf8), default: []].append(NumberRecord(value: UInt32(index)))
            }
        }
        var records: [ExtensionRecord] = []
        for (name, formats) in carriers.sorted(by: { $0.key.precedes($1.key) }) {
            records.append(
                ExtensionRecord(
                    name: writer.text(String(decoding: name, as: UTF8.self)),
                    formats: writer.append(formats, to: .extensionFormats)))
        }
        writer.append(records, to: .extensions)
    }

    /// Writes one internal signature; a dispatched one is made findable by its cheapest sequence.
    mutating func write(_ signature: InternalSignature, format: UInt32, isDispatched: Bool) {
        let number = writer.count(.signatures)
        var record = SignatureRecord(id: UInt32(clamping: signature.id), format: format)
        record.sequences = Slice(start: writer.count(.sequences), count: UInt32(signature.sequences.count))
        let costs = signature.sequences.enumerated().compactMap { index, sequence in
            DispatchBuilder.cost(sequence).map { (cost: $0, index: index) }
        }
        let primary = costs.min { $0.cost < $1.cost }?.index
        if isDispatched {
            if let primary {
                record.primary = record.sequences.start + UInt32(primary)
            } else {
                unanchored.append(NumberRecord(value: number))
            }
        }
        for (index, sequence) in signature.sequences.enumerated() {
            let position = record.sequences.start + UInt32(index)
            let chains = sequence.chains.map { write($0, sequence: position) }
            var out = SequenceRecord()
            out.signature = number
            out.anchor = sequence.anchor.rawValue
            out.chains = writer.append(chains, to: .chains)
            if let indirection = sequence.indirection {
                out.indirectLocation = UInt32(clamping: indirection.location)
                out.indirectLength = UInt32(indirection.length)
                out.indirectLittleEndian = indirection.isLittleEndian ? 1 : 0
            }
            writer.append([out], to: .sequences)
            guard isDispatched, index == primary else { continue }
            let prefixes = Prefix.all(of: sequence.chains[0])
            let probes = prefixes.map { probe($0) }
            if sequence.anchor == .end {
                tail.add(sequence, index: position, prefixes: prefixes, probes: probes)
            } else {
                head.add(sequence, index: position, prefixes: prefixes, probes: probes)
            }
        }
        writer.append([record], to: .signatures)
    }

    private mutating func write(_ chain: Chain, sequence: UInt32) -> ChainRecord {
        var nodes: [NodeRecord] = []
        for node in chain.nodes {
            let alternatives = node.alternatives.map { run in
                AlternativeRecord(steps: write(run), length: UInt32(run.count))
            }
            nodes.append(
                NodeRecord(
                    gapMinimum: UInt32(node.gapMinimum), gapMaximum: UInt32(node.gapMaximum),
                    alternatives: writer.share(alternatives, in: .alternatives)))
        }
        var record = ChainRecord()
        record.minimum = UInt32(chain.minimum)
        record.maximum = chain.maximum.map { UInt32($0) } ?? ChainRecord.unbounded
        record.nodes = writer.append(nodes, to: .nodes)
        record.shortest = UInt32(chain.shortest)
        record.longest = UInt32(chain.longest)
        record.likeness = likenesses[chain.nodes] ?? UInt32(likenesses.count)
        likenesses[chain.nodes] = record.likeness
        guard isSearched(chain) else { return record }
        var probes: [ProbeRecord] = []
        for prefix in Prefix.all(of: chain) {
            var record = probe(prefix)
            record.sequence = sequence
            // Branches that differ elsewhere are found by the same triple.
            if !probes.contains(record) { probes.append(record) }
        }
        record.probes = writer.append(probes, to: .probes)
        return record
    }

    /// Whether the engine may look for the chain in a wide window or anywhere, rather than at a few places.
    private func isSearched(_ chain: Chain) -> Bool {
        guard let maximum = chain.maximum else { return true }
        return maximum - chain.minimum >= SequenceEngine.wideWindow
    }

    /// Runs of the same kind of place become one step.
    private mutating func write(_ run: [Place]) -> Slice {
        var steps: [StepRecord] = []
        var index = 0
        while index < run.count {
            let kind = Self.kind(run[index])
            var end = index + 1
            while end < run.count, Self.kind(run[end]) == kind { end += 1 }
            var step = StepRecord(kind: kind, count: UInt32(end - index), start: 0)
            let places = run[index..<end]
            if kind == StepRecord.literal {
                let bytes: [UInt8] = places.compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
                step.start = writer.share(bytes, in: .patternBytes).start
            } else if kind == StepRecord.sets {
                let numbers: [NumberRecord] = places.compactMap {
                    if case .set(let set) = $0 { NumberRecord(value: number(of: set)) } else { nil }
                }
                step.start = writer.share(numbers, in: .setNumbers).start
            }
            steps.append(step)
            index = end
        }
        return writer.share(steps, in: .steps)
    }

    private static func kind(_ place: Place) -> UInt32 {
        switch place {
        case .byte: StepRecord.literal
        case .any: StepRecord.any
        case .set: StepRecord.sets
        }
    }

    private mutating func number(of set: ByteSet) -> UInt32 {
        if let known = sets[set] { return known }
        let number = writer.count(.sets)
        var bytes = [UInt8](repeating: 0, count: 32)
        for value in set.members { bytes[Int(value >> 3)] |= 1 << (value & 7) }
        writer.append([SetRecord(bytes)], to: .sets)
        sets[set] = number
        return number
    }

    private mutating func probe(_ prefix: Prefix) -> ProbeRecord {
        let (distance, places) = prefix.bestTriple()
        var columns = places.map { place in
            switch place {
            case .byte(let byte): UInt32(byte)
            case .any: ProbeRecord.any
            case .set(let set): ProbeRecord.any + 1 + number(of: set)
            }
        }
        while columns.count < 3 { columns.append(ProbeRecord.any) }
        return ProbeRecord(distance: UInt32(distance), columns: (columns[0], columns[1], columns[2]))
    }
}

/// 256 bits, bit `value & 7` of byte `value >> 3`.
struct SetRecord {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ bytes: [UInt8]) { withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) } }
}
