import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Ask for a review of a consignment's metadata; approve or reject it; show the log.",
        discussion: """
            A review that has begun must end with an approval before the consignment is exported. That there is one at \
            all is asked for by tdr export --require review, or by TDR_EXPORT_REQUIRES. While it lasts, and after an \
            approval, the metadata cannot be changed; a rejection opens it again.

              tdr review request TDR-2026-C --notes "closure as agreed with the department"
              tdr review approve TDR-2026-C
              tdr review log TDR-2026-C

            Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.
            """,
        subcommands: [Request.self, Approve.self, Reject.self, Log.self])

    struct Request: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "request", abstract: "Ask for a review.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.")

        @OptionGroup var choice: ReviewChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome { try await choice.act(.submission, context) }
    }

    struct Approve: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "approve", abstract: "Approve the metadata.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.")

        @OptionGroup var choice: ReviewChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome { try await choice.act(.approval, context) }
    }

    struct Reject: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "reject", abstract: "Reject the metadata, with the reason in the notes.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is at it.")

        @OptionGroup var choice: ReviewChoice
        @OptionGroup var common: CommonOptions

        func validate() throws {
            if choice.notes?.isEmpty ?? true { throw ValidationError("say why with --notes") }
        }

        func run(in context: CommandContext) async throws -> Outcome { try await choice.act(.rejection, context) }
    }

    struct Log: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "log", abstract: "Show the log of the reviews.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
        var reference: String

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            for entry in try await log(context) {
                if context.json {
                    try context.output.json(ReviewOutput(entry))
                } else {
                    context.output.line(
                        "\(entry.datetime)  \(entry.action.rawValue)  \(entry.login)"
                            + (entry.notes.isEmpty ? "" : ": \(displayName(of: Array(entry.notes.utf8)))"))
                }
            }
            return .done
        }

        private func log(_ context: CommandContext) async throws -> [ReviewEntry] {
            if let client = try remote.client(context) { return try await RemoteSteps(client).reviews(of: reference) }
            let store = try context.openStore()
            return try store.reviews(of: store.consignment(reference))
        }
    }
}

/// Which consignment, and what is said.
struct ReviewChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @Option(help: ArgumentHelp("What is to be said; at most 1300 characters.", valueName: "text"))
    var notes: String?

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    func act(_ action: ReviewAction, _ context: CommandContext) async throws -> Outcome {
        let word = action.rawValue.lowercased()
        if let client = try remote.client(context) {
            try await RemoteSteps(client).review(action, of: reference, notes: notes ?? "")
        } else {
            let store = try context.openStore()
            let consignment = try store.consignment(reference)
            try store.review(
                action, of: consignment, notes: notes ?? "",
                run: context.run("review \(word) \(consignment.reference)"))
        }
        context.messages.note("recorded the \(word) of \(reference)")
        return .done
    }
}

/// `tdr review log --json`, a line each.
struct ReviewOutput: Encodable {
    let action: String
    let user: String
    let datetime: String
    let notes: String

    init(_ entry: ReviewEntry) {
        action = entry.action.rawValue
        user = entry.login
        datetime = entry.datetime.description
        notes = entry.notes
    }
}
