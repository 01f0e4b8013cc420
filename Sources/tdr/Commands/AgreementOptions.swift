public import ArgumentParser
import Streams
import TDRCore

/// What the transferring body agrees to: by flags, else by a file, else by the settings.
struct AgreementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Public Record(s), Welsh Public Record(s) or Not Public Record(s). Default: $TDR_LEGAL_STATUS.",
            valueName: "status"))
    var legalStatus: String?

    @Flag(
        name: .customLong("appraisal-signed-off"),
        help: "The records were appraised and selected, and that is signed off."
    )
    var appraisal = false

    @Flag(
        name: .customLong("sensitivity-signed-off"), help: "The records were reviewed for sensitivity; signed off.")
    var sensitivity = false

    @Flag(help: "All records are open at first.")
    var openRecords = false

    @Option(
        help: ArgumentHelp(
            """
            A file that says so: a JSON object, or lines 'key: value', with legalStatus, appraisal, sensitivity, \
            openRecords, custody. Default: $TDR_AGREEMENT.
            """, valueName: "file"))
    var agreement: PathArgument?

    /// Flags first, then the file, then the settings.
    func agreement(_ context: CommandContext) throws -> Agreement {
        var said = Agreement()
        said.legalStatus = legalStatus
        said.appraisal = appraisal ? true : nil
        said.sensitivity = sensitivity ? true : nil
        said.openRecords = openRecords ? true : nil
        if let path = agreement?.path ?? context.environment["TDR_AGREEMENT"].map({ BytePath($0) }) {
            said = said.completed(by: try Agreement(reading: path))
        }
        var settled = Agreement()
        settled.legalStatus = context.environment["TDR_LEGAL_STATUS"]
        said = said.completed(by: settled)
        if let status = said.legalStatus, !PropertyName.legalStatuses.contains(status) {
            throw AgreementError.unknownLegalStatus(status)
        }
        return said
    }
}

/// What is said of a judgment.
struct JudgmentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A judgment or a press_summary.", valueName: "kind"))
    var judgmentType: JudgmentDetails.Kind?

    @Option(help: ArgumentHelp("The neutral citation, as in '[2026] EWCA Civ 1'.", valueName: "citation"))
    var neutralCitation: String?

    @Flag(help: "The judgment has no neutral citation.")
    var noNeutralCitation = false

    @Option(help: ArgumentHelp("Another reference, such as a case number.", valueName: "text"))
    var judgmentReference: String?

    @Option(help: ArgumentHelp("It updates a judgment transferred before: the kind of update.", valueName: "kind"))
    var judgmentUpdate: String?

    @Option(help: ArgumentHelp("What is updated.", valueName: "text"))
    var judgmentUpdateDetails: String?

    var details: JudgmentDetails {
        var details = JudgmentDetails()
        details.kind = judgmentType
        details.neutralCitation = neutralCitation
        details.hasNoNeutralCitation = noNeutralCitation
        details.reference = judgmentReference
        details.updateType = judgmentUpdate
        details.updateDetails = judgmentUpdateDetails
        return details
    }
}

extension JudgmentDetails.Kind: ExpressibleByArgument {}
extension ConsignmentType: ExpressibleByArgument {}

extension CommandContext {
    /// Where judgments are exported to by themselves when their checks end clean.
    var judgmentTarget: BytePath? { environment["TDR_JUDGMENT_TO"].map { BytePath($0) } }

    /// What an export requires: as given, else by the settings; nothing by default.
    func requirements(_ given: String?) throws -> Set<ExportRequirement> {
        try ExportRequirement.list(given ?? environment[ExportRequirement.variable] ?? "")
    }
}
