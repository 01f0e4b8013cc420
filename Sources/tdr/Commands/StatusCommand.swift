public import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct StatusCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show consignments, their files, what failed and what to do.",
        discussion: """
            Without a reference: the list of consignments. With one: its steps, counts and next action.

              tdr status
              tdr status TDR-2026-C --failed
              tdr status TDR-2026-C --files --csv > files.csv

            tdr status --ready shows what tdr export --ready would take, and how its last runs went.
            What can be put right is said with the commands that do it, as a shell takes them. --report writes what failed \
            as a table for people: the file, what to do, why, its format. In CSV and on the page a value that begins like a \
            formula stays text: CSV puts an apostrophe in front, the workbook and the page mark it. The words come from \
            --advice or $TDR_ADVICE, a JSON file such as \
            {"advice": {"FFID.Zip": {"found": "…", "action": "…"}}}; what it leaves out is as always.

              tdr status TDR-2026-C --report xlsx --output findings.xlsx
              tdr status TDR-2026-C --duplicates

            With --json a list or a consignment is one document; files are JSON Lines. With --csv lines end in CRLF \
            (RFC 4180). Names that are not printable are written with \\n, \\r, \\t, \\\\ and \\xHH.

            Exit codes: 0 nothing to act on; 1 could not do it; 2 a consignment has findings or a failed step; \
            64 wrong usage.
            """)

    @Argument(help: ArgumentHelp("A consignment's reference.", valueName: "ref"))
    var reference: String?

    @Flag(help: "List the files.")
    var files = false

    @Flag(help: "List only the files with findings.")
    var failed = false

    @Flag(help: "Show what tdr export --ready would take and when it last went well.")
    var ready = false

    @Flag(help: "Answer as CSV.")
    var csv = false

    @Option(help: ArgumentHelp("Write what failed as csv, xlsx or html.", valueName: "form"))
    var report: ReportForm?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where the report goes. Default: stdout.", valueName: "file"))
    var output: PathArgument?

    @Option(
        help: ArgumentHelp(
            "What is said of findings: a JSON file beside the built-in words. Default: $TDR_ADVICE.", valueName: "file")
    )
    var advice: PathArgument?

    @Flag(help: "List files with the same content, and names that differ in case or Unicode form only.")
    var duplicates = false

    @Flag(help: "Show again every second, until interrupted.")
    var watch = false

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup var common: CommonOptions

    static var onlyLists: Bool { true }

    func validate() throws {
        if reference == nil, report != nil || duplicates {
            throw ValidationError("--report and --duplicates go with a reference")
        }
        if report != nil, files || failed || csv || common.json || watch || duplicates {
            throw ValidationError("--report is an answer of its own")
        }
        if duplicates, files || failed || watch { throw ValidationError("--duplicates is an answer of its own") }
        if output != nil, report == nil { throw ValidationError("--output goes with --report") }
        if reference == nil, files || failed { throw ValidationError("--files and --failed go with a reference") }
        if ready, reference != nil || csv || watch { throw ValidationError("--ready stands alone, or with --json") }
        if csv, common.json { throw ValidationError("choose one of --csv and --json") }
        if watch, files || failed || csv { throw ValidationError("--watch shows steps and counts only") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if let client = try remote.client(context) { return try await show(by: client, context) }
        let store = try context.openStore()
        if ready { return try showReady(store.consignmentsToExport().map(\.reference), store.readyRuns(), context) }
        if let reference, let form = report {
            let consignment = try store.consignment(reference)
            let failures = FailureReport(consignment, in: store, advice: try context.advice(advice))
            try await FailureOutput(form: form, context: context).write(to: output?.path) { sink in
                try failures.write(form, at: context.clock(), scratch: CommandContext.temporaryFolder, to: sink)
            }
            return try store.report(on: consignment).hasFindings ? .findings : .done
        }
        if let reference, duplicates {
            var entries = LikenessOutput(context, csv: csv)
            try store.compareEntries(of: store.consignment(reference), scratch: CommandContext.temporaryFolder) {
                try entries.add($0)
            }
            return entries.finish()
        }
        return try await show(store, context)
    }

    /// The same through a server.
    private func show(by client: APIClient, _ context: CommandContext) async throws -> Outcome {
        let status = RemoteStatus(client)
        if ready {
            let (ready, runs) = try await RemoteAdministration(client).readiness()
            return try showReady(ready, runs, context)
        }
        guard let reference, report != nil || duplicates else { return try await show(status, context) }
        let known = try await status.report(on: reference)
        let documents = RemoteDocuments(client)
        if let form = report {
            let words = try context.adviceFile(advice).map { file in
                // Told here, where the file is.
                _ = try Advice(readingJSON: file)
                return try readWhole(file, limit: 4 << 20)
            }
            try await FailureOutput(form: form, context: context).write(to: output?.path) { sink in
                try await documents.report(on: known.consignment, form, advice: words, to: sink)
            }
            return known.hasFindings ? .findings : .done
        }
        var entries = LikenessOutput(context, csv: csv)
        try await documents.forEachLikeEntry(of: known.consignment) { try entries.add($0) }
        return entries.finish()
    }

    /// What a store and a server tell alike.
    private func show(_ source: any StatusSource, _ context: CommandContext) async throws -> Outcome {
        if watch { return try await watch(source, context) }
        guard let reference else {
            let reports = try await source.reports()
            guard let store = source as? Store else {
                return try list(reports, none: "you have no consignments there", nil, context)
            }
            return try list(
                reports, none: "no consignments in '\(store.directory.display)'; tdr upload makes one",
                try store.readyRuns(), context)
        }
        let advice = try context.advice(advice)
        let report = try await source.report(on: reference)
        if files || failed {
            try await list(filesOf: report.consignment, source, context)
        } else if context.json {
            try context.output.json(StatusOutput(report))
        } else if csv {
            context.output.csv(ConsignmentRow.titles)
            context.output.csv(ConsignmentRow.fields(report))
        } else {
            for line in StatusText.lines(report) { context.output.line(line) }
            if report.filesWithProblems > 0 {
                context.output.line("")
                let problems = try await FirstProblems(report, from: source)
                for line in StatusText.problems(report, problems, examples: 5, advice: advice) {
                    context.output.line("  " + line)
                }
            }
        }
        return report.hasFindings ? .findings : .done
    }

    private func list(
        _ reports: [ConsignmentReport], none: String, _ readyRuns: (last: PastReadyRun, lastSuccess: PastReadyRun?)?,
        _ context: CommandContext
    ) throws -> Outcome {
        if context.json {
            try context.output.json(reports.map(StatusOutput.init))
        } else if csv {
            context.output.csv(ConsignmentRow.titles)
            for report in reports { context.output.csv(ConsignmentRow.fields(report)) }
        } else if reports.isEmpty {
            context.messages.note(none)
        } else {
            let rows =
                [["REFERENCE", "CREATED", "FILES", "SIZE", "STATE", "FINDINGS", "BODY", "NEXT"]]
                + reports.map { report in
                    [
                        report.consignment.reference.description, report.consignment.created.date,
                        Text.count(report.files), Text.size(Int64(report.bytes)), report.state,
                        Text.count(report.filesWithProblems), report.consignment.bodyName, report.nextAction,
                    ]
                }
            for line in Text.table(rows, right: [2, 3, 5]) { context.output.line(line) }
            for line in ReadyText.lines(readyRuns) { context.output.line(line) }
        }
        return reports.contains(where: \.hasFindings) ? .findings : .done
    }

    private func list(
        filesOf consignment: Consignment, _ source: any StatusSource, _ context: CommandContext
    ) async throws {
        if csv { context.output.csv(FileRow.titles) }
        try await source.forEachFile(of: consignment, failed ? .withProblems : .all) { file in
            if context.json {
                try context.output.json(FileOutput(file, in: consignment))
            } else if csv {
                context.output.csv(FileRow.fields(file))
            } else {
                context.output.line(FileRow.line(file))
            }
        }
    }

    private func watch(_ source: any StatusSource, _ context: CommandContext) async throws -> Outcome {
        var last = ""
        while true {
            let reports =
                if let reference { [try await source.report(on: reference)] } else { try await source.reports() }
            let text = try reports.map { report in
                context.json
                    ? String(decoding: try JSON.encode(StatusOutput(report)), as: UTF8.self)
                    : StatusText.lines(report).joined(separator: "\n") + "\n"
            }.joined(separator: "\n")
            if text != last {
                // A terminal is drawn anew; elsewhere each change is one more record.
                if !context.json, context.outputIsTerminal { context.output.write(Array("\u{1B}[H\u{1B}[2J".utf8)) }
                context.output.line(text)
                context.output.flush()
                last = text
            }
            try await Task.sleep(for: .seconds(1))
        }
    }
}

