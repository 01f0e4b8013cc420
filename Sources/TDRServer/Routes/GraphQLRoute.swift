import GraphQL
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `POST /graphql`, and `GET` for queries, by the GraphQL-over-HTTP specification.
///
/// A client that asks for `application/graphql-response+json` gets 400 for what cannot be executed and 200 for what
/// was, errors of fields or not; to one that asks for `application/json` every well-formed request is answered with 200.
struct GraphQLRoute: Sendable {
    private static let own = "application/graphql-response+json"
    private static let plain = "application/json"

    let archive: Archive
    let engine: GraphQLEngine
    let limits: RequestLimits

    func add(to group: RouterGroup<APIContext>) {
        group.post("graphql", use: post)
        group.get("graphql", use: get)
    }

    @Sendable private func post(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let media = try media(request)
        guard isJSON(request.headers[.contentType]) else {
            throw APIError(.unsupportedMediaType, .badRequest, "a request is sent as application/json")
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes {
            throw tooLarge
        }
        let body = try await body(of: request)
        let json: JSONValue
        do {
            json = try JSONReader.read(body)
        } catch let fault as JSONReader.Fault {
            throw APIError(.badRequest, .badRequest, "the body is no JSON: \(fault.what) at byte \(fault.place)")
        }
        guard let object = json.object else {
            throw APIError(.badRequest, .badRequest, "the body is no JSON object; requests are sent one by one")
        }
        return try await answer(try parsed(object), media, context, principal, isReadOnly: false)
    }

    @Sendable private func get(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let media = try media(request)
        var object = JSONObject()
        for name in ["query", "operationName"] {
            if let text = request.uri.queryParameters[Substring(name)] { object.append(name, .string(String(text))) }
        }
        for name in ["variables", "extensions"] {
            guard let text = request.uri.queryParameters[Substring(name)] else { continue }
            do {
                object.append(name, try JSONReader.read(Array(text.utf8)))
            } catch let fault as JSONReader.Fault {
                throw APIError(.badRequest, .badRequest, "\(name) is no JSON: \(fault.what)")
            }
        }
        return try await answer(try parsed(object), media, context, principal, isReadOnly: true)
    }

    // MARK: The request

    /// Which media type the client takes; the older one when it does not say.
    private func media(_ request: Request) throws -> String {
        let accepted = request.headers[values: .accept].joined(separator: ",")
        if accepted.isEmpty { return GraphQLRoute.plain }
        var isPlain = false
        for range in accepted.split(separator: ",") {
            let parameters = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let type = parameters.first, !parameters.contains("q=0"), !parameters.contains("q=0.0") else {
                continue
            }
            if type == GraphQLRoute.own { return GraphQLRoute.own }
            if type == GraphQLRoute.plain || type == "*/*" || type == "application/*" { isPlain = true }
        }
        guard isPlain else {
            throw APIError(
                .notAcceptable, .badRequest, "answers are \(GraphQLRoute.own) or \(GraphQLRoute.plain)")
        }
        return GraphQLRoute.plain
    }

    private func isJSON(_ contentType: String?) -> Bool {
        guard let contentType else { return false }
        let parts = contentType.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
        guard parts.first == GraphQLRoute.plain || parts.first == "application/graphql+json" else { return false }
        // JSON is UTF-8 (RFC 8259 §8.1).
        return parts.dropFirst().allSatisfy { !$0.hasPrefix("charset=") || $0.filter { $0 != "\"" } == "charset=utf-8" }
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

    private func parsed(_ object: JSONObject) throws -> GraphQLRequest {
        guard let query = object["query"]?.string else {
            throw APIError(.badRequest, .badRequest, "'query' is missing, or is no text")
        }
        let name = object["operationName"] ?? .null
        guard name.isNull || name.string != nil else {
            throw APIError(.badRequest, .badRequest, "'operationName' is no text")
        }
        for member in ["variables", "extensions"] {
            let value = object[member] ?? .null
            guard value.isNull || value.object != nil else {
                throw APIError(.badRequest, .badRequest, "'\(member)' is no object")
            }
        }
        return GraphQLRequest(
            query, operationName: name.string, variables: object["variables"]?.object ?? [:],
            extensions: object["extensions"]?.object ?? [:])
    }

    // MARK: The answer

    private func answer(
        _ request: GraphQLRequest, _ media: String, _ context: APIContext, _ principal: Principal, isReadOnly: Bool
    ) async throws -> Response {
        let asker = Asker(archive: archive, principal: principal, note: context.note)
        let response = try await inTime { [engine] in
            try await engine.execute(request, context: asker, isReadOnly: isReadOnly)
        }
        let isRefusedMutation = response.errors.contains { $0.code == "METHOD_NOT_ALLOWED" }
        let status: HTTPResponse.Status =
            isRefusedMutation
            ? .methodNotAllowed : response.isExecuted || media == GraphQLRoute.plain ? .ok : .badRequest
        var headers: HTTPFields = [.contentType: media + "; charset=utf-8"]
        if isRefusedMutation { headers[.allow] = "POST" }
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: response.bytes)))
    }

    /// Gives up what takes too long.
    private func inTime<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask { [limits] in
                try await Task.sleep(for: .seconds(limits.requestSeconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else {
                throw APIError(
                    .serviceUnavailable, .timeout,
                    "the request took longer than \(limits.requestSeconds) seconds; ask for less")
            }
            return value
        }
    }
}
