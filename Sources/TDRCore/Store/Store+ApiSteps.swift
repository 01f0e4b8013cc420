import GRDB
import Streams

/// A step of a consignment with its times.
public struct StepReport: Sendable {
    let consignment: RecordID
    /// Which.
    public let type: ConsignmentStatusType
    /// How far.
    public let value: ConsignmentStatusValue
    /// When it began.
    public let created: Timestamp
    /// When it last changed.
    public let modified: Timestamp

    /// Its id, which follows from that of the consignment.
    public var id: RecordID { .derived(from: consignment, name: Array("status \(type.rawValue)".utf8)) }
}

extension Store {
    /// The steps of each of these consignments, by the order of the types.
    package func steps(of consignments: [Consignment]) throws -> [[StepReport]] {
        guard consignments.count == 1, let one = consignments.first else {
            return try read { try $0.steps(of: consignments) }
        }
        return try remembered(.steps(one.row)) { try $0.steps(of: [one]) } ?? [[]]
    }

    /// The properties of each of these consignments by name, but for those that are ours alone.
    package func consignmentMetadata(of consignments: [Consignment]) throws -> [[(name: String, value: String)]] {
        let list = "[" + consignments.map { String($0.row) }.joined(separator: ",") + "]"
        return try read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT consignmentId, propertyName, value FROM consignmentMetadata
                    WHERE consignmentId IN (SELECT value FROM json_each(?)) ORDER BY consignmentId, propertyName
                    """, arguments: [list])
            var found: [Int64: [(name: String, value: String)]] = [:]
            for row in rows {
                let name: String = try row.value(1)
                if ConsignmentPolicy.names.contains(name) { continue }
                found[try row.value(0), default: []].append((name, try row.value(2)))
            }
            return consignments.map { found[$0.row] ?? [] }
        }
    }

    /// Moves a step as somebody says who may: by the rules, or not at all. That a check is complete, or that the export
    /// may begin or is done, is believed only where the store itself says so, too.
    ///
    /// - Throws: ``StoreError/illegalMove(reference:step:from:to:)``, ``DeliveryError/wrongState(_:)``.
    public func setStep(
        _ type: ConsignmentStatusType, to value: ConsignmentStatusValue, of consignment: Consignment, isNew: Bool,
        run: RunInfo
    ) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let old = try db.statuses(of: consignment)[type]
            if isNew, let old {
                throw DeliveryError.wrongState(
                    "Existing consignment \(type.rawValue) status is '\(old.rawValue)'; new entry cannot be added")
            }
            if !isNew, old == nil { throw DeliveryError.wrongState("the step \(type.rawValue) has not begun") }
            try db.requireGrounds(for: type, value, of: consignment)
            try db.move(consignment, type, to: value, run: runID, at: now)
            try confirmIfWished(consignment, db, run: runID, at: now)
        }
    }

    /// Confirms that custody of the records passes to the archive.
    ///
    /// - Parameter required: What must be recorded beside the checks.
    /// - Throws: ``DeliveryError/wrongState(_:)`` as long as something is missing or amiss.
    public func confirmTransfer(
        _ consignment: Consignment, by login: String, required: Set<ExportRequirement>, run: RunInfo
    ) throws {
        try require(required, of: consignment)
        let runID = try begin(run)
        let now = clock()
        try write { db in
            if try db.statuses(of: consignment)[.confirmTransfer] == .completed { return }
            try db.requireReady(consignment)
            try db.confirmTransfer(consignment, by: login, run: runID, at: now)
        }
    }

    /// What must be recorded is, and no review stands in the way.
    func require(_ required: Set<ExportRequirement>, of consignment: Consignment) throws {
        let missing = try ExportGate.missing(required, of: report(on: consignment), in: self)
        guard missing.isEmpty else {
            throw DeliveryError.wrongState(
                "the transfer is not ready: \(missing.map(\.description).joined(separator: "; "))")
        }
    }

    /// Has checks made that are missing or could not be made.
    ///
    /// - Throws: ``DeliveryError/wrongState(_:)`` before the upload is complete and after the export has begun.
    public func wishChecks(_ consignment: Consignment, run: RunInfo) throws {
        let runID = try begin(run)
        let now = clock()
        try write { db in
            let statuses = try db.statuses(of: consignment)
            guard statuses[.upload] == .completed || statuses[.upload] == .completedWithIssues else {
                throw DeliveryError.wrongState("the upload is not complete; checks start when it is")
            }
            if statuses[.export] == .inProgress || statuses[.export] == .completed {
                throw DeliveryError.wrongState("the export has begun; nothing can be checked any more")
            }
            for step in [ConsignmentStatusType.serverAntivirus, .serverChecksum, .serverFFID, .clientChecks]
            where statuses[step] != nil {
                try db.move(consignment, step, to: .inProgress, run: runID, at: now)
            }
            try db.recordEvent(runID, at: now, consignment: consignment.row, "ChecksRequested", new: nil)
        }
    }

    /// The newest event of a consignment: what changes when anything does.
    public func newestEvent(of consignment: Consignment) throws -> Int64 {
        try read { db in
            try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT max(id) FROM event WHERE consignmentId = ? AND fileId IS NULL"),
                arguments: [consignment.row]) ?? 0
        }
    }
}

extension Database {
    /// Whether the store itself has grounds to believe what somebody says of a step.
    fileprivate func requireGrounds(
        for type: ConsignmentStatusType, _ value: ConsignmentStatusValue, of consignment: Consignment
    ) throws {
        switch (type, value) {
        case (.export, .inProgress):
            guard try statuses(of: consignment)[.confirmTransfer] == .completed else {
                throw DeliveryError.wrongState("confirm the transfer before the export")
            }
            try requireReady(consignment)
        case (.export, .completed):
            let location = try String.fetchOne(
                self, sql: "SELECT exportLocation FROM consignment WHERE id = ?", arguments: [consignment.row])
            guard location != nil else {
                throw DeliveryError.wrongState("say where the bag is, by updateExportData, before the export ends")
            }
        case (.serverAntivirus, .completed), (.serverChecksum, .completed), (.serverFFID, .completed),
            (.clientChecks, .completed), (.serverRedaction, .completed):
            let tally = try tally(of: consignment)
            let types =
                CheckKind.allCases.first { $0.consignmentStep == type }?.statusTypes
                ?? [type == .clientChecks ? .clientChecks : .redaction]
            let taken = tally[.upload, .success]
            let isGood = types.allSatisfy { one in
                let counts = tally.counts(of: one)
                let known = counts.filter { $0.key != nil && $0.value > 0 }
                return known.keys.allSatisfy { $0?.isGood ?? false }
                    && (one == .redaction || known.values.reduce(0, +) >= taken)
            }
            guard isGood else {
                throw DeliveryError.wrongState("\(type.rawValue) cannot be Completed: files lack a good result")
            }
        default: break
        }
    }

    /// Whether everything has been uploaded, checked and found good.
    func requireReady(_ consignment: Consignment) throws {
        let statuses = try statuses(of: consignment)
        let withoutAntivirus = try metadata(ConsignmentPolicy.antivirus, of: consignment) == "none"
        var steps: [ConsignmentStatusType] = [.upload, .clientChecks, .serverChecksum, .serverFFID]
        if consignment.type == .standard { steps.append(.series) }
        if !withoutAntivirus { steps.append(.serverAntivirus) }
        let missing = steps.filter { statuses[$0] != .completed }
        guard missing.isEmpty else {
            let words = missing.map { "\($0.rawValue) is \(statuses[$0]?.rawValue ?? "not begun")" }
            throw DeliveryError.wrongState("the transfer is not ready: \(words.joined(separator: ", "))")
        }
        if let review = statuses[.metadataReview], review != .completed {
            let word = review == .inProgress ? "under review" : "rejected"
            throw DeliveryError.wrongState("the transfer is not ready: its metadata is \(word)")
        }
        // A mismatch does not show in the steps everywhere: no file may have anything to act on.
        let problems = try tally(of: consignment)[Tally.problem, ""]
        guard problems == 0 else {
            throw DeliveryError.wrongState("the transfer is not ready: \(problems) files have findings")
        }
    }
}

extension Database {
    fileprivate func steps(of consignments: [Consignment]) throws -> [[StepReport]] {
        let wanted = RowSet(consignments.map(\.row))
        let rows = try Row.fetchAll(
            cachedStatement(
                sql: """
                    SELECT consignmentId, statusType, value, created, modified FROM consignmentStatus
                    WHERE consignmentId \(wanted.are)
                    """), arguments: [wanted.value])
        let ids = Dictionary(consignments.map { ($0.row, $0.id) }) { $1 }
        var found: [Int64: [StepReport]] = [:]
        for row in rows {
            let consignment: Int64 = try row.value(0)
            guard let type = ConsignmentStatusType(rawValue: try row.value(1)),
                let value = ConsignmentStatusValue(rawValue: try row.value(2)), let id = ids[consignment]
            else { continue }
            found[consignment, default: []].append(
                StepReport(
                    consignment: id, type: type, value: value,
                    created: Timestamp(milliseconds: try row.value(3)),
                    modified: Timestamp(milliseconds: try row.value(4))))
        }
        let order = ConsignmentStatusType.order
        return consignments.map { one in
            (found[one.row] ?? []).sorted { order[$0.type] ?? 0 < order[$1.type] ?? 0 }
        }
    }
}
