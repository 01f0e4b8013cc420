import Streams

/// Why bytes cannot be used as a compiled signature set. None is an accident of this program: compile anew.
package enum CompiledFormFault: Error, Hashable, CustomStringConvertible {
    case notCompiledSignatures
    /// Made on a machine of the other byte order, or by another version of the program.
    case otherLayout
    /// Cut short or altered.
    case damaged

    package var description: String {
        switch self {
        case .notCompiledSignatures: "these are not compiled signatures"
        case .otherLayout: "these compiled signatures were made by another version of the program"
        case .damaged: "these compiled signatures are damaged"
        }
    }
}

extension Tables {
    /// Checks the frame of a compiled form: header, size, section table. After this ``Tables/init(base:)`` is safe.
    static func checkFrame(_ bytes: UnsafeRawBufferPointer) throws(CompiledFormFault) {
        let start = MemoryLayout<HeaderRecord>.stride + Section.allCases.count * MemoryLayout<Slice>.stride
        guard bytes.count >= start, let base = bytes.baseAddress, UInt(bitPattern: base) % 8 == 0 else {
            throw .notCompiledSignatures
        }
        let header = bytes.load(as: HeaderRecord.self)
        guard header.magic == HeaderRecord.expectedMagic else { throw .notCompiledSignatures }
        guard header.byteOrder == HeaderRecord.expectedByteOrder, header.layoutVersion == HeaderRecord.currentLayout
        else { throw .otherLayout }
        guard Int(header.size) == bytes.count else { throw .damaged }
        for section in Section.allCases {
            let at = MemoryLayout<HeaderRecord>.stride + section.rawValue * MemoryLayout<Slice>.stride
            let slice = bytes.load(fromByteOffset: at, as: Slice.self)
            let end = Int(slice.start) + Int(slice.count) * section.stride
            guard Int(slice.start) >= start, slice.start % 8 == 0, end <= bytes.count else { throw .damaged }
        }
    }

    /// Checks the digest of everything behind the header.
    static func checkDigest(_ bytes: UnsafeRawBufferPointer) throws(CompiledFormFault) {
        let header = bytes.load(as: HeaderRecord.self)
        var hasher = SHA256Hasher()
        withUnsafeBytes(of: header.size) { hasher.update($0) }
        hasher.update(UnsafeRawBufferPointer(rebasing: bytes[MemoryLayout<HeaderRecord>.stride...]))
        let found = withUnsafeBytes(of: header.bodyDigest) { Array($0) }
        guard hasher.finish().bytes == found else { throw .damaged }
    }

    /// Checks that every reference of every record stays within its section and that the numbers the matcher relies
    /// on agree, so that not even a forged file with a right digest makes it read elsewhere.
    func validate() throws(CompiledFormFault) {
        guard holdsTexts, holdsPatterns, holdsDispatch, holdsContainers else { throw .damaged }
    }

    private func fits(_ slice: Slice, _ section: Section) -> Bool {
        Int(slice.start) + Int(slice.count) <= count(section)
    }

    private func fits(_ index: UInt32, _ section: Section) -> Bool { Int(index) < count(section) }

    private func all<Record>(
        _ records: UnsafePointer<Record>, _ section: Section, _ holds: (Record) -> Bool
    ) -> Bool {
        for index in 0..<count(section) where !holds(records[index]) { return false }
        return true
    }

    private var holdsTexts: Bool {
        let head = header.pointee
        let names = [head.binaryName, head.binaryVersion, head.binaryDate, head.containerName, head.containerVersion]
        return names.allSatisfy { fits($0, .strings) }
            && all(formats, .formats) {
                fits($0.puid, .strings) && fits($0.name, .strings) && fits($0.version, .strings)
                    && fits($0.mime, .strings) && fits($0.extensions, .extensionNames)
                    && fits($0.inferiors, .inferiors) && fits($0.closedInferiors, .inferiors)
            }
            && all(extensionNames, .extensionNames) { fits($0.text, .strings) }
            && all(inferiors, .inferiors) { fits($0.value, .formats) }
            && all(extensions, .extensions) { fits($0.name, .strings) && fits($0.formats, .extensionFormats) }
            && all(extensionFormats, .extensionFormats) { fits($0.value, .formats) }
    }

