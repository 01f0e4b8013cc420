import ArgumentParser
import Streams
import TDRCore

struct DoctorCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything a transfer rests on, and say what mends what is amiss.",
        discussion: """
            Looks at the antivirus engines and their databases, the PRONOM signatures, libmagic, the store (its \
            database, permissions, room, and what was interrupted), the clock, the temporary folder and, with --target, \
            a folder for exports. Nothing is changed. Each line says ok, warning, wrong or unknown, and what was found; \
            below it stands what mends it.

              tdr doctor
              tdr doctor --quiet --target /archive/incoming
              tdr doctor --json | jq -r '.lines[] | select(.level != "ok") | .mend'

            With --quiet only what is amiss is printed: nothing at all means that all is well, as cron likes it.

            Exit codes: 0 all is well; 1 something could not be looked at; 2 something is amiss, be it a warning or \
            wrong; 64 wrong usage.
            """)

    @Option(help: ArgumentHelp("Look at this folder for exports, too.", valueName: "dir"))
    var target: PathArgument?

    @Option(help: ArgumentHelp("Warn of PRONOM signatures that are older, days.", valueName: "n"))
    var maxSignatureAge = 400

    @OptionGroup(title: "Antivirus") var antivirus: AntivirusOptions

    @OptionGroup var noServer: NoServerOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if maxSignatureAge < 0 { throw ValidationError("--max-signature-age takes days from 0") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        var doctor = Doctor(
            antivirus: try antivirus.policy(context), store: context.store, library: context.signatureLibrary,
            temporaryFolder: CommandContext.temporaryFolder, now: context.clock())
        doctor.target = target?.path
        doctor.environment = context.environment
        doctor.maximumSignatureDays = maxSignatureAge
        doctor.locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { context.environment[$0] }.first { !$0.isEmpty }
        let lines = try await doctor.examine()
        if context.json {
            try context.output.json(DoctorOutput(lines))
        } else {
            for line in DoctorText.lines(lines, onlyAmiss: context.quiet) { context.output.line(line) }
        }
        // What is not known may be worse than what is known to be wrong.
        if lines.contains(where: { $0.level == .unknown }) { throw ExitCode(1) }
        return lines.allSatisfy { $0.level == .ok } ? .done : .findings
    }
}
