import Glibc

/// Puts a small file in its place, whole and durable, or not at all.
///
/// The bytes go to a hidden name beside it, are made durable, and take the name by a rename; then the folder is made
/// durable. Whoever reads sees the old content or the new, and so does a machine that lost its power.
///
/// - Throws: ``SystemFault``; the file is then as it was.
package func writeDurably(_ bytes: [UInt8], to path: BytePath, mode: UInt32 = 0o644) throws(SystemFault) {
    let folder = try OpenFile.directory(path.directory)
    let hidden = [UInt8(ascii: ".")] + path.lastComponent + Array(".\(getpid()).tdr-partial".utf8)
    let temporary = path.directory.appending(hidden)
    do throws(SystemFault) {
        let file = try OpenFile.open(
            temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode: mode)
        try file.write(bytes)
        try file.sync()
        guard temporary.withCString({ from in path.withCString { rename(from, $0) } }) == 0 else {
            throw SystemFault("rename to", path)
        }
    } catch {
        // What is left of a failed attempt is of no use; when it cannot be removed, the fault says enough.
        _ = temporary.withCString { unlink($0) }
        throw error
    }
    try folder.sync()
}

/// All bytes of a regular file that has at most `limit` of them.
///
/// - Throws: ``SystemFault``; `EFBIG` for a larger file, `EINVAL` for anything but a regular file.
package func readWhole(_ path: BytePath, limit: Int) throws(SystemFault) -> [UInt8] {
    let file = try OpenFile.reading(path)
    let status = try file.status()
    guard status.kind == .regular else { throw SystemFault("read", path, code: EINVAL) }
    guard status.size <= Int64(limit) else { throw SystemFault("read", path, code: EFBIG) }
    let buffer = Buffer(count: Int(status.size) + 1)
    let count = try file.fill(buffer.bytes)
    return Array(buffer.prefix(count))
}

/// A file that is written piece by piece and takes its name only when it is complete and durable.
package final class DurableWriter {
    private let path: BytePath
    private let temporary: BytePath
    private let file: OpenFile
    private var isDone = false

    /// Begins a file under a hidden name beside `path`.
    ///
    /// - Throws: ``SystemFault``.
    package init(to path: BytePath, mode: UInt32 = 0o644) throws(SystemFault) {
        self.path = path
        let hidden = [UInt8(ascii: ".")] + path.lastComponent + Array(".\(getpid()).tdr-partial".utf8)
        temporary = path.directory.appending(hidden)
        file = try OpenFile.open(
            temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode: mode)
    }

    // What was not committed is of no use.
    deinit { if !isDone { _ = temporary.withCString { unlink($0) } } }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemFault) { try file.write(bytes) }

    /// Gives the file its name.
    package func commit() throws(SystemFault) {
        try file.sync()
        guard temporary.withCString({ from in path.withCString { rename(from, $0) } }) == 0 else {
            throw SystemFault("rename to", path)
        }
        isDone = true
        try OpenFile.directory(path.directory).sync()
    }
}
