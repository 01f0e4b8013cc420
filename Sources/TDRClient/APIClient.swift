import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
public import Streams
import TDRCore

/// Asks a tdr server, and tries again what the network has lost.
public struct APIClient: Sendable {
    private static let tries = 6
    private static let busyTries = 7
    private static let largestAnswer = 64 << 20
    /// Clients by the authority they trust, an empty path for those that the machine trusts. They live as long as the
    /// program: their connections are shared.
    private static let clients = Guarded<[BytePath: HTTPClient]>([:])

    private static func client(trusting authority: BytePath?) throws(ClientError) -> HTTPClient {
        let place = authority ?? BytePath([UInt8]())
        if let known = clients.withLock({ $0[place] }) { return known }
        // A token must not follow a redirect to somebody else.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(90))
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        if let authority {
            var tls = TLSConfiguration.makeClientConfiguration()
            do {
                let certificates = try NIOSSLCertificate.fromPEMFile(authority.display)
                if certificates.isEmpty { throw ClientError.badAuthority(authority, reason: "it holds no certificate") }
                tls.trustRoots = .certificates(certificates)
            } catch let error as ClientError {
                throw error
            } catch {
                throw ClientError.badAuthority(authority, reason: "\(error)")
            }
            configuration.tlsConfiguration = tls
        }
        return clients.withLock { clients in
            if let known = clients[place] { return known }
            let made = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            clients[place] = made
            return made
        }
    }

    /// The server's address, without a slash at its end.
    let server: String
    private let token: String
    private let http: HTTPClient

