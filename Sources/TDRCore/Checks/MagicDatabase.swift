import CMagic
import Glibc
import Streams

/// libmagic's compiled database, read by ourselves, so that libmagic need not try all of it on every file.
///
/// libmagic compares a file with 3,500 first tests, one after the other, and that twice. Most of them ask for some bytes
/// at a fixed place, which is looked at faster than by libmagic. So for each file the groups are picked whose
/// first test can hold at all, in their order, and libmagic gets a database of those alone (`magic_load_buffers`). What
/// cannot hold is left out, all else is its own: so it answers the same, and `MagicTests` compares.
///
/// Immutable and shared by all threads.
final class MagicDatabase: Sendable {
    /// A group of records.
    private struct Group {
        let records: Range<Int>
        /// The named groups it uses, and those that they use, in the order of the database.
        let names: [Int]
        let condition: MagicCondition
    }

    /// The condition of a group in the form in which thousands of them are gone through.
    private struct Word {
        let offset: Int32
        let needed: Int32
        let value: UInt32
        let mask: UInt32
    }

    private let bytes: [UInt8]
    private let names: [Range<Int>]
    private let texts: [Group]
    private let binary: [Group]
    /// Of each group of binary tests the word to compare, and of those without one the number and the condition.
    private let words: [Word]
    private let others: [(group: Int, condition: MagicCondition)]

    /// The usual database; nil when libmagic would use another one, or in a form that is not known here.
    static let usual: MagicDatabase? = place().flatMap { MagicDatabase($0) }

    /// The only compiled database among the places that libmagic looks at. Definitions of the machine's or the user's own
    /// (`/etc/magic`, `~/.magic`) make that two.
    private static func place() -> BytePath? {
        guard let path = magic_getpath(nil, 0) else { return nil }
        var found: [BytePath] = []
        for place in String(cString: path).split(separator: ":") {
            let compiled = BytePath(place.hasSuffix(".mgc") ? String(place) : "\(place).mgc")
            if access(compiled.text ?? "", F_OK) == 0 {
                found.append(compiled)
            } else if holdsDefinitions(BytePath(String(place))) {
                return nil
            }
        }
        return found.count == 1 ? found.first : nil
    }

    private static func holdsDefinitions(_ path: BytePath) -> Bool {
        guard let status = try? FileStatus.following(path) else { return false }
        guard status.kind == .regular, status.size < 65_536, let file = try? OpenFile.reading(path) else { return true }
        let buffer = Buffer(count: 65_536)
        guard let count = try? file.fill(buffer.bytes) else { return true }
        let lines = buffer.prefix(count).split(separator: UInt8(ascii: "\n"))
        let begins = lines.compactMap { line in line.first { !MagicCondition.isWhitespace($0) } }
        return begins.contains { $0 != UInt8(ascii: "#") }
    }

    private convenience init?(_ path: BytePath) {
        guard let file = try? OpenFile.reading(path), let size = try? file.status().size, size < 256 << 20 else {
            return nil
        }
        let buffer = Buffer(count: Int(size))
        guard let count = try? file.fill(buffer.bytes) else { return nil }
        self.init(Array(buffer.prefix(count)))
    }

