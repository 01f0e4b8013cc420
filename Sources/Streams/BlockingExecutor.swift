import CShims
import Glibc

/// Threads of our own for work that blocks: reading files, hashing, talking to a socket, writing to SQLite.
///
/// The cooperative pool has one thread a core and never grows; a blocking read in it freezes timers, signals and
/// progress. A task group whose children prefer this executor stays structured and leaves that pool free.
package final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
    // Sendable: `queue` and `open` are touched only with `mutex` held.

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let wakeUp: UnsafeMutablePointer<pthread_cond_t>
    private var queue: [UnownedJob] = []
    private var head = 0
    private var open = true
    private var threads: [pthread_t] = []
    private let niceness: Int32

    /// Starts `threads` threads, which live until ``shutDown()``.
    ///
    /// - Parameter niceness: how far they stand back behind other threads, also those of this process: 0 to 19.
    package init(threads count: Int, niceness: Int32 = 0) {
        self.niceness = niceness
        mutex = .allocate(capacity: 1)
        wakeUp = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wakeUp, nil)
        for _ in 0..<max(1, count) {
            let thread: pthread_t
            do {
                thread = try startThread { self.work() }
            } catch {
                // One thread is enough to go on; none would hang every task.
                precondition(!threads.isEmpty, "the system gives no thread (pthread_create: \(error.code))")
                break
            }
            threads.append(thread)
            // Nobody joins: detached, a thread gives its stack back when it ends.
            pthread_detach(thread)
        }
    }

    deinit {
        pthread_cond_destroy(wakeUp)
        pthread_mutex_destroy(mutex)
        wakeUp.deallocate()
        mutex.deallocate()
    }

    /// Lets the threads end when the queue is empty. Call it when no task can be given to this executor any more.
    package func shutDown() {
        pthread_mutex_lock(mutex)
        open = false
        pthread_cond_broadcast(wakeUp)
        pthread_mutex_unlock(mutex)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        queue.append(job)
        pthread_cond_signal(wakeUp)
        pthread_mutex_unlock(mutex)
    }

    private func work() {
        // On Linux that is the calling thread alone. Where it cannot be had, it works all the same.
        if niceness > 0 { setpriority(Int32(PRIO_PROCESS.rawValue), 0, niceness) }
        while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    private func next() -> UnownedJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while head == queue.count {
            if !open { return nil }
            pthread_cond_wait(wakeUp, mutex)
        }
        let job = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        }
        return job
    }
}

/// Runs `body` with `threads` blocking threads at its disposal; they end with it.
package func withBlockingThreads<Result: Sendable>(
    _ threads: Int, niceness: Int32 = 0, _ body: @Sendable (BlockingExecutor) async throws -> Result
) async throws -> Result {
    let executor = BlockingExecutor(threads: threads, niceness: niceness)
    defer { executor.shutDown() }
    return try await withTaskExecutorPreference(executor) { try await body(executor) }
}

/// Rests on a thread that may block.
package func pause(_ microseconds: UInt32) { usleep(microseconds) }

/// Has all threads of the process share so many heaps of the C library, where each would have its own otherwise, as far as
/// eight for each core go. To be called before there are many.
package func limitHeaps(to count: Int) { _ = tdr_limit_heaps(Int32(count)) }
