import CShims
import Glibc

/// An open descriptor that closes itself. One owner; not shared between tasks.
package struct OpenFile: ~Copyable, Sendable {
    /// The descriptor, valid as long as this value lives.
    package let descriptor: Int32
    /// What was opened, for messages.
    package let path: BytePath

    /// Takes over an open descriptor.
    package init(adopting descriptor: Int32, path: BytePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { Glibc.close(descriptor) }

    /// Opens a path as the user wrote it, links followed, for reading. Never blocks on a FIFO.
    ///
    /// - Throws: ``SystemFault``.
    package static func reading(_ path: BytePath) throws(SystemFault) -> OpenFile {
        try open(path, flags: O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }

    /// Opens a directory as the user wrote it, links followed.
    package static func directory(_ path: BytePath) throws(SystemFault) -> OpenFile {
        try open(path, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }

    /// Opens with `flags`; `mode` counts when a file is made.
    package static func open(_ path: BytePath, flags: Int32, mode: UInt32 = 0o600) throws(SystemFault) -> OpenFile {
        while true {
            let descriptor = path.withCString { Glibc.open($0, flags, mode) }
            if descriptor >= 0 { return OpenFile(adopting: descriptor, path: path) }
            if errno != EINTR { throw SystemFault("open", path) }
        }
    }

    /// A new file in `folder` that has no name: it goes away with the last who has it open.
    package static func nameless(in folder: BytePath) throws(SystemFault) -> OpenFile {
        let path = folder.appending(".tdr-nameless-\(UInt64.random(in: .min ... .max))")
        let file = try open(path, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
        _ = path.withCString { unlink($0) }
        return file
    }

    /// Opens `relative` below this directory without following any symbolic link and without leaving it.
    ///
    /// A path of any length and depth works: it is walked in pieces shorter than `PATH_MAX`.
    /// - Throws: ``SystemFault``; `ELOOP` where a component is a symbolic link.
    package func opening(
        _ relative: RelativePath, flags: Int32 = O_RDONLY, mode: UInt32 = 0
    ) throws(SystemFault)
        -> OpenFile
    {
        let flags = flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let whole = path.appending(relative.bytes)
        guard relative.bytes.count > pieceLimit else {
            return try openPiece(of: descriptor, relative.bytes, flags: flags, mode: mode, whole: whole)
        }
        var rest = relative.bytes[...]
        var base: OpenFile?
        while rest.count > pieceLimit {
            guard let slash = rest.prefix(pieceLimit).lastIndex(of: UInt8(ascii: "/")) else {
                throw SystemFault("open", whole, code: ENAMETOOLONG)
            }
            let piece = Array(rest[..<slash])
            let next = try openPiece(
                of: base?.descriptor ?? descriptor, piece, flags: pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                mode: 0, whole: whole)
            base = consume next
            rest = rest[(slash + 1)...]
        }
        return try openPiece(of: base?.descriptor ?? descriptor, Array(rest), flags: flags, mode: mode, whole: whole)
    }

    /// The file's status now.
    package func status() throws(SystemFault) -> FileStatus {
        var result = stat()
        guard fstat(descriptor, &result) == 0 else { throw SystemFault("look at", path) }
        return FileStatus(result)
    }

    /// Reads what comes next into `buffer`: the number of bytes, 0 only at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemFault) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw SystemFault("read", path) }
        }
    }

    /// Reads until `buffer` is full or the file ends: the number of bytes read.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(SystemFault) -> Int {
        var done = 0
        while done < buffer.count {
            let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]))
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads at `offset` without moving the file's own position: the number of bytes, less than asked only at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemFault) -> Int {
        try readFully(descriptor, into: buffer, at: offset, path: path)
    }

    /// Writes all of `bytes` at the file's position.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemFault) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count >= 0 {
                done += count
            } else if errno != EINTR {
                throw SystemFault("write", path)
            }
        }
    }

    package func write(_ bytes: [UInt8]) throws(SystemFault) {
        let result: Result<Void, SystemFault> = bytes.withUnsafeBytes { raw in
            do throws(SystemFault) { return .success(try write(raw)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Makes content and attributes durable before it returns.
    package func sync() throws(SystemFault) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw SystemFault("sync", path) }
        }
    }

    /// Makes durable everything written to the file system that holds this file.
    package func syncFileSystem() throws(SystemFault) {
        while tdr_sync_file_system(descriptor) != 0 {
            if errno != EINTR { throw SystemFault("sync", path) }
        }
    }

    /// Opens `path` with `flags` and takes its lock without waiting: nil when somebody else holds it.
    ///
    /// Whoever held the lock before may have renamed or removed the file between our opening it and our locking it; then
    /// the lock is one of a file that is elsewhere, and what has the name now is opened. So the file that is given has
    /// the name, and keeps it as far as all who move it hold its lock.
    package static func locking(_ path: BytePath, flags: Int32, mode: UInt32 = 0o600) throws(SystemFault) -> OpenFile? {
        while true {
            let file = try open(path, flags: flags, mode: mode)
            if try !file.tryLock() { return nil }
            let own = try file.status()
            // Gone by now: there is nothing under the name, and the next turn makes it.
            if let named = try? FileStatus.of(path), named.inode == own.inode, named.device == own.device {
                return file
            }
        }
    }

    /// Takes the advisory lock of this file without waiting: false when somebody else holds it.
    package func tryLock() throws(SystemFault) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            if errno != EINTR { throw SystemFault("lock", path) }
        }
        return true
    }

    /// Gives the lock back.
    package func unlock() { flock(descriptor, LOCK_UN) }

    /// Moves the file's own position.
    package func seek(to offset: Int64) throws(SystemFault) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else { throw SystemFault("move within", path) }
    }

    /// Sets the length, cutting off or extending with a hole.
    package func truncate(to length: Int64) throws(SystemFault) {
        while ftruncate(descriptor, off_t(length)) != 0 {
            if errno != EINTR { throw SystemFault("resize", path) }
        }
    }
}