    /// nil where the bytes have another form.
    init?(_ bytes: [UInt8]) {
        let parts: Parts? = bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > MagicRecord.bytes, UInt32(1).littleEndian == 1 else {
                return nil
            }
            let header = (0..<4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
            let (tests, named) = (Int(header[2]), Int(header[3]))
            guard header[0] == MagicRecord.signature, header[1] == MagicRecord.version,
                bytes.count == MagicRecord.bytes * (1 + tests + named)
            else { return nil }
            return Parts(MagicReader(start: start), tests: tests, named: named)
        }
        guard let parts else { return nil }
        var marked = bytes
        marked.withUnsafeMutableBytes { bytes in
            for start in stride(from: MagicRecord.bytes, to: bytes.count, by: MagicRecord.bytes) {
                MagicRecord.mark(UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + MagicRecord.bytes]))
            }
        }
        self.bytes = marked
        names = parts.names
        binary = parts.binary
        texts = parts.texts
        words = parts.binary.map { group in
            if case .word(let offset, let needed, let value, let mask) = group.condition {
                return Word(offset: Int32(offset), needed: Int32(needed), value: value, mask: mask)
            }
            // Looked at among the others: no file reaches to this place.
            return Word(offset: .max - 8, needed: 1, value: 0, mask: 0)
        }
        others = parts.binary.enumerated().compactMap { index, group in
            if case .word = group.condition { nil } else { (index, group.condition) }
        }
    }

    /// The groups, sorted into those of binary and those of text tests.
    private struct Parts {
        let names: [Range<Int>]
        var binary: [Group] = []
        var texts: [Group] = []

        init(_ reader: MagicReader, tests: Int, named: Int) {
            names = reader.groups(in: tests..<tests + named)
            let uses = reader.uses(of: names)
            for records in reader.groups(in: 0..<tests) {
                let record = reader[records.lowerBound]
                func group(isText: Bool) -> Group {
                    Group(
                        records: records, names: uses.reached(from: records),
                        condition: MagicCondition(record, isText: isText))
                }
                if record.flag & MagicRecord.Flag.binary != 0 { binary.append(group(isText: false)) }
                if record.flag & MagicRecord.Flag.text != 0 { texts.append(group(isText: true)) }
            }
        }
    }

    /// The expressions among the conditions of binary tests, which every thread compiles for itself.
    var expressions: [(group: Int, pattern: String, offset: Int)] {
        others.compactMap { group, condition in
            if case .expression(let pattern, let offset) = condition { (group, pattern, offset) } else { nil }
        }
    }

    /// The groups of binary tests that may hold for a file that begins like this, in their order.
    func candidates(_ head: UnsafeRawBufferPointer, expression: (Int) -> Bool) -> [Int] {
        var found: [Int] = []
        let count = head.count
        words.withUnsafeBufferPointer { words in
            for index in words.indices {
                let word = words[index]
                let offset = Int(word.offset)
                var value: UInt32
                if offset &+ 4 <= count {
                    value = head.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                } else if offset &+ Int(word.needed) > count {
                    continue
                } else {
                    value = 0
                    for place in offset..<max(offset, count) { value |= UInt32(head[place]) << (8 * (place - offset)) }
                }
                if value & word.mask == word.value { found.append(index) }
            }
        }
        for (group, condition) in others {
            let mayHold =
                switch condition {
                case .pair(let first, let second, let reach):
                    UnsafeRawBufferPointer(rebasing: head.prefix(reach)).hasPair(first, second)
                case .number(let number, let offset): number.isBeyond(head, at: offset)
                case .expression: expression(group)
                default: true
                }
            if mayHold { found.append(group) }
        }
        return found.sorted()
    }

    /// A database of these groups of binary tests and all that they use, written into `room`.
    func write(_ groups: [Int], to room: inout MagicRoom) { write(groups.map { binary[$0] }, to: &room) }

    /// A database of all text tests; for each group where its first record is, and what must hold for it.
    func writeTexts(to room: inout MagicRoom) -> [(place: Int, condition: MagicCondition)] {
        write(texts, to: &room)
        var place = MagicRecord.bytes
        return texts.map { group in
            defer { place += group.records.count * MagicRecord.bytes }
            return (place, group.condition)
        }
    }

    private func write(_ groups: [Group], to room: inout MagicRoom) {
        let used = Set(groups.flatMap(\.names)).sorted().map { names[$0] }
        let tests = groups.reduce(0) { $0 + $1.records.count }
        let named = used.reduce(0) { $0 + $1.count }
        room.begin(count: MagicRecord.bytes * (1 + tests + named))
        room.add([MagicRecord.signature, MagicRecord.version, UInt32(tests), UInt32(named)])
        bytes.withUnsafeBytes { bytes in
            for records in groups.map(\.records) + used {
                let start = (records.lowerBound + 1) * MagicRecord.bytes
                room.add(UnsafeRawBufferPointer(rebasing: bytes[start..<start + records.count * MagicRecord.bytes]))
            }
        }
    }
}

/// Memory for a database that libmagic reads from where it lies.
struct MagicRoom: ~Copyable {
    private(set) var bytes: UnsafeMutableRawBufferPointer = .allocate(byteCount: 64 << 10, alignment: 16)
    private(set) var count = 0

    deinit { bytes.deallocate() }

    /// Makes place for a database of so many bytes.
    mutating func begin(count: Int) {
        self.count = 0
        if count <= bytes.count { return }
        bytes.deallocate()
        bytes = .allocate(byteCount: count * 2, alignment: 16)
    }

    /// The header, a record long.
    mutating func add(_ header: [UInt32]) {
        for place in 0..<MagicRecord.bytes { bytes[place] = 0 }
        for (index, number) in header.enumerated() {
            bytes.storeBytes(of: number, toByteOffset: 4 * index, as: UInt32.self)
        }
        count = MagicRecord.bytes
    }

    /// More records.
    mutating func add(_ records: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[count..<count + records.count]).copyMemory(from: records)
        count += records.count
    }
}

/// Reads the records of a database, which must stay where it is.
private struct MagicReader {
    let start: UnsafeRawPointer

    subscript(_ index: Int) -> MagicRecord { MagicRecord(start + (index + 1) * MagicRecord.bytes) }

    /// A group begins with a record at level 0.
    func groups(in records: Range<Int>) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = records.lowerBound
        for index in records.dropFirst() where self[index].level == 0 {
            groups.append(start..<index)
            start = index
        }
        if !records.isEmpty { groups.append(start..<records.upperBound) }
        return groups
    }

    /// Which named groups are used by others.
    func uses(of names: [Range<Int>]) -> Uses {
        var numbers: [[UInt8]: Int] = [:]
        // Of several with one name libmagic finds the first.
        for (number, records) in names.enumerated().reversed() { numbers[self[records.lowerBound].text] = number }
        return Uses(reader: self, names: names, numbers: numbers)
    }

    struct Uses {
        let reader: MagicReader
        let names: [Range<Int>]
        let numbers: [[UInt8]: Int]

        /// All named groups that are used from these records on, in their order.
        func reached(from records: Range<Int>) -> [Int] {
            var found: Set<Int> = []
            var open = [records]
            while let records = open.popLast() {
                for index in records where reader[index].kind == MagicRecord.Kind.use {
                    let name = reader[index].text
                    // `^` turns the order of bytes round.
                    let plain = name.first == UInt8(ascii: "^") ? Array(name.dropFirst()) : name
                    guard let number = numbers[plain], found.insert(number).inserted else { continue }
                    open.append(names[number])
                }
            }
            return found.sorted()
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether `second` comes right behind `first` somewhere.
    fileprivate func hasPair(_ first: UInt8, _ second: UInt8) -> Bool {
        guard count > 1, let start = baseAddress else { return false }
        var place = 0
        while place < count - 1, let found = memchr(start + place, Int32(first), count - 1 - place) {
            let index = start.distance(to: UnsafeRawPointer(found))
            if self[index + 1] == second { return true }
            place = index + 1
        }
        return false
    }
}
