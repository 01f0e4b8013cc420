import CArchive
import Glibc
package import Streams

/// How much an archive may be: a small file can stand for more than any disk holds.
package struct ArchiveLimits: Hashable, Sendable {
    /// Members, folders included.
    package var members: Int64
    /// Bytes of all members together, as their headers announce them.
    package var bytes: Int64
    /// Unpacked bytes for one packed byte.
    package var ratio: Int64
    /// Up to this many unpacked bytes the ratio does not count.
    package var ratioFreeBytes: Int64

    /// The defaults let any transfer of records through: 10 million members, 16 TiB, 200 to 1 beyond 256 MiB.
    package init(
        members: Int64 = 10_000_000, bytes: Int64 = 16 << 40, ratio: Int64 = 200, ratioFreeBytes: Int64 = 256 << 20
    ) {
        self.members = members
        self.bytes = bytes
        self.ratio = max(1, ratio)
        self.ratioFreeBytes = ratioFreeBytes
    }
}

/// One member of an archive, as its header describes it. Nothing in it is to be trusted.
package struct ArchiveMember: Hashable, Sendable {
    /// What a member is.
    package enum Kind: String, Sendable { case file, directory, symlink, hardlink, other }

    /// The name's bytes as stored, hostile or not; nil when there is none that could be decoded.
    package let path: [UInt8]?
    /// Only a file has content.
    package let kind: Kind
    /// Bytes of content; 0 for anything but a file.
    package let size: Int64
    /// Where a link leads, as stored.
    package let linkTarget: [UInt8]?
    /// Seconds since 1970 UTC.
    package let modifiedSeconds: Int64
}

/// Reads the members of a tar archive, plain or gzip-compressed, in order and once.
///
/// Each ``next()`` may be followed by one ``readContent(_:)``. When `next` has returned nil the whole file was read,
/// checksums and end mark were right, and nothing but padding followed. A class, because libarchive keeps pointers to
/// its parts; it belongs to one task at a time.
package final class ArchiveReader {
    private let archive: OpaquePointer
    private let feed: ByteFeed
    private let limits: ArchiveLimits
    private var members: Int64 = 0
    private var announcedBytes: Int64 = 0
    private var current: ArchiveMember?
    private var isSparse = false

    /// Starts at the first byte of `file`, which must be seekable; its own position does not move.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, `SystemFault`.
    package convenience init(_ file: consuming OpenFile, limits: ArchiveLimits = ArchiveLimits()) throws {
        let path = file.path
        try self.init(try OpenFileSource(file), path: path, limits: limits)
    }

    /// Starts at the first byte of `source`, which messages call `path`. It is read from the start to the end.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, what the source throws.
    package init(_ source: any ByteSource, path: BytePath, limits: ArchiveLimits) throws {
        feed = try ByteFeed(source, path: path, limits: limits)
        self.limits = limits
        guard let archive = archive_read_new() else {
            throw ArchiveFault.notAnArchive(feed.path, found: "no memory for a reader")
        }
        self.archive = archive
        archive_read_support_format_tar(archive)
        let code = archive_read_open(
            archive, Unmanaged.passUnretained(feed).toOpaque(), nil,
            { _, context, block in
                guard let context else { return -1 }
                let feed = Unmanaged<ByteFeed>.fromOpaque(context).takeUnretainedValue()
                let bytes = feed.next()
                block?.pointee = bytes.baseAddress
                return feed.failure == nil ? bytes.count : -1
            }, nil)
        guard code == ARCHIVE_OK else {
            let reason = feed.failure ?? ArchiveFault.notAnArchive(feed.path, found: message(of: archive))
            throw reason
        }
    }

    deinit { archive_read_free(archive) }

    /// The next member, nil after the last.
    ///
    /// - Throws: ``ArchiveFault`` with the last member and the offset, `SystemFault`.
    package func next() throws -> ArchiveMember? {
        var entry: OpaquePointer?
        var code: Int32
        repeat {
            code = NameLocale.reading.scoped { archive_read_next_header(archive, &entry) }
        } while code == ARCHIVE_RETRY
        if let failure = feed.failure { throw failure }
        if code == ARCHIVE_EOF {
            try feed.verifyEnd(at: archive_filter_bytes(archive, 0))
            return nil
        }
        // A warning here means that a name could not be converted, which is what keeps its bytes: see NameLocale.
        guard code >= ARCHIVE_WARN, let entry else { throw fault() }
        let member = ArchiveMember(entry)
        current = member
        feed.member = member.path
        isSparse = archive_entry_sparse_count(entry) > 0
        members += 1
        guard members <= limits.members else {
            throw ArchiveFault.beyondLimit(feed.path, .members, allowed: limits.members, member: nil)
        }
        guard member.size >= 0, member.size <= limits.bytes - announcedBytes else {
            throw ArchiveFault.beyondLimit(feed.path, .bytes, allowed: limits.bytes, member: member.path)
        }
        announcedBytes += member.size
        return member
    }

    /// Gives the content of the current member to `body`, piece by piece; the memory is lent for the call. Holes of a
    /// sparse file come as zeros. Exactly `size` bytes come, or an error is thrown.
    ///
    /// - Throws: what `body` throws, ``ArchiveFault``, `SystemFault`.
    package func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let member = current, member.kind == .file else { return }
        var position: Int64 = 0
        while true {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: Int64 = 0
            let code = archive_read_data_block(archive, &bytes, &count, &offset)
            if let failure = feed.failure { throw failure }
            if code == ARCHIVE_RETRY { continue }
            if code == ARCHIVE_EOF { break }
            guard code >= ARCHIVE_WARN, offset >= position, count <= member.size - offset else { throw fault() }
            try fillHole(from: position, to: offset, body)
            if count > 0 { try body(UnsafeRawBufferPointer(start: bytes, count: count)) }
            position = offset + Int64(count)
        }
        guard position == member.size || isSparse else { throw fault() }
        try fillHole(from: position, to: member.size, body)
    }

    private func fillHole(
        from start: Int64, to end: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var position = start
        while position < end {
            let count = min(end - position, Int64(zeros.count))
            try zeros.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
            position += count
        }
    }

    private func fault() -> any Error {
        if let failure = feed.failure { return failure }
        let offset = archive_filter_bytes(archive, 0)
        let reason = message(of: archive)
        // The feed has given everything and libarchive wants more: that is all "truncated" can mean.
        if feed.isAtEnd { return ArchiveFault.truncated(feed.path, member: current?.path, offset: feed.position) }
        if current == nil { return ArchiveFault.notAnArchive(feed.path, found: reason) }
        return ArchiveFault.damaged(feed.path, member: current?.path, offset: offset, reason: reason)
    }
}

private let zeros = [UInt8](repeating: 0, count: 64 << 10)

extension ArchiveMember {
    init(_ entry: OpaquePointer) {
        let link = archive_entry_hardlink(entry) ?? archive_entry_symlink(entry)
        path = archive_entry_pathname(entry).map(bytes)
        linkTarget = link.map(bytes)
        if archive_entry_hardlink(entry) != nil {
            kind = .hardlink
        } else {
            switch mode_t(archive_entry_filetype(entry)) {
            case S_IFREG: kind = .file
            case S_IFDIR: kind = .directory
            case S_IFLNK: kind = .symlink
            default: kind = .other
            }
        }
        size = kind == .file ? archive_entry_size(entry) : 0
        modifiedSeconds = Int64(archive_entry_mtime(entry))
    }
}

private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}
