import CProbe

/// Many chains looked for in one pass: their most telling byte triples in the tables of ``tdr_probe_scan``.
struct ProbeSet: ~Copyable {
    /// A way in which something begins.
    struct Member {
        /// What the owner of the set makes of it.
        var tag: UInt32
        /// Bytes from the start of the chain to the triple.
        var distance: Int32
        /// The next member of the same bucket; negative: none.
        var next: Int32
    }

    private let tables: Tables
    private(set) var probe = tdr_probe()
    private var members: [Member] = []
    private var heads: (Int32, Int32, Int32, Int32, Int32, Int32, Int32, Int32) = (-1, -1, -1, -1, -1, -1, -1, -1)
    private var triples: [UInt64] = []

    init(_ tables: Tables) {
        self.tables = tables
        members.reserveCapacity(256)
        triples.reserveCapacity(256)
    }

    var isEmpty: Bool { members.isEmpty }

    mutating func clear() {
        probe = tdr_probe()
        members.removeAll(keepingCapacity: true)
        triples.removeAll(keepingCapacity: true)
        heads = (-1, -1, -1, -1, -1, -1, -1, -1)
    }

    /// Adds a triple. Equal triples share a bucket, different ones take turns.
    mutating func add(_ record: ProbeRecord, tag: UInt32) {
        let columns = record.columns
        let triple =
            UInt64(columns.0 & 0x1F_FFFF) << 42 | UInt64(columns.1 & 0x1F_FFFF) << 21 | UInt64(columns.2 & 0x1F_FFFF)
        let place = triples.firstIndex(of: triple) ?? triples.count
        if place == triples.count { triples.append(triple) }
        let bucket = place & 7
        let index = Int32(members.count)
        withUnsafeMutableBytes(of: &heads) { raw in
            let heads = raw.assumingMemoryBound(to: Int32.self)
            members.append(Member(tag: tag, distance: Int32(record.distance), next: heads[bucket]))
            heads[bucket] = index
        }
        let bit = UInt8(1) << UInt8(bucket)
        accept(columns.0, column: 0, bit)
        accept(columns.1, column: 1, bit)
        accept(columns.2, column: 2, bit)
    }

    private mutating func accept(_ column: UInt32, column number: Int, _ bit: UInt8) {
        withUnsafeMutableBytes(of: &probe) { raw in
            let low = number * 16
            let high = 48 + number * 16
            func allow(_ byte: Int) {
                raw[low + (byte & 15)] |= bit
                raw[high + (byte >> 4)] |= bit
            }
            if column < ProbeRecord.any {
                allow(Int(column))
            } else if column == ProbeRecord.any {
                for nibble in 0..<16 {
                    raw[low + nibble] |= bit
                    raw[high + nibble] |= bit
                }
            } else {
                let bits = tables.sets + Int(column - ProbeRecord.any - 1) * 32
                for byte in 0..<256 where bits[byte >> 3] >> UInt8(byte & 7) & 1 == 1 { allow(byte) }
            }
        }
    }

    /// The first member of a bucket; negative: none.
    @inline(__always)
    func firstMember(of bucket: Int) -> Int32 {
        switch bucket {
        case 0: heads.0
        case 1: heads.1
        case 2: heads.2
        case 3: heads.3
        case 4: heads.4
        case 5: heads.5
        case 6: heads.6
        default: heads.7
        }
    }

    @inline(__always)
    func member(_ index: Int32) -> Member { members[Int(index)] }
}
