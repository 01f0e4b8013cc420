import HTTPTypes
import Hummingbird
import TDRCore

/// From "My transfers" to the upload.
extension Pages {
    private static let perPage = 20

    func addTransfers(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers", transferList)
        post(pages, "transfers") { form, context, principal in
            let type: ConsignmentType = form["type"] == "judgment" ? .judgment : .standard
            guard Access.allows(principal, type == .judgment ? .createJudgment : .createStandard, [.none]) else {
                throw APIError.notFound
            }
            let made = try await work {
                try archive.store.createDelivery(
                    type, series: nil, by: principal, run: run(principal, "begin a transfer"))
            }
            // What is said of a judgment comes before its file; it may stay unsaid.
            return Pages.redirect("/transfers/\(made.id)\(type == .judgment ? "/details" : "")")
        }
        get(pages, "transfers/:id") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            return Pages.redirect("/transfers/\(report.consignment.id)/\(self.step(of: report).rawValue)")
        }
        addSeries(to: pages)
        addAgreement(to: pages)
        addDetails(to: pages)
        addUploadPage(to: pages)
    }

    /// The consignment of the path, when `principal` may do `act` with it.
    func report(_ act: Act, _ principal: Principal, _ context: APIContext) async throws -> ConsignmentReport {
        let id = try context.parameters.require("id")
        return try await work {
            try archive.store.report(on: try archive.consignment(id, for: principal, act).consignment)
        }
    }

    /// A page of one transfer, with the steps above it.
    func transferPage(
        _ template: String, _ step: JourneyStep, _ report: ConsignmentReport, _ model: Model = [:],
        complaint: String? = nil, _ context: APIContext
    ) -> Response {
        var all = model
        let consignment = report.consignment
        all["reference"] = "\(consignment.reference)"
        all["path"] = "/transfers/\(consignment.id)"
        all["id"] = "\(consignment.id)"
        all["complaint"] = complaint
        all["cancellation"] = report.cancellation?.reason
        let steps = JourneyStep.steps(of: consignment.type)
        let current = steps.firstIndex(of: self.step(of: report)) ?? 0
        all["steps"] = steps.enumerated().map { place, one -> Model in
            [
                "name": texts("step.\(one.rawValue)"), "isHere": one == step,
                "isDone": place < current || (report.statuses[.export] == .completed && one != step),
                "link": "/transfers/\(consignment.id)/\(one.rawValue)",
                "isOpen": (place <= current || one == .results && isUploaded(report)) && one != step,
                "number": "\(place + 1)",
            ]
        }
        return page(
            template, title: texts("step.\(step.rawValue)"), all, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }

    /// Sends whoever is ahead of their transfer back to what is to be done; nil when they are not.
    func back(_ report: ConsignmentReport, _ step: JourneyStep) -> Response? {
        let steps = JourneyStep.steps(of: report.consignment.type)
        let place = { steps.firstIndex(of: $0) ?? -1 }
        let current = self.step(of: report)
        guard place(step) > place(current) || place(step) < 0 else { return nil }
        // What is known already can be seen, and put right, while the checks go on.
        if step == .results, isUploaded(report) { return nil }
        return Pages.redirect("/transfers/\(report.consignment.id)/\(current.rawValue)")
    }

    /// What is to be done now.
    func step(of report: ConsignmentReport) -> JourneyStep { report.step(options.exportRequirements) }

    private func isUploaded(_ report: ConsignmentReport) -> Bool {
        report.statuses[.upload].map { $0 != .inProgress } ?? false
    }

    // MARK: My transfers

    @Sendable private func transferList(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let after = request.uri.queryParameters["after"].flatMap { UInt64(String($0)) }
        let (reports, hasNext, total) = try await work {
            var selection = ConsignmentSelection()
            selection.owner = principal.id
            let page = try archive.store.consignments(selection, after: after, limit: Pages.perPage)
            return (
                try archive.store.reports(on: page.items.map(\.consignment)), page.hasNext, page.total
            )
        }
        var model: Model = [
            "total": Pages.number(total), "hasAny": total > 0,
            "mayStandard": Access.allows(principal, .createStandard, [.none]),
            "mayJudgment": Access.allows(principal, .createJudgment, [.none]),
            "transfers": reports.map { report -> Model in
                let consignment = report.consignment
                let summary = report.summary(options.exportRequirements)
                return [
                    "reference": "\(consignment.reference)", "link": "/transfers/\(consignment.id)",
                    "series": consignment.seriesName ?? texts("transfers.noSeries"),
                    "files": Pages.number(report.files), "created": Pages.moment(consignment.created),
                    "state": texts("state.\(summary)"), "class": summary,
                    "next": texts("next.\(summary)"),
                ]
            },
        ]
        if hasNext, let last = reports.last {
            model["older"] = "/transfers?after=\(last.consignment.reference.sequence)"
        }
        return page("transfers", title: texts("transfers.title"), model, context)
    }

    // MARK: Series

    private func addSeries(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/series") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .series) { return back }
            return try await self.seriesPage(report, nil, context)
        }
        post(pages, "transfers/:id/series") { form, context, principal in
            let report = try await report(.chooseSeries, principal, context)
            do {
                guard let series = RecordID(form["series"]) else {
                    return try await seriesPage(report, texts("series.none"), context)
                }
                try await work {
                    try archive.store.chooseSeries(
                        series, for: report.consignment, run: run(principal, "choose series"))
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await seriesPage(report, complaint, context)
            }
            return Pages.redirect("/transfers/\(report.consignment.id)")
        }
    }

    private func seriesPage(
        _ report: ConsignmentReport, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let series = try await work { try archive.store.series(ofBody: report.consignment.bodyCode) }
        let isFixed = report.statuses[.upload] != nil
        return transferPage(
            "series", .series, report,
            [
                "bodyName": report.consignment.bodyName, "hasSeries": !series.isEmpty, "isFixed": isFixed,
                "chosen": report.consignment.seriesName ?? "",
                "series": series.map { one -> Model in
                    [
                        "id": "\(one.id)", "code": one.code, "name": one.name == one.code ? "" : one.name,
                        "isChosen": report.consignment.seriesName == one.name,
                    ]
                },
            ], complaint: complaint, context)
    }
}
