import BagIt
import FoundationEssentials
import GRDB
import Streams

/// The paths that a consignment's files and folders have in a bag whose names every system can hold.
///
/// Folders are named before what they hold, in the order of path bytes; of names that some system takes for one, the
/// first keeps its own. So the names depend on the paths of the consignment alone. What was seen and what has another
/// path lies in a scratch database, some twenty bytes for a file that keeps its path.
final class SafePaths: Sendable {
    /// Paths that have become others.
    let count: Int
    /// The folder for what lies too deep; nil when nothing does.
    let longFolder: RelativePath?
    private let database: DatabaseQueue

    /// Names everything; nothing is written to the store but the scratch database, which has no name.
    init(of consignment: Consignment, in store: Store) throws {
        let database = try scratchDatabase(in: store.directory)
        self.database = database
        (count, longFolder) = try store.read { main in
            try database.write { scratch in
                try scratch.execute(
                    sql: """
                        CREATE TABLE changed (path BLOB PRIMARY KEY, safe BLOB NOT NULL) WITHOUT ROWID;
                        CREATE TABLE seen (hash INTEGER, fileId INTEGER, PRIMARY KEY (hash, fileId)) WITHOUT ROWID;
                        """)
                var naming = SafePathNaming(main: main, scratch: scratch)
                try naming.run(consignment)
                return (naming.count, naming.hasLongPaths ? RelativePath(SafeName.longFolder) : nil)
            }
        }
    }

    /// The path in the bag.
    func callAsFunction(_ path: RelativePath) throws -> RelativePath {
        try database.read { try $0.safe(path) } ?? path
    }

    /// Up to `limit` paths that have become others, from `path` on, sorted by the old ones.
    func changes(from path: [UInt8], limit: Int) throws -> [(path: [UInt8], safe: RelativePath)] {
        try database.read { db in
            try Row.fetchAll(
                db.cachedStatement(sql: "SELECT path, safe FROM changed WHERE path >= ? ORDER BY path LIMIT ?"),
                arguments: [Data(path), limit]
            ).map { (Array(try $0.value(0) as Data), try readPath(try $0.value(1))) }
        }
    }
}

/// The bag's path for each of many paths that come mostly in order: the changes are read ahead, some at a time.
final class SafePathWalk {
    private static let page = 500
    private let paths: SafePaths?
    private var ahead: ArraySlice<(path: [UInt8], safe: RelativePath)> = []
    private var last: [UInt8]?
    private var isAtEnd = false

    /// Paths stay as they are for nil.
    init(_ paths: SafePaths?) { self.paths = paths }

    func callAsFunction(_ path: RelativePath) throws -> RelativePath {
        guard let paths, paths.count > 0 else { return path }
        if last.map({ path.bytes.precedes($0) }) ?? true { try fetch(from: path.bytes) }
        last = path.bytes
        while true {
            while let first = ahead.first, first.path.precedes(path.bytes) { ahead.removeFirst() }
            if let first = ahead.first { return first.path == path.bytes ? first.safe : path }
            if isAtEnd { return path }
            try fetch(from: path.bytes)
        }
    }

    private func fetch(from path: [UInt8]) throws {
        let page = try paths?.changes(from: path, limit: SafePathWalk.page) ?? []
        isAtEnd = page.count < SafePathWalk.page
        ahead = page[...]
    }
}

/// The one pass that gives names.
private struct SafePathNaming {
    let main: Database
    let scratch: Database
    private(set) var count = 0
    private(set) var hasLongPaths = false
    /// The folder of the entry before, which is that of the next as a rule.
    private var folder: (path: RelativePath, safe: RelativePath)?

    private static let slash = UInt8(ascii: "/")
    /// Stands for ``SafeName/longFolder`` among the rows of files.
    private static let longFolderRow: Int64 = 0

    init(main: Database, scratch: Database) {
        self.main = main
        self.scratch = scratch
    }

