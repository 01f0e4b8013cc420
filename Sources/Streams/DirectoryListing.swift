import CShims
import Glibc

/// The names in one directory, sorted as bytes. Held in one block of memory, for folders of a million entries.
package struct DirectoryListing: Sendable {
    private struct Span {
        var start: Int
        var length: UInt16
        /// `d_type` of getdents64(2).
        var type: UInt8
    }

    private var characters: [UInt8] = []
    private var spans: [Span] = []

    /// Lists an open directory, without `.` and `..`, from its beginning.
    ///
    /// - Throws: ``SystemFault`` when it cannot be read to its end: never a short list.
    package init(of directory: borrowing OpenFile) throws(SystemFault) {
        try self.init(of: directory, using: Buffer(count: 32 << 10))
    }

    /// The same with a buffer of some kilobytes of the caller's, who lists many.
    package init(of directory: borrowing OpenFile, using buffer: borrowing Buffer) throws(SystemFault) {
        guard lseek(directory.descriptor, 0, SEEK_SET) >= 0 else { throw SystemFault("list", directory.path) }
        while true {
            let count = tdr_read_directory(directory.descriptor, buffer.bytes.baseAddress, buffer.bytes.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemFault("list", directory.path)
            }
            if count == 0 { break }
            take(buffer.prefix(count))
        }
        guard spans.count > 1 else { return }
        characters.withUnsafeBufferPointer { all in
            spans.sort { a, b in
                guard let base = all.baseAddress else { return false }
                let order = memcmp(base + a.start, base + b.start, Int(min(a.length, b.length)))
                return order != 0 ? order < 0 : a.length < b.length
            }
        }
    }

    /// Takes `struct linux_dirent64` records: inode and place, eight bytes each, the record's length, the type, the name
    /// with a NUL behind it.
    private mutating func take(_ records: UnsafeRawBufferPointer) {
        let nameAt = 19
        var at = 0
        while at + nameAt < records.count {
            let size = Int(records.loadUnaligned(fromByteOffset: at + 16, as: UInt16.self))
            guard size > nameAt, at + size <= records.count else { return }
            let room = UnsafeRawBufferPointer(rebasing: records[at + nameAt..<at + size])
            let name = UnsafeRawBufferPointer(rebasing: room[..<(room.firstIndex(of: 0) ?? room.count)])
            if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) {
                spans.append(Span(start: characters.count, length: UInt16(name.count), type: records[at + 18]))
                characters.append(contentsOf: name)
            }
            at += size
        }
    }

    package var count: Int { spans.count }

    /// The name at `index` in sorted order.
    package subscript(index: Int) -> [UInt8] {
        let span = spans[index]
        return Array(characters[span.start..<span.start + Int(span.length)])
    }

    /// What the entry at `index` was when the directory was read; nil where the file system does not say.
    package func kind(at index: Int) -> FileStatus.Kind? {
        switch Int(spans[index].type) {
        case DT_REG: .regular
        case DT_DIR: .directory
        case DT_LNK: .symlink
        case DT_FIFO: .fifo
        case DT_SOCK: .socket
        case DT_CHR: .characterDevice
        case DT_BLK: .blockDevice
        default: nil
        }
    }
}
