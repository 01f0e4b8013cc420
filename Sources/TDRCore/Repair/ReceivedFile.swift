import CShims
import Glibc
public import Streams

/// A file that comes through a form: in `incoming/forms` of the store, hidden from everybody, until somebody takes its
/// bytes. It goes with this value; what a crash leaves is swept away at the next start of the server.
public final class ReceivedFile: Sendable {
    private struct State {
        var hasher = SHA256Hasher()
        var count: Int64 = 0
    }

    /// Room that is left for the database, which has to record it all.
    private static let reserve: Int64 = 64 << 20

    /// Where it is.
    public let place: BytePath
    private let file: OpenFile
    private let state = Guarded(State())

    /// Begins a file of about `expected` bytes.
    ///
    /// - Throws: ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    public init(in store: Store, expected: Int64) throws {
        place = try ReceivedFile.place(in: store, expected: expected)
        file = try OpenFile.open(place, flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
    }

    /// A new name where about `expected` bytes have room.
    ///
    /// - Throws: ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    static func place(in store: Store, expected: Int64) throws -> BytePath {
        let folder = ReceivedFile.folder(of: store.directory)
        try makeDirectory(folder, intermediate: true)
        var room = statvfs()
        guard folder.withCString({ statvfs($0, &room) }) == 0 else { throw SystemFault("look at", folder) }
        // Its bytes are written twice: here, and as an object.
        let available = Int64(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize)) - ReceivedFile.reserve
        guard expected <= available / 2 else { throw DeliveryError.tooLittleRoom }
        return folder.appending(RecordID.random().description)
    }

    // What was not taken is of no use.
    deinit { _ = place.withCString { unlink($0) } }

    /// Bytes so far.
    public var count: Int64 { state.withLock { $0.count } }

    /// Takes the next bytes.
    ///
    /// - Throws: ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            try ReceivedFile.write(bytes, to: file)
            state.hasher.update(bytes)
            state.count += Int64(bytes.count)
        }
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to file: borrowing OpenFile) throws {
        do throws(SystemFault) {
            try file.write(bytes)
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DeliveryError.tooLittleRoom }
            throw error
        }
    }

    /// The digest of all its bytes, once they are there.
    public var digest: SHA256Digest { state.withLock { $0.hasher.finish() } }

    /// Calls `body` with its bytes, piece by piece.
    ///
    /// - Throws: ``SystemFault``, and what `body` throws.
    public func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = Buffer(count: 1 << 20)
        var offset: Int64 = 0
        while case let count = try file.read(into: buffer.bytes, at: offset), count > 0 {
            try body(buffer.prefix(count))
            offset += Int64(count)
        }
    }

    /// Gives the file the time at which its owner last changed it, in milliseconds since 1970 UTC.
    ///
    /// - Throws: ``SystemFault``.
    public func setModified(_ milliseconds: Int64) throws {
        try ReceivedFile.setModified(milliseconds, of: file, place)
    }

    static func setModified(_ milliseconds: Int64, of file: borrowing OpenFile, _ place: BytePath) throws {
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        let time = timespec(
            tv_sec: Int(rest < 0 ? seconds - 1 : seconds), tv_nsec: Int((rest + 1000) % 1000) * 1_000_000)
        guard futimens(file.descriptor, [time, time]) == 0 else { throw SystemFault("set the time of", place) }
    }

    /// A folder of the store for what is made to be sent, in files without a name.
    ///
    /// - Throws: ``SystemFault``.
    public static func scratch(in store: Store) throws -> BytePath {
        let folder = folder(of: store.directory)
        try makeDirectory(folder, intermediate: true)
        return folder
    }

    static func folder(of store: BytePath) -> BytePath { store.appending("incoming").appending("forms") }

    /// Removes what an earlier server has left. Only for the one that serves the store now.
    ///
    /// - Throws: ``SystemFault``.
    public static func sweep(_ store: Store) throws {
        let folder = folder(of: store.directory)
        guard (try? FileStatus.of(folder))?.kind == .directory else { return }  // nothing ever came through a form
        let names = try DirectoryListing(of: OpenFile.directory(folder))
        for index in 0..<names.count {
            let left = folder.appending(names[index])
            if left.withCString({ unlink($0) }) == 0 || errno == ENOENT { continue }
            // A tree is a folder.
            guard errno == EISDIR else { throw SystemFault("remove", left) }
            try removeTree(left)
        }
    }
}