    mutating func run(_ consignment: Consignment) throws {
        try note(hash(nil, SafeName.folded(SafeName.longFolder)), SafePathNaming.longFolderRow)
        let rows = try Row.fetchCursor(
            main, sql: "SELECT id, path FROM file WHERE consignmentId = ? ORDER BY path", arguments: [consignment.row])
        while let row = try rows.next() {
            try Task.checkCancellation()
            try name(try readPath(try row.value(1)), row: try row.value(0))
        }
    }

    private mutating func name(_ path: RelativePath, row: Int64) throws {
        var parent: RelativePath?
        if let above = path.parent {
            if folder?.path != above { folder = (above, try scratch.safe(above) ?? above) }
            parent = folder?.safe
        }
        let original = path.name
        var name = SafeName.escaped(original)
        if SafeName.isTooLong(name) { name = mark(original, of: path, digits: 16) }
        if SafeName.isTooLong(path: BagName.payloadPrefix + joined(parent, name)) {
            hasLongPaths = true
            parent = RelativePath(SafeName.longFolder)
            name = SafeName.ofLongPath(original, by: digest(path), digits: 32)
        }
        // Ends: the last of them are all digits of a digest that differs.
        for digits in [16, 32, 64] where try isTaken(name, in: parent) {
            name = mark(original, of: path, digits: digits)
        }
        try note(hash(parent, SafeName.folded(name)), row)
        let safe = joined(parent, name)
        guard safe != path.bytes else { return }
        try scratch.cachedStatement(sql: "INSERT INTO changed VALUES (?, ?)")
            .execute(arguments: [Data(path.bytes), Data(safe)])
        count += 1
    }

    private func joined(_ parent: RelativePath?, _ name: [UInt8]) -> [UInt8] {
        parent.map { $0.bytes + [SafePathNaming.slash] + name } ?? name
    }

    private func digest(_ path: RelativePath) -> [UInt8] { SHA256Digest.of(path.bytes).bytes }

    private func mark(_ name: [UInt8], of path: RelativePath, digits: Int) -> [UInt8] {
        SafeName.marked(name, by: digest(path), digits: digits)
    }

    // MARK: What was seen

    /// Differs from run to run; what it says is looked at again before it counts.
    private func hash(_ parent: RelativePath?, _ folded: String) -> Int64 {
        var hasher = Hasher()
        hasher.combine(parent)
        hasher.combine(folded)
        return Int64(hasher.finalize())
    }

    private func note(_ hash: Int64, _ row: Int64) throws {
        try scratch.cachedStatement(sql: "INSERT INTO seen VALUES (?, ?)").execute(arguments: [hash, row])
    }

    private func isTaken(_ name: [UInt8], in parent: RelativePath?) throws -> Bool {
        let folded = SafeName.folded(name)
        let rows = try Int64.fetchAll(
            scratch.cachedStatement(sql: "SELECT fileId FROM seen WHERE hash = ?"), arguments: [hash(parent, folded)])
        return try rows.contains { row in
            let other = try safePath(ofRow: row)
            return other.parent == parent && SafeName.folded(other.name) == folded
        }
    }

    private func safePath(ofRow row: Int64) throws -> RelativePath {
        if row == SafePathNaming.longFolderRow { return try readPath(Data(SafeName.longFolder)) }
        let path = try Data.fetchOne(
            main.cachedStatement(sql: "SELECT path FROM file WHERE id = ?"), arguments: [row])
        let own = try readPath(path ?? Data())
        return try scratch.safe(own) ?? own
    }
}

extension Database {
    /// What `path` has become in a scratch database; nil when it has stayed.
    fileprivate func safe(_ path: RelativePath) throws -> RelativePath? {
        try Data.fetchOne(
            cachedStatement(sql: "SELECT safe FROM changed WHERE path = ?"), arguments: [Data(path.bytes)]
        ).map { try readPath($0) }
    }
}

private func readPath(_ bytes: Data) throws -> RelativePath {
    guard let path = RelativePath(Array(bytes)) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense")
    }
    return path
}
