import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Streams
import TDRCore

/// What goes along with one request.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks, once it has been proved.
    var principal: Principal?
    /// Asks anew who that is, for what takes long: nil when their token or session does not count any more.
    var askAgain: (@Sendable () async throws -> Principal?)?
    /// Whose browser it is, for the pages.
    var visitor: Visitor?
    /// What is learned on the way and belongs into the log.
    let note = RequestNote()
    /// Where the request came from, for the log.
    let peer: String
    /// That of the connection.
    let loop: any EventLoop

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        peer = source.channel.remoteAddress?.ipAddress ?? ""
        loop = source.channel.eventLoop
    }

    /// The id under which the log knows the request, and which the answer carries.
    var requestID: String { id }

    /// Who asks.
    ///
    /// - Throws: ``APIError/notAuthenticated``.
    func known() throws -> Principal {
        guard let principal else { throw APIError.notAuthenticated }
        return principal
    }
}

/// Facts of a request that the log tells when it is over.
final class RequestNote: Sendable {
    private struct State {
        var login: String?
        var failure: String?
    }

    private let state = Guarded(State())

    var login: String? {
        get { state.withLock { $0.login } }
        set { state.withLock { $0.login = newValue } }
    }

    /// All of them at once.
    var all: (login: String?, failure: String?) { state.withLock { ($0.login, $0.failure) } }

    /// Why the server failed, which only the log may tell.
    var failure: String? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }
}
