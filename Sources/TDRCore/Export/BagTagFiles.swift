import BagIt
import Streams

/// The tag files of a consignment's bag, as functions of what the store holds.
///
/// Each is made first to learn its size and digest. One that is large is not kept but made again to be written: so a
/// manifest of a million lines is never held in memory or on a scratch disk, and the second making must give the bytes of
/// the first.
struct BagTagFiles: Sendable {
    /// Takes the next bytes of a tag file.
    typealias Sink = ([UInt8]) throws -> Void

    /// A tag file: its name and the function that makes it, in pieces.
    struct TagFile: Sendable {
        let name: String
        let make: @Sendable (_ sink: @escaping Sink) throws -> Void
    }

    /// What the first making of a tag file gives.
    struct Made: Sendable {
        /// Larger ones are not kept, bytes.
        private static let mostKept = 12 << 20

        let file: TagFile
        private(set) var size: Int64 = 0
        let digests: [DigestAlgorithm: [UInt8]]
        /// The bytes, when they are few.
        private(set) var bytes: [UInt8]? = []

        init(_ file: TagFile, _ algorithms: [DigestAlgorithm]) throws {
            self.file = file
            var size: Int64 = 0
            var bytes: [UInt8]? = []
            var digests = DigestSet(algorithms)
            try file.make { piece in
                size += Int64(piece.count)
                digests.update(piece)
                if size <= Made.mostKept { bytes?.append(contentsOf: piece) } else { bytes = nil }
            }
            (self.size, self.bytes, self.digests) = (size, bytes, digests.finish())
        }
    }

    private let consignment: Consignment
    private let store: Store
    private let facts: BagFacts
    private let version: BagVersion
    private let more: [(label: String, value: String)]
    private let extras: BagExtras

    init(
        _ consignment: Consignment, in store: Store, facts: BagFacts, version: BagVersion,
        more: [(label: String, value: String)], extras: BagExtras
    ) {
        self.more = more
        self.extras = extras
        self.version = version
        self.consignment = consignment
        self.store = store
        self.facts = facts
    }

    /// All but the tag manifest: the bag declaration first, so that a stream tells its encoding before all else, then
    /// by name.
    func files() throws -> [TagFile] {
        let info = try info()
        let declaration = fixed(BagName.declaration, BagDeclaration(version: version).bytes)
        var others = [
            fixed(BagName.info, info.bytes),
            TagFile(name: "file-av.csv") { try antivirus($0) },
            TagFile(name: "file-ffid.csv") { try formats($0) },
            TagFile(name: "file-metadata.csv") { try metadata($0) },
            TagFile(name: BagName.payloadManifest("sha256")) { try manifest($0) },
        ]
        if extras.hasPortableNames { others.append(TagFile(name: PortableNamesTable.name) { try portableNames($0) }) }
        if extras.files.contains(.premis) {
            let document = PremisDocument(consignment, in: store, extent: .ofBag(extras.paths))
            others.append(TagFile(name: ExtraTagFile.premis.name) { try document.write(to: $0) })
        }
        if extras.files.contains(.mets) {
            let document = METSDocument(consignment, in: store, facts: facts, extras: extras)
            others.append(TagFile(name: ExtraTagFile.mets.name) { try document.write(to: $0) })
        }
        others.sort { Array($0.name.utf8).precedes(Array($1.name.utf8)) }
        return [declaration] + others
    }

    private func fixed(_ name: String, _ bytes: [UInt8]) -> TagFile { TagFile(name: name) { try $0(bytes) } }