/// pread(2) until `buffer` is full or the file ends.
func readFully(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64, path: BytePath
)
    throws(SystemFault) -> Int
{
    var done = 0
    while done < buffer.count {
        let count = pread(
            descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset) + off_t(done))
        if count > 0 {
            done += count
        } else if count == 0 {
            break
        } else if errno != EINTR {
            throw SystemFault("read", path)
        }
    }
    return done
}

/// Paths longer than this are walked in pieces: `PATH_MAX` is 4096 with the NUL.
private let pieceLimit = 4000

/// One step: openat2 where the kernel has it, else component by component with `O_NOFOLLOW`.
private func openPiece(
    of directory: Int32, _ path: [UInt8], flags: Int32, mode: UInt32, whole: BytePath
)
    throws(SystemFault) -> OpenFile
{
    while true {
        let descriptor = BytePath(path).withCString {
            tdr_open_beneath(directory, $0, UInt64(UInt32(bitPattern: flags)), UInt64(mode))
        }
        if descriptor >= 0 { return OpenFile(adopting: descriptor, path: whole) }
        switch errno {
        case EINTR, EAGAIN: continue
        case ENOSYS where !kernelHasOpenat2, EPERM where !kernelHasOpenat2:
            return try openComponents(of: directory, path, flags: flags, mode: mode, whole: whole)
        default: throw SystemFault("open", whole)
        }
    }
}

/// `O_PATH` of <fcntl.h>, which the Glibc module leaves out.
private let pathOnly = tdr_o_path()

/// A sandbox that forbids openat2 answers EPERM, as does a file that may not be opened: one probe tells them apart.
private let kernelHasOpenat2: Bool = {
    let descriptor = tdr_open_beneath(AT_FDCWD, ".", UInt64(pathOnly | O_CLOEXEC), 0)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
}()

private func openComponents(
    of directory: Int32, _ path: [UInt8], flags: Int32, mode: UInt32, whole: BytePath
)
    throws(SystemFault) -> OpenFile
{
    let names = path.split(separator: UInt8(ascii: "/")).map(Array.init)
    var base: OpenFile?
    for (index, name) in names.enumerated() {
        let last = index == names.count - 1
        let parent = base?.descriptor ?? directory
        let stepFlags = last ? flags : pathOnly | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let descriptor = BytePath(name).withCString { openat(parent, $0, stepFlags, mode) }
        guard descriptor >= 0 else { throw SystemFault("open", whole) }
        let next = OpenFile(adopting: descriptor, path: whole)
        if last { return next }
        base = consume next
    }
    throw SystemFault("open", whole, code: ENOENT)
}

/// An open file behind a reference, for places that hold one only sometimes. Closed with the last reference.
package final class SharedFile: Sendable {
    package let file: OpenFile

    package init(_ file: consuming OpenFile) { self.file = file }
}
