import FoundationEssentials
import GRDB
import Glibc
import Streams

/// What a new consignment is made from.
struct NewConsignment: Sendable {
    var type: ConsignmentType
    var series: String?
    var body: String
    var bodyCode: String?
    var person: Person
    var source: BytePath
    var storage: StorageKind
    var links: LinkPolicy
    var parentFolder: [UInt8]
    var includeTopLevelFolder: Bool
    /// Whether its series and body must be known already.
    var isStrict = false
}

extension Store {
    /// Makes the consignment with its series, body, defaults and first statuses, in one transaction.
    func create(_ new: NewConsignment, run: RunID) throws -> Consignment {
        let now = clock()
        return try write { db in
            if new.isStrict { try db.mustKnow(body: new.body, series: new.series) }
            let body = try db.body(named: new.body, code: new.bodyCode, run: run, at: now)
            let series = try new.series.map { try db.series(code: $0, body: body.id, run: run, at: now) }
            let consignment = try db.insert(
                NewConsignmentRow(
                    type: new.type, series: series.map { ($0.id, $0.name) }, body: (body.id, body.name, body.code),
                    person: new.person, source: new.source, storage: new.storage, links: new.links,
                    parentFolder: new.parentFolder, includeTopLevelFolder: new.includeTopLevelFolder),
                store: self.id, run: run, at: now)
            if new.type == .standard { try db.move(consignment, .series, to: .completed, run: run, at: now) }
            try db.move(consignment, .upload, to: .inProgress, run: run, at: now)
            return consignment
        }
    }

    /// Touches the file that other programs watch to learn that an upload is complete. What is true stands in the
    /// database, so nothing is lost when it cannot be touched.
    func tellOfUpload() {
        let place = directory.appending("uploaded")
        guard let file = try? OpenFile.open(place, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC) else {
            return
        }
        futimens(file.descriptor, nil)
    }

