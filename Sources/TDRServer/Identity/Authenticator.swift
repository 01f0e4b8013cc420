import HTTPTypes
import Hummingbird
import Logging
import Streams
import TDRCore

/// Proves who asks: by a bearer token of ours, or one of the provider.
struct Authenticator: RouterMiddleware {
    typealias Context = APIContext

    let store: Store
    let loops: ServingLoops
    let threads: BlockingExecutor
    let provider: TokenVerifier?
    let clock: @Sendable () -> Timestamp

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let (fields, logger) = (request.headers[values: .authorization], context.logger)
        if let principal = try await principal(fields, loops[context.loop], logger) {
            context.principal = principal
            context.note.login = principal.login
            context.askAgain = { try await self.principal(fields, nil, logger) }
        }
        return try await next(request, context)
    }

    /// nil when there is no token or it does not count; the client is not told which.
    private func principal(
        _ fields: [String], _ loop: ServingLoop?, _ logger: Logger
    ) async throws -> Principal? {
        // Two of them could be read as one by us and as the other by whoever stands in front of us.
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = String(parts[1])
        if !token.contains(".") {
            guard case .known(let principal) = try await verdict(token, loop) else { return nil }
            return principal
        }
        guard let provider else { return nil }
        // To prove a signature takes longer than others of the loop should wait.
        return try await withTaskExecutorPreference(threads) { try await principal(token, provider, logger) }
    }

    private func principal(_ token: String, _ provider: TokenVerifier, _ logger: Logger) async throws -> Principal? {
        do {
            let principal = try await provider.verified(token).principal(for: provider.options, at: clock())
            try store.admit(principal, from: provider.options.issuer)
            return principal
        } catch let refusal as PeopleError {
            logger.info("token refused", metadata: ["why": "\(refusal)"])
            return nil
        } catch let refusal as JSONWebToken.Refusal {
            logger.info("token refused", metadata: ["why": "\(refusal)"])
            return nil
        }
    }

    private func verdict(_ token: String, _ loop: ServingLoop?) async throws -> TokenVerdict {
        if let verdict = try loop?.quickRead({ try store.principal(forToken: token) }) { return verdict }
        return try await onThreads(threads) { try store.principal(forToken: token) }
    }
}

/// Goes over to threads that may block, once, for all that is done for a request until its answer begins: what the body of
/// an answer does while it is written is not among it.
struct OnThreads: RouterMiddleware {
    typealias Context = APIContext

    private let threads: BlockingExecutor

    init(_ threads: BlockingExecutor) { self.threads = threads }

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        try await withTaskExecutorPreference(threads) { try await next(request, context) }
    }
}

/// Does work that blocks on threads that may.
func onThreads<Value: Sendable>(
    _ threads: BlockingExecutor, _ body: @Sendable () throws -> Value
) async throws -> Value {
    try await withTaskExecutorPreference(threads) { try body() }
}
