import GRDB
import Streams

/// Records findings: statuses, results and history of a thousand files to a transaction, from any thread.
final class CheckRecorder: Sendable {
    private static let batch = 1000

    private struct State {
        var pending: [FileFindings] = []
        var count = 0
        /// Whether the run goes on with one that was cut off before its end.
        var isContinued = false
    }

    private let consignment: Consignment
    private let store: Store
    private let run: RunID
    /// The rows of the run's antivirus engines, in their order.
    private let antivirusEngines: [Int64]
    /// The row of the program that identifies formats; nil where none does.
    private let formatEngine: Int64?
    /// The same as the history names them.
    private let engineNames: [(check: CheckKind, what: String, name: String)]
    private let state = Guarded(State())
    /// One writer at a time; the readers go on meanwhile.
    private let writing = Guarded(())

    convenience init(
        _ consignment: Consignment, in store: Store, run: RunID, engines: AntivirusEngines, signatures: Signatures,
        softwareVersion: String
    ) throws {
        let pronom = EngineVersion(
            software: Signatures.software, softwareVersion: softwareVersion, databaseVersion: signatures.binaryFile)
        try self.init(
            consignment, in: store, run: run, antivirus: engines.engines.map(\.version),
            format: FormatEngine(version: pronom, container: signatures.containerFile))
    }

    /// Records what these programs find.
    init(
        _ consignment: Consignment, in store: Store, run: RunID, antivirus versions: [EngineVersion],
        format: FormatEngine?
    ) throws {
        self.consignment = consignment
        self.store = store
        self.run = run
        engineNames =
            versions.map { (.antivirus, EventName.antivirusEngine, "\($0)") }
            + (format.map { [(.format, EventName.formatEngine, "\($0.version), \($0.container)")] } ?? [])
        (antivirusEngines, formatEngine) = try store.write { db in
            return (
                try versions.map { try db.engine($0, kind: "antivirus", method: "") },
                try format.map {
                    try db.engine($0.version, kind: "format", container: $0.container, method: "pronom")
                }
            )
        }
    }

    /// Files recorded so far.
    var count: Int { state.withLock { $0.count } }

    /// Marks the checks as begun, and what was decided about antivirus.
    ///
    /// - Parameter withoutAntivirus: Whether it was decided to make no such check; nil where nothing was decided.
    func begin(_ checks: Set<CheckKind>, of consignment: Consignment, withoutAntivirus: Bool?) throws {
        let now = store.clock()
        let isContinued = try store.statuses(of: consignment).contains { type, value in
            value == .inProgress && checks.contains { $0.consignmentStep == type }
        }
        state.withLock { $0.isContinued = isContinued }
        try store.write { db in
            for check in checks.sorted() {
                try db.move(consignment, check.consignmentStep, to: .inProgress, run: run, at: now)
            }
            // With what each run checked: the tables have the latest results alone.
            for (check, what, name) in engineNames where checks.contains(check) {
                try db.recordEvent(run, at: now, consignment: consignment.row, what, new: name)
            }
            if !checks.isEmpty { try db.move(consignment, .clientChecks, to: .inProgress, run: run, at: now) }
            if let withoutAntivirus {
                try db.setMetadata(
                    ConsignmentPolicy.antivirus, of: consignment, to: withoutAntivirus ? "none" : nil, run: run,
                    at: now)
            }
        }
    }

    /// Takes findings; writes when enough have come together.
    func add(_ findings: [FileFindings]) throws {
        let due = state.withLock { state -> [FileFindings] in
            state.pending += findings
            guard state.pending.count >= CheckRecorder.batch else { return [] }
            defer { state.pending = [] }
            return state.pending
        }
        try write(due)
    }

    /// Writes all that has come.
    func flush() throws {
        try write(
            state.withLock { state in
                defer { state.pending = [] }
                return state.pending
            })
    }

    /// Tells others that the run broke off.
    func tell(ofCrash error: any Error) {
        // Where not even this can be written, all that can be told is the error that the caller has.
        try? store.write { db in
            try db.notify(.checksCrashed(cause: "\(error)"), of: consignment, at: store.clock())
        }
    }

