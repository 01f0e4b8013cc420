import Glibc
import Streams
import Synchronization
import TDRTestSupport
import Testing

@Suite(.serialized) struct BlockingExecutorTests {
    @Test("runs blocking work on threads of its own and leaves the cooperative pool free")
    func offThePool() async throws {
        // Each child waits until all are running: in the pool, which has one thread a core, that would never end.
        let count = 16
        let arrived = Counter()
        let threads = try await withBlockingThreads(count) { _ in
            try await withThrowingTaskGroup(of: UInt.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        arrived.value.add(1, ordering: .sequentiallyConsistent)
                        try #require(waitUntil { arrived.value.load(ordering: .sequentiallyConsistent) == count })
                        return pthread_self()
                    }
                }
                return try await group.reduce(into: Set<UInt>()) { $0.insert($1) }
            }
        }
        #expect(threads.count == count)
    }

    @Test("hands on what its body returns or throws")
    func results() async throws {
        struct Mine: Error {}
        #expect(try await withBlockingThreads(1) { _ in 42 } == 42)
        await #expect(throws: Mine.self) { try await withBlockingThreads(2) { _ in throw Mine() } }
    }

    @Test("finishes every one of ten thousand jobs on one thread")
    func manyJobs() async throws {
        let sum = try await withBlockingThreads(1) { _ in
            await withTaskGroup(of: Int.self) { group in
                for number in 0..<10_000 { group.addTask { number } }
                return await group.reduce(0, +)
            }
        }
        #expect(sum == 49_995_000)
    }

    @Test("gives its threads and their memory back when it ends")
    func ends() async throws {
        func status(_ key: String) throws -> Int {
            let text = String(decoding: try contents(of: BytePath("/proc/self/status")), as: UTF8.self)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(key) })
            return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
        }
        _ = try await withBlockingThreads(4) { _ in 0 }
        let before = try status("VmSize:")
        for _ in 0..<400 { _ = try await withBlockingThreads(4) { _ in 0 } }
        let threadsLeft = try waitUntil { try status("Threads:") < 400 }
        #expect(threadsLeft)
        // 1,600 threads with 8 MiB of stack each would be 13 GB.
        let settled = try waitUntil { try status("VmSize:") - before < 4 << 20 }
        #expect(settled)
    }
}

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
