import Glibc
import Streams

/// Writes the lines of the log on a thread of its own, many at once: a reader that hangs, as that of a pipe may, costs
/// lines, of which the log tells later how many, and holds up no answer.
final class LogWriter: @unchecked Sendable {
    // Sendable: everything is touched only with `mutex` held.

    /// That of the server's log, on stderr.
    static let stderr = LogWriter(descriptor: 2)

    /// Bytes that wait to be written, at most.
    private let room: Int
    /// How long lines are gathered after some were written.
    private static let pause: Int64 = 5_000_000
    /// How long to wait for the last lines to be written.
    private static let patience: Int64 = 2_000_000_000

    private let descriptor: Int32
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var waiting: [UInt8] = []
    private var lost = 0
    private var isIdle = true
    private var isHurried = false
    private var isStarted = false

    /// A log that is the file `descriptor`.
    init(descriptor: Int32, room: Int = 4 << 20) {
        self.descriptor = descriptor
        self.room = room
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        // The clock of the day may be set back while somebody waits.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Adds whole lines, to be written soon.
    func write(_ lines: [UInt8]) {
        locked {
            if waiting.count + lines.count > room {
                lost += 1
                return
            }
            waiting.append(contentsOf: lines)
            start()
            if isIdle { pthread_cond_broadcast(changed) }
        }
    }

    /// Waits until all lines are written, but not for long.
    func flush() {
        locked {
            let end = LogWriter.moment(in: LogWriter.patience)
            while !(waiting.isEmpty && isIdle) {
                isHurried = true
                pthread_cond_broadcast(changed)
                if wait(until: end) { return }
            }
        }
    }

    // MARK: The thread

    private func start() {
        if isStarted { return }
        // Without a thread the lines wait, and the next one tries again.
        guard let thread = try? startThread({ self.run() }) else { return }
        isStarted = true
        pthread_detach(thread)
    }

    private func run() {
        var lines: [UInt8] = []
        while true {
            let untold = locked { () -> Int in
                while waiting.isEmpty {
                    isIdle = true
                    isHurried = false
                    pthread_cond_broadcast(changed)
                    pthread_cond_wait(changed, mutex)
                }
                isIdle = false
                defer { lost = 0 }
                swap(&lines, &waiting)
                return lost
            }
            if untold > 0 {
                var line = LogLine()
                line.add("event", "lines of the log were lost, for nobody took them")
                line.add("level", "error")
                line.add("lost", "\(untold)")
                line.add("time", LogLine.now)
                lines += line.finished
            }
            let written = put(lines)
            if written < lines.count {
                // A line that was begun is ended, so that the next one is whole.
                let rest = lines[written...]
                let isTorn = written > 0 && lines[written - 1] != UInt8(ascii: "\n")
                locked {
                    lost += rest.count { $0 == UInt8(ascii: "\n") }
                    if isTorn { waiting.insert(UInt8(ascii: "\n"), at: 0) }
                }
            }
            lines.removeAll(keepingCapacity: lines.capacity < 1 << 20)
            locked {
                let end = LogWriter.moment(in: LogWriter.pause)
                while !isHurried { if wait(until: end) { break } }
            }
        }
    }

    /// How many bytes could be written: fewer when nobody can take them any more.
    private func put(_ lines: [UInt8]) -> Int {
        lines.withUnsafeBytes { lines in
            var rest = lines[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Somebody made it a file that does not wait; we have the time.
                    usleep(1000)
                } else if errno != EINTR {
                    // A log that nobody reads must not stop the server.
                    return lines.count - rest.count
                }
            }
            return lines.count
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Waits for a change; whether the time is over instead.
    private func wait(until end: timespec) -> Bool {
        var end = end
        return pthread_cond_timedwait(changed, mutex, &end) == ETIMEDOUT
    }

    private static func moment(in nanoseconds: Int64) -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let all = Int64(now.tv_nsec) + nanoseconds
        return timespec(tv_sec: now.tv_sec + Int(all / 1_000_000_000), tv_nsec: Int(all % 1_000_000_000))
    }
}
