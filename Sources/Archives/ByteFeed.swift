import CZlib
import CZstd
import Glibc
import Streams

/// The bytes of the tar inside a file: as they are, or out of gzip or Zstandard with every checksum and length verified.
///
/// libarchive can undo both too, but does not look at the CRC of gzip, its trailer or what follows it; an archive of records must.
/// A class, because the C callback reaches it through a pointer.
final class ByteFeed {
    private enum Source { case plain, gzip(UnsafeMutablePointer<z_stream>), zstd(OpaquePointer) }

    private let file: any ByteSource
    /// What is read, for messages.
    let path: BytePath
    private let limits: ArchiveLimits
    private let source: Source
    private let input = Buffer(count: pieceBytes)
    private let output: Buffer
    private var inputOffset: Int64 = 0
    /// The last bytes of the block before the current one.
    private var tail: [UInt8] = []
    private var block = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where the block after the current one starts, in bytes of the tar.
    private(set) var position: Int64 = 0
    /// Whether a gzip stream or a Zstandard frame has just ended.
    private var streamEnded = false
    private var zstdInput = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    /// Whether everything the file holds was given.
    private(set) var isAtEnd = false
    /// What stopped the feed; libarchive can only be told "failed".
    private(set) var failure: (any Error)?
    /// The member being read, for messages.
    var member: [UInt8]?

    /// Looks at the first bytes to tell how the file is packed.
    ///
    /// - Throws: ``ArchiveFault/notAnArchive(_:found:)``, what the source throws.
    init(_ file: any ByteSource, path: BytePath, limits: ArchiveLimits) throws {
        var start = [UInt8](repeating: 0, count: 6)
        let count = try start.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        self.path = path
        self.limits = limits
        switch start.prefix(count) {
        case []: throw ArchiveFault.notAnArchive(path, found: "the file is empty")
        case let magic where magic.starts(with: [0x1F, 0x8B]):
            source = .gzip(try ByteFeed.makeInflater(for: path))
            output = Buffer(count: pieceBytes)
        case let magic where magic.starts(with: [0x28, 0xB5, 0x2F, 0xFD]):
            guard let context = ZSTD_createDCtx() else {
                throw ArchiveFault.notAnArchive(path, found: "zstd could not start")
            }
            source = .zstd(context)
            output = Buffer(count: pieceBytes)
        case let magic where magic.starts(with: [0x50, 0x4B, 0x03, 0x04]):
            throw ArchiveFault.notAnArchive(path, found: "it is a ZIP file")
        default:
            source = .plain
            output = Buffer(count: 1)
        }
        self.file = file
    }

    deinit {
        if case .gzip(let stream) = source {
            inflateEnd(stream)
            stream.deinitialize(count: 1)
            stream.deallocate()
        }
        if case .zstd(let context) = source { ZSTD_freeDCtx(context) }
    }

