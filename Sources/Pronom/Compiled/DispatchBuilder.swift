/// Decides by which bytes the signatures of one end of a file are found, and writes the tables for it.
struct DispatchBuilder {
    /// Keys that may begin anywhere up to here are looked for in one loop over the head; probes likewise.
    static let nearExtent = 4608
    /// Bits of information a key in a window must have not to be met in every other file.
    private static let windowInformation = 14.0

    private struct Place: Hashable {
        var offset: Int
        var length: Int
    }

    private var fixed: [Place: [UInt32: [CandidateRecord]]] = [:]
    private var window: [UInt32: [CandidateRecord]] = [:]
    private var near: [ProbeRecord] = []
    private var far: [ProbeRecord] = []
    private var record = DispatchRecord()

    /// How cheaply a sequence is found from here; the cheapest of a signature becomes its primary one.
    static func cost(_ sequence: ByteSequence) -> Double? {
        guard sequence.anchor == .start || sequence.anchor == .end, let chain = sequence.chains.first,
            let maximum = chain.maximum
        else { return nil }
        let prefixes = Prefix.all(of: chain)
        let bits = prefixes.map { $0.bestKey(lengths: 1...4)?.information ?? 0 }.min() ?? 0
        let width = Double(maximum - chain.minimum)
        let side = sequence.anchor == .end ? 6.0 : 0
        return width / 16 + side + max(0, 28 - bits) + (width > Double(nearExtent) ? 1000 : 0)
    }

    /// Makes `sequence` findable by each of the ways in which its first chain may begin.
    mutating func add(_ sequence: ByteSequence, index: UInt32, prefixes: [Prefix], probes: [ProbeRecord]) {
        guard let chain = sequence.chains.first, let maximum = chain.maximum else { return }
        record.reach = max(record.reach, UInt32(maximum + chain.longest))
        for (prefix, probe) in zip(prefixes, probes) {
            let key =
                maximum == chain.minimum ? prefix.bestKey(lengths: 1...4) : prefix.bestKey(lengths: 4...4)
            if let key, maximum == chain.minimum {
                let place = Place(offset: maximum + key.distance, length: key.length)
                for value in key.values {
                    fixed[place, default: [:]][value, default: []].append(
                        CandidateRecord(sequence: index, distance: UInt32(key.distance)))
                }
            } else if let key, key.information >= Self.windowInformation,
                maximum + key.distance + 4 <= Self.nearExtent
            {
                record.windowExtent = max(record.windowExtent, UInt32(maximum + key.distance + 1))
                for value in key.values {
                    window[value, default: []].append(
                        CandidateRecord(sequence: index, distance: UInt32(key.distance)))
                }
            } else {
                var probe = probe
                probe.sequence = index
                let extent = maximum + Int(probe.distance) + 1
                if near.contains(probe) || far.contains(probe) { continue }
                if extent <= Self.nearExtent {
                    near.append(probe)
                    record.nearExtent = max(record.nearExtent, UInt32(extent))
                } else {
                    far.append(probe)
                    record.farExtent = max(record.farExtent, UInt32(extent))
                }
            }
        }
    }

    /// Writes everything; the record goes to the dispatch section.
    mutating func write(to writer: inout FlatWriter) {
        var groups: [KeyGroupRecord] = []
        for (place, values) in fixed.sorted(by: { ($0.key.offset, $0.key.length) < ($1.key.offset, $1.key.length) }) {
            groups.append(
                KeyGroupRecord(
                    offset: UInt32(place.offset), length: UInt32(place.length),
                    entries: Self.table(values, to: &writer)))
        }
        record.keyGroups = writer.append(groups, to: .keyGroups)
        record.windowKeys = Self.table(window, to: &writer)
        record.nearProbes = writer.append(near, to: .probes)
        record.farProbes = writer.append(far, to: .probes)
        writer.append([record], to: .dispatch)
    }

    /// An open hash table at most half full, a power of two in size, so that every search ends at a free place.
    private static func table(_ values: [UInt32: [CandidateRecord]], to writer: inout FlatWriter) -> Slice {
        var size = 2
        while size < values.count * 2 { size *= 2 }
        var entries = [KeyRecord](repeating: KeyRecord(), count: size)
        for (key, candidates) in values.sorted(by: { $0.key < $1.key }) {
            var at = Int(keyHash(key)) & (size - 1)
            while entries[at].candidates.count > 0 { at = (at + 1) & (size - 1) }
            entries[at] = KeyRecord(key: key, candidates: writer.append(candidates, to: .candidates))
        }
        return writer.append(entries, to: .keys)
    }
}

/// Spreads a key over the places of a table.
@inline(__always)
func keyHash(_ key: UInt32) -> UInt32 { (key &* 0x9E37_79B1) >> 12 ^ key >> 29 }
