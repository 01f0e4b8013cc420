import Glibc
public import Streams

/// What replacing or adding did.
public struct RepairSummary: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// Files with new bytes, or new files.
    public internal(set) var changed = 0
    /// New folders.
    public internal(set) var folders = 0
    /// Files whose bytes were those already.
    public internal(set) var unchanged = 0
    /// Bytes of the changed files.
    public internal(set) var bytes: Int64 = 0
    /// Files that could not be read; the consignment has what it had.
    public internal(set) var failed = PathList()
    /// System files, links and special files that were left out.
    public internal(set) var leftOut = PathList()

    /// Nothing was done yet.
    package init(consignment: Consignment) { self.consignment = consignment }

    /// Adds what a further part of the same came to.
    package mutating func add(changed: Int = 0, folders: Int = 0, unchanged: Int = 0, bytes: Int64 = 0) {
        self.changed += changed
        self.folders += folders
        self.unchanged += unchanged
        self.bytes += bytes
    }

    /// Adds files that could not be taken.
    package mutating func fail(_ list: PathList) { failed.add(list) }

    /// Adds a file that could not be taken.
    package mutating func fail(_ path: RelativePath, _ reason: String) { failed.add(path, reason) }

    /// Adds what was left out.
    package mutating func leaveOut(_ list: PathList) { leftOut.add(list) }
}

/// What withdrawing did.
public struct WithdrawalSummary: Sendable {
    /// Files that are in the consignment no more.
    public let files: Int
    /// Folders likewise.
    public let folders: Int
    /// Bytes of those files.
    public let bytes: Int64
    /// Whether the bytes are removed, too.
    public let isPurged: Bool

    /// What was withdrawn, by its counts.
    package init(files: Int, folders: Int, bytes: Int64, isPurged: Bool) {
        self.files = files
        self.folders = folders
        self.bytes = bytes
        self.isPurged = isPurged
    }
}

/// Puts an uploaded consignment right: replaces and adds files, withdraws them, cancels the whole.
///
/// References, ids and metadata stay; only what is new is to be checked. Every act holds the consignment's lock and is
/// an entry in the history, in the transaction of the change. The new bytes of a file are an object of their own, durable
/// before the transaction that names it; the old object is removed after that. So a kill at any moment leaves the old
/// bytes or the new. Of a folder the files are recorded a chunk at a time: what was cut off goes on when it is given
/// again, since what is there already is left alone.
public struct Repair: Sendable {
    private static let chunk = 256

    private let store: Store
    private let run: RunInfo
    private let meter: ProgressMeter

    /// Repairs in `store`, recorded as `run`, telling `meter` how far they are.
    public init(store: Store, run: RunInfo, meter: ProgressMeter) {
        self.store = store
        self.run = run
        self.meter = meter
    }

