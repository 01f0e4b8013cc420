import FoundationEssentials
import GRDB
import Streams

extension Store {
    /// Makes a consignment for `principal`, of their body, to be filled through the API. Custody of a judgment passes
    /// by itself when its checks end clean.
    ///
    /// - Parameter request: The client's own id for the call: the same call, made again, gives the consignment that was
    ///   made by it the first time.
    /// - Throws: ``DeliveryError``, ``StoreError``.
    public func createDelivery(
        _ type: ConsignmentType, series: RecordID?, by principal: Principal, request: RecordID? = nil, run: RunInfo
    ) throws -> Consignment {
        guard let code = principal.bodyCode else { throw DeliveryError.noBody }
        if type == .judgment, series != nil { throw DeliveryError.wrongState("a judgment has no series") }
        let runID = try begin(run)
        let now = clock()
        return try write { db in
            guard
                let body = try Row.fetchOne(db, sql: "SELECT id, name FROM body WHERE tdrCode = ?", arguments: [code])
            else { throw DeliveryError.noBody }
            let bodyRow: Int64 = try body.value("id")
            let found = try series.map { try db.series($0, ofBody: bodyRow, store: id) }
            if let request, let made = try db.delivery(requestedBy: principal.id, as: request) {
                guard made.type == type, try db.seriesRow(of: made) == found?.row else {
                    throw DeliveryError.wrongState("another consignment was made under this requestId")
                }
                return made
            }
            let consignment = try db.insert(
                NewConsignmentRow(
                    type: type, series: found.map { ($0.row, $0.name) },
                    body: (bodyRow, try body.value("name"), code), person: principal.person,
                    source: BytePath([UInt8]()), storage: .copied, links: .refuse, parentFolder: [],
                    includeTopLevelFolder: false),
                store: id, run: runID, at: now)
            try db.execute(
                sql: "INSERT INTO delivery (consignmentId, owner, isListed) VALUES (?, ?, 0)",
                arguments: [consignment.row, Data(principal.id.bytes)])
            if let request {
                try db.execute(
                    sql: "INSERT INTO deliveryRequest (owner, request, consignmentId) VALUES (?, ?, ?)",
                    arguments: [Data(principal.id.bytes), Data(request.bytes), consignment.row])
            }
            if found != nil { try db.move(consignment, .series, to: .completed, run: runID, at: now) }
            if type == .judgment {
                try db.record(JudgmentDetails(), on: consignment, by: principal.login, run: runID, at: now)
            }
            return consignment
        }
    }

