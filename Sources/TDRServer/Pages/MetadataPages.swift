import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Metadata of the files: a table to fill in, and the table filled in.
extension Pages {
    private static let largestTable: Int64 = 1 << 30
    /// Errors that the page itself lists.
    private static let shown = 200
    private static let longestValue = 120

    func addMetadata(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/metadata") { request, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .metadata) { return back }
            let said = request.uri.queryParameters["said"].flatMap { self.texts.groups["said"]?[String($0)] }
            return self.metadataPage(report, said: said, context)
        }
        get(pages, "transfers/:id/metadata.csv") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            guard report.consignment.type == .standard, report.statuses[.upload] != nil else { throw APIError.notFound }
            let table = self.table(principal, "template")
            return try await self.download(
                name: "\(report.consignment.reference)-metadata.csv", type: "text/csv; charset=utf-8"
            ) { _, sink in
                try table.write(.template, of: report.consignment) { bytes in try bytes.withUnsafeBytes(sink) }
            }
        }
        postFile(pages, "transfers/:id/metadata", .writeFileMetadata, atMost: Pages.largestTable, take)
        post(pages, "transfers/:id/metadata/none") { _, context, principal in
            let report = try await report(.writeFileMetadata, principal, context)
            if let back = back(report, .metadata) { return back }
            guard report.isMetadataOpen, !report.lacksMetadata(options.exportRequirements) else {
                throw DeliveryError.wrongState(texts("metadata.closed"))
            }
            try await work { try endDraft(of: report.consignment, principal) }
            return Pages.redirect("/transfers/\(report.consignment.id)")
        }
    }

    private func table(_ principal: Principal, _ what: String) -> MetadataRun {
        MetadataRun(store: archive.store, run: run(principal, "metadata \(what)"), schema: options.metadataSchema)
    }

    /// There is nothing to add, as whoever transfers says.
    private func endDraft(of consignment: Consignment, _ principal: Principal) throws {
        let store = archive.store
        let run = run(principal, "no more metadata")
        let old = try store.statuses(of: consignment)[.draftMetadata]
        if old == .completed { return }
        if old == nil { try store.setStep(.draftMetadata, to: .inProgress, of: consignment, isNew: true, run: run) }
        try store.setStep(.draftMetadata, to: .completed, of: consignment, isNew: false, run: run)
    }

    // MARK: The page

    private func metadataPage(
        _ report: ConsignmentReport, said: String? = nil, findings: Model = [:], complaint: String? = nil,
        _ context: APIContext
    ) -> Response {
        let isGiven = report.statuses[.draftMetadataUpload] == .completed
        var model = findings
        model["isGiven"] = isGiven
        model["isOpen"] = report.isMetadataOpen
        model["mayLeaveOut"] =
            report.isMetadataOpen && step(of: report) == .metadata && !report.lacksMetadata(options.exportRequirements)
        model["isNext"] = step(of: report) != .metadata
        model["mayAskReview"] = report.isMetadataOpen && step(of: report) == .confirm
        model["said"] = said
        return transferPage("metadata", .metadata, report, model, complaint: complaint, context)
    }

    /// A table comes: to be looked at, or to be taken in.
    @Sendable private func take(
        _ sent: FileForm, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.writeFileMetadata, principal, context)
        if let back = back(report, .metadata) { return back }
        guard report.isMetadataOpen else {
            return metadataPage(report, complaint: texts("metadata.closed"), context)
        }
        guard !sent.fileName.isEmpty else { return metadataPage(report, complaint: texts("metadata.noFile"), context) }
        let isPartial = sent.form.isTicked("partial")
        let consignment = report.consignment
        do {
            if sent.form["act"] == "errors" {
                let table = self.table(principal, "validate")
                return try await download(
                    name: "\(consignment.reference)-metadata-errors.csv", type: "text/csv; charset=utf-8"
                ) { _, sink in try errors(of: sent.file.place, table, consignment, isPartial, sink) }
            }
            let applies = sent.form["act"] == "apply"
            let table = self.table(principal, applies ? "apply" : "validate")
            let (summary, findings) = try await onThreads(archive.uploadThreads) {
                var findings: [MetadataFinding] = []
                let told = { (one: MetadataFinding) in if findings.count < Pages.shown { findings.append(one) } }
                let summary =
                    applies
                    ? try table.apply(sent.file.place, to: consignment, isPartial: isPartial, told: told)
                    : try table.validate(sent.file.place, of: consignment, isPartial: isPartial, told: told)
                return (summary, findings)
            }
            if summary.findings > 0 {
                return metadataPage(
                    report, findings: outcome(summary, findings), complaint: complaint(summary), context)
            }
            let count = ["files": Pages.number(summary.changed), "rows": Pages.number(summary.rows)]
            if applies {
                return Pages.redirect("/transfers/\(consignment.id)/metadata?said=applied")
            }
            return metadataPage(report, said: texts("metadata.good", count), context)
        } catch let error as StoreError where error.isBusy {
            return metadataPage(report, complaint: texts("repair.busy"), context)
        } catch {
            guard let complaint = self.complaint(error) else { throw error }
            return metadataPage(report, complaint: complaint, context)
        }
    }

    private func complaint(_ summary: MetadataSummary) -> String {
        texts(
            summary.findings == 1 ? "metadata.oneError" : "metadata.errors",
            ["errors": Pages.number(summary.findings), "rows": Pages.number(summary.rows)])
    }

    /// The first errors in a table, by row and column.
    private func outcome(_ summary: MetadataSummary, _ findings: [MetadataFinding]) -> Model {
        var model: Model = [
            "hasErrors": true,
            "errors": findings.map { one -> Model in
                [
                    "row": one.row.map(Pages.number) ?? texts("metadata.noRow"),
                    "column": one.column.map { cut($0) } ?? "", "record": one.path.map { cut($0) } ?? "",
                    "value": cut(one.value), "text": Pages.sentence(one.message), "remedy": Pages.sentence(remedy(one)),
                    "hasPlace": one.column != nil || one.path != nil,
                ]
            },
        ]
        if summary.findings > findings.count {
            model["moreErrors"] = texts("metadata.more", ["count": Pages.number(summary.findings - findings.count)])
        }
        return model
    }

    /// What to do, in words of the page where the library's are those of the command line.
    private func remedy(_ finding: MetadataFinding) -> String {
        texts.groups["remedy"]?[finding.rule] ?? finding.remedy
    }

    private func cut(_ text: String) -> String {
        let shown = displayName(of: Array(text.utf8.prefix(4 * Pages.longestValue)))
        return shown.count > Pages.longestValue ? shown.prefix(Pages.longestValue - 1) + "…" : shown
    }

    /// All errors as CSV.
    private func errors(
        of place: BytePath, _ table: MetadataRun, _ consignment: Consignment, _ isPartial: Bool,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        func put(_ cells: [String]) throws {
            var line: [UInt8] = []
            CSV.append(cells.map(FailureReport.asText), to: &line)
            try line.withUnsafeBytes(sink)
        }
        try put(["row", "column", "record", "value", "error", "remedy"].map { texts("metadataErrors.\($0)") })
        _ = try table.validate(place, of: consignment, isPartial: isPartial) { one in
            try put([
                one.row.map { "\($0)" } ?? "", one.column ?? "", one.path ?? "", one.value, Pages.sentence(one.message),
                Pages.sentence(remedy(one)),
            ])
        }
    }
}
