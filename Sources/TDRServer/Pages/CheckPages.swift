import HTTPTypes
import Hummingbird
import TDRCore

/// The checks while they run.
extension Pages {
    func addChecks(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/checks") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .checks) { return back }
            return self.checksPage(report, nil, context)
        }
        post(pages, "transfers/:id/checks") { _, context, principal in
            let report = try await report(.startChecks, principal, context)
            do {
                try await work {
                    try archive.store.wishChecks(report.consignment, run: run(principal, "check again"))
                }
            } catch {
                guard let complaint = self.complaint(error) else { throw error }
                return checksPage(report, complaint, context)
            }
            archive.checkBell.ring()
            return Pages.redirect("/transfers/\(report.consignment.id)/checks")
        }
    }

    private func checksPage(_ report: ConsignmentReport, _ complaint: String?, _ context: APIContext) -> Response {
        let isOver = !report.areChecksUnderWay
        return transferPage(
            "checks", .checks, report,
            [
                "total": report.files, "isOver": isOver,
                "checks": report.checksWanted.map { kind -> Model in
                    let done = report.processed(kind)
                    return [
                        "kind": kind.rawValue, "name": texts("checks.\(kind.rawValue)"), "done": done,
                        "total": report.files,
                        "says": texts(
                            "checks.count", ["done": Pages.number(done), "total": Pages.number(report.files)]),
                    ]
                },
                "isWithoutAntivirus": report.withoutAntivirus,
                "outcome": texts(
                    report.filesWithProblems == 0 ? "checks.good" : "checks.bad",
                    ["files": Pages.number(report.filesWithProblems)]),
                "words": Pages.json(texts.groups["checking"] ?? [:]),
            ], complaint: complaint, context)
    }
}
