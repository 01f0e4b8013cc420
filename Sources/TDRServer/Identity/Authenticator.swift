import HTTPTypes
import Hummingbird
import Logging
import Streams
import TDRCore

/// Proves who asks: by a bearer token of ours, or one of the provider.
struct Authenticator: RouterMiddleware {
    typealias Context = APIContext

    let store: Store
    let threads: BlockingExecutor
    let provider: TokenVerifier?
    let clock: @Sendable () -> Timestamp

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        // From here on it is all done on threads that may block: going over to them once is enough.
        try await withTaskExecutorPreference(threads) {
            var context = context
            let (fields, logger) = (request.headers[values: .authorization], context.logger)
            if let principal = try await principal(fields, logger) {
                context.principal = principal
                context.note.login = principal.login
                context.askAgain = { try await self.principal(fields, logger) }
            }
            return try await next(request, context)
        }
    }

    /// nil when there is no token or it does not count; the client is not told which.
    private func principal(_ fields: [String], _ logger: Logger) async throws -> Principal? {
        // Two of them could be read as one by us and as the other by whoever stands in front of us.
        guard fields.count == 1 else { return nil }
        let parts = fields[0].split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = String(parts[1])
        if !token.contains(".") {
            let verdict = try await onThreads(threads) { try store.principal(forToken: token) }
            guard case .known(let principal) = verdict else { return nil }
            return principal
        }
        guard let provider else { return nil }
        do {
            let principal = try await provider.verified(token).principal(for: provider.options, at: clock())
            try await onThreads(threads) { try store.admit(principal, from: provider.options.issuer) }
            return principal
        } catch let refusal as PeopleError {
            logger.info("token refused", metadata: ["why": "\(refusal)"])
            return nil
        } catch let refusal as JSONWebToken.Refusal {
            logger.info("token refused", metadata: ["why": "\(refusal)"])
            return nil
        }
    }
}

/// Does work that blocks on threads that may.
func onThreads<Value: Sendable>(
    _ threads: BlockingExecutor, _ body: @Sendable () throws -> Value
) async throws -> Value {
    try await withTaskExecutorPreference(threads) { try body() }
}
