import CShims
import Glibc
import Streams

/// What came of reading one file at upload.
struct TakenFile: Sendable {
    /// Bytes.
    var size: Int64
    /// Nanoseconds since 1970 UTC.
    var modified: Int64
    var sha256: SHA256Digest
}

/// Why one file could not be taken: a finding, not the end of the run.
struct NotTaken: Error {
    let reason: String
}

/// Reads files of a source once each: hashes them and, when they are to be copied, writes the same bytes to the store.
struct FileTaker: Sendable {
    let source: BytePath
    /// Where the consignment's objects go; nil when the files stay where they lie.
    let shelf: (any ObjectShelf)?
    let meter: ProgressMeter

    private static let attempts = 3

    /// Reads `origin` to its end, writing it to the object.
    ///
    /// A file that changes meanwhile is read again, three times in all.
    /// - Throws: ``NotTaken`` for a finding; why the store, or the server that keeps the objects, cannot take it;
    ///   `CancellationError`.
    func take(
        _ origin: RelativePath, as object: RecordID, root: borrowing OpenFile, buffer: borrowing Buffer
    ) throws -> TakenFile {
        var reason = ""
        for _ in 0..<FileTaker.attempts {
            do {
                return try takeOnce(origin, as: object, root: root, buffer: buffer)
            } catch let changed as Changed {
                reason = changed.how
            }
        }
        throw NotTaken(reason: "it changes while it is read: \(reason); upload it again when nobody writes to it")
    }

    private struct Changed: Error { let how: String }

    private func takeOnce(
        _ origin: RelativePath, as object: RecordID, root: borrowing OpenFile, buffer: borrowing Buffer
    ) throws -> TakenFile {
        let file = try openSource(origin, root: root)
        let before = try file.status()
        guard before.kind == .regular else { throw NotTaken(reason: "it is a \(before.kind.rawValue) now") }
        let new = try shelf?.make(object)
        do {
            let (count, digest) = try copy(file, before, to: new, buffer: buffer)
            let after = try file.status()
            guard count == before.size, after.showsNoChange(since: before) else {
                throw Changed(how: "\(before.size) bytes at first, \(count) read, \(after.size) afterwards")
            }
            try new?.finish(digest)
            return TakenFile(size: count, modified: before.modified, sha256: digest)
        } catch {
            new?.discard()
            throw error
        }
    }

    private func openSource(_ origin: RelativePath, root: borrowing OpenFile) throws -> OpenFile {
        do {
            return try root.opening(origin)
        } catch {
            // Too many open files is our own trouble, not the file's.
            if error.code == EMFILE || error.code == ENFILE { throw error }
            throw NotTaken(reason: "it cannot be opened: \(error.reason)")
        }
    }

    private func copy(
        _ file: borrowing OpenFile, _ status: FileStatus, to object: (any NewObject)?, buffer: borrowing Buffer
    ) throws -> (count: Int64, digest: SHA256Digest) {
        var hasher = SHA256Hasher()
        var offset: Int64 = 0
        let sparse = status.allocated + 65_536 < status.size
        while true {
            try Task.checkCancellation()
            if sparse, let end = file.endOfHole(at: offset, limit: status.size) {
                try hashZeros(end - offset, with: &hasher, buffer: buffer)
                offset = end
                try object?.skip(to: end)
                try file.seek(to: end)
                if offset == status.size { break }
            }
            let count: Int
            do throws(SystemFault) {
                count = try file.read(into: buffer.bytes)
            } catch {
                throw NotTaken(reason: "it cannot be read at byte \(offset): \(error.reason)")
            }
            if count == 0 { break }
            let bytes = buffer.prefix(count)
            hasher.update(bytes)
            try object?.write(bytes)
            offset += Int64(count)
            meter.add(bytes: Int64(count))
            if offset > status.size { break }  // it grows: no need to follow it
        }
        return (offset, hasher.finish())
    }

    private func hashZeros(_ count: Int64, with hasher: inout SHA256Hasher, buffer: borrowing Buffer) throws {
        buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0)
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            let piece = Int(min(left, Int64(buffer.bytes.count)))
            hasher.update(buffer.prefix(piece))
            left -= Int64(piece)
            meter.add(bytes: Int64(piece))
        }
    }
}

extension OpenFile {
    /// The end of the hole that begins at `offset`, at most `limit`; nil where there is data, or no telling.
    fileprivate borrowing func endOfHole(at offset: Int64, limit: Int64) -> Int64? {
        let data = lseek(descriptor, off_t(offset), tdr_seek_data())
        if data < 0 { return errno == ENXIO && offset < limit ? limit : nil }
        return data > off_t(offset) ? min(Int64(data), limit) : nil
    }
}
