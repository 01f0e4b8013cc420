import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// One's own password and sessions.
extension Pages {
    func addAccount(to pages: RouterGroup<APIContext>) {
        get(pages, "account") { _, context, principal in
            try await self.accountPage(principal, nil, context)
        }
        post(pages, "account/password") { form, context, principal in
            if form["password"] != form["again"] {
                return try await accountPage(principal, texts("account.different"), context)
            }
            let run = run(principal, "change password")
            // The old one, so that a browser left open is not enough.
            let outcome = try await onThreads(passwordThread) {
                try archive.store.signIn(principal.login, form["old"], run: run)
            }
            switch outcome {
            case .refused: return try await accountPage(principal, texts("account.wrong"), context)
            case .wait(let seconds):
                return try await accountPage(
                    principal, texts("login.wait", ["seconds": "\(seconds)"]), context)
            case .known: break
            }
            do {
                try await onThreads(passwordThread) {
                    try archive.store.setPassword(principal.login, to: form["password"], run: run)
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await accountPage(principal, complaint, context)
            }
            // That has ended every session, this one, too.
            return page(
                "message", title: texts("account.changedTitle"),
                ["text": texts("account.changed"), "link": "/login", "linkText": texts("login.title")], context)
        }
        post(pages, "account/sessions") { form, context, principal in
            guard let own = context.visitor?.session?.session else { throw PageError.signedOut }
            try await work {
                try archive.store.endSessions(
                    of: principal.login, Int64(form["session"]), but: own.id, run: run(principal, "end sessions"))
            }
            return Pages.redirect("/account")
        }
    }

    private func accountPage(
        _ principal: Principal, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let own = context.visitor?.session?.session.id
        let sessions = try await work { try archive.store.sessions(of: principal.login) }
        var model: Model = [
            "login": principal.login, "email": principal.email,
            "roles": principal.roles.map(\.rawValue).sorted().joined(separator: ", "),
            "hasOthers": sessions.count > 1,
            "sessions": sessions.map { one -> Model in
                [
                    "id": "\(one.id)", "agent": one.agent, "peer": one.peer, "created": Pages.moment(one.created),
                    "used": Pages.moment(one.used), "isOwn": one.id == own,
                ]
            },
        ]
        model["body"] = principal.bodyCode
        model["complaint"] = complaint
        return page(
            "account", title: texts("account.title"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }

    /// A time as people read it.
    static func moment(_ time: Timestamp) -> String {
        let text = String(time.description.prefix(16))
        return text.replacing("T", with: " ") + " UTC"
    }

    /// Bytes as people read them.
    static func size(_ bytes: Int) -> String { sizeText(Int64(bytes)) }

    /// A number with its thousands parted.
    static func number(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var parts: [String] = []
        while digits.count > 3 {
            parts.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        parts.insert(digits, at: 0)
        return (value < 0 ? "−" : "") + parts.joined(separator: ",")
    }
}
