import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct SeriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series",
        abstract: "List the series and bodies that the store knows; add or import some.",
        discussion: """
            A lone archivist needs none of this: tdr upload makes the series and the body that it names, unless it is \
            told --strict. A list to import is CSV with the titles body, body_code, series and name, or a JSON array \
            of objects with those keys; only body is needed.

              tdr series
              tdr series add "CRAN 1" --body "Cranfield Institute" --body-code TDR-CRAN
              tdr series import departments.csv

            Exit codes: 0 done; 1 could not do it; 64 wrong usage.
            """,
        subcommands: [List.self, Add.self, Import.self], defaultSubcommand: List.self)

    struct List: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the series with their bodies.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Flag(help: "Answer as CSV, which can be imported.")
        var csv = false

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            if csv, common.json { throw ValidationError("choose one of --csv and --json") }
        }

        func run(in context: CommandContext) async throws -> Outcome {
            let series =
                if let client = try remote.client(context) {
                    try await RemoteAdministration(client).series()
                } else { try context.openStore().series() }
            if context.json {
                try context.output.json(series.map(SeriesOutput.init))
            } else if csv {
                context.output.csv(["body", "body_code", "series", "name"])
                for one in series {
                    context.output.csv([one.body, one.bodyCode ?? "", one.code ?? "", one.name ?? ""])
                }
            } else if series.isEmpty {
                context.messages.note("no series are known; tdr upload makes those that it names")
            } else {
                let rows = series.map { [$0.bodyCode ?? "", $0.code ?? "", $0.body] }
                for line in Text.table([["BODY CODE", "SERIES", "BODY"]] + rows) { context.output.line(line) }
            }
            return .done
        }
    }

    struct Add: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Add a series to a body, which is made when it is new.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The series' code; none for a body alone.", valueName: "code"))
        var code: String?

        @Option(help: ArgumentHelp("The body's name or code.", valueName: "name"))
        var body: String

        @Option(
            help: ArgumentHelp(
                "The code of a body made now, as in TDR-CRAN. Default: from its initials.", valueName: "code"))
        var bodyCode: String?

        @Option(help: ArgumentHelp("The series' name. Default: its code.", valueName: "name"))
        var name: String?

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await SeriesCommand.add(
                [SeriesEntry(body: body, bodyCode: bodyCode, code: code, name: name)],
                "series add \(code ?? "") --body \(body)", remote, context)
        }
    }

    struct Import: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "import", abstract: "Import a list of series and bodies: all of it, or nothing.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("CSV or JSON.", valueName: "file"))
        var file: PathArgument

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            try await SeriesCommand.add(
                try SeriesList.read(file.path), "series import \(file.path.display)", remote, context)
        }
    }

    private static func add(
        _ entries: [SeriesEntry], _ command: String, _ remote: RemoteOptions, _ context: CommandContext
    ) async throws -> Outcome {
        let made =
            if let client = try remote.client(context) {
                try await RemoteAdministration(client).add(entries)
            } else { try context.openStore(.create).add(entries, run: context.run(command)) }
        if context.json {
            try context.output.json(["made": made])
        } else {
            context.messages.note(
                made == 0 ? "all of it was known already" : "made \(Text.count(made)) series and bodies")
        }
        return .done
    }
}

/// `tdr series list --json`, an array of these.
struct SeriesOutput: Encodable {
    let body: String
    let bodyCode: String?
    let series: String?
    let name: String?

    init(_ entry: SeriesEntry) {
        body = entry.body
        bodyCode = entry.bodyCode
        series = entry.code
        name = entry.name
    }
}
