import GraphQL
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `POST /graphql`, and `GET` for queries, by the GraphQL-over-HTTP specification.
///
/// A client that asks for `application/graphql-response+json` gets 400 for what cannot be executed and 200 for what
/// was, errors of fields or not; to one that asks for `application/json` every request in JSON is answered with 200.
struct GraphQLRoute: Sendable {
    let archive: Archive
    let engine: GraphQLEngine
    let limits: RequestLimits
    let loops: ServingLoops

    /// Bytes of a request that is read on the event loop.
    private static let longestAtOnce = 16 << 10

    func add(to group: RouterGroup<APIContext>) {
        group.post("graphql", use: post)
        group.get("graphql", use: get)
    }

    @Sendable private func post(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let media = try media(request)
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes {
            throw tooLarge
        }
        let body = try await body(of: request)
        // Others of the loop do not wait until a long one is read.
        if body.count > GraphQLRoute.longestAtOnce {
            return try await withTaskExecutorPreference(archive.threads) {
                try await answer(body, media, request, context, principal)
            }
        }
        return try await answer(body, media, request, context, principal)
    }

    private func answer(
        _ body: [UInt8], _ media: GraphQLHTTP.Media, _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let asked: GraphQLRequest
        do throws(GraphQLHTTP.Refusal) {
            asked = try GraphQLHTTP.request(body: body, contentType: request.headers[.contentType])
        } catch {
            return try refused(error, media, request)
        }
        return try await answer(asked, media, context, principal, isReadOnly: false)
    }

    @Sendable private func get(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let media = try media(request)
        let asked: GraphQLRequest
        do throws(GraphQLHTTP.Refusal) {
            asked = try GraphQLHTTP.request(queryString: request.uri.query ?? "")
        } catch {
            return try refused(error, media, request)
        }
        return try await answer(asked, media, context, principal, isReadOnly: true)
    }

    // MARK: The request

    /// What is no request: an error by its status, but for clients that look into the body alone.
    private func refused(
        _ refusal: GraphQLHTTP.Refusal, _ media: GraphQLHTTP.Media, _ request: Request
    ) throws -> Response {
        guard refusal.status == 400, media == .json, GraphQLHTTP.asksForJSON(accept: accepted(request)) else {
            throw APIError(HTTPResponse.Status(code: refusal.status), .badRequest, refusal.message)
        }
        return Response(
            status: .ok, headers: [.contentType: media.contentType],
            body: .init(byteBuffer: ByteBuffer(bytes: refusal.response.bytes)))
    }

    private func accepted(_ request: Request) -> String? { request.headers[.accept] }

    /// Which media type the client takes; the older one when it does not say.
    private func media(_ request: Request) throws -> GraphQLHTTP.Media {
        guard let media = GraphQLHTTP.media(accept: accepted(request)) else {
            throw APIError(
                .notAcceptable, .badRequest,
                "answers are \(GraphQLHTTP.Media.response.rawValue) or \(GraphQLHTTP.Media.json.rawValue)")
        }
        return media
    }

    private var tooLarge: APIError {
        APIError(.contentTooLarge, .tooLarge, "a request has at most \(limits.bodyBytes) bytes")
    }

    /// The body, as long as it is not too large and does not come too slowly.
    private func body(of request: Request) async throws -> [UInt8] {
        let deadline = ContinuousClock.now + .seconds(limits.bodySeconds)
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= limits.bodyBytes else { throw tooLarge }
            bytes.append(contentsOf: buffer.readableBytesView)
            // A body that drips in holds a connection for nothing. One that stops altogether is the idle timer's.
            guard .now < deadline else {
                throw APIError(
                    .requestTimeout, .timeout, "the request did not arrive in \(limits.bodySeconds) seconds")
            }
        }
        return bytes
    }

    // MARK: The answer

    private func answer(
        _ request: GraphQLRequest, _ media: GraphQLHTTP.Media, _ context: APIContext, _ principal: Principal,
        isReadOnly: Bool
    ) async throws -> Response {
        // What is noted of a try that is given up is nobody's.
        let note = RequestNote()
        if let loop = loops[context.loop],
            let response = try await loop.quickly({
                try await engine.executeRemembered(
                    request, mostCells: ServingLoop.mostCells,
                    context: Asker(archive: archive, principal: principal, note: note))
            })
        {
            if let failure = note.failure { context.note.failure = failure }
            return written(response, media)
        }
        let asker = Asker(archive: archive, principal: principal, note: context.note)
        return try await withTaskExecutorPreference(archive.threads) {
            let response = try await TimeLimit(limits.requestSeconds).keep { [engine] in
                try await engine.execute(request, context: asker, isReadOnly: isReadOnly)
            }
            return written(response, media)
        }
    }

    private func written(_ response: GraphQLResponse, _ media: GraphQLHTTP.Media) -> Response {
        let status = GraphQLHTTP.status(of: response, as: media)
        var headers: HTTPFields = [.contentType: media.contentType]
        if status == 405 { headers[.allow] = "POST" }
        return Response(
            status: HTTPResponse.Status(code: status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: response.bytes)))
    }
}
