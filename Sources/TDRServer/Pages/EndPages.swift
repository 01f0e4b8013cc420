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
                        report.consignment, by: principal.login, run: run(principal, "confirm"))
                }
            } catch {
                guard let complaint = Pages.complaint(error) else { throw error }
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
                        report.consignment, by: principal.login, run: run(principal, "export"))
                }
            } catch {
                guard let complaint = Pages.complaint(error) else { throw error }
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
            "words": Pages.json(texts.groups["checking"] ?? [:]),
        ]
        if let exported = report.consignment.exported { model["time"] = Pages.moment(exported) }
        if status == .completed, let place = localBag(report) {
            model["digest"] = try await work { Pages.digest(beside: place) }
            model["offersBag"] = options.offersBags
        }
        return transferPage("export", .export, report, model, complaint: complaint, context)
    }

    /// Where the bag lies on this machine as one file, inside the folder of exports; nil when it does not.
    private func localBag(_ report: ConsignmentReport) -> BytePath? {
        guard let location = report.consignment.exportLocation,
            let target = options.target(for: report.consignment)?.text,
            !target.hasPrefix("s3://"), location.hasPrefix(target.hasSuffix("/") ? target : target + "/"),
            !location.contains("/../")
        else { return nil }
        return BytePath(location)
    }

    /// The digest in the file that the export has left beside the bag; nil when there is none.
    private static func digest(beside bag: BytePath) -> String? {
        guard let file = try? OpenFile.reading(BytePath(bag.bytes + Array(".sha256".utf8))) else { return nil }
        let buffer = Buffer(count: 64)
        guard (try? file.fill(buffer.bytes)) == 64 else { return nil }
        return SHA256Digest(hex: Array(buffer.prefix(64)))?.description
    }

    /// The bag itself, where whoever runs the server lets its owner have it.
    @Sendable private func bag(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        guard options.offersBags, report.statuses[.export] == .completed, let place = localBag(report) else {
            throw APIError.notFound
        }
        let name = place.text?.split(separator: "/").last.map(String.init) ?? "bag"
        let (file, size) = try await work { try Pages.open(place) }
        return download(file, size, name: name, type: "application/octet-stream")
    }

    /// A file that is read by turns.
    ///
    /// - Throws: ``APIError/notFound`` when it is no file that can be read.
    private static func open(_ place: BytePath) throws -> (SharedFile, Int64) {
        guard let file = try? OpenFile.reading(place) else { throw APIError.notFound }
        let status = try file.status()
        guard status.kind == .regular else { throw APIError.notFound }
        return (SharedFile(file), status.size)
    }
}
