import Glibc
import S3
import Streams

/// `{prefix}/objects/{consignment}/{object}` and `{prefix}/quarantine/{consignment}/{object}` in a bucket.
///
/// What the server has confirmed is durable, so ``sync()`` has nothing to do. Each act asks the server when it is made;
/// one that does not answer ends it with what was done and why, and the same act can be made again.
struct S3Shelf: ObjectShelf {
    /// How many requests that wait for nothing are made at once.
    private static let atOnce = 8

    private let place: ObjectPlace
    private let client: S3Client
    private let consignment: Consignment
    private let store: Store

    private var bucket: String { place.location.bucket }

    /// Asks nobody yet.
    ///
    /// - Throws: ``S3Access/Fault`` when there are no keys.
    init(_ consignment: Consignment, at place: ObjectPlace, in store: Store) throws {
        self.place = place
        self.consignment = consignment
        self.store = store
        client = try store.access(to: place).client
    }

    private func name(_ object: RecordID, held: Bool = false) -> String {
        "\(held ? "quarantine" : "objects")/\(consignment.id)/\(object)"
    }

    private func key(_ object: RecordID, held: Bool = false) -> String { place.location.key(name(object, held: held)) }

    func prepare() throws { try look() }

    func look() throws {
        let (client, bucket, prefix) = (client, bucket, place.location.key("objects/\(consignment.id)/"))
        try waiting { try await client.lookAt(bucket, prefix: prefix) }
    }

    func make(_ object: RecordID) throws -> any NewObject {
        let path = place.location.path(name(object))
        let journal = S3StoreJournal(
            store: store, consignment: consignment.row, location: path.display, server: place.server,
            terms: S3StoreJournal.objectTerms)
        return S3NewObject(client, bucket: bucket, key: key(object), path: path, journal: journal)
    }

    func adopt(_ file: BytePath, as object: RecordID, provedBy sha256: SHA256Digest) throws {
        let open = try OpenBytes(OpenFile.reading(file))
        let new = try make(object)
        do {
            var hasher = SHA256Hasher()
            try open.source.forEachPiece { bytes, _ in
                hasher.update(bytes)
                try new.write(bytes)
            }
            // Read once more to be sent, and so proved once more.
            guard hasher.finish() == sha256 else {
                throw ObjectPlaceError.notKept(
                    place.location.path(name(object)), reason: "the file has changed since it came")
            }
            try new.finish(sha256)
        } catch {
            new.discard()
            throw error
        }
    }

    func open(_ object: RecordID, evenHeld: Bool) throws -> OpenBytes {
        if let source = try S3ObjectSource(client, bucket: bucket, key: key(object)) { return OpenBytes(source) }
        if evenHeld, let held = try S3ObjectSource(client, bucket: bucket, key: key(object, held: true)) {
            return OpenBytes(held)
        }
        throw SystemFault("open", place.location.path(name(object)), code: ENOENT)
    }

    func sync() {}

    func sync(_ objects: [RecordID]) {}

    func hold(_ objects: [RecordID]) throws {
        try forEach(objects) { object in try await move(key(object), to: key(object, held: true)) }
    }

    func release(_ objects: [RecordID]) throws {
        try forEach(objects) { object in try await move(key(object, held: true), to: key(object)) }
    }

    /// The copy is proved before what it was made of goes.
    private func move(_ source: String, to target: String) async throws {
        if try await client.copy(bucket, from: source, to: target) { try await client.delete(bucket, source) }
    }

    func remove(_ objects: [RecordID]) throws {
        try forEach(objects.flatMap { [key($0), key($0, held: true)] }) { try await client.delete(bucket, $0) }
    }

    func removeAll() throws {
        let client = client
        for folder in ["objects", "quarantine"] {
            let (bucket, prefix) = (bucket, place.location.key("\(folder)/\(consignment.id)/"))
            try waiting {
                try await client.forEachPage(bucket, prefix: prefix) { keys in
                    try await S3Shelf.atOnce(keys) { try await client.delete(bucket, $0) }
                }
            }
        }
    }

    private func forEach<Item: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
    ) throws {
        if items.isEmpty { return }
        try waiting { try await S3Shelf.atOnce(items, body) }
    }

    private static func atOnce<Item: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() {
                if index >= atOnce { try await group.next() }
                group.addTask { try await body(item) }
            }
            try await group.waitForAll()
        }
    }
}