    /// Takes the file or folder `source` into the consignment.
    ///
    /// - Parameters:
    ///   - act: Whether its files replace those of the same path or are new.
    ///   - place: The path in the consignment that `source` stands for. By default: its place in the uploaded folder when
    ///     it lies there; else the only file of its name, or the top folder for a folder, when replacing, and the top
    ///     folder and its name when adding.
    /// - Throws: ``RepairError``, ``StoreError``, `CancellationError`.
    public func put(
        _ act: RepairAct, _ source: BytePath, as place: RelativePath? = nil, into consignment: Consignment, jobs: Int
    ) async throws -> RepairSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: act.words)
        defer { withExtendedLifetime(lock) {} }
        try checkState(of: consignment)
        return try await withBlockingThreads(jobs + 1) { _ in
            let plan = try RepairPlan(act, source, as: place, for: consignment, in: store)
            let survey = try RepairSurvey(act, plan, of: consignment, in: store)
            guard survey.refused.count == 0 else {
                throw RepairError.refused(consignment.reference, survey.refused, act: act.words)
            }
            guard survey.files > 0 || act == .add else {
                throw RepairError.badSource(source, reason: "it holds no files")
            }
            try checkRoom(survey.allocated, for: consignment)
            meter.begin(act == .replace ? "replacing" : "adding", files: survey.files, bytes: survey.bytes)
            return try await take(plan, act, survey, into: consignment, jobs: jobs)
        }
    }

    /// Takes a file, or a folder and all that it holds, out of the consignment. The history keeps it; its object is kept,
    /// too, unless `purges`.
    ///
    /// - Throws: ``RepairError``, ``StoreError``.
    public func withdraw(
        _ path: RelativePath, from consignment: Consignment, reason: String, purges: Bool
    ) throws -> WithdrawalSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: "withdraw files of")
        defer { withExtendedLifetime(lock) {} }
        try checkState(of: consignment)
        // What an object is called and where it lies is settled before its row goes.
        try Quarantine.settle(consignment, in: store)
        let summary = try store.withdraw(
            Withdrawal(path: path, reason: reason, purges: purges), from: consignment, run: store.begin(run))
        try ObjectSweep.sweep(consignment, in: store)
        return summary
    }

    /// Ends the transfer: nothing of the consignment is checked, changed or exported from now on. Its objects are removed
    /// when `purges`; everything that is known of it stays. Uploads into S3 that were cut off are given up. May block.
    ///
    /// - Returns: why such an upload could not be given up; the store keeps it.
    /// - Throws: ``RepairError``, ``StoreError``, why objects could not be removed.
    @discardableResult
    public func cancel(_ consignment: Consignment, reason: String, purges: Bool) throws -> String? {
        let lock = try ConsignmentLock(consignment, in: store, for: "cancel", evenCancelled: true)
        defer { withExtendedLifetime(lock) {} }
        try checkCustody(of: consignment)
        let runID = try store.begin(run)
        try store.cancel(consignment, reason: reason, purges: purges, run: runID)
        if purges { try ObjectSweep.removeAll(consignment, in: store) }
        do {
            try store.giveUpUploads(of: consignment, run: runID)
            return nil
        } catch {
            return "\(error)"
        }
    }

    // MARK: May it be changed?

    private func checkState(of consignment: Consignment) throws {
        let upload = try store.statuses(of: consignment)[.upload]
        guard let upload, upload != .inProgress else { throw RepairError.notUploaded(consignment.reference) }
        try checkCustody(of: consignment)
    }

    /// A bag that left is the archive's, and what it holds is what the history must go on saying. An export that was cut
    /// off may have left one.
    private func checkCustody(of consignment: Consignment) throws {
        switch try store.statuses(of: consignment)[.export] {
        case .completed, .completedWithIssues: throw RepairError.exported(consignment.reference, begun: false)
        case .inProgress: throw RepairError.exported(consignment.reference, begun: true)
        case .failed, nil: break
        }
        if try store.consignment(consignment.id.description).exportLocation != nil {
            throw RepairError.exported(consignment.reference, begun: false)
        }
    }

    private func checkRoom(_ needed: Int64, for consignment: Consignment) throws {
        guard consignment.storage == .copied, try store.objectPlace() == nil else { return }
        var room = statvfs()
        guard store.directory.withCString({ statvfs($0, &room) }) == 0 else {
            throw SystemFault("look at", store.directory)
        }
        let available = Int64(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
        if needed > available {
            throw UploadError.tooLittleRoom(needed: needed, available: available, store: store.directory)
        }
    }

    // MARK: The second walk

    private func take(
        _ plan: RepairPlan, _ act: RepairAct, _ survey: RepairSurvey, into consignment: Consignment, jobs: Int
    ) async throws -> RepairSummary {
        var summary = RepairSummary(consignment: consignment)
        summary.leftOut = survey.leftOut
        let shelf = consignment.storage == .copied ? try store.shelf(of: consignment) : nil
        try shelf?.prepare()
        try ObjectSweep.sweep(consignment, in: store)
        let runID = try store.begin(run)
        let recorder = UploadRecorder(consignment, in: store, run: runID, shelf: shelf)
        let hand = RepairHand(plan: plan, consignment: consignment, shelf: shelf, meter: meter)
        let source = RepairFeed(plan, act, of: consignment, in: store)
        while let items = try source.next(Repair.chunk * jobs) {
            let slices = stride(from: 0, to: items.count, by: Repair.chunk).map {
                Array(items[$0..<min($0 + Repair.chunk, items.count)])
            }
            var outcomes = [[RepairOutcome]](repeating: [], count: slices.count)
            try await withThrowingTaskGroup(of: (Int, [RepairOutcome]).self) { group in
                for (index, slice) in slices.enumerated() { group.addTask { (index, try hand.take(slice)) } }
                for try await (index, taken) in group { outcomes[index] = taken }
            }
            var due: [UploadItem] = []
            for outcome in outcomes.joined() {
                switch outcome {
                case .folder(let item):
                    summary.folders += 1
                    due.append(item)
                case .taken(let item, let size):
                    summary.changed += 1
                    summary.bytes += size
                    due.append(item)
                case .same: summary.unchanged += 1
                case .failed(let path, let reason): summary.failed.add(path, reason)
                }
            }
            try recorder.record(due, settles: true)
        }
        try store.giveUpUploads(of: consignment, run: runID, where: \.isObject)
        try ObjectSweep.sweep(consignment, in: store)
        if summary.changed > 0 { store.tellOfUpload() }
        return summary
    }
}
