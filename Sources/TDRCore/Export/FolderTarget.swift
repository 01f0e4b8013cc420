import CShims
import Glibc
import Streams

/// A bag as a folder.
final class FolderTarget: BagTarget {
    let location: BytePath
    private let name: String
    private let partial: BytePath
    private let modified: Timestamp
    private let lock: OpenFile
    private let root: OpenFile
    private var file: SharedFile?
    private var fileModified: Timestamp

    init(_ consignment: Consignment, in folder: BytePath, modified: Timestamp) throws {
        name = consignment.reference.description
        location = folder.appending(name)
        partial = folder.appending(".\(name).tdr-partial")
        self.modified = modified
        fileModified = modified
        let held = folder.appending(".\(name).tdr-lock")
        guard let lock = try OpenFile.locking(held, flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC) else {
            throw ExportError.targetBusy(partial)
        }
        self.lock = lock
        try removeTree(partial)
        guard partial.withCString({ mkdir($0, 0o755) }) == 0 else { throw SystemFault("make the folder", partial) }
        root = try OpenFile.directory(partial)
    }

    func addFolder(_ path: RelativePath) throws {
        guard let parent = path.parent else {
            return try make(BytePath(path.bytes), in: root)
        }
        try make(BytePath(path.name), in: root.opening(parent, flags: O_RDONLY | O_DIRECTORY))
    }

    private func make(_ name: BytePath, in folder: borrowing OpenFile) throws {
        let descriptor = folder.descriptor
        guard name.withCString({ mkdirat(descriptor, $0, 0o755) }) == 0 else {
            throw SystemFault("make the folder", folder.path.appending(name.bytes))
        }
    }

    func beginFile(_ path: RelativePath, size: Int64, modified: Timestamp?) throws {
        fileModified = modified ?? self.modified
        file = SharedFile(try root.opening(path, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644))
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try file?.file.write(bytes) }

    func endFile() throws {
        if let file {
            let seconds = time_t(fileModified.seconds)
            var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
            guard futimens(file.file.descriptor, &times) == 0 else {
                throw SystemFault("set the time of", file.file.path)
            }
        }
        file = nil
    }

    func commit() throws -> (sha256: SHA256Digest?, wasThere: Bool) {
        try root.syncFileSystem()
        let folder = try OpenFile.directory(location.directory)
        let descriptor = folder.descriptor
        let code = BytePath(partial.lastComponent).withCString { from in
            BytePath(name).withCString { tdr_rename_noreplace(descriptor, from, descriptor, $0) }
        }
        var wasThere = false
        if code != 0 {
            guard errno == EEXIST else { throw SystemFault("rename to", location) }
            guard try isSameTree(root, OpenFile.directory(location)) else { throw ExportError.targetExists(location) }
            try removeTree(partial)
            wasThere = true
        }
        try folder.sync()
        removeLock()
        return (nil, wasThere)
    }

    func abandon() {
        // Whatever cannot be taken away now is taken away by the next export of this consignment.
        try? removeTree(partial)
        removeLock()
    }

    private func removeLock() { _ = lock.path.withCString { unlink($0) } }
}

/// Removes a folder and all below it; symbolic links are removed, not followed. Nothing there is fine.
func removeTree(_ path: BytePath) throws {
    guard let status = try? FileStatus.of(path) else { return }  // nothing there
    guard status.kind == .directory else {
        guard path.withCString({ unlink($0) }) == 0 else { throw SystemFault("remove", path) }
        return
    }
    let root = try OpenFile.directory(path)
    // Depth first without recursion: a folder is visited again when what it held is gone.
    var folders: [RelativePath] = []
    var pending = try entries(of: root, below: nil)
    while let next = pending.popLast() {
        if let done = folders.last, done == next.path {
            folders.removeLast()
            try unlinkBelow(root, next.path, folder: true)
            continue
        }
        if next.isFolder {
            folders.append(next.path)
            pending.append(next)
            pending += try entries(of: root.opening(next.path, flags: O_RDONLY | O_DIRECTORY), below: next.path)
        } else {
            try unlinkBelow(root, next.path, folder: false)
        }
    }
    guard path.withCString({ rmdir($0) }) == 0 else { throw SystemFault("remove", path) }
}

private func entries(
    of folder: borrowing OpenFile, below path: RelativePath?
) throws -> [(
    path: RelativePath, isFolder: Bool
)] {
    let listing = try DirectoryListing(of: folder)
    return try (0..<listing.count).compactMap { index in
        let name = listing[index]
        guard let whole = path?.appending(name: name) ?? RelativePath(name) else { return nil }
        return (whole, try FileStatus.of(name, in: folder).kind == .directory)
    }
}

private func unlinkBelow(_ root: borrowing OpenFile, _ path: RelativePath, folder: Bool) throws {
    let flags = folder ? AT_REMOVEDIR : 0
    let code: Int32
    if let parent = path.parent {
        let open = try root.opening(parent, flags: O_RDONLY | O_DIRECTORY)
        code = BytePath(path.name).withCString { unlinkat(open.descriptor, $0, flags) }
    } else {
        let descriptor = root.descriptor
        code = BytePath(path.bytes).withCString { unlinkat(descriptor, $0, flags) }
    }
    guard code == 0 else { throw SystemFault("remove", root.path.appending(path.bytes)) }
}

/// Whether two folders hold the same names with the same bytes.
private func isSameTree(_ a: borrowing OpenFile, _ b: borrowing OpenFile) throws -> Bool {
    var pending: [RelativePath?] = [nil]
    while let path = pending.popLast() {
        let left = try entriesSorted(a, path)
        let right = try entriesSorted(b, path)
        guard left.map(\.path) == right.map(\.path), left.map(\.isFolder) == right.map(\.isFolder) else { return false }
        for entry in left {
            if entry.isFolder {
                pending.append(entry.path)
            } else if try !isSameFile(a.opening(entry.path), b.opening(entry.path)) {
                return false
            }
        }
    }
    return true
}

private func entriesSorted(
    _ root: borrowing OpenFile, _ path: RelativePath?
) throws -> [(
    path: RelativePath, isFolder: Bool
)] {
    if let path { return try entries(of: root.opening(path, flags: O_RDONLY | O_DIRECTORY), below: path) }
    return try entries(of: root, below: nil)
}

private func isSameFile(_ a: consuming OpenFile, _ b: consuming OpenFile) throws -> Bool {
    guard try a.status().kind == .regular, try b.status().kind == .regular else { return false }
    guard try a.status().size == b.status().size else { return false }
    let left = Buffer(count: 1 << 18)
    let right = Buffer(count: 1 << 18)
    while true {
        try Task.checkCancellation()
        let count = try a.fill(left.bytes)
        guard try b.fill(right.bytes) == count else { return false }
        if count == 0 { return true }
        if !left.prefix(count).elementsEqual(right.prefix(count)) { return false }
    }
}
