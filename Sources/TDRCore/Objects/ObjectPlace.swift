import S3
public import Streams

/// The place in S3 where a store keeps its objects: `{prefix}/objects/{consignment}/{object}`, and beside it
/// `{prefix}/quarantine/…`. The store remembers where it is and never a key.
public struct ObjectPlace: Sendable {
    /// `s3://bucket/prefix`.
    public var path: BytePath { BytePath(location.description) }
    /// The server, by its address or AWS's region.
    public var endpoint: String { server.name }
    let location: S3Location
    let server: S3Server
    /// The profile of AWS's files that was named for it.
    let profile: String?

    /// The object that says whose place it is.
    static let marker = "tdr-store"
}

/// Why the objects of a store cannot be kept where they are wanted.
public enum ObjectPlaceError: Error, CustomStringConvertible {
    /// It is no place in S3.
    case badPlace(BytePath)
    /// The store has consignments.
    case inUse(store: BytePath)
    /// It is another store's.
    case taken(BytePath)
    /// An object is not there as it was sent.
    case notKept(BytePath, reason: String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .badPlace(let path):
            "cannot keep objects at '\(path.display)': it is not s3://bucket/prefix, in which no part is empty, '.' or '..'"
        case .inUse(let store):
            "cannot keep the objects of '\(store.display)' elsewhere: it has consignments already; say --objects for a"
                + " new store"
        case .taken(let path):
            "cannot keep objects at '\(path.display)': another store keeps its objects there; name another prefix"
        case .notKept(let path, let reason): "cannot store '\(path.display)': \(reason); try again"
        }
    }
}

extension Store {
    /// Writes the store's id there, unless it is there: which also shows that objects can be written and read.
    func claim(_ place: ObjectPlace, _ client: S3Client) async throws {
        let (bucket, key) = (place.location.bucket, place.location.key(ObjectPlace.marker))
        let own = Array("\(id)\n".utf8)
        try await client.lookAt(bucket, prefix: place.location.key(""))
        do {
            try await client.put(bucket, key, own, onlyNew: true)
        } catch let failure as S3Failure where failure.kind == .exists {
            var found: [UInt8] = []
            try await client.get(bucket, key) { if found.count < 4096 { found += $0 } }
            guard found == own else { throw ObjectPlaceError.taken(place.path) }
        }
    }

    /// Looks whether the place of the objects can be read, when it is in S3. May block.
    ///
    /// - Throws: why not.
    func lookAtObjectPlace() throws {
        guard let place = try objectPlace() else { return }
        let client = try access(to: place).client
        let (bucket, prefix) = (place.location.bucket, place.location.key(ObjectPlace.marker))
        try waiting { try await client.lookAt(bucket, prefix: prefix) }
    }

    /// A client for the objects' place, with the keys of this program's environment.
    func access(to place: ObjectPlace) throws -> S3Access {
        var options = S3Options()
        options.environment = environment
        options.profile = place.profile
        return try S3Access(options, known: place.server)
    }
}
