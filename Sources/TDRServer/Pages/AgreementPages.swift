import HTTPTypes
import Hummingbird
import TDRCore

/// What the transferring body says of the records as a whole: their legal status, and what was signed off.
extension Pages {
    /// The legal statuses, by the words of their texts.
    private static let legalStatuses = Array(zip(["public", "welsh", "notPublic"], PropertyName.legalStatuses))

    /// What has to be signed off, by the names that the bag's metadata knows.
    private var signOffs: [(field: String, property: String)] {
        let always: [(field: String, property: String)] = [
            ("appraisal", PropertyName.appraisalSelectionSignOffConfirmed),
            ("sensitivity", PropertyName.sensitivityReviewSignOffConfirmed),
        ]
        return options.exportRequirements.contains(.openRecords)
            ? always + [("open", PropertyName.initialOpenRecordsConfirmed)] : always
    }

    func addAgreement(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/agreement") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .agreement) { return back }
            return try await self.agreementPage(report, nil, nil, context)
        }
        post(pages, "transfers/:id/agreement") { form, context, principal in
            let report = try await report(.writeConsignmentMetadata, principal, context)
            if let back = back(report, .agreement) { return back }
            let chosen = Pages.legalStatuses.first { $0.0 == form["status"] }?.1
            guard let chosen else {
                return try await agreementPage(report, form, texts("agreement.noStatus"), context)
            }
            guard signOffs.allSatisfy({ form.isTicked($0.field) }) else {
                return try await agreementPage(report, form, texts("agreement.missing"), context)
            }
            let store = archive.store
            let run = run(principal, "agree")
            do {
                try await work {
                    let old = try store.statuses(of: report.consignment)[.transferAgreement]
                    if old == .completed { return }
                    var values: [(name: String, value: String)] = signOffs.map { ($0.property, "true") }
                    values.append((PropertyName.legalStatus, chosen))
                    values.append(
                        (PropertyName.publicRecordsConfirmed, "\(chosen != PropertyName.legalStatuses[2])"))
                    try store.setConsignmentMetadata(values, of: report.consignment, run: run)
                    if old == nil {
                        try store.setStep(
                            .transferAgreement, to: .inProgress, of: report.consignment, isNew: true, run: run)
                    }
                    try store.setStep(
                        .transferAgreement, to: .completed, of: report.consignment, isNew: false, run: run)
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return try await agreementPage(report, form, complaint, context)
            }
            return Pages.redirect("/transfers/\(report.consignment.id)")
        }
    }

    /// The page, with what `form` has said already where it could not be taken.
    private func agreementPage(
        _ report: ConsignmentReport, _ form: Form?, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let recorded = try await work { try archive.store.properties(of: report.consignment) }
        let status = recorded[PropertyName.legalStatus]
        return transferPage(
            "agreement", .agreement, report,
            [
                "isDone": report.statuses[.transferAgreement] == .completed, "status": status ?? "",
                "statuses": Pages.legalStatuses.map { word, value -> Model in
                    [
                        "field": word, "text": texts("agreement.\(word)"), "name": value,
                        "isChosen": form.map { $0["status"] == word } ?? (status == value),
                    ]
                },
                "points": signOffs.map { field, property -> Model in
                    [
                        "field": field, "text": texts("agreement.\(field)"),
                        "isTicked": form?.isTicked(field) ?? (recorded[property] == "true"),
                    ]
                },
            ], complaint: complaint, context)
    }
}
