import Glibc

/// Brings what several threads make in any order back into one order.
///
/// Work is numbered from 0; results leave by number, one call at a time. A thread that is ahead leaves its results and
/// goes on, up to `window` numbers; further ahead it waits. For threads that may block (``BlockingExecutor``).
package final class OrderedOutlet<Element: Sendable>: @unchecked Sendable {
    // Sendable: everything is touched only with `mutex` held, but for the call of `sink`, which only the thread whose
    // number is `next` makes.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let window: Int
    private let sink: @Sendable ([Element]) throws -> Void
    private var next = 0
    private var waiting: [Int: [Element]] = [:]
    private var isAbandoned = false

    /// An outlet to `sink`.
    package init(window: Int, to sink: @escaping @Sendable ([Element]) throws -> Void) {
        self.window = max(1, window)
        self.sink = sink
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Delivers results of the work with this number. A part that is not the last waits for its turn, so that results
    /// of any number can be passed on with little memory.
    ///
    /// - Throws: what `sink` throws; `CancellationError` once the outlet was abandoned.
    package func deliver(_ elements: [Element], of number: Int, isLast: Bool) throws {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isAbandoned, isLast ? number >= next + window : number != next { pthread_cond_wait(changed, mutex) }
        if isAbandoned { throw CancellationError() }
        guard number == next else {
            waiting[number] = elements
            return
        }
        try pass(elements)
        guard isLast else { return }
        next += 1
        while let more = waiting.removeValue(forKey: next) {
            try pass(more)
            next += 1
        }
        pthread_cond_broadcast(changed)
    }

    /// Lets everybody go, with an error: nothing more will come of it.
    package func abandon() {
        pthread_mutex_lock(mutex)
        isAbandoned = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    private func pass(_ elements: [Element]) throws {
        pthread_mutex_unlock(mutex)
        defer { pthread_mutex_lock(mutex) }
        try sink(elements)
    }
}
