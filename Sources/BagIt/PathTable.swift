/// Paths by number and numbers by path, for a million of them and more.
///
/// An entry costs its bytes, 8 for where they are and, at a load of a half to a quarter, 8 to 16 of hash table. Paths of
/// less than 1 MiB; the line limit of tag files sees to that.
struct PathTable {
    /// Bytes of paths, one block after the other; a path lies in one block.
    private var blocks: [[UInt8]] = []
    /// Block (24 bits), offset (20) and length (20) of each path.
    private var places: [UInt64] = []
    /// Entry + 1 by hash, 0 for free; open addressing.
    private var slots: [Int32] = Array(repeating: 0, count: 64)

    var count: Int { places.count }

    /// The number of `path`, a new one if need be.
    mutating func entry(for path: [UInt8]) -> Int {
        var slot = search(path)
        if slots[slot] != 0 { return Int(slots[slot]) - 1 }
        if places.count * 2 >= slots.count {
            grow()
            slot = search(path)
        }
        let entry = places.count
        places.append(store(path))
        slots[slot] = Int32(entry + 1)
        return entry
    }

    /// The number of `path`, nil when it is not here.
    func find(_ path: [UInt8]) -> Int? {
        let slot = search(path)
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    subscript(entry: Int) -> [UInt8] {
        let (block, range) = locate(places[entry])
        return Array(blocks[block][range])
    }

    private func search(_ path: [UInt8]) -> Int {
        var slot = PathTable.hash(path) & (slots.count - 1)
        while slots[slot] != 0 {
            let (block, range) = locate(places[Int(slots[slot]) - 1])
            if range.count == path.count, blocks[block][range].elementsEqual(path) { return slot }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    /// Seeded anew in every run: nobody can prepare a manifest whose names all meet in one slot.
    private static func hash(_ path: [UInt8]) -> Int {
        var hasher = Hasher()
        path.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for entry in places.indices {
            let path = self[entry]
            var slot = PathTable.hash(path) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(entry + 1)
        }
    }

    private mutating func store(_ path: [UInt8]) -> UInt64 {
        precondition(path.count < 1 << 20, "longer paths are refused before they come here")
        if blocks.last.map({ $0.count + path.count > blockBytes }) ?? true {
            blocks.append([])
            blocks[blocks.count - 1].reserveCapacity(max(blockBytes, path.count))
        }
        let last = blocks.count - 1
        let offset = blocks[last].count
        blocks[last].append(contentsOf: path)
        return UInt64(last) << 40 | UInt64(offset) << 20 | UInt64(path.count)
    }

    private func locate(_ place: UInt64) -> (block: Int, range: Range<Int>) {
        let offset = Int(place >> 20 & 0xFFFFF)
        return (Int(place >> 40), offset..<offset + Int(place & 0xFFFFF))
    }
}

private let blockBytes = 1 << 20
