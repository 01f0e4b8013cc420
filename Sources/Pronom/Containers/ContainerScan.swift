import Streams

/// Where the signature of a member matched in it.
struct MemberPlaces {
    var signature: Int
    var places: [Explanation.Place]
}

/// What a container was found to hold.
struct ContainerFindings {
    /// Container signatures that hold, by number.
    var signatures: [Int] = []
    var encryption: Encryption?
    /// Where signatures of members matched.
    var places: [MemberPlaces] = []
    /// Why the container could not be opened; nil when it was.
    var fault: String?
}

/// Opens a ZIP, OLE2 or gzip file and matches its members against the container signatures.
///
/// Only members that some signature names are unpacked, each once, only as far as its signatures reach and never
/// beyond ``memberLimit``.
struct ContainerScan: ~Copyable {
    /// Bytes of one member unpacked at most, for signatures that may stand anywhere in it.
    static let memberLimit = 4 << 20
    /// Bytes unpacked at most for one container.
    static let totalLimit = 64 << 20
    /// Entries of a ZIP looked at, so that a forged directory does not cost hours.
    static let entryLimit = 4_000_000

    private struct Found {
        var isFound = false
        var zip = ZipEntry()
        var ole = Ole2Entry(firstSector: .max, size: 0, isStream: false)
    }

    private let tables: Tables
    private var members: SequenceEngine
    private var inflater = Inflater()
    private var unpacked = Scratch(capacity: 4096)
    /// What files are read through; nil while one is.
    private var window: Scratch?
    private var found: [Found]
    /// Per signature of a member: 0 not judged, 1 does not hold, 2 holds.
    private var verdicts: [UInt8]
    private var judgedPaths: [Bool]
    /// Where members matched, when that is asked.
    private var places: [MemberPlaces] = []
    private var isExplained = false
    private var unpackedTotal = 0
    /// Paths by the hash of kind and name: open addressing.
    private var pathTable: [Int32]
    private var patternPaths: [Int] = []
    /// Where each member signature stands among those of containers.
    private let firstMember: Int

    init(_ tables: Tables) {
        self.tables = tables
        members = SequenceEngine(tables)
        let paths = tables.count(.paths)
        found = Array(repeating: Found(), count: paths)
        judgedPaths = Array(repeating: false, count: paths)
        var first = tables.count(.signatures)
        for index in 0..<paths where tables.paths[index].signatures.count > 0 {
            first = min(first, Int(tables.paths[index].signatures.start))
        }
        firstMember = first
        verdicts = Array(repeating: 0, count: tables.count(.signatures) - first)
        var size = 64
        while size < paths * 3 { size *= 2 }
        pathTable = Array(repeating: -1, count: size)
        for index in 0..<paths {
            let record = tables.paths[index]
            if record.isPattern == 1 {
                patternPaths.append(index)
                continue
            }
            var place = Self.hash(UnsafeRawBufferPointer(tables.bytes(record.path)), record.kind) & (size - 1)
            while pathTable[place] >= 0 { place = (place + 1) & (size - 1) }
            pathTable[place] = Int32(index)
        }
    }

    private static func hash(_ name: UnsafeRawBufferPointer, _ kind: UInt32) -> Int {
        var value: UInt32 = 2_166_136_261 &+ kind
        for byte in name { value = (value ^ UInt32(byte)) &* 16_777_619 }
        return Int(value >> 1)
    }

    /// Opens the source as `kind` and gives the container signatures that hold.
    ///
    /// - Parameters:
    ///   - baseName: the file name without its extension, for the placeholder of member patterns.
    ///   - isExplained: whether the findings say where members matched.
    mutating func scan(
        _ kind: ContainerKind, _ source: some ByteSource, baseName: ArraySlice<UInt8>, isExplained: Bool
    ) throws -> ContainerFindings {
        for index in found.indices { found[index].isFound = false }
        for index in judgedPaths.indices { judgedPaths[index] = false }
        unpackedTotal = 0
        places.removeAll(keepingCapacity: true)
        self.isExplained = isExplained
        var reader = WindowReader(source, window: window.take() ?? Scratch(capacity: 4096))
        var findings = ContainerFindings()
        switch kind {
        case .zip: try scanZip(&reader, &findings, baseName)
        case .ole2: try scanOle2(&reader, &findings, baseName)
        case .gzip: try scanGzip(source, &findings)
        }
        window = reader.release()
        unpacked.shrink(to: 256 << 10)
        findings.places = places
        return findings
    }

    // MARK: Kinds

    private mutating func scanZip(
        _ reader: inout WindowReader<some ByteSource>, _ findings: inout ContainerFindings,
        _ baseName: ArraySlice<UInt8>
    ) throws {
        guard var directory = try ZipDirectory(&reader) else {
            findings.fault = "it has no central directory"
            return
        }
        var count = 0
        var manifest: ZipEntry?
        var hasTypeEntry = false
        while count < Self.entryLimit, let (entry, name) = try directory.next(&reader) {
            if entry.isEncrypted { findings.encryption = .zipEntry }
            if count == 0 { hasTypeEntry = name.elementsEqual("mimetype".utf8) }
            if hasTypeEntry, name.count == 21, name.elementsEqual("META-INF/manifest.xml".utf8) { manifest = entry }
            note(name, .zip, baseName) { $0.zip = entry }
            count += 1
        }
        try judge(.zip, &findings) { scan, path, limit in
            let entry = scan.found[path].zip
            return try scan.unpack(entry, limit: limit, &reader)
        }
        // ODF 1.2 part 3 §4: encrypted entries are listed with an encryption-data element.
        if let manifest, findings.encryption == nil,
            try unpack(manifest, limit: 1 << 20, &reader) || unpacked.count > 0,
            contains(unpacked.bytes, Array("encryption-data".utf8))
        {
            findings.encryption = .openDocument
        }
    }

