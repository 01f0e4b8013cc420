public import ArgumentParser
import Streams
import TDRClient
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
              tdr export TDR-2026-C --to /archive/incoming --form zip --algorithm sha256,sha512
              tdr export TDR-2026-C --to /archive/incoming --allow ZeroByteFile --reason "placeholders, kept as found"

              tdr export TDR-2026-C --to /archive/incoming --portable-names --with premis,mets

              tdr export TDR-2026-C --to s3://archive/incoming --endpoint https://s3.example.org

            Into S3 an archive goes in parts while it is made; it is visible when it is complete, nothing is \
            overwritten, and the same command goes on with an upload that was cut off. Keys come from \
            AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile of ~/.aws/credentials.

            What is not checked, infected, altered or has findings is refused and named. Findings of the format check \
            can be allowed by name and with a reason, which the bag records.

              tdr export --ready --to /archive/incoming
              tdr export --abandon TDR-2026-C
              tdr export TDR-2026-C --server https://archive.example.org

            Through a server the bag is written where and how the server is told to, and its place there is printed; with \
            --to it is fetched into a folder of this machine, where the server lets one.

            For cron, --ready takes every consignment whose checks passed and whose transfer was confirmed before, by \
            tdr upload --confirm-when-clean or by an export that did not come to its end. One such run at a time; it is \
            silent when there is nothing to do; what fails does not stop the others, and the next run tries it again. \
            tdr status says when it last went well. --abandon gives up what was cut off: the parts on the S3 server \
            and, with --to, temporary files in a folder.

            Exit codes: 0 done; 1 could not do it; 2 not ready: nothing was written; 64 wrong usage; \
            75 another process is at it; 130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The consignments, by reference.", valueName: "ref"))
    var references: [String] = []

    @Flag(help: "Export every consignment that is checked, confirmed and not exported yet.")
    var ready = false

    @Flag(help: "Give up what was begun of these consignments and is not complete.")
    var abandon = false

    @Option(
        help: ArgumentHelp(
            "The folder to write into, which must be there, or s3://bucket/prefix.", valueName: "dir|s3://…"))
    var to: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Where judgments go instead. Default: $TDR_JUDGMENT_TO, else as --to.", valueName: "dir|s3://…"))
    var judgmentTo: PathArgument?

    @Option(
        help: ArgumentHelp(
            """
            What must be recorded, separated by commas: legal-status, appraisal, sensitivity, open-records, metadata, \
            review. Default: $TDR_EXPORT_REQUIRES, else nothing.
            """, valueName: "what,…"))
    var require: String?

    @Option(help: ArgumentHelp("The shape of the bag.", valueName: "form"))
    var form: BagForm = .tarGz

    @Option(
        help: ArgumentHelp(
            "Effort of compression, 0 (none; in tar.zst hardly any) to 9. What does not shrink is stored as it is.",
            valueName: "n"))
    var compressionLevel = 6

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads that compress. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Flag(help: "Give the records in the bag their own modification times.")
    var keepTimes = false

    @Option(help: ArgumentHelp("The version of BagIt: 1.0 or 0.97.", valueName: "version"))
    var bagitVersion: BagItVersion = .rfc8493

    @Option(
        name: .customLong("algorithm"),
        help: ArgumentHelp(
            "Digests of the manifests, separated by commas: sha256, or sha256,sha512.", valueName: "name,…"),
        transform: ExportCommand.algorithms)
    var algorithms: Set<ManifestAlgorithm> = [.sha256]

    @Option(
        help: ArgumentHelp(
            "A BagIt profile (JSON) that the bag must follow; what it requires is written or refused beforehand.",
            valueName: "file"))
    var profile: PathArgument?

    @Flag(
        help: ArgumentHelp(
            "Write names that some system cannot hold under safe names; portable-names.csv in the bag has the real ones."
        ))
    var portableNames = false

    @Option(
        name: .customLong("with"),
        help: ArgumentHelp("More tag files, separated by commas: premis, mets.", valueName: "name,…"),
        transform: ExportCommand.extraTagFiles)
    var extras: Set<ExtraTagFile> = []

    @Option(
        name: .customLong("bag-info"),
        help: ArgumentHelp("One more element for bag-info.txt; can be repeated.", valueName: "label: value"),
        transform: ExportCommand.element)
    var bagInfo: [InfoElement] = []

    @Option(
        help: ArgumentHelp("Export in spite of these findings, separated by commas.", valueName: "status,…"),
        transform: ExportCommand.statuses)
    var allow: Set<FileStatusValue> = []

    @Option(help: ArgumentHelp("Why they are allowed.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Refuse the export when files are like others: content, name, or both with a comma. Default: "
                + "$TDR_REFUSE_LIKE, else neither.", valueName: "kind,…"))
    var refuseLike: String?

    @OptionGroup(title: "Targets in S3") var s3: S3TargetOptions

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

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

    /// An element of `bag-info.txt` as typed.
    struct InfoElement: Sendable {
        let label: String
        let value: String
    }

    static func element(_ text: String) throws -> InfoElement {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let label = parts[0]
        guard parts.count == 2, let value = parts.last, !label.isEmpty, label.first != " ", label.last != " ",
            !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw ValidationError("--bag-info takes 'Label: value' on one line, not '\(text)'") }
        return InfoElement(label: String(label), value: String(value.drop { $0 == " " }))
    }

    static func likeness(_ text: String) throws -> Set<LikenessKind> {
        try Set(
            text.split(separator: ",").map { word in
                guard let kind = LikenessKind(rawValue: String(word)) else {
                    throw ValidationError("--refuse-like takes content and name, not '\(word)'")
                }
                return kind
            })
    }

    static func algorithms(_ text: String) throws -> Set<ManifestAlgorithm> {
        let chosen = try Set(
            text.split(separator: ",", omittingEmptySubsequences: false).map { word in
                guard let algorithm = ManifestAlgorithm(rawValue: String(word)) else {
                    throw ValidationError("--algorithm takes sha256 or sha256,sha512, not '\(text)'")
                }
                return algorithm
            })
        guard chosen.contains(.sha256) else {
            throw ValidationError("sha256 is always written: it is what the checks recorded; say sha256,\(text)")
        }
        return chosen
    }

    static func extraTagFiles(_ text: String) throws -> Set<ExtraTagFile> {
        try Set(
            text.split(separator: ",", omittingEmptySubsequences: false).map { word in
                guard let file = ExtraTagFile(rawValue: String(word)) else {
                    throw ValidationError("--with takes premis, mets or premis,mets, not '\(text)'")
                }
                return file
            })
    }

    func validate() throws {
        if !(0...9).contains(compressionLevel) {
            throw ValidationError("--compression-level takes a number from 0 to 9")
        }
        if let refuseLike { _ = try ExportCommand.likeness(refuseLike) }
        if remote.isUsed { return try validateRemote() }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if ready {
            if abandon || !references.isEmpty || !allow.isEmpty {
                throw ValidationError("--ready chooses the consignments itself, and only those without findings")
            }
        } else if references.isEmpty {
            throw ValidationError("name the consignment to export; tdr status lists them")
        }
        if !allow.isEmpty, reason?.isEmpty ?? true { throw ValidationError("--allow needs a --reason") }
        if allow.isEmpty, reason != nil { throw ValidationError("--reason goes with --allow") }
        if reason?.contains(where: \.isNewline) ?? false { throw ValidationError("--reason takes one line") }
        if abandon { return try validateAbandon() }
        _ = try require.map { try ExportRequirement.list($0) }
        if let judgmentTo, ExportRequest.isInS3(judgmentTo.path), !ExportRequest.isPlaceInS3(judgmentTo.path) {
            throw ValidationError("--judgment-to takes s3://bucket/prefix, in which no part is empty, '.' or '..'")
        }
        guard let to else { throw ValidationError("say where the bag goes with --to") }
        if ExportRequest.isInS3(to.path) {
            if !ExportRequest.isPlaceInS3(to.path) {
                throw ValidationError("--to takes s3://bucket/prefix, in which no part is empty, '.' or '..'")
            }
            if form == .folder { throw ValidationError("a folder cannot be written to S3; choose an archive") }
        } else if s3.isUsed {
            throw ValidationError("options of S3 go with --to s3://bucket/prefix")
        }
    }

    var changesState: Bool { true }

    func run(in context: CommandContext) async throws -> Outcome {
        if let client = try remote.client(context) { return try await exportThrough(client, context) }
        let store = try context.openStore()
        if abandon { return try await abandon(store, context) }
        guard let to else { throw ValidationError("say where the bag goes with --to") }
        if ready { return try await exportReady(store, to.path, context) }
        let consignments = try references.map { try store.consignment($0) }
        let wanted = try request(to.path, context)
        var worst: Int32 = 0
        for consignment in consignments {
            let meter = ProgressMeter()
            let exporter = Exporter(
                store: store, run: context.run("export \(consignment.reference) --to \(to.path.display)"), meter: meter,
                warn: { context.messages.warning($0) })
            do {
                let summary = try await ProgressLine(meter, context).during {
                    try await exporter.export(consignment, wanted)
                }
                try tell(summary, context)
            } catch let error where !(error is CancellationError) {
                // The others are not to wait for it.
                worst = ExportCommand.worse(worst, tell(error, of: consignment, context))
            }
        }
        if worst != 0 { throw ExitCode(worst) }
        return .done
    }

    /// The exit code of several exports: what could not be done weighs more than what is not ready.
    static func worse(_ one: Int32, _ other: Int32) -> Int32 { one == 0 || other == 1 ? other : one }

    /// Says why one of several consignments was not exported.
    ///
    /// - Returns: the exit code that stands for it.
    func tell(_ error: any Error, of consignment: Consignment, _ context: CommandContext) -> Int32 {
        let code: Int32 =
            if case ExportError.notReady = error { Outcome.findings.rawValue } else { ExitCodes.code(for: error) }
        let text = "\(error)"
        let name = "\(consignment.reference)"
        context.messages.error(text.contains(name) ? text : "\(name): \(text)", code: code)
        return code
    }

    func request(_ target: BytePath, _ context: CommandContext) throws -> ExportRequest {
        var request = ExportRequest(target: target, confirmedBy: context.login)
        request.judgmentTarget = judgmentTo?.path ?? context.judgmentTarget
        request.requirements = try context.requirements(require)
        request.form = form
        request.compressionLevel = compressionLevel
        request.jobs = jobs ?? context.jobs
        request.keepsTimes = keepTimes
        request.bagItVersion = bagitVersion
        request.profile = profile?.path
        request.bagInfo = bagInfo.map { ($0.label, $0.value) }
        request.portableNames = portableNames
        request.extraTagFiles = extras
        request.furtherAlgorithms = algorithms.subtracting([.sha256])
        request.s3 = s3.options(context.environment)
        request.allowed = allow
        request.reason = reason
        request.refusedLikeness = try ExportCommand.likeness(
            refuseLike ?? context.environment["TDR_REFUSE_LIKE"] ?? "")
        return request
    }

    /// Where the bag is, and nothing else.
    func answer(_ summary: ExportSummary, _ context: CommandContext) throws {
        if context.json {
            try context.output.json(ExportOutput(summary))
        } else {
            context.output.write(summary.location.bytes + [UInt8(ascii: "\n")])
        }
    }

    private func tell(_ summary: ExportSummary, _ context: CommandContext) throws {
        try answer(summary, context)
        context.messages.note(
            (summary.wasThere ? "the same bag was there already: " : "exported ")
                + "\(summary.consignment.reference): \(Text.count(summary.files, "file")), \(Text.size(summary.bytes))"
                + (summary.sha256.map { ", SHA-256 \($0)" } ?? ""))
    }
}

extension BagForm: ExpressibleByArgument {}
extension BagItVersion: ExpressibleByArgument {}

/// `tdr export --json`.
struct ExportOutput: Encodable {
    let reference: String
    let location: String
    let sha256: String?
    let files: Int
    let bytes: Int64
    let wasThere: Bool

    init(_ bag: RemoteBag, location: String, sha256: SHA256Digest?, wasThere: Bool) {
        reference = bag.report.consignment.reference.description
        self.location = location
        self.sha256 = sha256?.hex
        files = bag.report.files
        bytes = Int64(bag.report.bytes)
        self.wasThere = wasThere
    }

    init(_ summary: ExportSummary) {
        reference = summary.consignment.reference.description
        location = summary.location.display
        sha256 = summary.sha256?.hex
        files = summary.files
        bytes = summary.bytes
        wasThere = summary.wasThere
    }
}
