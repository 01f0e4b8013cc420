import Streams

/// The check of one consignment, from the lock to the roll-up, made by any number of threads.
final class CheckJob: Sendable {
    let consignment: Consignment
    let feed: CheckFeed
    let recorder: CheckRecorder
    private let store: Store
    private let lock: ConsignmentLock
    private let checks: Set<CheckKind>
    /// What its files are judged by.
    let tools: CheckTools
    private let settledWith: @Sendable (CheckJob, Result<CheckSummary, any Error>) -> Void

    private struct State {
        /// Batches handed out and not recorded yet.
        var out = 0
        var isEmpty = false
        var isSettled = false
        var failure: (any Error)?
    }

    private let state = Guarded(State())

    /// Takes the consignment's lock and marks its checks as begun. `settled` is called once, when it is over.
    ///
    /// - Throws: ``CheckError``, ``StoreError``.
    init(
        _ consignment: Consignment, in store: Store, _ run: RunInfo, _ request: CheckRequest,
        tools: CheckTools, settled: @escaping @Sendable (CheckJob, Result<CheckSummary, any Error>) -> Void
    ) throws {
        lock = try ConsignmentLock(consignment, in: store, for: "check")
        let upload = try store.statuses(of: consignment)[.upload]
        guard upload == .completed || upload == .completedWithIssues else {
            throw CheckError.notUploaded(consignment.reference, upload)
        }
        self.consignment = consignment
        self.store = store
        self.tools = tools
        settledWith = settled
        checks = request.antivirus.engines.isEmpty ? request.checks.subtracting([.antivirus]) : request.checks
        feed = try CheckFeed(consignment, in: store, checks: checks, request)
        recorder = try CheckRecorder(
            consignment, in: store, run: try store.begin(run), engines: tools.engines, signatures: tools.signatures,
            softwareVersion: run.version)
        // The bytes are looked for before anything is marked as begun.
        _ = try ConsignmentBytes(consignment, in: store)
        try ObjectSweep.sweep(consignment, in: store)
        try Quarantine.settle(consignment, in: store)
        // What is decided for one file is no decision about the others.
        let decides = request.checks.contains(.antivirus) && request.file == nil
        try recorder.begin(
            checks, of: consignment, withoutAntivirus: decides ? request.antivirus.engines.isEmpty : nil)
    }

    /// Opens the place of the bytes; for one thread.
    func bytes() throws -> any CheckedBytes { try ConsignmentBytes(consignment, in: store) }

    /// The next files; nil when all have been handed out or the check of this consignment has failed.
    func next() -> [FileToCheck]? {
        if state.withLock({ $0.isEmpty || $0.failure != nil }) {
            settleIfDone()
            return nil
        }
        do {
            // Counted before they are taken, so that nobody takes the consignment for finished in between.
            state.withLock { $0.out += 1 }
            if let files = try feed.next() { return files }
            state.withLock { state in
                state.out -= 1
                state.isEmpty = true
            }
            settleIfDone()
        } catch {
            fail(error)
        }
        return nil
    }

    /// Takes the findings of one batch.
    func record(_ findings: [FileFindings]) {
        do {
            try recorder.add(findings)
            state.withLock { $0.out -= 1 }
            settleIfDone()
        } catch {
            fail(error)
        }
    }

    /// The check of this consignment cannot go on; what was found is kept.
    func fail(_ error: any Error) {
        state.withLock { state in
            state.out -= 1
            if state.failure == nil { state.failure = error }
        }
        settleIfDone()
    }

    /// The run ends before its time: keeps what was found.
    func stop(after error: any Error) throws {
        defer { lock.release() }
        if !(error is CancellationError) { recorder.tell(ofCrash: error) }
        try recorder.flush()
    }

    private func settleIfDone() {
        let isMine = state.withLock { state in
            guard !state.isSettled, state.out == 0, state.isEmpty || state.failure != nil else { return false }
            state.isSettled = true
            return true
        }
        if !isMine { return }
        let outcome = Result { try settle(state.withLock { $0.failure }) }
        if case .failure(let error) = outcome { recorder.tell(ofCrash: error) }
        // Before anybody is told, who may want the consignment next.
        lock.release()
        settledWith(self, outcome)
    }

    private func settle(_ failure: (any Error)?) throws -> CheckSummary {
        try recorder.flush()
        if let failure { throw failure }
        // Count in = count out: every file that was to be checked has been recorded.
        guard recorder.count == feed.files else {
            throw CheckError.lostFiles(consignment.reference, expected: feed.files, recorded: recorder.count)
        }
        let outcome = try recorder.rollUp(checks)
        try store.countLikeness(of: consignment)
        return CheckSummary(
            consignment: consignment, filesChecked: recorder.count, filesWithProblems: outcome.problems,
            statuses: outcome.statuses, engines: tools.engines.engines.map(\.version),
            engineMissing: tools.engines.missing.isEmpty || !checks.contains(.antivirus)
                ? nil : tools.engines.missing.joined(separator: "; "))
    }
}