    private var holdsPatterns: Bool {
        let limit = UInt32(InternalSignature.reachLimit)
        return all(signatures, .signatures) {
            fits($0.format, .formats) && fits($0.sequences, .sequences) && $0.sequences.count > 0
                && ($0.primary == SignatureRecord.none || $0.sequences.range.contains(Int($0.primary)))
        }
            && all(sequences, .sequences) {
                fits($0.signature, .signatures) && Anchor(rawValue: $0.anchor) != nil && fits($0.chains, .chains)
                    && $0.chains.count > 0 && $0.indirectLength <= 8
            }
            && all(chains, .chains) { chain in
                guard fits(chain.nodes, .nodes), chain.nodes.count > 0, fits(chain.probes, .probes),
                    chain.minimum <= limit, chain.maximum == ChainRecord.unbounded || chain.maximum <= limit,
                    chain.longest <= limit, chain.shortest <= chain.longest
                else { return false }
                return spans(chain)
            }
            && all(nodes, .nodes) {
                fits($0.alternatives, .alternatives) && $0.gapMinimum <= $0.gapMaximum && $0.gapMaximum <= limit
            }
            && all(alternatives, .alternatives) { alternative in
                guard fits(alternative.steps, .steps), alternative.length > 0 else { return false }
                var length = 0
                for index in alternative.steps.range { length += Int(steps[index].count) }
                return length == Int(alternative.length)
            }
            && all(steps, .steps) { step in
                let slice = Slice(start: step.start, count: step.count)
                switch step.kind {
                case StepRecord.literal: return fits(slice, .patternBytes)
                case StepRecord.any: return true
                case StepRecord.sets: return fits(slice, .setNumbers)
                default: return false
                }
            }
            && (0..<count(.setNumbers)).allSatisfy { fits(setNumbers[$0], .sets) }
            && all(probes, .probes) { probe in
                fits(probe.sequence, .sequences) && probe.distance <= limit
                    && [probe.columns.0, probe.columns.1, probe.columns.2].allSatisfy {
                        $0 <= ProbeRecord.any || fits($0 - ProbeRecord.any - 1, .sets)
                    }
            }
    }

    /// Whether a chain's stated extent is that of its nodes.
    private func spans(_ chain: ChainRecord) -> Bool {
        var shortest = 0
        var longest = 0
        for index in chain.nodes.range {
            let node = nodes[index]
            guard fits(node.alternatives, .alternatives), node.alternatives.count > 0 else { return false }
            let lengths = node.alternatives.range.map { Int(alternatives[$0].length) }
            shortest += Int(node.gapMinimum) + (lengths.min() ?? 0)
            longest += Int(node.gapMaximum) + (lengths.max() ?? 0)
        }
        return shortest == Int(chain.shortest) && longest == Int(chain.longest)
    }

    private var holdsDispatch: Bool {
        let limit = UInt32(InternalSignature.reachLimit * 2)
        return count(.dispatch) == 2
            && all(dispatch, .dispatch) {
                fits($0.keyGroups, .keyGroups) && fits($0.nearProbes, .probes) && fits($0.farProbes, .probes)
                    && isTable($0.windowKeys) && $0.windowExtent <= limit && $0.nearExtent <= limit
                    && $0.farExtent <= limit && $0.reach <= limit
            }
            && all(keyGroups, .keyGroups) { (1...4).contains($0.length) && $0.offset <= limit && isTable($0.entries) }
            && all(keys, .keys) { fits($0.candidates, .candidates) }
            && all(candidates, .candidates) { fits($0.sequence, .sequences) && $0.distance <= limit }
            && all(unanchored, .unanchored) { fits($0.value, .signatures) }
    }

    /// A hash table of a power of two places, at least one of them free.
    private func isTable(_ slice: Slice) -> Bool {
        fits(slice, .keys) && slice.count.nonzeroBitCount == 1
            && slice.range.contains { keys[$0].candidates.count == 0 }
    }

    private var holdsContainers: Bool {
        all(paths, .paths) {
            fits($0.path, .strings) && ContainerKind(rawValue: $0.kind) != nil && fits($0.signatures, .signatures)
        }
            && all(containers, .containers) {
                fits($0.format, .formats) && fits($0.description, .strings) && fits($0.files, .containerFiles)
                    && ContainerKind(rawValue: $0.kind) != nil
            }
            && all(containerFiles, .containerFiles) { file in
                guard fits(file.path, .paths) else { return false }
                let all = paths[Int(file.path)].signatures
                return file.signatures.count == 0
                    || file.signatures.start >= all.start
                        && Int(file.signatures.start) + Int(file.signatures.count) <= all.range.upperBound
            }
    }
}