    private func write(_ findings: [FileFindings]) throws {
        if findings.isEmpty { return }
        let now = store.clock()
        let moved = try writing.withLock { _ in
            try store.write { db in
                var tally = TallyChange()
                var moved: Set<RecordID> = []
                for finding in findings where try record(finding, db, at: now, &tally) {
                    moved.insert(finding.file.key.object)
                }
                try tellOfMalware(findings, db, at: now)
                try db.apply(tally, to: consignment)
                return moved
            }
        }
        state.withLock { $0.count += findings.count }
        if !moved.isEmpty { try Quarantine.settle(consignment, in: store, only: moved) }
    }

    /// - Returns: whether the file's object belongs elsewhere from now on.
    private func record(
        _ findings: FileFindings, _ db: Database, at now: Timestamp, _ tally: inout TallyChange
    ) throws -> Bool {
        let file = findings.file
        var values: [FileStatusType: FileStatusValue] = [:]
        var reasons: [FileStatusType: String] = [:]
        var digest: SHA256Digest?
        switch findings.checksum {
        case .computed(let computed):
            digest = computed
            values[.serverChecksum] = .success
            values[.checksumMatch] = computed == file.sha256 ? .success : .mismatch
            if computed != file.sha256 {
                reasons[.checksumMatch] = "SHA-256 was \(file.sha256) at upload and is \(computed) now"
            }
        case .failed(let reason):
            (values[.serverChecksum], values[.checksumMatch]) = (.failed, .failed)
            reasons[.serverChecksum] = reason
        case nil: break
        }
        switch findings.antivirus?.verdict {
        case .clean: values[.antivirus] = .success
        case .cleanInWindows(let how):
            values[.antivirus] = .success
            reasons[.antivirus] = how
        case .found(let name):
            values[.antivirus] = .virusDetected
            reasons[.antivirus] = name
        // What was found once stays found until an engine says otherwise.
        case .notScanned(let reason) where file.statuses[.antivirus] == .virusDetected:
            reasons[.antivirus] = "found before; not scanned this time: \(reason)"
            values[.antivirus] = .virusDetected
        case .notScanned(let reason):
            values[.antivirus] = .failed
            reasons[.antivirus] = reason
        case nil: break
        }
        switch findings.format {
        case .identified(let facts, let status):
            values[.ffid] = status
            if status == .passwordProtected { reasons[.ffid] = facts.encryption }
            try record(facts, of: file, db, at: now)
        case .failed(let reason):
            values[.ffid] = .failed
            reasons[.ffid] = reason
        case nil: break
        }
        if let finding = findings.antivirus { try record(finding, of: file, db, at: now) }
        var after = file.statuses
        for (type, value) in values { after[type] = value }
        let moves = try quarantine(findings, db, at: now)
        if FileStatusType.ofChecks.allSatisfy({ after[$0] != nil }) { values[.clientChecks] = after.clientChecks }
        try db.apply(
            FileStatusChange(
                row: file.key.row, values: values, reasons: reasons, old: file.statuses, serverSHA256: digest),
            in: consignment, run: run, at: now, tally: &tally)
        return moves
    }

    /// One notice for all in the transaction, so that a folder full of infected files is no flood.
    private func tellOfMalware(_ findings: [FileFindings], _ db: Database, at now: Timestamp) throws {
        var count = 0
        var first: [Notice.InfectedFile] = []
        for finding in findings {
            guard case .found(let names) = finding.antivirus?.verdict,
                finding.file.statuses[.antivirus] != .virusDetected
            else { continue }
            count += 1
            if first.count < 10 {
                first.append(
                    Notice.InfectedFile(
                        fileId: finding.file.key.id.description, path: finding.file.key.path.display, found: names))
            }
        }
        if count > 0 { try db.notify(.malwareFound(count: count, first: first), of: consignment, at: now) }
    }

