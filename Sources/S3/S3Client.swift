import AsyncHTTPClient
import FoundationEssentials
package import NIOCore
import NIOHTTP1
package import Streams

/// How an object is kept, beside its bytes.
package struct S3ObjectOptions: Sendable {
    package var storageClass: String?
    package var tags: [(name: String, value: String)] = []
    package init() {}

    var headers: [(String, String)] {
        var headers = [("content-type", "application/octet-stream")]
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if !tags.isEmpty { headers.append(("x-amz-tagging", S3Encoding.query(tags.map { ($0.name, $0.value) }))) }
        return headers
    }
}

/// How often and how long a request is tried.
package struct S3Patience: Sendable {
    package var tries = 5
    /// The first pause is at most this long, the next twice as long, and so on.
    package var firstPause = Duration.milliseconds(300)
    package var longestPause = Duration.seconds(10)
    package init() {}
}

/// Asks an S3 server. Every body is signed with its SHA-256; what fails on the way is tried again, a few times.
package struct S3Client: Sendable {
    /// What ``head(_:_:)`` tells.
    package struct ObjectFacts: Sendable {
        package let size: Int64
        package let etag: String
        /// `x-amz-checksum-sha256`, where the server keeps it.
        package let checksum: String?
        /// Whether it is encrypted by a key, so that its ETag is no MD5, whatever it looks like.
        package let isEncryptedByKey: Bool
    }

    /// A part as the server lists it.
    package struct ListedPart: Sendable {
        package let number: Int
        package let size: Int64
        package let etag: String
        /// Whether the server keeps its SHA-256.
        package let hasChecksum: Bool
    }

    /// What the server said to bytes that it took.
    package struct Receipt: Sendable {
        package let etag: String
        /// Whether the server keeps their SHA-256.
        package let hasChecksum: Bool
    }

    struct Answer {
        let headers: HTTPHeaders
        let body: [UInt8]
        func header(_ name: String) -> String? { headers.first(name: name) }
    }

    /// A body that can be sent again, with its digest.
    struct Payload {
        var bytes = ByteBuffer()
        var sha256 = S3Signer.emptyPayload
    }

    private static let mostText = 16 << 20
    // Lives as long as the program: its connections are shared by all clients.
    private static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(60))
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private let endpoint: S3Endpoint
    private let signer: S3Signer
    private let patience: S3Patience
    private let now: @Sendable () -> Int64

    package init(
        endpoint: S3Endpoint, credentials: S3Credentials, region: String, patience: S3Patience = S3Patience(),
        now: (@Sendable () -> Int64)? = nil
    ) {
        self.endpoint = endpoint
        signer = S3Signer(credentials, region: region)
        self.patience = patience
        self.now = now ?? { Int64(Date().timeIntervalSince1970) }
    }

    // MARK: Objects

    /// What is known of an object; nil when there is none.
    package func head(_ bucket: String, _ key: String) async throws -> ObjectFacts? {
        do {
            let answer = try await send(
                "HEAD", bucket, key, headers: [("x-amz-checksum-mode", "ENABLED")], doing: "look at")
            return ObjectFacts(
                size: answer.header("content-length").flatMap { Int64($0) } ?? -1,
                etag: answer.header("etag").map(plainETag) ?? "", checksum: answer.header("x-amz-checksum-sha256"),
                isEncryptedByKey: isEncryptedByKey(answer))
        } catch let failure as S3Failure where failure.kind == .noSuchKey {
            return nil
        }
    }

    /// Calls `body` with the bytes of an object as they come.
    ///
    /// - Throws: ``S3Failure``, also when fewer bytes come than were announced.
    package func get(_ bucket: String, _ key: String, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        let place = "read s3://\(bucket)/\(key)"
        let response = try await retrying(place) {
            let response = try await execute("GET", bucket, key, [], [], Payload(), limit: .hours(7 * 24))
            if response.status.code != 200 {
                throw S3Failure(doing: place, status: Int(response.status.code), body: try await text(of: response))
            }
            return response
        }
        let announced = response.headers.first(name: "content-length").flatMap { Int64($0) }
        var count: Int64 = 0
        do {
            for try await piece in response.body {
                count += Int64(piece.readableBytes)
                try piece.withUnsafeReadableBytes(body)
            }
        } catch let error as HTTPClientError {
            throw S3Failure(.unreachable, doing: place, detail: "\(error)")
        }
        if let announced, announced != count {
            throw S3Failure(.corrupted, doing: place, detail: "\(count) bytes came of \(announced)")
        }
    }

    /// Writes a whole object; with `onlyNew` only when nothing has its name. A server that does not know
    /// `If-None-Match` on a PUT is asked just before whether something has it.
    package func put(
        _ bucket: String, _ key: String, _ bytes: [UInt8], options: S3ObjectOptions = S3ObjectOptions(), onlyNew: Bool
    ) async throws {
        try await put(bucket, key, ByteBuffer(bytes: bytes), options: options, onlyNew: onlyNew)
    }

    /// The same from a buffer.
    package func put(
        _ bucket: String, _ key: String, _ bytes: ByteBuffer, options: S3ObjectOptions = S3ObjectOptions(),
        metadata: [(String, String)] = [], onlyNew: Bool
    ) async throws {
        var headers = options.headers
        headers += metadata.map { ("x-amz-meta-\($0)", $1) }
        let sha256 = digest(of: bytes)
        guard onlyNew else {
            _ = try await upload(bytes, sha256, bucket, key, [], headers, doing: "put")
            return
        }
        do {
            _ = try await upload(
                bytes, sha256, bucket, key, [], headers + [("if-none-match", "*")], doing: "put")
        } catch let failure as S3Failure where failure.kind == .notImplemented {
            guard try await head(bucket, key) == nil else {
                throw S3Failure(.exists, doing: failure.doing, detail: "an object has that key")
            }
            _ = try await upload(bytes, sha256, bucket, key, [], headers, doing: "put")
        }
    }

    /// Removes an object. None is fine.
    package func delete(_ bucket: String, _ key: String) async throws {
        do {
            _ = try await send("DELETE", bucket, key, doing: "delete")
        } catch let failure as S3Failure where failure.kind == .noSuchKey {
            return
        }
    }

    // MARK: Uploads in parts

    /// Begins an upload in parts: its id.
    package func createUpload(_ bucket: String, _ key: String, options: S3ObjectOptions) async throws -> String {
        let root = try await sendForXML(
            "POST", bucket, key, query: [("uploads", "")],
            headers: options.headers + [("x-amz-checksum-algorithm", "SHA256")], doing: "begin the upload of")
        guard let id = root.value("UploadId"), !id.isEmpty else {
            throw S3Failure(
                .other, doing: "begin the upload of s3://\(bucket)/\(key)", detail: "the answer has no UploadId")
        }
        return id
    }

    /// Sends a part, whose digest is `sha256`.
    ///
    /// - Parameter refusesOthers: Whether the server is known to refuse a body that has not the digest that was signed:
    ///   then by taking it the server has proved that it arrived, and an ETag says no more.
    package func uploadPart(
        _ bucket: String, _ key: String, upload id: String, number: Int, _ bytes: ByteBuffer, _ sha256: SHA256Digest,
        refusesOthers: Bool = false
    ) async throws -> Receipt {
        try await upload(
            bytes, sha256, bucket, key, [("partNumber", "\(number)"), ("uploadId", id)], [],
            doing: "send part \(number) of", provesByETag: !refusesOthers)
    }

    /// Whether the server refuses a part that has not the digest that was signed, found out by sending one, of a few bytes
    /// and with a number whose part is yet to come: a server that takes it has it replaced.
    package func refusesOtherBodies(_ bucket: String, _ key: String, upload id: String, number: Int) async -> Bool {
        let payload = Payload(
            bytes: ByteBuffer(string: "other bytes"), sha256: SHA256Digest.of(Array("these".utf8)).hex)
        let query = [("partNumber", "\(number)"), ("uploadId", id)]
        // Whatever goes wrong here says nothing: then ETags are compared.
        guard
            let response = try? await execute("PUT", bucket, key, query, [], payload, limit: .seconds(60)),
            let body = try? await text(of: response)
        else { return false }
        return response.status.code != 200
            && S3Failure(doing: "", status: Int(response.status.code), body: body).kind == .corrupted
    }

    /// The parts that the server has.
    package func listParts(_ bucket: String, _ key: String, upload id: String) async throws -> [ListedPart] {
        var found: [ListedPart] = []
        var query = [("uploadId", id)]
        while true {
            let root = try await sendForXML("GET", bucket, key, query: query, doing: "list the parts of")
            found += root.all("Part").compactMap { node in
                guard let number = node.value("PartNumber").flatMap({ Int($0) }), let etag = node.value("ETag"),
                    let size = node.value("Size").flatMap({ Int64($0) })
                else { return nil }
                return ListedPart(
                    number: number, size: size, etag: plainETag(etag),
                    hasChecksum: node.value("ChecksumSHA256") != nil)
            }
            // A marker that does not move would ask for ever.
            guard root.value("IsTruncated") == "true", let next = root.value("NextPartNumberMarker"),
                !query.contains(where: { $0.1 == next && $0.0 == "part-number-marker" })
            else { return found }
            query = [("uploadId", id), ("part-number-marker", next)]
        }
    }

    /// The uploads of one key that were begun and not ended.
    package func listUploads(_ bucket: String, key: String) async throws -> [String] {
        // The key is a prefix of others perhaps; its own uploads come first, since it is the shortest.
        let root = try await sendForXML(
            "GET", bucket, nil, query: [("uploads", ""), ("prefix", key)], doing: "list the uploads in")
        return root.all("Upload").compactMap { $0.value("Key") == key ? $0.value("UploadId") : nil }
    }

    /// Makes the object of its parts; nothing is done when something has its name.
    package func completeUpload(
        _ bucket: String, _ key: String, upload id: String, parts: [(number: Int, etag: String, sha256: SHA256Digest?)]
    ) async throws {
        var xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for part in parts {
            xml += "<Part><PartNumber>\(part.number)</PartNumber><ETag>&quot;\(part.etag)&quot;</ETag>"
            // Servers that do not keep digests do not know the element either.
            if let sha256 = part.sha256 { xml += "<ChecksumSHA256>\(base64(sha256.bytes))</ChecksumSHA256>" }
            xml += "</Part>"
        }
        xml += "</CompleteMultipartUpload>"
        let bytes = ByteBuffer(string: xml)
        let root = try await sendForXML(
            "POST", bucket, key, query: [("uploadId", id)],
            headers: [("if-none-match", "*"), ("content-type", "application/xml")],
            payload: Payload(bytes: bytes, sha256: digest(of: bytes).hex), doing: "complete")
        // Not every server names its answer as S3 does. What it has made is looked at afterwards.
        guard root.name == "CompleteMultipartUploadResult" || root.value("ETag") != nil else {
            throw S3Failure(.other, doing: "complete s3://\(bucket)/\(key)", detail: "the answer makes no sense")
        }
    }

    /// Gives an upload up: its parts are taken away. None is fine.
    package func abortUpload(_ bucket: String, _ key: String, upload id: String) async throws {
        do {
            _ = try await send("DELETE", bucket, key, query: [("uploadId", id)], doing: "abort the upload of")
        } catch let failure as S3Failure where [.noSuchUpload, .noSuchKey].contains(failure.kind) {
            return
        }
    }

    // MARK: Requests

    /// Sends bytes with their digests and proves by the answer that they arrived.
    private func upload(
        _ bytes: ByteBuffer, _ sha256: SHA256Digest, _ bucket: String, _ key: String, _ query: [(String, String)],
        _ headers: [(String, String)], doing: String, provesByETag: Bool = true
    ) async throws -> Receipt {
        let checksum = base64(sha256.bytes)
        let place = "\(doing) s3://\(bucket)/\(key)"
        let answer = try await send(
            "PUT", bucket, key, query: query, headers: headers + [("x-amz-checksum-sha256", checksum)],
            payload: Payload(bytes: bytes, sha256: sha256.hex), doing: doing
        ) { answer in
            let etag = answer.header("etag").map(plainETag) ?? ""
            if let kept = answer.header("x-amz-checksum-sha256") {
                if kept != checksum {
                    throw S3Failure(.corrupted, doing: place, detail: "the server has the SHA-256 \(kept)")
                }
            } else if provesByETag, isMD5(etag), !isEncryptedByKey(answer), etag != md5(of: bytes) {
                throw S3Failure(.corrupted, doing: place, detail: "the server has the MD5 \(etag)")
            }
        }
        return Receipt(
            etag: answer.header("etag").map(plainETag) ?? "",
            hasChecksum: answer.header("x-amz-checksum-sha256") != nil)
    }

    /// With keys of its own a server's ETag is no MD5.
    private func isEncryptedByKey(_ answer: Answer) -> Bool {
        (answer.header("x-amz-server-side-encryption") ?? "").hasPrefix("aws:")
            || answer.header("x-amz-server-side-encryption-customer-algorithm") != nil
    }

    func sendForXML(
        _ method: String, _ bucket: String, _ key: String?, query: [(String, String)] = [],
        headers: [(String, String)] = [], payload: Payload = Payload(), doing: String
    ) async throws -> XMLNode {
        let place = "\(doing) s3://\(bucket)\(key.map { "/\($0)" } ?? "")"
        let answer = try await send(
            method, bucket, key, query: query, headers: headers, payload: payload, doing: doing
        ) { answer in
            // Some errors come with 200, when the server began to answer before it knew.
            guard let root = XMLNode.root(of: answer.body) else {
                throw S3Failure(.busy, doing: place, detail: "the answer is no XML or is cut off")
            }
            if root.name == "Error" { throw S3Failure(doing: place, status: 200, body: answer.body) }
        }
        guard let root = XMLNode.root(of: answer.body) else {
            throw S3Failure(.other, doing: place, detail: "the answer is no XML")
        }
        return root
    }

    private func send(
        _ method: String, _ bucket: String, _ key: String?, query: [(String, String)] = [],
        headers: [(String, String)] = [], payload: Payload = Payload(), doing: String,
        proving prove: (Answer) throws -> Void = { _ in }
    ) async throws -> Answer {
        let place = "\(doing) s3://\(bucket)\(key.map { "/\($0)" } ?? "")"
        // Slow lines have their time: a tenth of a megabyte a second is enough.
        let limit = TimeAmount.seconds(300 + Int64(payload.bytes.readableBytes) / 100_000)
        return try await retrying(place) {
            let response = try await execute(method, bucket, key, query, headers, payload, limit: limit)
            let body = method == "HEAD" ? [] : try await text(of: response)
            let status = Int(response.status.code)
            guard (200..<300).contains(status) else { throw S3Failure(doing: place, status: status, body: body) }
            let answer = Answer(headers: response.headers, body: body)
            try prove(answer)
            return answer
        }
    }

    func text(of response: HTTPClientResponse) async throws -> [UInt8] {
        var body = try await response.body.collect(upTo: S3Client.mostText)
        return body.readBytes(length: body.readableBytes) ?? []
    }

    func execute(
        _ method: String, _ bucket: String, _ key: String?, _ query: [(String, String)],
        _ headers: [(String, String)], _ payload: Payload, limit: TimeAmount
    ) async throws -> HTTPClientResponse {
        let address = endpoint.address(bucket: bucket, key: key)
        var request = HTTPClientRequest(
            url: query.isEmpty ? address.url : "\(address.url)?\(S3Encoding.query(query))")
        request.method = HTTPMethod(rawValue: method)
        let signed = signer.sign(
            method: method, path: address.path, query: query, headers: [("host", address.host)] + headers,
            payload: payload.sha256, at: now())
        request.headers = HTTPHeaders(signed)
        request.headers.add(name: "user-agent", value: "tdr")
        if method == "PUT" || method == "POST" { request.body = .bytes(payload.bytes) }
        return try await S3Client.http.execute(request, timeout: limit)
    }

    /// Tries again what may go better, with growing pauses of random length; what was damaged on the way only once.
    func retrying<Result>(_ doing: String, _ body: () async throws -> Result) async throws -> Result {
        var damaged = false
        var pause = patience.firstPause
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                try Task.checkCancellation()
                let failure = error as? S3Failure ?? S3Failure(.unreachable, doing: doing, detail: "\(error)")
                switch failure.kind {
                case .busy, .unreachable: if attempt >= patience.tries { throw failure }
                case .corrupted:
                    if damaged { throw failure }
                    damaged = true
                default: throw failure
                }
                try await Task.sleep(for: pause * Double.random(in: 0.5...1))
                attempt += 1
                pause = min(pause * 2, patience.longestPause)
            }
        }
    }
}
