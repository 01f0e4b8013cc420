import FoundationEssentials
import GRDB
import Streams

/// What came of one entry.
struct UploadItem: Sendable {
    enum Outcome: Sendable {
        case folder
        case taken(TakenFile, origin: RelativePath)
        case failed(reason: String, folder: Bool)
    }

    let path: RelativePath
    let id: RecordID
    let row: Int64?
    let outcome: Outcome
    /// The name of its object where that is not its id: what it replaces keeps its own until it is not needed.
    var object: RecordID?
    /// Whether it came after the upload, and so is an act of its own.
    var isRepair = false
}

/// What a child task of an upload brings back.
enum UploadStep: Sendable {
    case taken(Int, [UploadItem])
    case recorded

    /// Takes a batch of entries, one after the other.
    static func take(_ batch: [PendingItem], of consignment: RecordID, by taker: FileTaker) throws -> [UploadItem] {
        let root = try OpenFile.directory(taker.source)
        let buffer = Buffer(count: 1 << 20)
        return try batch.map { item in
            try Task.checkCancellation()
            let id = RecordID.derived(from: consignment, name: item.path.bytes)
            let outcome: UploadItem.Outcome
            switch item.kind {
            case .folder: outcome = .folder
            case .unreadable(let folder, let reason): outcome = .failed(reason: reason, folder: folder)
            case .file(let origin):
                do {
                    let taken = try taker.take(origin, as: id, root: root, buffer: buffer)
                    outcome = .taken(taken, origin: origin)
                } catch let failure as NotTaken {
                    outcome = .failed(reason: failure.reason, folder: false)
                }
                taker.meter.add(files: 1)
            }
            return UploadItem(path: item.path, id: id, row: item.row, outcome: outcome)
        }
    }
}

/// Records what an upload took: in the order of the walk, a thousand entries to a transaction, and no row before its
/// bytes are durable.
final class UploadRecorder: Sendable {
    private static let rows = 1000
    private static let bytes: Int64 = 256 << 20

    private struct Pending {
        var items: [UploadItem] = []
        var bytes: Int64 = 0
    }

    private let consignment: Consignment
    private let store: Store
    private let run: RunID
    private let shelf: (any ObjectShelf)?
    private let pending = Guarded(Pending())
    private let failures = Guarded(PathList())
    /// The rows of the folders above the entry recorded last, outermost first.
    private let branch = Guarded<[(path: RelativePath, row: Int64)]>([])

    init(_ consignment: Consignment, in store: Store, run: RunID, shelf: (any ObjectShelf)?) {
        self.consignment = consignment
        self.store = store
        self.run = run
        self.shelf = shelf
    }

    /// Takes the next entries in the order of the walk.
    func add(_ items: [UploadItem]) {
        pending.withLock { pending in
            for item in items { if case .taken(let file, _) = item.outcome { pending.bytes += file.size } }
            pending.items += items
        }
    }

    /// Whether enough has come together for a transaction.
    var isDue: Bool {
        pending.withLock { $0.items.count >= UploadRecorder.rows || $0.bytes >= UploadRecorder.bytes }
    }

    /// Whether the readers should wait for the writer.
    var isOverfull: Bool {
        pending.withLock { $0.items.count >= 4 * UploadRecorder.rows || $0.bytes >= 4 * UploadRecorder.bytes }
    }

    /// Hands out all that has come together.
    func takeBatch() -> [UploadItem] {
        pending.withLock { pending in
            defer { pending = Pending() }
            return pending.items
        }
    }

    /// Makes the bytes of `items` durable, then their rows.
    ///
    /// - Parameter settles: Whether the steps of the consignment are brought in line with its files at once, since the
    ///   upload is over.
    func record(_ items: [UploadItem], settles: Bool = false) throws {
        if items.isEmpty { return }
        try shelf?.sync()
        let now = store.clock()
        try branch.withLock { branch in
            let before = branch
            do {
                try store.write { db in
                    var writer = try FileRowWriter(db, consignment: consignment, run: run, at: now, branch: branch)
                    for item in items { try writer.write(item) }
                    try writer.finish()
                    if settles { try db.settleSteps(of: consignment, run: run, at: now) }
                    branch = writer.branch
                }
            } catch {
                branch = before
                throw error
            }
        }
        failures.withLock { failures in
            for item in items {
                if case .failed(let reason, _) = item.outcome { failures.add(item.path, reason) }
            }
        }
    }

