import ArgumentParser
import TDRServer

/// The OpenID provider with which people sign in to the pages.
struct OpenIDArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Let people sign in to the pages with this OpenID provider: its issuer.", valueName: "url"))
    var oidcIssuer: String?

    @Option(
        help: ArgumentHelp(
            "What the provider knows this server by. Its secret, where it has one, is $TDR_OIDC_SECRET.",
            valueName: "client"))
    var oidcClient: String?

    @Option(
        help: ArgumentHelp(
            "Its discovery document. Default: .well-known/openid-configuration below the issuer.", valueName: "url"))
    var oidcDiscovery: String?

    @Option(help: ArgumentHelp("Where people sign in there, in place of a discovery document.", valueName: "url"))
    var oidcAuthorize: String?

    @Option(help: ArgumentHelp("Where it gives tokens for codes.", valueName: "url"))
    var oidcToken: String?

    @Option(help: ArgumentHelp("Its keys (JWKS): https://…, or a file.", valueName: "place"))
    var oidcKeys: String?

    @Option(
        help: ArgumentHelp(
            "The address at which browsers reach this server, for the way back. Default: that of --listen.",
            valueName: "url"))
    var publicUrl: String?

    func validate() throws {
        let endpoints = [oidcAuthorize, oidcToken, oidcKeys]
        if (oidcIssuer == nil) != (oidcClient == nil) {
            throw ValidationError("--oidc-issuer and --oidc-client go together")
        }
        if oidcIssuer == nil, oidcDiscovery != nil || endpoints.contains(where: { $0 != nil }) {
            throw ValidationError("--oidc-discovery, -authorize, -token and -keys go with --oidc-issuer")
        }
        if endpoints.contains(where: { $0 != nil }) {
            if endpoints.contains(where: { $0 == nil }) {
                throw ValidationError("--oidc-authorize, --oidc-token and --oidc-keys go together")
            }
            if oidcDiscovery != nil { throw ValidationError("--oidc-discovery says what --oidc-authorize would say") }
        }
        if let publicUrl, !publicUrl.hasPrefix("https://"), !publicUrl.hasPrefix("http://") {
            throw ValidationError("--public-url takes an address that begins with https:// or http://")
        }
    }

    /// The provider; nil when none is named.
    ///
    /// - Parameter own: The address of --listen; nil when its port is any that is free.
    func options(_ environment: [String: String], own: String?) throws -> OpenIDOptions? {
        guard let oidcIssuer, let oidcClient else { return nil }
        guard var address = publicUrl ?? own else {
            throw ValidationError("--oidc-issuer needs --public-url where --listen has port 0")
        }
        while address.hasSuffix("/") { address.removeLast() }
        var options = OpenIDOptions(issuer: oidcIssuer, client: oidcClient, publicAddress: address)
        if let secret = environment["TDR_OIDC_SECRET"], !secret.isEmpty { options.secret = secret }
        if let oidcDiscovery { options.discovery = oidcDiscovery }
        if let oidcAuthorize, let oidcToken, let oidcKeys {
            options.endpoints = OpenIDEndpoints(authorization: oidcAuthorize, token: oidcToken, keys: oidcKeys)
        }
        return options
    }
}
