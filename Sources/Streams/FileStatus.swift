import CShims
import Glibc

/// What `fstat(2)` says of a file: enough to know what it is and whether it changed.
package struct FileStatus: Hashable, Sendable {
    /// The kinds of file a folder may hold.
    package enum Kind: String, Sendable {
        case regular, directory, symlink, fifo, socket, characterDevice, blockDevice, unknown
    }

    package let kind: Kind
    /// Bytes.
    package let size: Int64
    /// Bytes really allocated on disk; less than `size` for a sparse file.
    package let allocated: Int64
    /// Time of the last change of the content, nanoseconds since 1970 UTC. Negative before 1970.
    package let modified: Int64
    /// Time of the last change of content or attributes, nanoseconds since 1970 UTC.
    package let changed: Int64
    package let device: UInt64
    package let inode: UInt64

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symlink
        case S_IFIFO: kind = .fifo
        case S_IFSOCK: kind = .socket
        case S_IFCHR: kind = .characterDevice
        case S_IFBLK: kind = .blockDevice
        default: kind = .unknown
        }
        size = Int64(status.st_size)
        allocated = Int64(status.st_blocks) * 512
        modified = nanoseconds(status.st_mtim)
        changed = nanoseconds(status.st_ctim)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Whether two looks at one open file saw the same content, as far as the file system can tell.
    package func showsNoChange(since earlier: FileStatus) -> Bool {
        size == earlier.size && modified == earlier.modified && changed == earlier.changed
            && inode == earlier.inode && device == earlier.device
    }

    /// The status of `path` itself: a symbolic link is not followed.
    ///
    /// - Throws: ``SystemFault`` when there is no such name or it may not be looked up.
    package static func of(_ path: BytePath) throws(SystemFault) -> FileStatus {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { throw SystemFault("look at", path) }
        return FileStatus(status)
    }

    /// The status of what `path` leads to, links followed.
    ///
    /// - Throws: ``SystemFault`` when it leads nowhere.
    package static func following(_ path: BytePath) throws(SystemFault) -> FileStatus {
        var status = stat()
        guard path.withCString({ stat($0, &status) }) == 0 else { throw SystemFault("look at", path) }
        return FileStatus(status)
    }

    /// The status of `name` in an open directory, the link itself when it is one.
    package static func of(_ name: [UInt8], in directory: borrowing OpenFile) throws(SystemFault) -> FileStatus {
        var status = stat()
        let descriptor = directory.descriptor
        let path = BytePath(name)
        guard path.withCString({ fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
            throw SystemFault("look at", path)
        }
        return FileStatus(status)
    }
}

private func nanoseconds(_ time: timespec) -> Int64 {
    let (whole, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    // A time beyond the years 1677 to 2262 does not fit; it is held at the edge rather than wrapped.
    if overflow { return time.tv_sec < 0 ? .min : .max }
    let (sum, beyond) = whole.addingReportingOverflow(Int64(time.tv_nsec))
    return beyond ? .max : sum
}
