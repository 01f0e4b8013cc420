import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import TDRCore

/// An event loop that serves connections: their tasks run on it, too, and short reads of the store are made there.
///
/// A request that is over in a fraction of a thousandth of a second never changes threads. What may take longer, or
/// wait for a disk, must not hold the loop up, on which other connections wait: it goes over to threads that may block.
final class ServingLoop: TaskExecutor {
    /// How many values an answer may have.
    static let mostCells = 2000

    private let loop: any EventLoop
    private let lane: ReadLane
    private let patience: Duration

    /// - Parameter patience: how long one request may read, whatever keeps it, while the others of its loop wait.
    init(_ loop: any EventLoop, _ store: Store, patience: Duration = .milliseconds(20)) throws {
        self.loop = loop
        self.patience = patience
        lane = try ReadLane(store)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Does `work` here, at once.
    ///
    /// - Returns: nil when it would take too long, or is asked for elsewhere: it is to be done on other threads then.
    ///   `work` may have been begun, and must change nothing.
    func quickRead<Value>(_ work: () throws -> Value?) rethrows -> Value? {
        guard loop.inEventLoop, !lane.isInSession else { return nil }
        do {
            return try ReadTerms.$current.withValue(terms) { try work() }
        } catch is ReadTerms.Passed {
            return nil
        }
    }

    /// The same for work that calls what might wait elsewhere, but does not here. All that it reads is of one moment.
    func quickly<Value: Sendable>(_ work: () async throws -> Value?) async rethrows -> Value? {
        guard loop.inEventLoop else { return nil }
        do {
            return try await ReadTerms.$current.withValue(terms) { try await lane.session(work) }
        } catch is CancellationError where !Task.isCancelled {
            return nil
        }
    }

    private var terms: ReadTerms { ReadTerms(deadline: .now + patience, lane: lane) }
}

/// The loops of a server.
struct ServingLoops: Sendable {
    private let loops: [ObjectIdentifier: ServingLoop]

    init(_ group: any EventLoopGroup, _ store: Store) throws {
        var loops: [ObjectIdentifier: ServingLoop] = [:]
        for loop in group.makeIterator() { loops[ObjectIdentifier(loop)] = try ServingLoop(loop, store) }
        self.loops = loops
    }

    /// None: all is done on threads that may block.
    static let none = ServingLoops()

    private init() { loops = [:] }

    /// nil for one that is not ours.
    subscript(_ loop: any EventLoop) -> ServingLoop? { loops[ObjectIdentifier(loop)] }
}

/// HTTP/1 with the task of each connection on the connection's loop.
struct LoopChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let base: HTTP1Channel
    let loops: ServingLoops

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        base.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(loops[value.channel.eventLoop]) {
            await base.handle(value: value, logger: logger)
        }
    }
}
