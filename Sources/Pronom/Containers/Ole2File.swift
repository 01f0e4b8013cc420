import Streams

/// A stream or storage of an OLE2 compound file.
struct Ole2Entry {
    var firstSector: UInt32
    var size: Int
    var isStream: Bool
}

/// Reads OLE2 compound files ([MS-CFB]): both sector sizes, DIFAT chains, the mini stream. Every chain is followed for
/// at most as many steps as the file has sectors, so that loops end.
struct Ole2File {
    private let sectorShift: Int
    private let sectorCount: Int
    private var difat: [UInt32] = []
    private let directory: [UInt8]
    private let miniCutoff: Int
    private var miniFat: [UInt32] = []
    private var rootSectors: [UInt32] = []
    private var isRootLoaded = false
    private let firstMiniFat: UInt32
    private let miniFatCount: Int

    private static let magic: UInt64 = 0xE11A_B1A1_E011_CFD0
    private static let lastRegular: UInt32 = 0xFFFF_FFFA
    /// Bytes of directory looked at: 65,536 entries.
    private static let directoryLimit = 8 << 20

    /// Reads header, DIFAT and directory; nil when it is no compound file or too damaged to have entries.
    init?(_ reader: inout WindowReader<some ByteSource>) throws {
        guard let head = try reader.bytes(at: 0, 512), head.u64(0) == Self.magic else { return nil }
        let shift = head.u16(30)
        // Version 3 has sectors of 512 bytes, version 4 of 4096.
        guard shift == 9 || shift == 12 else { return nil }
        sectorShift = shift
        sectorCount = max(0, (reader.size + (1 << shift) - 1) >> shift)
        miniCutoff = min(max(head.u32(56), 64), 1 << 20)
        firstMiniFat = UInt32(head.u32(60))
        miniFatCount = head.u32(64)
        let firstDirectory = UInt32(head.u32(48))
        var nextDifat = UInt32(head.u32(68))
        for index in 0..<109 { difat.append(UInt32(head.u32(76 + 4 * index))) }
        var steps = 0
        let perSector = (1 << shift) / 4
        while nextDifat < Self.lastRegular, steps < sectorCount / max(1, perSector) + 2 {
            guard let sector = try Self.sector(nextDifat, shift, &reader) else { break }
            for index in 0..<perSector - 1 { difat.append(UInt32(sector.u32(4 * index))) }
            nextDifat = UInt32(sector.u32(4 * (perSector - 1)))
            steps += 1
        }
        let chains = difat
        directory = try Self.read(
            chain: firstDirectory, limit: Self.directoryLimit, shift: shift, sectorCount: sectorCount, difat: chains,
            &reader)
        guard directory.count >= 128 else { return nil }
    }

    /// Calls `body` with every entry's path (names joined by `/`, trimmed of control characters and blanks at both ends).
    func forEachEntry(_ body: (String, Ole2Entry) throws -> Void) rethrows {
        let count = directory.count / 128
        var seen = [Bool](repeating: false, count: count)
        var waiting: [(entry: UInt32, prefix: String)] = [(child(0), "")]
        while let (number, prefix) = waiting.popLast() {
            guard number < count, !seen[Int(number)] else { continue }
            seen[Int(number)] = true
            let at = Int(number) * 128
            let kind = directory[at + 66]
            let path = prefix + name(at)
            waiting.append((u32(at + 68), prefix))
            waiting.append((u32(at + 72), prefix))
            // A storage deeper than any real one is not entered: its paths would only grow.
            if kind == 1, path.utf8.count < 4096 { waiting.append((u32(at + 76), path + "/")) }
            guard kind == 1 || kind == 2 else { continue }
            // Version 3 writers may leave rubbish in the upper half of the size.
            let high = sectorShift == 12 ? Int(u32(at + 124)) << 32 : 0
            let size = Int(u32(at + 120)) + min(high, 1 << 48)
            try body(path, Ole2Entry(firstSector: u32(at + 116), size: size, isStream: kind == 2))
        }
    }

    /// Reads up to `limit` bytes of a stream into `output`; whether that is all of it.
    mutating func read(
        _ entry: Ole2Entry, limit: Int, into output: inout Scratch, _ reader: inout WindowReader<some ByteSource>
    ) throws -> Bool {
        output.count = 0
        guard entry.isStream else { return false }
        let wanted = min(entry.size, limit)
        if entry.size < miniCutoff {
            try loadMiniStream(&reader)
            var sector = entry.firstSector
            while output.count < wanted, sector < Self.lastRegular, Int(sector) < miniFat.count {
                guard let piece = try miniSector(sector, &reader) else { break }
                output.append(UnsafeRawBufferPointer(rebasing: piece.prefix(wanted - output.count)))
                sector = miniFat[Int(sector)]
            }
        } else {
            var sector = entry.firstSector
            var steps = 0
            while output.count < wanted, sector < Self.lastRegular, steps <= sectorCount {
                guard let piece = try Self.sector(sector, sectorShift, &reader, mayBeShort: true) else { break }
                output.append(UnsafeRawBufferPointer(rebasing: piece.prefix(wanted - output.count)))
                sector = try Self.next(sector, sectorShift, difat, &reader)
                steps += 1
            }
        }
        return output.count == entry.size
    }

