import Glibc

/// One thread that works beside its owner, on one thing at a time. It ends, joined, with this value.
///
/// For owners that run on blocking threads themselves: a task group would have to be opened around them.
package final class SideThread {
    private let work = BoundedQueue<@Sendable () -> Void>(capacity: 1)
    private let done = BoundedQueue<Bool>(capacity: 1)
    private var thread: pthread_t?
    private var isBusy = false

    private final class Loop: Sendable {
        let work: BoundedQueue<@Sendable () -> Void>
        let done: BoundedQueue<Bool>

        init(_ work: BoundedQueue<@Sendable () -> Void>, _ done: BoundedQueue<Bool>) {
            (self.work, self.done) = (work, done)
        }

        func run() {
            while true {
                do {
                    guard let next = work.pop() else { return }
                    next()
                }
                // The work is let go of first: whoever waits may hold the last of what it holds.
                _ = done.push(true)
            }
        }
    }

    /// Starts the thread.
    package init() {
        let loop = Loop(work, done)
        // Without one, what is started is done by whoever starts it.
        thread = try? startThread { loop.run() }
    }

    deinit {
        wait()
        work.close()
        if let thread { pthread_join(thread, nil) }
    }

    /// Does `body` there, when what was started before is done. Where the system gave no thread, it is done here.
    package func start(_ body: @escaping @Sendable () -> Void) {
        wait()
        guard thread != nil else { return body() }
        isBusy = true
        _ = work.push(body)
    }

    /// Waits until what was started is done.
    package func wait() {
        guard isBusy else { return }
        isBusy = false
        _ = done.pop()
    }
}
