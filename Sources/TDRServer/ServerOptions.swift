public import Streams
public import TDRCore

/// How the server is to serve.
public struct ServerOptions: Sendable {
    /// The address to listen on.
    public var host: String
    /// The port; 0 takes any that is free.
    public var port: Int
    /// The certificate chain and the key, PEM; without them only a loopback address is served.
    public var tls: (certificate: BytePath, key: BytePath)?
    /// Where exports that are asked for go; nil when none can be asked for.
    public var exportTarget: BytePath?
    /// Where judgments go instead, by themselves when their checks end clean; nil where they go to the same place.
    public var judgmentTarget: BytePath?
    /// What must be recorded of a consignment, beside its checks, before it is exported.
    public var exportRequirements: Set<ExportRequirement> = []
    /// In which form.
    public var exportForm: BagForm = .tarGz
    /// How to reach S3, for such a target.
    public var s3 = S3Options()
    /// What metadata of files is, and must be.
    public var metadataSchema = MetadataSchema.standard
    /// Which checks are made, how, and by how many threads.
    public var checks: CheckRequest
    /// Tokens of an OpenID provider that count beside our own.
    public var provider: ProviderOptions?
    /// The OpenID provider with which people may sign in to the pages.
    public var openID: OpenIDOptions?
    /// What one request may cost.
    public var limits = RequestLimits()
    /// What deliveries may bring.
    public var sizes = DeliverySizes()
    /// Texts that replace those of the pages, as JSON.
    public var pageTexts: BytePath?
    /// What is said of findings.
    public var advice: Advice = .standard
    /// Whether the owner of a transfer may have the bag from its page.
    public var offersBags = false
    /// Looks at everything that a transfer rests on, for its page.
    public var doctor: (@Sendable (_ tell: ([DoctorLine]) async throws -> Void) async throws -> Void)?
    /// Who is told of what happens.
    public var notices = NoticeSettings.none
    /// Whether every request is logged.
    public var logsRequests = true

    /// Where a consignment is exported to; nil where it cannot be.
    func target(for consignment: Consignment) -> BytePath? {
        consignment.type == .judgment ? judgmentTarget ?? exportTarget : exportTarget
    }

    /// On `host` and `port`, checking as `checks` says.
    public init(host: String, port: Int, checks: CheckRequest) {
        self.host = host
        self.port = port
        self.checks = checks
    }
}

/// What one request may cost.
public struct RequestLimits: Sendable {
    /// Bytes of a GraphQL request.
    public var bodyBytes = 8 << 20
    /// Seconds in which the body of one must have arrived.
    public var bodySeconds = 20
    /// Seconds that a GraphQL request may take.
    public var requestSeconds = 60
    /// Seconds that a client may let us wait, for its next request, for the rest of one, or for it to take an answer,
    /// before the connection is closed.
    public var idleSeconds = 30
    /// Connections at once.
    public var connections = 2048

    /// The usual limits.
    public init() {}
}

/// An OpenID provider whose tokens are taken.
public struct ProviderOptions: Sendable {
    /// Its `iss`.
    public var issuer: String
    /// The `aud` that its tokens must have.
    public var audience: String
    /// Its keys: `https://…`, or a file.
    public var keys: String

    /// A provider by issuer, audience and the place of its keys.
    public init(issuer: String, audience: String, keys: String) {
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
    }
}

/// An OpenID provider with which people sign in to the pages.
public struct OpenIDOptions: Sendable {
    /// Its `iss`, an address.
    public var issuer: String
    /// What it knows us by.
    public var client: String
    /// What proves to it that it is us; nil for a public client. Never shown.
    public var secret: String?
    /// Where its discovery document is: by default where OpenID Connect Discovery 1.0 §4 puts it.
    public var discovery: String
    /// Its addresses, so that no discovery document is asked for.
    public var endpoints: OpenIDEndpoints?
    /// Our own address as browsers have it, without a slash at the end.
    public var publicAddress: String
    /// What is asked for.
    public var scope = "openid profile email"

    /// A provider by its issuer, for a client of it that browsers reach at `publicAddress`.
    public init(issuer: String, client: String, publicAddress: String) {
        self.issuer = issuer
        self.client = client
        self.publicAddress = publicAddress
        discovery = issuer + (issuer.hasSuffix("/") ? "" : "/") + ".well-known/openid-configuration"
    }
}

/// The addresses of an OpenID provider.
public struct OpenIDEndpoints: Sendable, Equatable {
    /// Where people sign in.
    public var authorization: String
    /// Where a code is exchanged for a token.
    public var token: String
    /// Where its keys are.
    public var keys: String
    /// Where people sign out; nil where it has no such place.
    public var endSession: String?

    /// All of them.
    public init(authorization: String, token: String, keys: String, endSession: String? = nil) {
        self.authorization = authorization
        self.token = token
        self.keys = keys
        self.endSession = endSession
    }
}

/// Why the server cannot begin.
public enum ServerError: Error, CustomStringConvertible {
    /// An address that others can reach, without TLS.
    case needsTLS(String)
    /// Another server serves this store.
    case storeIsServed(BytePath)
    /// The certificate or its key cannot be used.
    case badCertificate(String)
    /// The address cannot be listened on.
    case cannotListen(String, reason: String)
    /// The texts of the pages cannot be read.
    case badTexts(BytePath, reason: String)
    /// The keys of the provider cannot be had.
    case noKeys(String, reason: String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .needsTLS(let host):
            "cannot serve on \(host) without TLS, since others could read the tokens; give --tls-cert and --tls-key, or"
                + " listen on 127.0.0.1 behind a server that has them"
        case .storeIsServed(let path):
            "the store '\(path.display)' is served by another tdr serve-api already; stop that one first"
        case .badCertificate(let reason): "cannot use the certificate or its key: \(reason)"
        case .cannotListen(let address, let reason): "cannot listen on \(address): \(reason)"
        case .badTexts(let path, let reason):
            "cannot use '\(path.display)' as texts of the pages: \(reason); it takes the form of Sources/CPages/assets/en.json"
        case .noKeys(let place, let reason):
            "cannot read the provider's keys from '\(place)': \(reason); check --jwt-keys or --oidc-keys"
        }
    }
}
