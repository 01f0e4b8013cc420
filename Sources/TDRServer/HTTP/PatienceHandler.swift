import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Closes connections on which a client lets us wait: one whose request drips in, whatever route it is for and whether
/// it has been answered already, and one that does not take its answer.
///
/// Only the time counts in which we want bytes and have none. While the server is busy itself, with the hash of what has
/// arrived of a large file or with a disk, nothing is held against the client.
final class PatienceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Slower senders hold a connection for nothing: bytes a second.
    private static let slowest: Int64 = 500

    private let patience: TimeAmount
    /// Whether a request has begun to arrive and has not ended.
    private var isArriving = false
    private var bytes: Int64 = 0
    private var waited = TimeAmount.nanoseconds(0)
    private var waitingSince: NIODeadline?
    private var stuckSince: NIODeadline?
    private var clock: RepeatedTask?

    /// - Parameter patience: how long a client may let us wait.
    init(patience: TimeAmount) { self.patience = patience }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let pause = TimeAmount.nanoseconds(max(patience.nanoseconds / 4, 50_000_000))
        clock = context.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    private func stop() {
        clock?.cancel()
        clock = nil
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        if let stuckSince, now - stuckSince >= patience { return context.close(promise: nil) }
        guard isArriving else { return }
        let waited = waited + (waitingSince.map { now - $0 } ?? .nanoseconds(0))
        let seconds = waited.nanoseconds / 1_000_000_000
        if waited >= patience, bytes < PatienceHandler.slowest * seconds { context.close(promise: nil) }
    }

    // MARK: The request

    func read(context: ChannelHandlerContext) {
        if waitingSince == nil { waitingSince = context.eventLoop.now }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let since = waitingSince {
            waited = waited + (context.eventLoop.now - since)
            waitingSince = nil
        }
        switch unwrapInboundIn(data) {
        case .head:
            isArriving = true
            bytes = 0
            waited = .nanoseconds(0)
        case .body(let buffer): bytes += Int64(buffer.readableBytes)
        case .end: isArriving = false
        }
        context.fireChannelRead(data)
    }

    // MARK: The answer

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stuckSince = context.channel.isWritable ? nil : context.eventLoop.now
        context.fireChannelWritabilityChanged()
    }
}
