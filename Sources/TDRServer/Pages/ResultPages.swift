import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// What the checks found: while they run, in a table, and file by file.
extension Pages {
    private static let perTable = 100
    private static let perChart = 12
    private static let perRead = 500

    func addResults(to pages: RouterGroup<APIContext>) {
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
                guard let complaint = Pages.complaint(error) else { throw error }
                return checksPage(report, complaint, context)
            }
            archive.checkBell.ring()
            return Pages.redirect("/transfers/\(report.consignment.id)/checks")
        }
        get(pages, "transfers/:id/results", results)
        get(pages, "transfers/:id/files/:file", file)
        get(pages, "transfers/:id/failures.csv", failures)
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

    // MARK: Results

    @Sendable private func results(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        if let back = back(report, .results) { return back }
        let consignment = report.consignment
        let wantsAll =
            request.uri.queryParameters["show"] == "all"
            || (report.filesWithProblems == 0 && request.uri.queryParameters["show"] == nil)
        let after = request.uri.queryParameters["after"].map(String.init)
        let base = "/transfers/\(consignment.id)"
        let (rows, next, formats) = try await work {
            let store = archive.store
            let formats = try store.formatCounts(of: consignment, limit: Pages.perChart)
            var files: [FileReport]
            var next: String?
            if wantsAll {
                var selection = FilePageSelection()
                selection.type = .file
                let page = try store.files(
                    of: consignment, selection, after: after.flatMap { Hex.decode(Array($0.utf8)) },
                    limit: Pages.perTable)
                files = page.items
                if page.hasNext, let last = page.items.last { next = Hex.encode(last.path.bytes) }
            } else {
                let page = try store.problems(
                    of: consignment, after: after.flatMap { Int64($0) } ?? 0, limit: Pages.perTable)
                files = page.files
                next = page.last.map { "\($0)" }
            }
            let matches = try store.formats(of: files)
            let rows = zip(files, matches).map { file, formats in self.row(file, formats, base) }
            return (Rows(rows), next, formats)
        }
        var model: Model = [
            "rows": rows.models, "hasRows": !rows.models.isEmpty, "showsAll": wantsAll,
            "isGood": report.filesWithProblems == 0 && report.areChecksComplete,
            "hasProblems": report.filesWithProblems > 0,
            "summary": texts(
                report.filesWithProblems == 0
                    ? (report.areChecksComplete ? "results.good" : "results.unfinished") : "results.bad",
                [
                    "files": Pages.number(report.files), "problems": Pages.number(report.filesWithProblems),
                    "bytes": Pages.size(report.bytes), "folder": displayName(of: consignment.parentFolder),
                ]),
            "mayCheckAgain": report.statuses[.export] == nil
                && report.checksWanted.contains { report.checked($0) < report.files },
            "isNext": report.step != .results,
            "reasons": reasons(report),
            "chart": Charts.bars(
                formats.map { ($0.puid.isEmpty ? texts("results.noFormat") : "\($0.name) \($0.puid)", $0.files) },
                label: texts("results.formats")),
            "hasChart": !formats.isEmpty,
        ]
        if let next { model["more"] = "\(base)/results?show=\(wantsAll ? "all" : "failed")&after=\(next)" }
        return transferPage("results", .results, report, model, context)
    }

    /// Models that a thread hands over to another once.
    private struct Rows: @unchecked Sendable {
        let models: [Model]
        init(_ models: [Model]) { self.models = models }
    }

    /// How many files have each finding, in words.
    private func reasons(_ report: ConsignmentReport) -> [Model] {
        var out: [Model] = []
        for type in FileStatusType.allCases where type != .clientChecks {
            for (value, count) in (report.fileCounts[type] ?? [:]).sorted(by: { $0.key.rawValue < $1.key.rawValue })
            where !value.isGood {
                out.append([
                    "count": Pages.number(count), "type": texts("status.\(type.rawValue)"),
                    "text": Pages.sentence(ProblemAdvice.text(type, value)),
                ])
            }
        }
        return out
    }

    private func row(_ file: FileReport, _ formats: [FormatReport], _ base: String) -> Model {
        let problems = file.statuses.problems.filter { $0.type != .clientChecks }
        let shown = problems.isEmpty ? file.statuses.problems : problems
        return [
            "path": file.path.display, "link": "\(base)/files/\(file.id)",
            "size": file.size.map { Pages.size(Int($0)) } ?? "",
            "format": formats.compactMap(\.puid).joined(separator: ", "),
            "formatName": formats.first?.formatName ?? "",
            "isGood": file.statuses.problems.isEmpty,
            "problems": shown.map { one -> Model in
                [
                    "type": texts("status.\(one.type.rawValue)"),
                    "text": Pages.sentence(ProblemAdvice.text(one.type, one.value)),
                ]
            },
        ]
    }

    // MARK: One file

    @Sendable private func file(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        guard let id = RecordID(try context.parameters.require("file")) else { throw APIError.notFound }
        let (file, formats, scans, reasons) = try await work {
            var selection = FilePageSelection()
            selection.ids = [id]
            let found = try archive.store.files(of: report.consignment, selection, after: nil, limit: 1).items
            guard let file = found.first else { throw APIError.notFound }
            return (
                file, try archive.store.formats(of: found).first ?? [],
                try archive.store.scans(of: found).first ?? [], try archive.store.reasons(of: found).first ?? [:]
            )
        }
        let own = file.statuses.problems.filter { $0.type != .clientChecks }
        let problems = own.isEmpty ? file.statuses.problems : own
        let model: Model = [
            "filePath": file.path.display, "fileReference": "\(file.reference)",
            "size": file.size.map { "\(Pages.size(Int($0))) (\(Pages.number(Int($0))) bytes)" } ?? "",
            "modified": file.modified.map { Pages.moment(Timestamp(nanoseconds: $0)) } ?? "",
            "sha256": file.sha256?.description ?? "", "serverSHA256": file.serverSHA256?.description ?? "",
            "isGood": problems.isEmpty,
            "problems": problems.map { one -> Model in
                var model: Model = [
                    "type": texts("status.\(one.type.rawValue)"),
                    "text": Pages.sentence(ProblemAdvice.text(one.type, one.value)),
                ]
                model["reason"] = reasons[one.type]
                return model
            },
            "statuses": FileStatusType.allCases.compactMap { type -> Model? in
                file.statuses[type].map {
                    ["type": texts("status.\(type.rawValue)"), "value": $0.rawValue, "isGood": $0.isGood]
                }
            },
            "formats": formats.map { one -> Model in
                [
                    "puid": one.puid ?? "", "name": one.formatName ?? "", "basis": one.identificationBasis,
                    "mime": one.mimeType ?? "", "engine": "\(one.engine.software) \(one.engine.softwareVersion)",
                ]
            },
            "hasScans": !scans.isEmpty,
            "scans": scans.map { one -> Model in
                [
                    "engine": "\(one.engine.software) \(one.engine.softwareVersion) \(one.engine.databaseVersion)",
                    "result": one.result.map { $0.isEmpty ? texts("file.clean") : $0 } ?? texts("file.notScanned"),
                    "time": Pages.moment(one.datetime),
                ]
            },
        ]
        return transferPage("file", .results, report, model, context)
    }

    // MARK: The report

    /// A row for each finding, sent as it is read: any number of files takes the same memory.
    @Sendable private func failures(
        _ request: Request, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.readConsignment, principal, context)
        let name = "\(report.consignment.reference)-file-check-failures.csv"
        let store = archive.store
        let texts = self.texts
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody { [archive] writer in
                let titles = ["path", "name", "action", "check", "finding", "format", "puid"]
                try await writer.write(ByteBuffer(string: CSVLine.text(titles.map { texts("csv.\($0)") })))
                var after: Int64? = 0
                while let from = after {
                    let (text, next) = try await onThreads(archive.threads) {
                        let page = try store.problems(of: report.consignment, after: from, limit: Pages.perRead)
                        let formats = try store.formats(of: page.files)
                        let lines = zip(page.files, formats).map { Pages.lines($0, $1, texts) }
                        return (lines.joined(), page.last)
                    }
                    try await writer.write(ByteBuffer(string: text))
                    after = next
                }
                try await writer.finish(nil)
            })
    }

    private static func lines(_ file: FileReport, _ formats: [FormatReport], _ texts: PageTexts) -> String {
        let findings = file.statuses.problems
        let own = findings.filter { $0.type != .clientChecks }
        let name = file.path.display.split(separator: "/").last.map(String.init) ?? ""
        return (own.isEmpty ? findings : own).map { one in
            CSVLine.text([
                file.path.display, name, Pages.sentence(ProblemAdvice.text(one.type, one.value)),
                texts("status.\(one.type.rawValue)"), one.value.rawValue,
                formats.compactMap(\.formatName).joined(separator: "|"),
                formats.compactMap(\.puid).joined(separator: "|"),
            ])
        }.joined()
    }
}

/// A line of a CSV file (RFC 4180) that a spreadsheet shows as what it is: no cell is taken for a formula.
enum CSVLine {
    static func text(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\r\n" }

    private static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) { text = "'" + text }
        let needsQuotes = text.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
}
