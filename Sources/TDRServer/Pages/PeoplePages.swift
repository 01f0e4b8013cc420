import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Administration of people: who may sign in, what they are, their passwords, tokens and sessions.
extension Pages {
    private static let tokenDays: Int64 = 365

    func addPeople(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin/users") { _, context, _ in try await self.usersPage(nil, nil, .empty, context) }
        change(pages, "admin/users") { form, context, principal in
            let new = NewUser(
                login: form.trimmed("login"), name: form.trimmed("name"), email: form.trimmed("email"),
                body: form["body"].isEmpty ? nil : form["body"], roles: Pages.roles(form))
            do {
                try await onThreads(passwordThread) {
                    let run = run(principal, "add user")
                    try Store.checkPassword(form["password"], of: new.login)
                    _ = try archive.store.addUser(new, run: run)
                    try archive.store.setPassword(new.login, to: form["password"], run: run)
                }
                return try await usersPage(nil, texts("users.added", ["login": new.login]), .empty, context)
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await usersPage(complaint, nil, form, context)
            }
        }
        admin(pages, "admin/users/:login") { _, context, _ in
            try await self.personPage(try context.parameters.require("login"), context)
        }
        addPerson(to: pages)
        addTokens(to: pages)
    }

    private func addPerson(to pages: RouterGroup<APIContext>) {
        personChange(pages, "password") { form, login, principal in
            try archive.store.setPassword(login, to: form["password"], run: run(principal, "set password"))
            return texts("users.passwordSet", ["login": login])
        }
        personChange(pages, "state") { form, login, principal in
            if login == principal.login { throw DeliveryError.wrongState(texts("users.notYourself")) }
            try archive.store.setDisabled(
                login, to: form["disabled"] == "yes", run: run(principal, "disable or enable user"))
            return texts("users.changed", ["login": login])
        }
        personChange(pages, "unlock") { _, login, principal in
            try archive.store.forgetFailedTries(login, run: run(principal, "forget failed tries"))
            return texts("users.unlocked", ["login": login])
        }
        personChange(pages, "roles") { form, login, principal in
            guard let user = try archive.store.user(login) else { throw PeopleError.unknownLogin(login) }
            var roles = Pages.roles(form)
            var body = form["body"].isEmpty ? nil : form["body"]
            if user.issuer != nil {
                // The provider says the rest, with each sign-in.
                roles = user.roles.subtracting([.administrator]).union(roles.intersection([.administrator]))
                body = user.bodyCode
            }
            try archive.store.setRoles(login, to: roles, body: body, run: run(principal, "change roles"))
            return texts("users.rolesChanged", ["login": login])
        }
        personChange(pages, "sessions") { form, login, principal in
            try archive.store.endSessions(
                of: login, Int64(form["session"]), but: nil, run: run(principal, "end sessions"))
            return texts("users.sessionsEnded", ["login": login])
        }
    }

    private func addTokens(to pages: RouterGroup<APIContext>) {
        change(pages, "admin/users/:login/tokens") { form, context, principal in
            let login = try context.parameters.require("login")
            let scopes = Set(form.all("scope").compactMap { Scope(rawValue: $0) })
            do {
                let end = try endOfToken(form.trimmed("expires"))
                let secret = try await work {
                    if scopes.isEmpty { throw DeliveryError.wrongState(texts("users.noScope")) }
                    return try archive.store.makeToken(
                        for: login, name: form.trimmed("name"), scopes: scopes, expires: end,
                        run: run(principal, "make token"))
                }
                return try await personPage(login, secret: (form.trimmed("name"), secret), context)
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await personPage(login, complaint: complaint, context)
            }
        }
        personChange(pages, "tokens/revoke") { form, login, principal in
            let name = form["token"].isEmpty ? nil : form["token"]
            let count = try archive.store.revokeTokens(of: login, name: name, run: run(principal, "revoke tokens"))
            return texts("users.revoked", ["login": login, "count": "\(count)"])
        }
    }

    /// When a token is to end: as the form says, else in a year.
    private func endOfToken(_ text: String) throws -> Timestamp {
        if text.isEmpty { return Timestamp(milliseconds: clock().milliseconds + Pages.tokenDays * 86_400_000) }
        guard let end = Timestamp(text + "T23:59:59Z") else {
            throw DeliveryError.wrongState(texts("users.badDate"))
        }
        return end
    }

    private static func roles(_ form: Form) -> Set<Role> { Set(form.all("role").compactMap { Role(rawValue: $0) }) }

