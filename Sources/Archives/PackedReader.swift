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
    private let file: OpenFile
    private let limits: ArchiveLimits
    private let packedBytes: Int64
    private var members: Int64 = 0
    private var unpackedBytes: Int64 = 0
    private var current: ArchiveMember?

    /// Starts at the first byte of `file`, which must be seekable; its position moves.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, `SystemFault`.
    package init(_ file: consuming OpenFile, as form: Form, limits: ArchiveLimits = ArchiveLimits()) throws {
        packedBytes = try file.status().size
        lseek(file.descriptor, 0, SEEK_SET)
        guard let archive = archive_read_new() else {
            throw ArchiveFault.notAnArchive(file.path, found: "no memory for a reader")
        }
        self.archive = archive
        self.file = file
        self.limits = limits
        switch form {
        case .zip: archive_read_support_format_zip_seekable(archive)
        case .gzip:
            archive_read_support_filter_gzip(archive)
            archive_read_support_format_raw(archive)
        }
        guard archive_read_open_fd(archive, self.file.descriptor, 256 << 10) == ARCHIVE_OK else {
            throw ArchiveFault.notAnArchive(self.file.path, found: message(of: archive))
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
            let reason = message(of: archive)
            throw current == nil
                ? ArchiveFault.notAnArchive(file.path, found: reason)
                : ArchiveFault.damaged(
                    file.path, member: current?.path, offset: archive_filter_bytes(archive, 0), reason: reason)
        }
        members += 1
        guard members <= limits.members else {
            throw ArchiveFault.beyondLimit(file.path, .members, allowed: limits.members, member: nil)
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
                throw ArchiveFault.damaged(
                    file.path, member: member.path, offset: archive_filter_bytes(archive, 0),
                    reason: message(of: archive))
            }
            unpackedBytes += Int64(count)
            guard unpackedBytes <= limits.bytes else {
                throw ArchiveFault.beyondLimit(file.path, .bytes, allowed: limits.bytes, member: member.path)
            }
            guard unpackedBytes <= limits.ratioFreeBytes || unpackedBytes / limits.ratio <= packedBytes else {
                throw ArchiveFault.beyondLimit(file.path, .ratio, allowed: limits.ratio, member: member.path)
            }
            if count > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: count)) }
        }
    }
}
