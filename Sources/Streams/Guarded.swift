import Glibc

/// A value that one thread at a time may touch.
///
/// As `Mutex` of Synchronization, but for the lock, which is pthread's: ThreadSanitizer knows that one and can tell what
/// it guards from what it does not; of `Mutex` it sees nothing on Linux and calls every use of it a race.
package final class Guarded<Value>: @unchecked Sendable {
    // Sendable: `cell` is touched only with `mutex` held, and comes in without other owners.

    /// A value without bytes, as in `Guarded(())`, has a place of its own, too; else ThreadSanitizer would take it for
    /// whatever lies there.
    private struct Cell {
        var value: Value
        var room: UInt8 = 0
    }

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var cell: Cell

    package init(_ value: sending Value) {
        cell = Cell(value: value)
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Calls `body` with the value, alone. It must not come back here: the lock is not recursive.
    package func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&cell.value)
    }
}
