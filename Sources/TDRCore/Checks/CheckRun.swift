public import Streams
import Synchronization

/// Which checks of which files.
public struct CheckRequest: Sendable {
    /// The checks to make.
    public var checks: Set<CheckKind> = Set(CheckKind.allCases)
    /// Only this file, by its path in the consignment.
    public var file: RelativePath?
    /// Check what has a result already, too.
    public var again = false
    /// What is wanted of the antivirus check.
    public var antivirus: AntivirusPolicy = .automatic
    /// Which formats are refused.
    public var policy = FormatPolicy.standard
    /// How many files are read at once.
    public var jobs: Int

    /// All checks of every file that lacks a result.
    public init(jobs: Int) { self.jobs = jobs }
}

/// What a check run did.
public struct CheckSummary: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// Files checked now; the others had their results.
    public let filesChecked: Int
    /// Files with something to act on, of all the consignment.
    public let filesWithProblems: Int
    /// The steps after the run.
    public let statuses: [ConsignmentStatusType: ConsignmentStatusValue]
    /// The antivirus engine, when one was used.
    public let engine: EngineVersion?
    /// Why no engine could be used, when one was wanted.
    public let engineMissing: String?
}

/// Checks the stored bytes of a consignment.
///
/// As many workers as asked for take batches from one feed; each checks its files one after the other on a thread of
/// its own and hands the findings to one recorder, which writes a thousand to a transaction. A run that was cut off
/// has recorded what it finished; the next one takes the files that lack a result.
public struct CheckRun: Sendable {
    private let store: Store
    private let run: RunInfo
    private let signatures: Signatures
    private let meter: ProgressMeter

    /// Checks in `store` by these PRONOM signatures, recorded as `run`, telling `meter` how far they are.
    public init(store: Store, run: RunInfo, signatures: Signatures, meter: ProgressMeter) {
        self.store = store
        self.signatures = signatures
        self.run = run
        self.meter = meter
    }

    /// Makes the checks of `request`.
    ///
    /// - Throws: ``CheckError``, ``StoreError``, `CancellationError`. What is wrong with files is recorded, not thrown.
    public func check(_ consignment: Consignment, _ request: CheckRequest) async throws -> CheckSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: "check")
        defer { withExtendedLifetime(lock) {} }
        let upload = try store.statuses(of: consignment)[.upload]
        guard upload == .completed || upload == .completedWithIssues else {
            throw CheckError.notUploaded(consignment.reference, upload)
        }
        return try await withBlockingThreads(request.jobs) { _ in
            try await check(locked: consignment, request)
        }
    }

    private func check(locked consignment: Consignment, _ request: CheckRequest) async throws -> CheckSummary {
        var checks = request.checks
        if request.antivirus == .none { checks.remove(.antivirus) }
        var engine = AntivirusEngine.missing("no antivirus engine is asked for")
        if checks.contains(.antivirus) {
            do {
                engine = .clamd(try ClamdEngine.find(request.antivirus))
            } catch {
                engine = .missing(error.reason)
            }
        }
        let runID = try store.begin(run)
        let feed = try CheckFeed(consignment, in: store, checks: checks, request)
        let recorder = try CheckRecorder(
            consignment, in: store, run: runID, engine: engine, signatures: signatures, softwareVersion: run.version)
        try recorder.begin(checks, of: consignment, policy: request)
        meter.begin("checking", files: feed.files, bytes: feed.bytes)

        let using = engine
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, request.jobs) {
                group.addTask {
                    let checker = try FileChecker(
                        consignment, in: store, antivirus: using, signatures: signatures, policy: request.policy,
                        meter: meter)
                    while let batch = try feed.next() {
                        var findings: [FileFindings] = []
                        findings.reserveCapacity(batch.count)
                        for file in batch { findings.append(try checker.check(file)) }
                        meter.add(files: batch.count)
                        try recorder.add(findings)
                    }
                }
            }
            do {
                try await group.waitForAll()
            } catch {
                // What is finished is kept, whatever ended the run.
                group.cancelAll()
                while (await group.nextResult()) != nil {}
                try recorder.flush()
                throw error
            }
        }
        try recorder.flush()
        let outcome = try recorder.rollUp(checks)
        var missing: String?
        if checks.contains(.antivirus), case .missing(let reason) = engine { missing = reason }
        return CheckSummary(
            consignment: consignment, filesChecked: recorder.count, filesWithProblems: outcome.problems,
            statuses: outcome.statuses, engine: recorder.engineVersion, engineMissing: missing)
    }
}
