import HTTPTypes
import Hummingbird
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
        let id = context.requestID
        response.headers[.requestID] = id
        response.headers[.contentTypeOptions] = "nosniff"
        // A browser that has been here once does not come without TLS again (RFC 6797).
        if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        if !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = "no-store" }
        let took = begun.duration(to: .now)
        let route = context.endpointPath ?? "none"
        metrics.ended(request.method.rawValue, route, response.status.code, took)
        if isOn { line(id, request, context, response, route, took).write() }
        return response
    }

    private func line(
        _ id: String, _ request: Request, _ context: APIContext, _ response: Response, _ route: String,
        _ took: Duration
    ) -> LogLine {
        var line = LogLine()
        if let length = request.headers[.contentLength].flatMap({ Int64($0) }) { line.add("announced", "\(length)") }
        let (login, failure) = context.note.all
        if let failure { line.add("error", failure) }
        line.add("event", "request")
        line.add("from", context.peer)
        line.add("id", id)
        line.add("level", response.status.code >= 500 ? "error" : "info")
        line.add("method", request.method.rawValue)
        let (seconds, attoseconds) = took.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        line.add("ms", "\(Double(microseconds) / 1000)")
        line.add("path", SetupLink.isBehind(route) ? route : request.uri.path)
        if let length = response.body.contentLength { line.add("sent", "\(length)") }
        line.add("status", "\(response.status.code)")
        line.add("time", LogLine.now)
        if let login { line.add("user", login) }
        return line
    }
}

extension HTTPField.Name {
    static let requestID = name("X-Request-Id")
    static let contentTypeOptions = name("X-Content-Type-Options")
    static let contentDigest = name("Content-Digest")
    static let reprDigest = name("Repr-Digest")
    static let digest = name("Digest")
    static let uploadOffset = name("Upload-Offset")
    static let uploadLength = name("Upload-Length")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("'\(text)' is a name of a field") }
        return name
    }
}
