import GRDB
import S3
public import Streams

extension Store {
    /// Where the objects are kept; nil for the store's folder.
    public func objectPlace() throws -> ObjectPlace? {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(sql: "SELECT location, address, region, style, profile FROM objectPlace"))
            else { return nil }
            guard let location = S3Location(BytePath(try row.value(0) as String)) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the place of the objects makes no sense")
            }
            return ObjectPlace(
                location: location,
                server: S3Server(
                    address: try row.value(1), region: try row.value(2),
                    style: (try row.value(3) as String?).flatMap(S3Options.Style.init)), profile: try row.value(4))
        }
    }

    /// Has all objects kept in S3 from now on, in a place that is no other store's. Only for a store without
    /// consignments. Saying it again changes how the server is reached.
    ///
    /// - Throws: ``ObjectPlaceError``, ``StoreError``, what the server says when it cannot be used.
    public func keepObjects(at path: BytePath, _ options: S3Options, run: RunInfo) async throws -> ObjectPlace {
        guard let location = S3Location(path) else { throw ObjectPlaceError.badPlace(path) }
        let known = try objectPlace()
        if known?.location != location { try read { try $0.checkHasNoConsignment(in: directory) } }
        let access = try S3Access(options)
        let place = ObjectPlace(location: location, server: access.server, profile: options.profile)
        try await claim(place, access.client)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            // Another process may have been quicker.
            if known?.location != location { try db.checkHasNoConsignment(in: directory) }
            try db.execute(
                sql: """
                    INSERT INTO objectPlace (id, location, address, region, style, profile) VALUES (1, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET location = excluded.location, address = excluded.address,
                        region = excluded.region, style = excluded.style, profile = excluded.profile
                    """,
                arguments: [
                    location.description, place.server.address, place.server.region, place.server.style?.rawValue,
                    place.profile,
                ])
            try db.recordEvent(
                runID, at: now, consignment: nil, "ObjectsPlaced", old: known?.location.description,
                new: "\(location) (\(place.endpoint))")
        }
        return place
    }
}

extension Database {
    fileprivate func checkHasNoConsignment(in store: BytePath) throws {
        if try Bool.fetchOne(self, sql: "SELECT EXISTS (SELECT 1 FROM consignment)") ?? false {
            throw ObjectPlaceError.inUse(store: store)
        }
    }
}
