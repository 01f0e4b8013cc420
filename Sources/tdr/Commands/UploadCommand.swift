public import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct UploadCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Take a folder of records into a new consignment.",
        discussion: """
            Prints the consignment's reference on stdout. Every file is copied into the store and its SHA-256 computed \
            on the bytes as they are copied; nothing is ever written to the source. System files (.DS_Store, \
            Thumbs.db, desktop.ini) are left out and listed.

              tdr upload Records --series "CRAN 1" --body "Cranfield Institute"
              ref=$(tdr upload Records --series "CRAN 1" --body Cranfield --quiet)

            An upload that was interrupted goes on when the same command is given again, or with --resume.

            What was uploaded can be put right until it is exported: files are replaced (their references, ids and metadata \
            stay, only they are checked again, and a file with the same bytes is left alone) or added.

              tdr upload --replace TDR-2026-C Records/2019/minutes.docx
              tdr upload --replace TDR-2026-C /mnt/corrected --as Records/2019
              tdr upload --add TDR-2026-C Records/unpacked

            Of files that were recorded --in-place the new bytes must lie in place, too.

            Exit codes: 0 done; 1 could not do it; 2 done, but some files could not be read; 64 wrong usage; \
            75 another process is at it; 130, 143 interrupted.
            """)

    @Argument(help: "The folder of records; with --replace and --add a file or folder.")
    var folder: PathArgument?

    @Option(help: ArgumentHelp("The series' code; made when new.", valueName: "code"))
    var series: String?

    @Option(help: ArgumentHelp("The transferring body's name; made when new.", valueName: "name"))
    var body: String?

    @Option(
        help: ArgumentHelp(
            "The code of a body made now, as in TDR-CRAN. Default: from its initials.", valueName: "code"))
    var bodyCode: String?

    @Option(
        help: ArgumentHelp(
            "Symbolic links and special files: refuse the upload, skip them, or follow links inside the folder.",
            valueName: "policy"))
    var links: LinkPolicy = .refuse

    @Flag(help: "Record the files where they lie, without copying them.")
    var inPlace = false

    @Flag(help: "Show the folder's own name in the catalogue.")
    var includeTopLevelFolder = false

    @Flag(
        help: """
            Confirm now that custody passes when the checks end clean: tdr export --ready then takes it. Recorded with \
            who and when.
            """)
    var confirmWhenClean = false

    @Flag(help: "Say what would happen; change nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("Go on with this upload.", valueName: "ref"))
    var resume: String?

    @Flag(name: .customLong("new"), help: "Begin anew even where an upload of the same folder was interrupted.")
    var fresh = false

    @OptionGroup(title: "Putting right") var repair: RepairOptions

    @Option(
        help: ArgumentHelp(
            "Who transfers: first and last name. Default: $TDR_CONTACT_NAME, else the account's.", valueName: "name"))
    var contactName: String?

    @Option(
        help: ArgumentHelp(
            "Who transfers: e-mail. Default: $TDR_CONTACT_EMAIL, else account@host.", valueName: "address"))
    var contactEmail: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files read at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @Option(help: ArgumentHelp("standard, or judgment: a folder with exactly one .docx.", valueName: "type"))
    var type: ConsignmentType = .standard

    @Flag(help: "Refuse a series or a body that the store does not know.")
    var strict = false

    @Option(
        help: ArgumentHelp(
            "A table of metadata, applied when the files are there: see tdr metadata.", valueName: "file"))
    var metadata: PathArgument?

    @Option(help: ArgumentHelp("The schema of --metadata. Default: $TDR_METADATA_SCHEMA.", valueName: "file"))
    var schema: PathArgument?

    @OptionGroup(title: "Agreement") var agreement: AgreementOptions

    @OptionGroup(title: "Judgments") var judgment: JudgmentOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if remote.server != nil && resume != nil || remote.isUsed && inPlace {
            throw ValidationError("--in-place and --resume do not go with --server: the same command goes on by itself")
        }
        if remote.isUsed, schema != nil { throw ValidationError("a server has its own schema: leave --schema out") }
        if schema != nil, metadata == nil { throw ValidationError("--schema goes with --metadata") }
        if type != .judgment, !judgment.details.isEmpty {
            throw ValidationError("what is said of a judgment goes with --type judgment")
        }
        if type == .judgment {
            if series != nil { throw ValidationError("a judgment has no series") }
            if let fault = judgment.details.fault { throw ValidationError(fault) }
        }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if repair.act != nil {
            if folder == nil { throw ValidationError("name the file or folder to take") }
            if resume != nil || series != nil || body != nil || dryRun || inPlace || fresh {
                throw ValidationError("--replace and --add go with --as and --jobs only: the consignment is there")
            }
            return
        }
        if resume != nil {
            if folder != nil { throw ValidationError("--resume knows its folder: give the reference alone") }
            return
        }
        if folder == nil { throw ValidationError("name the folder to upload, or a reference with --resume") }
        if dryRun { return }
        if series == nil, type == .standard { throw ValidationError("name the series with --series") }
        if body == nil, !remote.isUsed { throw ValidationError("name the transferring body with --body") }
    }

    var changesState: Bool { !dryRun && !remote.isUsed }

    func run(in context: CommandContext) async throws -> Outcome {
        if repair.act != nil, let folder {
            return try await repair.run(folder.path, jobs: jobs, by: try remote.client(context), in: context)
        }
        if dryRun, let folder { return try await plan(folder.path, context) }
        if let folder, let client = try remote.client(context) { return try await send(folder.path, client, context) }
        let meter = ProgressMeter()
        let summary: UploadSummary
        if let resume {
            let store = try context.openStore()
            let intake = Intake(store: store, run: context.run("upload --resume \(resume)"), meter: meter)
            let consignment = try store.consignment(resume)
            summary = try await ProgressLine(meter, context).during {
                try await intake.resume(
                    consignment, jobs: jobs ?? context.jobs,
                    confirmedWhenCleanBy: confirmWhenClean ? context.login : nil)
            }
        } else {
            // A schema that cannot be used is told of before anything is made.
            _ = try context.metadataSchema(schema)
            guard let folder, let body else { throw ValidationError("name the folder and the body") }
            // A store that would lie among the records must not even be made.
            try Intake.checkPlace(of: folder.path, storeDirectory: context.store)
            let store = try context.openStore(.create)
            let intake = Intake(store: store, run: context.run("upload \(folder.path.display)"), meter: meter)
            var request = UploadRequest(
                source: folder.path, series: series, body: body,
                person: context.person(name: contactName, email: contactEmail), jobs: jobs ?? context.jobs)
            request.bodyCode = bodyCode
            request.type = type
            request.isStrict = strict
            request.agreement = try agreement.agreement(context)
            request.requirements = try context.requirements(nil)
            request.judgment = judgment.details
            request.links = links
            request.storage = inPlace ? .inPlace : .copied
            request.includeTopLevelFolder = includeTopLevelFolder
            request.fresh = fresh
            request.confirmedWhenCleanBy = confirmWhenClean ? context.login : nil
            let wanted = request
            do {
                summary = try await ProgressLine(meter, context).during { try await intake.upload(wanted) }
            } catch let error as UploadError {
                if case .refused(let list, _) = error { list.say(context, "refused") }
                throw error
            }
        }
        let outcome = try tell(summary, context)
        guard let metadata else { return outcome }
        return try apply(metadata.path, to: summary.consignment, context) ? outcome : .findings
    }

    func tell(findings: Int, changed: Int, of reference: String, _ table: BytePath, _ context: CommandContext) {
        context.messages.note(
            findings > 0
                ? "the files are uploaded; the metadata has \(Text.count(findings, "error")) and was not applied:"
                    + " mend it, then run tdr metadata apply \(reference) '\(table.display)'"
                : "applied metadata to \(Text.count(changed, "file"))")
    }

    /// Applies the table to what was uploaded; false when it has errors, all of which are told.
    private func apply(_ table: BytePath, to consignment: Consignment, _ context: CommandContext) throws -> Bool {
        let run = MetadataRun(
            store: try context.openStore(), run: context.run("metadata apply \(consignment.reference)"),
            schema: try context.metadataSchema(schema))
        let summary = try run.apply(table, to: consignment, isPartial: false) { finding in
            context.messages.note(MetadataFindingOutput.line(finding))
        }
        tell(
            findings: summary.findings, changed: summary.changed, of: "\(consignment.reference)", table, context)
        return summary.findings == 0
    }

    private func plan(_ folder: BytePath, _ context: CommandContext) async throws -> Outcome {
        let plan = try await Intake.plan(folder, links: links, storeDirectory: context.store)
        if context.json {
            try context.output.json(PlanOutput(plan))
        } else {
            context.output.line(
                "would upload \(Text.count(plan.files, "file")) in \(Text.count(plan.folders, "folder")), "
                    + "\(Text.size(plan.bytes)), from '\(plan.source.display)'")
            for (list, word) in plan.lists {
                for (path, remark) in list.first { context.output.line("\(word): \(path.display) (\(remark))") }
                if list.count > list.first.count {
                    context.output.line("\(word): \(Text.count(list.count - list.first.count)) more")
                }
            }
        }
        return plan.refused.count > 0 || plan.unreadable.count > 0 || plan.files == 0 ? .findings : .done
    }

    private func tell(_ summary: UploadSummary, _ context: CommandContext) throws -> Outcome {
        let plan = summary.plan
        if context.json {
            try context.output.json(UploadOutput(summary))
        } else {
            context.output.line(summary.consignment.reference.description)
        }
        for (list, word) in plan.lists { list.say(context, word) }
        summary.failed.say(context, "not uploaded")
        summary.vanished.say(context, "uploaded before, kept")
        if plan.isBag {
            context.messages.note("note: the folder is itself a BagIt bag; it is taken as records, bag files and all")
        }
        context.messages.note(
            "\(summary.resumed ? "went on with" : "uploaded") \(summary.consignment.reference): "
                + "\(Text.count(summary.filesStored, "file")), \(Text.count(plan.folders, "folder")), "
                + "\(Text.size(plan.bytes)); next: tdr check \(summary.consignment.reference)")
        return summary.failed.count > 0 ? .findings : .done
    }
}

