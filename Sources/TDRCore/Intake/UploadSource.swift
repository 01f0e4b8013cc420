import FoundationEssentials
import GRDB
import Glibc
import Streams

/// One entry on its way into the store.
struct PendingItem: Sendable {
    enum Kind: Sendable {
        case folder
        /// A file to take from `origin` below the source.
        case file(origin: RelativePath)
        /// An entry that cannot even be looked at.
        case unreadable(folder: Bool, reason: String)

        var isFolder: Bool {
            switch self {
            case .folder: true
            case .file: false
            case .unreadable(let folder, _): folder
            }
        }
    }

    let path: RelativePath
    let kind: Kind
    /// The row of an earlier run, where there is one that has to be put right.
    let row: Int64?
}

/// The second walk of an upload, cut into batches, without what an earlier run has recorded.
final class UploadSource {
    /// A batch is this many files or this many bytes, whichever comes first.
    private static let batchFiles = 64
    private static let batchBytes: Int64 = 4 << 20

    private let scan: FolderScan
    private let known: KnownFiles?
    private let meter: ProgressMeter
    private var waiting: [PendingItem] = []
    private var sizes: [Int64] = []
    private var head = 0
    private var ended = false

    init(_ scan: FolderScan, known: KnownFiles?, meter: ProgressMeter) {
        self.scan = scan
        self.known = known
        self.meter = meter
    }

    /// The next entries to take, in the order of the walk; nil at the end.
    func nextBatch() throws -> [PendingItem]? {
        var batch: [PendingItem] = []
        var bytes: Int64 = 0
        while batch.count < UploadSource.batchFiles, bytes < UploadSource.batchBytes {
            if head == waiting.count { try refill() }
            guard head < waiting.count else { break }
            batch.append(waiting[head])
            bytes += sizes[head]
            head += 1
        }
        return batch.isEmpty ? nil : batch
    }

    private func refill() throws {
        waiting.removeAll(keepingCapacity: true)
        sizes.removeAll(keepingCapacity: true)
        head = 0
        while waiting.isEmpty, !ended {
            var met: [(path: RelativePath, kind: PendingItem.Kind, size: Int64)] = []
            while met.count < 256 {
                try Task.checkCancellation()
                guard let item = try scan.next() else {
                    ended = true
                    break
                }
                switch item {
                case .folder(let path): met.append((path, .folder, 0))
                case .file(let path, let origin, let size, _): met.append((path, .file(origin: origin), size))
                case .unreadable(let path, let folder, let why):
                    met.append((path, .unreadable(folder: folder, reason: why), 0))
                case .excluded, .skipped, .refused: continue
                }
            }
            let earlier = try known?.look(up: met.map(\.path))
            for (index, item) in met.enumerated() {
                guard let record = earlier?[index] else {
                    if try known?.isWithdrawn(item.path) ?? false { continue }
                    add(item.path, item.kind, item.size, row: nil)
                    continue
                }
                known?.countAgain()
                // Its row, its children and its bytes are those of the other kind.
                if record.isFolder != item.kind.isFolder { throw UploadError.kindChanged(item.path) }
                switch item.kind {
                case .folder where record.isComplete: continue
                case .file where record.isReplaced:
                    meter.add(files: 1, bytes: item.size)
                    continue
                case .file(let origin) where record.isComplete:
                    guard try known?.isUnchanged(origin, since: record) ?? false else { break }
                    meter.add(files: 1, bytes: item.size)
                    continue
                default: break
                }
                add(item.path, item.kind, item.size, row: record.row)
            }
        }
    }

    private func add(_ path: RelativePath, _ kind: PendingItem.Kind, _ size: Int64, row: Int64?) {
        waiting.append(PendingItem(path: path, kind: kind, row: row))
        sizes.append(size)
    }

    /// Files that an earlier run recorded and this walk did not meet. Call it when the walk is over.
    func vanished() throws -> Vanished { try known?.vanished() ?? Vanished() }
}

/// Files that are no longer in the folder.
struct Vanished {
    /// Those whose bytes were taken before.
    var kept = PathList()
    /// Those that could not be taken then and cannot now.
    var lost = PathList()
}

