import S3
import Streams

/// An archive as an object in S3.
///
/// Sent in parts while it is made; visible when it is complete. What is there already is never overwritten: then
/// nothing is sent, and the bytes are only compared.
final class S3Destination: ArchiveDestination {
    let location: BytePath
    private let name: String
    private let place: S3Place
    private let journal: S3StoreJournal
    /// Nil when something has the name already.
    private var writer: MultipartWriter?
    private var size: Int64 = 0

    private var bucket: String { place.location.bucket }
    private var key: String { place.location.key(name) }

    init(name: String, of consignment: Consignment, at place: S3Place, in store: Store) throws {
        self.name = name
        self.place = place
        location = place.location.path(name)
        let tags = place.object.tags.map { "\($0.name)=\($0.value)" }
        journal = S3StoreJournal(
            store: store, consignment: consignment.row, location: location.display, server: place.access.server,
            terms: ([place.object.storageClass ?? ""] + tags).joined(separator: "\n"))
        let (client, bucket, key) = (place.client, place.location.bucket, place.location.key(name))
        let wasThere =
            try waiting {
                // First what is answered in words: a refused HEAD does not say why.
                _ = try await client.listUploads(bucket, key: key)
                return try await client.head(bucket, key)
            } != nil
        let sameTerms = try journal.hasSameTerms()
        // An upload that was begun on other terms, or whose object has come otherwise, is an orphan: given up below.
        if wasThere || !sameTerms { try journal.ended() }
        let wasBegun = try journal.unfinished() != nil
        let writer = try MultipartWriter(
            client: client, bucket: bucket, key: key, options: place.object, journal: journal)
        // An upload that is gone may have been completed since we looked: a run that was killed had asked for that.
        let hasCome =
            try !wasThere && wasBegun && !writer.goesOn && waiting { try await client.head(bucket, key) } != nil
        self.writer = wasThere || hasCome ? nil : writer
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        size += Int64(bytes.count)
        try writer?.write(bytes)
    }

    func commit(_ sha256: SHA256Digest) throws -> Bool {
        guard let writer else { return try compare(sha256) }
        do {
            let checksum = try writer.finish(metadata: [("sha256", sha256.hex)])
            try prove(sha256, checksum)
        } catch let failure as S3Failure where [.exists, .noSuchUpload].contains(failure.kind) {
            // Another run was quicker, or an answer got lost and the second try met what the first had made.
            let (client, bucket, key) = (place.client, bucket, key)
            guard try waiting({ try await client.head(bucket, key) }) != nil else { throw failure }
            let wasThere = try compare(sha256)
            writer.abandon()
            return wasThere
        }
        try putSidecar(sha256)
        try writer.close()
        return false
    }

    /// Proves that what is there is this archive, by its bytes.
    private func compare(_ sha256: SHA256Digest) throws -> Bool {
        let (client, bucket, key) = (place.client, bucket, key)
        let facts = try waiting { try await client.head(bucket, key) }
        guard facts?.size == size, try digestOfObject(place.client, bucket, key) == sha256 else {
            throw ExportError.targetExists(location)
        }
        try putSidecar(sha256)
        return true
    }

    /// Looks at the finished object: its size, the digest that the server keeps, and all its bytes when asked to.
    private func prove(_ sha256: SHA256Digest, _ checksum: String) throws {
        if let reason = try objectFault(place.client, bucket, key, size: size, checksum: checksum) {
            throw ExportError.badTarget(location, reason: "\(reason); delete it and try again")
        }
        if place.readBack {
            let found = try digestOfObject(place.client, bucket, key)
            guard found == sha256 else {
                throw ExportError.badTarget(
                    location, reason: "its SHA-256 is \(sha256), and read back it is \(found); delete it and try again")
            }
        }
    }

    /// `{hex}  {name}`, as `sha256sum -c` reads it beside the archive.
    private func putSidecar(_ sha256: SHA256Digest) throws {
        let (client, bucket, key, object) = (place.client, bucket, key, place.object)
        let line = "\(sha256.hex)  \(name)\n"
        try waiting {
            try await client.put(bucket, "\(key).sha256", Array(line.utf8), options: object, onlyNew: false)
        }
    }

    func abandon() { writer?.abandon() }
}
