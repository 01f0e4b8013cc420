import CArchive
import Glibc
import Streams

/// Writes a tar archive, plain or compressed, that has the same bytes for the same input on any day and machine.
///
/// Headers are ustar, with a pax record only for a name or size that ustar cannot hold ("pax restricted"). Names come out
/// byte for byte. The owner is 0:0 without names: numbers need no lookup in the receiving machine's user database. The
/// only times are those the caller gives; gzip carries neither time nor name.
///
/// Order of calls: any number of ``addDirectory(_:mode:modifiedSeconds:)`` and of ``beginFile(_:size:mode:modifiedSeconds:)``,
/// ``write(_:)``…, ``endFile()``; then ``finish()``. After any error the archive is lost: give the value up and start again.
/// One owner, one task at a time.
package struct TarWriter: ~Copyable {
    /// How the archive is compressed.
    package enum Compression: Hashable, Sendable {
        case none
        /// Level 0 (none), 1 (fast) to 9 (small).
        case gzip(level: Int)
        /// Level 0 (hardly any), or zstd's own 1 (fast) to 19 (small).
        case zstd(level: Int)
    }

    private enum Phase { case between, inFile, lost }

    private let outlet: Outlet
    private var phase = Phase.between
    private var member: [UInt8] = []
    private var size: Int64 = 0
    private var written: Int64 = 0

    /// Starts an archive. `sink` gets its bytes in order, in pieces of up to about 2 MB; the memory is lent for the call.
    /// `workers` threads compress; how many does not show in the bytes.
    ///
    /// - Throws: ``ArchiveFault/cannotWrite(member:reason:)`` when the compression is not available.
    package init(
        compression: Compression = .none, workers: Int = 1, sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let outlet = try Outlet(compression, workers: workers, sink)
        try outlet.open()
        self.outlet = outlet
    }

    /// Adds a directory. `path` has no trailing slash.
    package mutating func addDirectory(_ path: [UInt8], mode: UInt32 = 0o755, modifiedSeconds: Int64) throws {
        guard phase == .between else { throw ArchiveFault.outOfOrder("a directory inside a file") }
        try writeHeader(path, kind: S_IFDIR, size: 0, mode: mode, modifiedSeconds: modifiedSeconds)
    }

    /// Starts a file of exactly `size` bytes.
    package mutating func beginFile(
        _ path: [UInt8], size: Int64, mode: UInt32 = 0o644, modifiedSeconds: Int64
    ) throws {
        guard phase == .between else { throw ArchiveFault.outOfOrder("a file inside a file") }
        guard size >= 0 else { throw ArchiveFault.wrongSize(member: path, expected: size, found: 0) }
        try writeHeader(path, kind: S_IFREG, size: size, mode: mode, modifiedSeconds: modifiedSeconds)
        self.size = size
        written = 0
        phase = .inFile
    }

    /// Writes the next bytes of the file.
    ///
    /// - Throws: ``ArchiveFault/wrongSize(member:expected:found:)`` when more come than announced; nothing of them is written.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard phase == .inFile else { throw ArchiveFault.outOfOrder("bytes without a file") }
        guard Int64(bytes.count) <= size - written else {
            phase = .lost
            throw ArchiveFault.wrongSize(member: member, expected: size, found: written + Int64(bytes.count))
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = archive_write_data(outlet.archive, rest.baseAddress, rest.count)
            guard count > 0 else { throw lose() }
            written += Int64(count)
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Writes the next bytes of the file, as above.
    package mutating func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Ends the file.
    ///
    /// - Throws: ``ArchiveFault/wrongSize(member:expected:found:)`` when fewer bytes came than announced.
    package mutating func endFile() throws {
        guard phase == .inFile else { throw ArchiveFault.outOfOrder("the end of a file that was not begun") }
        guard written == size else {
            phase = .lost
            throw ArchiveFault.wrongSize(member: member, expected: size, found: written)
        }
        guard archive_write_finish_entry(outlet.archive) == ARCHIVE_OK else { throw lose() }
        phase = .between
    }

    /// Writes the end mark and everything still held back. The archive is complete only when this returns.
    package consuming func finish() throws {
        switch phase {
        case .between: break
        case .inFile: throw ArchiveFault.outOfOrder("the end of the archive inside a file")
        case .lost: throw ArchiveFault.outOfOrder("the end of an archive that failed")
        }
        guard archive_write_close(outlet.archive) == ARCHIVE_OK else { throw lose() }
        try outlet.flush()
    }

    private mutating func writeHeader(
        _ path: [UInt8], kind: mode_t, size: Int64, mode: UInt32, modifiedSeconds: Int64
    ) throws {
        guard !path.isEmpty, !path.contains(0) else { throw ArchiveFault.unusableName(path) }
        guard let entry = archive_entry_new() else {
            throw ArchiveFault.cannotWrite(member: path, reason: "out of memory")
        }
        defer { archive_entry_free(entry) }
        BytePath(path).withCString { archive_entry_set_pathname(entry, $0) }
        archive_entry_set_filetype(entry, UInt32(kind))
        archive_entry_set_perm(entry, mode_t(mode))
        archive_entry_set_size(entry, size)
        archive_entry_set_mtime(entry, time_t(modifiedSeconds), 0)
        archive_entry_set_uid(entry, 0)
        archive_entry_set_gid(entry, 0)
        member = path
        let code = NameLocale.writing.scoped { archive_write_header(outlet.archive, entry) }
        // The one warning that is no fault: the name is not text, so it is stored as bytes (`hdrcharset=BINARY`).
        let storedAsBytes = code == ARCHIVE_WARN && path.contains { $0 >= 0x80 }
        guard code == ARCHIVE_OK || storedAsBytes else { throw lose() }
    }

    private mutating func lose() -> any Error {
        phase = .lost
        return outlet.failure ?? ArchiveFault.cannotWrite(member: member, reason: message(of: outlet.archive))
    }
}

/// Bytes per call of the sink: a multiple of tar's 10,240 near 1 MB.
private let blockBytes: Int32 = 1_024_000

/// libarchive's writer and where its bytes go. A class, because the C callback reaches it through a pointer.
private final class Outlet {
    let archive: OpaquePointer
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    /// What compresses; libarchive's filters use one thread.
    private let pipeline: BlockPipeline?
    /// What the sink threw; libarchive can only be told "failed".
    private(set) var failure: (any Error)?

    init(
        _ compression: TarWriter.Compression, workers: Int, _ sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let drain: (Block) throws -> Void = { try sink($0.packed) }
        switch compression {
        case .none: pipeline = nil
        case .gzip(let level):
            pipeline = try BlockPipeline(
                workers: workers, inputBytes: GzipEncoder.blockBytes, outputBytes: GzipEncoder.outputBytes,
                makeEncoder: { () throws(ArchiveFault) in try GzipEncoder(level: level) }, drain: drain)
        case .zstd(let level):
            pipeline = try BlockPipeline(
                workers: workers, inputBytes: ZstdEncoder.blockBytes, outputBytes: ZstdEncoder.outputBytes,
                makeEncoder: { () throws(ArchiveFault) in try ZstdEncoder(level: level) }, drain: drain)
        }
        guard let archive = archive_write_new() else {
            throw ArchiveFault.cannotWrite(member: nil, reason: "out of memory")
        }
        self.archive = archive
        self.sink = sink
    }

    deinit {
        // Freeing an open archive would write an end mark: a broken one must not look complete.
        archive_write_fail(archive)
        archive_write_free(archive)
    }

    func open() throws {
        try check(archive_write_set_format_pax_restricted(archive))
        // Whole blocks go to the sink straight from the caller's memory. The last one is not padded: 1 means "as it is".
        try check(archive_write_set_bytes_per_block(archive, blockBytes))
        try check(archive_write_set_bytes_in_last_block(archive, 1))
        try check(archive_write_add_filter_none(archive))
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(
            archive_write_open(
                archive, context, nil,
                { _, context, bytes, count in
                    guard let context else { return -1 }
                    let outlet = Unmanaged<Outlet>.fromOpaque(context).takeUnretainedValue()
                    return outlet.accept(UnsafeRawBufferPointer(start: bytes, count: count))
                }, nil))
    }

    private func accept(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            if let pipeline { try pipeline.append(bytes) } else { try sink(bytes) }
            return bytes.count
        } catch {
            if failure == nil { failure = error }
            return -1
        }
    }

    /// Waits for what is still being compressed.
    func flush() throws {
        try pipeline?.endGroup()
        try pipeline?.flush()
    }

    private func check(_ code: Int32) throws {
        guard code == ARCHIVE_OK else {
            throw failure ?? ArchiveFault.cannotWrite(member: nil, reason: message(of: archive))
        }
    }
}

/// libarchive's own words for its last error.
func message(of archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "no reason given"
}
