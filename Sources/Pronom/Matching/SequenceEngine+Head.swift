import CProbe
import Streams

/// The head of a file: which signatures are possible at all.
extension SequenceEngine {
    mutating func judgeHead(_ head: View) throws {
        isHeadJudged = true
        findCandidates(head)
        guard head.end == size else { return }
        // The whole file is at hand: everything can be judged now, cheap ends before searches.
        let whole = MappedSource(bytes: UnsafeRawBufferPointer(start: head.bytes, count: size))
        try judgeEnds(whole)
        search(in: head, isMirrored: false, isLast: true)
        try searchThrough(whole, isMirrored: true)
    }

    mutating func findCandidates(_ head: View) {
        let dispatch = tables.dispatch[0]
        findKeys(dispatch, head, isMirrored: false)
        findWindowKeys(dispatch, head, isMirrored: false)
        find(dispatch.nearProbes, extent: Int(dispatch.nearExtent), head, isFar: false)
        find(dispatch.farProbes, extent: Int(dispatch.farExtent), head, isFar: true)
        for index in 0..<tables.count(.unanchored) {
            let signature = tables.unanchored[index].value
            guard !live.isActivated(signature) else { continue }
            judge(live.activate(signature), head, isMirrored: false)
        }
    }

    /// Keys at fixed places.
    mutating func findKeys(_ dispatch: DispatchRecord, _ view: View, isMirrored: Bool) {
        let count = view.end - view.start
        let raw = UnsafeRawPointer(view.bytes)
        for index in dispatch.keyGroups.range {
            let group = tables.keyGroups[index]
            let offset = Int(group.offset)
            let length = Int(group.length)
            guard offset + length <= count else { continue }
            var key: UInt32 = 0
            if offset + 4 <= count {
                key = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                key &= UInt32.max >> UInt32(32 - 8 * length)
            } else {
                for place in 0..<length { key |= UInt32(view.bytes[offset + place]) << UInt32(8 * place) }
            }
            lookUp(key, in: group.entries, at: offset, view, isMirrored: isMirrored)
        }
    }

    mutating func lookUp(_ key: UInt32, in table: Slice, at position: Int, _ view: View, isMirrored: Bool) {
        let entries = tables.keys + Int(table.start)
        let mask = Int(table.count) - 1
        var place = Int(keyHash(key)) & mask
        while entries[place].candidates.count > 0 {
            if entries[place].key == key {
                for index in entries[place].candidates.range {
                    let candidate = tables.candidates[index]
                    consider(candidate.sequence, at: position - Int(candidate.distance), view, isMirrored: isMirrored)
                }
                return
            }
            place = (place + 1) & mask
        }
    }

    /// Four-byte keys anywhere in the first few KB.
    mutating func findWindowKeys(_ dispatch: DispatchRecord, _ view: View, isMirrored: Bool) {
        let end = min(Int(dispatch.windowExtent), view.end - 3)
        guard end > 0, dispatch.windowKeys.count > 0 else { return }
        let raw = UnsafeRawPointer(view.bytes)
        if isMirrored {
            for position in 0..<end {
                let key = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
                lookUp(key, in: dispatch.windowKeys, at: position, view, isMirrored: true)
            }
            return
        }
        let filter = self.filter
        for position in 0..<end {
            let key = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            let bit = Self.filterBit(key)
            if filter[bit >> 6] >> UInt64(bit & 63) & 1 == 1 {
                lookUp(key, in: dispatch.windowKeys, at: position, view, isMirrored: false)
            }
        }
    }

