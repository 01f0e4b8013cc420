import FoundationEssentials
import GRDB
import Streams

/// A step of a walk through a consignment's folders.
enum TreeStep: Sendable {
    /// A folder, whose contents follow.
    case enter(RelativePath, id: RecordID)
    /// A file, and whether it has bytes.
    case file(RelativePath, id: RecordID, hasBytes: Bool)
    /// The end of the folder that was entered last and has not been left.
    case leave
}

extension Store {
    /// Calls `body` with the files and folders as a tree: what a folder holds between its `enter` and its `leave`, by name.
    ///
    /// The order of path bytes is another: `a.txt` stands between `a` and `a/b`. Sorting would hold all paths; instead
    /// each folder is read along the index of paths, and what lies deeper is jumped over.
    func forEachInTree(of consignment: Consignment, _ body: (TreeStep) throws -> Void) throws {
        try read { db in
            var frames = [TreeFrame(folder: [], next: [])]
            while let depth = frames.indices.last {
                try Task.checkCancellation()
                guard let row = try frames[depth].child(db, consignment.row, pageSize: depth < 16 ? 256 : 4) else {
                    frames.removeLast()
                    if depth > 0 { try body(.leave) }
                    continue
                }
                if row.isFolder {
                    try body(.enter(row.path, id: row.id))
                    let inside = row.path.bytes + [TreeFrame.slash]
                    frames.append(TreeFrame(folder: inside, next: inside))
                } else {
                    try body(.file(row.path, id: row.id, hasBytes: row.hasBytes))
                }
            }
        }
    }
}

private struct TreeRow {
    let path: RelativePath
    let id: RecordID
    let isFolder: Bool
    let hasBytes: Bool
}

/// A folder that is being walked through.
private struct TreeFrame {
    static let slash = UInt8(ascii: "/")
    /// Its path and a slash; nothing for the consignment.
    let folder: [UInt8]
    /// The paths before this one are done.
    var next: [UInt8]
    private var page: ArraySlice<TreeRow> = []

    init(folder: [UInt8], next: [UInt8]) {
        self.folder = folder
        self.next = next
    }

    /// The next entry that lies in the folder itself.
    mutating func child(_ db: Database, _ consignment: Int64, pageSize: Int) throws -> TreeRow? {
        while true {
            while let first = page.first, first.path.bytes.precedes(next) { page.removeFirst() }
            if page.isEmpty { page = try fetch(db, consignment, pageSize)[...] }
            guard let row = page.popFirst(), row.path.bytes.starts(with: folder) else { return nil }
            let below = row.path.bytes.dropFirst(folder.count)
            guard let slash = below.firstIndex(of: TreeFrame.slash) else {
                next = row.path.bytes + [0]
                return row
            }
            // Past all that lies in the folder on the way.
            next = Array(row.path.bytes[..<slash]) + [TreeFrame.slash + 1]
        }
    }

    private func fetch(_ db: Database, _ consignment: Int64, _ limit: Int) throws -> [TreeRow] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT path, uuid, fileType, sha256 IS NOT NULL FROM file WHERE consignmentId = ? AND path >= ?
                    ORDER BY path LIMIT ?
                    """), arguments: [consignment, Data(next), limit]
        ).map { row in
            guard let path = RelativePath(Array(try row.value(0) as Data)),
                let id = RecordID(bytes: Array(try row.value(1) as Data))
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense") }
            return TreeRow(
                path: path, id: id, isFolder: try row.value(2) == FileType.folder.rawValue, hasBytes: try row.value(3))
        }
    }
}
