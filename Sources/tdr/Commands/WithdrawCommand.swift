import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct WithdrawCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take a file or folder out of a consignment that was uploaded.",
        discussion: """
            It is then no more among the files that are checked, counted and exported. The history keeps its path, its \
            reference, its SHA-256 and the reason, with who and when. Its bytes stay in the store unless --purge says \
            otherwise; given again with --purge, the command removes those of what was withdrawn before.

              tdr withdraw TDR-2026-C Records/setup.exe --reason "a program, not a record"
              tdr withdraw TDR-2026-C Records/private --reason "sent by mistake" --purge

            The last file cannot be withdrawn (tdr cancel ends the transfer), and nothing of a consignment that was \
            exported.

            Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.
            """)

    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @Argument(help: ArgumentHelp("The file or folder, by its path as tdr status --files shows it.", valueName: "path"))
    var path: PathArgument

    @Option(help: ArgumentHelp("Why; recorded.", valueName: "text"))
    var reason: String

    @Flag(help: "Remove its bytes from the store, too.")
    var purge = false

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup var common: CommonOptions

    var changesState: Bool { !remote.isUsed }

    func validate() throws {
        if reason.isEmpty { throw ValidationError("--reason takes a reason") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if let client = try remote.client(context) {
            let (consignment, entry, summary) = try await RemoteRepair(client).withdraw(
                path.path, from: reference, reason: reason, purges: purge)
            let report = try await RemoteStatus(client).report(on: reference)
            return try tell(summary, consignment, entry, report, context)
        }
        let store = try context.openStore()
        let consignment = try store.consignment(reference)
        let entry = try path.entry(in: consignment, of: store)
        let repair = Repair(
            store: store, run: context.run("withdraw \(consignment.reference) \(entry.display)"), meter: ProgressMeter()
        )
        let summary = try await withBlockingThreads(1) { [reason, purge] _ in
            try repair.withdraw(entry, from: consignment, reason: reason, purges: purge)
        }
        return try tell(summary, consignment, entry, try store.report(on: consignment), context)
    }

    private func tell(
        _ summary: WithdrawalSummary, _ consignment: Consignment, _ entry: RelativePath, _ report: ConsignmentReport,
        _ context: CommandContext
    ) throws -> Outcome {
        if context.json { try context.output.json(WithdrawOutput(consignment, entry, summary)) }
        let what =
            summary.files + summary.folders == 0
            ? "removed the bytes of what was withdrawn before"
            : "withdrew \(Text.count(summary.files, "file"))"
                + (summary.folders > 0 ? " in \(Text.count(summary.folders, "folder"))" : "")
                + (summary.isPurged ? " and removed the bytes" : "")
        context.messages.note("\(what); next: \(report.nextAction)")
        return .done
    }
}

/// `tdr withdraw --json`.
struct WithdrawOutput: Encodable {
    let reference: String
    let path: String
    let files: Int
    let folders: Int
    let bytes: Int64
    let purged: Bool

    init(_ consignment: Consignment, _ path: RelativePath, _ summary: WithdrawalSummary) {
        reference = consignment.reference.description
        self.path = path.display
        files = summary.files
        folders = summary.folders
        bytes = summary.bytes
        purged = summary.isPurged
    }
}

struct CancelCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "End a transfer that will not be exported.",
        discussion: """
            Nothing of the consignment is checked, changed or exported from then on; everything that is known of it stays, \
            and the reference is never used again. With --purge its bytes are removed from the store, also later.

              tdr cancel TDR-2026-C --reason "uploaded from the wrong share" --purge

            A consignment that was exported cannot be cancelled: custody has passed.

            Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.
            """)

    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @Option(help: ArgumentHelp("Why; recorded.", valueName: "text"))
    var reason: String

    @Flag(help: "Remove its bytes from the store.")
    var purge = false

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup var common: CommonOptions

    var changesState: Bool { !remote.isUsed }

    func validate() throws {
        if reason.isEmpty { throw ValidationError("--reason takes a reason") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if let client = try remote.client(context) {
            let (consignment, left) = try await RemoteRepair(client).cancel(reference, reason: reason, purges: purge)
            let report = context.json ? try await RemoteStatus(client).report(on: reference) : nil
            return try tell(consignment, left, report, context)
        }
        let store = try context.openStore()
        let consignment = try store.consignment(reference)
        let repair = Repair(store: store, run: context.run("cancel \(consignment.reference)"), meter: ProgressMeter())
        let left = try await withBlockingThreads(1) { [reason, purge] _ in
            try repair.cancel(consignment, reason: reason, purges: purge)
        }
        return try tell(consignment, left, context.json ? try store.report(on: consignment) : nil, context)
    }

    /// - Parameter report: What is known of it now, where that is to be told.
    private func tell(
        _ consignment: Consignment, _ left: String?, _ report: ConsignmentReport?, _ context: CommandContext
    ) throws -> Outcome {
        if let left {
            context.messages.warning(
                "an upload that was cut off is left on the server: \(left); give it up with tdr export --abandon"
                    + " \(consignment.reference)")
        }
        if let report { try context.output.json(StatusOutput(report)) }
        context.messages.note("cancelled \(consignment.reference)" + (purge ? " and removed its bytes" : ""))
        return .done
    }
}