    /// Gives a consignment its series, as long as it has none.
    ///
    /// - Throws: ``DeliveryError``, ``StoreError``.
    public func chooseSeries(_ series: RecordID, for consignment: Consignment, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            if consignment.type == .judgment { throw DeliveryError.wrongState("a judgment has no series") }
            // After that the files have been counted for this series.
            if try db.statuses(of: consignment)[.upload] != nil {
                throw DeliveryError.wrongState("the upload has begun; the series cannot be chosen any more")
            }
            guard
                let body = try Int64.fetchOne(
                    db, sql: "SELECT bodyId FROM consignment WHERE id = ?", arguments: [consignment.row])
            else { throw StoreError.unknownConsignment(consignment.reference.description) }
            let found = try db.series(series, ofBody: body, store: id)
            try db.execute(
                sql: "UPDATE consignment SET seriesId = ?, seriesName = ? WHERE id = ?",
                arguments: [found.row, found.name, consignment.row])
            try db.move(consignment, .series, to: .completed, run: runID, at: now)
            try db.recordEvent(
                runID, at: now, consignment: consignment.row, "SeriesChosen", old: consignment.seriesName,
                new: found.name)
        }
    }

    /// Begins the upload of a delivery: once for each consignment.
    ///
    /// - Throws: ``DeliveryError``, ``StoreError``.
    public func startDelivery(
        _ consignment: Consignment, parentFolder: String, includeTopLevelFolder: Bool, run: RunInfo
    ) throws {
        let name = try parentFolder.isEmpty ? nil : CheckedDeclaration.path(parentFolder)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            try db.requireDelivery(consignment)
            let statuses = try db.statuses(of: consignment)
            if let upload = statuses[.upload] {
                throw DeliveryError.wrongState(
                    "Existing consignment upload status is '\(upload.rawValue)', so cannot start new upload")
            }
            if consignment.type == .standard, statuses[.series] != .completed {
                throw DeliveryError.wrongState("choose the series before the upload")
            }
            try db.execute(
                sql: "UPDATE consignment SET parentFolder = ?, includeTopLevelFolder = ? WHERE id = ?",
                arguments: [Data(name?.bytes ?? []), includeTopLevelFolder, consignment.row])
            try db.move(consignment, .upload, to: .inProgress, run: runID, at: now)
            try db.move(consignment, .clientChecks, to: .inProgress, run: runID, at: now)
        }
    }

    /// Names the folder of a delivery, as long as no file of it was declared.
    ///
    /// - Throws: ``DeliveryError``, ``StoreError``.
    public func renameParentFolder(of consignment: Consignment, to parentFolder: String, run: RunInfo) throws {
        let name = try parentFolder.isEmpty ? nil : CheckedDeclaration.path(parentFolder)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            try db.requireDelivery(consignment)
            let tally = try db.tally(of: consignment)
            guard try db.statuses(of: consignment)[.upload] == .inProgress, tally.files + tally.folders == 0 else {
                throw DeliveryError.wrongState("the upload has not begun, or files have been declared already")
            }
            try db.execute(
                sql: "UPDATE consignment SET parentFolder = ? WHERE id = ?",
                arguments: [Data(name?.bytes ?? []), consignment.row])
            try db.recordEvent(
                runID, at: now, consignment: consignment.row, "ParentFolder",
                old: displayName(of: consignment.parentFolder), new: name?.display ?? "")
        }
    }

    /// Takes the list of files, or a part of it; the ids in the order of the files.
    ///
    /// Declaring the same file again is no change: it has the id it had. One whose bytes have not arrived may be
    /// declared anew with another size or checksum.
    /// - Parameters:
    ///   - more: whether further files are going to be declared; the upload is not complete until then.
    ///   - sizes: what the archive takes.
    /// - Throws: ``DeliveryError``, ``StoreError``.
    public func declare(
        _ files: [DeclaredFile], emptyDirectories: [String], in consignment: Consignment, more: Bool,
        sizes: DeliverySizes = DeliverySizes(), run: RunInfo
    ) throws -> [DeclaredFileID] {
        let count = files.count + emptyDirectories.count
        guard count <= DeliveryLimits.filesPerCall else { throw DeliveryError.tooManyFiles(count) }
        let checked = try files.map(CheckedDeclaration.init)
        let folders = try emptyDirectories.map(CheckedDeclaration.path)
        let runID = try begin(run)
        let now = clock()
        let (ids, isComplete) = try write { db in
            try db.requireDelivery(consignment)
            let upload = try db.statuses(of: consignment)[.upload]
            // A client whose answer was lost asks again; a new transfer is not what it wants.
            if upload == .completed, let ids = try db.received(checked, folders, in: consignment) {
                return (ids, false)
            }
            guard upload == .inProgress else {
                throw DeliveryError.wrongState("the upload has not begun, or is over; no files can be added")
            }
            if consignment.type == .judgment {
                let there = try db.tally(of: consignment).files
                let new = try checked.count { try db.file(at: $0.path, of: consignment) == nil }
                if there + new > 1 { throw DeliveryError.wrongState("a judgment is one file") }
            }
            for file in checked { try sizes.check(file.path, bytes: file.size) }
            var writer = try DeclarationWriter(db, consignment: consignment, run: runID, at: now)
            let ids = try checked.map { try writer.declare($0) }
            for folder in folders { try writer.declareFolder(folder) }
            try writer.finish()
            if sizes.consignmentBytes != nil {
                try sizes.check(consignmentBytes: try db.declaredBytes(of: consignment))
            }
            try db.recordEvent(
                runID, at: now, consignment: consignment.row, "FilesDeclared", new: "\(checked.count)")
            if more { return (ids, false) }
            try db.execute(
                sql: "UPDATE delivery SET isListed = 1 WHERE consignmentId = ?", arguments: [consignment.row])
            if try db.tally(of: consignment).files == 0 { throw DeliveryError.noFiles }
            return (ids, try db.completeIfAllIsThere(consignment, run: runID, at: now))
        }
        if isComplete { tellOfUpload() }
        return ids
    }

    /// The file that bytes are sent for; nil when the consignment has none of that id.
    public func expectedFile(_ file: RecordID, of consignment: Consignment) throws -> ExpectedFile? {
        try read { db in
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(
                        sql: """
                            SELECT file.id, path, origin, declaredFile.size, declaredFile.sha256, declaredFile.modified,
                                isReceived, awaitsDigest
                            FROM file JOIN declaredFile ON fileId = file.id
                            WHERE uuid = ? AND file.consignmentId = ?
                            """), arguments: [Data(file.bytes), consignment.row]),
                let key = FileKey(
                    row: try row.value(0), id: file, object: nil, path: try row.value(1), origin: try row.value(2)),
                let sha256 = SHA256Digest(try row.value(4) as Data)
            else { return nil }
            return ExpectedFile(
                row: key.row, key: key, consignment: consignment, id: file, size: try row.value(3), sha256: sha256,
                awaitsDigest: try row.value(7), modified: try row.value(5), isReceived: try row.value(6))
        }
    }

    /// The rows of those files that have not arrived.
    func notReceived(_ files: [ExpectedFile]) throws -> Set<Int64> {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT 1 FROM declaredFile WHERE fileId = ? AND isReceived = 0")
            return Set(
                try files.map(\.row).filter { try Int.fetchOne(statement, arguments: [$0]) != nil })
        }
    }

    /// Records files whose bytes are durable under their final names; the consignments that are complete by that.
    func recordReceived(_ files: [ExpectedFile], run: RunID) throws -> [Consignment] {
        let now = clock()
        let complete = try write { db in
            var tallies: [Int64: TallyChange] = [:]
            var consignments: [Int64: Consignment] = [:]
            for file in files {
                let place = file.consignment.row
                // Once for each consignment: nothing here ends its upload.
                if consignments[place] == nil {
                    guard try db.statuses(of: file.consignment)[.upload] == .inProgress else {
                        throw DeliveryError.wrongState("the upload is over; no bytes can be added")
                    }
                }
                try db.cachedStatement(
                    sql: """
                        UPDATE declaredFile SET isReceived = 1
                        WHERE fileId = ? AND isReceived = 0 AND awaitsDigest = 0 AND sha256 = ?
                        """
                ).execute(arguments: [file.row, Data(file.sha256.bytes)])
                guard db.changesCount == 1 else {
                    throw DeliveryError.wrongState("the file was declared anew while it was sent; send it again")
                }
                try db.cachedStatement(sql: "UPDATE file SET size = ?, modified = ?, sha256 = ? WHERE id = ?")
                    .execute(arguments: [file.size, file.modified, Data(file.sha256.bytes), file.row])
                var tally = tallies[place] ?? TallyChange()
                tally.add(Tally.size, "", Int(file.size))
                try db.apply(
                    FileStatusChange(
                        row: file.row,
                        values: [.upload: .success, .clientChecksum: .success, .clientFilePath: .success],
                        reasons: [:]), in: file.consignment, run: run, at: now, tally: &tally)
                tallies[place] = tally
                consignments[place] = file.consignment
            }
            for (row, tally) in tallies { if let one = consignments[row] { try db.apply(tally, to: one) } }
            return try consignments.values.filter { try db.completeIfAllIsThere($0, run: run, at: now) }
        }
        if !complete.isEmpty { tellOfUpload() }
        return complete
    }
}