extension ReportForm: ExpressibleByArgument {}

extension CommandContext {
    /// What is said of findings: by the option, else by the environment, else the built-in words.
    func advice(_ option: PathArgument?) throws -> Advice {
        guard let file = adviceFile(option) else { return .standard }
        return try Advice(readingJSON: file)
    }

    /// The file with other words for findings; nil where they are the built-in ones.
    func adviceFile(_ option: PathArgument?) -> BytePath? {
        option?.path ?? environment["TDR_ADVICE"].map { BytePath($0) }
    }
}

extension ConsignmentReport {
    /// Whether somebody must act: a file with findings, or a step that ended badly.
    var hasFindings: Bool {
        if exports.contains(where: \.isAmiss) { return true }
        if cancellation != nil { return false }
        return filesWithProblems > 0 || wantedStatuses.values.contains { $0 == .failed || $0 == .completedWithIssues }
    }
}

extension Output {
    /// One record of CSV.
    func csv(_ fields: [String]) { write(Array((Text.csv(fields) + "\r\n").utf8)) }
}

/// A consignment as a record of CSV.
private enum ConsignmentRow {
    static let titles = [
        "ConsignmentReference", "ConsignmentType", "TransferringBodyName", "SeriesName", "CreatedDatetime",
        "TotalFiles",
        "TotalFolders", "TotalFileSize", "FilesWithProblems", "State", "ExportLocation", "NextAction",
    ]

