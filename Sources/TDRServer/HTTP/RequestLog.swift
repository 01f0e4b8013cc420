import HTTPTypes
import Hummingbird
import Logging
import TDRCore

/// Tells of every request when it is answered, turns every error into the same JSON, and counts.
///
/// Only what is named here is logged: no header, no query, no body, and no path that is a secret; so no token and no
/// password can get there.
struct RequestLog: RouterMiddleware {
    typealias Context = APIContext

    let metrics: Metrics
    let isOn: Bool
    /// Whether all of it is served under TLS.
    let isSecure: Bool

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let begun = ContinuousClock.now
        metrics.began()
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let known = APIError(error)
            if known.status.code >= 500 { context.note.failure = "\(error)" }
            response = known.response()
        }
        response.headers[.requestID] = context.requestID
        response.headers[.contentTypeOptions] = "nosniff"
        // A browser that has been here once does not come without TLS again (RFC 6797).
        if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        response.headers[.cacheControl] = response.headers[.cacheControl] ?? "no-store"
        let took = begun.duration(to: .now)
        let route = context.endpointPath ?? "none"
        metrics.ended(request.method.rawValue, route, response.status.code, took)
        guard isOn else { return response }
        var facts: Logger.Metadata = [
            "id": "\(context.requestID)", "method": "\(request.method.rawValue)",
            "path": "\(SetupLink.isBehind(route) ? route : request.uri.path)",
            "status": "\(response.status.code)",
            "ms":
                "\(Double(took.components.seconds) * 1000 + Double(took.components.attoseconds / 1_000_000_000_000) / 1000)",
            "from": "\(context.peer)",
        ]
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }) { facts["announced"] = "\(length)" }
        if let length = response.body.contentLength { facts["sent"] = "\(length)" }
        if let login = context.note.login { facts["user"] = "\(login)" }
        if let failure = context.note.failure { facts["error"] = "\(failure)" }
        context.logger.log(level: response.status.code >= 500 ? .error : .info, "request", metadata: facts)
        return response
    }
}

extension HTTPField.Name {
    static var requestID: HTTPField.Name { name("X-Request-Id") }
    static var contentTypeOptions: HTTPField.Name { name("X-Content-Type-Options") }
    static var contentDigest: HTTPField.Name { name("Content-Digest") }
    static var reprDigest: HTTPField.Name { name("Repr-Digest") }
    static var digest: HTTPField.Name { name("Digest") }
    static var uploadOffset: HTTPField.Name { name("Upload-Offset") }
    static var uploadLength: HTTPField.Name { name("Upload-Length") }

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' is a name of a field") }
        return name
    }
}
