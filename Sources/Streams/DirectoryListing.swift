import Glibc

/// The names in one directory, sorted as bytes. Held in one block of memory, for folders of a million entries.
package struct DirectoryListing: Sendable {
    private var characters: [UInt8] = []
    private var spans: [(start: Int, length: Int32)] = []

    /// Lists an open directory, without `.` and `..`.
    ///
    /// - Throws: ``SystemFault`` when it cannot be read to its end: never a short list.
    package init(of directory: borrowing OpenFile) throws(SystemFault) {
        // fdopendir takes its descriptor over; the caller keeps the original. "." gives a position of its own.
        let own = openat(directory.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw SystemFault("list", directory.path) }
        guard let stream = fdopendir(own) else {
            let fault = SystemFault("list", directory.path)
            close(own)
            throw fault
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemFault("list", directory.path) }
                break
            }
            withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    let length = strlen(UnsafeRawPointer(bytes).assumingMemoryBound(to: CChar.self))
                    if length == 1, bytes[0] == UInt8(ascii: ".") { return }
                    if length == 2, bytes[0] == UInt8(ascii: "."), bytes[1] == UInt8(ascii: ".") { return }
                    spans.append((characters.count, Int32(length)))
                    characters.append(contentsOf: UnsafeBufferPointer(start: bytes, count: length))
                }
            }
        }
        characters.withUnsafeBufferPointer { all in
            spans.sort { a, b in
                guard let base = all.baseAddress else { return false }
                let order = memcmp(base + a.start, base + b.start, Int(min(a.length, b.length)))
                return order != 0 ? order < 0 : a.length < b.length
            }
        }
    }

    package var count: Int { spans.count }

    /// The name at `index` in sorted order.
    package subscript(index: Int) -> [UInt8] {
        let span = spans[index]
        return Array(characters[span.start..<span.start + Int(span.length)])
    }
}
