import HTTPTypes
import Hummingbird
import TDRCore

/// What is said of a judgment beside its file, before the upload or later; all of it may stay unsaid.
extension Pages {
    private static let longestDetail = 500

    func addDetails(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/details") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .details) { return back }
            let recorded = try await self.work { try self.archive.store.properties(of: report.consignment) }
            return self.detailsPage(report, JudgmentDetails(recorded), nil, context)
        }
        post(pages, "transfers/:id/details") { form, context, principal in
            let report = try await report(.writeConsignmentMetadata, principal, context)
            if let back = back(report, .details) { return back }
            let details = Pages.details(form)
            if let fault = fault(of: details) {
                return detailsPage(report, details, fault, context)
            }
            do {
                guard report.mayTellDetails else { throw DeliveryError.wrongState(texts("details.closed")) }
                try await work {
                    try archive.store.setDetails(
                        details, of: report.consignment, run: run(principal, "about the judgment"))
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return detailsPage(report, details, complaint, context)
            }
            return Pages.redirect("/transfers/\(report.consignment.id)")
        }
    }

    private static func details(_ form: Form) -> JudgmentDetails {
        func text(_ name: String) -> String? {
            let text = form.trimmed(name)
            return text.isEmpty ? nil : text
        }
        var details = JudgmentDetails()
        details.kind = JudgmentDetails.Kind(rawValue: form["kind"])
        details.neutralCitation = text("citation")
        details.hasNoNeutralCitation = form.isTicked("noCitation")
        details.reference = text("reference")
        details.updateType = text("update")
        details.updateDetails = text("updateDetails")
        return details
    }

    /// What is wrong with it, in the words of the page; nil when nothing is.
    private func fault(of details: JudgmentDetails) -> String? {
        let all = [details.neutralCitation, details.reference, details.updateType, details.updateDetails]
        if all.contains(where: { ($0?.utf8.count ?? 0) > Pages.longestDetail }) { return texts("details.tooLong") }
        if details.neutralCitation != nil, details.hasNoNeutralCitation { return texts("details.both") }
        if details.updateDetails != nil, details.updateType == nil { return texts("details.noUpdate") }
        return details.fault.map(Pages.sentence)
    }

    private func detailsPage(
        _ report: ConsignmentReport, _ details: JudgmentDetails, _ complaint: String?, _ context: APIContext
    ) -> Response {
        transferPage(
            "details", .details, report,
            [
                "isOpen": report.mayTellDetails,
                "kinds": JudgmentDetails.Kind.allCases.map { kind -> Model in
                    [
                        "value": kind.rawValue, "text": texts("details.\(kind.rawValue)"),
                        "isChosen": (details.kind ?? .judgment) == kind,
                    ]
                },
                "citation": details.neutralCitation ?? "", "hasNoCitation": details.hasNoNeutralCitation,
                "otherReference": details.reference ?? "", "update": details.updateType ?? "",
                "updateDetails": details.updateDetails ?? "",
                "facts": [
                    ("kind", texts("details.\((details.kind ?? .judgment).rawValue)")),
                    (
                        "citation",
                        details.neutralCitation ?? (details.hasNoNeutralCitation ? texts("details.noCitation") : nil)
                    ),
                    ("reference", details.reference), ("update", details.updateType),
                    ("updateDetails", details.updateDetails),
                ].map { ["name": texts("details.\($0)"), "value": $1 ?? texts("details.unsaid")] },
            ], complaint: complaint, context)
    }
}

extension ConsignmentReport {
    /// Whether what is said of the judgment can still be changed.
    fileprivate var mayTellDetails: Bool {
        consignment.type == .judgment && statuses[.export] == nil && cancellation == nil
    }
}
