import Streams

/// Collects the records of the compiled form and lays them out.
struct FlatWriter {
    private var interned: [String: Slice] = [:]
    private var shared: [[[UInt8]: Slice]] = Section.allCases.map { _ in [:] }
    private var sections: [[UInt8]] = Section.allCases.map { _ in [] }

    /// The number of records a section has so far.
    func count(_ section: Section) -> UInt32 { UInt32(sections[section.rawValue].count / section.stride) }

    /// Text, each kept once.
    mutating func text(_ text: String) -> Slice {
        if let known = interned[text] { return known }
        let bytes = Array(text.utf8)
        let slice = Slice(start: count(.strings), count: UInt32(bytes.count))
        sections[Section.strings.rawValue] += bytes
        interned[text] = slice
        return slice
    }

    /// Appends records; where they went.
    @discardableResult
    mutating func append<Record>(_ records: [Record], to section: Section) -> Slice {
        precondition(MemoryLayout<Record>.stride == section.stride, "a record of another section")
        let slice = Slice(start: count(section), count: UInt32(records.count))
        records.withUnsafeBytes { sections[section.rawValue] += $0 }
        return slice
    }

    /// Appends records unless the same ones stand there already; where they are. For records that others may share.
    mutating func share<Record>(_ records: [Record], in section: Section) -> Slice {
        let bytes = records.withUnsafeBytes { Array($0) }
        if let known = shared[section.rawValue][bytes] { return known }
        let slice = append(records, to: section)
        shared[section.rawValue][bytes] = slice
        return slice
    }

    /// The whole compiled form.
    func finish(_ header: HeaderRecord) -> [UInt8] {
        var header = header
        var table: [Slice] = []
        var body: [UInt8] = []
        let start = MemoryLayout<HeaderRecord>.stride + Section.allCases.count * MemoryLayout<Slice>.stride
        for section in Section.allCases {
            while (start + body.count) % 8 != 0 { body.append(0) }
            table.append(Slice(start: UInt32(start + body.count), count: count(section)))
            body += sections[section.rawValue]
        }
        header.size = UInt32(start + body.count)
        var hasher = SHA256Hasher()
        withUnsafeBytes(of: header.size) { hasher.update($0) }
        table.withUnsafeBytes { hasher.update($0) }
        hasher.update(body)
        withUnsafeMutableBytes(of: &header.bodyDigest) { $0.copyBytes(from: hasher.finish().bytes) }
        var out: [UInt8] = []
        withUnsafeBytes(of: header) { out += $0 }
        table.withUnsafeBytes { out += $0 }
        return out + body
    }
}
