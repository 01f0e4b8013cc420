import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Administration: people, bodies and series, quarantine, how the archive is, the history.
extension Pages {
    private static let perHistory = 100

    func addAdministration(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin") { _, context, _ in
            let (users, bodies, held, waiting) = try await work {
                (
                    try archive.store.users().count, try archive.store.bodies().count,
                    try archive.store.quarantined().count { $0.state == .held },
                    try archive.store.consignmentsToCheck().count
                )
            }
            return page(
                "admin", title: texts("admin.title"),
                [
                    "users": Pages.number(users), "bodies": Pages.number(bodies), "held": Pages.number(held),
                    "waiting": Pages.number(waiting), "version": archive.version, "canExport": archive.canExport,
                ], context)
        }
        addUsers(to: pages)
        addBodies(to: pages)
        admin(pages, "admin/quarantine") { _, context, _ in
            let files = try await work { try archive.store.quarantined() }
            return page(
                "quarantine", title: texts("admin.quarantine"),
                [
                    "hasFiles": !files.isEmpty,
                    "files": files.map { one -> Model in
                        [
                            "path": one.path.display, "reference": "\(one.reference)", "found": one.found,
                            "state": texts("quarantine.\(one.state.rawValue)"), "since": Pages.moment(one.since),
                        ]
                    },
                ], context)
        }
        admin(pages, "admin/doctor") { _, context, _ in
            guard let doctor = options.doctor else { throw APIError.notFound }
            let lines = try await doctor()
            return page(
                "doctor", title: texts("admin.doctor"),
                [
                    "lines": lines.map { one -> Model in
                        var model: Model = [
                            "area": one.area, "level": texts("doctor.\(one.level.rawValue)"),
                            "class": one.level.rawValue, "found": one.found,
                        ]
                        model["mend"] = one.mend
                        return model
                    }
                ], context)
        }
        admin(pages, "admin/events") { request, context, _ in
            let before = request.uri.queryParameters["before"].flatMap { Int64(String($0)) }
            let events = try await work { try archive.store.events(before: before, limit: Pages.perHistory) }
            var model: Model = [
                "events": events.map { one -> Model in
                    [
                        "time": Pages.moment(one.time), "actor": one.actor, "what": one.what,
                        "reference": one.reference ?? "",
                        "change": [one.old, one.new].compactMap { $0 }.joined(separator: " → "),
                    ]
                }
            ]
            if events.count == Pages.perHistory, let last = events.last {
                model["older"] = "/admin/events?before=\(last.number)"
            }
            return page("events", title: texts("admin.events"), model, context)
        }
    }

    /// A page for administrators; for others there is none.
    private func admin(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Request, APIContext, Principal) async throws -> Response
    ) {
        get(group, path) { request, context, principal in
            guard Access.allows(principal, .administer, [.none]) else { throw APIError.notFound }
            return try await body(request, context, principal)
        }
    }

    private func change(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Form, APIContext, Principal) async throws -> Response
    ) {
        post(group, path) { form, context, principal in
            guard Access.allows(principal, .administer, [.none]) else { throw APIError.notFound }
            return try await body(form, context, principal)
        }
    }

    // MARK: People

    private func addUsers(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin/users") { _, context, _ in try await self.usersPage(nil, nil, .empty, context) }
        change(pages, "admin/users") { form, context, principal in
            let new = NewUser(
                login: form.trimmed("login"), name: form.trimmed("name"), email: form.trimmed("email"),
                body: form["body"].isEmpty ? nil : form["body"],
                roles: Set(form.all("role").compactMap { Role(rawValue: $0) }))
            return try await usersPage(form, context) {
                let run = run(principal, "add user")
                try Store.checkPassword(form["password"], of: new.login)
                _ = try archive.store.addUser(new, run: run)
                try archive.store.setPassword(new.login, to: form["password"], run: run)
                return texts("users.added", ["login": new.login])
            }
        }
        change(pages, "admin/users/:login/password") { form, context, principal in
            let login = try context.parameters.require("login")
            return try await usersPage(form, context) {
                try archive.store.setPassword(
                    login, to: form["password"], run: run(principal, "set password"))
                return texts("users.passwordSet", ["login": login])
            }
        }
        change(pages, "admin/users/:login/state") { form, context, principal in
            let login = try context.parameters.require("login")
            return try await usersPage(form, context) {
                if login == principal.login { throw DeliveryError.wrongState(texts("users.notYourself")) }
                try archive.store.setDisabled(
                    login, to: form["disabled"] == "yes", run: run(principal, "disable or enable user"))
                return texts("users.changed", ["login": login])
            }
        }
        change(pages, "admin/users/:login/tokens") { form, context, principal in
            let login = try context.parameters.require("login")
            return try await usersPage(form, context) {
                let count = try archive.store.revokeTokens(
                    of: login, name: nil, run: run(principal, "revoke tokens"))
                return texts("users.revoked", ["login": login, "count": "\(count)"])
            }
        }
    }

    /// Does a change, and shows the list with what came of it.
    private func usersPage(
        _ form: Form, _ context: APIContext, _ body: @Sendable () throws -> String
    ) async throws -> Response {
        do {
            let said = try await onThreads(passwordThread, body)
            return try await usersPage(nil, said, .empty, context)
        } catch {
            guard let complaint = Pages.complaint(error) else { throw error }
            return try await usersPage(complaint, nil, form, context)
        }
    }

    private func usersPage(
        _ complaint: String?, _ said: String?, _ form: Form, _ context: APIContext
    ) async throws -> Response {
        let (users, bodies) = try await work { (try archive.store.users(), try archive.store.bodies()) }
        let roles = Set(form.all("role"))
        var model: Model = [
            "users": users.map { one -> Model in
                var model: Model = [
                    "login": one.login, "address": "/admin/users/\(Pages.encoded(one.login))", "name": one.name,
                    "email": one.email, "isDisabled": one.isDisabled,
                    "roles": one.roles.map(\.rawValue).sorted().joined(separator: ", "),
                    "tokens": one.tokens.count { $0.revoked == nil },
                    "hasTokens": one.tokens.contains { $0.revoked == nil },
                    "isOwn": one.login == context.principal?.login,
                ]
                model["body"] = one.bodyCode
                return model
            },
            "login": form["login"], "name": form["name"], "email": form["email"],
            "bodies": bodies.map { ["code": $0.code, "name": $0.name, "isChosen": form["body"] == $0.code] as Model },
            "roles": Role.allCases.map { ["role": $0.rawValue, "isChosen": roles.contains($0.rawValue)] as Model },
        ]
        model["complaint"] = complaint
        model["said"] = said
        return page(
            "users", title: texts("admin.users"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }

    // MARK: Bodies

    private func addBodies(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin/bodies") { _, context, _ in try await self.bodiesPage(nil, context) }
        change(pages, "admin/bodies") { form, context, principal in
            try await changeBodies(context) {
                try archive.store.addBody(
                    form.trimmed("name"), code: form.trimmed("code"), run: run(principal, "add body"))
            }
        }
        change(pages, "admin/bodies/series") { form, context, principal in
            try await changeBodies(context) {
                let code = form.trimmed("code")
                let name = form.trimmed("name")
                try archive.store.addSeries(
                    code, name: name.isEmpty ? code : name, toBody: form["body"], run: run(principal, "add series"))
            }
        }
    }

    private func changeBodies(
        _ context: APIContext, _ body: @Sendable () throws -> Void
    ) async throws -> Response {
        do {
            try await work(body)
            return Pages.redirect("/admin/bodies")
        } catch {
            guard let complaint = Pages.complaint(error) else { throw error }
            return try await bodiesPage(complaint, context)
        }
    }

    private func bodiesPage(_ complaint: String?, _ context: APIContext) async throws -> Response {
        let bodies = try await work { try archive.store.bodies() }
        var model: Model = [
            "hasBodies": !bodies.isEmpty,
            "bodies": bodies.map { one -> Model in
                [
                    "name": one.name, "code": one.code, "hasSeries": !one.series.isEmpty,
                    "series": one.series.map { ["code": $0.code, "name": $0.name == $0.code ? "" : $0.name] },
                ]
            },
        ]
        model["complaint"] = complaint
        return page(
            "bodies", title: texts("admin.bodies"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }
}