extension Database {
    /// What was made by a call that is made once more.
    fileprivate func delivery(requestedBy owner: RecordID, as request: RecordID) throws -> Consignment? {
        try Int64.fetchOne(
            self, sql: "SELECT consignmentId FROM deliveryRequest WHERE owner = ? AND request = ?",
            arguments: [Data(owner.bytes), Data(request.bytes)]
        ).map { try consignment(row: $0) }
    }

    fileprivate func seriesRow(of consignment: Consignment) throws -> Int64? {
        try Int64.fetchOne(
            self, sql: "SELECT seriesId FROM consignment WHERE id = ?", arguments: [consignment.row])
    }

    /// Whether a consignment is filled through the API.
    fileprivate func requireDelivery(_ consignment: Consignment) throws {
        let isDelivery = try Bool.fetchOne(
            self, sql: "SELECT EXISTS (SELECT 1 FROM delivery WHERE consignmentId = ?)", arguments: [consignment.row])
        guard isDelivery == true else {
            throw DeliveryError.wrongState("\(consignment.reference) was uploaded on the command line")
        }
    }

    /// Ends the upload when the list is complete and all of it is there.
    fileprivate func completeIfAllIsThere(_ consignment: Consignment, run: RunID, at time: Timestamp) throws -> Bool {
        let isDone = try Bool.fetchOne(
            cachedStatement(
                sql: """
                    SELECT isListed AND NOT EXISTS
                        (SELECT 1 FROM declaredFile WHERE declaredFile.consignmentId = ?1 AND isReceived = 0)
                    FROM delivery WHERE consignmentId = ?1
                    """), arguments: [consignment.row])
        guard isDone == true else { return false }
        try move(consignment, .upload, to: .completed, run: run, at: time)
        return true
    }

