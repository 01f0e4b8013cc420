import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// Health, counts, the schema, and signing in.
struct PlainRoutes: Sendable {
    /// Tries that may wait for their turn; each takes a tenth of a second.
    private static let waitingTries = 32
    private static let tokenHours: Int64 = 12

    let archive: Archive
    /// One thread for passwords, so that a flood of tries takes one core at most.
    let passwordThread: BlockingExecutor
    let tries = Crowd()
    let probe: HealthProbe
    let schema: String

    /// Those that anybody may ask.
    func addOpen(to router: Router<APIContext>) {
        router.get("healthcheck") { _, _ in PlainRoutes.json(["status": "up"]) }
        router.get("healthcheck-full", use: fullHealth)
    }

    func add(to group: RouterGroup<APIContext>) {
        group.get("metrics", use: metrics)
        group.get("schema.graphql", use: schemaText)
        group.post("sign-in", use: signIn)
    }

    @Sendable private func fullHealth(_ request: Request, context: APIContext) async throws -> Response {
        do {
            try await onThreads(archive.threads) { try probe.prove() }
            return PlainRoutes.json(["status": "up", "store": "up"])
        } catch {
            context.note.failure = "\(error)"
            var response = PlainRoutes.json(["status": "down", "store": "down"])
            response.status = .serviceUnavailable
            return response
        }
    }

    @Sendable private func metrics(_ request: Request, context: APIContext) async throws -> Response {
        guard Access.allows(try context.known(), .seeMetrics, [.none]) else { throw APIError.notFound }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: archive.metrics.text)))
    }

    @Sendable private func schemaText(_ request: Request, context: APIContext) async throws -> Response {
        _ = try context.known()
        return Response(
            status: .ok, headers: [.contentType: "application/graphql; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: schema)))
    }

    private struct Credentials: Decodable {
        let login: String
        let password: String
    }

    private struct SignedIn: Encodable {
        let token: String
        let expires: String
    }

    /// A token for half a day, for login and password.
    @Sendable private func signIn(_ request: Request, context: APIContext) async throws -> Response {
        let body = try await request.body.collect(upTo: 4096)
        guard let given = try? JSONDecoder().decode(Credentials.self, from: Data(body.readableBytesView)) else {
            throw APIError(.badRequest, .badRequest, #"the body is not {"login": …, "password": …}"#)
        }
        guard tries.enter(atMost: PlainRoutes.waitingTries) else {
            throw APIError(
                .tooManyRequests, .tooMany, "too many people are signing in; try again in a moment",
                headers: [.retryAfter: "5"])
        }
        defer { tries.leave() }
        let run = RunInfo(actor: given.login, command: "serve-api: sign-in", version: archive.version)
        let outcome = try await onThreads(passwordThread) {
            try archive.store.signIn(given.login, given.password, run: run)
        }
        switch outcome {
        case .refused:
            throw APIError(.unauthorized, .notAuthenticated, "the login or the password is wrong")
        case .wait(let seconds):
            throw APIError(
                .tooManyRequests, .tooMany, "too many tries have failed; wait \(seconds) seconds",
                headers: [.retryAfter: "\(seconds)"])
        case .known(let principal):
            context.note.login = principal.login
            let made = try await onThreads(archive.threads) {
                try archive.store.makeSession(for: principal, hours: PlainRoutes.tokenHours, run: run)
            }
            return PlainRoutes.json(SignedIn(token: made.secret, expires: made.expires.description))
        }
    }

    static func json(_ value: some Encodable) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts of our own can always be encoded.
        let bytes = (try? encoder.encode(value)) ?? Data()
        return Response(
            status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