extension LinkPolicy: ExpressibleByArgument {}

extension UploadPlan {
    var lists: [(PathList, String)] {
        [
            (excluded, "left out"), (skipped, "left out"), (refused, "refused"), (unreadable, "cannot be looked at"),
            (notUTF8, "only a bag with --portable-names can have it"),
        ]
    }
}

extension PathList {
    /// Lists the first paths on stderr.
    func say(_ context: CommandContext, _ word: String) {
        for (path, remark) in first.prefix(20) { context.messages.note("\(word): \(path.display) (\(remark))") }
        if count > 20 { context.messages.note("\(word): \(Text.count(count - 20)) more") }
    }
}

/// `tdr upload --json`.
struct UploadOutput: Encodable {
    let reference: String
    let consignmentId: String
    let resumed: Bool
    let files: Int
    let plan: PlanOutput
    let failed: [RemarkOutput]
    let failedCount: Int

    init(_ summary: RemoteUploadSummary) {
        reference = summary.reference
        consignmentId = summary.consignmentId
        resumed = summary.resumed
        files = summary.filesStored
        plan = PlanOutput(summary.plan)
        failed = summary.failed.first.map { RemarkOutput($0.path, $0.remark) }
        failedCount = summary.failed.count
    }

    init(_ summary: UploadSummary) {
        reference = summary.consignment.reference.description
        consignmentId = summary.consignment.id.description
        resumed = summary.resumed
        files = summary.filesStored
        plan = PlanOutput(summary.plan)
        failed = summary.failed.first.map { RemarkOutput($0.path, $0.remark) }
        failedCount = summary.failed.count
    }
}

