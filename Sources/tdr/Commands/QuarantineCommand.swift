import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "List the files that an antivirus engine found something in; release or purge them.",
        discussion: """
            A found file is moved out of the objects: nobody but its owner can read it, and it is never exported. \
            Released, it goes back and is checked again; purged, its bytes are destroyed and its history stays. Both \
            need a reason, which is recorded with who and when.

              tdr quarantine
              tdr quarantine release TDR-2026-C "Records/tool.exe" --reason "false alarm, reported to ClamAV"
              tdr quarantine purge TDR-2026-C "Records/tool.exe" --reason "confirmed by the IT department"

            Exit codes: 0 done; 1 could not do it; 2 files are in quarantine; 64 wrong usage; \
            75 another process is at it.
            """,
        subcommands: [List.self, Release.self, Purge.self], defaultSubcommand: List.self)

    struct List: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the files that are or were in quarantine.",
            discussion: "Exit codes: 0 none is held; 1 could not do it; 2 files are in quarantine; 64 wrong usage.")

        @Argument(help: ArgumentHelp("Only of this consignment.", valueName: "ref"))
        var reference: String?

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        private func files(_ context: CommandContext) async throws -> [QuarantinedFile] {
            if let client = try remote.client(context) {
                return try await RemoteAdministration(client).quarantined(in: reference)
            }
            let store = try context.openStore()
            return try store.quarantined(in: reference.map { try store.consignment($0) })
        }

        func run(in context: CommandContext) async throws -> Outcome {
            let files = try await files(context)
            for file in files {
                if context.json {
                    try context.output.json(QuarantineOutput(file))
                } else {
                    context.output.line(
                        "\(file.reference)  \(file.state.rawValue.padding(to: 8))  \(file.since.description)  "
                            + "\(file.path.display): \(file.found)" + (file.reason.map { " (\($0))" } ?? ""))
                }
            }
            if files.isEmpty { context.messages.note("nothing is in quarantine") }
            return files.contains { $0.state == .held } ? .findings : .done
        }
    }

    struct Release: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "release",
            abstract: "Put a file back among the objects, to be checked again.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.")

        @OptionGroup var choice: QuarantineChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await choice.act(.released, "release", context) { try $0.release($1, of: $2, reason: $3) }
            context.messages.note("next: tdr check \(choice.reference)")
            return .done
        }
    }

    struct Purge: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Destroy the bytes of a file in quarantine; its history stays.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.")

        @OptionGroup var choice: QuarantineChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await choice.act(.purged, "purge", context) { try $0.purge($1, of: $2, reason: $3) }
            return .done
        }
    }
}

/// Which file, and why.
struct QuarantineChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @Argument(help: ArgumentHelp("The file's path as tdr quarantine shows it.", valueName: "path"))
    var path: PathArgument

    @Option(help: ArgumentHelp("Why; recorded.", valueName: "text"))
    var reason: String

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    func validate() throws {
        if reason.isEmpty { throw ValidationError("--reason takes a reason") }
    }

    func act(
        _ state: QuarantineState, _ word: String, _ context: CommandContext,
        _ act: @escaping @Sendable (Quarantine, RelativePath, Consignment, String) throws -> Void
    ) async throws {
        if let client = try remote.client(context) {
            return try await RemoteAdministration(client).decide(state, path.path, of: reference, reason: reason)
        }
        let store = try context.openStore()
        let consignment = try store.consignment(reference)
        let file = try path.stored(in: consignment, of: store)
        let quarantine = Quarantine(
            store, run: context.run("quarantine \(word) \(consignment.reference) \(file.display)"))
        try await withBlockingThreads(1) { [reason] _ in try act(quarantine, file, consignment, reason) }
    }
}

/// `tdr quarantine --json`, a line each.
struct QuarantineOutput: Encodable {
    let reference: String
    let path: String
    let state: String
    let found: String
    let reason: String?
    let since: String

    init(_ file: QuarantinedFile) {
        reference = file.reference.description
        path = file.path.display
        state = file.state.rawValue
        found = file.found
        reason = file.reason
        since = file.since.description
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension PathArgument {
    /// The path of a file in the consignment: as it was typed or, when no file has it, as `tdr status` writes awkward
    /// names.
    func stored(in consignment: Consignment, of store: Store) throws -> RelativePath {
        let candidates = path.entryCandidates
        guard let first = candidates.first else { throw ValidationError("name a file by its path in the consignment") }
        return try candidates.first { try store.hasFile($0, in: consignment) } ?? first
    }
}
