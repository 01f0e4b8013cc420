import ArgumentParser
import Streams
import TDRCore

struct ConfigCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show every setting, its value, and where it comes from; have a new store keep its objects in S3.",
        discussion: """
            What is said with an option comes first, then the environment, then the configuration file, then the \
            default. The file is config.json in $XDG_CONFIG_HOME/tdr (else ~/.config/tdr), or the file that TDR_CONFIG \
            names: one JSON object with the names below.

              {"store": "/srv/tdr", "antivirus": "clamd,yara", "contactEmail": "records@example.org"}

            Secrets are never shown: a setting that holds one says only whether it is set. Keys for S3 come from AWS's \
            own variables and files.

            --objects makes the store and has it keep the bytes of all records in S3: for a store without consignments. It \
            remembers the place, the server and the name of a profile; the keys come from the environment or AWS's files, \
            each time. Said again for the same place, it changes how the server is reached.

              tdr config --objects s3://records/in --endpoint https://s3.example.org

            Exit codes: 0 done; 1 the configuration cannot be read, or the place cannot be used; 64 wrong usage.
            """)

    @Option(help: ArgumentHelp("Keep the objects of this new store there.", valueName: "s3://…"))
    var objects: PathArgument?

    @OptionGroup(title: "The server of the objects") var s3: S3AccessOptions

    @OptionGroup var noServer: NoServerOptions

    @OptionGroup var common: CommonOptions

    var changesState: Bool { objects != nil }

    func validate() throws {
        if objects == nil, s3.isUsed { throw ValidationError("options of S3 go with --objects s3://bucket/prefix") }
        if let objects, !ExportRequest.isPlaceInS3(objects.path) {
            throw ValidationError("--objects takes s3://bucket/prefix, in which no part is empty, '.' or '..'")
        }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if let objects { return try await keep(at: objects.path, context) }
        let settings = context.settings
        if context.json {
            try context.output.json(ConfigOutput(settings, context.configuration))
        } else {
            for line in ConfigText.lines(settings, context.configuration) { context.output.line(line) }
        }
        return .done
    }

    private func keep(at path: BytePath, _ context: CommandContext) async throws -> Outcome {
        let store = try context.openStore(.create)
        let place = try await store.keepObjects(
            at: path, s3.options(context.environment), run: context.run("config --objects \(path.display)"))
        if context.json {
            try context.output.json(ObjectPlaceOutput(place))
        } else {
            context.output.line(place.path.display)
        }
        context.messages.note("the objects of this store are kept there, at \(place.endpoint)")
        return .done
    }
}

/// `tdr config --objects --json`.
struct ObjectPlaceOutput: Encodable {
    let objects: String
    let endpoint: String

    init(_ place: ObjectPlace) {
        objects = place.path.display
        endpoint = place.endpoint
    }
}
