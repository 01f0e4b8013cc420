import CShims
import Glibc
public import Streams

/// The bytes of a declared file on their way in: in `incoming/{consignment}/{file}` of the store until they are whole
/// and proved, so that nobody takes them for an object. For one task at a time.
///
/// What has arrived stays when a connection breaks; the rest is sent later from there. The digest is computed on what
/// is written; after a break it is computed anew over what the disk has, and so proves that, too.
public final class PartialFile {
    /// What to do when the client says which piece this is.
    public enum Start: Sendable {
        /// From the first byte, whatever has arrived.
        case anew
        /// From this byte on, which must be the next.
        case at(Int64)
    }

    private let file: OpenFile
    private let expected: ExpectedFile
    private let place: BytePath
    private let store: BytePath
    private let digests: PartialDigests?
    /// What is computed of the bytes.
    package let hashing: PartialHashing
    private let begin: Int64
    private var unflushed: Int64 = 0
    /// Bytes there are, of this piece and of those before it.
    public private(set) var count: Int64

    /// Bytes of the file that have arrived in earlier tries.
    public static func received(_ expected: ExpectedFile, in store: Store) -> Int64 {
        // What cannot be looked at has to come again.
        (try? FileStatus.of(place(of: expected, in: store)).size) ?? 0
    }

    /// Opens the file for a piece.
    ///
    /// - Parameter digests: Where the digest of the pieces before may have been kept.
    /// - Throws: ``DeliveryError/wrongOffset(expected:)``, ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    public init(
        _ expected: ExpectedFile, in store: Store, _ start: Start, digestsPiece: Bool, digests: PartialDigests? = nil
    ) throws {
        self.expected = expected
        self.digests = digests
        self.store = store.directory
        place = PartialFile.place(of: expected, in: store)
        try makeDirectory(store.directory.appending("incoming"), intermediate: false)
        try makeDirectory(place.directory, intermediate: false)
        file = try OpenFile.open(place, flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode: 0o600)
        // Another request may have been at it: one writer at a time, whichever process.
        guard try file.tryLock() else { throw DeliveryError.beingSent }
        let status = try file.status()
        // While we waited for the lock it may have become an object, which nobody writes to.
        guard let named = try? FileStatus.of(place), named.inode == status.inode, named.device == status.device else {
            throw DeliveryError.beingSent
        }
        let there = status.size
        let kept = digests?.take(expected.id, of: status)
        var whole = SHA256Hasher()
        switch start {
        case .anew:
            try file.truncate(to: 0)
            begin = 0
        case .at(let offset):
            guard offset == there else { throw DeliveryError.wrongOffset(expected: there) }
            if let kept {
                whole = kept
            } else {
                try FileSource(file, count: there).forEachPiece { bytes, _ in whole.update(bytes) }
            }
            begin = there
        }
        hashing = PartialHashing(whole, piece: digestsPiece ? SHA256Hasher() : nil)
        count = begin
        guard lseek(file.descriptor, off_t(begin), SEEK_SET) >= 0 else { throw SystemFault("write", place) }
        var room = statvfs()
        guard store.directory.withCString({ statvfs($0, &room) }) == 0 else {
            throw SystemFault("look at", store.directory)
        }
        // Some room is left for the database, which has to record it all.
        let available = Int64(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
        guard expected.size - begin <= available - (64 << 20) else { throw DeliveryError.tooLittleRoom }
    }

    private static func place(of expected: ExpectedFile, in store: Store) -> BytePath {
        store.directory.appending("incoming").appending(expected.consignment.id.description)
            .appending(expected.id.description)
    }

    /// Takes the next bytes.
    ///
    /// - Throws: ``DeliveryError/wrongSize(declared:received:)`` when they are too many; ``DeliveryError``,
    ///   ``SystemFault``.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try keep(bytes)
        hashing.update(bytes)
    }

    /// Takes the next bytes, whose digest somebody computes meanwhile by ``hashing``.
    ///
    /// - Throws: as ``write(_:)``.
    package func keep(_ bytes: UnsafeRawBufferPointer) throws {
        guard count + Int64(bytes.count) <= expected.size else {
            throw DeliveryError.wrongSize(declared: expected.size, received: count + Int64(bytes.count))
        }
        do {
            try file.write(bytes)
        } catch {
            if error.code == ENOSPC || error.code == EDQUOT { throw DeliveryError.tooLittleRoom }
            throw error
        }
        count += Int64(bytes.count)
        unflushed += Int64(bytes.count)
        if unflushed >= 16 << 20 {
            // Writing back while the rest arrives, so that the sync before the commit finds little to do.
            _ = tdr_start_writeback(file.descriptor, count - unflushed, unflushed)
            unflushed = 0
        }
    }

    /// The digest of the piece that was written, where it was asked for.
    public var pieceDigest: SHA256Digest? { hashing.piece }

    /// Takes back the piece: it is not what its sender says it is.
    public func takeBack() throws {
        try file.truncate(to: begin)
        count = begin
    }

    /// Whether all bytes are there.
    public var isWhole: Bool { count == expected.size }

    /// Ends a piece that others follow: its digest is kept for them.
    public func pause() throws { digests?.keep(hashing.whole, of: try file.status(), as: expected.id) }

    /// Proves the whole file; what is not as declared is thrown away, to be sent again from the start.
    ///
    /// - Throws: ``DeliveryError/mismatch(declared:received:)``; ``DeliveryError/wrongState(_:)`` when nothing has been
    ///   declared that it could be proved against.
    public func prove() throws -> ProvedFile {
        if expected.awaitsDigest { throw DeliveryError.wrongState("the file's SHA-256 has not been declared yet") }
        let digest = hashing.whole.finish()
        guard digest == expected.sha256 else {
            try file.truncate(to: 0)
            throw DeliveryError.mismatch(declared: expected.sha256.hex, received: digest.hex)
        }
        let proved = ProvedFile(expected: expected, place: place, status: try file.status())
        // Whoever records it locks it again.
        file.unlock()
        return proved
    }
}

/// What is computed of the bytes of a file on their way in: on any thread, piece by piece in their order.
package final class PartialHashing: Sendable {
    private struct State {
        var whole: SHA256Hasher
        /// Of this piece alone, where the client gave a digest of it.
        var piece: SHA256Hasher?
    }

    private let state: Guarded<State>

    fileprivate init(_ whole: SHA256Hasher, piece: SHA256Hasher?) {
        state = Guarded(State(whole: whole, piece: piece))
    }

    /// Takes the next bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            state.whole.update(bytes)
            state.piece?.update(bytes)
        }
    }

    /// Of all bytes so far.
    fileprivate var whole: SHA256Hasher { state.withLock { $0.whole } }
    fileprivate var piece: SHA256Digest? { state.withLock { $0.piece?.finish() } }
}

/// A file whose bytes are all there and are those that were declared; not durable yet.
public struct ProvedFile: Sendable {
    let expected: ExpectedFile
    let place: BytePath
    /// How it was when it was proved.
    fileprivate let status: FileStatus

    /// Locks the file: as long as the result lives it is what was proved, since others write only with the lock.
    ///
    /// - Returns: nil when it is not there any more.
    /// - Throws: ``DeliveryError/beingSent`` when somebody has written to it since, or does now; ``SystemFault``.
    func claim() throws -> SharedFile? {
        let file: OpenFile
        do {
            file = try OpenFile.open(place, flags: O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        guard try file.tryLock(), try file.status().showsNoChange(since: status) else { throw DeliveryError.beingSent }
        return SharedFile(file)
    }
}
