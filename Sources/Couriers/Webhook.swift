import AsyncHTTPClient
import Crypto
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1
import Streams

/// Posts letters to an address.
///
/// `X-TDR-Signature` is `sha256=` and the HMAC-SHA256, by the shared secret, of the timestamp in `X-TDR-Timestamp`, a dot
/// and the body; so an old request cannot be sent again as a new one. Only a 2xx answer is an arrival. Redirections are not
/// followed.
package struct Webhook: Courier {
    package let kind = "webhook"
    private let address: String
    private let secret: [UInt8]?
    private let timeoutSeconds: Int64
    private let seconds: @Sendable () -> Int64

    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// - Parameter seconds: The time since 1970 for the signature.
    package init(
        address: String, secret: [UInt8]?, timeoutSeconds: Int = 20, seconds: @escaping @Sendable () -> Int64
    ) throws(CourierFault) {
        let lower = address.lowercased()
        guard lower.hasPrefix("https://") || lower.hasPrefix("http://"), let url = URL(string: address), url.host != nil
        else { throw CourierFault("the address of the webhook is neither https:// nor http://") }
        self.address = address
        self.secret = secret
        self.timeoutSeconds = Int64(timeoutSeconds)
        self.seconds = seconds
    }

    package func deliver(_ letter: Letter) async throws {
        let stamp = String(seconds())
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "tdr")
        request.headers.add(name: "X-TDR-Notice-Id", value: letter.id)
        request.headers.add(name: "X-TDR-Event", value: letter.event)
        request.headers.add(name: "X-TDR-Timestamp", value: stamp)
        if let secret {
            request.headers.add(
                name: "X-TDR-Signature", value: Webhook.signature(of: letter.body, at: stamp, secret: secret))
        }
        request.body = .bytes(ByteBuffer(bytes: letter.body))
        let response: HTTPClientResponse
        do {
            response = try await Webhook.http.execute(request, timeout: .seconds(timeoutSeconds))
        } catch let error as CancellationError {
            throw error
        } catch {
            // Its words name the kind of failure, never the address, which may hold a secret.
            throw CourierFault("the webhook cannot be reached: \(Webhook.reason(error))")
        }
        guard (200..<300).contains(response.status.code) else {
            throw CourierFault("the webhook answered \(response.status.code)")
        }
    }

    /// The value of `X-TDR-Signature`.
    package static func signature(of body: [UInt8], at stamp: String, secret: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array((stamp + ".").utf8) + body, using: SymmetricKey(data: secret))
        return "sha256=" + Hex.encode(Array(code))
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? HTTPClientError { return error.shortDescription }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(type(of: error))"
    }
}
