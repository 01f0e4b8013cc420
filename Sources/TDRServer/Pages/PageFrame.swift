import HTTPTypes
import Hummingbird
import TDRCore

/// What all pages have in common: the rules that browsers keep for us, the cookie, and pages for what goes wrong.
struct PageFrame: RouterMiddleware {
    typealias Context = APIContext

    let pages: Pages
    let session: BrowserSession

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        var response: Response
        do {
            context = try await session.recognised(request, context)
            response = try await next(request, context)
        } catch {
            // Programs get the same JSON as anywhere.
            guard request.headers[.accept]?.contains("text/html") == true else { throw error }
            response = self.response(to: error, request, context)
        }
        if let visitor = context.visitor, visitor.isNew, response.status == .ok, request.method == .get {
            let cookie = session.cookies.field("visit", visitor.secret, for: request)
            response.headers.append(HTTPField(name: .setCookie, value: cookie))
        }
        PageFrame.addPolicy(to: &response.headers)
        return response
    }

    /// No script, style, frame or form but our own; no word to other sites.
    static func addPolicy(to headers: inout HTTPFields, mayCompile: Bool = false) {
        headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'\(mayCompile ? " 'wasm-unsafe-eval'" : ""); style-src 'self'; img-src 'self'; connect-src 'self';"
            + " worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        headers[.contentTypeOptions] = "nosniff"
        for (name, value) in [
            ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        ] {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
    }

    /// What happened, and what to do next.
    private func response(to error: any Error, _ request: Request, _ context: APIContext) -> Response {
        let texts = pages.texts
        if let error = error as? PageError {
            let group = "error"
            let key =
                switch error {
                case .signedOut: "signedOut"
                case .otherSite: "otherSite"
                case .badForm: "badForm"
                }
            return page(
                texts("\(group).\(key)Title"), texts("\(group).\(key)"), texts("\(group).\(key)Next"), error.status,
                context)
        }
        let known = APIError(error)
        if known.status.code >= 500 { context.note.failure = "\(error)" }
        let key =
            switch known.code {
            case .notFound: "notFound"
            case .invalidState, .conflict: "state"
            case .tooMany: "tooMany"
            case .inner: "inner"
            case .unavailable: "unavailable"
            default: "refused"
            }
        let said = ["notFound", "inner"].contains(key) ? texts("error.\(key)") : Pages.sentence(known.message)
        var response = page(
            texts("error.\(key)Title"), said, texts("error.\(key)Next", ["id": context.requestID]), known.status,
            context)
        for field in known.headers { response.headers[field.name] = field.value }
        return response
    }

    private func page(
        _ title: String, _ what: String, _ next: String, _ status: HTTPResponse.Status, _ context: APIContext
    ) -> Response {
        pages.page("error", title: title, ["what": what, "next": next], context, status: status)
    }
}

extension Pages {
    /// A message of the library as a sentence: with a capital in front and a full stop behind.
    static func sentence(_ text: String) -> String {
        guard let first = text.first else { return text }
        let out = first.uppercased() + text.dropFirst()
        return ".?!".contains(out.last ?? ".") ? out : out + "."
    }

    /// What was wrong with a form, when it is for the visitor to put right; nil when it is not.
    static func complaint(_ error: any Error) -> String? {
        switch error {
        case is PeopleError, is RepairError, is MetadataError, is ReviewError, is QuarantineError:
            return sentence("\(error)")
        case DeliveryError.fileTooLarge, DeliveryError.consignmentTooLarge: return sentence("\(error)")
        default: break
        }
        let known = APIError(error)
        switch known.code {
        case .invalidInput, .invalidState, .conflict: return sentence(known.message)
        default: return nil
        }
    }
}