    /// The ids of these files, where they and the folders are in the consignment just as they are declared; else nil.
    fileprivate func received(
        _ files: [CheckedDeclaration], _ folders: [RelativePath], in consignment: Consignment
    ) throws -> [DeclaredFileID]? {
        for folder in folders where try file(at: folder, of: consignment)?.type != .folder { return nil }
        var ids: [DeclaredFileID] = []
        for file in files {
            guard let known = try self.file(at: file.path, of: consignment), known.type == .file,
                let sha256 = file.sha256
            else { return nil }
            let isThere = try Bool.fetchOne(
                cachedStatement(
                    sql: "SELECT isReceived AND size = ? AND sha256 = ? FROM declaredFile WHERE fileId = ?"),
                arguments: [file.size, Data(sha256.bytes), known.row])
            guard isThere == true else { return nil }
            ids.append(
                DeclaredFileID(
                    fileId: RecordID.derived(from: consignment.id, name: file.path.bytes), matchId: file.matchId,
                    isReceived: true))
        }
        return ids
    }

    func file(at path: RelativePath, of consignment: Consignment) throws -> (row: Int64, type: FileType)? {
        guard
            let row = try Row.fetchOne(
                cachedStatement(sql: "SELECT id, fileType FROM file WHERE consignmentId = ? AND path = ?"),
                arguments: [consignment.row, Data(path.bytes)]), let type = FileType(rawValue: try row.value(1))
        else { return nil }
        return (try row.value(0), type)
    }
}

extension Database {
    /// Bytes of the files of a delivery, those that have arrived and those that are awaited.
    fileprivate func declaredBytes(of consignment: Consignment) throws -> Int64 {
        let awaited = try Int64.fetchOne(
            cachedStatement(
                sql: "SELECT coalesce(sum(size), 0) FROM declaredFile WHERE consignmentId = ? AND isReceived = 0"),
            arguments: [consignment.row])
        return Int64(try tally(of: consignment).bytes) + (awaited ?? 0)
    }
}

/// Writes the rows of declared files and of the folders above them, within one transaction.
private struct DeclarationWriter {
    private let db: Database
    private let consignment: Consignment
    private let run: RunID
    private let time: Timestamp
    private var reference: Int64
    /// The last number that any file has or had.
    private var lastRow: Int64
    private var tally = TallyChange()
    /// The rows of the folders met in this call.
    private var folders: [RelativePath: Int64] = [:]
    private var files: Set<RelativePath> = []

    init(_ db: Database, consignment: Consignment, run: RunID, at time: Timestamp) throws {
        self.db = db
        self.consignment = consignment
        self.run = run
        self.time = time
        reference = try Int64.fetchOne(db, sql: "SELECT value FROM counter WHERE name = 'file'") ?? 0
        lastRow = try db.lastFileRow()
    }

