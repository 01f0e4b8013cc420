import ArgumentParser
import Streams
import TDRCore

struct CheckCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Make the antivirus, checksum and format checks of a consignment.",
        discussion: """
            Reads the stored bytes of every file once and gives them to all checks. Only files that lack a complete \
            result are checked, unless --again; a run that was interrupted goes on when it is given again.

              tdr check TDR-2026-C
              tdr check TDR-2026-C --only checksum --again
              tdr check TDR-2026-C --file "Records/2019/a.txt" --again

            Antivirus is clamd, found where it usually listens or named with --clamd (its socket or its clamd.conf). A \
            file that could not be scanned is Failed, never clean; --antivirus none is a decision that is recorded \
            and that the bag tells.

            Exit codes: 0 every file passed; 1 could not do it; 2 done, with findings; 64 wrong usage; \
            75 another process is at it; 130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The consignments, by reference.", valueName: "ref"))
    var references: [String]

    @Option(
        help: ArgumentHelp(
            "Only these checks, separated by commas: checksum, format, antivirus.", valueName: "check,…"),
        transform: CheckCommand.checks)
    var only: Set<CheckKind>?

    @Option(help: ArgumentHelp("Only this file, by its path as tdr status --files shows it.", valueName: "path"))
    var file: PathArgument?

    @Flag(help: "Check files that have a result already, too.")
    var again = false

    @Option(
        help: ArgumentHelp(
            "The antivirus engine. Default: $TDR_ANTIVIRUS, else auto: clamd where it is found.",
            valueName: "engine"))
    var antivirus: AntivirusChoice?

    @Option(
        help: ArgumentHelp(
            "clamd's socket or clamd.conf. Default: $TDR_CLAMD, else the usual places.", valueName: "path"))
    var clamd: PathArgument?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files checked at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Which formats are refused: a JSON file instead of the built-in list. Default: $TDR_FORMAT_POLICY.",
            valueName: "file"))
    var formatPolicy: PathArgument?

    @OptionGroup var common: CommonOptions

    enum AntivirusChoice: String, ExpressibleByArgument, CaseIterable { case auto, clamd, none }

    static func checks(_ text: String) throws -> Set<CheckKind> {
        try Set(
            text.split(separator: ",").map { word in
                guard let kind = CheckKind(rawValue: String(word)) else {
                    throw ValidationError("--only takes checksum, format and antivirus, not '\(word)'")
                }
                return kind
            })
    }

    func validate() throws {
        if references.isEmpty { throw ValidationError("name the consignment to check; tdr status lists them") }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if only?.isEmpty == true { throw ValidationError("--only takes checksum, format and antivirus") }
        if file != nil, references.count > 1 { throw ValidationError("--file goes with one reference") }
        if antivirus == AntivirusChoice.none, clamd != nil { throw ValidationError("--clamd goes with an antivirus") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        let store = try context.openStore()
        var request = CheckRequest(jobs: jobs ?? context.jobs)
        if let only { request.checks = only }
        request.again = again
        request.antivirus = try policy(context)
        if let file = formatPolicy?.path ?? context.environment["TDR_FORMAT_POLICY"].map({ BytePath($0) }) {
            request.policy = try FormatPolicy(readingJSON: file)
        }
        if let file {
            request.file = try storedPath(file.path, of: references[0], in: store)
        }
        let signatures = try context.signatures()
        let consignments = try references.map { try store.consignment($0) }
        var outcome = Outcome.done
        for consignment in consignments {
            let meter = ProgressMeter()
            let run = CheckRun(
                store: store, run: context.run("check \(consignment.reference)"), signatures: signatures, meter: meter)
            let wanted = request
            let summary = try await ProgressLine(meter, context).during { try await run.check(consignment, wanted) }
            if try tell(summary, store, context) == .findings { outcome = .findings }
        }
        return outcome
    }

    /// The path as it was typed or, when no file has it, as `tdr status` writes awkward names.
    private func storedPath(_ typed: BytePath, of reference: String, in store: Store) throws -> RelativePath {
        let candidates = [typed.bytes, bytes(ofDisplayName: String(decoding: typed.bytes, as: UTF8.self))]
            .compactMap { RelativePath($0) }
        guard let first = candidates.first else { throw ValidationError("--file takes a path in the consignment") }
        let consignment = try store.consignment(reference)
        return try candidates.first { try store.hasFile($0, in: consignment) } ?? first
    }

    private func policy(_ context: CommandContext) throws -> AntivirusPolicy {
        let choice =
            try antivirus
            ?? context.environment["TDR_ANTIVIRUS"].map { text in
                guard let choice = AntivirusChoice(rawValue: text) else {
                    throw ValidationError("TDR_ANTIVIRUS takes auto, clamd or none, not '\(text)'")
                }
                return choice
            } ?? .auto
        if choice == .none { return .none }
        if let place = clamd?.path ?? context.environment["TDR_CLAMD"].map({ BytePath($0) }) { return .clamd(place) }
        return .automatic
    }

    private func tell(_ summary: CheckSummary, _ store: Store, _ context: CommandContext) throws -> Outcome {
        let report = try store.report(on: summary.consignment)
        if let reason = summary.engineMissing { context.messages.note("antivirus: \(reason)") }
        if context.json {
            try context.output.json(CheckOutput(summary, report))
        } else {
            context.output.line(
                "\(summary.consignment.reference): \(Text.count(summary.filesChecked, "file")) checked now, "
                    + "\(Text.count(report.files)) in all")
            for line in StatusText.checks(report) { context.output.line("  " + line) }
            if report.filesWithProblems > 0 {
                context.output.line("  \(Text.count(report.filesWithProblems, "file")) with findings:")
                for line in try StatusText.problems(report, store, examples: 5) { context.output.line("    " + line) }
            }
            context.output.flush()  // the talk about what comes next stands below the answer
            context.messages.note("next: \(report.nextAction)")
        }
        return report.filesWithProblems > 0 || !report.areChecksComplete && only == nil ? .findings : .done
    }
}

/// `tdr check --json`.
struct CheckOutput: Encodable {
    let reference: String
    let filesChecked: Int
    let antivirusEngine: String?
    let antivirusMissing: String?
    let status: StatusOutput

    init(_ summary: CheckSummary, _ report: ConsignmentReport) {
        reference = summary.consignment.reference.description
        filesChecked = summary.filesChecked
        antivirusEngine = summary.engine.map {
            "\($0.software) \($0.softwareVersion)"
                + ($0.databaseVersion.isEmpty ? "" : ", database \($0.databaseVersion)")
        }
        antivirusMissing = summary.engineMissing
        status = StatusOutput(report)
    }
}