    /// What has no key of four bytes, or a window too wide for ``findWindowKeys``.
    mutating func find(_ probes: Slice, extent: Int, _ view: View, isFar: Bool) {
        guard probes.count > 0 else { return }
        let end = min(extent + 2, view.end)
        var at = 0
        while at < end {
            var next = end
            let count =
                isFar
                ? scan(farProbes.probe, view, at, end, &next) : scan(nearProbes.probe, view, at, end, &next)
            for index in 0..<count {
                let position = Int(hits[index].position)
                var buckets = hits[index].buckets
                while buckets != 0 {
                    let bucket = buckets.trailingZeroBitCount
                    buckets &= buckets - 1
                    var number = isFar ? farProbes.firstMember(of: bucket) : nearProbes.firstMember(of: bucket)
                    while number >= 0 {
                        let member = isFar ? farProbes.member(number) : nearProbes.member(number)
                        number = member.next
                        consider(member.tag, at: position - Int(member.distance), view, isMirrored: false)
                    }
                }
            }
            at = next
        }
    }

    func scan(_ probe: tdr_probe, _ view: View, _ from: Int, _ end: Int, _ next: inout Int) -> Int {
        withUnsafePointer(to: probe) { tdr_probe_scan($0, view.bytes, from, end, hits, Self.hitCapacity, &next) }
    }

    /// A dispatched sequence may start at `start`: verifies its first chain there and makes its signature live.
    mutating func consider(_ sequence: UInt32, at start: Int, _ view: View, isMirrored: Bool) {
        let record = tables.sequences[Int(sequence)]
        guard !live.isActivated(record.signature) else { return }
        let chain = tables.chains[Int(record.chains.start)]
        guard start >= Int(chain.minimum), start <= Int(chain.maximum) else { return }
        if start + Int(chain.longest) > view.end, view.end < size {
            guard matcher.begins(chain, at: start, in: view) else { return }
            judge(live.activate(record.signature), view, isMirrored: isMirrored)
            return
        }
        guard matcher.end(of: chain, at: start, in: view) >= 0 else { return }
        judge(live.activate(record.signature), view, isMirrored: isMirrored)
    }

    /// Judges the sequences of a new live signature that `view` can tell about.
    mutating func judge(_ signature: Int, _ view: View, isMirrored: Bool) {
        let first = Int(live.signatures[signature].first)
        for index in first..<first + Int(live.signatures[signature].count) {
            judge(sequence: index, view, isMirrored: isMirrored)
            if live.signatures[signature].isFailed { return }
        }
    }

    mutating func judge(sequence index: Int, _ view: View, isMirrored: Bool) {
        guard live.sequences[index].state == .waiting else { return }
        let chain = live.chain(of: index)
        let anchor = live.anchor(of: index)
        if anchor == Anchor.variable.rawValue {
            live.sequences[index].cursor = Int(chain.minimum)
            live.sequences[index].state = .searching
        } else if anchor == (isMirrored ? Anchor.end.rawValue : Anchor.start.rawValue) {
            judge(anchored: index, chain, from: 0, view)
        }
    }

    /// The first chain of an anchored sequence, `origin` being its reference point. Left waiting when the view is too
    /// short to tell.
    mutating func judge(anchored index: Int, _ chain: ChainRecord, from origin: Int, _ view: View) {
        guard chain.maximum != ChainRecord.unbounded else {
            live.sequences[index].cursor = origin + Int(chain.minimum)
            live.sequences[index].state = .searching
            return
        }
        let low = origin + Int(chain.minimum)
        let high = origin + Int(chain.maximum)
        if high - low >= Self.wideWindow {
            // Cheaper together with everything else that is searched for.
            live.sequences[index].cursor = low
            live.sequences[index].limit = high
            live.sequences[index].state = .searching
            return
        }
        guard view.end == size || high + Int(chain.longest) <= view.end else { return }
        let hit: Hit
        if low == high {
            let end = low <= view.end ? matcher.end(of: chain, at: low, in: view) : -1
            hit = end >= 0 ? Hit(start: low, end: end) : .none
        } else {
            hit = matcher.search(chain, from: low, through: high, in: view)
        }
        if hit.start >= 0 { live.advance(index, hit) } else { live.fail(index) }
    }
}