    /// Ends the upload: its status, and what was left out.
    func finish(_ plan: UploadPlan) throws -> (stored: Int, failed: PathList) {
        let now = store.clock()
        let stored = try store.write { db in
            let tally = try db.tally(of: consignment)
            let failed = tally[.upload, .failed] + tally[Tally.folderUpload, FileStatusValue.failed.rawValue]
            for (path, _) in plan.excluded.first {
                try db.recordEvent(run, at: now, consignment: consignment.row, "Excluded", new: path.display)
            }
            for (path, what) in plan.skipped.first {
                try db.recordEvent(
                    run, at: now, consignment: consignment.row, "Skipped", old: what, new: path.display)
            }
            try db.setTally(consignment, type: Tally.excluded, value: "", to: plan.excluded.count)
            try db.setTally(consignment, type: Tally.skipped, value: "", to: plan.skipped.count)
            try db.move(
                consignment, .upload, to: failed == 0 ? .completed : .completedWithIssues, run: run, at: now)
            try db.beginChecksAnew(of: consignment, tally, run: run, at: now)
            try db.forgetLikeness(of: consignment)
            return tally[.upload, .success]
        }
        return (stored, failures.withLock { $0 })
    }
}

/// Writes the rows of files and folders within one transaction.
private struct FileRowWriter {
    private let db: Database
    private let consignment: Consignment
    private let run: RunID
    private let time: Timestamp
    private var reference: Int64
    /// The row inserted last: those of withdrawn files are not used again.
    private var lastRow: Int64
    private var tally = TallyChange()
    private(set) var branch: [(path: RelativePath, row: Int64)]

    init(
        _ db: Database, consignment: Consignment, run: RunID, at time: Timestamp,
        branch: [(path: RelativePath, row: Int64)]
    ) throws {
        self.db = db
        self.consignment = consignment
        self.run = run
        self.time = time
        self.branch = branch
        reference = try Int64.fetchOne(db, sql: "SELECT value FROM counter WHERE name = 'file'") ?? 0
        lastRow = try db.lastFileRow()
    }

    mutating func write(_ item: UploadItem) throws {
        switch item.outcome {
        case .folder:
            let row = try item.row ?? insert(item, .folder, nil)
            if let earlier = item.row { try clearFailure(of: earlier) }
            branch.append((item.path, row))
        case .failed(let reason, let folder):
            let row = try item.row ?? insert(item, folder ? .folder : .file, nil)
            if item.row != nil { try forgetBytes(of: row) }
            if folder { branch.append((item.path, row)) }
            try setStatus(row, folder: folder, [.upload: .failed], reason: reason)
        case .taken(let file, let origin):
            let row: Int64
            if let earlier = item.row {
                row = earlier
                if item.isRepair {
                    try db.recordReplacement(
                        of: row, by: file, object: item.object, in: consignment, run: run, at: time)
                }
                try forgetBytes(of: row)
                try db.cachedStatement(
                    sql: """
                        UPDATE file SET size = ?, modified = ?, sha256 = ?, origin = ?, object = coalesce(?, object)
                        WHERE id = ?
                        """
                )
                .execute(arguments: [
                    file.size, file.modified, Data(file.sha256.bytes), ownOrigin(origin, of: item),
                    item.object.map { Data($0.bytes) }, row,
                ])
            } else {
                row = try insert(item, .file, (file, origin))
            }
            tally.add(Tally.size, "", Int(file.size))
            try setStatus(
                row, folder: false, [.upload: .success, .clientChecksum: .success, .clientFilePath: .success],
                reason: nil)
        }
    }

    mutating func finish() throws {
        try db.execute(sql: "UPDATE counter SET value = ? WHERE name = 'file'", arguments: [reference])
        try db.apply(tally, to: consignment)
    }