    /// A change of one person, whose page is shown with what came of it. `body` may block, as passwords do.
    private func personChange(
        _ group: RouterGroup<APIContext>, _ what: String,
        _ body: @escaping @Sendable (Form, String, Principal) throws -> String
    ) {
        change(group, "admin/users/:login/\(what)") { form, context, principal in
            let login = try context.parameters.require("login")
            do {
                let said = try await onThreads(passwordThread) { try body(form, login, principal) }
                return try await personPage(login, said: said, context)
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await personPage(login, complaint: complaint, context)
            }
        }
    }

    // MARK: Pages

    private func usersPage(
        _ complaint: String?, _ said: String?, _ form: Form, _ context: APIContext
    ) async throws -> Response {
        let now = clock()
        let (users, bodies) = try await work { (try archive.store.users(), try archive.store.bodies()) }
        var model: Model = [
            "users": users.map { one -> Model in
                var model: Model = [
                    "login": one.login, "address": Pages.address(of: one.login), "name": one.name,
                    "email": one.email, "isDisabled": one.isDisabled, "isProvided": one.issuer != nil,
                    "roles": one.roles.map(\.rawValue).sorted().joined(separator: ", "),
                    "tokens": one.tokens.count { $0.isValid(at: now) },
                ]
                model["body"] = one.bodyCode
                return model
            },
            "login": form["login"], "name": form["name"], "email": form["email"],
            "bodies": Pages.choices(bodies, form["body"]), "roles": roleChoices(Pages.roles(form)),
        ]
        model["complaint"] = complaint
        model["said"] = said
        return page(
            "users", title: texts("admin.users"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }

    private func personPage(
        _ login: String, said: String? = nil, complaint: String? = nil, secret: (name: String, text: String)? = nil,
        _ context: APIContext
    ) async throws -> Response {
        let now = clock()
        let (found, bodies, sessions) = try await work {
            (try archive.store.user(login), try archive.store.bodies(), try archive.store.sessions(of: login))
        }
        guard let user = found else { throw APIError.notFound }
        let own = context.visitor?.session?.session.id
        let tokens = user.tokens.filter { $0.isValid(at: now) }
        var model: Model = [
            "login": user.login, "address": Pages.address(of: user.login), "name": user.name, "email": user.email,
            "created": Pages.moment(user.created), "isDisabled": user.isDisabled, "hasPassword": user.hasPassword,
            "isOwn": user.login == context.principal?.login, "isProvided": user.issuer != nil,
            "issuer": user.issuer ?? "", "hasFailedTries": user.failedTries > 0,
            "failedTries": texts("users.failedTries", ["count": "\(user.failedTries)"]),
            "bodies": Pages.choices(bodies, user.bodyCode ?? ""),
            "roles": roleChoices(user.roles).filter { user.issuer == nil || $0["role"] as? String == "administrator" },
            "roleList": user.roles.map(\.rawValue).sorted().joined(separator: ", "),
            "hasTokens": !tokens.isEmpty,
            "tokens": tokens.map { one -> Model in
                [
                    "name": one.name, "scopes": one.scopes.map(\.rawValue).sorted().joined(separator: ", "),
                    "created": Pages.moment(one.created),
                    "expires": one.expires.map { Pages.moment($0) } ?? texts("users.never"),
                ]
            },
            "scopes": Scope.allCases.map {
                ["scope": $0.rawValue, "about": texts("scope.\($0.rawValue)"), "isChosen": $0 == .read] as Model
            },
            "hasSessions": !sessions.isEmpty,
            "sessions": sessions.map { one -> Model in
                [
                    "id": "\(one.id)", "agent": one.agent, "peer": one.peer, "created": Pages.moment(one.created),
                    "used": Pages.moment(one.used), "isHere": one.id == own,
                ]
            },
        ]
        model["body"] = user.bodyCode
        if let until = user.lockedUntil, until > now { model["lockedUntil"] = Pages.moment(until) }
        if let secret { model["secret"] = ["name": secret.name, "text": secret.text] as Model }
        model["complaint"] = complaint
        model["said"] = said
        return page(
            "person", title: user.login, model, context, status: complaint == nil ? .ok : .unprocessableContent)
    }

    private static func address(of login: String) -> String { "/admin/users/\(encoded(login))" }

    private static func choices(_ bodies: [BodyEntry], _ chosen: String) -> [Model] {
        bodies.map { ["code": $0.code, "name": $0.name, "isChosen": $0.code == chosen] }
    }

    private func roleChoices(_ chosen: Set<Role>) -> [Model] {
        Role.allCases.map {
            ["role": $0.rawValue, "about": texts("role.\($0.rawValue)"), "isChosen": chosen.contains($0)]
        }
    }
}