    /// The consignments whose upload is complete and of which a check has not been made or was cut off; those that some
    /// process works on now are left out.
    public func consignmentsToCheck() throws -> [Consignment] {
        let waiting = try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(Consignment.columns) FROM waiting JOIN consignment ON consignment.id = waiting.consignmentId
                        WHERE work = 'Check'
                        ORDER BY (SELECT modified FROM consignmentStatus
                            WHERE consignmentId = consignment.id AND statusType = 'Upload'), consignment.id
                        """)
            ).map(Consignment.init)
        }
        return waiting.filter { !ConsignmentLock.isHeld($0.id, in: self) }
    }

    /// The consignments that are checked but for an antivirus answer on some file, unless it was decided to do without:
    /// an engine was away or could not tell, or nobody asked it. Those that some process works on now are left out.
    public func consignmentsToScan() throws -> [Consignment] {
        let waiting = try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(Consignment.columns) FROM waiting JOIN consignment ON consignment.id = waiting.consignmentId
                        WHERE work = 'Scan' AND NOT EXISTS (SELECT 1 FROM consignmentMetadata AS policy
                            WHERE policy.consignmentId = waiting.consignmentId AND propertyName = ? AND value = 'none')
                        ORDER BY waiting.consignmentId
                        """), arguments: [ConsignmentPolicy.antivirus]
            ).map(Consignment.init)
        }
        return waiting.filter { !ConsignmentLock.isHeld($0.id, in: self) }
    }

    /// The consignment with this reference or UUID.
    ///
    /// - Throws: ``StoreError/unknownConsignment(_:)``.
    public func consignment(_ name: String) throws -> Consignment {
        try read { db in
            let row =
                if let id = RecordID(name) {
                    try Int64.fetchOne(
                        db, sql: "SELECT id FROM consignment WHERE uuid = ?", arguments: [Data(id.bytes)])
                } else {
                    try Int64.fetchOne(db, sql: "SELECT id FROM consignment WHERE reference = ?", arguments: [name])
                }
            guard let row else { throw StoreError.unknownConsignment(name) }
            return try db.consignment(row: row)
        }
    }

    /// All consignments, oldest first.
    public func consignments() throws -> [Consignment] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT \(Consignment.columns) FROM consignment ORDER BY sequence").map(
                Consignment.init)
        }
    }

    /// An upload of `source` that was begun with the same words and has not ended.
    func interruptedUpload(like new: NewConsignment) throws -> Consignment? {
        try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Consignment.columns) FROM consignment
                        JOIN consignmentStatus ON consignmentId = consignment.id AND statusType = 'Upload'
                    WHERE consignmentStatus.value = 'InProgress' AND source = ? AND storage = ? AND links = ?
                        AND type = ? AND includeTopLevelFolder = ?
                        AND (SELECT code FROM series WHERE series.id = seriesId) IS ?
                        AND (transferringBodyName = ? OR transferringBodyTdrCode = ?)
                        AND NOT EXISTS (SELECT 1 FROM cancellation WHERE cancellation.consignmentId = consignment.id)
                    ORDER BY sequence DESC LIMIT 1
                    """,
                arguments: [
                    Data(new.source.bytes), new.storage.rawValue, new.links.rawValue, new.type.rawValue,
                    new.includeTopLevelFolder, new.series, new.body, new.body,
                ])
            return try rows.first.map(Consignment.init)
        }
    }

    /// The steps that have begun, with their values.
    public func statuses(of consignment: Consignment) throws -> [ConsignmentStatusType: ConsignmentStatusValue] {
        try read { try $0.statuses(of: consignment) }
    }

    /// Moves a step of the consignment.
    func move(
        _ consignment: Consignment, _ type: ConsignmentStatusType, to value: ConsignmentStatusValue, run: RunID
    )
        throws
    {
        let now = clock()
        try write { try $0.move(consignment, type, to: value, run: run, at: now) }
    }
}

/// The row of a new consignment, its body and series found or made.
struct NewConsignmentRow {
    let type: ConsignmentType
    let series: (row: Int64, name: String)?
    let body: (row: Int64, name: String, code: String)
    let person: Person
    let source: BytePath
    let storage: StorageKind
    let links: LinkPolicy
    let parentFolder: [UInt8]
    let includeTopLevelFolder: Bool
}

extension Database {
    /// Makes the consignment with its number and its defaults; no step has begun.
    func insert(
        _ new: NewConsignmentRow, store: RecordID, run: RunID, at now: Timestamp
    ) throws -> Consignment {
        try execute(sql: "UPDATE counter SET value = value + 1 WHERE name = 'consignment'")
        let sequence = try UInt64(
            Int64.fetchOne(self, sql: "SELECT value FROM counter WHERE name = 'consignment'") ?? 0)
        let reference = ConsignmentReference(year: now.year, sequence: sequence)
        let id = RecordID.derived(from: store, name: Array("consignment \(sequence) \(now.milliseconds)".utf8))
        try execute(
            sql: """
                INSERT INTO consignment (uuid, sequence, reference, type, seriesId, bodyId, seriesName,
                    transferringBodyName, transferringBodyTdrCode, userLogin, contactName, contactEmail,
                    source, storage, links, parentFolder, includeTopLevelFolder, created)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Data(id.bytes), Int64(sequence), reference.description, new.type.rawValue, new.series?.row,
                new.body.row, new.series?.name, new.body.name, new.body.code, new.person.login, new.person.name,
                new.person.email, Data(new.source.bytes), new.storage.rawValue, new.links.rawValue,
                Data(new.parentFolder), new.includeTopLevelFolder, now.milliseconds,
            ])
        let row = lastInsertedRowID
        for (name, value) in PropertyName.fileDefaults {
            try execute(
                sql: "INSERT INTO fileDefault (consignmentId, propertyName, value) VALUES (?, ?, ?)",
                arguments: [row, name, value])
        }
        try recordEvent(run, at: now, consignment: row, "ConsignmentCreated", new: reference.description)
        let defaults = PropertyName.fileDefaults.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",")
        try recordEvent(run, at: now, consignment: row, EventName.fileDefaults, new: "{\(defaults)}")
        return try consignment(row: row)
    }

    func consignment(row: Int64) throws -> Consignment {
        let found = try Row.fetchOne(
            cachedStatement(sql: "SELECT \(Consignment.columns) FROM consignment WHERE id = ?"), arguments: [row]
        ).map(Consignment.init)
        guard let found else { throw StoreError.unknownConsignment("row \(row)") }
        return found
    }

    func statuses(of consignment: Consignment) throws -> [ConsignmentStatusType: ConsignmentStatusValue] {
        let rows = try Row.fetchAll(
            cachedStatement(sql: "SELECT statusType, value FROM consignmentStatus WHERE consignmentId = ?"),
            arguments: [consignment.row])
        return Dictionary(
            uniqueKeysWithValues: try rows.compactMap { row in
                guard let type = ConsignmentStatusType(rawValue: try row.value(0)),
                    let value = ConsignmentStatusValue(rawValue: try row.value(1))
                else { return nil }
                return (type, value)
            })
    }

    /// The one way in which a status of a consignment changes: by the rules, with its entry in the history.
    ///
    /// - Throws: ``StoreError/illegalMove(reference:step:from:to:)``.
    func move(
        _ consignment: Consignment, _ type: ConsignmentStatusType, to value: ConsignmentStatusValue, run: RunID,
        at time: Timestamp
    ) throws {
        let old = try statuses(of: consignment)[type]
        guard StatusRules.allows(type, from: old, to: value) else {
            throw StoreError.illegalMove(
                reference: consignment.reference.description, step: type.rawValue,
                from: old?.rawValue ?? "not begun", to: value.rawValue)
        }
        if old == value { return }
        try execute(
            sql: """
                INSERT INTO consignmentStatus (consignmentId, statusType, value, created, modified)
                VALUES (?1, ?2, ?3, ?4, ?4)
                ON CONFLICT DO UPDATE SET value = excluded.value, modified = excluded.modified
                """, arguments: [consignment.row, type.rawValue, value.rawValue, time.milliseconds])
        try recordEvent(
            run, at: time, consignment: consignment.row, type.rawValue, old: old?.rawValue, new: value.rawValue)
        if type == .confirmTransfer, value == .completed { try notify(.transferConfirmed, of: consignment, at: time) }
    }

    /// The body of this name or code, made when it is new.
    func body(
        named name: String, code: String?, run: RunID, at time: Timestamp
    ) throws
        -> (id: Int64, name: String, code: String)
    {
        if let row = try Row.fetchOne(
            self, sql: "SELECT id, name, tdrCode FROM body WHERE name = ?1 OR tdrCode = ?1 ORDER BY name = ?1 DESC",
            arguments: [name])
        {
            return (try row.value("id"), try row.value("name"), try row.value("tdrCode"))
        }
        let chosen = try code ?? freeCode(for: name)
        if let other = try String.fetchOne(self, sql: "SELECT name FROM body WHERE tdrCode = ?", arguments: [chosen]) {
            throw SeriesError.codeOfAnotherBody(chosen, body: other)
        }
        try execute(sql: "INSERT INTO body (name, tdrCode) VALUES (?, ?)", arguments: [name, chosen])
        let id = lastInsertedRowID
        try recordEvent(run, at: time, consignment: nil, "BodyCreated", new: "\(chosen) \(name)")
        return (id, name, chosen)
    }

    /// `TDR-` and the initials of the name, numbered when taken.
    private func freeCode(for name: String) throws -> String {
        let initials = name.split { !$0.isLetter && !$0.isNumber }.compactMap { $0.first?.uppercased() }.joined()
        let base = "TDR-" + (initials.isEmpty ? "X" : initials)
        var candidate = base
        var number = 2
        while try Int.fetchOne(self, sql: "SELECT 1 FROM body WHERE tdrCode = ?", arguments: [candidate]) != nil {
            candidate = "\(base)\(number)"
            number += 1
        }
        return candidate
    }

    /// The series of this code, made for the body when it is new.
    func series(
        code: String, name: String? = nil, body: Int64, run: RunID, at time: Timestamp
    ) throws
        -> (id: Int64, name: String)
    {
        if let row = try Row.fetchOne(
            self,
            sql: "SELECT series.id, series.name, body.id AS bodyId, body.name AS body FROM series"
                + " JOIN body ON body.id = bodyId WHERE code = ?", arguments: [code])
        {
            guard try row.value("bodyId") == body else {
                throw UploadError.seriesOfAnotherBody(code, body: try row.value("body"))
            }
            return (try row.value("id"), try row.value("name"))
        }
        try execute(
            sql: "INSERT INTO series (bodyId, code, name) VALUES (?, ?, ?)", arguments: [body, code, name ?? code])
        let id = lastInsertedRowID
        try recordEvent(run, at: time, consignment: nil, "SeriesCreated", new: code)
        return (id, name ?? code)
    }
}

