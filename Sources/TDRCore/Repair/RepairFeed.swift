import Streams

/// One entry to replace or add.
struct RepairItem: Sendable {
    enum Kind: Sendable {
        case folder
        /// A file, from `origin` below the plan's root.
        case file(origin: RelativePath)
    }

    let path: RelativePath
    let kind: Kind
    let id: RecordID
    /// The row it replaces.
    let row: Int64?
    /// The name for its object.
    let object: RecordID
    /// The bytes it has now, when it is to be left alone where they are the same.
    let known: (size: Int64, sha256: SHA256Digest)?
}

/// The look before the walk: what is there to take, and what keeps it from being taken.
struct RepairSurvey {
    private(set) var files = 0
    private(set) var bytes: Int64 = 0
    /// Bytes on disk.
    private(set) var allocated: Int64 = 0
    private(set) var refused = PathList()
    private(set) var leftOut = PathList()

    init(_ act: RepairAct, _ plan: RepairPlan, of consignment: Consignment, in store: Store) throws {
        try plan.forEachItem(links: consignment.links) { item in
            switch item {
            case .folder(let path):
                let there = try store.entry(path, of: consignment)
                if let why = act.refusal(ofFolder: there?.type) { refused.add(path, why) }
            case .file(let path, let origin, let size, let allocated):
                files += 1
                bytes += size
                self.allocated += min(allocated, size + 4096)
                let there = try store.entry(path, of: consignment)
                // What an interrupted run has added already is no other file.
                let status = try act == .add ? FileStatus.following(plan.root.appending(origin.bytes)) : nil
                let isSame = there?.size == status?.size && there?.modified == status?.modified
                if let why = act.refusal(ofFile: there?.type, isSame: isSame) { refused.add(path, why) }
                if act == .add, there == nil, let above = try blocking(path, of: consignment, in: store) {
                    refused.add(path, RepairAct.refusal(below: above))
                }
            case .excluded(let path): leftOut.add(path, "system file")
            case .skipped(let path, let what): leftOut.add(path, what)
            case .refused(let path, let why): refused.add(path, why)
            case .unreadable(let path, _, let why): refused.add(path, why)
            }
        }
    }

    /// A file of the consignment where a folder would have to be.
    private func blocking(
        _ path: RelativePath, of consignment: Consignment, in store: Store
    ) throws -> RelativePath? {
        guard let parent = path.parent else { return nil }
        if try store.entry(parent, of: consignment)?.type == .folder { return nil }
        return try path.ancestors.first { try store.entry($0, of: consignment)?.type == .file }
    }
}

/// The entries to take, in chunks, folders before what they hold.
final class RepairFeed {
    private let plan: RepairPlan
    private let act: RepairAct
    private let consignment: Consignment
    private let store: Store
    private var scan: FolderScan?
    private var single: RelativePath?
    /// The new folders of the chunk; those of earlier ones are in the store.
    private var made: Set<[UInt8]> = []

    init(_ plan: RepairPlan, _ act: RepairAct, of consignment: Consignment, in store: Store) {
        self.plan = plan
        self.act = act
        self.consignment = consignment
        self.store = store
        single = plan.file
        scan = plan.file == nil ? FolderScan(plan.root, as: plan.place, links: consignment.links) : nil
    }

    /// About `count` entries; nil at the end.
    func next(_ count: Int) throws -> [RepairItem]? {
        var items: [RepairItem] = []
        made = []
        if let file = single {
            single = nil
            try add(plan.place, origin: file, to: &items)
        }
        while items.count < count, let item = try scan?.next() {
            try Task.checkCancellation()
            switch item {
            case .folder(let path) where act == .add: try addFolder(path, to: &items)
            case .file(let path, let origin, _, _): try add(path, origin: origin, to: &items)
            default: continue
            }
        }
        return items.isEmpty ? nil : items
    }

    private func add(_ path: RelativePath, origin: RelativePath, to items: inout [RepairItem]) throws {
        let there = try store.entry(path, of: consignment)
        if there == nil, let parent = path.parent { try addFolder(parent, to: &items) }
        let id = try there?.id ?? store.freshID(of: path, in: consignment)
        let next = there.map { RecordID.derived(from: $0.object, name: Array("next".utf8)) }
        items.append(
            RepairItem(
                path: path, kind: .file(origin: origin), id: id, row: there?.row, object: next ?? id,
                known: there.flatMap { there in
                    guard !there.isDamaged, let size = there.size, let sha256 = there.sha256 else { return nil }
                    return (size, sha256)
                }))
    }

    /// The folder and those above it, as far as they are not there.
    private func addFolder(_ path: RelativePath, to items: inout [RepairItem]) throws {
        for folder in path.ancestors + [path] {
            if made.contains(folder.bytes) { continue }
            if try store.entry(folder, of: consignment) != nil { continue }
            made.insert(folder.bytes)
            let id = try store.freshID(of: folder, in: consignment)
            items.append(RepairItem(path: folder, kind: .folder, id: id, row: nil, object: id, known: nil))
        }
    }
}

/// What came of one entry.
enum RepairOutcome: Sendable {
    case folder(UploadItem)
    case taken(UploadItem, size: Int64)
    /// The bytes are those that the consignment has.
    case same
    case failed(RelativePath, String)
}

/// Reads the new bytes.
struct RepairHand: Sendable {
    let plan: RepairPlan
    let consignment: Consignment
    let shelf: (any ObjectShelf)?
    let meter: ProgressMeter

    /// - Throws: ``SystemFault`` and ``StoreError`` when the store cannot take them, `CancellationError`; what is wrong with
    ///   a file is an outcome.
    func take(_ items: [RepairItem]) throws -> [RepairOutcome] {
        let root = try OpenFile.directory(plan.root)
        let buffer = Buffer(count: 1 << 20)
        return try items.map { item in
            try Task.checkCancellation()
            guard case .file(let origin) = item.kind else {
                return .folder(
                    UploadItem(path: item.path, id: item.id, row: nil, outcome: .folder, isRepair: true))
            }
            defer { meter.add(files: 1) }
            do {
                guard let taken = try take(item, origin, root: root, buffer) else { return .same }
                let recorded = plan.recordedOrigin(origin, path: item.path, storage: consignment.storage)
                return .taken(
                    UploadItem(
                        path: item.path, id: item.id, row: item.row, outcome: .taken(taken, origin: recorded),
                        object: item.row == nil || shelf == nil ? nil : item.object, isRepair: true),
                    size: taken.size)
            } catch let failure as NotTaken {
                return .failed(item.path, failure.reason)
            }
        }
    }

    /// The bytes of one file; nil when they are those it has. A file of another size needs no look first.
    private func take(
        _ item: RepairItem, _ origin: RelativePath, root: borrowing OpenFile, _ buffer: borrowing Buffer
    ) throws -> TakenFile? {
        if let known = item.known {
            let size = try? root.opening(origin).status().size  // what keeps it from being opened is told below
            if size == known.size || shelf == nil {
                let look = FileTaker(source: plan.root, shelf: nil, meter: meter)
                let seen = try look.take(origin, as: item.object, root: root, buffer: buffer)
                if seen.sha256 == known.sha256 { return nil }
                if shelf == nil { return seen }
            }
        }
        let taker = FileTaker(source: plan.root, shelf: shelf, meter: meter)
        return try taker.take(origin, as: item.object, root: root, buffer: buffer)
    }
}
