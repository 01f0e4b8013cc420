import CDeflate
import CZlib
import Glibc
package import Streams

/// What the members of an archive are read from, in order and once: ``next()``, then at most one ``readContent(_:)``.
package protocol MemberReader: AnyObject {
    /// The next member, nil after the last, when everything about the archive was found to be right.
    func next() throws -> ArchiveMember?
    /// Gives the content of the current member to `body`, piece by piece, each lent for the call; exactly `size` bytes.
    func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws
}

extension ArchiveReader: MemberReader {}

/// Opens an archive by what its first bytes say: ZIP, or tar, plain or compressed.
///
/// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, `SystemFault`.
package func openArchive(_ file: consuming OpenFile, limits: ArchiveLimits) throws -> any MemberReader {
    let path = file.path
    return try openArchive(try OpenFileSource(file), path: path, limits: limits)
}

/// The same from any source, which messages call `path`.
///
/// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, what the source throws.
package func openArchive(
    _ source: any ByteSource, path: BytePath, limits: ArchiveLimits
) throws -> any MemberReader {
    var start = [UInt8](repeating: 0, count: 4)
    let count = try start.withUnsafeMutableBytes { try source.read(into: $0, at: 0) }
    if count == 4, start == [0x50, 0x4B, 3, 4] || start == [0x50, 0x4B, 5, 6] {
        return try ZipReader(source, path: path, limits: limits)
    }
    return try ArchiveReader(source, path: path, limits: limits)
}

