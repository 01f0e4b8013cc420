import Delimited
public import Streams

/// Metadata of the files of a consignment as tables: given out, looked at, taken in.
public struct MetadataRun: Sendable {
    private let store: Store
    private let run: RunInfo
    private let schema: MetadataSchema

    /// Works on `store` by `schema`, recorded as `run`.
    public init(store: Store, run: RunInfo, schema: MetadataSchema) {
        self.store = store
        self.run = run
        self.schema = schema
    }

    /// Which values a table that is given out has.
    public enum Content: Sendable {
        /// Those in force, the consignment's defaults among them: what people begin with.
        case template
        /// Those that files have of their own.
        case stored
    }

    /// Writes a table with one row for each file, sorted by path as bytes, in pieces. Applied as it is, it changes
    /// nothing. Memory does not grow with the number of files.
    public func write(_ content: Content, of consignment: Consignment, to sink: ([UInt8]) throws -> Void) throws {
        let places = schema.properties.indices.filter { schema.properties[$0].isInTemplate || content == .stored }
            .filter { schema.properties[$0].role != .hidden }
        let defaults = content == .template ? try store.fileDefaults(of: consignment) : [:]
        var bytes: [UInt8] = []
        CSV.append(places.map { schema.properties[$0].title }, to: &bytes)
        try store.readMetadata(of: consignment) { desk in
            try desk.forEachFile { file in
                let own = try desk.own(file)
                let fields = places.map { place in
                    let property = schema.properties[place]
                    switch property.role {
                    case .key: return file.path.display
                    case .system, .hidden: return MetadataTable.systemCell(property.name, file)
                    case .path: return own[property.name].map { displayName(of: Array($0.utf8)) } ?? ""
                    case .given: return property.cell(own[property.name] ?? defaults[property.name] ?? "")
                    }
                }
                CSV.append(fields, to: &bytes)
                if bytes.count >= 1 << 16 {
                    try sink(bytes)
                    bytes.removeAll(keepingCapacity: true)
                }
            }
        }
        try sink(bytes)
    }

    /// Looks at a table; changes nothing. Every finding is told.
    ///
    /// - Throws: ``MetadataError``, ``StoreError``, and what `told` throws.
    public func validate(
        _ table: BytePath, of consignment: Consignment, isPartial: Bool, told: (MetadataFinding) throws -> Void
    ) throws -> MetadataSummary {
        try validate(SharedFile(try open(table)), of: consignment, isPartial: isPartial, told: told)
    }

    /// The same of a table that is open.
    package func validate(
        _ file: SharedFile, of consignment: Consignment, isPartial: Bool, told: (MetadataFinding) throws -> Void
    ) throws -> MetadataSummary {
        var reader = MetadataRun.reader(of: file)
        let defaults = try store.fileDefaults(of: consignment)
        return try store.readMetadata(of: consignment) { desk in
            try self.table(desk, defaults, isPartial).read(&reader, changes: { _, _ in }, told: told)
        }
    }

    /// Takes a table in: all of it, or nothing when anything is wrong with it. Every finding is told.
    ///
    /// - Throws: ``MetadataError``, ``StoreError``, and what `told` throws.
    public func apply(
        _ table: BytePath, to consignment: Consignment, isPartial: Bool, told: (MetadataFinding) throws -> Void
    ) throws -> MetadataSummary {
        try apply(SharedFile(try open(table)), to: consignment, isPartial: isPartial, told: told)
    }

