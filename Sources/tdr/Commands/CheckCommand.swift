import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct CheckCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Make the antivirus, checksum and format checks of a consignment, or of a folder where it lies.",
        discussion: """
            Reads the stored bytes of every file once and gives them to all checks. Only files that lack a complete \
            result are checked, unless --again; a run that was interrupted goes on when it is given again.

              tdr check TDR-2026-C
              tdr check TDR-2026-C --only checksum --again
              tdr check TDR-2026-C --file "Records/2019/a.txt" --again
              tdr check Records
              tdr check Records --html report.html --links skip

            What looks like a reference or a UUID is one; anything else is a path (./TDR-2026-C forces one). A folder \
            is checked where it lies, as a rehearsal of its transfer: no store is needed or touched, nothing is \
            written into the folder, and links that an upload would refuse are findings. With --json every entry is \
            one line and the last line is the summary; --csv has one row for each entry.

            Antivirus is clamd, found where it usually listens or named with --clamd (its socket or its clamd.conf). A \
            file that could not be scanned is Failed, never clean; --antivirus none is a decision that is recorded \
            and that the bag tells.

            Exit codes: 0 every file passed; 1 could not do it; 2 done, with findings; 64 wrong usage; \
            75 another process is at it; 130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The consignments, by reference; or folders and files.", valueName: "ref-or-path"))
    var arguments: [PathArgument] = []

    @Option(
        help: ArgumentHelp(
            "Only these checks, separated by commas: checksum, format, antivirus.", valueName: "check,…"),
        transform: CheckCommand.checks)
    var only: Set<CheckKind>?

    @Option(help: ArgumentHelp("Only this file, by its path as tdr status --files shows it.", valueName: "path"))
    var file: PathArgument?

    @Flag(help: "Check files that have a result already, too.")
    var again = false

    @OptionGroup(title: "Antivirus") var antivirus: AntivirusOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files checked at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "With --watch: consignments checked at once, by turns; those that come later wait. Default: 16.",
            valueName: "n"))
    var consignments: Int?

    @Option(
        help: ArgumentHelp(
            "Which formats are refused: a JSON file instead of the built-in list. Default: $TDR_FORMAT_POLICY.",
            valueName: "file"))
    var formatPolicy: PathArgument?

    @Flag(help: "Do not ask libmagic beside PRONOM: faster, above all with many texts.")
    var noSecondOpinion = false

    @Flag(help: "Go on, and check each consignment by itself when its upload is complete.")
    var watch = false

    @Flag(help: "Check every consignment whose upload is complete and whose checks have not been made, then end.")
    var pending = false

    @OptionGroup(title: "Folders where they lie") var folder: FolderCheckOptions

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup(title: "Signatures") var signatureFiles: SignatureOptions

    @OptionGroup var common: CommonOptions

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
        if arguments.isEmpty, !watch, !pending {
            throw ValidationError("name the consignment to check, as tdr status lists them, or a folder")
        }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if let consignments, consignments < 1 || consignments > 10_000 || !watch {
            throw ValidationError("--consignments goes with --watch and takes a number from 1 to 10000")
        }
        if only?.isEmpty == true { throw ValidationError("--only takes checksum, format and antivirus") }
        if file != nil, references.count > 1 { throw ValidationError("--file goes with one reference") }
        if watch || pending, !arguments.isEmpty || file != nil || again || only != nil {
            throw ValidationError("--watch and --pending choose the consignments and the checks themselves")
        }
        try validateFolder()
    }

    var changesState: Bool { places.isEmpty }

    func run(in context: CommandContext) async throws -> Outcome {
        if !places.isEmpty { return try await checkFolders(in: context) }
        if let client = try remote.client(context) { return try await check(by: RemoteWork(client), context) }
        let store = try context.openStore()
        var request = CheckRequest(jobs: jobs ?? context.jobs)
        if let only { request.checks = only }
        request.again = again
        if let consignments { request.consignments = consignments }
        request.asksMagic = !noSecondOpinion
        request.antivirus = try antivirus.policy(context)
        request.policy = try policy(context)
        if let file {
            request.file = try file.stored(in: store.consignment(references[0]), of: store)
        }
        let signatures = try signatureFiles.signatures(context)
        let meter = ProgressMeter()
        let run = CheckRun(
            store: store, signatures: signatures, renewed: signatureFiles.renewed(context), meter: meter
        ) {
            context.run("check \($0.reference)")
        }
        let wanted = request
        let answers = CheckAnswers(onlySome: only != nil, store, context)
        if watch {
            try await ProgressLine(meter, context).during {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await run.watch(wanted, every: .seconds(2), pending: { try store.consignmentsToCheck() }) {
                            answers.tellAtOnce($0, $1)
                        }
                    }
                    group.addTask { try await context.goOnSendingNotices() }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
            return answers.outcome
        }
        let consignments =
            pending
            ? try store.consignmentsToCheck() + (wanted.asksEngines ? store.consignmentsToScan() : [])
            : try references.map { try store.consignment($0) }
        try await ProgressLine(meter, context).during {
            try await run.check(consignments, wanted) { answers.take($0, $1) }
        }
        let outcome = try answers.tell(inOrderOf: consignments)
        return try await exportJudgments(among: consignments, store, context) ? outcome : .findings
    }

    /// A judgment whose checks end clean is confirmed by that; where its target is settled, it is exported, too. What
    /// is not ready is told: false then.
    private func exportJudgments(
        among consignments: [Consignment], _ store: Store, _ context: CommandContext
    ) async throws -> Bool {
        guard let target = context.judgmentTarget else { return true }
        let checked = Set(consignments.filter { $0.type == .judgment }.map(\.id))
        if checked.isEmpty { return true }
        var request = ExportRequest(target: target, confirmedBy: context.login)
        request.jobs = jobs ?? context.jobs
        request.requirements = try context.requirements(nil)
        let wanted = request
        var isGood = true
        for consignment in try store.consignmentsToExport() where checked.contains(consignment.id) {
            let meter = ProgressMeter()
            let exporter = Exporter(
                store: store, run: context.run("export \(consignment.reference) --to \(target.display)"), meter: meter,
                warn: { context.messages.warning($0) })
            do {
                let done = try await ProgressLine(meter, context).during {
                    try await exporter.export(consignment, wanted)
                }
                context.messages.note("exported the judgment \(consignment.reference) to \(done.location.display)")
            } catch let error as ExportError {
                guard case .notReady = error else { throw error }
                context.messages.error("\(error)", code: Outcome.findings.rawValue)
                isGood = false
            }
        }
        return isGood
    }

    /// Has a server make its checks, by its own engines.
    private func check(by server: RemoteWork, _ context: CommandContext) async throws -> Outcome {
        if watch || pending || again || only != nil || file != nil {
            throw ValidationError("a server makes all checks that are missing; name references and nothing more")
        }
        var outcome = Outcome.done
        for reference in references {
            let report = try await server.check(reference)
            if context.json {
                try context.output.json(StatusOutput(report))
            } else {
                for line in StatusText.lines(report) { context.output.line(line) }
            }
            if report.filesWithProblems > 0 || !report.areChecksComplete { outcome = .findings }
        }
        return outcome
    }

    /// Which formats are refused.
    func policy(_ context: CommandContext) throws -> FormatPolicy {
        guard let file = formatPolicy?.path ?? context.environment["TDR_FORMAT_POLICY"].map({ BytePath($0) }) else {
            return .standard
        }
        return try FormatPolicy(readingJSON: file)
    }
}