    mutating func finish() throws {
        try db.execute(sql: "UPDATE counter SET value = ? WHERE name = 'file'", arguments: [reference])
        try db.apply(tally, to: consignment)
    }

    mutating func declare(_ file: CheckedDeclaration) throws -> DeclaredFileID {
        guard files.insert(file.path).inserted else { throw DeliveryError.duplicatePath(file.path) }
        let id = RecordID.derived(from: consignment.id, name: file.path.bytes)
        if let known = try db.file(at: file.path, of: consignment) {
            guard known.type == .file else { throw DeliveryError.clash(file.path) }
            let isReceived = try declareAgain(file, row: known.row)
            return DeclaredFileID(fileId: id, matchId: file.matchId, isReceived: isReceived)
        }
        let row = try insert(file.path, id, .file)
        try db.cachedStatement(
            sql: """
                INSERT INTO declaredFile (fileId, consignmentId, matchId, size, modified, sha256, isReceived, awaitsDigest)
                VALUES (?, ?, ?, ?, ?, coalesce(?6, zeroblob(32)), 0, ?6 IS NULL)
                """
        ).execute(arguments: [
            row, consignment.row, file.matchId, file.size, file.modified, file.sha256.map { Data($0.bytes) },
        ])
        return DeclaredFileID(fileId: id, matchId: file.matchId, isReceived: false)
    }

    mutating func declareFolder(_ path: RelativePath) throws { _ = try folder(path) }

    /// Whether its bytes are there.
    private func declareAgain(_ file: CheckedDeclaration, row: Int64) throws -> Bool {
        guard
            let old = try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT size, sha256, isReceived, awaitsDigest FROM declaredFile WHERE fileId = ?"),
                arguments: [row])
        else { throw DeliveryError.clash(file.path) }
        let hasSameSize = try old.value(0) == file.size
        // Who does not say the digest yet does not contradict the one that is known.
        let isSame = try hasSameSize && (file.sha256 == nil || old.value(1) == file.sha256.map { Data($0.bytes) })
        if try old.value(2) as Bool {
            guard isSame else { throw DeliveryError.receivedDifferently(file.path) }
            return true
        }
        let digest = try file.sha256.map { Data($0.bytes) } ?? (hasSameSize ? old.value(1) : Data(count: 32))
        let awaits = try file.sha256 == nil && (!hasSameSize || old.value(3))
        try db.cachedStatement(
            sql: """
                UPDATE declaredFile SET matchId = ?, size = ?, modified = ?, sha256 = ?, awaitsDigest = ? WHERE fileId = ?
                """
        ).execute(arguments: [file.matchId, file.size, file.modified, digest, awaits, row])
        if !isSame {
            try db.recordEvent(
                run, at: time, consignment: consignment.row, file: row, "DeclaredAnew", old: nil, new: file.sha256?.hex)
        }
        return false
    }

    private mutating func folder(_ path: RelativePath) throws -> Int64 {
        if let row = folders[path] { return row }
        let row: Int64
        if let known = try db.file(at: path, of: consignment) {
            guard known.type == .folder else { throw DeliveryError.clash(path) }
            row = known.row
        } else {
            row = try insert(path, RecordID.derived(from: consignment.id, name: path.bytes), .folder)
        }
        folders[path] = row
        return row
    }

    private mutating func insert(_ path: RelativePath, _ id: RecordID, _ type: FileType) throws -> Int64 {
        let parent = try path.parent.map { try folder($0) }
        reference += 1
        lastRow += 1
        tally.add(Tally.type, type.rawValue, 1)
        // At the top there is no folder whose name could be left out of the place at the source.
        let origin = parent == nil && type == .file ? Data(path.bytes) : nil
        try db.cachedStatement(
            sql: """
                INSERT INTO file (id, consignmentId, uuid, fileType, parentId, path, reference, origin)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            lastRow, consignment.row, Data(id.bytes), type.rawValue, parent, Data(path.bytes), reference, origin,
        ])
        return lastRow
    }
}
