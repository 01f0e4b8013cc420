import CZlib
package import Streams

/// Writes a ZIP archive that has the same bytes for the same input on any day and machine.
///
/// Names come out byte for byte, marked as UTF-8 where they are. Files that fit into one block have their sizes in front
/// and are stored as they are when they do not shrink; larger ones are deflate data with their sizes behind
/// (APPNOTE 4.3.9), in which what does not shrink is stored block by block: so that they can be read as a stream, which
/// stored data with sizes behind cannot. The ZIP64 forms appear only where a number needs them.
///
/// Order of calls as for ``TarWriter``. After any error the archive is lost. One owner, one task at a time.
package final class ZipWriter {
    private enum Phase { case between, inFile, lost }

    /// A member on its way through the threads.
    fileprivate struct Entry {
        let name: [UInt8]
        let size: Int64
        let mode: UInt32
        let modifiedSeconds: Int64
        var offset: Int64 = 0
        var packedSize: Int64 = 0
        var crc: UInt = 0
        var method = 8
        var hasDescriptor = false
    }

    /// What the drain of the pipeline works on.
    fileprivate final class Output {
        let sink: (UnsafeRawBufferPointer) throws -> Void
        /// The central directory, which comes last: in memory while it is small.
        let directory: Spool
        var pending: [Entry] = []
        var head = 0
        var current: Entry?
        var offset: Int64 = 0
        var count: Int64 = 0

        init(scratch: BytePath, _ sink: @escaping (UnsafeRawBufferPointer) throws -> Void) {
            self.sink = sink
            directory = Spool(memoryBytes: 4 << 20, folder: scratch)
        }

        func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

        func write(_ bytes: UnsafeRawBufferPointer) throws {
            if bytes.isEmpty { return }
            try sink(bytes)
            offset += Int64(bytes.count)
        }
    }

    private let output: Output
    private let pipeline: BlockPipeline
    private var phase = Phase.between
    private var member: [UInt8] = []
    private var size: Int64 = 0
    private var written: Int64 = 0

    /// Starts an archive. `sink` gets its bytes in order, each piece lent for the call. `workers` threads compress; how
    /// many does not show in the bytes. The list of members is kept in `scratch` when it is large.
    package init(
        level: Int = 6, workers: Int = 1, scratch: BytePath,
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let output = Output(scratch: scratch, sink)
        self.output = output
        pipeline = try BlockPipeline(
            workers: workers, inputBytes: ZipEncoder.blockBytes, outputBytes: ZipEncoder.outputBytes,
            makeEncoder: { () throws(ArchiveFault) in try ZipEncoder(level: level) },
            drain: { try output.take($0) })
    }

    /// Adds a directory. `path` has no trailing slash.
    package func addDirectory(_ path: [UInt8], mode: UInt32 = 0o755, modifiedSeconds: Int64) throws {
        guard phase == .between else { throw ArchiveFault.outOfOrder("a directory inside a file") }
        try check(path)
        output.pending.append(
            Entry(
                name: path + [UInt8(ascii: "/")], size: 0, mode: 0o040000 | mode, modifiedSeconds: modifiedSeconds))
        try losing { try pipeline.endGroup() }
    }

    /// Starts a file of exactly `size` bytes.
    package func beginFile(_ path: [UInt8], size: Int64, mode: UInt32 = 0o644, modifiedSeconds: Int64) throws {
        guard phase == .between else { throw ArchiveFault.outOfOrder("a file inside a file") }
        guard size >= 0 else { throw ArchiveFault.wrongSize(member: path, expected: size, found: 0) }
        try check(path)
        output.pending.append(
            Entry(name: path, size: size, mode: 0o100000 | mode, modifiedSeconds: modifiedSeconds))
        member = path
        self.size = size
        written = 0
        phase = .inFile
    }

    /// Writes the next bytes of the file.
    ///
    /// - Throws: ``ArchiveFault/wrongSize(member:expected:found:)`` when more come than announced; nothing of them is written.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard phase == .inFile else { throw ArchiveFault.outOfOrder("bytes without a file") }
        guard Int64(bytes.count) <= size - written else {
            phase = .lost
            throw ArchiveFault.wrongSize(member: member, expected: size, found: written + Int64(bytes.count))
        }
        try losing { try pipeline.append(bytes) }
        written += Int64(bytes.count)
    }

    /// Writes the next bytes of the file, as above.
    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    /// Ends the file.
    ///
    /// - Throws: ``ArchiveFault/wrongSize(member:expected:found:)`` when fewer bytes came than announced.
    package func endFile() throws {
        guard phase == .inFile else { throw ArchiveFault.outOfOrder("the end of a file that was not begun") }
        guard written == size else {
            phase = .lost
            throw ArchiveFault.wrongSize(member: member, expected: size, found: written)
        }
        try losing { try pipeline.endGroup() }
        phase = .between
    }

    /// Writes the directory of members. The archive is complete only when this returns.
    package func finish() throws {
        switch phase {
        case .between: break
        case .inFile: throw ArchiveFault.outOfOrder("the end of the archive inside a file")
        case .lost: throw ArchiveFault.outOfOrder("the end of an archive that failed")
        }
        phase = .lost
        try pipeline.flush()
        try output.writeDirectory()
    }

    /// A name longer than its field can say would be cut by every reader.
    private func check(_ path: [UInt8]) throws {
        guard !path.isEmpty, !path.contains(0), path.count < 0xFFFF else { throw ArchiveFault.unusableName(path) }
    }

    private func losing(_ body: () throws -> Void) throws {
        do { try body() } catch {
            phase = .lost
            throw error
        }
    }
}