    /// The original's labels (`tdr-domain` 4.3), then what this bag has to say beside them.
    func info() throws -> BagInfo {
        var info = BagInfo()
        try info.append("Internal-Sender-Identifier", consignment.reference.description)
        try info.append("Consignment-Series", consignment.seriesName ?? "")
        try info.append("Source-Organization", consignment.bodyName)
        try info.append("Consignment-Type", consignment.type.rawValue)
        try info.append("Consignment-Include-Top-Level-Folder", consignment.includeTopLevelFolder ? "true" : "false")
        try info.append("Consignment-Start-Datetime", consignment.created.description)
        try info.append("Consignment-Completed-Datetime", facts.transferInitiated.description)
        try info.append("Consignment-Export-Datetime", facts.exported.description)
        try info.append("Contact-Name", consignment.person.name)
        try info.append("Contact-Email", consignment.person.email)
        try info.append("Bag-Creator", "TDRExportv\(facts.version)")
        let schema = try store.metadata(of: consignment)[PropertyName.metadataSchemaLibraryVersion]
        try info.append("Metadata-Schema-Library-Version", schema ?? "")
        if facts.withoutAntivirus {
            try info.append("Consignment-Antivirus", "none: the transferring body decided to make no antivirus check")
        }
        for (value, count) in facts.allowed {
            try info.append("Consignment-Allowed-Finding", "\(value.rawValue) (\(count) files): \(facts.reason)")
        }
        for (label, value) in more { try info.append(label, value) }
        try info.append("Bagging-Date", facts.exported.date)
        try info.append(PayloadOxum.label, PayloadOxum(bytes: facts.bytes, files: Int64(facts.files)).description)
        return info
    }

    private func manifest(_ sink: @escaping Sink) throws {
        var out = Batched(sink)
        let path = SafePathWalk(extras.paths)
        try store.forEachStoredFile(of: consignment) { file in
            try ManifestLine.append(
                digest: file.sha256.bytes, path: BagPath.payload(try path(file.key.path)), version: version,
                to: &out.bytes)
            try out.spill()
        }
        try out.end()
    }

    private func metadata(_ sink: @escaping Sink) throws {
        let table = try FileMetadataTable(consignment, in: store)
        var out = Batched(sink)
        let path = SafePathWalk(extras.paths)
        CSV.append(table.titles, to: &out.bytes)
        try store.forEachFile(of: consignment, .row) { file in
            let fields = try table.fields(file, at: try path(file.path)) { try extras.paths?($0) ?? $0 }
            CSV.append(fields, to: &out.bytes)
            try out.spill()
        }
        try out.end()
    }

    private func antivirus(_ sink: @escaping Sink) throws {
        var out = Batched(sink)
        CSV.append(FileAVTable.titles, to: &out.bytes)
        let bagPath = SafePathWalk(extras.paths)
        try store.forEachScan(of: consignment) { path, engine in
            CSV.append(FileAVTable.fields(try bagPath(path), engine), to: &out.bytes)
            try out.spill()
        }
        try out.end()
    }

    private func formats(_ sink: @escaping Sink) throws {
        var out = Batched(sink)
        CSV.append(FileFFIDTable.titles, to: &out.bytes)
        let bagPath = SafePathWalk(extras.paths)
        try store.forEachFormat(of: consignment) { path, format in
            CSV.append(FileFFIDTable.fields(try bagPath(path), format), to: &out.bytes)
            try out.spill()
        }
        try out.end()
    }
}

extension BagTagFiles {
    /// The files and folders whose path in the bag is another than that of the consignment.
    private func portableNames(_ sink: @escaping Sink) throws {
        var out = Batched(sink)
        let bagPath = SafePathWalk(extras.paths)
        CSV.append(PortableNamesTable.titles, to: &out.bytes)
        try store.forEachPayloadEntry(of: consignment) { entry in
            let (path, type): (RelativePath, FileType) =
                switch entry {
                case .folder(let path): (path, .folder)
                case .file(let file): (file.key.path, .file)
                }
            let safe = try bagPath(path)
            if safe == path { return }
            CSV.append(PortableNamesTable.fields(path, at: safe, type), to: &out.bytes)
            try out.spill()
        }
        try out.end()
    }
}

/// What a bag says of its consignment as a whole, fixed at its first export.
struct BagFacts: Sendable {
    let transferInitiated: Timestamp
    let exported: Timestamp
    let version: String
    let files: Int
    let bytes: Int64
    let withoutAntivirus: Bool
    let allowed: [(value: FileStatusValue, count: Int)]
    let reason: String
}

/// Gathers bytes and passes them on in large pieces.
struct Batched {
    var bytes: [UInt8] = []
    private let sink: ([UInt8]) throws -> Void

    init(_ sink: @escaping ([UInt8]) throws -> Void) { self.sink = sink }

    mutating func spill() throws {
        if bytes.count < 1 << 18 { return }
        try Task.checkCancellation()
        try end()
    }

    mutating func end() throws {
        if bytes.isEmpty { return }
        try sink(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
