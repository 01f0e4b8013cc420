import CDeflate
import CZlib
import CZstd
import Glibc
import Streams

/// libdeflate's compressor at one level, with a trial that tells what is not worth the effort.
private final class Deflater {
    private let compressor: OpaquePointer
    private let trial: OpaquePointer
    private let stored: OpaquePointer
    private let sample = Buffer(count: sampleBytes)
    private let sampleOutput = Buffer(count: sampleBytes)

    init(level: Int) throws(ArchiveFault) {
        guard let compressor = libdeflate_alloc_compressor(Int32(level)),
            let trial = libdeflate_alloc_compressor(1), let stored = libdeflate_alloc_compressor(0)
        else { throw .cannotWrite(member: nil, reason: "out of memory") }
        self.compressor = compressor
        self.trial = trial
        self.stored = stored
    }

    deinit {
        libdeflate_free_compressor(compressor)
        libdeflate_free_compressor(trial)
        libdeflate_free_compressor(stored)
    }

    /// The compressor for this block: the one that stores where a sample of it hardly shrinks.
    func compressor(for content: UnsafeRawBufferPointer) -> OpaquePointer {
        isWorthwhile(content) ? compressor : stored
    }

    /// Whether a sample of the block, taken from all over it, shrinks by 3 % at the fastest level. What is compressed
    /// already (pictures, films, office documents) does not, and costs most of the time.
    func isWorthwhile(_ content: UnsafeRawBufferPointer) -> Bool {
        guard content.count > 2 * sampleBytes else { return true }
        let stride = (content.count - samplePiece) / (samplePieces - 1)
        for index in 0..<samplePieces {
            let piece = UnsafeRawBufferPointer(rebasing: content[(index * stride)..<(index * stride + samplePiece)])
            UnsafeMutableRawBufferPointer(rebasing: sample.bytes[(index * samplePiece)...]).copyMemory(from: piece)
        }
        let room = sampleBytes - sampleBytes * 3 / 100
        // 0 means that it does not fit into the room.
        return libdeflate_deflate_compress(
            trial, sample.bytes.baseAddress, sampleBytes, sampleOutput.bytes.baseAddress, room) > 0
    }
}

private let samplePiece = 2 << 10
private let samplePieces = 16
private let sampleBytes = samplePiece * samplePieces

/// Makes each block a gzip member of its own (RFC 1952 §2.2: members follow each other and are read as one stream).
///
/// libdeflate is twice as fast as zlib and makes no larger files, but knows no stream that goes on from block to block;
/// at half a megabyte a member the 18 bytes around it and the lost window cost less than 0.3 %.
final class GzipEncoder: BlockEncoder {
    static let blockBytes = 512 << 10
    static var outputBytes: Int { libdeflate_gzip_compress_bound(nil, blockBytes) }

    private let deflater: Deflater

    init(level: Int) throws(ArchiveFault) { deflater = try Deflater(level: level) }

    func encode(_ block: Block) throws(ArchiveFault) {
        let content = block.content
        block.outputCount = libdeflate_gzip_compress(
            deflater.compressor(for: content), content.baseAddress, content.count, block.output.bytes.baseAddress,
            block.output.bytes.count)
        guard block.outputCount > 0 else { throw .cannotWrite(member: nil, reason: "the gzip data found no room") }
    }
}

/// Makes each block a Zstandard frame of its own, with its length and a checksum (RFC 8878 §3.1: frames follow each other).
final class ZstdEncoder: BlockEncoder {
    static let blockBytes = 2 << 20
    static var outputBytes: Int { ZSTD_compressBound(blockBytes) }

    private let context: OpaquePointer

