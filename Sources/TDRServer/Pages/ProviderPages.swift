import HTTPTypes
import Hummingbird
import TDRCore

/// Signing in with an OpenID provider.
extension Pages {
    func addProvider(to pages: RouterGroup<APIContext>) {
        guard let openID else { return }
        pages.get("login/provider") { request, context in try await self.send(request, to: openID, context) }
        pages.get(RouterPath(String(OpenIDProvider.callback.dropFirst()))) { request, context in
            try await self.comeBack(request, from: openID, context)
        }
    }

    /// Sends the browser to the provider, with a state that only this browser can bring back.
    private func send(
        _ request: Request, to openID: OpenIDProvider, _ context: APIContext
    ) async throws -> Response {
        let next = Pages.place(request.uri.queryParameters["next"].map(String.init) ?? "")
        if context.principal != nil { return Pages.redirect(next.isEmpty ? home(context) : next) }
        guard let visitor = context.visitor else { throw APIError.notFound }
        try count(providerPeers, request, context)
        try enter(providerTries)
        defer { providerTries.leave() }
        let (state, pending) = openID.pending.begin(in: visitor.secret, next: next)
        do {
            var response = Pages.redirect(try await openID.address(state: state, pending))
            response.headers[.cacheControl] = "no-store"
            if visitor.isNew {
                response.headers.append(
                    HTTPField(name: .setCookie, value: cookies.field("visit", visitor.secret, for: request)))
            }
            return response
        } catch let fault as OpenIDProvider.Fault {
            return providerPage(fault, context)
        }
    }

    /// The browser is back from the provider, with a code or with the provider's refusal.
    private func comeBack(
        _ request: Request, from openID: OpenIDProvider, _ context: APIContext
    ) async throws -> Response {
        let query = request.uri.queryParameters
        guard let visitor = context.visitor, let state = query["state"].map(String.init),
            let pending = openID.pending.take(state, in: visitor.secret)
        else { return providerPage("state", status: .badRequest, context) }
        // RFC 9207: the answer of another provider must not be taken for this one's.
        if let issuer = query["iss"].map(String.init), issuer != openID.issuer {
            return providerPage("identity", status: .unauthorized, context)
        }
        let run = RunInfo(
            actor: openID.issuer, command: "serve-api: page: sign in by provider", version: archive.version)
        guard let code = query["code"].map(String.init), !code.isEmpty else {
            let said = [query["error"], query["error_description"]].compactMap { $0.map { String($0.prefix(200)) } }
            return providerPage("denied", said.joined(separator: ": "), status: .unauthorized, context)
        }
        try count(providerPeers, request, context)
        try enter(providerTries)
        defer { providerTries.leave() }
        do {
            let (claimed, token) = try await openID.person(code, pending)
            let principal = try await work { try archive.store.signIn(claimed, from: openID.issuer, run: run) }
            context.note.login = principal.login
            let own = RunInfo(actor: principal.login, command: run.command, version: run.version)
            return try await begin(principal, pending.next, own, hint: token, request, context)
        } catch let fault as OpenIDProvider.Fault {
            if case .tokenRefused = fault {
                try await work { try archive.store.recordRefusedSignIn("\(fault)", run: run) }
            }
            return providerPage(fault, context)
        } catch let error as PeopleError {
            try await work { try archive.store.recordRefusedSignIn("\(error)", run: run) }
            return providerPage("account", sentence(of: error), status: .forbidden, context)
        }
    }

    /// The way out, for whoever came from the provider: it is signed out of as well, else the next at this browser would be
    /// let in without a word. A page leads there, since the browser's rules would stop a form at a redirect to another site.
    func leave(_ principal: Principal, _ secret: String, _ context: APIContext) async throws -> Response? {
        guard let openID else { return nil }
        let hint = openID.hints.take(secret)
        if hint == nil {
            let user = try await work { try archive.store.user(principal.login) }
            guard user?.issuer == openID.issuer else { return nil }
        }
        guard let place = try await openID.farewell(hint) else { return nil }
        var context = context
        context.principal = nil
        return page(
            "message", title: texts("leaving.title"),
            [
                "text": texts("leaving.text"), "link": place, "linkText": texts("leaving.link"), "onward": place,
            ], context)
    }

    private func providerPage(_ fault: OpenIDProvider.Fault, _ context: APIContext) -> Response {
        context.note.failure = "\(fault)"
        return switch fault {
        // What is wrong at our provider is for whoever runs the archive, and stands in the log.
        case .unavailable: providerPage("unavailable", status: .serviceUnavailable, context)
        case .codeRefused(let why): providerPage("denied", String(why.prefix(200)), status: .unauthorized, context)
        case .tokenRefused: providerPage("identity", status: .unauthorized, context)
        }
    }

    /// What happened, and what to do next. `said` stands for the sentence of the texts where it says more.
    private func providerPage(
        _ key: String, _ said: String? = nil, status: HTTPResponse.Status, _ context: APIContext
    ) -> Response {
        page(
            "error", title: texts("provider.\(key)Title"),
            [
                "what": texts("provider.\(key)", ["said": said ?? ""]), "next": texts("provider.\(key)Next"),
            ], context, status: status)
    }
}