    static func fields(_ report: ConsignmentReport) -> [String] {
        let consignment = report.consignment
        return [
            consignment.reference.description, consignment.type.rawValue, consignment.bodyName,
            consignment.seriesName ?? "", consignment.created.description, "\(report.files)", "\(report.folders)",
            "\(report.bytes)", "\(report.filesWithProblems)", report.state, consignment.exportLocation ?? "",
            report.nextAction,
        ]
    }
}

/// A file as a record of CSV or a line of text.
private enum FileRow {
    static let titles =
        [
            "Filepath", "FileType", "FileReference", "FileSize", "LastModified", "SHA256", "PUID", "MimeType",
            "Description",
        ]
        + FileStatusType.allCases.map(\.rawValue) + ["Reason", "ActionRequired"]

    static func fields(_ file: FileReport) -> [String] {
        let format = file.formats.first
        let problems = file.statuses.problems
        return [
            file.path.display, file.type.rawValue, file.reference.description,
            file.size.map { "\($0)" } ?? "", file.modified.map { Timestamp(nanoseconds: $0).description } ?? "",
            file.sha256?.hex ?? "", file.formats.compactMap(\.puid).joined(separator: "|"), format?.mimeType ?? "",
            format?.description ?? "",
        ] + FileStatusType.allCases.map { file.statuses[$0]?.rawValue ?? "" } + [
            problems.compactMap { file.reasons[$0.type] }.joined(separator: "; "),
            problems.map { ProblemAdvice.text($0.type, $0.value) }.joined(separator: "; "),
        ]
    }

    static func line(_ file: FileReport) -> String {
        guard file.type == .file else { return file.path.display + "/" }
        let findings = file.statuses.problems.filter { $0.type != .clientChecks }.map { problem in
            "\(problem.type.rawValue) \(problem.value.rawValue)"
                + (file.reasons[problem.type].map { " [\($0)]" } ?? "")
        }
        let format = file.formats.first.flatMap { $0.puid ?? $0.mimeType } ?? ""
        return [
            file.path.display, file.size.map(Text.size) ?? "", format,
            findings.isEmpty ? (file.statuses[.ffid] == nil ? "not checked" : "ok") : findings.joined(separator: ", "),
        ].joined(separator: "  ")
    }
}