    init(level: Int) throws(ArchiveFault) {
        guard let context = ZSTD_createCCtx() else { throw .cannotWrite(member: nil, reason: "out of memory") }
        self.context = context
        // zstd takes 0 for "its default". It has no level that only stores; its lowest is as near as it goes.
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, level == 0 ? ZSTD_minCLevel() : Int32(level)), (ZSTD_c_checksumFlag, 1),
            (ZSTD_c_contentSizeFlag, 1),
        ] {
            guard ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)) == 0 else {
                throw .cannotWrite(member: nil, reason: "zstd does not take its parameters")
            }
        }
    }

    deinit { ZSTD_freeCCtx(context) }

    func encode(_ block: Block) throws(ArchiveFault) {
        let content = block.content
        let count = ZSTD_compress2(
            context, block.output.bytes.baseAddress, block.output.bytes.count, content.baseAddress, content.count)
        guard ZSTD_isError(count) == 0 else {
            throw .cannotWrite(member: nil, reason: String(cString: ZSTD_getErrorName(count)))
        }
        block.outputCount = count
    }
}

/// Makes the blocks of a ZIP member raw deflate data (RFC 1951): alone a whole stream or, where it does not shrink, the
/// bytes as they are; of several, pieces that end on a byte and follow each other.
final class ZipEncoder: BlockEncoder {
    static let blockBytes = 512 << 10
    /// Stored blocks, an empty block at the end of each piece, and the final one.
    static var outputBytes: Int { libdeflate_deflate_compress_bound(nil, blockBytes) + 1024 }

    private let deflater: Deflater
    private let level: Int
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int) throws(ArchiveFault) {
        deflater = try Deflater(level: level)
        self.level = level
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // -15: raw, with the largest window; 8: the usual memory.
        guard
            deflateInit2_(
                stream, Int32(level), Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .cannotWrite(member: nil, reason: "zlib could not start") }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func encode(_ block: Block) throws(ArchiveFault) {
        let content = block.content
        block.crc = libdeflate_crc32(0, content.baseAddress, content.count)
        if block.isFirst, block.isLast { return encodeAlone(block) }
        if level > 0, deflater.isWorthwhile(content) {
            try encodePiece(block)
        } else {
            storePiece(block)
        }
        if block.isLast {
            // An empty final block with fixed codes.
            block.output.bytes[block.outputCount] = 3
            block.output.bytes[block.outputCount + 1] = 0
            block.outputCount += 2
        }
    }

    private func encodeAlone(_ block: Block) {
        let content = block.content
        guard level > 0, !content.isEmpty, deflater.isWorthwhile(content) else { return block.isVerbatim = true }
        // 0 means that it does not fit, that is, would not shrink.
        block.outputCount = libdeflate_deflate_compress(
            deflater.compressor(for: content), content.baseAddress, content.count, block.output.bytes.baseAddress,
            min(block.output.bytes.count, content.count - 1))
        block.isVerbatim = block.outputCount == 0
    }

    private func encodePiece(_ block: Block) throws(ArchiveFault) {
        deflateReset(stream)
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: block.content.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(block.inputCount)
        stream.pointee.next_out = block.output.bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(block.output.bytes.count - 2)
        // A sync flush ends on a byte, so that the next piece can follow.
        guard deflate(stream, Z_SYNC_FLUSH) == Z_OK, stream.pointee.avail_in == 0, stream.pointee.avail_out > 0 else {
            throw .cannotWrite(member: nil, reason: "the deflate data found no room")
        }
        block.outputCount = block.output.bytes.count - 2 - Int(stream.pointee.avail_out)
    }

    private func storePiece(_ block: Block) {
        var rest = block.content
        var room = block.output.bytes
        while !rest.isEmpty {
            let count = UInt16(min(rest.count, 0xFFFF))
            room[0] = 0
            room.storeBytes(of: count.littleEndian, toByteOffset: 1, as: UInt16.self)
            room.storeBytes(of: (~count).littleEndian, toByteOffset: 3, as: UInt16.self)
            UnsafeMutableRawBufferPointer(rebasing: room[5...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<Int(count)]))
            room = UnsafeMutableRawBufferPointer(rebasing: room[(5 + Int(count))...])
            rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...])
            block.outputCount += 5 + Int(count)
        }
    }
}
