import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Confirmation of custody, the export, and the end.
extension Pages {
    func addEnd(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/confirm") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .confirm) { return back }
            return self.confirmPage(report, nil, context)
        }
        post(pages, "transfers/:id/confirm") { form, context, principal in
            let report = try await report(.confirmTransfer, principal, context)
            if let back = back(report, .confirm) { return back }
            guard form.isTicked("custody") else { return confirmPage(report, texts("confirm.missing"), context) }
            do {
                try await work {
                    try archive.store.confirmTransfer(
                        report.consignment, by: principal.login, required: archive.requirements,
                        run: run(principal, "confirm"))
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return confirmPage(report, complaint, context)
            }
            return Pages.redirect("/transfers/\(report.consignment.id)/export")
        }
        get(pages, "transfers/:id/export") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .export) { return back }
            return try await self.exportPage(report, nil, context)
        }
        post(pages, "transfers/:id/export") { _, context, principal in
            let report = try await report(.startExport, principal, context)
            do {
                guard archive.canExport else { throw DeliveryError.wrongState(texts("export.impossible")) }
                try await work {
                    try archive.store.wishExport(
                        report.consignment, by: principal.login, required: archive.requirements,
                        run: run(principal, "export"))
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await exportPage(report, complaint, context)
            }
            archive.exportBell.ring()
            return Pages.redirect("/transfers/\(report.consignment.id)/export")
        }
        get(pages, "transfers/:id/bag", bag)
    }

    private func confirmPage(_ report: ConsignmentReport, _ complaint: String?, _ context: APIContext) -> Response {
        let consignment = report.consignment
        return transferPage(
            "confirm", .confirm, report,
            [
                "isDone": report.statuses[.confirmTransfer] == .completed,
                "facts": [
                    ["name": texts("confirm.reference"), "value": "\(consignment.reference)"],
                    ["name": texts("confirm.body"), "value": consignment.bodyName],
                    ["name": texts("confirm.series"), "value": consignment.seriesName ?? texts("transfers.noSeries")],
                    ["name": texts("confirm.folder"), "value": displayName(of: consignment.parentFolder)],
                    ["name": texts("confirm.files"), "value": Pages.number(report.files)],
                    ["name": texts("confirm.bytes"), "value": Pages.size(report.bytes)],
                    ["name": texts("confirm.contact"), "value": consignment.person.name],
                ],
            ], complaint: complaint, context)
    }

    private func exportPage(
        _ report: ConsignmentReport, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let location = report.consignment.exportLocation
        let status = report.statuses[.export]
        // A judgment is exported by itself as soon as it is confirmed.
        let startsByItself = status == nil && report.consignment.type == .judgment && archive.canExport
        var model: Model = [
            "isReady": status == nil && !startsByItself, "isRunning": status == .inProgress || startsByItself,
            "isDone": status == .completed,
            "isFailed": status == .failed || status == .completedWithIssues, "canExport": archive.canExport,
            "done": texts(
                "export.done",
                ["reference": "\(report.consignment.reference)", "files": Pages.number(report.files)]),
            "location": location ?? "",
            "words": Pages.json(texts.groups["exporting"] ?? [:]),
            // Without scripts the page is looked at anew.
            "refresh": status == .inProgress || startsByItself,
        ]
        if let written = archive.exporting.progress(of: report.consignment.id) {
            model["isKnown"] = true
            model["total"] = written.filesTotal
            model["written"] = written.files
            model["says"] = texts(
                "exporting.count",
                [
                    "done": Pages.number(written.files), "total": Pages.number(written.filesTotal),
                    "bytes": Pages.size(Int(written.bytes)), "allBytes": Pages.size(Int(written.bytesTotal)),
                ])
        }
        if let exported = report.consignment.exported { model["time"] = Pages.moment(exported) }
        let bags = BagRoute(archive: archive, options: options)
        if status == .completed, let place = bags.place(of: report.consignment) {
            model["digest"] = try await work { BagRoute.digest(beside: place)?.description }
            model["offersBag"] = options.offersBags
        }
        return transferPage("export", .export, report, model, complaint: complaint, context)
    }

    /// The bag itself, where whoever runs the server lets its owner have it.
    @Sendable private func bag(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        try await BagRoute(archive: archive, options: options).response(
            to: try await report(.fetchBag, principal, context).consignment, request)
    }
}
