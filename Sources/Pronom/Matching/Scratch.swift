import Glibc

/// Memory that grows when it must and is then kept for the next file.
struct Scratch: ~Copyable {
    private(set) var base: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int
    /// Bytes in use.
    var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// The bytes in use.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for `total` bytes; what is in use stays.
    mutating func reserve(_ total: Int) {
        guard total > capacity else { return }
        let next = UnsafeMutablePointer<UInt8>.allocate(capacity: total)
        memcpy(next, base, count)
        base.deallocate()
        base = next
        capacity = total
    }

    /// Gives memory beyond `limit` back, so that one odd file does not cost memory for ever.
    mutating func shrink(to limit: Int) {
        guard capacity > limit else { return }
        base.deallocate()
        base = .allocate(capacity: limit)
        capacity = limit
        count = 0
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        if count + bytes.count > capacity { reserve(max(count + bytes.count, 2 * capacity)) }
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    /// Drops the first `length` bytes.
    mutating func removeFirst(_ length: Int) {
        guard length > 0 else { return }
        memmove(base, base + length, count - length)
        count -= length
    }

    /// Replaces everything by what `fill` writes into room for `length` bytes; it says how many it wrote.
    mutating func load(_ length: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
        count = 0
        reserve(length)
        count = min(length, max(0, try fill(UnsafeMutableRawBufferPointer(start: base, count: length))))
    }

    /// Turns the bytes around, last first.
    mutating func reverse() {
        var low = 0
        var high = count
        let raw = UnsafeMutableRawPointer(base)
        while high - low >= 16 {
            let first = raw.loadUnaligned(fromByteOffset: low, as: UInt64.self)
            let last = raw.loadUnaligned(fromByteOffset: high - 8, as: UInt64.self)
            raw.storeBytes(of: last.byteSwapped, toByteOffset: low, as: UInt64.self)
            raw.storeBytes(of: first.byteSwapped, toByteOffset: high - 8, as: UInt64.self)
            low += 8
            high -= 8
        }
        while low + 1 < high {
            high -= 1
            swap(&base[low], &base[high])
            low += 1
        }
    }
}
