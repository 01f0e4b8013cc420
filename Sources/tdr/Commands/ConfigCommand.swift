import ArgumentParser
import Streams
import TDRCore

struct ConfigCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show every setting, its value, and where it comes from.",
        discussion: """
            What is said with an option comes first, then the environment, then the configuration file, then the \
            default. The file is config.json in $XDG_CONFIG_HOME/tdr (else ~/.config/tdr), or the file that TDR_CONFIG \
            names: one JSON object with the names below.

              {"store": "/srv/tdr", "antivirus": "clamd,yara", "contactEmail": "records@example.org"}

            Secrets are never shown: a setting that holds one says only whether it is set. Keys for S3 come from AWS's \
            own variables and files.

            Exit codes: 0 done; 1 the configuration cannot be read; 64 wrong usage.
            """)

    @OptionGroup var common: CommonOptions

    func run(in context: CommandContext) async throws -> Outcome {
        let settings = context.settings
        if context.json {
            try context.output.json(ConfigOutput(settings, context.configuration))
        } else {
            for line in ConfigText.lines(settings, context.configuration) { context.output.line(line) }
        }
        return .done
    }
}
