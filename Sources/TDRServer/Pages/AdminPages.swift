import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Administration: bodies and series, what is under way, how the archive is, the history.
extension Pages {
    private static let perHistory = 100
    private static let perWork = 200

    func addAdministration(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin") { _, context, _ in
            let (users, bodies, held, waiting) = try await work {
                (
                    try archive.store.countOfUsers(), try archive.store.countOfBodies(),
                    try archive.store.heldFiles(),
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
        addPeople(to: pages)
        addBodies(to: pages)
        addQuarantine(to: pages)
        addWork(to: pages)
        admin(pages, "admin/doctor") { _, context, _ in
            guard let doctor = options.doctor else { throw APIError.notFound }
            return growingPage("doctor", title: texts("admin.doctor"), context) { grow in
                try await doctor { lines in
                    try await grow(
                        "doctor-lines",
                        [
                            "lines": lines.map { one -> Model in
                                var model: Model = [
                                    "area": one.area, "level": texts("doctor.\(one.level.rawValue)"),
                                    "class": one.level.rawValue, "found": one.found,
                                ]
                                model["mend"] = one.mend
                                return model
                            }
                        ])
                }
            }
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
    func admin(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Request, APIContext, Principal) async throws -> Response
    ) {
        get(group, path) { request, context, principal in
            guard Access.allows(principal, .administer, [.none]) else { throw APIError.notFound }
            return try await body(request, context, principal)
        }
    }

    /// A change by an administrator.
    func change(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Form, APIContext, Principal) async throws -> Response
    ) {
        post(group, path) { form, context, principal in
            guard Access.allows(principal, .administer, [.none]) else { throw APIError.notFound }
            return try await body(form, context, principal)
        }
    }

    // MARK: Work

    private func addWork(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin/work") { _, context, _ in
            let under = try await work { try archive.store.workUnderWay(limit: Pages.perWork) }
            return page(
                "work", title: texts("admin.work"),
                [
                    "hasWork": !under.isEmpty, "refresh": true,
                    "work": under.map { one -> Model in
                        [
                            "reference": "\(one.consignment.reference)", "kind": texts("work.\(one.kind.rawValue)"),
                            "body": one.consignment.bodyName, "since": Pages.moment(one.since), "isHeld": one.isHeld,
                            "says": said(of: one),
                        ]
                    },
                ], context)
        }
    }

    /// How far it is.
    private func said(of work: WorkUnderWay) -> String {
        guard let done = work.filesDone else {
            // Only the server that makes an export knows how far it is; one of a command does not tell.
            guard let written = archive.exporting.progress(of: work.consignment.id) else {
                return texts(work.isHeld ? "work.unknown" : "work.waiting")
            }
            return texts(
                "work.exporting",
                [
                    "done": Pages.number(written.files), "files": Pages.number(written.filesTotal),
                    "doneBytes": Pages.size(Int(written.bytes)), "bytes": Pages.size(Int(written.bytesTotal)),
                ])
        }
        return texts(
            "work.count",
            [
                "done": Pages.number(done), "files": Pages.number(work.counts.files),
                "bytes": Pages.size(work.counts.bytes),
            ])
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
            guard let complaint = self.complaint(error) else { throw error }
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

extension WorkUnderWay {
    /// Files that this work is through with; nil for an export, of which nobody writes that down.
    fileprivate var filesDone: Int? {
        switch kind {
        case .upload: counts.received
        case .check:
            [counts.checksumProcessed, counts.ffidProcessed]
                .reduce(counts.withoutAntivirus ? counts.files : counts.antivirusProcessed, min)
        case .export: nil
        }
    }
}
