import Streams

/// Consignments that could not be worked on, and until when they are left alone: longer each time.
public final class Resting: Sendable {
    private let shortest: Duration
    private let longest: Duration
    private let state = Guarded<[RecordID: (until: ContinuousClock.Instant, pause: Duration)]>([:])

    /// Nobody yet. The first rest is the shortest, each further one is twice as long, up to the longest.
    public init(shortest: Duration = .seconds(5), longest: Duration = .seconds(300)) {
        self.shortest = shortest
        self.longest = longest
    }

    /// For what antivirus could not tell: some of it no engine will ever be able to.
    public static var ofScans: Resting { Resting(shortest: .seconds(60), longest: .seconds(6 * 3600)) }

    /// It could not be worked on once more.
    public func add(_ id: RecordID) {
        state.withLock { state in
            let pause = min(longest, state[id].map { $0.pause * 2 } ?? shortest)
            state[id] = (.now + pause, pause)
        }
    }

    /// It could be worked on.
    public func forget(_ id: RecordID) { state.withLock { _ = $0.removeValue(forKey: id) } }

    /// Whether it is to be left alone now.
    public func holds(_ id: RecordID) -> Bool { state.withLock { $0[id].map { $0.until > .now } ?? false } }
}
