import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// The review of metadata: whoever transfers asks for it, an adviser of the archive decides.
extension Pages {
    private static let perList = 50

    func addReviews(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/review") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .review) { return back }
            return try await self.reviewPage(report, nil, context)
        }
        post(pages, "transfers/:id/review") { form, context, principal in
            let report = try await report(.setOwnStatus, principal, context)
            if let back = back(report, .review) { return back }
            guard report.consignment.type == .standard else { throw APIError.notFound }
            if let complaint = try await decide(.submission, of: report, form["notes"], principal) {
                return try await reviewPage(report, complaint, context)
            }
            return Pages.redirect("/transfers/\(report.consignment.id)/review")
        }
        get(pages, "reviews", reviewList)
        get(pages, "reviews/:id") { _, context, principal in
            let report = try await self.reviewed(.readConsignment, principal, context)
            return try await self.casePage(report, nil, principal, context)
        }
        post(pages, "reviews/:id") { form, context, principal in
            let report = try await reviewed(.setReviewStatus, principal, context)
            let action: ReviewAction
            switch form["decision"] {
            case "approve": action = .approval
            case "reject": action = .rejection
            default: return try await casePage(report, texts("review.undecided"), principal, context)
            }
            if let complaint = try await decide(action, of: report, form["notes"], principal) {
                return try await casePage(report, complaint, principal, context)
            }
            return Pages.redirect("/reviews")
        }
        get(pages, "reviews/:id/metadata.csv") { _, context, principal in
            let report = try await self.reviewed(.readConsignment, principal, context)
            let table = MetadataRun(
                store: self.archive.store, run: self.run(principal, "metadata under review"),
                schema: self.options.metadataSchema)
            return try await self.download(
                name: "\(report.consignment.reference)-metadata.csv", type: "text/csv; charset=utf-8"
            ) { _, sink in
                try table.write(.template, of: report.consignment) { bytes in try bytes.withUnsafeBytes(sink) }
            }
        }
    }

    /// What happens to a review; what keeps it from that, in words.
    private func decide(
        _ action: ReviewAction, of report: ConsignmentReport, _ notes: String, _ principal: Principal
    ) async throws -> String? {
        do {
            if action == .submission, !report.isMetadataOpen { return texts("review.closed") }
            try await work {
                try archive.store.review(
                    action, of: report.consignment, notes: Pages.plainLines(notes),
                    run: run(principal, "review \(action.rawValue.lowercased())"))
            }
            return nil
        } catch ReviewError.notesMissing {
            return texts("review.needsReason")
        } catch let error as StoreError where error.isBusy {
            return texts("repair.busy")
        } catch {
            guard let complaint = self.complaint(error) else { throw error }
            return complaint
        }
    }

    /// Browsers send the lines of a text with carriage returns.
    private static func plainLines(_ text: String) -> String { text.replacing("\r\n", with: "\n") }

    // MARK: For whoever transfers

    private func reviewPage(
        _ report: ConsignmentReport, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let log = try await log(of: report)
        let status = report.statuses[.metadataReview]
        var model: Model = [
            "isAsked": status == .inProgress, "isApproved": status == .completed,
            "isRejected": status == .completedWithIssues || status == .failed,
            "mayAsk": report.isMetadataOpen && report.areChecksComplete && report.filesWithProblems == 0,
            "isNext": step(of: report) != .review,
            "isRequired": options.exportRequirements.contains(.review), "hasLog": !log.models.isEmpty,
            "log": log.models,
        ]
        model["reason"] = log.rejection
        return transferPage("review", .review, report, model, complaint: complaint, context)
    }

    /// The log in words, newest first, and why it was rejected last.
    private func log(of report: ConsignmentReport) async throws -> (models: [Model], rejection: String?) {
        let entries = try await work { try archive.store.reviews(of: report.consignment) }
        let models = entries.reversed().map { one -> Model in
            var model: Model = [
                "action": texts("reviewAction.\(one.action.rawValue)"), "user": one.login,
                "time": Pages.moment(one.datetime),
            ]
            if !one.notes.isEmpty { model["notes"] = one.notes }
            return model
        }
        return (models, entries.last { $0.action == .rejection }?.notes)
    }

    // MARK: For advisers

    /// The consignment of the path, when it has been given to the archive for review and `principal` may do `act`.
    private func reviewed(_ act: Act, _ principal: Principal, _ context: APIContext) async throws -> ConsignmentReport {
        guard Access.allows(principal, act, [.underReview]) else { throw APIError.notFound }
        let report = try await report(act, principal, context)
        guard report.statuses[.metadataReview] != nil else { throw APIError.notFound }
        return report
    }

    @Sendable private func reviewList(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        guard Access.allows(principal, .readConsignment, [.underReview]) else { throw APIError.notFound }
        let query = request.uri.queryParameters
        let shown = query["show"].map(String.init) ?? "waiting"
        let status: ConsignmentStatusValue =
            switch shown {
            case "approved": .completed
            case "rejected": .completedWithIssues
            default: .inProgress
            }
        let after = query["after"].flatMap { ReviewPlace(String($0)) }
        let (cases, hasNext, counts) = try await work {
            let page = try archive.store.reviews(status, after: after, limit: Pages.perList)
            return (page.cases, page.hasNext, try archive.store.counts(of: page.cases.map(\.facts.consignment)))
        }
        var model: Model = [
            "hasAny": !cases.isEmpty,
            "filters": ["waiting", "approved", "rejected"].map { key -> Model in
                [
                    "text": texts("review.\(key)"), "link": "/reviews?show=\(key)",
                    "isHere": key == (status == .inProgress ? "waiting" : shown),
                ]
            },
            "cases": zip(cases, counts).map { one, counts -> Model in
                let consignment = one.facts.consignment
                return [
                    "name": "\(consignment.reference)", "link": "/reviews/\(consignment.id)",
                    "body": consignment.bodyName, "series": consignment.seriesName ?? texts("transfers.noSeries"),
                    "files": Pages.number(counts.files), "since": Pages.moment(one.since),
                    "person": consignment.person.name,
                ]
            },
        ]
        if hasNext, let last = cases.last { model["more"] = "/reviews?show=\(shown)&after=\(last.place)" }
        return page("reviews", title: texts("review.title"), model, context)
    }

    private func casePage(
        _ report: ConsignmentReport, _ complaint: String?, _ principal: Principal, _ context: APIContext
    ) async throws -> Response {
        let log = try await log(of: report)
        let closed = try await work { try archive.store.counts(of: [report.consignment])[0].closedRecords }
        let consignment = report.consignment
        let status = report.statuses[.metadataReview]
        var model: Model = [
            "reference": "\(consignment.reference)", "place": "/reviews/\(consignment.id)",
            "isAsked": status == .inProgress, "isApproved": status == .completed,
            "isRejected": status == .completedWithIssues || status == .failed,
            "mayDecide": Access.allows(principal, .setReviewStatus, [.underReview])
                && (status == .inProgress || status == .completed) && report.statuses[.export] == nil
                && report.statuses[.confirmTransfer] == nil,
            "hasLog": !log.models.isEmpty, "log": log.models,
            "facts": [
                ["name": texts("confirm.body"), "value": consignment.bodyName],
                ["name": texts("confirm.series"), "value": consignment.seriesName ?? texts("transfers.noSeries")],
                ["name": texts("confirm.folder"), "value": displayName(of: consignment.parentFolder)],
                ["name": texts("confirm.files"), "value": Pages.number(report.files)],
                ["name": texts("review.closedFiles"), "value": Pages.number(closed)],
                ["name": texts("confirm.contact"), "value": "\(consignment.person.name), \(consignment.person.email)"],
            ],
        ]
        model["complaint"] = complaint
        return page(
            "review-case", title: texts("review.caseTitle"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }
}
