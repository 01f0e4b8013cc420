import NIOCore
package import Streams

/// What is known of a part of an upload.
package struct S3Part: Hashable, Sendable {
    package let number: Int
    package let size: Int64
    package let sha256: SHA256Digest
    /// Nil when it was about to be sent and nobody knows whether it arrived.
    package let etag: String?

    package init(number: Int, size: Int64, sha256: SHA256Digest, etag: String?) {
        self.number = number
        self.size = size
        self.sha256 = sha256
        self.etag = etag
    }
}

/// Keeps what a later run needs to go on with an upload. Called from several threads, which may block.
package protocol S3Journal: Sendable {
    /// The upload that was begun and not ended, with its parts.
    func unfinished() throws -> (upload: String, parts: [S3Part])?
    func began(upload: String) throws
    func note(_ part: S3Part) throws
    /// The upload is complete or given up.
    func ended() throws
}

/// Writes an object from bytes as they come: in one request when they are few, else in parts, several at a time.
///
/// Where parts end follows from the stream alone, so that a later run that makes the same bytes makes the same parts
/// and sends only those that the server lacks. Used by one thread that may block.
package final class MultipartWriter {
    /// How large the parts are.
    package struct Sizes: Sendable {
        package var first: Int
        /// Every so many parts the size is multiplied by four.
        package var step: Int
        /// No part is larger.
        package var most: Int
        /// Bytes on the way at a time, unless one part is more.
        package var inFlight: Int

        /// 8 MiB up to 15 GiB, then 32 MiB, 128 MiB and 1.25 GiB: 10,000 parts hold the 5 TiB of the largest object.
        package static let usual = Sizes(first: 8 << 20, step: 2000, most: 1280 << 20, inFlight: 32 << 20)

        package init(first: Int, step: Int, most: Int, inFlight: Int) {
            self.first = first
            self.step = step
            self.most = most
            self.inFlight = inFlight
        }

        /// The size of part `number`, counted from 1.
        package func size(of number: Int) -> Int {
            let grown = (number - 1) / step
            if grown >= 3 { return most }
            return min(most, first << (2 * grown))
        }
    }

    private struct Sent: Sendable {
        let number: Int
        let buffer: ByteBuffer
        let part: Result<(part: S3Part, hasChecksum: Bool), any Error>
    }

    /// What is known of how the server looks at what arrives. MD5 costs more than twice what SHA-256 does, so ETags are
    /// compared only where nothing else proves a part.
    private enum Care: Sendable {
        case unknown
        /// It gives no SHA-256 back: whether it refuses other bodies than the signed is worth a question.
        case worthAsking
        case beingAsked
        case refusesOthers
        case takesAnything
    }

    private let client: S3Client
    private let bucket: String
    private let key: String
    private let options: S3ObjectOptions
    private let journal: any S3Journal
    private let sizes: Sizes
    private let care = Guarded(Care.unknown)
    private let executor: BlockingExecutor
    private let arrived = Tickets<Sent>()

    private var current = ByteBuffer()
    private var spare: [ByteBuffer] = []
    private var upload: String?
    private var known: [Int: S3Part] = [:]
    private var listed: [Int: S3Client.ListedPart] = [:]
    private var number = 1
    private var bytesInFlight = 0
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var sent: [(part: S3Part, hasChecksum: Bool)] = []
    /// Whether what stopped the upload lies with the server or the user, so that it is worth going on with.
    private var mayGoOn = false

    /// Looks for what an earlier run left: its upload goes on, all others of this key are given up.
    package init(
        client: S3Client, bucket: String, key: String, options: S3ObjectOptions, journal: any S3Journal,
        sizes: Sizes = .usual
    ) throws {
        self.client = client
        self.bucket = bucket
        self.key = key
        self.options = options
        self.journal = journal
        self.sizes = sizes
        if let left = try journal.unfinished() {
            do {
                let parts = try waiting { try await client.listParts(bucket, key, upload: left.upload) }
                listed = Dictionary(parts.map { ($0.number, $0) }) { $1 }
                known = Dictionary(left.parts.map { ($0.number, $0) }) { $1 }
                upload = left.upload
            } catch let failure as S3Failure where [.noSuchUpload, .noSuchKey].contains(failure.kind) {
                try journal.ended()
            }
        }
        let own = upload
        try waiting {
            for orphan in try await client.listUploads(bucket, key: key) where orphan != own {
                try await client.abortUpload(bucket, key, upload: orphan)
            }
        }
        executor = BlockingExecutor(threads: max(1, sizes.inFlight / max(1, sizes.first)))
    }

    /// Whether an upload that was begun before is gone on with.
    package var goesOn: Bool { upload != nil }

    deinit { executor.shutDown() }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            // A full part goes when more comes: the last one may be of any size, and a lone one needs no parts.
            if current.readableBytes == sizes.size(of: number) { try sendCurrent() }
            let count = min(rest.count, sizes.size(of: number) - current.readableBytes)
            current.writeBytes(UnsafeRawBufferPointer(rebasing: rest[..<count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Makes the object, unless something has its name, which is thrown as ``S3Failure/Kind/exists``.
    ///
    /// - Returns: the SHA-256 of the parts' SHA-256 and their count, as servers that keep it write it; for an object
    ///   in one piece its own.
    package func finish(metadata: [(String, String)]) throws -> String {
        let (client, bucket, key, options, current) = (client, bucket, key, options, current)
        do {
            guard number > 1 else {
                if let upload {
                    // An earlier run had more to send.
                    try waiting { try await client.abortUpload(bucket, key, upload: upload) }
                    try journal.ended()
                }
                try waiting {
                    try await client.put(bucket, key, current, options: options, metadata: metadata, onlyNew: true)
                }
                return base64(digest(of: current).bytes)
            }
            try sendCurrent()
            while !tasks.isEmpty { try collect() }
            guard let upload else { preconditionFailure("parts are sent into an upload") }
            let parts = sent.sorted { $0.part.number < $1.part.number }
            try waiting {
                try await client.completeUpload(
                    bucket, key, upload: upload,
                    parts: parts.map { ($0.part.number, $0.part.etag ?? "", $0.hasChecksum ? $0.part.sha256 : nil) })
            }
            return checksum(ofParts: parts.map(\.part.sha256))
        } catch {
            mayGoOn = MultipartWriter.isWorthGoingOn(error)
            throw error
        }
    }

    /// Forgets the upload in the journal, when the object is there or never will be.
    package func close() throws { if upload != nil { try journal.ended() } }

    /// Stops. The server keeps the parts for the next run when the network, the server or the user was the cause;
    /// else they are given up.
    package func abandon() {
        for task in tasks.values { task.cancel() }
        // They end soon, and none may write the journal afterwards.
        while !tasks.isEmpty, let one = arrived.take(whateverHappens: true) { tasks[one.number] = nil }
        guard let upload, !mayGoOn, !Task.isCancelled else { return }
        let (client, bucket, key) = (client, bucket, key)
        // What cannot be given up now is given up by the next run, which finds it in the journal.
        if (try? waiting { try await client.abortUpload(bucket, key, upload: upload) }) != nil { try? journal.ended() }
    }

    private static func isWorthGoingOn(_ error: any Error) -> Bool {
        guard let failure = error as? S3Failure else { return error is CancellationError }
        return ![.exists, .noSuchUpload, .noSuchBucket].contains(failure.kind)
    }

    private func sendCurrent() throws {
        do {
            if upload == nil {
                let (client, bucket, key, options) = (client, bucket, key, options)
                let id = try waiting { try await client.createUpload(bucket, key, options: options) }
                upload = id
                try journal.began(upload: id)
            }
            let size = current.readableBytes
            while !tasks.isEmpty, bytesInFlight + size > sizes.inFlight { try collect() }
            start(current, number)
            bytesInFlight += size
            number += 1
            current = spare.popLast() ?? ByteBuffer()
            current.clear()
            current.reserveCapacity(sizes.size(of: number))
        } catch {
            mayGoOn = MultipartWriter.isWorthGoingOn(error)
            throw error
        }
    }

    /// Sends a part on a thread of its own, where hashing it and writing the journal hold nobody up.
    private func start(_ buffer: ByteBuffer, _ number: Int) {
        guard let upload else { preconditionFailure("the upload has begun") }
        let (client, bucket, key, journal, arrived, care) = (client, bucket, key, journal, arrived, care)
        let (before, onServer) = (known[number], listed[number])
        tasks[number] = Task.detached(executorPreference: executor) {
            do {
                let sha256 = digest(of: buffer)
                let size = Int64(buffer.readableBytes)
                let receipt: S3Client.Receipt
                if let before, let onServer, before.sha256 == sha256, before.size == size, onServer.size == size,
                    onServer.etag == before.etag ?? md5(of: buffer)
                {
                    receipt = .init(etag: onServer.etag, hasChecksum: onServer.hasChecksum)
                } else {
                    // Noted first: when this run is killed after the part arrived, the next can recognise it.
                    try journal.note(S3Part(number: number, size: size, sha256: sha256, etag: nil))
                    let asks = care.withLock { care in
                        defer { if case .worthAsking = care { care = .beingAsked } }
                        return if case .worthAsking = care { true } else { false }
                    }
                    if asks {
                        let refuses = await client.refusesOtherBodies(bucket, key, upload: upload, number: number)
                        care.withLock { $0 = refuses ? .refusesOthers : .takesAnything }
                    }
                    let refuses = care.withLock { if case .refusesOthers = $0 { true } else { false } }
                    receipt = try await client.uploadPart(
                        bucket, key, upload: upload, number: number, buffer, sha256, refusesOthers: refuses)
                    if !receipt.hasChecksum {
                        care.withLock { if case .unknown = $0 { $0 = .worthAsking } }
                    }
                }
                let part = S3Part(number: number, size: size, sha256: sha256, etag: receipt.etag)
                if part != before { try journal.note(part) }
                arrived.give(Sent(number: number, buffer: buffer, part: .success((part, receipt.hasChecksum))))
            } catch {
                arrived.give(Sent(number: number, buffer: buffer, part: .failure(error)))
            }
        }
    }

    /// Waits for one part.
    private func collect() throws {
        guard let one = arrived.take() else { throw CancellationError() }
        bytesInFlight -= one.buffer.readableBytes
        tasks[one.number] = nil
        let part = try one.part.get()
        sent.append(part)
        // Parts that grew leave their smaller buffers behind.
        if one.buffer.capacity >= sizes.size(of: number) { spare.append(one.buffer) }
    }
}
