import ArgumentParser
import Streams
import TDRClient

/// How a command works through a server instead of on a store of this machine.
struct RemoteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Work through this server instead of on a store of this machine. Default: $TDR_SERVER.", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The token for it. Others on this machine can see options: better put it into $TDR_TOKEN.",
            valueName: "token"))
    var token: String?

    /// Whether a server is named: here, in the environment or in the configuration file.
    var isUsed: Bool { server != nil || CommandContext.namesServer }

    /// The client of the server that is named; nil when none is.
    func client(_ context: CommandContext) throws -> APIClient? {
        guard let server = server ?? context.environment["TDR_SERVER"], !server.isEmpty else { return nil }
        let authority = context.environment["TDR_SERVER_CA"].flatMap { $0.isEmpty ? nil : BytePath($0) }
        return try APIClient(
            server: server, token: token ?? context.environment["TDR_TOKEN"], authority: authority)
    }
}
