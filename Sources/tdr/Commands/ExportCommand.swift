public import ArgumentParser
import Streams
import TDRCore

struct ExportCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write checked consignments as BagIt bags.",
        discussion: """
            Prints where each bag is, alone on stdout. Naming a reference confirms that custody passes, which is \
            recorded with who and when. The payload goes from the store into the bag in one pass, each file proved \
            against the digest of its check; the bag has its name only when it is complete and on disk. The same \
            consignment gives the same bytes every time. Beside an archive lies its .sha256 for sha256sum -c.

              tdr export TDR-2026-C --to /archive/incoming
              tdr export TDR-2026-C --to /archive/incoming --allow ZeroByteFile --reason "placeholders, kept as found"

              tdr export TDR-2026-C --to s3://archive/incoming --endpoint https://s3.example.org

            Into S3 an archive goes in parts while it is made; it is visible when it is complete, nothing is \
            overwritten, and the same command goes on with an upload that was cut off. Keys come from \
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile of ~/.aws/credentials.

            What is not checked, infected, altered or has findings is refused and named. Findings of the format check \
            can be allowed by name and with a reason, which the bag records.

            Exit codes: 0 done; 1 could not do it; 2 not ready: nothing was written; 64 wrong usage; \
            75 another process is at it; 130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The consignments, by reference.", valueName: "ref"))
    var references: [String]

    @Option(
        help: ArgumentHelp(
            "The folder to write into, which must be there, or s3://bucket/prefix.", valueName: "dir|s3://…"))
    var to: PathArgument

    @Option(help: ArgumentHelp("The shape of the bag.", valueName: "form"))
    var form: BagForm = .tarGz

    @Option(
        help: ArgumentHelp("Export in spite of these findings, separated by commas.", valueName: "status,…"),
        transform: ExportCommand.statuses)
    var allow: Set<FileStatusValue> = []

    @Option(help: ArgumentHelp("Why they are allowed.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Targets in S3") var s3: S3TargetOptions

    @OptionGroup var common: CommonOptions

    static func statuses(_ text: String) throws -> Set<FileStatusValue> {
        try Set(
            text.split(separator: ",").map { word in
                guard let value = FileStatusValue(rawValue: String(word)), value.mayBeAllowed else {
                    let names = FileStatusValue.allCases.filter(\.mayBeAllowed).map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--allow takes findings of the format check, not '\(word)': \(names)")
                }
                return value
            })
    }

    func validate() throws {
        if references.isEmpty { throw ValidationError("name the consignment to export; tdr status lists them") }
        if !allow.isEmpty, reason?.isEmpty ?? true { throw ValidationError("--allow needs a --reason") }
        if allow.isEmpty, reason != nil { throw ValidationError("--reason goes with --allow") }
        if reason?.contains(where: \.isNewline) ?? false { throw ValidationError("--reason takes one line") }
        if to.path.bytes.starts(with: Array("s3://".utf8)) {
            if form == .folder { throw ValidationError("a folder cannot be written to S3; choose an archive") }
        } else if s3.isUsed {
            throw ValidationError("options of S3 go with --to s3://bucket/prefix")
        }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        let store = try context.openStore()
        let consignments = try references.map { try store.consignment($0) }
        var outcome = Outcome.done
        for consignment in consignments {
            var request = ExportRequest(target: to.path, confirmedBy: context.login)
            request.form = form
            request.s3 = s3.options(context.environment)
            request.allowed = allow
            request.reason = reason
            let wanted = request
            let meter = ProgressMeter()
            let exporter = Exporter(
                store: store, run: context.run("export \(consignment.reference) --to \(to.path.display)"), meter: meter)
            do {
                let summary = try await ProgressLine(meter, context).during {
                    try await exporter.export(consignment, wanted)
                }
                try tell(summary, context)
            } catch let error as ExportError {
                guard case .notReady = error else { throw error }
                context.messages.error("\(error)", code: Outcome.findings.rawValue)
                outcome = .findings
            }
        }
        return outcome
    }

    private func tell(_ summary: ExportSummary, _ context: CommandContext) throws {
        if context.json {
            try context.output.json(ExportOutput(summary))
        } else {
            context.output.write(summary.location.bytes + [UInt8(ascii: "\n")])
        }
        context.messages.note(
            (summary.wasThere ? "the same bag was there already: " : "exported ")
                + "\(summary.consignment.reference): \(Text.count(summary.files, "file")), \(Text.size(summary.bytes))"
                + (summary.sha256.map { ", SHA-256 \($0)" } ?? ""))
    }
}

extension BagForm: ExpressibleByArgument {}

/// `tdr export --json`.
struct ExportOutput: Encodable {
    let reference: String
    let location: String
    let sha256: String?
    let files: Int
    let bytes: Int64
    let wasThere: Bool

    init(_ summary: ExportSummary) {
        reference = summary.consignment.reference.description
        location = summary.location.display
        sha256 = summary.sha256?.hex
        files = summary.files
        bytes = summary.bytes
        wasThere = summary.wasThere
    }
}