    private mutating func scanOle2(
        _ reader: inout WindowReader<some ByteSource>, _ findings: inout ContainerFindings,
        _ baseName: ArraySlice<UInt8>
    ) throws {
        guard var file = try Ole2File(&reader) else {
            findings.fault = "it is no sound compound file"
            return
        }
        var legacy = LegacyOffice()
        file.forEachEntry { path, entry in
            legacy.note(path, entry)
            var path = path
            path.withUTF8 { name in note(UnsafeRawBufferPointer(name), .ole2, baseName) { $0.ole = entry } }
        }
        try judge(.ole2, &findings) { scan, path, limit in
            try file.read(scan.found[path].ole, limit: limit, into: &scan.unpacked, &reader)
        }
        findings.encryption = try legacy.encryption(&file, &reader, &unpacked)
    }

    /// A gzip file has one member, which every path stands for.
    private mutating func scanGzip(_ source: some ByteSource, _ findings: inout ContainerFindings) throws {
        for index in 0..<tables.count(.paths) where tables.paths[index].kind == ContainerKind.gzip.rawValue {
            found[index].isFound = true
        }
        try judge(.gzip, &findings) { scan, _, limit in
            try scan.inflater.unpackGzip(source, limit: limit, into: &scan.unpacked)
        }
    }

    // MARK: Members

    /// Remembers where a member lies that some signature names. An exact name counts before a pattern.
    private mutating func note(
        _ name: UnsafeRawBufferPointer, _ kind: ContainerKind, _ baseName: ArraySlice<UInt8>,
        _ set: (inout Found) -> Void
    ) {
        let mask = pathTable.count - 1
        var place = Self.hash(name, kind.rawValue) & mask
        while pathTable[place] >= 0 {
            let index = Int(pathTable[place])
            let record = tables.paths[index]
            if record.kind == kind.rawValue, tables.bytes(record.path).elementsEqual(name) {
                // DROID asks for an entry by name: the first of that name.
                if !found[index].isFound {
                    found[index].isFound = true
                    set(&found[index])
                }
                return
            }
            place = (place + 1) & mask
        }
        guard !patternPaths.isEmpty, name.last != UInt8(ascii: "/") else { return }
        for index in patternPaths where tables.paths[index].kind == kind.rawValue && !found[index].isFound {
            let pattern = Array(tables.bytes(tables.paths[index].path))
            if MemberPattern.matches(pattern[...], Array(name)[...], container: baseName) {
                found[index].isFound = true
                set(&found[index])
            }
        }
    }

    /// Goes through the container signatures; a member is unpacked when the first signature that could hold needs it.
    private mutating func judge(
        _ kind: ContainerKind, _ findings: inout ContainerFindings,
        _ unpack: (inout ContainerScan, Int, Int) throws -> Bool
    ) throws {
        for index in 0..<tables.count(.containers) where tables.containers[index].kind == kind.rawValue {
            let files = tables.containers[index].files.range
            guard files.allSatisfy({ found[Int(tables.containerFiles[$0].path)].isFound }) else { continue }
            var holds = true
            for file in files where tables.containerFiles[file].signatures.count > 0 {
                let path = Int(tables.containerFiles[file].path)
                if !judgedPaths[path] { try judge(path: path, unpack) }
                let verdicts = tables.containerFiles[file].signatures.range
                holds = verdicts.contains { self.verdicts[$0 - firstMember] == 2 }
                if !holds { break }
            }
            if holds { findings.signatures.append(index) }
        }
    }

    private mutating func judge(path: Int, _ unpack: (inout ContainerScan, Int, Int) throws -> Bool) throws {
        judgedPaths[path] = true
        let record = tables.paths[path]
        for signature in record.signatures.range { verdicts[signature - firstMember] = 1 }
        let wanted = record.isUnbounded == 1 ? Self.memberLimit : min(Int(record.reach) + 1, Self.memberLimit)
        let limit = min(wanted, Self.totalLimit - unpackedTotal)
        guard limit > 0 else { return }
        let isWhole = try unpack(&self, path, limit)
        unpackedTotal += unpacked.count
        try members.judge(member: unpacked.bytes, isWhole: isWhole, signatures: record.signatures)
        for index in 0..<members.live.signatureCount where members.holds(index) {
            let signature = Int(members.live.signatures[index].signature)
            verdicts[signature - firstMember] = 2
            if isExplained { places.append(MemberPlaces(signature: signature, places: members.places(index))) }
        }
    }

    /// Unpacks a ZIP entry, stored or deflated; whether it came whole. Others, and encrypted ones, show nothing.
    private mutating func unpack(
        _ entry: ZipEntry, limit: Int, _ reader: inout WindowReader<some ByteSource>
    ) throws -> Bool {
        unpacked.count = 0
        guard !entry.isEncrypted, let offset = try ZipDirectory.dataOffset(of: entry, &reader) else { return false }
        switch entry.method {
        case 0:
            let length = min(entry.compressedSize, limit, max(0, reader.size - offset))
            let source = reader.source
            try unpacked.load(length) { try source.read(into: $0, at: Int64(offset)) }
            return unpacked.count == entry.compressedSize
        case 8:
            return try inflater.unpack(
                reader.source, at: offset, compressed: entry.compressedSize, limit: limit, into: &unpacked)
        default: return false
        }
    }
}

/// Whether `bytes` contain `wanted`: a plain search for short texts in small buffers.
func contains(_ bytes: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
    guard let first = wanted.first, bytes.count >= wanted.count else { return false }
    for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
        if wanted.indices.allSatisfy({ bytes[start + $0] == wanted[$0] }) { return true }
    }
    return false
}
