import ArgumentParser
import TDRClient
import TDRCore

struct AgreementCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "Show or record what the transferring body agrees to about a consignment.",
        discussion: """
            Without a flag or a file: what is recorded. Each part is recorded as metadata of the consignment with who \
            and when. Nothing of it is needed unless TDR_EXPORT_REQUIRES or tdr export --require asks for it.

              tdr agreement TDR-2026-C
              tdr agreement TDR-2026-C --legal-status "Public Record(s)" --appraisal-signed-off --sensitivity-signed-off

            Exit codes: 0 done; 1 could not do it; 64 wrong usage.
            """)

    @Argument(help: ArgumentHelp("The consignment.", valueName: "ref"))
    var reference: String

    @OptionGroup var options: AgreementOptions

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup var common: CommonOptions

    private var says: Bool {
        options.legalStatus != nil || options.appraisal || options.sensitivity || options.openRecords
            || options.agreement != nil
    }

    func run(in context: CommandContext) async throws -> Outcome {
        let said = says ? try options.agreement(context) : nil
        let properties: [String: String]
        if let client = try remote.client(context) {
            properties = try await RemoteSteps(client).agree(said, on: reference)
        } else {
            let store = try context.openStore()
            let consignment = try store.consignment(reference)
            if let said {
                try store.agree(
                    said, on: consignment, required: context.requirements(nil), by: context.login,
                    run: context.run("agreement \(consignment.reference)"))
            }
            properties = try store.properties(of: consignment)
        }
        if context.json {
            try context.output.json(properties)
        } else {
            for (name, value) in properties.sorted(by: { $0.key < $1.key }) { context.output.line("\(name): \(value)") }
        }
        return .done
    }
}