extension ZipWriter.Output {
    /// Takes the packed blocks in order and puts headers between them.
    func take(_ block: Block) throws {
        var entry: ZipWriter.Entry
        if block.isFirst {
            entry = pending[head]
            head += 1
            if head == pending.count {
                pending.removeAll(keepingCapacity: true)
                head = 0
            }
            entry.offset = offset
            if block.isLast {
                entry.method = block.isVerbatim ? 0 : 8
                entry.packedSize = Int64(block.packed.count)
                entry.crc = UInt(block.crc)
            } else {
                entry.hasDescriptor = true
            }
            try write(entry.localHeader)
        } else {
            guard let begun = current else { preconditionFailure("a member goes on that was not begun") }
            entry = begun
        }
        if entry.hasDescriptor {
            entry.packedSize += Int64(block.packed.count)
            entry.crc = crc32_combine(entry.crc, UInt(block.crc), block.inputCount)
        }
        try write(block.packed)
        current = entry
        guard block.isLast else { return }
        if entry.hasDescriptor { try write(entry.descriptor) }
        try entry.directoryRecord.withUnsafeBytes { try directory.write($0) }
        count += 1
        current = nil
    }

    func writeDirectory() throws {
        let start = offset
        let piece = Buffer(count: 256 << 10)
        var read: Int64 = 0
        while read < directory.count {
            let count = try directory.read(into: piece.bytes, at: read)
            try write(piece.prefix(count))
            read += Int64(count)
        }
        var end: [UInt8] = []
        let needs64 = count >= 0xFFFF || start >= fieldLimit || read >= fieldLimit
        if needs64 {
            end.append(le32: 0x0606_4B50)
            end.append(le64: 44)
            end.append(le16: madeBy)
            end.append(le16: 45)
            end.append(le32: 0)
            end.append(le32: 0)
            end.append(le64: count)
            end.append(le64: count)
            end.append(le64: read)
            end.append(le64: start)
            end.append(le32: 0x0706_4B50)
            end.append(le32: 0)
            end.append(le64: offset)
            end.append(le32: 1)
        }
        end.append(le32: 0x0605_4B50)
        end.append(le32: 0)
        end.append(le16: Int(min(count, 0xFFFF)))
        end.append(le16: Int(min(count, 0xFFFF)))
        end.append(le32: UInt32(min(read, fieldLimit)))
        end.append(le32: UInt32(min(start, fieldLimit)))
        end.append(le16: 0)
        try write(end)
    }
}

extension ZipWriter.Entry {
    /// Deflate can make a file a little larger; then both sizes need the wide form, which is decided in front.
    private var isLarge: Bool { size >= fieldLimit - (64 << 20) }

