import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `POST /consignments/{id}/files`: the bytes of many small files at once, as a ``Bundle``.
///
/// A file costs a fraction of what a request of its own costs, and all of them are recorded together. The answer comes
/// when they are in the store for good, and names those that were refused.
struct BundleRoute: Sendable {
    private static let mostBytes = 16 << 20
    private static let mostFiles = 2000

    let archive: Archive

    func add(to group: RouterGroup<APIContext>) { group.post("consignments/:id/files", use: post) }

    @Sendable private func post(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > BundleRoute.mostBytes {
            throw tooLarge
        }
        let facts = try await onThreads(archive.threads) { try archive.consignment(id, for: principal, .upload) }
        return PlainRoutes.json(
            try await withTaskExecutorPreference(archive.uploadThreads) { try await take(request, facts.consignment) })
    }

    private var tooLarge: APIError {
        APIError(.contentTooLarge, .tooLarge, "a bundle has at most \(BundleRoute.mostBytes) bytes")
    }

    private func take(_ request: Request, _ consignment: Consignment) async throws -> Answer {
        var bundle = Bundle()
        var intake = BundleIntake(archive: archive, consignment: consignment)
        var count = 0
        var files = 0
        let pace = Pace()
        for try await buffer in request.body {
            count += buffer.readableBytes
            guard count <= BundleRoute.mostBytes else { throw tooLarge }
            archive.metrics.received(bytes: buffer.readableBytes)
            try pace.check(Int64(count))
            var buffer = buffer
            while let part = try bundle.next(&buffer) {
                if case .file = part { files += 1 }
                guard files <= BundleRoute.mostFiles else {
                    throw APIError(
                        .contentTooLarge, .tooLarge, "a bundle has at most \(BundleRoute.mostFiles) files")
                }
                try intake.take(part)
            }
        }
        guard bundle.isWhole else { throw APIError(.badRequest, .badRequest, "the bundle ends within a file") }
        return try await intake.finish()
    }

    struct Answer: Encodable {
        struct Refused: Encodable {
            let id: String
            let code: String
            let message: String
        }
        let received: Int
        let refused: [Refused]
    }
}

/// The files of one bundle on their way in, one after the other.
private struct BundleIntake {
    /// What is done with the bytes of the file that has begun.
    private enum Way {
        case write(PartialFile)
        /// It is there: who sends the same once more is told so, anything else is refused.
        case compare(ExpectedFile, SHA256Hasher)
        case skip
    }

    private let archive: Archive
    private let consignment: Consignment
    private var id: RecordID?
    private var way = Way.skip
    private var proved: [ProvedFile] = []
    private var ids: [RecordID] = []
    private var known = 0
    private var refused: [BundleRoute.Answer.Refused] = []

    init(archive: Archive, consignment: Consignment) {
        self.archive = archive
        self.consignment = consignment
    }

    mutating func take(_ part: Bundle.Part) throws {
        do {
            switch part {
            case .file(let id, let count):
                try endFile()
                self.id = id
                way = try way(for: id, count)
            case .bytes(let bytes):
                switch way {
                case .write(let partial): try bytes.withUnsafeReadableBytes { try partial.write($0) }
                case .compare(let expected, var hasher):
                    way = .skip  // so that the hasher is not copied
                    bytes.withUnsafeReadableBytes { hasher.update($0) }
                    way = .compare(expected, hasher)
                case .skip: break
                }
            }
        } catch {
            try refuse(error)
        }
    }

    /// Records what has arrived.
    mutating func finish() async throws -> BundleRoute.Answer {
        try endFile()
        var received = known
        for (id, failure) in zip(ids, await archive.book.enter(proved)) {
            if let failure {
                self.id = id
                try refuse(failure)
            } else {
                received += 1
                archive.metrics.uploaded()
            }
        }
        return BundleRoute.Answer(received: received, refused: refused)
    }

    private func way(for id: RecordID, _ count: Int64) throws -> Way {
        guard let expected = try archive.store.expectedFile(id, of: consignment) else { throw APIError.notFound }
        guard count == expected.size else { throw DeliveryError.wrongSize(declared: expected.size, received: count) }
        if expected.isReceived { return .compare(expected, SHA256Hasher()) }
        return .write(
            try PartialFile(
                expected, in: archive.store, .anew, digestsPiece: false, digests: archive.digests))
    }

    private mutating func endFile() throws {
        guard let id else { return }
        let ended = way
        way = .skip
        do {
            switch ended {
            case .write(let partial):
                proved.append(try partial.prove())
                ids.append(id)
            case .compare(let expected, let hasher):
                let digest = hasher.finish()
                guard digest == expected.sha256 else {
                    throw DeliveryError.mismatch(declared: expected.sha256.hex, received: digest.hex)
                }
                known += 1
            case .skip: break
            }
            self.id = nil
        } catch {
            try refuse(error)
        }
    }

    /// A file at fault keeps no other from arriving; a store at fault ends it all.
    private mutating func refuse(_ error: any Error) throws {
        let known = APIError(error)
        guard known.status.code < 500, let id else { throw error }
        refused.append(BundleRoute.Answer.Refused(id: "\(id)", code: known.code.rawValue, message: known.message))
        self.id = nil
        way = .skip
    }
}
