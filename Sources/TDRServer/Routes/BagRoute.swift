import FoundationEssentials
import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// `GET /consignments/{id}/bag`: the bag itself, where whoever runs the server lets its owner have it.
struct BagRoute: Sendable {
    let archive: Archive
    let options: ServerOptions

    func add(to group: RouterGroup<APIContext>) {
        group.get("consignments/:id/bag") { request, context in
            let principal = try context.known()
            let id = try context.parameters.require("id")
            let facts = try await onThreads(archive.threads) {
                try archive.consignment(id, for: principal, .fetchBag)
            }
            return try await response(to: facts.consignment, request)
        }
    }

    /// Where the bag lies on this machine as one file, inside the folder of exports; nil when it does not.
    func place(of consignment: Consignment) -> BytePath? {
        guard let location = consignment.exportLocation, let target = options.target(for: consignment)?.text,
            !target.hasPrefix("s3://"), location.hasPrefix(target.hasSuffix("/") ? target : target + "/"),
            !location.contains("/../")
        else { return nil }
        return BytePath(location)
    }

    /// The digest in the file that the export has left beside the bag; nil when there is none.
    static func digest(beside bag: BytePath) -> SHA256Digest? {
        guard let file = try? OpenFile.reading(BytePath(bag.bytes + Array(".sha256".utf8))) else { return nil }
        let buffer = Buffer(count: 64)
        guard (try? file.fill(buffer.bytes)) == 64 else { return nil }
        return SHA256Digest(hex: Array(buffer.prefix(64)))
    }

    /// The bag of a consignment, with its digest; a part of it when the request asks for one.
    ///
    /// - Throws: ``APIError/notFound`` when it is not to be had here.
    func response(to consignment: Consignment, _ request: Request) async throws -> Response {
        let archive = self.archive
        guard options.offersBags, let place = place(of: consignment) else { throw APIError.notFound }
        let (bag, digest) = try await onThreads(archive.threads) {
            guard try archive.store.statuses(of: consignment)[.export] == .completed,
                let file = try? OpenFile.reading(place), try file.status().kind == .regular
            else { throw APIError.notFound }
            return (try FileBody(SharedFile(file), archive.uploadThreads), BagRoute.digest(beside: place))
        }
        let name = place.text?.split(separator: "/").last.map(String.init) ?? "bag"
        var headers: HTTPFields = [
            .contentType: "application/octet-stream", .acceptRanges: "bytes",
            .contentDisposition: "attachment; filename=\"\(name)\"",
        ]
        guard let digest else {
            // Nobody could tell whether parts belong together.
            headers[.acceptRanges] = "none"
            headers[.contentLength] = "\(bag.size)"
            return Response(status: .ok, headers: headers, body: bag.body)
        }
        headers[.reprDigest] = "sha-256=:\(Data(digest.bytes).base64EncodedString()):"
        headers[.eTag] = "\"\(digest.hex)\""
        let isThis = request.headers[.ifRange].map { $0 == headers[.eTag] } ?? true
        guard isThis, let wanted = request.headers[.range].flatMap({ ByteRange($0) }) else {
            headers[.contentLength] = "\(bag.size)"
            return Response(status: .ok, headers: headers, body: bag.body)
        }
        guard let range = wanted.range(of: bag.size) else {
            headers[.contentRange] = "bytes */\(bag.size)"
            headers[.contentLength] = "0"
            return Response(status: .rangeNotSatisfiable, headers: headers)
        }
        headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bag.size)"
        headers[.contentLength] = "\(range.count)"
        return Response(status: .partialContent, headers: headers, body: bag.body(range))
    }
}
