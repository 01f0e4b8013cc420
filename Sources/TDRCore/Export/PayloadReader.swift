import Streams

/// One step of a payload on its way into a bag.
struct PayloadPiece: Sendable {
    enum Start: Sendable {
        case folder(RelativePath)
        /// `modified` is nil for the time of the export.
        case file(RelativePath, size: Int64, modified: Timestamp?)
    }

    /// A folder, or a file that begins with this piece; nil when the file of the piece before goes on.
    let start: Start?
    /// The next bytes; nil for a folder.
    let chunk: Chunk?
    /// How many of the chunk's bytes count.
    let count: Int
    /// Whether the file ends with this piece.
    let endsFile: Bool
}

/// A buffer on its way between two threads.
final class Chunk: Sendable {
    static let bytes = 1 << 20
    let buffer = Buffer(count: Chunk.bytes)
}

/// Reads the payload of a consignment from the store, in the order of the bag, and proves on the way that every byte is
/// what the check saw. Runs on a thread of its own, some chunks ahead of whoever writes them.
struct PayloadReader: Sendable {
    let consignment: Consignment
    let store: Store
    let meter: ProgressMeter
    /// Where the pieces go.
    let pieces: BoundedQueue<PayloadPiece>
    /// Where empty chunks come from, and to where the writer gives them back.
    let free: BoundedQueue<Chunk>
    /// The paths of the bag; nil when they are those of the consignment.
    var paths: SafePaths?
    /// Whether the files keep their own times.
    var keepsTimes = false
    /// Takes the digests beside SHA-256, made in the same read.
    var further: FurtherManifests?

    /// The writer has given up; the reader stops without a word of its own.
    struct Abandoned: Error {}

    func run() throws {
        defer { pieces.close() }
        let folder = try openFolder()
        let bagPath = SafePathWalk(paths)
        if let long = paths?.longFolder {
            try push(PayloadPiece(start: .folder(long), chunk: nil, count: 0, endsFile: false))
        }
        try store.forEachPayloadEntry(of: consignment) { entry in
            try Task.checkCancellation()
            switch entry {
            case .folder(let path):
                try push(PayloadPiece(start: .folder(try bagPath(path)), chunk: nil, count: 0, endsFile: false))
            case .file(let file): try read(file, as: try bagPath(file.key.path), from: folder)
            }
        }
    }

    private func openFolder() throws -> ObjectFolder {
        do {
            return try ObjectFolder(of: consignment, in: store)
        } catch {
            throw CheckError.noBytes(consignment.reference, "\(error)")
        }
    }

    private func read(_ file: StoredFile, as bagPath: RelativePath, from folder: borrowing ObjectFolder) throws {
        let path = file.key.path
        do {
            let open = try folder.open(file.key)
            let before = try open.status()
            guard before.kind == .regular, before.size == file.size else {
                throw ExportError.unreadable(path, reason: "it has \(before.size) bytes and should have \(file.size)")
            }
            var hasher = SHA256Hasher()
            var digests = DigestSet(further?.algorithms ?? [])
            var offset: Int64 = 0
            repeat {
                try Task.checkCancellation()
                guard let chunk = free.pop() else { throw Abandoned() }
                let count = try open.fill(chunk.buffer.bytes)
                hasher.update(chunk.buffer.prefix(count))
                digests.update(chunk.buffer.prefix(count))
                let isFirst = offset == 0
                offset += Int64(count)
                guard offset <= file.size, count > 0 || file.size == 0 else {
                    throw ExportError.unreadable(path, reason: "its size changed while it was read")
                }
                let ends = offset == file.size
                if ends {
                    try prove(file, hasher.finish())
                    try further?.append(digests.finish(), of: bagPath)
                }
                try push(
                    PayloadPiece(
                        start: isFirst ? .file(bagPath, size: file.size, modified: modified(file)) : nil, chunk: chunk,
                        count: count, endsFile: ends))
                meter.add(files: ends ? 1 : 0, bytes: Int64(count))
            } while offset < file.size
            guard try open.status().showsNoChange(since: before) else {
                throw ExportError.unreadable(path, reason: "it changed while it was read")
            }
        } catch let fault as SystemFault {
            throw ExportError.unreadable(path, reason: fault.reason)
        }
    }

    private func modified(_ file: StoredFile) -> Timestamp? {
        keepsTimes ? file.modified.map { Timestamp(nanoseconds: $0) } : nil
    }

    private func prove(_ file: StoredFile, _ found: SHA256Digest) throws {
        if found != file.sha256 { throw ExportError.altered(file.key.path, recorded: file.sha256, found: found) }
    }

    private func push(_ piece: PayloadPiece) throws {
        guard pieces.push(piece) else { throw Abandoned() }
    }
}
