import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Questions to an OpenID provider: over TLS or to this machine, in bounded time and size, and never along a redirect,
/// which could carry a secret elsewhere.
enum ProviderHTTP {
    private static let mostBytes = 1 << 20
    private static let seconds: Int64 = 10

    /// Why there is no answer.
    enum Fault: Error, CustomStringConvertible {
        /// An address that others could read along.
        case unprotected(String)
        /// Nobody answers.
        case unreachable(String, reason: String)
        /// An answer of this status.
        case status(String, UInt, [UInt8])

        var description: String {
            switch self {
            case .unprotected(let address): "'\(address)' is neither https:// nor http:// on this machine"
            case .unreachable(let address, let reason): "'\(address)' cannot be reached: \(reason)"
            case .status(let address, let code, _): "'\(address)' answered \(code)"
            }
        }
    }

    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Whether what is sent to this address is read by nobody else.
    static func isProtected(_ address: String) -> Bool {
        guard let url = URL(string: address), let host = url.host, url.user == nil else { return false }
        switch url.scheme?.lowercased() {
        case "https": return true
        case "http": return ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        default: return false
        }
    }

    /// What is at `address`.
    ///
    /// - Throws: ``Fault``.
    static func get(_ address: String) async throws -> [UInt8] { try await ask(HTTPClientRequest(url: address)) }

    /// What comes of a form.
    ///
    /// - Throws: ``Fault``.
    static func post(_ fields: [(String, String)], to address: String, authorization: String?) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        request.body = .bytes(ByteBuffer(string: query(fields)))
        return try await ask(request)
    }

    /// Names and values as in a query, or in a form.
    static func query(_ fields: [(String, String)]) -> String {
        fields.map { "\($0)=\(Pages.encoded($1))" }.joined(separator: "&")
    }

    private static func ask(_ request: HTTPClientRequest) async throws -> [UInt8] {
        let address = request.url
        guard isProtected(address) else { throw Fault.unprotected(address) }
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "tdr")
        do {
            let response = try await http.execute(request, timeout: .seconds(seconds))
            let body = try await response.body.collect(upTo: mostBytes)
            let bytes = Array(body.readableBytesView)
            guard response.status.code == 200 else { throw Fault.status(address, response.status.code, bytes) }
            return bytes
        } catch let error as Fault {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Fault.unreachable(address, reason: (error as? HTTPClientError)?.shortDescription ?? "\(error)")
        }
    }
}