extension Consignment {
    /// The columns that ``init(_:)`` reads, in its order.
    static let columns = [
        "id", "uuid", "reference", "type", "storage", "links", "seriesName", "transferringBodyName",
        "transferringBodyTdrCode", "userLogin", "contactName", "contactEmail", "source", "parentFolder",
        "includeTopLevelFolder", "created", "transferInitiated", "exported", "exportLocation",
    ].map { "consignment.\($0)" }.joined(separator: ", ")

    /// From a row that begins with ``columns``.
    init(_ row: Row) throws {
        var values = RowValues(row)
        try self.init(&values)
    }

    init(_ values: inout RowValues) throws {
        row = try values.next()
        let id = RecordID(bytes: Array(try values.next() as Data))
        let reference = ConsignmentReference(try values.next() as String)
        let type = ConsignmentType(rawValue: try values.next())
        let storage = StorageKind(rawValue: try values.next())
        let links = LinkPolicy(rawValue: try values.next())
        guard let id, let reference, let type, let storage, let links else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a consignment's row makes no sense")
        }
        self.id = id
        self.reference = reference
        self.type = type
        self.storage = storage
        self.links = links
        seriesName = try values.next()
        bodyName = try values.next()
        bodyCode = try values.next()
        person = Person(login: try values.next(), name: try values.next(), email: try values.next())
        source = BytePath(Array(try values.next() as Data))
        parentFolder = Array(try values.next() as Data)
        includeTopLevelFolder = try values.next()
        created = Timestamp(milliseconds: try values.next())
        transferInitiated = (try values.next() as Int64?).map(Timestamp.init(milliseconds:))
        exported = (try values.next() as Int64?).map(Timestamp.init(milliseconds:))
        exportLocation = try values.next()
    }
}
