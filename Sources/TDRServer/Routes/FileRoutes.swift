import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `PUT /consignments/{id}/files/{fileId}`: the bytes of one declared file, whole or from where they broke off;
/// `HEAD`: how many there are.
struct FileRoutes: Sendable {
    /// Bytes from which on it is faster to hash them on another thread than here.
    private static let worthSharing = 128 << 10

    let archive: Archive

    func add(to group: RouterGroup<APIContext>) {
        group.put("consignments/:id/files/:file", use: put)
        group.head("consignments/:id/files/:file", use: head)
    }

    private func expected(_ context: APIContext) async throws -> ExpectedFile {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        guard let file = RecordID(try context.parameters.require("file")) else { throw APIError.notFound }
        return try await onThreads(archive.threads) {
            let facts = try archive.consignment(id, for: principal, .upload)
            guard let expected = try archive.store.expectedFile(file, of: facts.consignment) else {
                throw APIError.notFound
            }
            return expected
        }
    }

    @Sendable private func head(_ request: Request, context: APIContext) async throws -> Response {
        let expected = try await expected(context)
        let offset = try await onThreads(archive.threads) {
            expected.isReceived ? expected.size : PartialFile.received(expected, in: archive.store)
        }
        return Response(
            status: .ok, headers: [.uploadOffset: "\(offset)", .uploadLength: "\(expected.size)"])
    }

    @Sendable private func put(_ request: Request, context: APIContext) async throws -> Response {
        let expected = try await expected(context)
        let digests = try DigestFields(request.headers)
        if let whole = digests.whole, !expected.awaitsDigest, whole != expected.sha256 {
            throw APIError(
                .unprocessableContent, .digestMismatch,
                "the file was declared with SHA-256 \(expected.sha256) and is sent as \(whole)")
        }
        let range = try range(request, expected)
        if expected.isReceived { return try await again(request, expected, range) }
        let length = request.headers[.contentLength].flatMap { Int64($0) }
        let wanted = range.map { $0.last - $0.first + 1 } ?? expected.size
        if let length, length != wanted {
            throw APIError(
                length > wanted ? .contentTooLarge : .unprocessableContent,
                length > wanted ? .tooLarge : .invalidInput, "\(wanted) bytes are expected and \(length) announced")
        }
        return try await withTaskExecutorPreference(archive.uploadThreads) {
            try await take(request, expected, range, wanted, digests)
        }
    }

    private func range(_ request: Request, _ expected: ExpectedFile) throws -> ContentRange? {
        guard let text = request.headers[.contentRange] else { return nil }
        guard let range = ContentRange(text) else {
            throw APIError(.badRequest, .badRequest, "Content-Range is not 'bytes FIRST-LAST/TOTAL'")
        }
        guard range.total == expected.size else {
            throw APIError(
                .unprocessableContent, .invalidInput,
                "the file was declared with \(expected.size) bytes and Content-Range says \(range.total)")
        }
        return range
    }

    /// Writes what comes, and keeps it when the connection breaks.
    private func take(
        _ request: Request, _ expected: ExpectedFile, _ range: ContentRange?, _ wanted: Int64, _ digests: DigestFields
    ) async throws -> Response {
        let partial: PartialFile
        do {
            partial = try PartialFile(
                expected, in: archive.store, range.map { .at($0.first) } ?? .anew, digestsPiece: digests.piece != nil,
                digests: archive.digests)
        } catch DeliveryError.wrongOffset(let offset) {
            throw APIError(
                .conflict, .conflict, "the next byte that is wanted is number \(offset)",
                headers: [.uploadOffset: "\(offset)"])
        }
        let from = partial.count
        let pace = Pace()
        for try await buffer in request.body {
            guard partial.count - from + Int64(buffer.readableBytes) <= wanted else {
                try partial.takeBack()
                throw APIError(.contentTooLarge, .tooLarge, "more than the \(wanted) bytes that are expected")
            }
            try await write(buffer, to: partial)
            archive.metrics.received(bytes: buffer.readableBytes)
            try pace.check(partial.count - from)
        }
        let here = partial.count - from
        guard here == wanted else {
            throw APIError(
                .badRequest, .badRequest, "\(wanted) bytes are expected and \(here) came; go on from there",
                headers: [.uploadOffset: "\(partial.count)"])
        }
        if let piece = digests.piece, let computed = partial.pieceDigest, piece != computed {
            try partial.takeBack()
            throw APIError(
                .unprocessableContent, .digestMismatch, "Content-Digest says \(piece) and the bytes have \(computed)",
                headers: [.uploadOffset: "\(partial.count)"])
        }
        guard partial.isWhole, !expected.awaitsDigest else {
            try partial.pause()
            return Response(
                status: .accepted,
                headers: [.uploadOffset: "\(partial.count)", .uploadLength: "\(expected.size)"])
        }
        try await archive.book.enter(try partial.prove())
        archive.metrics.uploaded()
        return Response(
            status: .created, headers: [.uploadOffset: "\(expected.size)", .uploadLength: "\(expected.size)"])
    }

    /// Writes a piece. A large one is hashed on one thread while another writes it.
    private func write(_ piece: ByteBuffer, to partial: PartialFile) async throws {
        guard piece.readableBytes >= FileRoutes.worthSharing else {
            return try piece.withUnsafeReadableBytes { try partial.write($0) }
        }
        let hashing = partial.hashing
        async let hashed: Void = onThreads(archive.uploadThreads) {
            piece.withUnsafeReadableBytes { hashing.update($0) }
        }
        try piece.withUnsafeReadableBytes { try partial.keep($0) }
        try await hashed
    }

    /// The file is there. Who sends the same once more, since the answer was lost, is told so; anything else is refused.
    private func again(_ request: Request, _ expected: ExpectedFile, _ range: ContentRange?) async throws -> Response {
        if request.headers[.ifNoneMatch] == "*" {
            throw APIError(
                .preconditionFailed, .precondition, "the file is there already",
                headers: [.uploadOffset: "\(expected.size)"])
        }
        guard range == nil else {
            throw APIError(
                .conflict, .conflict, "the file is there already", headers: [.uploadOffset: "\(expected.size)"])
        }
        let isSame = try await withTaskExecutorPreference(archive.uploadThreads) {
            var hasher = SHA256Hasher()
            var count: Int64 = 0
            for try await buffer in request.body {
                count += Int64(buffer.readableBytes)
                if count > expected.size { return false }
                buffer.withUnsafeReadableBytes { hasher.update($0) }
            }
            return hasher.finish() == expected.sha256
        }
        guard isSame else {
            throw APIError(.conflict, .conflict, "the file is there already, with other bytes; nothing was changed")
        }
        return Response(status: .noContent)
    }
}
