import Glibc
import Streams
import Testing

@Suite struct SideThreadTests {
    @Test("works beside its owner, on one thing after the other, in their order")
    func order() {
        let side = SideThread()
        let seen = Guarded<[Int]>([])
        let threads = Guarded<Set<UInt>>([])
        for number in 0..<1000 {
            side.start {
                threads.withLock { _ = $0.insert(pthread_self()) }
                seen.withLock { $0.append(number) }
            }
            // What was started before is done, what was started now may be.
            #expect(seen.withLock { $0.count } >= number)
        }
        side.wait()
        #expect(seen.withLock { $0 } == Array(0..<1000))
        #expect(threads.withLock { $0.count } == 1)
        #expect(threads.withLock { $0.first } != pthread_self())
    }

    @Test("ends only when what was started is done")
    func ends() {
        let seen = Guarded(0)
        for _ in 0..<50 {
            let side = SideThread()
            for _ in 0..<3 { side.start { seen.withLock { $0 += 1 } } }
        }
        #expect(seen.withLock { $0 } == 150)
    }
}
