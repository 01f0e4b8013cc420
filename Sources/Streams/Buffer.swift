/// A piece of memory with one owner, made once and used for many reads.
package struct Buffer: ~Copyable, @unchecked Sendable {
    // Sendable: one owner at a time (not copyable), and nothing else keeps the pointer.

    /// The memory; valid as long as this value lives.
    package let bytes: UnsafeMutableRawBufferPointer

    /// `count` bytes, page-aligned, not cleared.
    package init(count: Int) { bytes = .allocate(byteCount: count, alignment: 4096) }

    deinit { bytes.deallocate() }

    /// The first `count` bytes.
    package func prefix(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }
}
