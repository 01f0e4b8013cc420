import Streams

/// The end of a file, and what only positional reads can tell.
extension SequenceEngine {
    /// Sequences at the end of the file, and those whose bytes were out of reach.
    mutating func judgeEnds(_ source: some ByteSource, isMember: Bool = false) throws {
        areEndsJudged = true
        let tail = tables.dispatch[1]
        var reach = isMember ? 0 : min(size, Int(tail.reach))
        for index in 0..<live.sequenceCount where live.isOpen(index) {
            reach = max(reach, endReach(index))
        }
        if reach > 0 {
            let view = try loadMirror(source, reach)
            for index in 0..<live.sequenceCount where live.isOpen(index) {
                judge(sequence: index, view, isMirrored: true)
            }
            if !isMember {
                findKeys(tail, view, isMirrored: true)
                findWindowKeys(tail, view, isMirrored: true)
                findTailProbes(tail, view)
            }
            search(in: view, isMirrored: true, isLast: reach == size)
            // Signatures found from the end may have another sequence that reaches further.
            var further = 0
            for index in 0..<live.sequenceCount where live.isOpen(index) { further = max(further, endReach(index)) }
            if further > reach {
                let view = try loadMirror(source, further)
                for index in 0..<live.sequenceCount where live.isOpen(index) {
                    judge(sequence: index, view, isMirrored: true)
                }
                search(in: view, isMirrored: true, isLast: further == size)
            }
        }
        for index in 0..<live.sequenceCount where live.isOpen(index) && live.sequences[index].state == .waiting {
            try judge(waiting: index, source)
        }
    }

    /// Bytes from the end that a waiting EOF sequence needs.
    func endReach(_ index: Int) -> Int {
        guard live.sequences[index].state == .waiting, live.anchor(of: index) == Anchor.end.rawValue else { return 0 }
        let chain = live.chain(of: index)
        guard chain.maximum != ChainRecord.unbounded else { return 0 }
        return min(size, Int(chain.maximum) + Int(chain.longest))
    }

    mutating func loadMirror(_ source: some ByteSource, _ reach: Int) throws -> View {
        let from = size - reach
        try window.load(reach) { try source.read(into: $0, at: Int64(from)) }
        window.reverse()
        return View(window.bytes, start: 0)
    }

    /// Probes of the tail are few and narrow, so each is tried at every place.
    mutating func findTailProbes(_ dispatch: DispatchRecord, _ view: View) {
        for index in dispatch.nearProbes.range { tryEverywhere(tables.probes[index], view) }
        for index in dispatch.farProbes.range { tryEverywhere(tables.probes[index], view) }
    }

    mutating func tryEverywhere(_ probe: ProbeRecord, _ view: View) {
        let chain = tables.chains[Int(tables.sequences[Int(probe.sequence)].chains.start)]
        let last = min(Int(chain.maximum), view.end)
        var start = Int(chain.minimum)
        while start <= last {
            consider(probe.sequence, at: start, view, isMirrored: true)
            start += 1
        }
    }

    /// Sequences whose first chain lies beyond the head, or at a place that the file itself names.
    mutating func judge(waiting index: Int, _ source: some ByteSource) throws {
        let record = tables.sequences[Int(live.sequences[index].sequence)]
        let chain = live.chain(of: index)
        var origin = 0
        switch Anchor(rawValue: record.anchor) {
        case .end where chain.maximum == ChainRecord.unbounded:
            live.sequences[index].cursor = Int(chain.minimum)
            live.sequences[index].state = .searching
            return
        case .start: break
        case .indirectStart, .indirectEnd:
            guard let named = try indirectOffset(record, source) else { return live.fail(index) }
            origin = named
        default: return live.fail(index)
        }
        guard chain.maximum != ChainRecord.unbounded else {
            return judge(anchored: index, chain, from: origin, View(window.bytes, start: 0))
        }
        let low = origin + Int(chain.minimum)
        let high = min(size, origin + Int(chain.maximum) + Int(chain.longest))
        guard low < size else { return live.fail(index) }
        try window.load(high - low) { try source.read(into: $0, at: Int64(low)) }
        guard window.count == high - low else { return live.fail(index) }
        let view = View(window.bytes, start: low)
        let hit = matcher.search(chain, from: low, through: origin + Int(chain.maximum), in: view)
        if hit.start >= 0 { live.advance(index, hit) } else { live.fail(index) }
    }

    /// The number that says where an indirect sequence starts; nil when it lies outside the file.
    func indirectOffset(_ record: SequenceRecord, _ source: some ByteSource) throws -> Int? {
        let location = Int(record.indirectLocation)
        let length = Int(record.indirectLength)
        let isFromEnd = record.anchor == Anchor.indirectEnd.rawValue
        let place = isFromEnd ? size - location - 1 : location
        guard place >= 0, length > 0, place + length <= size else { return nil }
        var word: UInt64 = 0
        let count = try withUnsafeMutableBytes(of: &word) { raw in
            try source.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[..<length]), at: Int64(place))
        }
        guard count == length else { return nil }
        let value =
            record.indirectLittleEndian == 1 ? UInt64(littleEndian: word) : word.bigEndian >> UInt64(64 - 8 * length)
        guard let offset = Int(exactly: value), offset < size else { return nil }
        return offset
    }
}