    /// The next block of the tar, valid until the next call; empty at the end, or on a ``failure``.
    func next() -> UnsafeRawBufferPointer {
        tail = Array((tail + block.suffix(tailBytes)).suffix(tailBytes))
        do {
            switch source {
            case .plain: block = try readInput()
            case .gzip(let stream): block = try inflateBlock(stream)
            case .zstd(let context): block = try decodeBlock(context)
            }
        } catch {
            failure = error
            block = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        position += Int64(block.count)
        isAtEnd = block.isEmpty
        return block
    }

    /// Checks what follows the last member: the end mark that ends at byte `end` of the tar, then padding to the end.
    func verifyEnd(at end: Int64) throws {
        let kept = tail + Array(block)
        let index = Int(end - (position - Int64(kept.count)))
        guard index >= 512, index <= kept.count, kept[(index - 512)..<index].allSatisfy({ $0 == 0 }) else {
            throw ArchiveFault.truncated(path, member: member, offset: end)
        }
        var rest = block.suffix(kept.count - index)
        while true {
            if let garbage = rest.firstIndex(where: { $0 != 0 }) {
                throw ArchiveFault.trailingBytes(path, offset: position - Int64(rest.endIndex - garbage))
            }
            rest = next()[...]
            if let failure { throw failure }
            if rest.isEmpty { return }
            guard position - end <= limits.bytes else {
                throw ArchiveFault.beyondLimit(path, .bytes, allowed: limits.bytes, member: nil)
            }
        }
    }

    private func readInput() throws -> UnsafeRawBufferPointer {
        let count = try file.read(into: input.bytes, at: inputOffset)
        inputOffset += Int64(count)
        return input.prefix(count)
    }

    private static func makeInflater(for path: BytePath) throws -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, +16: gzip header and trailer only.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            stream.deallocate()
            throw ArchiveFault.notAnArchive(path, found: "zlib could not start")
        }
        return stream
    }

    private func inflateBlock(_ stream: UnsafeMutablePointer<z_stream>) throws -> UnsafeRawBufferPointer {
        stream.pointee.next_out = output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(output.bytes.count)
        while stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0 {
                let piece = try readInput()
                if piece.isEmpty {
                    if streamEnded { break }
                    throw ArchiveFault.truncated(path, member: member, offset: inputOffset)
                }
                stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
                stream.pointee.avail_in = UInt32(piece.count)
            }
            if streamEnded, try !startNextStream(stream) { continue }
            switch inflate(stream, Z_NO_FLUSH) {
            case Z_OK, Z_BUF_ERROR: continue
            case Z_STREAM_END: streamEnded = true
            default:
                let reason = stream.pointee.msg.map { String(cString: $0) } ?? "the gzip data cannot be unpacked"
                throw ArchiveFault.damaged(path, member: member, offset: consumed(stream), reason: reason)
            }
        }
        return try checked(output.bytes.count - Int(stream.pointee.avail_out), consumed: consumed(stream))
    }

    /// The first `made` bytes of the output, when so many may come of so few.
    private func checked(_ made: Int, consumed: Int64) throws -> UnsafeRawBufferPointer {
        let total = position + Int64(made)
        if total > limits.ratioFreeBytes, total / limits.ratio > consumed {
            throw ArchiveFault.beyondLimit(path, .ratio, allowed: limits.ratio, member: member)
        }
        return output.prefix(made)
    }

    /// The decoder refuses windows above 128 MiB by itself, so its memory is bounded whatever a frame asks for.
    private func decodeBlock(_ context: OpaquePointer) throws -> UnsafeRawBufferPointer {
        var made = ZSTD_outBuffer(dst: output.bytes.baseAddress, size: output.bytes.count, pos: 0)
        while made.pos < made.size {
            var isDry = false
            if zstdInput.pos == zstdInput.size {
                let piece = try readInput()
                zstdInput = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
                isDry = piece.isEmpty
                if isDry, streamEnded { break }
            }
            let before = made.pos
            let code = ZSTD_decompressStream(context, &made, &zstdInput)
            guard ZSTD_isError(code) == 0 else {
                throw ArchiveFault.damaged(
                    path, member: member, offset: consumedByZstd, reason: String(cString: ZSTD_getErrorName(code)))
            }
            streamEnded = code == 0
            // The file has ended and the decoder has nothing left to give.
            if isDry, made.pos == before, !streamEnded {
                throw ArchiveFault.truncated(path, member: member, offset: inputOffset)
            }
        }
        return try checked(made.pos, consumed: consumedByZstd)
    }

    private var consumedByZstd: Int64 { inputOffset - Int64(zstdInput.size - zstdInput.pos) }

    /// What follows a gzip stream is another one (RFC 1952 §2.2) or padding with zeros: true when a stream was started.
    private func startNextStream(_ stream: UnsafeMutablePointer<z_stream>) throws -> Bool {
        switch stream.pointee.next_in.pointee {
        case 0x1F:
            inflateReset(stream)
            streamEnded = false
            return true
        case 0:
            stream.pointee.next_in += 1
            stream.pointee.avail_in -= 1
            return false
        default: throw ArchiveFault.trailingBytes(path, offset: consumed(stream))
        }
    }

    private func consumed(_ stream: UnsafeMutablePointer<z_stream>) -> Int64 {
        inputOffset - Int64(stream.pointee.avail_in)
    }
}

private let pieceBytes = 256 << 10

/// libarchive may have looked one record past a block's edge: keep enough of the block before.
private let tailBytes = 4096
