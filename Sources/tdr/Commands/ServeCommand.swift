import ArgumentParser
import Streams
import TDRCore
import TDRServer

struct ServeCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-api",
        abstract: "Serve the store to other programs: GraphQL, uploads over HTTP, checks and exports by themselves.",
        discussion: """
            Prints the address as soon as requests are taken. Every request needs a token (tdr user token), but for \
            /healthcheck and /healthcheck-full. Without TLS only a loopback address is served.

              tdr serve-api
              tdr serve-api --listen 127.0.0.1:8080 --export-to /archive/incoming
              tdr serve-api --listen 0.0.0.0:8443 --tls-cert server.pem --tls-key server.key

            As soon as the last file of an upload is there, its checks are made, those of several consignments by \
            turns. Exports are made when they are asked for, into --export-to; a judgment is confirmed and exported \
            by itself when its checks end clean. What an export requires is said by TDR_EXPORT_REQUIRES. Other tdr commands may work on the same \
            store meanwhile. The log goes to stderr, a JSON object a line.

            SIGTERM and SIGINT end it in good order: requests are answered, checks go on at the next start.

            Exit codes: 0 ended when told to; 1 could not do it; 64 wrong usage.
            """)

    static let stopsByItself = true

    @Option(help: ArgumentHelp("Address and port; port 0 takes a free one.", valueName: "host:port"))
    var listen = "127.0.0.1:8080"

    @Option(help: ArgumentHelp("The certificate and those above it, PEM.", valueName: "file"))
    var tlsCert: PathArgument?

    @Option(help: ArgumentHelp("The certificate's private key, PEM.", valueName: "file"))
    var tlsKey: PathArgument?

    @Option(help: ArgumentHelp("Where exports go: a folder, or s3://bucket/prefix.", valueName: "target"))
    var exportTo: PathArgument?

    @Option(
        help: ArgumentHelp(
            "Where judgments go instead, by themselves when their checks end clean. Default: $TDR_JUDGMENT_TO, else as "
                + "--export-to.", valueName: "target"))
    var judgmentTo: PathArgument?

    @Option(help: ArgumentHelp("The form of exports.", valueName: "form"))
    var exportForm: BagForm = .tarGz

    @OptionGroup(title: "S3") var s3: S3TargetOptions

    @OptionGroup(title: "Antivirus") var antivirus: AntivirusOptions

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files checked at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Consignments checked at once, by turns; those that come later wait. Default: 16.", valueName: "n"))
    var consignments: Int?

    @Option(
        help: ArgumentHelp(
            "Which formats are refused: a JSON file instead of the built-in list. Default: $TDR_FORMAT_POLICY.",
            valueName: "file"))
    var formatPolicy: PathArgument?

    @Option(help: ArgumentHelp("Take tokens of this OpenID provider, too: its issuer.", valueName: "url"))
    var jwtIssuer: String?

    @Option(help: ArgumentHelp("The audience that its tokens must have.", valueName: "name"))
    var jwtAudience: String?

    @Option(help: ArgumentHelp("Its keys (JWKS): https://…, or a file.", valueName: "place"))
    var jwtKeys: String?

    @OptionGroup(title: "Sign-in with OpenID") var openID: OpenIDArguments

    @Option(
        help: ArgumentHelp(
            "Texts of the web pages, instead of the English ones where the file has them: JSON.", valueName: "file"))
    var pageTexts: PathArgument?

    @Flag(help: "Let the owner of a transfer have its bag from the web pages: one that is a file on this machine.")
    var offerBags = false

    @Option(
        help: ArgumentHelp(
            "How long a client may let the server wait before its connection is closed.", valueName: "seconds"))
    var idleSeconds = 30

    @Option(help: ArgumentHelp("How long a GraphQL request may take.", valueName: "seconds"))
    var requestSeconds = 60

    @Option(
        help: ArgumentHelp(
            "The largest file that is taken from clients and browsers. Default: as large as it is.",
            valueName: "bytes"))
    var maxFileBytes: Int64?

    @Option(
        help: ArgumentHelp(
            "The most that all files of a consignment may have, from clients and browsers. Default: no bound.",
            valueName: "bytes"))
    var maxConsignmentBytes: Int64?

    @Flag(help: "Do not log every request.")
    var noAccessLog = false

    @Flag(help: "Print the GraphQL schema and end.")
    var schema = false

    @OptionGroup var noServer: NoServerOptions

    @OptionGroup var common: CommonOptions

    /// The address and the port that were typed: `host:port`, `[::1]:port`.
    static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return host.isEmpty ? nil : (String(host), port)
    }

    func validate() throws {
        if ServeCommand.address(listen) == nil {
            throw ValidationError("--listen takes an address and a port, as in 127.0.0.1:8080, not '\(listen)'")
        }
        if (tlsCert == nil) != (tlsKey == nil) { throw ValidationError("--tls-cert and --tls-key go together") }
        let jwt = [jwtIssuer, jwtAudience, jwtKeys]
        if jwt.contains(where: { $0 != nil }), jwt.contains(where: { $0?.isEmpty ?? true }) {
            throw ValidationError("--jwt-issuer, --jwt-audience and --jwt-keys go together")
        }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
        if let consignments, consignments < 1 || consignments > 10_000 {
            throw ValidationError("--consignments takes a number from 1 to 10000")
        }
        guard (1...3600).contains(idleSeconds) else {
            throw ValidationError("--idle-seconds takes a number from 1 to 3600")
        }
        guard (1...3600).contains(requestSeconds) else {
            throw ValidationError("--request-seconds takes a number from 1 to 3600")
        }
        for (name, bytes) in [("file", maxFileBytes), ("consignment", maxConsignmentBytes)] {
            if let bytes, bytes < 1 { throw ValidationError("--max-\(name)-bytes takes a number of bytes, from 1") }
        }
        if s3.isUsed, exportTo == nil { throw ValidationError("options of S3 go with --export-to s3://…") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if schema {
            context.output.write(Array(try APISchema.text().utf8))
            return .done
        }
        guard let (host, port) = ServeCommand.address(listen) else { throw ValidationError("--listen") }
        let store = try context.openStore(.create)
        var checks = CheckRequest(jobs: jobs ?? context.jobs)
        if let consignments { checks.consignments = consignments }
        checks.antivirus = try antivirus.policy(context)
        if let file = formatPolicy?.path ?? context.environment["TDR_FORMAT_POLICY"].map({ BytePath($0) }) {
            checks.policy = try FormatPolicy(readingJSON: file)
        }
        var options = ServerOptions(host: host, port: port, checks: checks)
        if let tlsCert, let tlsKey { options.tls = (tlsCert.path, tlsKey.path) }
        options.exportTarget = exportTo?.path
        options.judgmentTarget = judgmentTo?.path ?? context.judgmentTarget
        options.exportRequirements = try context.requirements(nil)
        options.metadataSchema = try context.metadataSchema(nil)
        options.exportForm = exportForm
        options.s3 = s3.options(context.environment)
        options.logsRequests = !noAccessLog
        options.limits.idleSeconds = idleSeconds
        options.limits.requestSeconds = requestSeconds
        options.sizes.fileBytes = maxFileBytes
        options.sizes.consignmentBytes = maxConsignmentBytes
        options.pageTexts = pageTexts?.path
        options.offersBags = offerBags
        options.advice = try context.advice(nil)
        options.doctor = try doctor(context)
        options.notices = try context.noticeSettings(timeoutSeconds: 10)
        if let jwtIssuer, let jwtAudience, let jwtKeys {
            options.provider = ProviderOptions(issuer: jwtIssuer, audience: jwtAudience, keys: jwtKeys)
        }
        let scheme = tlsCert == nil ? "http" : "https"
        options.openID = try openID.options(
            context.environment, own: port == 0 ? nil : "\(scheme)://\(listen)")
        let library = context.signatureLibrary
        let server = APIServer(store: store, options: options, version: TDR.version, clock: context.clock) {
            try library.inUse().signatures
        }
        let isJSON = context.json
        let talk = context.messages
        try await server.run(
            listening: { address in
                if isJSON {
                    // Two texts can always be encoded.
                    try? context.output.json(["address": address])
                } else {
                    context.output.line(address)
                }
                context.output.flush()
            }, settingUp: { link in talk.note("make the first administrator here, once: \(link)") })
        return .done
    }

    /// What the doctor says each time it is asked.
    private func doctor(
        _ context: CommandContext
    ) throws -> @Sendable (_ tell: ([DoctorLine]) async throws -> Void) async throws -> Void {
        let policy = try antivirus.policy(context)
        let (store, library, clock) = (context.store, context.signatureLibrary, context.clock)
        let environment = context.environment
        let target = exportTo?.path
        return { tell in
            var doctor = Doctor(
                antivirus: policy, store: store, library: library, temporaryFolder: CommandContext.temporaryFolder,
                now: clock())
            doctor.environment = environment
            if let target, target.text?.hasPrefix("s3://") == false { doctor.target = target }
            try await doctor.examine(tell)
        }
    }
}
