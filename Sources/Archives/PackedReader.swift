import CArchive
import Glibc
package import Streams

/// Reads the members of a ZIP archive, or the one content of a gzip or bzip2 file, in order and once.
///
/// For looking at what is inside, not for proving it: unlike ``ArchiveReader`` it does not verify what follows the last
/// member. A class, because libarchive keeps pointers to its parts; it belongs to one task at a time.
package final class PackedReader {
    /// What is unpacked.
    package enum Form: Sendable {
        /// A ZIP archive, read by its central directory.
        case zip
        /// A gzip file: one member without a name.
        case gzip
    }

    private let archive: OpaquePointer
    private let feed: SeekingFeed
    private let path: BytePath
    private let limits: ArchiveLimits
    private let packedBytes: Int64
    private var members: Int64 = 0
    private var unpackedBytes: Int64 = 0
    private var current: ArchiveMember?

    /// Reads `file`, which must be seekable; its own position does not move.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, `SystemFault`.
    package convenience init(
        _ file: consuming OpenFile, as form: Form, limits: ArchiveLimits = ArchiveLimits()
    ) throws {
        let path = file.path
        try self.init(try OpenFileSource(file), path: path, as: form, limits: limits)
    }

    /// Reads `source`, which messages call `path`.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, what the source throws.
    package init(
        _ source: any ByteSource, path: BytePath, as form: Form, limits: ArchiveLimits = ArchiveLimits()
    ) throws {
        packedBytes = source.count
        guard let archive = archive_read_new() else {
            throw ArchiveFault.notAnArchive(path, found: "no memory for a reader")
        }
        self.archive = archive
        self.path = path
        self.limits = limits
        feed = SeekingFeed(source)
        switch form {
        case .zip: archive_read_support_format_zip_seekable(archive)
        case .gzip:
            archive_read_support_filter_gzip(archive)
            archive_read_support_format_raw(archive)
        }
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(feed).toOpaque())
        archive_read_set_read_callback(archive) { _, context, block in
            guard let context else { return -1 }
            let feed = Unmanaged<SeekingFeed>.fromOpaque(context).takeUnretainedValue()
            guard let piece = feed.next() else { return -1 }
            block?.pointee = piece.baseAddress
            return piece.count
        }
        archive_read_set_seek_callback(archive) { _, context, offset, whence in
            guard let context else { return Int64(ARCHIVE_FATAL) }
            return Unmanaged<SeekingFeed>.fromOpaque(context).takeUnretainedValue().seek(offset, whence)
        }
        guard archive_read_open1(archive) == ARCHIVE_OK else {
            if let failure = feed.failure { throw failure }
            throw ArchiveFault.notAnArchive(path, found: message(of: archive))
        }
    }

    deinit { archive_read_free(archive) }

    /// The next member, nil after the last. Sizes in it are what the archive claims, 0 where it claims none.
    ///
    /// - Throws: ``ArchiveFault``.
    package func next() throws -> ArchiveMember? {
        var entry: OpaquePointer?
        var code: Int32
        repeat {
            // ZIP says of a name whether it is UTF-8, and in "C" libarchive drops such a name. In UTF-8 it may come
            // composed (NFC): enough for looking inside.
            code = NameLocale.writing.scoped { archive_read_next_header(archive, &entry) }
        } while code == ARCHIVE_RETRY
        if code == ARCHIVE_EOF { return nil }
        // A warning here means that a name could not be converted.
        guard code >= ARCHIVE_WARN, let entry else {
            if let failure = feed.failure { throw failure }
            let reason = message(of: archive)
            throw current == nil
                ? ArchiveFault.notAnArchive(path, found: reason)
                : ArchiveFault.damaged(
                    path, member: current?.path, offset: archive_filter_bytes(archive, 0), reason: reason)
        }
        members += 1
        guard members <= limits.members else {
            throw ArchiveFault.beyondLimit(path, .members, allowed: limits.members, member: nil)
        }
        let member = ArchiveMember(entry)
        current = member
        return member
    }

    /// Gives the content of the current member to `body`, piece by piece; the memory is lent for the call.
    ///
    /// - Throws: what `body` throws; ``ArchiveFault``. After `damaged` the next member can still be asked for.
    package func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let member = current, member.kind == .file else { return }
        while true {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = archive_read_data_block(archive, &bytes, &count, &offset)
            if code == ARCHIVE_RETRY { continue }
            if code == ARCHIVE_EOF { return }
            guard code >= ARCHIVE_WARN else {
                if let failure = feed.failure { throw failure }
                throw ArchiveFault.damaged(
                    path, member: member.path, offset: archive_filter_bytes(archive, 0),
                    reason: message(of: archive))
            }
            unpackedBytes += Int64(count)
            guard unpackedBytes <= limits.bytes else {
                throw ArchiveFault.beyondLimit(path, .bytes, allowed: limits.bytes, member: member.path)
            }
            guard unpackedBytes <= limits.ratioFreeBytes || unpackedBytes / limits.ratio <= packedBytes else {
                throw ArchiveFault.beyondLimit(path, .ratio, allowed: limits.ratio, member: member.path)
            }
            if count > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: count)) }
        }
    }
}

/// A source as libarchive reads it: from a place that it moves.
private final class SeekingFeed {
    private let source: any ByteSource
    private let buffer = Buffer(count: 256 << 10)
    private var position: Int64 = 0
    /// What stopped it; libarchive can only be told "failed".
    private(set) var failure: (any Error)?

    init(_ source: any ByteSource) { self.source = source }

    /// The next bytes, valid until the next call, none at the end; nil on a ``failure``.
    func next() -> UnsafeRawBufferPointer? {
        do {
            let count = try source.read(into: buffer.bytes, at: position)
            position += Int64(count)
            return buffer.prefix(count)
        } catch {
            failure = error
            return nil
        }
    }

    func seek(_ offset: Int64, _ whence: Int32) -> Int64 {
        let base: Int64? =
            switch whence {
            case SEEK_SET: 0
            case SEEK_CUR: position
            case SEEK_END: source.count
            default: nil
            }
        guard let base else { return Int64(ARCHIVE_FATAL) }
        let (place, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, place >= 0 else { return Int64(ARCHIVE_FATAL) }
        position = place
        return place
    }
}