/// Reads the members of a ZIP archive by its central directory, stored or deflated, with ZIP64.
///
/// Our own, because libarchive changes the Unicode form of names and skips the checks that a proof needs: here the two
/// headers of a member must agree, and length and CRC-32 of its content be right.
package final class ZipReader: MemberReader {
    private let file: any ByteSource
    private let path: BytePath
    private let limits: ArchiveLimits
    private let fileBytes: Int64
    private let input = Buffer(count: 256 << 10)
    private let output = Buffer(count: 256 << 10)
    private let stream: UnsafeMutablePointer<z_stream>
    /// Where the next record of the central directory starts, and where the last ends.
    private var position: Int64
    private let directoryEnd: Int64
    private let count: Int64
    private var members: Int64 = 0
    private var announcedBytes: Int64 = 0
    private var current: Record?

    private struct Record {
        let member: ArchiveMember
        let rawName: [UInt8]
        let flags: Int
        let method: Int
        let crc: UInt32
        let packedSize: Int64
        let offset: Int64
    }

    /// Looks for the end of the archive, where its directory is named.
    ///
    /// - Throws: ``ArchiveFault``, what the source throws.
    package init(_ file: any ByteSource, path: BytePath, limits: ArchiveLimits = ArchiveLimits()) throws {
        fileBytes = file.count
        let end = try EndRecord(file, path, fileBytes: fileBytes)
        position = end.directoryOffset
        directoryEnd = end.directoryOffset + end.directoryBytes
        count = end.count
        self.limits = limits
        self.file = file
        self.path = path
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard tdr_inflate_init_raw(stream) == Z_OK else {
            throw ArchiveFault.notAnArchive(path, found: "zlib could not start")
        }
        guard count <= limits.members else {
            throw ArchiveFault.beyondLimit(path, .members, allowed: limits.members, member: nil)
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    package func next() throws -> ArchiveMember? {
        current = nil
        if members == count {
            guard position == directoryEnd else {
                throw damaged("its directory holds more than the \(count) members it announces")
            }
            return nil
        }
        let record = try readRecord()
        members += 1
        guard record.member.size <= limits.bytes - announcedBytes else {
            throw ArchiveFault.beyondLimit(path, .bytes, allowed: limits.bytes, member: record.member.path)
        }
        announcedBytes += record.member.size
        guard announcedBytes <= limits.ratioFreeBytes || announcedBytes / limits.ratio <= fileBytes else {
            throw ArchiveFault.beyondLimit(path, .ratio, allowed: limits.ratio, member: record.member.path)
        }
        current = record
        return record.member
    }

    private func readRecord() throws -> Record {
        let head = try read(46, at: position, "the directory")
        guard head.le32(0) == 0x0201_4B50 else { throw damaged("its directory has no record where one should be") }
        let (nameBytes, extraBytes, commentBytes) = (head.le16(28), head.le16(30), head.le16(32))
        let rest = try read(nameBytes + extraBytes, at: position + 46, "the directory")
        position += Int64(46 + nameBytes + extraBytes + commentBytes)
        guard position <= directoryEnd else { throw damaged("its directory ends inside a record") }
        let rawName = Array(rest.prefix(nameBytes))
        let extras = ExtraFields(rest.dropFirst(nameBytes))
        var wide = extras[1] ?? []
        func field(_ narrow: UInt32) throws -> Int64 {
            guard narrow == .max else { return Int64(narrow) }
            // Only the fields that say "see there" are in the ZIP64 field, in this order.
            guard wide.count >= 8, let value = wide.le64(0) else {
                throw damaged("the size of '\(displayName(of: rawName))' is missing")
            }
            wide = wide.dropFirst(8)
            return value
        }
        let size = try field(head.le32(24))
        let packedSize = try field(head.le32(20))
        let offset = try field(head.le32(42))
        let name = extras.unicodeName(of: rawName) ?? rawName
        // The upper half is the Unix mode where the packer was of that kind.
        let mode = mode_t(head.le16(4) >> 8 == 3 ? head.le32(38) >> 16 : 0) & S_IFMT
        let kind: ArchiveMember.Kind =
            switch mode {
            case S_IFLNK: .symlink
            case S_IFDIR: .directory
            case S_IFREG, 0: name.last == UInt8(ascii: "/") ? .directory : .file
            default: .other
            }
        return Record(
            member: ArchiveMember(
                path: name, kind: kind, size: kind == .file ? size : 0, linkTarget: nil, modifiedSeconds: 0),
            rawName: rawName, flags: head.le16(8), method: head.le16(10), crc: head.le32(16),
            packedSize: packedSize, offset: offset)
    }

    package func readContent(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let record = current, record.member.kind == .file else { return }
        current = nil
        let start = try dataStart(of: record)
        var crc: UInt32 = 0
        var made: Int64 = 0
        func give(_ bytes: UnsafeRawBufferPointer) throws {
            made += Int64(bytes.count)
            guard made <= record.member.size else { throw damaged("it has more bytes than announced", record) }
            crc = libdeflate_crc32(crc, bytes.baseAddress, bytes.count)
            if !bytes.isEmpty { try body(bytes) }
        }
        switch record.method {
        case 0: try copy(record, from: start, give)
        case 8: try inflate(record, from: start, give)
        default: throw damaged("it is packed by method \(record.method), which is not read here", record)
        }
        guard made == record.member.size else {
            throw damaged("it has \(made) bytes and announces \(record.member.size)", record)
        }
        guard crc == record.crc else { throw damaged("its CRC-32 is wrong", record) }
    }

    /// Where the content begins: after the local header, which must name the same member.
    private func dataStart(of record: Record) throws -> Int64 {
        guard record.flags & 1 == 0 else { throw damaged("it is encrypted", record) }
        let head = try read(30, at: record.offset, "the header")
        guard head.le32(0) == 0x0403_4B50 else { throw damaged("there is no header where the directory says", record) }
        let name = try read(head.le16(26), at: record.offset + 30, "the header")
        guard name == record.rawName, head.le16(8) == record.method else {
            throw damaged("its header says '\(displayName(of: name))': two readers would see two archives", record)
        }
        let start = record.offset + Int64(30 + head.le16(26) + head.le16(28))
        guard record.packedSize <= directoryEnd - start else { throw damaged("it goes beyond the archive", record) }
        return start
    }

    private func copy(
        _ record: Record, from start: Int64, _ give: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard record.packedSize == record.member.size else { throw damaged("its two sizes differ", record) }
        var done: Int64 = 0
        while done < record.packedSize {
            let piece = try readInput(at: start + done, atMost: record.packedSize - done, record)
            try give(piece)
            done += Int64(piece.count)
        }
    }

    private func inflate(
        _ record: Record, from start: Int64, _ give: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        inflateReset(stream)
        stream.pointee.avail_in = 0
        var done: Int64 = 0
        while true {
            if stream.pointee.avail_in == 0, done < record.packedSize {
                let piece = try readInput(at: start + done, atMost: record.packedSize - done, record)
                done += Int64(piece.count)
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
                stream.pointee.avail_in = UInt32(piece.count)
            }
            stream.pointee.next_out = output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.bytes.count)
            let code = CZlib.inflate(stream, Z_NO_FLUSH)
            let made = output.bytes.count - Int(stream.pointee.avail_out)
            try give(output.prefix(made))
            switch code {
            case Z_STREAM_END:
                guard stream.pointee.avail_in == 0, done == record.packedSize else {
                    throw damaged("its data ends before its announced end", record)
                }
                return
            case Z_OK where made > 0 || stream.pointee.avail_in > 0 || done < record.packedSize: continue
            case Z_OK, Z_BUF_ERROR: throw damaged("its data goes on beyond its announced end", record)
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "it cannot be unpacked"
                throw damaged(reason, record)
            }
        }
    }

    private func readInput(at offset: Int64, atMost count: Int64, _ record: Record) throws -> UnsafeRawBufferPointer {
        let room = UnsafeMutableRawBufferPointer(rebasing: input.bytes[..<Int(min(Int64(input.bytes.count), count))])
        let got = try file.read(into: room, at: offset)
        guard got > 0 else { throw ArchiveFault.truncated(path, member: record.member.path, offset: offset) }
        return input.prefix(got)
    }

    private func read(_ count: Int, at offset: Int64, _ what: String) throws -> [UInt8] {
        guard offset >= 0, Int64(count) <= fileBytes, offset <= fileBytes - Int64(count) else {
            throw damaged("\(what) lies outside of the file")
        }
        return try file.bytes(count, at: offset, path)
    }

    private func damaged(_ reason: String, _ record: Record? = nil) -> ArchiveFault {
        .damaged(path, member: record?.member.path, offset: record?.offset ?? position, reason: reason)
    }
}

extension ByteSource {
    /// Exactly `count` bytes, or an error.
    fileprivate func bytes(_ count: Int, at offset: Int64, _ path: BytePath) throws -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = try out.withUnsafeMutableBytes {
                try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]), at: offset + Int64(done))
            }
            guard got > 0 else { throw ArchiveFault.truncated(path, member: nil, offset: offset + Int64(done)) }
            done += got
        }
        return out
    }
}

