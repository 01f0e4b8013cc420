import CZlib
import Streams

/// Unpacks deflated data from a source, no further than asked.
struct Inflater: ~Copyable {
    private var stream = z_stream()
    private var isReady = false
    private var input = Scratch(capacity: 32 << 10)
    private static let inputBytes = 32 << 10

    init() {}

    deinit {
        if isReady {
            var stream = stream
            inflateEnd(&stream)
        }
    }

    /// Unpacks up to `limit` bytes of raw deflate data at `offset` into `output`; whether the data ended there.
    ///
    /// Damaged data is what could be unpacked before the damage.
    mutating func unpack(
        _ source: some ByteSource, at offset: Int, compressed: Int, limit: Int, into output: inout Scratch
    ) throws -> Bool {
        if isReady {
            inflateReset2(&stream, -15)
        } else {
            guard tdr_inflate_init_raw(&stream) == Z_OK else { return false }
            isReady = true
        }
        return try run(source, at: offset, compressed: compressed, limit: limit, into: &output)
    }

    /// The same for a gzip file.
    mutating func unpackGzip(
        _ source: some ByteSource, limit: Int, into output: inout Scratch
    ) throws -> Bool {
        if isReady {
            inflateReset2(&stream, 31)
        } else {
            guard tdr_inflate_init_gzip(&stream) == Z_OK else { return false }
            isReady = true
        }
        return try run(source, at: 0, compressed: Int(clamping: source.count), limit: limit, into: &output)
    }

    private mutating func run(
        _ source: some ByteSource, at offset: Int, compressed: Int, limit: Int, into output: inout Scratch
    ) throws -> Bool {
        output.count = 0
        var position = offset
        let end = offset + compressed
        while true {
            try input.load(min(Self.inputBytes, max(0, end - position))) {
                try source.read(into: $0, at: Int64(position))
            }
            position += input.count
            stream.next_in = input.base
            stream.avail_in = UInt32(input.count)
            if input.count == 0 { return false }
            while stream.avail_in > 0 {
                // Output grows with what is really unpacked, never with what a header promises.
                output.reserve(min(limit, max(16 << 10, output.count * 2)))
                let room = min(limit, output.capacity) - output.count
                guard room > 0 else { return false }
                stream.next_out = output.base + output.count
                stream.avail_out = UInt32(clamping: room)
                let status = inflate(&stream, Z_NO_FLUSH)
                output.count += room - Int(stream.avail_out)
                if status == Z_STREAM_END { return true }
                guard status == Z_OK || status == Z_BUF_ERROR else { return false }
                if status == Z_BUF_ERROR, stream.avail_out > 0 { break }
            }
        }
    }
}
