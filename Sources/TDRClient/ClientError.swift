public import Streams

/// Why something could not be done through a server.
public enum ClientError: Error, CustomStringConvertible {
    /// The address cannot be one.
    case badServer(String)
    /// A token would go over the network for all to read.
    case needsTLS(String)
    /// No token was given.
    case noToken(String)
    /// The server does not answer.
    case unreachable(String, reason: String)
    /// The server's certificate is not one to trust, or there is no TLS to be had with it.
    case untrusted(String, reason: String)
    /// The certificate of the authority cannot be read.
    case badAuthority(BytePath, reason: String)
    /// The server takes no such token.
    case refused(String)
    /// The server does not do it, in its own words, with its code.
    case answered(String, code: String)
    /// What answers is no tdr server.
    case strange(String, reason: String)
    /// The person's body has no such series.
    case unknownSeries(String)
    /// The person belongs to no transferring body, or to another one.
    case wrongBody(String)
    /// The server writes bags and lets nobody have them.
    case bagNotOffered(String)
    /// The quarantine has no such file of the consignment.
    case unknownFile(BytePath, reference: String)
    /// Names that the API cannot carry.
    case notText(Int, first: String)

    /// Whether somebody else is at it, so that it can be tried later.
    public var isBusy: Bool { if case .answered(_, "BUSY") = self { true } else { false } }

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .badServer(let server):
            "'\(server)' is no address of a server; write it as in https://archive.example.org"
        case .needsTLS(let server):
            "cannot use '\(server)': without TLS others could read the token; use https://"
        case .noToken(let server):
            "no token for '\(server)'; put it into TDR_TOKEN (whoever runs the server makes one by tdr user token)"
        case .unreachable(let server, let reason):
            "the server '\(server)' does not answer: \(reason); the same command continues later"
        case .untrusted(let server, let reason):
            "cannot trust '\(server)': \(reason); where its certificate is made by an authority of your own, name that"
                + " authority's certificate in TDR_SERVER_CA"
        case .badAuthority(let path, let reason):
            "cannot use '\(path.display)' (TDR_SERVER_CA) as the certificate of an authority: \(reason)"
        case .refused(let server):
            "the server '\(server)' does not take the token: it is wrong, has expired or was revoked"
        case .answered(let message, _): message
        case .strange(let server, let reason): "what answers at '\(server)' is no tdr server: \(reason)"
        case .unknownSeries(let code): "your transferring body has no series '\(code)' on that server"
        case .wrongBody(let why): why
        case .bagNotOffered(let server):
            "the server '\(server)' does not let you have the bag: it is in S3 or a folder, or serve-api runs without"
                + " --offer-bags; leave --to out"
        case .unknownFile(let path, let reference):
            "no file '\(path.display)' of \(reference) is or was in quarantine; `tdr quarantine` lists them"
        case .notText(let count, let first):
            "\(count) names are not valid UTF-8 and cannot be sent, '\(first)' is the first; rename them"
        }
    }
}