    /// The same of a table that is open.
    package func apply(
        _ file: SharedFile, to consignment: Consignment, isPartial: Bool, told: (MetadataFinding) throws -> Void
    ) throws -> MetadataSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: "change the metadata of")
        defer { withExtendedLifetime(lock) {} }
        try check(consignment)
        var reader = MetadataRun.reader(of: file)
        let defaults = try store.fileDefaults(of: consignment)
        // A table with findings leaves no trace, so the run is recorded only for one that has none.
        let before = try validate(file, of: consignment, isPartial: isPartial, told: told)
        if before.findings > 0 { return before }
        let runID = try store.begin(run)
        let now = store.clock()
        return try store.writeMetadata(of: consignment) { desk in
            var pairsAgain = false
            let summary = try self.table(desk, defaults, isPartial).read(
                &reader,
                changes: { target, changes in
                    try desk.change(target, changes, run: runID, at: now)
                    if changes.contains(where: { $0.name == PropertyName.originalFilepath }) { pairsAgain = true }
                },
                told: { _ in
                    throw MetadataError.unreadable(file.file.path, reason: "it changed while it was read; try again")
                })
            try desk.finish(version: schema.version, pairsAgain: pairsAgain, run: runID, at: now)
            // It may be the last thing that was missing.
            try desk.confirmIfWished(in: store, run: runID, at: now)
            return summary
        }
    }

    /// One property of a file that is to have a value; an empty one removes it.
    public struct Wish: Sendable {
        /// The file.
        public let file: RecordID
        /// The name of the property.
        public let property: String
        /// Its value.
        public let value: String

        /// A wish for `property` of `file`.
        public init(file: RecordID, property: String, value: String) {
            self.file = file
            self.property = property
            self.value = value
        }
    }

    /// Changes properties of some files: all of them, or nothing when anything is wrong. Every finding is told. Unlike a
    /// table it says nothing of how far the steps of the metadata are.
    ///
    /// - Throws: ``MetadataError``, ``StoreError``, and what `told` throws.
    public func change(
        _ wishes: [Wish], of consignment: Consignment, told: (MetadataFinding) throws -> Void
    ) throws -> MetadataSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: "change the metadata of")
        defer { withExtendedLifetime(lock) {} }
        try check(consignment)
        let defaults = try store.fileDefaults(of: consignment)
        let base = schema.properties.map { defaults[$0.name] ?? "" }
        var order: [RecordID] = []
        var cells: [RecordID: [(place: Int, cell: String)]] = [:]
        for wish in wishes {
            guard let place = schema.place(ofName: wish.property),
                [.given, .path].contains(schema.properties[place].role)
            else { throw MetadataError.protected(wish.property) }
            if cells[wish.file] == nil { order.append(wish.file) }
            cells[wish.file, default: []].append((place, wish.value))
        }
        var summary = MetadataSummary(schemaVersion: schema.version)
        summary.rows = order.count
        let changes = try store.readMetadata(of: consignment) { desk in
            let targets = try desk.files(order)
            return try order.map { id in
                guard let target = targets[id] else { throw MetadataError.unknownFile(id) }
                let changes = try table(desk, defaults, true).changes(of: target, base, cells[id] ?? []) { fault in
                    summary.findings += 1
                    let property = fault.place.map { schema.properties[$0] }
                    try told(
                        MetadataFinding(
                            row: nil, column: property?.title, property: property?.name, path: target.path.display,
                            value: fault.value, rule: fault.rule, message: fault.message, remedy: fault.remedy))
                }
                return (target, changes)
            }
        }
        if summary.findings > 0 { return summary }
        let runID = try store.begin(run)
        let now = store.clock()
        try store.writeMetadata(of: consignment) { desk in
            for (target, changes) in changes where !changes.isEmpty {
                try desk.change(target, changes, run: runID, at: now)
                summary.changed += 1
            }
            if changes.contains(where: { $0.1.contains { $0.name == PropertyName.originalFilepath } }) {
                try desk.pairAgain(run: runID, at: now)
            }
        }
        return summary
    }

    private func table(_ desk: FileMetadataDesk, _ defaults: [String: String], _ isPartial: Bool) -> MetadataTable {
        MetadataTable(
            schema: schema, desk: desk, defaults: defaults, today: store.clock().date, isPartial: isPartial)
    }

    private func check(_ consignment: Consignment) throws {
        let steps = try store.statuses(of: consignment)
        let reference = consignment.reference
        switch steps[.upload] {
        case .completed, .completedWithIssues: break
        default:
            throw MetadataError.notNow(
                reference, reason: "its upload is not finished; run `tdr upload --resume \(reference)`")
        }
        switch steps[.metadataReview] {
        case .inProgress, .completed:
            throw MetadataError.notNow(
                reference,
                reason: "it is under review or approved; `tdr review reject \(reference) --notes …` opens it again")
        default: break
        }
        if steps[.export] == .completed {
            throw MetadataError.notNow(reference, reason: "it was exported, and its bag has the metadata of that day")
        }
    }

    private func open(_ path: BytePath) throws -> OpenFile {
        do {
            let file = try OpenFile.reading(path)
            guard try file.status().kind == .regular else {
                throw MetadataError.unreadable(path, reason: "it is not a file")
            }
            return file
        } catch let fault as SystemFault {
            throw MetadataError.unreadable(path, reason: fault.reason)
        }
    }

    private static func reader(of file: SharedFile) -> RecordReader {
        var place: Int64 = 0
        return RecordReader(piece: 1 << 18) { buffer in
            let count = try file.file.read(into: buffer, at: place)
            place += Int64(count)
            return count
        }
    }
}