    /// One row a match, or one that says that nothing matched; libmagic's opinion stands in the first.
    private func record(_ facts: FormatFacts, of file: FileToCheck, _ db: Database, at now: Timestamp) throws {
        if file.statuses[.ffid] != nil {
            try db.cachedStatement(sql: "DELETE FROM formatMatch WHERE fileId = ?").execute(arguments: [file.key.row])
        }
        let none = FormatMatchRecord(puid: nil, formatName: nil, basis: "", extensionMismatch: nil)
        for (position, match) in (facts.matches.isEmpty ? [none] : facts.matches).enumerated() {
            try db.cachedStatement(
                sql: """
                    INSERT INTO formatMatch (fileId, position, engineId, extension, identificationBasis, puid,
                        extensionMismatch, formatName, mimeType, description, datetime)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                file.key.row, position, formatEngine, match.puid == nil ? nil : facts.fileExtension, match.basis,
                match.puid, match.extensionMismatch, match.formatName, position == 0 ? facts.magic?.mimeType : nil,
                position == 0 ? facts.magic?.description : nil, now.milliseconds,
            ])
        }
    }

    /// A found file is held; one that was held and that every engine calls clean now is let go.
    ///
    /// - Returns: whether that is new.
    private func quarantine(_ findings: FileFindings, _ db: Database, at now: Timestamp) throws -> Bool {
        guard consignment.storage == .copied else { return false }
        let row = findings.file.key.row
        switch findings.antivirus?.verdict {
        case .found(let names):
            return try db.setQuarantine(file: row, in: consignment, to: .held, found: names, run: run, at: now)
        case .clean, .cleanInWindows:
            guard findings.file.statuses[.antivirus] == .virusDetected, try db.quarantineState(ofFile: row) == .held
            else { return false }
            return try db.setQuarantine(
                file: row, in: consignment, to: .released, found: "", reason: "every engine calls it clean now",
                run: run, at: now)
        case .notScanned, nil: return false
        }
    }

    /// A row for each engine that was asked.
    private func record(_ finding: AntivirusFinding, of file: FileToCheck, _ db: Database, at now: Timestamp) throws {
        for (engine, verdict) in zip(antivirusEngines, finding.byEngine) {
            let result: String? =
                switch verdict {
                case .clean, .cleanInWindows: ""
                case .found(let name): name
                case .notScanned: nil
                }
            if file.statuses[.antivirus] != nil {
                // What the same program said by an older database is history, and stands in the events.
                try db.cachedStatement(
                    sql: """
                        DELETE FROM antivirusResult WHERE fileId = ? AND engineId IN
                            (SELECT older.id FROM engine JOIN engine AS older USING (software)
                                WHERE engine.id = ? AND older.id <> engine.id)
                        """
                ).execute(arguments: [file.key.row, engine])
            }
            try db.cachedStatement(
                sql: """
                    INSERT INTO antivirusResult (fileId, engineId, result, datetime) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET result = excluded.result, datetime = excluded.datetime
                    """
            ).execute(arguments: [file.key.row, engine, result, (finding.datetime ?? now).milliseconds])
        }
    }

    /// Sums up the files' statuses in the consignment's. A check that some uploaded file still lacks stays
    /// `InProgress`.
    ///
    /// - Parameter isLast: Whether others are told of problems now; otherwise when every one of the checks has ended.
    func rollUp(
        _ checks: Set<CheckKind>, isLast: Bool = true
    ) throws -> (
        statuses: [ConsignmentStatusType: ConsignmentStatusValue], problems: Int
    ) {
        let now = store.clock()
        return try store.write { db in
            if !checks.isEmpty { try db.pairRedactions(of: consignment, run: run, at: now) }
            let tally = try db.tally(of: consignment)
            // What was begun with an engine ends without one, when it is decided so meanwhile.
            let isLeft =
                try db.metadata(ConsignmentPolicy.antivirus, of: consignment) == "none"
                && db.statuses(of: consignment)[.serverAntivirus] == .inProgress
            try db.rollUp(
                isLeft ? checks.union([.antivirus]) : checks, of: consignment, tally, run: run, at: now)
            if isLeft, try db.statuses(of: consignment)[.serverAntivirus] == .inProgress {
                // Some file was never scanned.
                try db.move(consignment, .serverAntivirus, to: .failed, run: run, at: now)
            }
            let steps = try db.statuses(of: consignment)
            let hasEnded = isLast || checks.allSatisfy { steps[$0.consignmentStep] != .inProgress }
            let isNews = hasEnded && state.withLock { $0.count > 0 || $0.isContinued }
            if tally[Tally.problem, ""] > 0, isNews {
                try db.notify(
                    .checksFoundProblems(resolutionPath: Notice.resolutionPath(tally)), of: consignment, at: now)
            }
            try store.confirmIfWished(consignment, db, run: run, at: now)
            return (try db.statuses(of: consignment), tally[Tally.problem, ""])
        }
    }
}

/// The program that identifies formats, with what it judges by.
struct FormatEngine: Hashable {
    /// The program, and PRONOM's signatures.
    let version: EngineVersion
    /// PRONOM's signatures of containers.
    let container: String
}

extension FileStatusType {
    /// The statuses that must be known before the client's checks can be summed up.
    static let ofChecks: [FileStatusType] = [.checksumMatch, .ffid]
}
