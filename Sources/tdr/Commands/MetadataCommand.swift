import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct MetadataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metadata",
        abstract: "Give out, check and take in the metadata of files as tables.",
        discussion: """
            A table is CSV in UTF-8 with one row for each file, which its filepath names as tdr status does: \\n, \\r, \
            \\t, \\\\ and \\xHH stand for what is not printable. Several values of one cell are separated by ; or |. An \
            empty cell takes a value back. All of a table is applied, or nothing.

              tdr metadata template TDR-2026-C > metadata.csv
              tdr metadata validate TDR-2026-C metadata.csv
              tdr metadata apply TDR-2026-C metadata.csv

            Exit codes: 0 done; 1 could not do it; 2 the table has errors, and nothing was changed; 64 wrong usage; \
            75 another process is at it.
            """,
        subcommands: [Template.self, Validate.self, Apply.self, Export.self])

    struct Template: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "template", abstract: "Write a table to fill in, with what holds now.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @OptionGroup var choice: MetadataChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await choice.write(.template, context)
            return .done
        }
    }

    struct Export: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "export", abstract: "Write what is stored, which can be applied again.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @OptionGroup var choice: MetadataChoice
        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await choice.write(.stored, context)
            return .done
        }
    }

    struct Validate: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "validate", abstract: "Say all that is wrong with a table; change nothing.",
            discussion: "Exit codes: 0 it is good; 1 could not do it; 2 it has errors; 64 wrong usage.")

        @OptionGroup var choice: MetadataChoice
        @OptionGroup var table: MetadataTableOptions
        @OptionGroup var common: CommonOptions

        func validate() throws { try table.validate(common) }

        func run(in context: CommandContext) async throws -> Outcome {
            try table.begin(context)
            let summary = try await choice.take(table, onlyLooks: true, context)
            context.messages.note(
                "\(Text.count(summary.rows, "row")), \(Text.count(summary.findings, "error"))"
                    + (summary.findings == 0 ? "; \(Text.count(summary.changed, "file")) would change" : ""))
            return summary.findings == 0 ? .done : .findings
        }
    }

    struct Apply: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "apply", abstract: "Take a table in: all of it, or nothing when it has errors.",
            discussion: """
                Exit codes: 0 done; 1 could not do it; 2 it has errors, and nothing was changed; 64 wrong usage; \
                75 another process is at it.
                """)

        @OptionGroup var choice: MetadataChoice
        @OptionGroup var table: MetadataTableOptions
        @OptionGroup var common: CommonOptions

        func validate() throws { try table.validate(common) }

        func run(in context: CommandContext) async throws -> Outcome {
            try table.begin(context)
            let summary = try await choice.take(table, onlyLooks: false, context)
            context.messages.note(
                summary.findings > 0
                    ? "\(Text.count(summary.findings, "error")); nothing was changed"
                    : "applied: \(Text.count(summary.changed, "file")) of \(Text.count(summary.rows)) changed")
            return summary.findings == 0 ? .done : .findings
        }
    }
}

/// Which consignment, and by which schema.
struct MetadataChoice: ParsableArguments {
    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @Option(
        help: ArgumentHelp(
            "A schema of your own (JSON Schema). Default: $TDR_METADATA_SCHEMA, else the one built in.",
            valueName: "file"))
    var schema: PathArgument?

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    func consignment(_ context: CommandContext) throws -> Consignment {
        try context.openStore().consignment(reference)
    }

    func run(_ context: CommandContext, _ word: String) throws -> MetadataRun {
        let store = try context.openStore()
        return MetadataRun(
            store: store, run: context.run("metadata \(word) \(reference)"), schema: try context.metadataSchema(schema))
    }

    func write(_ content: MetadataRun.Content, _ context: CommandContext) async throws {
        if context.json { throw ValidationError("a table is CSV: leave --json out") }
        if let client = try client(context) {
            let output = context.output
            return try await RemoteMetadata(client).write(content, of: reference) { output.write($0) }
        }
        try run(context, "\(content)").write(content, of: consignment(context)) { context.output.write($0) }
    }

    /// What came of a table, be it here or on a server.
    struct Taken {
        let rows: Int
        let changed: Int
        let findings: Int
    }

    /// Looks at a table, or takes it in; every finding is told.
    func take(_ table: MetadataTableOptions, onlyLooks: Bool, _ context: CommandContext) async throws -> Taken {
        if let client = try client(context) {
            let told = try await RemoteMetadata(client).send(
                table.file.path, to: reference, isPartial: table.partial, onlyLooks: onlyLooks)
            for finding in told.findings { try table.tell(finding, context) }
            if told.findingCount > told.findings.count {
                context.messages.note("and \(Text.count(told.findingCount - told.findings.count)) more")
            }
            return Taken(rows: told.rows, changed: told.changed, findings: told.findingCount)
        }
        let run = try run(context, onlyLooks ? "validate" : "apply")
        let consignment = try consignment(context)
        let summary =
            onlyLooks
            ? try run.validate(table.file.path, of: consignment, isPartial: table.partial) {
                try table.tell($0, context)
            }
            : try run.apply(table.file.path, to: consignment, isPartial: table.partial) { try table.tell($0, context) }
        return Taken(rows: summary.rows, changed: summary.changed, findings: summary.findings)
    }

    private func client(_ context: CommandContext) throws -> APIClient? {
        guard let client = try remote.client(context) else { return nil }
        if schema != nil { throw ValidationError("a server has its own schema: leave --schema out") }
        return client
    }
}

/// Which table, and how its errors are told.
struct MetadataTableOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The table.", valueName: "file"))
    var file: PathArgument

    @Flag(help: "The table may name some of the files only.")
    var partial = false

    @Flag(help: "List the errors as CSV.")
    var csv = false

    func validate(_ common: CommonOptions) throws {
        if csv, common.json { throw ValidationError("choose one of --csv and --json") }
    }

    func begin(_ context: CommandContext) throws { if csv { context.output.csv(MetadataFindingOutput.titles) } }

    func tell(_ finding: MetadataFinding, _ context: CommandContext) throws {
        if context.json {
            try context.output.json(finding)
        } else if csv {
            context.output.csv(MetadataFindingOutput.fields(finding))
        } else {
            context.output.line(MetadataFindingOutput.line(finding))
        }
    }
}

extension CommandContext {
    /// The schema of metadata: as given, else by the settings, else the one built in.
    func metadataSchema(_ given: PathArgument?) throws -> MetadataSchema {
        guard let path = given?.path ?? environment["TDR_METADATA_SCHEMA"].map({ BytePath($0) }) else {
            return .standard
        }
        return try MetadataSchema(readingJSON: path)
    }
}