/// `tdr upload --dry-run --json`.
struct PlanOutput: Encodable {
    let source: String
    let files: Int
    let folders: Int
    let bytes: Int64
    let excluded: [RemarkOutput]
    let skipped: [RemarkOutput]
    let refused: [RemarkOutput]
    let unreadable: [RemarkOutput]
    let notUTF8: [RemarkOutput]

    init(_ plan: UploadPlan) {
        source = plan.source.display
        files = plan.files
        folders = plan.folders
        bytes = plan.bytes
        let remarks = { (list: PathList) in list.first.map { RemarkOutput($0.path, $0.remark) } }
        excluded = remarks(plan.excluded)
        skipped = remarks(plan.skipped)
        refused = remarks(plan.refused)
        unreadable = remarks(plan.unreadable)
        notUTF8 = remarks(plan.notUTF8)
    }
}

/// A path with a remark. `path` is text with escapes for what is not printable UTF-8; `pathHex`, the bytes, is there
/// only when the two differ.
struct RemarkOutput: Encodable {
    let path: String
    let pathHex: String?
    let remark: String

    init(_ path: RelativePath, _ remark: String) {
        self.path = path.text ?? path.display
        pathHex = path.text == nil ? Hex.encode(path.bytes) : nil
        self.remark = remark
    }
}