/// What an earlier run of the same upload has recorded.
final class KnownFiles {
    struct Record {
        let row: Int64
        let isFolder: Bool
        let isComplete: Bool
        let size: Int64?
        let modified: Int64?
        /// Its bytes came from elsewhere since: the source says nothing of them.
        let isReplaced: Bool
    }

    private let consignment: Consignment
    private let store: Store
    private let root: OpenFile
    private let total: Int
    private var met = 0

    init(_ consignment: Consignment, in store: Store) throws {
        self.consignment = consignment
        self.store = store
        root = try OpenFile.directory(consignment.source)
        total = try store.read { db in
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM file WHERE consignmentId = ?", arguments: [consignment.row]) ?? 0
        }
    }

    /// The records of these paths, nil for each that has none.
    func look(up paths: [RelativePath]) throws -> [Record?] {
        try store.read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT file.id, fileType, size, modified, Upload, object FROM file LEFT JOIN fileStatus ON fileId = file.id
                    WHERE file.consignmentId = ? AND path = ?
                    """)
            return try paths.map { path in
                guard let row = try Row.fetchOne(statement, arguments: [consignment.row, Data(path.bytes)]) else {
                    return nil
                }
                let status: String? = try row.value("Upload")
                return Record(
                    row: try row.value("id"), isFolder: try row.value("fileType") == FileType.folder.rawValue,
                    isComplete: status == nil || status == FileStatusValue.success.rawValue,
                    size: try row.value("size"), modified: try row.value("modified"),
                    isReplaced: (try row.value("object") as Data?) != nil)
            }
        }
    }

    func countAgain() { met += 1 }

    /// Whether an entry of this path was taken out of the consignment, and so is not taken again.
    func isWithdrawn(_ path: RelativePath) throws -> Bool {
        try store.read { try $0.isWithdrawn(path, in: consignment) }
    }

    /// Whether the file has the size and time it had when it was taken.
    func isUnchanged(_ origin: RelativePath, since record: Record) throws -> Bool {
        // One that cannot be opened now is taken anew, which tells why.
        guard let file = try? root.opening(origin), let status = try? file.status() else { return false }
        return status.size == record.size && status.modified == record.modified
    }

    func vanished() throws -> Vanished {
        var list = Vanished()
        guard met < total else { return list }
        try store.read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT path, origin, sha256 IS NOT NULL AS isTaken FROM file
                    WHERE consignmentId = ? AND fileType = 'File' ORDER BY path
                    """, arguments: [consignment.row])
            while let row = try rows.next() {
                try Task.checkCancellation()
                guard
                    let key = FileKey(
                        row: 0, id: consignment.id, object: nil, path: try row.value("path"),
                        origin: try row.value("origin"))
                else {
                    continue
                }
                // Whatever keeps it from being opened, it was met if it is there; only absence counts here.
                guard isGone(key.origin) else { continue }
                if try row.value("isTaken") {
                    list.kept.add(key.path, "it is no longer in the folder")
                } else {
                    list.lost.add(
                        key.path, "it is no longer in the folder; begin anew with --new to transfer the rest without it"
                    )
                }
            }
        }
        return list
    }

    /// Whatever else keeps a file from being opened, it was met if it is there: only absence counts.
    private func isGone(_ origin: RelativePath) -> Bool {
        do {
            _ = try root.opening(origin)
            return false
        } catch {
            return error.code == ENOENT
        }
    }
}

extension FileKey {
    /// From the columns of a row: the origin is the path without the top folder unless the row has its own.
    init?(row: Int64, id: RecordID, object: Data?, path: Data, origin: Data?) {
        guard let path = RelativePath(Array(path)) else { return nil }
        let below = origin.map { Array($0) } ?? Array(path.bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst())
        guard let origin = RelativePath(below) else { return nil }
        guard let object = object.map({ RecordID(bytes: Array($0)) }) ?? id else { return nil }
        self.init(row: row, id: id, object: object, path: path, origin: origin)
    }
}