/// The end of a ZIP archive (APPNOTE 4.3.14 to 16): where its directory is.
private struct EndRecord {
    let directoryOffset: Int64
    let directoryBytes: Int64
    let count: Int64

    init(_ file: any ByteSource, _ path: BytePath, fileBytes: Int64) throws {
        func bad(_ reason: String) -> ArchiveFault { .notAnArchive(path, found: reason) }
        // A comment of up to 65,535 bytes may follow; the record says how long it is.
        let tailBytes = Int(min(fileBytes, 22 + 0xFFFF))
        let tail = try file.bytes(tailBytes, at: fileBytes - Int64(tailBytes), path)
        let candidates = stride(from: tail.count - 22, through: 0, by: -1)
        guard
            let place = candidates.first(where: {
                tail[$0] == 0x50 && tail.le32At($0) == 0x0605_4B50
                    && $0 + 22 + tail.dropFirst($0).le16(20) == tail.count
            })
        else { throw bad("it starts as a ZIP file and has no end record: it is cut, or something was added to it") }
        let end = tail[place...]
        var endPosition = fileBytes - Int64(tail.count - place)
        var fields = (Int64(end.le16(10)), Int64(end.le32(12)), Int64(end.le32(16)))
        var disks = (end.le16(4), end.le16(6), Int64(end.le16(8)))
        if endPosition >= 20 + 56 {
            let locator = try file.bytes(20, at: endPosition - 20, path)
            if locator.le32(0) == 0x0706_4B50 {
                guard let offset = locator.le64(8), offset <= endPosition - 20 - 56, locator.le32(16) <= 1 else {
                    throw bad("its ZIP64 end record lies outside of the file")
                }
                let wide = try file.bytes(56, at: offset, path)
                guard wide.le32(0) == 0x0606_4B50, let onDisk = wide.le64(24), let count = wide.le64(32),
                    let bytes = wide.le64(40), let start = wide.le64(48)
                else { throw bad("its ZIP64 end record is broken") }
                fields = (count, bytes, start)
                disks = (Int(wide.le32(16)), Int(wide.le32(20)), onDisk)
                endPosition = offset
            }
        }
        guard disks.0 == 0, disks.1 == 0, disks.2 == fields.0 else {
            throw bad("it is one part of a ZIP archive in several files")
        }
        // Subtracted, since both may be as large as a number gets.
        guard fields.1 <= endPosition, fields.2 == endPosition - fields.1 else {
            throw bad("its directory is not where its end record says")
        }
        (count, directoryBytes, directoryOffset) = fields
    }
}

extension [UInt8] {
    fileprivate func le32At(_ place: Int) -> UInt32 { self[place...].le32(0) }
}

/// The extra fields of a header: a number, a length, that many bytes.
private struct ExtraFields {
    private var fields: [Int: ArraySlice<UInt8>] = [:]

    init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while rest.count >= 4, rest.count >= 4 + rest.le16(2) {
            let length = rest.le16(2)
            // The first of a kind counts.
            if fields[rest.le16(0)] == nil { fields[rest.le16(0)] = rest.dropFirst(4).prefix(length) }
            rest = rest.dropFirst(4 + length)
        }
    }

    subscript(kind: Int) -> ArraySlice<UInt8>? { fields[kind] }

    /// Info-ZIP's UTF-8 name beside one in another character set, when it belongs to that one.
    func unicodeName(of rawName: [UInt8]) -> [UInt8]? {
        guard let field = fields[0x7075], field.count > 5, field.first == 1 else { return nil }
        let crc = rawName.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
        return field.dropFirst().le32(0) == crc ? Array(field.dropFirst(5)) : nil
    }
}
