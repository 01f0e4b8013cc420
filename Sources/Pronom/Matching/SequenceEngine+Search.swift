import CProbe
import Streams

/// The search for chains that may stand anywhere.
extension SequenceEngine {

    /// Looks for free chains in bytes that follow each other; keeps what must be seen again.
    mutating func search(_ bytes: UnsafeRawBufferPointer, from start: Int) {
        guard hasSearches else {
            carry.count = 0
            return
        }
        let end = start + bytes.count
        let isLast = end == size
        if carry.count > 0 {
            let overlap = min(bytes.count, longestSearch + 64)
            carry.append(UnsafeRawBufferPointer(rebasing: bytes[..<overlap]))
            search(
                in: View(carry.bytes, start: carryStart), isMirrored: false, isLast: isLast && overlap == bytes.count)
            if lowestCursor < start {
                // A longer chain came up, or the piece is short: go on with everything in one place.
                carry.append(UnsafeRawBufferPointer(rebasing: bytes[overlap...]))
                search(in: View(carry.bytes, start: carryStart), isMirrored: false, isLast: isLast)
                return dropCarry(end: end)
            }
        }
        search(in: View(bytes, start: start), isMirrored: false, isLast: isLast)
        let keep = min(max(lowestCursor, start), end)
        carry.count = 0
        carry.append(UnsafeRawBufferPointer(rebasing: bytes[(keep - start)...]))
        carryStart = keep
    }

    mutating func dropCarry(end: Int) {
        let keep = min(max(lowestCursor, carryStart), end)
        carry.removeFirst(keep - carryStart)
        carryStart = keep
    }

    var longestSearch: Int {
        var longest = 0
        for index in 0..<live.sequenceCount where live.sequences[index].state == .searching && live.isOpen(index) {
            longest = max(longest, Int(live.chain(of: index).longest))
        }
        return longest
    }

    var lowestCursor: Int {
        var lowest = Int.max
        for index in 0..<live.sequenceCount
        where live.sequences[index].state == .searching && live.anchor(of: index) != Anchor.end.rawValue
            && live.isOpen(index)
        {
            lowest = min(lowest, live.sequences[index].cursor)
        }
        return lowest
    }

    /// Fills the probe set with the chains looked for now; the lowest place where one may start, and the end of what may
    /// be looked at for them. Nil when there is none.
    mutating func collectSearches(isMirrored: Bool) -> (lowest: Int, end: Int)? {
        searchProbes.clear()
        leaders.removeAll(keepingCapacity: true)
        var lowest = Int.max
        var end = 0
        for index in 0..<live.sequenceCount where live.sequences[index].state == .searching && live.isOpen(index) {
            guard (live.anchor(of: index) == Anchor.end.rawValue) == isMirrored else { continue }
            lowest = min(lowest, live.sequences[index].cursor)
            let chain = live.chain(of: index)
            end = max(end, live.sequences[index].limit.addingReportingOverflow(Int(chain.longest) + 2).partialValue)
            if live.sequences[index].limit == .max { end = .max }
            if isTwin(index, likeness: chain.likeness) { continue }
            for probe in chain.probes.range { searchProbes.add(tables.probes[probe], tag: UInt32(index)) }
        }
        return searchProbes.isEmpty ? nil : (lowest, end)
    }

    /// Whether an earlier sequence looks for the same bytes in the same places; then they go on together, so that the
    /// twenty AutoCAD signatures that begin alike cost as much as one.
    mutating func isTwin(_ index: Int, likeness: UInt32) -> Bool {
        live.sequences[index].twin = -1
        let sequence = live.sequences[index]
        for leader in leaders where leader.likeness == likeness {
            let other = live.sequences[Int(leader.index)]
            guard other.cursor == sequence.cursor, other.limit == sequence.limit else { continue }
            live.sequences[index].twin = other.twin
            live.sequences[Int(leader.index)].twin = Int32(index)
            return true
        }
        leaders.append((likeness, Int32(index)))
        return false
    }

    /// Looks for free chains in one view. Afterwards every cursor is past what the view could tell; with the last view
    /// of the file, what was not found fails.
    mutating func search(in view: View, isMirrored: Bool, isLast: Bool) {
        guard var searched = collectSearches(isMirrored: isMirrored) else { return }
        var count = min(view.end, searched.end) - view.start
        var at = max(0, searched.lowest - view.start)
        scanning: while at < count {
            var next = count
            let found = scan(searchProbes.probe, view, at, count, &next)
            for index in 0..<found {
                guard verify(hits[index], view, isLast: isLast) else { continue }
                // A chain was found: what is looked for has changed from here on.
                guard let left = collectSearches(isMirrored: isMirrored) else { return }
                searched = left
                count = min(view.end, searched.end) - view.start
                at = max(Int(hits[index].position), searched.lowest - view.start)
                continue scanning
            }
            at = next
        }
        for index in 0..<live.sequenceCount where live.sequences[index].state == .searching && live.isOpen(index) {
            guard (live.anchor(of: index) == Anchor.end.rawValue) == isMirrored else { continue }
            let told = view.end - Int(live.chain(of: index).longest) + 1
            live.sequences[index].cursor = max(live.sequences[index].cursor, told)
            if isLast || live.sequences[index].cursor > live.sequences[index].limit { live.fail(index) }
        }
    }

    /// Tries the chains that may be meant by a hit; whether one was found.
    mutating func verify(_ hit: tdr_probe_hit, _ view: View, isLast: Bool) -> Bool {
        var buckets = hit.buckets
        let position = view.start + Int(hit.position)
        while buckets != 0 {
            let bucket = buckets.trailingZeroBitCount
            buckets &= buckets - 1
            var number = searchProbes.firstMember(of: bucket)
            while number >= 0 {
                let member = searchProbes.member(number)
                number = member.next
                let index = Int(member.tag)
                let start = position - Int(member.distance)
                guard live.sequences[index].state == .searching, start >= live.sequences[index].cursor,
                    start <= live.sequences[index].limit
                else { continue }
                let chain = live.chain(of: index)
                guard isLast || start + Int(chain.longest) <= view.end else { continue }
                let end = matcher.end(of: chain, at: start, in: view)
                guard end >= 0 else { continue }
                var found = Int32(index)
                while found >= 0 {
                    let next = live.sequences[Int(found)].twin
                    live.advance(Int(found), Hit(start: start, end: end))
                    found = next
                }
                return true
            }
        }
        return false
    }

    /// Searches the source for the chains that are still looked for.
    mutating func searchThrough(_ source: some ByteSource, isMirrored: Bool) throws {
        while let searched = collectSearches(isMirrored: isMirrored) {
            let lowest = searched.lowest
            guard lowest < size else {
                window.count = 0
                return search(in: View(window.bytes, start: size), isMirrored: isMirrored, isLast: true)
            }
            let length = min(size - lowest, max(Self.windowBytes, 2 * longestSearch))
            let from = isMirrored ? size - lowest - length : lowest
            try window.load(length) { try source.read(into: $0, at: Int64(from)) }
            // A file that became shorter meanwhile ends where it ends.
            let isLast = lowest + length == size || window.count < length
            if isMirrored { window.reverse() }
            search(in: View(window.bytes, start: lowest), isMirrored: isMirrored, isLast: isLast)
        }
    }
}
