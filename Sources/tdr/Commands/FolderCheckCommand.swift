import ArgumentParser
import Glibc
import Streams
import TDRCore

/// What `tdr check` understands for folders where they lie, and for nothing else.
struct FolderCheckOptions: ParsableArguments {
    @Flag(help: "Answer as CSV, one row for each entry.")
    var csv = false

    @Option(
        help: ArgumentHelp(
            "Write the report as one HTML page into this file, which must not lie in the folder; - is stdout.",
            valueName: "file"))
    var html: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Symbolic links and special files, as at upload: refuse (each is a finding), skip, or follow. "
                + "Default: refuse.", valueName: "policy"))
    var links: LinkPolicy?

    var areGiven: Bool { csv || html != nil || links != nil }
}

extension CheckCommand {
    /// The arguments that are references.
    var references: [String] { arguments.compactMap { CheckCommand.reference($0.path) } }

    /// The arguments that are paths.
    var places: [BytePath] { arguments.map(\.path).filter { CheckCommand.reference($0) == nil } }

    /// The text of what looks like a reference or a UUID.
    private static func reference(_ path: BytePath) -> String? {
        guard let text = path.text, ConsignmentReference(text) != nil || RecordID(text) != nil else { return nil }
        return text
    }

    func validateFolder() throws {
        if places.isEmpty {
            if folder.areGiven {
                throw ValidationError("--csv, --html and --links go with a folder, not a consignment")
            }
            return
        }
        if !references.isEmpty {
            throw ValidationError(
                "name either consignments or folders; './\(references[0])' would be a folder of that name")
        }
        if file != nil || again { throw ValidationError("--file and --again go with a consignment, not a folder") }
        if folder.csv, common.json { throw ValidationError("--json and --csv exclude each other") }
        if let html = folder.html?.path, html == BytePath("-"), folder.csv || common.json {
            throw ValidationError("--html - takes stdout: it goes with neither --json nor --csv")
        }
        if places.contains(BytePath("-")) { throw ValidationError("a folder is needed: - is none") }
    }

    /// Checks folders where they lie.
    func checkFolders(in context: CommandContext) async throws -> Outcome {
        var request = FolderCheckRequest(places, jobs: jobs ?? context.jobs)
        if let only { request.checks = only }
        request.links = folder.links ?? .refuse
        request.asksMagic = !noSecondOpinion
        request.antivirus = try antivirus.policy(context)
        request.policy = try policy(context)
        request.temporaryFolder = CommandContext.temporaryFolder
        let meter = ProgressMeter()
        let progress = ProgressLine(meter, context)
        request.countsFirst = progress.isVisible
        let page = folder.html?.path
        if let page, page != BytePath("-") { try CheckCommand.refuse(page, request) }
        let signatures = try signatureFiles.signatures(context)
        let started = context.clock()
        let renderer: any FolderCheckRenderer =
            if folder.csv { FolderCheckCSV() } else if context.json { FolderCheckJSON() } else { FolderCheckQuiet() }
        context.output.write(renderer.head())
        let check = FolderCheck(signatures: signatures, meter: meter)
        let wanted = request
        let summary = try await progress.during {
            try await check.run(wanted, now: started) { files in context.output.write(try renderer.render(files)) }
        }
        let report = FolderCheckReport(
            summary: summary, places: places, started: started, finished: context.clock(),
            person: context.person(name: nil, email: nil))
        try write(report, page, context)
        for warning in summary.warnings { context.messages.warning(warning) }
        if let reason = summary.engineMissing { context.messages.warning("antivirus: \(reason)") }
        if summary.profile.files == 0 { context.messages.note("there are no files to transfer") }
        return summary.hasFindings ? .findings : .done
    }

    private func write(_ report: FolderCheckReport, _ page: BytePath?, _ context: CommandContext) throws {
        if page == BytePath("-") {
            context.output.write(Array(CheckPage(report).html.utf8))
            return
        }
        if context.json {
            try context.output.json(FolderCheckSummaryOutput(report))
        } else if !folder.csv {
            for line in FolderCheckText.lines(report) { context.output.line(line) }
        }
        // What was found is told even where the page cannot be written.
        context.output.flush()
        guard let page else { return }
        try writeDurably(Array(CheckPage(report).html.utf8), to: page)
        context.messages.note("report: \(page.display)")
    }

    /// Says before the check what would keep the page from being written after it.
    private static func refuse(_ page: BytePath, _ request: FolderCheckRequest) throws {
        if request.contains(page) {
            throw PageError(page: page, reason: "it lies in the folder, where nothing is ever written")
        }
        do {
            _ = try OpenFile.directory(page.directory)
            guard page.directory.withCString({ access($0, W_OK) }) == 0 else {
                throw SystemFault("write to", page.directory)
            }
        } catch let fault as SystemFault {
            throw PageError(page: page, reason: "its folder cannot be written to: \(fault.reason)")
        }
        if let status = try? FileStatus.of(page), status.kind != .regular {  // nothing there is as it should be
            throw PageError(page: page, reason: "it is there and is no file")
        }
    }
}

/// A report page that cannot be written where it should be.
private struct PageError: Error, CustomStringConvertible {
    let page: BytePath
    let reason: String
    var description: String { "cannot write the report to '\(page.display)': \(reason); name another file with --html" }
}
