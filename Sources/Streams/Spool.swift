import Glibc

/// Bytes that come as a stream and are wanted at any place: in memory up to a limit, beyond it in a temporary file
/// that has no name, so that nothing is left behind however the process ends. Made once, used for many streams.
package final class Spool: ByteSource {
    private let folder: BytePath
    private let memory: Buffer
    private var file: SharedFile?
    /// Bytes so far.
    package private(set) var count: Int64 = 0

    /// A spool that keeps up to `memoryBytes` in memory and makes its files in `folder`.
    package init(memoryBytes: Int, folder: BytePath) {
        memory = Buffer(count: memoryBytes)
        self.folder = folder
    }

    /// Forgets the stream.
    package func reset() {
        file = nil
        count = 0
    }

    /// Adds what comes next.
    ///
    /// - Throws: ``SystemFault`` when the temporary file cannot be made or written.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(SystemFault) {
        if file == nil, Int64(bytes.count) > Int64(memory.bytes.count) - count { try moveToFile() }
        if let file {
            try file.file.write(bytes)
        } else {
            UnsafeMutableRawBufferPointer(rebasing: memory.bytes[Int(count)...]).copyMemory(from: bytes)
        }
        count += Int64(bytes.count)
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        if let file { return try file.file.read(into: buffer, at: offset) }
        guard offset >= 0, offset < count else { return 0 }
        let length = min(buffer.count, Int(count - offset))
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory.bytes[Int(offset)..<Int(offset) + length]))
        return length
    }

    /// The stream as an open file of its own, called `name` in messages.
    ///
    /// - Throws: ``SystemFault``.
    package func openFile(named name: BytePath) throws(SystemFault) -> OpenFile {
        if file == nil { try moveToFile() }
        guard let file else { preconditionFailure("the stream was just moved to a file") }
        let copy = fcntl(file.file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemFault("open", name) }
        return OpenFile(adopting: copy, path: name)
    }

    private func moveToFile() throws(SystemFault) {
        let name = folder.appending("tdr-\(UInt64.random(in: .min ... .max))")
        let made = try OpenFile.open(name, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
        guard name.withCString({ unlink($0) }) == 0 else { throw SystemFault("remove", name) }
        try made.write(memory.prefix(Int(count)))
        file = SharedFile(made)
    }
}
