import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Whose browser a request comes from: a secret in a cookie, and who signed in with it.
struct Visitor: Sendable {
    /// What the cookie holds; the one of a session, or one for the time before.
    let secret: String
    /// Who signed in; nil before.
    let session: OpenSession?
    /// Whether the cookie has to be set with the answer.
    let isNew: Bool

    /// What every change must carry: it follows from the secret, which no other site can read.
    var formToken: String {
        var hasher = SHA256Hasher()
        hasher.update(Array("form ".utf8) + Array(secret.utf8))
        return hasher.finish().description
    }

    /// Whether `token` is the visitor's, in a time that does not depend on where it differs.
    func owns(_ token: String) -> Bool {
        let mine = Array(formToken.utf8)
        let given = Array(token.utf8)
        guard mine.count == given.count else { return false }
        return zip(mine, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// The cookies of the pages.
struct Cookies: Sendable {
    /// Whether the server itself speaks TLS.
    let hasTLS: Bool

    /// Whether the browser speaks TLS, with us or with the server in front of us. Who lies about that gets a cookie
    /// that does not come back.
    func isSecure(_ request: Request) -> Bool {
        guard let name = HTTPField.Name("X-Forwarded-Proto") else { return hasTLS }
        return hasTLS || request.headers[name] == "https"
    }

    private func name(_ kind: String, _ request: Request) -> String {
        // Browsers take such a name from the very host and over TLS only.
        isSecure(request) ? "__Host-tdr-\(kind)" : "tdr-\(kind)"
    }

    /// The value of a cookie; nil when there is none, or two, of which one would be somebody else's.
    func value(_ kind: String, of request: Request) -> String? {
        let wanted = name(kind, request)
        var found: [String] = []
        for field in request.headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].drop(while: { $0 == " " }) == wanted else { continue }
                found.append(String(parts[1]))
            }
        }
        guard found.count == 1, found[0].utf8.count == 64 else { return nil }
        return found[0]
    }

    /// The field that sets a cookie, or takes it away when `value` is nil.
    func field(_ kind: String, _ value: String?, for request: Request) -> String {
        var text = "\(name(kind, request))=\(value ?? ""); Path=/; HttpOnly; SameSite=Lax"
        if value == nil { text += "; Max-Age=0" }
        if isSecure(request) { text += "; Secure" }
        return text
    }
}

/// Knows the browser by its cookie, for what scripts ask for: every change carries the form's token in `X-CSRF-Token`.
struct BrowserSession: RouterMiddleware {
    typealias Context = APIContext

    let archive: Archive
    let cookies: Cookies
    /// In which words scripts are told what was refused.
    let texts: PageTexts
    static let tokenField = HTTPField.Name("X-CSRF-Token")

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let context = try await recognised(request, context)
        guard let visitor = context.visitor, visitor.session != nil else { throw PageError.signedOut }
        if request.method != .get, request.method != .head {
            let token = BrowserSession.tokenField.flatMap { request.headers[$0] }
            guard let token, visitor.owns(token) else { throw PageError.otherSite }
        }
        do {
            return try await next(request, context)
        } catch let error where texts.said(of: error) != nil {
            // Scripts show people what is said here.
            let known = APIError(error)
            throw APIError(known.status, known.code, texts.said(of: error) ?? known.message, headers: known.headers)
        }
    }

    /// The request with the one who makes it.
    ///
    /// - Throws: ``PageError/otherSite`` for a change that another site has the browser make.
    func recognised(_ request: Request, _ context: APIContext) async throws -> APIContext {
        if request.method != .get, request.method != .head { try BrowserSession.refuseOtherSites(request) }
        var context = context
        let visitor = try await visitor(request)
        context.visitor = visitor
        context.principal = visitor.session?.principal
        context.note.login = visitor.session?.principal.login
        if visitor.session != nil {
            context.askAgain = {
                // A page that only follows something does not keep a session from ending.
                try await onThreads(archive.threads) { try archive.store.session(visitor.secret, isUse: false) }?
                    .principal
            }
        }
        return context
    }

    private func visitor(_ request: Request) async throws -> Visitor {
        if let secret = cookies.value("session", of: request) {
            let session = try await onThreads(archive.threads) { try archive.store.session(secret) }
            if let session { return Visitor(secret: secret, session: session, isNew: false) }
        }
        if let secret = cookies.value("visit", of: request) {
            return Visitor(secret: secret, session: nil, isNew: false)
        }
        return Visitor(secret: Store.freshSecret(), session: nil, isNew: true)
    }

    /// Browsers say where a form comes from.
    private static func refuseOtherSites(_ request: Request) throws {
        if let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name],
            site != "same-origin" && site != "none"
        {
            throw PageError.otherSite
        }
        guard let origin = request.headers[.origin] else { return }
        let host = origin.split(separator: "/").last.map(String.init)
        guard let host, host == request.head.authority else { throw PageError.otherSite }
    }
}
