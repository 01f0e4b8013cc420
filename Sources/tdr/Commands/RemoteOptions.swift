import ArgumentParser
import Streams
import TDRClient
import TDRCore

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

    /// Looks after the archive through the server that is named or, where none is, in the store of this machine.
    func at<Value>(
        _ context: CommandContext, _ opening: Store.Opening = .existing,
        _ server: (RemoteAdministration) async throws -> Value, store: (Store) throws -> Value
    ) async throws -> Value {
        if let client = try client(context) { return try await server(RemoteAdministration(client)) }
        return try store(context.openStore(opening))
    }

    /// The client of the server that is named; nil when none is.
    func client(_ context: CommandContext) throws -> APIClient? {
        guard let server = server ?? context.environment["TDR_SERVER"], !server.isEmpty else { return nil }
        let authority = context.environment["TDR_SERVER_CA"].flatMap { $0.isEmpty ? nil : BytePath($0) }
        return try APIClient(
            server: server, token: token ?? context.environment["TDR_TOKEN"], authority: authority)
    }
}

/// For commands that have nothing to do through a server: who names one is told so.
struct NoServerOptions: ParsableArguments {
    @Option(help: .hidden) var server: String?

    @Option(help: .hidden) var token: String?

    func validate() throws {
        if server != nil || token != nil {
            throw ValidationError(
                "this works on this machine alone, and there is nothing to do through a server: leave --server out")
        }
    }
}
