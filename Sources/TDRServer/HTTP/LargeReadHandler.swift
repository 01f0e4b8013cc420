import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Streams

/// Reads large bodies in large pieces: each piece costs a look at the socket, a way from thread to thread and a write to
/// the disk, whatever its size. The more of them arrive at once, the smaller are the pieces, so that memory stays bounded.
final class LargeReadHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// Bodies that are large now, of all connections.
    final class Share: Sendable {
        /// Bytes that the pieces of all of them may have while they wait.
        private static let room = 32 << 20
        /// Pieces that wait for one of them, at most.
        private static let pieces = 16
        private static let largest = 512 << 10
        static let smallest = 64 << 10

        private let count = Guarded(0)

        /// One more; bytes that its pieces may have.
        func enter() -> Int {
            let count = count.withLock { count in
                count += 1
                return count
            }
            return max(Share.smallest, min(Share.largest, Share.room / Share.pieces / count))
        }

        func leave() { count.withLock { $0 -= 1 } }
    }

    /// Shorter bodies are read as they always are.
    private static let large: Int64 = 4 << 20

    private let share: Share
    private var isLarge = false

    init(_ share: Share) { self.share = share }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body: break
        case .end: end(context)
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { if isLarge { share.leave() } }

    private func begin(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard !isLarge, let length = head.headerFields[.contentLength].flatMap({ Int64($0) }),
            length >= LargeReadHandler.large
        else { return }
        isLarge = true
        let capacity = share.enter()
        set(FixedSizeRecvByteBufferAllocator(capacity: capacity), context)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard isLarge else { return }
        isLarge = false
        share.leave()
        set(AdaptiveRecvByteBufferAllocator(), context)
    }

    private func set(_ allocator: any RecvByteBufferAllocator, _ context: ChannelHandlerContext) {
        // Without it the reads are as they always are.
        context.channel.setOption(.recvAllocator, value: allocator).whenFailure { _ in }
    }
}
