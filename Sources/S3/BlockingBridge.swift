import Glibc
import Streams

/// Values that tasks hand to a thread that blocks; whoever waits looks a few times a second whether it is cancelled.
final class Tickets<Value: Sendable>: @unchecked Sendable {
    // Sendable: everything is touched only with `mutex` held.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var values: [Value] = []

    init() {
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

    /// Never waits.
    func give(_ value: Value) {
        pthread_mutex_lock(mutex)
        values.append(value)
        pthread_cond_signal(changed)
        pthread_mutex_unlock(mutex)
    }

    /// The next value; nil when the task of this thread is cancelled first.
    ///
    /// - Parameter whateverHappens: Wait even then.
    func take(whateverHappens: Bool = false) -> Value? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while values.isEmpty {
            if Task.isCancelled, !whateverHappens { return nil }
            var until = timespec()
            clock_gettime(CLOCK_REALTIME, &until)
            until.tv_nsec += 200_000_000
            if until.tv_nsec >= 1_000_000_000 {
                until.tv_nsec -= 1_000_000_000
                until.tv_sec += 1
            }
            pthread_cond_timedwait(changed, mutex, &until)
        }
        return values.removeFirst()
    }
}

/// Waits on a thread that may block for something asynchronous, which runs elsewhere. For ``BlockingExecutor`` threads.
///
/// - Throws: What `operation` throws; `CancellationError` as soon as the task of this thread is cancelled.
package func waiting<Result: Sendable>(_ operation: @escaping @Sendable () async throws -> Result) throws -> Result {
    let tickets = Tickets<Swift.Result<Result, any Error>>()
    let task = Task.detached {
        do { tickets.give(.success(try await operation())) } catch { tickets.give(.failure(error)) }
    }
    guard let result = tickets.take() else {
        task.cancel()
        throw CancellationError()
    }
    return try result.get()
}