    /// A client of `server` that shows `token`.
    ///
    /// - Parameter authority: the certificate, PEM, of whoever certifies the server; nil for those that the machine
    ///   trusts.
    /// - Throws: ``ClientError``.
    public init(server: String, token: String?, authority: BytePath? = nil) throws {
        var server = server
        while server.hasSuffix("/") { server.removeLast() }
        let isLoopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains {
            server == $0 || server.hasPrefix($0 + ":") || server.hasPrefix($0 + "/")
        }
        guard server.hasPrefix("https://") || server.hasPrefix("http://"),
            server.utf8.allSatisfy({ (33...126).contains($0) })
        else { throw ClientError.badServer(server) }
        guard server.hasPrefix("https://") || isLoopback else { throw ClientError.needsTLS(server) }
        guard let token, !token.isEmpty, token.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw ClientError.noToken(server)
        }
        self.server = server
        self.token = token
        http = try APIClient.client(trusting: authority)
    }

    // MARK: GraphQL

    private struct Question<Variables: Encodable>: Encodable {
        let query: String
        let variables: Variables
    }

    private struct Answer<Value: Decodable>: Decodable {
        struct Fault: Decodable {
            struct Extensions: Decodable { let code: String? }
            let message: String
            let extensions: Extensions?
        }
        let data: Value?
        let errors: [Fault]?
    }

    /// Asks; an answer with errors is thrown. What somebody else works on is asked for again for half a minute.
    ///
    /// - Parameter isRepeatable: whether asking twice is as good as asking once, so that a lost answer can be asked for
    ///   again.
    /// - Throws: ``ClientError``, `CancellationError`.
    func ask<Value: Decodable>(
        _ query: String, _ variables: some Encodable, as type: Value.Type = Value.self, isRepeatable: Bool = true
    ) async throws -> Value {
        let body = try JSONEncoder().encode(Question(query: query, variables: variables))
        var attempt = 0
        while true {
            do {
                return try await ask(body, isRepeatable: isRepeatable)
            } catch let error as ClientError where error.isBusy && attempt < APIClient.busyTries {
                attempt += 1
                try await APIClient.rest(attempt)
            }
        }
    }

    private func ask<Value: Decodable>(_ body: Data, isRepeatable: Bool) async throws -> Value {
        let (status, _, bytes) = try await send(isRepeatable: isRepeatable) {
            var request = request("\(server)/graphql", .POST)
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
            return request
        }
        guard let answer = try? JSONDecoder().decode(Answer<Value>.self, from: Data(bytes)) else {
            throw ClientError.strange(server, reason: "status \(status), and no answer that can be read")
        }
        if let fault = answer.errors?.first {
            throw ClientError.answered(fault.message, code: fault.extensions?.code ?? "")
        }
        guard let value = answer.data else { throw ClientError.strange(server, reason: "an answer without data") }
        return value
    }

    // MARK: Bytes

    /// How a piece of a file was taken.
    enum Sent: Equatable {
        /// All of the file is there now.
        case whole
        /// The server wants to go on from this byte.
        case goOn(from: Int64)
        /// The bytes are not those that were declared.
        case mismatch(String)
    }

    /// How much of a file has arrived.
    func received(_ path: String) async throws -> Int64 {
        let (status, headers, _) = try await send(isRepeatable: true) { request(server + path, .HEAD) }
        guard status == 200, let offset = headers.first(name: "Upload-Offset").flatMap({ Int64($0) }) else {
            throw ClientError.strange(server, reason: "status \(status) for the state of a file")
        }
        return offset
    }

    /// Sends the bytes of a file from `offset` on. Whatever breaks is told as where to go on.
    func put(
        _ path: String, size: Int64, from offset: Int64, _ bytes: @escaping @Sendable () throws -> FileBytes
    ) async throws -> Sent {
        var request = request(server + path, .PUT)
        if offset > 0 {
            // All of it has arrived when the server was cut off before it could record that: nothing is left to send.
            let bytes = offset == size ? "*" : "\(offset)-\(size - 1)"
            request.headers.add(name: "Content-Range", value: "bytes \(bytes)/\(size)")
        }
        if size > offset { request.body = .stream(try bytes(), length: .known(size - offset)) }
        let response = try await http.execute(request, timeout: .hours(24 * 7))
        let body = try await response.body.collect(upTo: 1 << 20)
        switch response.status.code {
        case 200, 201, 204: return .whole
        case 401: throw ClientError.refused(server)
        default: break
        }
        let fault = try? JSONDecoder().decode(Answer<String>.self, from: Data(body.readableBytesView)).errors?.first
        if let next = response.headers.first(name: "Upload-Offset").flatMap({ Int64($0) }) {
            return next == size ? .whole : .goOn(from: next)
        }
        if fault?.extensions?.code == "DIGEST_MISMATCH" || response.status.code == 413 {
            return .mismatch(fault?.message ?? "it has another size")
        }
        throw ClientError.answered(
            fault?.message ?? "the server answers \(response.status.code)", code: fault?.extensions?.code ?? "")
    }

    // MARK: Documents

    /// Reads a document piece by piece.
    ///
    /// - Parameter sent: What is sent for it; nil for a document that is there without.
    /// - Throws: ``ClientError``, and what `body` throws.
    func get<Value>(
        _ path: String, sending sent: [UInt8]? = nil, _ body: (HTTPClientResponse.Body) async throws -> Value
    ) async throws -> Value {
        var request = request(server + path, sent == nil ? .GET : .POST)
        if let sent {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: sent))
        }
        let response = try await execute(request, .hours(24))
        try await check(response)
        return try await body(response.body)
    }

    /// Reads a document of JSON Lines, a line at a time.
    ///
    /// - Throws: ``ClientError``, and what `body` throws.
    func forEachLine<Line: Decodable>(
        _ path: String, as type: Line.Type, _ body: (Line) throws -> Void
    ) async throws {
        try await get(path) { pieces in
            var rest = ByteBuffer()
            let decoder = JSONDecoder()
            for try await var piece in pieces {
                rest.writeBuffer(&piece)
                while let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = rest.readBytes(length: end - rest.readerIndex) ?? []
                    rest.moveReaderIndex(forwardBy: 1)
                    guard let value = try? decoder.decode(Line.self, from: Data(line)) else {
                        throw ClientError.strange(server, reason: "a line that makes no sense")
                    }
                    try body(value)
                }
                rest.discardReadBytes()
            }
            guard rest.readableBytes == 0 else {
                throw ClientError.unreachable(server, reason: "the answer ends in the middle of a line")
            }
        }
    }

    /// What a server gives of a document whose digest it names.
    struct Part {
        /// The digest of all of it.
        let digest: SHA256Digest
        /// Which byte of it comes first.
        let offset: Int64
        /// nil when all of it has come before.
        let bytes: HTTPClientResponse.Body?
    }

    /// The same of a document whose digest the server gives, from `offset` on if it is still the one with this digest.
    func getProved<Value>(
        _ path: String, from offset: Int64, of known: SHA256Digest?, _ body: (Part) async throws -> Value
    ) async throws -> Value {
        var request = request(server + path, .GET)
        if offset > 0, let known {
            request.headers.add(name: "Range", value: "bytes=\(offset)-")
            request.headers.add(name: "If-Range", value: "\"\(known.hex)\"")
        }
        let response = try await execute(request, .hours(24))
        if response.status.code == 404 { throw ClientError.bagNotOffered(server) }
        // All of it has come when the connection broke before the end was known.
        let isPart = response.status.code == 206 || response.status.code == 416
        if !isPart { try await check(response) }
        let field = response.headers.first(name: "Repr-Digest") ?? ""
        guard field.hasPrefix("sha-256=:"), field.hasSuffix(":"),
            let bytes = Data(base64Encoded: String(field.dropFirst(9).dropLast())), let digest = SHA256Digest(bytes)
        else { throw ClientError.strange(server, reason: "a bag without its digest") }
        if response.status.code == 206 {
            let range = response.headers.first(name: "Content-Range") ?? ""
            guard digest == known, range.hasPrefix("bytes \(offset)-") else {
                throw ClientError.strange(server, reason: "another part of the bag than was asked for")
            }
        }
        return try await body(
            Part(
                digest: digest, offset: isPart ? offset : 0, bytes: response.status.code == 416 ? nil : response.body))
    }

    /// Sends a document and reads what comes of it, be it taken or refused for what it says.
    ///
    /// - Throws: ``ClientError``.
    func post<Value: Decodable, Bytes: AsyncSequence & Sendable>(
        _ path: String, as type: Value.Type, of kind: String, size: Int64, _ bytes: () throws -> Bytes
    ) async throws -> Value where Bytes.Element == ByteBuffer {
        for attempt in 1... {
            var request = request(server + path, .POST)
            request.headers.add(name: "Content-Type", value: kind)
            request.body = .stream(try bytes(), length: .known(size))
            let response = try await execute(request, .hours(24))
            // Somebody works on the consignment just now.
            if response.status.code == 503, attempt < APIClient.tries {
                try await APIClient.rest(attempt)
                continue
            }
            if response.status.code != 422 { try await check(response) }
            let body = try await response.body.collect(upTo: APIClient.largestAnswer)
            if let value = try? JSONDecoder().decode(Value.self, from: Data(body.readableBytesView)) { return value }
            throw fault(Array(body.readableBytesView), Int(response.status.code))
        }
        throw ClientError.unreachable(server, reason: "it is busy")
    }

    /// - Throws: ``ClientError`` unless the answer is the good one.
    private func check(_ response: HTTPClientResponse) async throws {
        if response.status.code == 200 { return }
        if response.status.code == 401 { throw ClientError.refused(server) }
        let body = try await response.body.collect(upTo: 1 << 20)
        throw fault(Array(body.readableBytesView), Int(response.status.code))
    }

    private func fault(_ body: [UInt8], _ status: Int) -> ClientError {
        let fault = try? JSONDecoder().decode(Answer<String>.self, from: Data(body)).errors?.first
        return .answered(
            fault?.message ?? "the server answers \(status)", code: fault?.extensions?.code ?? "")
    }

    // MARK: Requests

    private func request(_ url: String, _ method: HTTPMethod) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        request.headers.add(name: "Accept", value: "application/json")
        return request
    }

    /// Sends a request once.
    ///
    /// - Throws: ``ClientError``, `CancellationError`, and what the body of the request throws.
    private func execute(_ request: HTTPClientRequest, _ timeout: TimeAmount) async throws -> HTTPClientResponse {
        do {
            return try await http.execute(request, timeout: timeout)
        } catch let error as HTTPClientError {
            if error == .cancelled { throw CancellationError() }
            throw ClientError.unreachable(server, reason: "\(error)")
        } catch let error where APIClient.isNetwork(error) {
            throw ClientError.unreachable(server, reason: "\(error)")
        }
    }

    /// Sends a request and reads its answer, again after a while when the network or the server does not.
    private func send(
        isRepeatable: Bool, _ make: () -> HTTPClientRequest
    ) async throws -> (status: Int, headers: HTTPHeaders, body: [UInt8]) {
        var reason = ""
        for attempt in 0..<APIClient.tries {
            if attempt > 0 { try await APIClient.rest(attempt) }
            do {
                let response = try await http.execute(make(), timeout: .seconds(90))
                let body = try await response.body.collect(upTo: APIClient.largestAnswer)
                let status = Int(response.status.code)
                if status == 401 { throw ClientError.refused(server) }
                if status != 429, status < 502 {
                    return (status, response.headers, Array(body.readableBytesView))
                }
                reason = "status \(status)"
            } catch let error as ClientError {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                if error as? HTTPClientError == .cancelled { throw CancellationError() }
                // That does not change by trying again.
                if error is NIOSSLError || error is NIOSSLExtraError {
                    throw ClientError.untrusted(server, reason: "\(error)")
                }
                reason = "\(error)"
                // It may have been done, although the answer was lost.
                if !isRepeatable, !APIClient.isConnecting(error) { break }
            }
        }
        throw ClientError.unreachable(server, reason: reason)
    }

    /// Whether it is the network that failed.
    static func isNetwork(_ error: any Error) -> Bool {
        error is HTTPClientError || error is NIOConnectionError || error is ChannelError || error is IOError
            || error is HTTPParserError
    }

    /// Whether something was lost on the way and may be asked for again.
    static func isLoss(_ error: any Error) -> Bool {
        if case ClientError.unreachable = error { return true }
        return isNetwork(error)
    }

    /// Whether nothing can have been sent.
    private static func isConnecting(_ error: any Error) -> Bool {
        error is NIOConnectionError || error as? HTTPClientError == .connectTimeout
    }

    /// A pause that doubles, and that differs for each who waits.
    static func rest(_ attempt: Int) async throws {
        try await Task.sleep(for: .milliseconds(Int.random(in: 100...200) << min(attempt, 6)))
    }
}
