import Glibc

/// Hands values from one blocking thread to another, a bounded number at a time: whoever is faster waits.
///
/// For threads that may block (``BlockingExecutor``), not for the cooperative pool.
package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Sendable: everything is touched only with `mutex` held.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var elements: [Element] = []
    private var head = 0
    private var closed = false

    /// A queue that holds at most `capacity` values.
    package init(capacity: Int) {
        self.capacity = capacity
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

    /// Adds a value, waiting for room; false when the queue is closed, and the value is then dropped.
    package func push(_ element: Element) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !closed, elements.count - head >= capacity { pthread_cond_wait(changed, mutex) }
        if closed { return false }
        elements.append(element)
        pthread_cond_broadcast(changed)
        return true
    }

    /// The next value, waiting for one; nil when the queue is closed and empty.
    package func pop() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !closed, head == elements.count { pthread_cond_wait(changed, mutex) }
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        }
        pthread_cond_broadcast(changed)
        return element
    }

    /// Lets everybody go: no more values come in; what is in it can still be taken.
    package func close() {
        pthread_mutex_lock(mutex)
        closed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}
