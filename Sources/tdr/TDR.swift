import ArgumentParser
import Glibc
import TDRCore

/// `tdr`: moves digital records into an archive and proves that nothing was lost or altered.
@main
struct TDR: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tdr",
        abstract: "Move digital records into an archive and prove that nothing was lost or altered.",
        discussion: """
            A transfer goes: upload a folder as a consignment, check every file, look at the status, export a bag.

              tdr upload Records --series "CRAN 1" --body "Cranfield Institute"
              tdr check TDR-2026-C
              tdr status TDR-2026-C
              tdr export TDR-2026-C --to /archive/incoming
              tdr verify /archive/incoming/TDR-2026-C.tar.gz

            Exit codes: 0 done, nothing to report; 1 could not do it; 2 done, with findings (a file failed a check, a \
            bag is invalid, a consignment is not ready); 64 wrong usage; 75 another process holds the lock, try later; \
            130 and 143 interrupted, and the same command continues where it stopped.
            """,
        version: version,
        subcommands: [
            UploadCommand.self, CheckCommand.self, StatusCommand.self, HistoryCommand.self, ExportCommand.self,
            VerifyCommand.self, IdentifyCommand.self, MetadataCommand.self, ReviewCommand.self, AgreementCommand.self,
            QuarantineCommand.self, WithdrawCommand.self, CancelCommand.self, SeriesCommand.self, UserCommand.self,
            NoticesCommand.self, SignaturesCommand.self, ServeCommand.self, ConfigCommand.self,
            DoctorCommand.self,
        ]
    )

    static func main() async {
        let arguments = RawArguments.encoded(CommandLine.argc, CommandLine.unsafeArgv)
        await Launcher.launch(arguments)
    }
}
