import FoundationEssentials
import GRDB
import Streams

/// An export that was asked for and is not done.
public struct ExportWish: Sendable {
    /// Of which consignment.
    public let consignment: Consignment
    /// By whom.
    public let requestedBy: String
}

extension Store {
    /// Asks for an export, which somebody who watches ``exportWishes()`` then makes.
    ///
    /// - Parameter required: What must be recorded beside the checks.
    /// - Throws: ``DeliveryError/wrongState(_:)`` unless custody was confirmed and nothing is missing; ``StoreError``.
    public func wishExport(
        _ consignment: Consignment, by login: String, required: Set<ExportRequirement>, run: RunInfo
    ) throws {
        try require(required, of: consignment)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let statuses = try db.statuses(of: consignment)
            guard statuses[.confirmTransfer] == .completed else {
                throw DeliveryError.wrongState("confirm the transfer before the export")
            }
            try db.requireReady(consignment)
            // Asked for already: once is enough.
            let isThere = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM exportRequest WHERE consignmentId = ?)",
                arguments: [consignment.row])
            if isThere == true { return }
            if statuses[.export] == .completed { return }
            try db.execute(
                sql: """
                    UPDATE consignment SET transferInitiated = coalesce(transferInitiated, ?),
                        transferInitiatedBy = coalesce(transferInitiatedBy, ?) WHERE id = ?
                    """, arguments: [now.milliseconds, login, consignment.row])
            try db.move(consignment, .export, to: .inProgress, run: runID, at: now)
            try db.execute(
                sql: "INSERT INTO exportRequest (consignmentId, requestedBy, requested) VALUES (?, ?, ?)",
                arguments: [consignment.row, login, now.milliseconds])
            try db.recordEvent(runID, at: now, consignment: consignment.row, "ExportRequested", new: login)
        }
    }

    /// Why the last export of each of these consignments was not made; nil where none has failed.
    package func exportFailures(of consignments: [Consignment]) throws -> [String?] {
        let list = "[" + consignments.map { String($0.row) }.joined(separator: ",") + "]"
        return try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT event.consignmentId, new FROM consignmentStatus AS step JOIN event
                        ON event.consignmentId = step.consignmentId AND event.fileId IS NULL AND what = 'ExportFailed'
                    WHERE step.consignmentId IN (SELECT value FROM json_each(?)) AND step.statusType = 'Export'
                        AND step.value = 'Failed' ORDER BY event.id
                    """, arguments: [list])
            var found: [Int64: String] = [:]
            for row in rows { found[try row.value(0)] = try row.value(1) }
            return consignments.map { found[$0.row] }
        }
    }

    /// The exports that were asked for and are not done, oldest first.
    public func exportWishes() throws -> [ExportWish] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM exportRequest ORDER BY requested, consignmentId").map { row in
                ExportWish(
                    consignment: try db.consignment(row: try row.value("consignmentId")),
                    requestedBy: try row.value("requestedBy"))
            }
        }
    }

    /// The export is over; `failure` says why there is no bag, where there is none.
    public func endExportWish(_ consignment: Consignment, failure: String?, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            try db.execute(sql: "DELETE FROM exportRequest WHERE consignmentId = ?", arguments: [consignment.row])
            guard let failure else { return }
            if try db.statuses(of: consignment)[.export] == .inProgress {
                try db.move(consignment, .export, to: .failed, run: runID, at: now)
                try db.recordEvent(runID, at: now, consignment: consignment.row, "ExportFailed", new: failure)
            }
        }
    }

    /// Says where a program of its own has written the bag of a consignment.
    ///
    /// - Throws: ``DeliveryError/wrongState(_:)`` unless such a program is at it.
    public func setExportData(
        of consignment: Consignment, location: String, datetime: Timestamp?, version: String, run: RunInfo
    ) throws {
        for (what, text) in [("location", location), ("version", version)] {
            guard text.isOneLine(atMost: 4096) else {
                throw DeliveryError.badExportData("its \(what) is empty, has line breaks or more than 4096 bytes")
            }
        }
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let isOurs = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM exportRequest WHERE consignmentId = ?)",
                arguments: [consignment.row])
            guard try db.statuses(of: consignment)[.export] == .inProgress, isOurs != true else {
                throw DeliveryError.wrongState(
                    isOurs == true
                        ? "this server makes the export itself" : "the export is not in progress: begin the step Export"
                )
            }
            try db.execute(
                sql:
                    "UPDATE consignment SET exportLocation = ?, exportVersion = ?, exported = coalesce(?, exported, ?) WHERE id = ?",
                arguments: [location, version, datetime?.milliseconds, now.milliseconds, consignment.row])
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let said = try encoder.encode(["exportLocation": location, "exportVersion": version])
            try db.recordEvent(
                runID, at: now, consignment: consignment.row, "ExportReported", old: consignment.exportLocation,
                new: String(decoding: said, as: UTF8.self))
        }
    }
}
