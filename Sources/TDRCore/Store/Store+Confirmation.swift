import GRDB

extension Store {
    /// Records the wish that custody passes by itself when the checks of the consignment end clean.
    public func wishConfirmation(of consignment: Consignment, by login: String, run: RunInfo) throws {
        try wishConfirmation(of: consignment, by: login, run: begin(run))
    }

    /// The same within a run that has begun.
    func wishConfirmation(of consignment: Consignment, by login: String, run: RunID) throws {
        let now = clock()
        try write { db in
            try db.setMetadata(ConsignmentPolicy.confirmWhenClean, of: consignment, to: login, run: run, at: now)
            // It may be clean already.
            try confirmIfWished(consignment, db, run: run, at: now)
        }
    }

    /// Gives what is due to be given: to consignments that became clean otherwise than by the end of a check.
    ///
    /// - Parameters:
    ///   - required: What must be recorded of each, beside what the settings of the store require.
    ///   - run: is asked for when there is something to record.
    func confirmAllWished(required: Set<ExportRequirement> = [], run: () throws -> RunID) throws {
        let required = try requirements().union(required)
        let waiting = try read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT consignmentId FROM consignmentMetadata WHERE propertyName = ?
                        AND NOT EXISTS (SELECT 1 FROM consignmentStatus AS s WHERE
                            s.consignmentId = consignmentMetadata.consignmentId AND statusType = 'ConfirmTransfer')
                        AND NOT EXISTS (SELECT 1 FROM cancellation AS c
                            WHERE c.consignmentId = consignmentMetadata.consignmentId)
                    ORDER BY consignmentId
                    """, arguments: [ConsignmentPolicy.confirmWhenClean]
            ).map { try db.consignment(row: $0) }.filter { try db.isReadyByItself($0, required) }
        }
        for consignment in waiting where !ConsignmentLock.isHeld(consignment.id, in: self) {
            let runID = try run()
            let now = clock()
            try write { try $0.confirmIfWished(consignment, required, run: runID, at: now) }
        }
    }

    /// What must be recorded of a consignment before custody passes, by the settings of the program.
    ///
    /// - Throws: ``AgreementError/unknownRequirement(_:)``.
    func requirements() throws -> Set<ExportRequirement> {
        try ExportRequirement.list(environment[ExportRequirement.variable] ?? "")
    }

    /// Confirms the transfer of a consignment that is clean, and of which all is recorded that must be, when somebody
    /// wished that; in the name of that person. Within a transaction that changed what this depends on.
    func confirmIfWished(_ consignment: Consignment, _ db: Database, run: RunID, at time: Timestamp) throws {
        try db.confirmIfWished(consignment, try requirements(), run: run, at: time)
    }

    /// The consignments whose transfer was confirmed and that are not exported, in the order in which they were made.
    public func consignmentsToExport() throws -> [Consignment] {
        try read { db in
            try Int64.fetchAll(
                db,
                sql: """
                    SELECT consignmentId FROM consignmentStatus AS confirmed
                    WHERE statusType = 'ConfirmTransfer' AND value = 'Completed'
                        AND NOT EXISTS (SELECT 1 FROM consignmentStatus AS s WHERE
                            s.consignmentId = confirmed.consignmentId AND statusType = 'Export' AND value = 'Completed')
                        AND NOT EXISTS (SELECT 1 FROM cancellation AS c
                            WHERE c.consignmentId = confirmed.consignmentId)
                    ORDER BY consignmentId
                    """
            ).map { try db.consignment(row: $0) }
        }
    }

    /// The judgments whose custody has passed and whose export nobody has asked for, with who passed it. One whose
    /// export has failed is not among them: somebody has to look at it.
    public func judgmentsToExport() throws -> [ExportWish] {
        try read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT \(Consignment.columns), coalesce(transferInitiatedBy, userLogin) AS requestedBy
                        FROM waiting JOIN consignment ON consignment.id = consignmentId
                        WHERE work = 'JudgmentExport' ORDER BY consignmentId
                        """)
            ).map { row in
                ExportWish(consignment: try Consignment(row), requestedBy: try row.value("requestedBy"))
            }
        }
    }
}

extension Database {
    /// Confirms that custody passes, as decided by `login`. What was confirmed before stays as it was.
    func confirmTransfer(_ consignment: Consignment, by login: String, run: RunID, at time: Timestamp) throws {
        if try statuses(of: consignment)[.confirmTransfer] == .completed { return }
        try setMetadata(PropertyName.legalCustodyTransferConfirmed, of: consignment, to: "true", run: run, at: time)
        try move(consignment, .confirmTransfer, to: .completed, run: run, at: time)
        // As the original's log has it, where there was a review.
        if try statuses(of: consignment)[.metadataReview] != nil {
            try logReview(.confirmation, of: consignment, notes: "", run: run, at: time)
        }
        try execute(
            sql: """
                UPDATE consignment SET transferInitiated = coalesce(transferInitiated, ?),
                    transferInitiatedBy = coalesce(transferInitiatedBy, ?) WHERE id = ?
                """, arguments: [time.milliseconds, login, consignment.row])
    }

    fileprivate func confirmIfWished(
        _ consignment: Consignment, _ required: Set<ExportRequirement>, run: RunID, at time: Timestamp
    ) throws {
        guard let login = try metadata(ConsignmentPolicy.confirmWhenClean, of: consignment),
            try statuses(of: consignment)[.confirmTransfer] == nil, try isReadyByItself(consignment, required)
        else { return }
        try confirmTransfer(consignment, by: login, run: run, at: time)
    }

    /// Whether it is clean, and all is recorded that must be.
    fileprivate func isReadyByItself(
        _ consignment: Consignment, _ required: Set<ExportRequirement>
    ) throws -> Bool {
        guard try isClean(consignment) else { return false }
        return ExportGate.missing(
            required, of: consignment.reference, try statuses(of: consignment), try properties(of: consignment)
        ).isEmpty
    }

    /// Whether every step that has begun is complete, every check that is wanted was made for every file, and nothing
    /// was found.
    func isClean(_ consignment: Consignment) throws -> Bool {
        let withoutAntivirus = try metadata(ConsignmentPolicy.antivirus, of: consignment) == "none"
        var steps = try statuses(of: consignment)
        steps[.export] = nil
        if withoutAntivirus { steps[.serverAntivirus] = nil }
        let checks = CheckKind.allCases.filter { $0 != .antivirus || !withoutAntivirus }
        guard steps[.upload] == .completed, steps.values.allSatisfy({ $0 == .completed }),
            checks.allSatisfy({ steps[$0.consignmentStep] == .completed })
        else { return false }
        let tally = try tally(of: consignment)
        // Files that were added later lack results while the step still says that it is complete.
        let taken = tally[.upload, .success]
        return taken > 0 && tally[Tally.problem, ""] == 0
            && checks.flatMap(\.statusTypes).allSatisfy { tally[$0, .success] >= taken }
    }
}