    private var flags: Int {
        (hasDescriptor ? 1 << 3 : 0) | (String(validating: name, as: UTF8.self) != nil ? 1 << 11 : 0)
    }

    /// What both headers begin with: version, flags, method, time, CRC.
    private func beginning(crc: UInt, isWide: Bool) -> [UInt8] {
        var out: [UInt8] = []
        let (date, time) = dosTime
        out.append(le16: isWide ? 45 : 20)
        out.append(le16: flags)
        out.append(le16: method)
        out.append(le16: time)
        out.append(le16: date)
        out.append(le32: UInt32(truncatingIfNeeded: crc))
        return out
    }

    var localHeader: [UInt8] {
        var extra = timeExtra
        let isWide = hasDescriptor && isLarge
        if isWide {
            extra.append(le16: 1)
            extra.append(le16: 16)
            extra.append(le64: 0)
            extra.append(le64: 0)
        }
        var out: [UInt8] = []
        out.append(le32: 0x0403_4B50)
        out += beginning(crc: crc, isWide: isWide)
        let unknown: UInt32 = isWide ? .max : 0
        out.append(le32: hasDescriptor ? unknown : UInt32(packedSize))
        out.append(le32: hasDescriptor ? unknown : UInt32(size))
        out.append(le16: name.count)
        out.append(le16: extra.count)
        return out + name + extra
    }

    var descriptor: [UInt8] {
        var out: [UInt8] = []
        out.append(le32: 0x0807_4B50)
        out.append(le32: UInt32(truncatingIfNeeded: crc))
        if isLarge {
            out.append(le64: packedSize)
            out.append(le64: size)
        } else {
            out.append(le32: UInt32(packedSize))
            out.append(le32: UInt32(size))
        }
        return out
    }

    var directoryRecord: [UInt8] {
        var wide: [UInt8] = []
        for value in [size, packedSize, offset] where value >= fieldLimit { wide.append(le64: value) }
        var extra = timeExtra
        if !wide.isEmpty {
            extra.append(le16: 1)
            extra.append(le16: wide.count)
            extra += wide
        }
        var out: [UInt8] = []
        out.append(le32: 0x0201_4B50)
        out.append(le16: madeBy)
        out += beginning(crc: crc, isWide: !wide.isEmpty || hasDescriptor && isLarge)
        out.append(le32: UInt32(min(packedSize, fieldLimit)))
        out.append(le32: UInt32(min(size, fieldLimit)))
        out.append(le16: name.count)
        out.append(le16: extra.count)
        out.append(le16: 0)
        out.append(le16: 0)
        out.append(le16: 0)
        out.append(le32: mode << 16 | (name.last == UInt8(ascii: "/") ? 0x10 : 0))
        out.append(le32: UInt32(min(offset, fieldLimit)))
        return out + name + extra
    }

    /// Seconds since 1970 UTC (Info-ZIP's "UT"): DOS times know no zone.
    private var timeExtra: [UInt8] {
        guard let seconds = UInt32(exactly: modifiedSeconds), seconds <= UInt32(Int32.max) else { return [] }
        var out: [UInt8] = []
        out.append(le16: 0x5455)
        out.append(le16: 5)
        out.append(1)
        out.append(le32: seconds)
        return out
    }

    /// The time in UTC, on two seconds, kept between 1980 and 2107, which is all that DOS can say.
    private var dosTime: (date: Int, time: Int) {
        let seconds = min(max(modifiedSeconds, 315_532_800), 4_354_819_198)
        let (year, month, day) = civilDate(ofDay: Int(seconds / 86_400))
        let rest = Int(seconds % 86_400)
        return ((year - 1980) << 9 | month << 5 | day, (rest / 3600) << 11 | (rest / 60 % 60) << 5 | rest % 60 / 2)
    }
}

/// The date of a day since 1970 in the Gregorian calendar: eras of 400 years, years from March.
private func civilDate(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}

/// From here on a number stands in a ZIP64 field, and this in its place.
private let fieldLimit: Int64 = 0xFFFF_FFFF
/// Unix, and the version with ZIP64.
private let madeBy = 3 << 8 | 45
