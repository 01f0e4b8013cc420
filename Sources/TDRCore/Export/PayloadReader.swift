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
    /// Where its bytes are in the chunk of its batch.
    var bytes = 0..<0
    /// Whether the file ends with this piece.
    var endsFile = false
}

/// Pieces that are handed over together: many small files or a part of a large one, so that handing over costs little.
struct PayloadBatch: Sendable {
    static let mostPieces = 256
    var pieces: [PayloadPiece] = []
    /// What the pieces have bytes of; nil when they have none.
    var chunk: Chunk?
    /// How much of the chunk is used.
    var used = 0
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
    let batches: BoundedQueue<PayloadBatch>
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
        defer { batches.close() }
        let stored = try StoredBytes(of: consignment, in: store)
        let bagPath = SafePathWalk(paths)
        var batch = PayloadBatch()
        func add(folder: RelativePath) throws {
            batch.pieces.append(PayloadPiece(start: .folder(folder)))
            if batch.pieces.count >= PayloadBatch.mostPieces { try push(&batch) }
        }
        if let long = paths?.longFolder { try add(folder: long) }
        try store.forEachPayloadEntry(of: consignment) { entry in
            try Task.checkCancellation()
            switch entry {
            case .folder(let path): try add(folder: bagPath(path))
            case .file(let file): try read(file, as: bagPath(file.key.path), from: stored, into: &batch)
            }
        }
        try push(&batch)
    }

    private func read(
        _ file: StoredFile, as bagPath: RelativePath, from stored: StoredBytes, into batch: inout PayloadBatch
    ) throws {
        let path = file.key.path
        do {
            let open = try stored.open(file.key)
            guard open.kind == .regular, open.size == file.size else {
                throw ExportError.unreadable(path, reason: "it has \(open.size) bytes and should have \(file.size)")
            }
            var hasher = SHA256Hasher()
            var digests = DigestSet(further?.algorithms ?? [])
            var offset: Int64 = 0
            repeat {
                try Task.checkCancellation()
                let wanted = Int(min(file.size - offset, Int64(Chunk.bytes)))
                let room = try room(for: wanted, in: &batch)
                let count = try open.source.read(into: room, at: offset)
                guard count == wanted else {
                    throw ExportError.unreadable(path, reason: "its size changed while it was read")
                }
                hasher.update(UnsafeRawBufferPointer(room))
                digests.update(UnsafeRawBufferPointer(room))
                let isFirst = offset == 0
                offset += Int64(count)
                let ends = offset == file.size
                if ends {
                    guard try open.isUnchanged() else {
                        throw ExportError.unreadable(path, reason: "it changed while it was read")
                    }
                    try prove(file, hasher.finish())
                    try further?.append(digests.finish(), of: bagPath)
                }
                batch.pieces.append(
                    PayloadPiece(
                        start: isFirst ? .file(bagPath, size: file.size, modified: modified(file)) : nil,
                        bytes: batch.used..<(batch.used + count), endsFile: ends))
                batch.used += count
                meter.add(files: ends ? 1 : 0, bytes: Int64(count))
            } while offset < file.size
        } catch let fault as SystemFault {
            throw ExportError.unreadable(path, reason: fault.reason)
        }
    }

    /// Room for the next `count` bytes, at most a chunk; what has been read is handed over when there is none.
    private func room(for count: Int, in batch: inout PayloadBatch) throws -> UnsafeMutableRawBufferPointer {
        if batch.pieces.count >= PayloadBatch.mostPieces || batch.used + count > Chunk.bytes { try push(&batch) }
        if batch.chunk == nil {
            guard let chunk = free.pop() else { throw Abandoned() }
            batch.chunk = chunk
        }
        guard let chunk = batch.chunk else { preconditionFailure("there is a chunk now") }
        return UnsafeMutableRawBufferPointer(rebasing: chunk.buffer.bytes[batch.used..<(batch.used + count)])
    }

    private func modified(_ file: StoredFile) -> Timestamp? {
        keepsTimes ? file.modified.map { Timestamp(nanoseconds: $0) } : nil
    }

    private func prove(_ file: StoredFile, _ found: SHA256Digest) throws {
        if found != file.sha256 { throw ExportError.altered(file.key.path, recorded: file.sha256, found: found) }
    }

    private func push(_ batch: inout PayloadBatch) throws {
        if batch.pieces.isEmpty { return }
        guard batches.push(batch) else { throw Abandoned() }
        batch = PayloadBatch()
    }
}
