import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// What the checks found: in a table with filters, and as a report.
extension Pages {
    static let perTable = 100
    private static let shownWithdrawn = 50

    func addResults(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/results", results)
        for form in ReportForm.allCases {
            get(pages, "transfers/:id/failures.\(form.rawValue)") { _, context, principal in
                try await self.failures(form, context, principal)
            }
        }
    }

    @Sendable private func results(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        if let back = back(report, .results) { return back }
        let query = request.uri.queryParameters
        let filter = ResultFilter(query["show"].map(String.init), report)
        return try await resultsPage(
            report, filter, after: query["after"].map(String.init), said: query["said"].map(String.init),
            countsFormats: query["formats"] == "count", principal, context)
    }

    /// The results, as far as they are there.
    ///
    /// - Parameter adding: a file that was to be added and could not.
    func resultsPage(
        _ report: ConsignmentReport, _ filter: ResultFilter, after: String? = nil, said: String? = nil,
        countsFormats: Bool = false, adding: Adding? = nil, _ principal: Principal, _ context: APIContext
    ) async throws -> Response {
        let consignment = report.consignment
        let base = "/transfers/\(consignment.id)"
        let isRepairable = try await mayRepair(report, principal)
        let (rows, next, formats, withdrawn) = try await work {
            let store = archive.store
            let (files, next) = try filter.page(of: consignment, after: after, limit: Pages.perTable, in: store)
            let failures = FailureReport(consignment, in: store, advice: options.advice)
            let rows = try store.detailed(files).map {
                row($0, failures, back: "\(base)/results?show=\(filter.key)", mayRepair: isRepairable, base)
            }
            let withdrawn =
                report.withdrawnFiles == 0
                ? [] : try store.withdrawnFiles(of: consignment, limit: Pages.shownWithdrawn)
            let counts = try self.formats.counts(of: report, in: store, isWanted: countsFormats)
            return (Rows(rows), next, counts, withdrawn)
        }
        var model: Model = [
            "rows": rows.models, "hasRows": !rows.models.isEmpty, "listed": label(filter),
            "isGood": report.filesWithProblems == 0 && report.areChecksComplete && !report.areChecksUnderWay,
            "hasProblems": report.filesWithProblems > 0, "isUnderWay": report.areChecksUnderWay,
            "summary": summary(report),
            "mayCheckAgain": report.isOpen && !report.areChecksUnderWay
                && report.checksWanted.contains { report.checked($0) < report.files },
            "isNext": ![.results, .checks].contains(step(of: report)),
            "filters": filters(report, filter, base),
            "chart": Charts.bars(
                (formats ?? []).map {
                    ($0.puid.isEmpty ? texts("results.noFormat") : "\($0.name) \($0.puid)", $0.files)
                },
                label: texts("results.formats")),
            "hasChart": formats?.isEmpty == false,
            "hasWithdrawn": report.withdrawnFiles > 0,
            "withdrawnTitle": texts("results.withdrawn", ["files": Pages.number(report.withdrawnFiles)]),
            "withdrawn": withdrawn.map { one -> Model in
                ["file": one.path.display, "reason": one.reason, "time": Pages.moment(one.datetime)]
            },
            "words": Pages.json(texts.groups["checking"] ?? [:]),
            "repairWords": Pages.json(texts.groups["replacing"] ?? [:]),
        ]
        if formats == nil { model["countFormats"] = "\(base)/results?show=\(filter.key)&formats=count" }
        model["said"] = said.flatMap { texts.groups["said"]?[$0] }
        if isRepairable, consignment.type == .standard {
            model["adding"] = ["folder": adding?.folder ?? "", "back": "\(base)/results?show=\(filter.key)"]
            model["isAdding"] = adding != nil
        }
        if let next { model["more"] = "\(base)/results?show=\(filter.key)&after=\(next)" }
        return transferPage("results", .results, report, model, complaint: adding?.complaint, context)
    }

    /// Models that a thread hands over to another once.
    private struct Rows: @unchecked Sendable {
        let models: [Model]
        init(_ models: [Model]) { self.models = models }
    }

    private func summary(_ report: ConsignmentReport) -> String {
        let key =
            if report.areChecksUnderWay {
                "results.underWay"
            } else if report.filesWithProblems > 0 {
                "results.bad"
            } else {
                report.areChecksComplete ? "results.good" : "results.unfinished"
            }
        return texts(
            key,
            [
                "files": Pages.number(report.files), "problems": Pages.number(report.filesWithProblems),
                "bytes": Pages.size(report.bytes), "folder": displayName(of: report.consignment.parentFolder),
            ])
    }

    private func label(_ filter: ResultFilter) -> String {
        switch filter {
        case .all: texts("results.all")
        case .failed: texts("results.failed")
        case .finding(let type, let value):
            "\(texts("status.\(type.rawValue)")): \(options.advice.entry(type, value).found)"
        }
    }

    /// All files, those that need attention, and those with each finding, with their numbers.
    private func filters(_ report: ConsignmentReport, _ chosen: ResultFilter, _ base: String) -> [Model] {
        func model(_ filter: ResultFilter, _ count: Int) -> Model {
            [
                "text": label(filter), "count": Pages.number(count), "isHere": filter == chosen,
                "link": "\(base)/results?show=\(filter.key)",
            ]
        }
        var out = [model(.all, report.files)]
        guard report.filesWithProblems > 0 else { return out }
        out.append(model(.failed, report.filesWithProblems))
        for type in FileStatusType.allCases where type != .clientChecks {
            for (value, count) in (report.fileCounts[type] ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue })
            where !value.isGood { out.append(model(.finding(type, value), count)) }
        }
        return out
    }

    private func row(
        _ file: FileReport, _ failures: FailureReport, back: String, mayRepair: Bool, _ base: String
    ) -> Model {
        let findings = failures.rows(of: file)
        return [
            "file": file.path.display, "link": "\(base)/files/\(file.id)", "back": back,
            "size": file.size.map { Pages.size(Int($0)) } ?? "",
            "formatName": file.formats.first?.formatName ?? "",
            "isGood": findings.isEmpty, "mayRepair": mayRepair && !findings.isEmpty,
            "problems": findings.map(finding),
            "puids": file.formats.compactMap { one in one.puid.map { ["puid": $0] } },
        ]
    }

    /// One finding in words: what is wrong, and what to do.
    func finding(_ row: FailureRow) -> Model {
        [
            "type": texts("status.\(row.type.rawValue)"), "text": Pages.sentence(row.details),
            "action": Pages.sentence(row.action),
        ]
    }

    /// The report in one of its forms, for people who have no terminal.
    private func failures(_ form: ReportForm, _ context: APIContext, _ principal: Principal) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        let type =
            switch form {
            case .csv: "text/csv; charset=utf-8"
            case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
            case .html: "text/html; charset=utf-8"
            }
        let failures = FailureReport(report.consignment, in: archive.store, advice: options.advice)
        let time = archive.store.now
        return try await download(
            name: "\(report.consignment.reference)-file-check-failures.\(form.rawValue)", type: type
        ) { folder, sink in
            try failures.write(form, at: time, scratch: folder, hasCommands: false, to: sink)
        }
    }
}
