import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Signing in and out, and the first administrator.
extension Pages {
    /// Tries that may wait for their turn; each takes a tenth of a second.
    static let waitingTries = 32

    func addSignIn(to pages: RouterGroup<APIContext>) {
        pages.get("/") { _, context in Pages.redirect(context.principal == nil ? "/login" : self.home(context)) }
        pages.get("login") { request, context in
            if context.principal != nil { return Pages.redirect(self.home(context)) }
            let next = request.uri.queryParameters["next"].map(String.init) ?? ""
            return self.signInPage(next: Pages.place(next), context)
        }
        pages.post("login", use: signIn)
        post(pages, "logout") { form, context, principal in
            if let session = context.visitor?.session?.session {
                try await work {
                    try archive.store.endSessions(
                        of: principal.login, session.id, but: nil, run: run(principal, "sign out"))
                }
            }
            if let secret = context.visitor?.secret, let farewell = try await leave(principal, secret, context) {
                return farewell
            }
            return Pages.redirect("/login")
        }
        pages.get("setup/:secret") { _, context in
            guard setup.opens(try context.parameters.require("secret")) else { throw APIError.notFound }
            return self.setupPage(Form.empty, nil, context)
        }
        pages.post("setup/:secret", use: setUp)
    }

    /// Where somebody begins.
    func home(_ context: APIContext) -> String {
        context.principal.map { Pages.home(of: $0) } ?? "/login"
    }

    private static func home(of principal: Principal) -> String {
        if Access.allows(principal, .administer, [.none]) { return "/admin" }
        let transfers = [Act.createStandard, .createJudgment].contains { Access.allows(principal, $0, [.none]) }
        return !transfers && Access.allows(principal, .readConsignment, [.underReview]) ? "/reviews" : "/transfers"
    }

    /// Bytes of a place of ours that a browser is sent back to.
    private static let longestPlace = 2000

    /// A path of ours, from a text that anybody may have written; empty when it is none.
    static func place(_ text: String) -> String {
        let isOurs =
            text.hasPrefix("/") && !text.hasPrefix("//") && text.utf8.count <= Pages.longestPlace
            && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\\") }
        return isOurs ? text : ""
    }

    private func signInPage(
        next: String, complaint: String? = nil, login: String = "", status: HTTPResponse.Status = .ok,
        _ context: APIContext
    ) -> Response {
        var model: Model = ["next": next, "login": login, "hasProvider": openID != nil]
        model["providerLink"] = next.isEmpty ? "/login/provider" : "/login/provider?next=" + Pages.encoded(next)
        model["complaint"] = complaint
        return page("login", title: texts("login.title"), model, context, status: status)
    }

    @Sendable private func signIn(_ request: Request, _ context: APIContext) async throws -> Response {
        let form = try await Pages.ownForm(request, context)
        let next = Pages.place(form["next"])
        let login = form.trimmed("login")
        try count(passwordPeers, request, context)
        try enter(tries)
        defer { tries.leave() }
        let run = RunInfo(actor: login, command: "serve-api: page: sign in", version: archive.version)
        let outcome = try await onThreads(passwordThread) {
            try archive.store.signIn(login, form["password"], run: run)
        }
        switch outcome {
        case .refused:
            return signInPage(
                next: next, complaint: texts("login.refused"), login: login, status: .unauthorized, context)
        case .wait(let seconds):
            var response = signInPage(
                next: next, complaint: texts("login.wait", ["seconds": "\(seconds)"]), login: login,
                status: .tooManyRequests, context)
            response.headers[.retryAfter] = "\(seconds)"
            return response
        case .known(let principal):
            context.note.login = principal.login
            return try await begin(principal, next, run, request, context)
        }
    }

    /// Lets somebody try to sign in, who has to leave the crowd afterwards.
    ///
    /// - Throws: ``APIError`` when too many are at it.
    func enter(_ tries: Crowd) throws {
        guard tries.enter(atMost: Pages.waitingTries) else {
            throw APIError(
                .tooManyRequests, .tooMany, "too many people are signing in; try again in a moment",
                headers: [.retryAfter: "5"])
        }
    }

    /// Counts a try of whoever this request comes from.
    ///
    /// - Throws: ``APIError`` when it is one too many.
    func count(_ tries: PeerTries, _ request: Request, _ context: APIContext) throws {
        guard let seconds = tries.wait(for: PeerTries.place(of: context.peer, request.headers), at: clock()) else {
            return
        }
        throw APIError(
            .tooManyRequests, .tooMany,
            "there were too many tries to sign in from where you are; try again in \(seconds) s",
            headers: [.retryAfter: "\(seconds)"])
    }

    /// A new session, never one that the browser brought along.
    ///
    /// - Parameter hint: what an OpenID provider knows it by.
    func begin(
        _ principal: Principal, _ next: String, _ run: RunInfo, hint: String? = nil, _ request: Request,
        _ context: APIContext
    ) async throws -> Response {
        let agent = request.headers[.userAgent] ?? ""
        let old = context.visitor?.session?.session
        let secret = try await work {
            if let old { try archive.store.endSessions(of: old.login, old.id, but: nil, run: run) }
            return try archive.store.beginSession(for: principal, agent: agent, peer: context.peer, run: run)
        }
        if let hint { openID?.hints.keep(hint, for: secret) }
        var response = Pages.redirect(next.isEmpty ? Pages.home(of: principal) : next)
        response.headers.append(
            HTTPField(name: .setCookie, value: cookies.field("session", secret, for: request)))
        response.headers.append(HTTPField(name: .setCookie, value: cookies.field("visit", nil, for: request)))
        return response
    }

    // MARK: The first administrator

    private func setupPage(_ form: Form, _ complaint: String?, _ context: APIContext) -> Response {
        var model: Model = [
            "login": form["login"], "name": form["name"], "email": form["email"],
            "secret": context.parameters.get("secret") ?? "",
        ]
        model["complaint"] = complaint
        return page(
            "setup", title: texts("setup.title"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }

    @Sendable private func setUp(_ request: Request, _ context: APIContext) async throws -> Response {
        let form = try await Pages.ownForm(request, context)
        guard setup.opens(try context.parameters.require("secret")) else { throw APIError.notFound }
        if form["password"] != form["again"] { return setupPage(form, texts("account.different"), context) }
        let new = NewUser(
            login: form.trimmed("login"), name: form.trimmed("name"), email: form.trimmed("email"), body: nil,
            roles: [.administrator])
        let run = RunInfo(actor: new.login, command: "serve-api: page: set up", version: archive.version)
        do {
            let user = try await onThreads(passwordThread) {
                try archive.store.addFirstAdministrator(new, password: form["password"], run: run)
            }
            setup.close()
            let outcome = try await onThreads(passwordThread) {
                try archive.store.signIn(user.login, form["password"], run: run)
            }
            guard case .known(let principal) = outcome else { return Pages.redirect("/login") }
            return try await begin(principal, "/admin", run, request, context)
        } catch {
            guard let complaint = Pages.complaint(error) else { throw error }
            return setupPage(form, complaint, context)
        }
    }
}