    // MARK: Directory

    private func u32(_ offset: Int) -> UInt32 {
        UInt32(directory[offset]) | UInt32(directory[offset + 1]) << 8 | UInt32(directory[offset + 2]) << 16
            | UInt32(directory[offset + 3]) << 24
    }

    private func child(_ number: Int) -> UInt32 { u32(number * 128 + 76) }

    /// UTF-16LE with its terminator counted in the length. `\u{1}CompObj` is known as `CompObj`.
    private func name(_ at: Int) -> String {
        let length = min(64, Int(directory[at + 64]) | Int(directory[at + 65]) << 8)
        var units: [UInt16] = []
        for index in stride(from: 0, to: length - 1, by: 2) {
            units.append(UInt16(directory[at + index]) | UInt16(directory[at + index + 1]) << 8)
        }
        while let last = units.last, last <= 0x20 { units.removeLast() }
        return String(decoding: units.drop { $0 <= 0x20 }, as: UTF16.self)
    }

    // MARK: Sectors

    /// A sector; the one at the end of the file may be cut short.
    private static func sector(
        _ number: UInt32, _ shift: Int, _ reader: inout WindowReader<some ByteSource>, mayBeShort: Bool = false
    ) throws -> UnsafeRawBufferPointer? {
        let offset = (Int(number) + 1) << shift
        let length = mayBeShort ? min(1 << shift, reader.size - offset) : 1 << shift
        guard length > 0 else { return nil }
        return try reader.bytes(at: offset, length)
    }

    /// The sector that follows in a chain, from the FAT.
    private static func next(
        _ number: UInt32, _ shift: Int, _ difat: [UInt32], _ reader: inout WindowReader<some ByteSource>
    ) throws -> UInt32 {
        let perSector = (1 << shift) / 4
        let block = Int(number) / perSector
        guard block < difat.count, difat[block] < lastRegular else { return .max }
        let offset = (Int(difat[block]) + 1) << shift + (Int(number) % perSector) * 4
        return try reader.bytes(at: offset, 4).map { UInt32($0.u32(0)) } ?? .max
    }

    private static func read(
        chain first: UInt32, limit: Int, shift: Int, sectorCount: Int, difat: [UInt32],
        _ reader: inout WindowReader<some ByteSource>
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var sector = first
        var steps = 0
        while sector < lastRegular, steps <= sectorCount, bytes.count < limit {
            guard let piece = try Self.sector(sector, shift, &reader) else { break }
            bytes += piece
            sector = try next(sector, shift, difat, &reader)
            steps += 1
        }
        return bytes
    }

    // MARK: Mini stream

    /// The mini FAT and the sectors of the root entry, which hold all short streams; read once when first needed.
    private mutating func loadMiniStream(_ reader: inout WindowReader<some ByteSource>) throws {
        guard !isRootLoaded else { return }
        isRootLoaded = true
        let table = try Self.read(
            chain: firstMiniFat, limit: min(Self.directoryLimit, (miniFatCount & 0xFFFF) << sectorShift),
            shift: sectorShift, sectorCount: sectorCount, difat: difat, &reader)
        for at in stride(from: 0, to: table.count - 3, by: 4) {
            miniFat.append(
                UInt32(table[at]) | UInt32(table[at + 1]) << 8 | UInt32(table[at + 2]) << 16 | UInt32(table[at + 3])
                    << 24)
        }
        // More root sectors than the mini FAT can point into are never asked for.
        let needed = (miniFat.count * 64) >> sectorShift + 1
        var sector = u32(116)
        while sector < Self.lastRegular, rootSectors.count < min(needed, sectorCount) {
            rootSectors.append(sector)
            sector = try Self.next(sector, sectorShift, difat, &reader)
        }
    }

    private func miniSector(
        _ number: UInt32, _ reader: inout WindowReader<some ByteSource>
    ) throws -> UnsafeRawBufferPointer? {
        let offset = Int(number) * 64
        let block = offset >> sectorShift
        guard block < rootSectors.count else { return nil }
        let at = (Int(rootSectors[block]) + 1) << sectorShift + offset & ((1 << sectorShift) - 1)
        return try reader.bytes(at: at, min(64, max(0, reader.size - at)))
    }
}
