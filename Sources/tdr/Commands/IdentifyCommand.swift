import ArgumentParser
import Streams
import TDRCore

struct IdentifyCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "identify",
        abstract: "Say what format every file has, by PRONOM's signatures.",
        discussion: """
            Folders are walked, names in byte order; links are not followed. Every file is opened once and read once. \
            The answers are DROID's: all formats that match and are not outranked. The options --siegfried-… give \
            siegfried's single answer in siegfried's own layout instead.

              tdr identify Records
              tdr identify --json --hash sha256 Records | jq -r 'select(.matches == []) | .path'
              tdr identify --droid-csv --hash sha256 Records > profile.csv
              tdr identify --explain odd.doc
              curl -s https://example.org/a.pdf | tdr identify - --name a.pdf

            Exit codes: 0 every file was read; 1 could not do it; 2 a file could not be read; 64 wrong usage; \
            130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("Files and folders; - is the standard input.", valueName: "path"))
    var paths: [PathArgument]

    @OptionGroup var form: IdentifyForm

    @Option(
        help: ArgumentHelp(
            "Digests to compute in the same read, separated by commas.", valueName: "md5,sha1,sha256,sha512,…"),
        transform: IdentifyCommand.digests)
    var hash: [String] = []

    @Flag(help: "Ask libmagic, too: its MIME type and description as a second opinion.")
    var magic = false

    @Flag(name: [.long, .customShort("z")], help: "Look into ZIP, tar and gzip files.")
    var archives = false

    @Flag(help: "Tell which signatures matched where, and which were outranked.")
    var explain = false

    @Option(help: ArgumentHelp("The name of the standard input, for its extension.", valueName: "name"))
    var name: PathArgument?

    @OptionGroup var signatureFiles: SignatureOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files read at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @OptionGroup var noServer: NoServerOptions

    @OptionGroup var common: CommonOptions

    static var onlyLists: Bool { true }

    static func digests(_ text: String) throws -> [String] {
        let names = text.split(separator: ",").map { $0.lowercased() }
        for name in names where !IdentifyRequest.digestNames.contains(name) {
            throw ValidationError("--hash takes \(IdentifyRequest.digestNames.joined(separator: ", ")), not '\(name)'")
        }
        return names
    }

    func validate() throws {
        if paths.isEmpty { throw ValidationError("name the files to identify; - is the standard input") }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if common.json, form.form != nil { throw ValidationError("--json and \(form.option) exclude each other") }
        if form.form?.isSiegfried == true {
            if hash.count > 1 { throw ValidationError("\(form.option) has room for one digest") }
            if magic || explain { throw ValidationError("--magic and --explain do not go with \(form.option)") }
        }
        if form.form == .droidCSV, hash.count > 1 { throw ValidationError("\(form.option) has room for one digest") }
        if paths.count(where: { $0.path == BytePath("-") }) > 1 { throw ValidationError("- can be read only once") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        let signatures = try signatureFiles.signatures(context)
        let request = request(context)
        let renderer = renderer(signatures, context)
        let meter = ProgressMeter()
        let identifier = FormatIdentifier(signatures: signatures, meter: meter)
        context.output.write(renderer.head())
        let summary = try await ProgressLine(meter, context).during {
            try await identifier.identify(request) { files in context.output.write(try renderer.render(files)) }
        }
        context.output.write(renderer.tail())
        if summary.leftOut > 0, form.form?.isSiegfried != true {
            context.messages.note("\(Text.count(summary.leftOut)) links and special files were left out")
        }
        if summary.failures > 0 {
            context.messages.note("\(Text.count(summary.failures, "file")) could not be read or told to the end")
        }
        return summary.failures > 0 ? .findings : .done
    }

    private func request(_ context: CommandContext) -> IdentifyRequest {
        var request = IdentifyRequest(
            paths.map { argument in
                argument.path == BytePath("-")
                    ? .standardInput(name: name?.path.bytes ?? argument.path.bytes) : .path(argument.path)
            }, jobs: jobs ?? context.jobs)
        request.digests = hash
        request.asksMagic = magic
        request.explains = explain
        request.opensArchives = archives
        request.likeSiegfried = form.form?.isSiegfried == true
        request.temporaryFolder = CommandContext.temporaryFolder
        return request
    }

    private func renderer(_ signatures: Signatures, _ context: CommandContext) -> any IdentifyRenderer {
        switch form.form {
        case .csv: IdentifyCSV(digests: hash, hasMagic: magic)
        case .droidCSV: DroidCSV(digest: hash.first)
        case .siegfriedYAML: SiegfriedYAML(SiegfriedHead(signatures, context.clock(), digest: hash.first))
        case .siegfriedJSON: SiegfriedJSON(SiegfriedHead(signatures, context.clock(), digest: hash.first))
        case .siegfriedCSV: SiegfriedCSV(digest: hash.first)
        case nil where context.json: IdentifyJSONLines()
        case nil: IdentifyLines()
        }
    }
}

/// In which layout the answers are written.
struct IdentifyForm: ParsableArguments {
    @Flag var form: Form?

    enum Form: String, EnumerableFlag {
        case csv, droidCSV, siegfriedYAML, siegfriedJSON, siegfriedCSV

        var isSiegfried: Bool { [.siegfriedYAML, .siegfriedJSON, .siegfriedCSV].contains(self) }

        static func name(for value: Form) -> NameSpecification {
            switch value {
            case .csv: .customLong("csv")
            case .droidCSV: .customLong("droid-csv")
            case .siegfriedYAML: .customLong("siegfried-yaml")
            case .siegfriedJSON: .customLong("siegfried-json")
            case .siegfriedCSV: .customLong("siegfried-csv")
            }
        }

        static func help(for value: Form) -> ArgumentHelp? {
            switch value {
            case .csv: "Answer as CSV, one row a file."
            case .droidCSV: "Answer as CSV with the columns of DROID's export."
            case .siegfriedYAML: "Answer as siegfried does: YAML."
            case .siegfriedJSON: "Answer as siegfried does: one JSON document."
            case .siegfriedCSV: "Answer as siegfried does: CSV."
            }
        }
    }

    /// The option as it is typed.
    var option: String {
        switch form {
        case .csv: "--csv"
        case .droidCSV: "--droid-csv"
        case .siegfriedYAML: "--siegfried-yaml"
        case .siegfriedJSON: "--siegfried-json"
        case .siegfriedCSV: "--siegfried-csv"
        case nil: ""
        }
    }
}

/// Other signatures than those in use, for one run.
struct SignatureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Identify by this binary signature file (DROID_SignatureFile_V….xml), or by a compiled one.",
            valueName: "file"))
    var signatureFile: PathArgument?

    @Option(
        help: ArgumentHelp(
            "The container signature file (container-signature-….xml) that goes with --signature-file.",
            valueName: "file"))
    var containerFile: PathArgument?

    @Option(
        help: ArgumentHelp("Identify by imported signatures of this version; see tdr signatures.", valueName: "version")
    )
    var signatures: String?

    func validate() throws {
        if containerFile != nil, signatureFile == nil {
            throw ValidationError("--container-file goes with --signature-file")
        }
        if signatures != nil, signatureFile != nil {
            throw ValidationError("--signatures and --signature-file exclude each other")
        }
    }

    /// The signatures that are wanted: named files or a named version, else those in use.
    func signatures(_ context: CommandContext) throws -> Signatures {
        if let signatureFile {
            return try Signatures(binaryFile: signatureFile.path, containerFile: containerFile?.path)
        }
        guard let signatures else { return try context.signatures() }
        let selection = try context.signatureLibrary.signatures(signatures)
        if let warning = selection.warning { context.messages.warning(warning) }
        return selection.signatures
    }

    /// Those in use at the time it is asked; nil where files or a version were named, which stay what they are.
    func renewed(_ context: CommandContext) -> (@Sendable () throws -> Signatures)? {
        guard signatureFile == nil, signatures == nil else { return nil }
        let library = context.signatureLibrary
        return { try library.inUse().signatures }
    }
}