    private mutating func insert(
        _ item: UploadItem, _ type: FileType, _ taken: (TakenFile, RelativePath)?
    ) throws
        -> Int64
    {
        reference += 1
        lastRow += 1
        tally.add(Tally.type, type.rawValue, 1)
        try db.cachedStatement(
            sql: """
                INSERT INTO file
                    (id, consignmentId, uuid, fileType, parentId, path, reference, origin, size, modified, sha256)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            lastRow, consignment.row, Data(item.id.bytes), type.rawValue, try parent(of: item.path),
            Data(item.path.bytes),
            reference, taken.flatMap { ownOrigin($0.1, of: item) }, taken?.0.size, taken?.0.modified,
            taken.map { Data($0.0.sha256.bytes) },
        ])
        if item.isRepair {
            try db.recordEvent(
                run, at: time, consignment: consignment.row, file: lastRow, "Added",
                new: EventText.entry(item.path, size: taken?.0.size, sha256: taken?.0.sha256))
        }
        return lastRow
    }

    /// The row of the folder that holds `path`: on the branch as a rule, else from an earlier run.
    private mutating func parent(of path: RelativePath) throws -> Int64? {
        guard let parent = path.parent else { return nil }
        while let last = branch.last, last.path != parent { branch.removeLast() }
        if let last = branch.last { return last.row }
        guard
            let row = try Int64.fetchOne(
                db, sql: "SELECT id FROM file WHERE consignmentId = ? AND path = ?",
                arguments: [consignment.row, Data(parent.bytes)])
        else { preconditionFailure("a folder is recorded before what it holds") }
        branch.append((parent, row))
        return row
    }

    private func ownOrigin(_ origin: RelativePath, of item: UploadItem) -> Data? {
        let below = item.path.bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst()
        return origin.bytes == Array(below) ? nil : Data(origin.bytes)
    }

    private mutating func setStatus(
        _ row: Int64, folder: Bool, _ values: [FileStatusType: FileStatusValue], reason: String?
    ) throws {
        let change = FileStatusChange(
            row: row, isFolder: folder, values: values, reasons: reason.map { [.upload: $0] } ?? [:])
        try db.apply(change, in: consignment, run: run, at: time, tally: &tally)
    }

    /// A folder that could not be listed before can be now.
    private mutating func clearFailure(of row: Int64) throws {
        guard try db.statuses(ofFile: row)?[.upload] == .failed else { return }
        let change = FileStatusChange(row: row, isFolder: true, values: [.upload: .success], reasons: [:])
        try db.apply(change, in: consignment, run: run, at: time, tally: &tally)
    }

    /// The bytes taken earlier are not those of the file any more.
    private mutating func forgetBytes(of row: Int64) throws {
        let size = try Int64.fetchOne(db, sql: "SELECT size FROM file WHERE id = ?", arguments: [row]) ?? 0
        tally.add(Tally.size, "", Int(-size))
        try db.forgetChecks(ofFile: row, in: consignment, run: run, at: time, tally: &tally)
        try db.execute(
            sql: "UPDATE file SET size = NULL, modified = NULL, sha256 = NULL WHERE id = ?", arguments: [row])
    }
}

extension UploadPlan {
    init(source: BytePath) { self.init(source: source, files: 0) }

    mutating func count(_ item: ScanItem) {
        switch item {
        case .folder(let path):
            folders += 1
            note(path)
        case .file(let path, _, let size, let allocated):
            files += 1
            if firstFile == nil { firstFile = path }
            bytes += size
            self.allocated += min(allocated, size + 4096)
            note(path)
            if path.bytes.count(where: { $0 == UInt8(ascii: "/") }) == 1, path.name == Array("bagit.txt".utf8) {
                isBag = true
            }
        case .excluded(let path): excluded.add(path, "system file")
        case .skipped(let path, let what): skipped.add(path, what)
        case .refused(let path, let why): refused.add(path, why)
        case .unreadable(let path, _, let why): unreadable.add(path, why)
        }
    }

    private mutating func note(_ path: RelativePath) {
        if String(validating: path.name, as: UTF8.self) == nil { notUTF8.add(path, "not valid UTF-8") }
    }
}
