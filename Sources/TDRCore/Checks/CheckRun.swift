public import Streams

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
    /// Whether any antivirus engine is to be asked.
    public var asksEngines: Bool { checks.contains(.antivirus) && !antivirus.engines.isEmpty }
    /// Which formats are refused.
    public var policy = FormatPolicy.standard
    /// Whether libmagic is asked beside PRONOM; of texts that takes longer than all else together.
    public var asksMagic = true
    /// How many files are read at once.
    public var jobs: Int
    /// Of how many consignments at once, by turns, where more wait: those that came later wait until one is through.
    public var consignments = 16
    /// How far the checks stand back behind whatever else has to be done on this machine: 0 to 19.
    public var niceness: Int32 = 0

    /// All checks of every file that lacks a result.
    public init(jobs: Int) { self.jobs = jobs }
}

/// What the check of one consignment did.
public struct CheckSummary: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// Files checked now; the others had their results.
    public let filesChecked: Int
    /// Files with something to act on, of all the consignment.
    public let filesWithProblems: Int
    /// The steps after the run.
    public let statuses: [ConsignmentStatusType: ConsignmentStatusValue]
    /// The antivirus engines that were used.
    public let engines: [EngineVersion]
    /// Why an engine that was wanted could not be used.
    public let engineMissing: String?
}

/// Checks the stored bytes of consignments.
///
/// As many workers as asked for take batches from the consignments by turns; each checks its files one after the other
/// on a thread of its own and hands the findings to the consignment's recorder, which writes a thousand to a
/// transaction. A run that was cut off has recorded what it finished; the next one takes the files that lack a result.
public struct CheckRun: Sendable {
    private let store: Store
    private let run: @Sendable (Consignment) -> RunInfo
    private let signatures: Signatures
    private let renewed: (@Sendable () throws -> Signatures)?
    private let meter: ProgressMeter

    /// Checks in `store` by these PRONOM signatures, each consignment recorded as `run` says, telling `meter` how far
    /// they are.
    ///
    /// - Parameter renewed: the signatures that are in use when it is asked, for runs that go on.
    public init(
        store: Store, signatures: Signatures, renewed: (@Sendable () throws -> Signatures)? = nil,
        meter: ProgressMeter, run: @escaping @Sendable (Consignment) -> RunInfo
    ) {
        self.store = store
        self.signatures = signatures
        self.renewed = renewed
        self.run = run
        self.meter = meter
    }

    /// The outcome of one consignment, as soon as it is known.
    public typealias Told = @Sendable (Consignment, Result<CheckSummary, any Error>) -> Void

    /// Makes the checks of `request`. A consignment that cannot be checked does not keep the others from it.
    ///
    /// - Throws: ``AntivirusError``, `CancellationError`. What is wrong with files is recorded, not thrown; what is wrong
    ///   with a consignment is told as its outcome.
    public func check(_ consignments: [Consignment], _ request: CheckRequest, told: @escaping Told) async throws {
        try await withBlockingThreads(request.jobs, niceness: request.niceness) { _ in
            let tools = try tools(request, signatures)
            let feed = FairFeed()
            let jobs = JobList()
            var files = 0
            var bytes: Int64 = 0
            for consignment in consignments {
                guard let job = begin(consignment, request, tools, jobs, told) else { continue }
                files += job.feed.files
                bytes += job.feed.bytes
                feed.add(job)
            }
            meter.begin("checking", files: files, bytes: bytes)
            feed.close()
            try await work(feed, jobs, request)
        }
    }

    /// Makes the checks of one consignment.
    ///
    /// - Throws: ``CheckError``, ``AntivirusError``, ``StoreError``, `CancellationError`.
    public func check(_ consignment: Consignment, _ request: CheckRequest) async throws -> CheckSummary {
        let box = OutcomeBox()
        try await check([consignment], request) { _, told in box.outcome.withLock { $0 = told } }
        guard let outcome = box.outcome.withLock({ $0 }) else { throw CancellationError() }
        return try outcome.get()
    }

    /// Goes on checking consignments as `pending` names them, until the task is cancelled: those that came first, as many at
    /// once as the request says, by turns. Each is judged by the engines and signatures as they are when it begins.
    ///
    /// - Parameter pending: is asked every `interval` for consignments that wait; those that are being checked already
    ///   are passed over.
    /// - Parameter untilIdle: whether to return when nothing is left to check.
    /// - Parameter resting: those that cannot be checked, which are told of, and tried again after a while.
    /// - Parameter unscanned: those that are checked but for antivirus, which are tried again after a longer while, and
    ///   only when all engines are there.
    /// - Throws: ``AntivirusError``, `CancellationError`.
    public func watch(
        _ request: CheckRequest, every interval: Duration, untilIdle: Bool = false, resting: Resting = Resting(),
        unscanned: Resting = Resting.ofScans, pending: @escaping @Sendable () throws -> [Consignment],
        told: @escaping Told
    ) async throws {
        // The workers rest on their threads while there is nothing to do; one more looks for what to do.
        try await withBlockingThreads(request.jobs + 1, niceness: request.niceness) { _ in
            var tools = try tools(request, signatures)
            let feed = FairFeed()
            let jobs = JobList(resting, unscanned)
            let scans = request.asksEngines
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work(feed, jobs, request) }
                defer { group.cancelAll() }
                while true {
                    // Asked before those that wait: what ends in between is not taken for one of them.
                    let busy = Set(jobs.all.map(\.consignment.id))
                    let toScan = scans ? try store.consignmentsToScan().filter { !unscanned.holds($0.id) } : []
                    let waiting = try (pending() + toScan).filter { !busy.contains($0.id) && !resting.holds($0.id) }
                        .prefix(max(0, request.consignments - busy.count))
                    let onlyToScan = Set(toScan.map(\.id))
                    if !waiting.isEmpty {
                        do {
                            tools = tools.renewed(by: try self.tools(request, renewed?() ?? signatures))
                            for consignment in waiting {
                                if onlyToScan.contains(consignment.id), !tools.engines.isSound {
                                    unscanned.add(consignment.id)
                                    continue
                                }
                                guard let job = begin(consignment, request, tools, jobs, told) else { continue }
                                meter.extend(files: job.feed.files, bytes: job.feed.bytes)
                                feed.add(job)
                            }
                        } catch {
                            // What is new on disk cannot be used. What is under way goes on by the old.
                            for consignment in waiting { jobs.tell(consignment, error, told) }
                        }
                    }
                    if untilIdle, jobs.all.isEmpty {
                        feed.close()
                        return try await group.waitForAll()
                    }
                    try await Task.sleep(for: interval)
                }
            }
        }
    }

    /// What is there to judge by now.
    private func tools(_ request: CheckRequest, _ signatures: Signatures) throws -> CheckTools {
        let engines =
            request.checks.contains(.antivirus)
            ? try AntivirusEngines(
                request.antivirus, cache: store.directory.appending("cache"), now: store.clock()) : .none
        return CheckTools(engines, signatures)
    }

    private func begin(
        _ consignment: Consignment, _ request: CheckRequest, _ tools: CheckTools, _ jobs: JobList,
        _ told: @escaping Told
    ) -> CheckJob? {
        do {
            let job = try CheckJob(consignment, in: store, run(consignment), request, tools: tools) { job, outcome in
                jobs.remove(job, outcome)
                told(job.consignment, outcome)
            }
            jobs.add(job)
            return job
        } catch {
            jobs.tell(consignment, error, told)
            return nil
        }
    }

    private func work(_ feed: FairFeed, _ jobs: JobList, _ request: CheckRequest) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, request.jobs) {
                    group.addTask { try work(feed, request) }
                }
                try await group.waitForAll()
            }
        } catch {
            // What is finished is kept, whatever ended the run.
            var cause = error
            for job in jobs.takeAll() {
                do { try job.stop(after: error) } catch { cause = error }
            }
            throw cause
        }
    }

    /// One worker.
    private func work(_ feed: FairFeed, _ request: CheckRequest) throws {
        var checker: (tools: CheckTools, files: FileChecker)?
        var opened: (job: CheckJob, bytes: any CheckedBytes)?
        while let (job, files) = try feed.next() {
            do {
                let bytes = if let opened, opened.job === job { opened.bytes } else { try job.bytes() }
                opened = (job, bytes)
                let fitting =
                    if let checker, checker.tools === job.tools { checker.files } else {
                        try FileChecker(
                            antivirus: job.tools.engines, signatures: job.tools.signatures, policy: request.policy,
                            asksMagic: request.asksMagic, meter: meter)
                    }
                checker = (job.tools, fitting)
                let findings = try fitting.check(files, in: bytes, type: job.consignment.type)
                meter.add(files: files.count)
                job.record(findings)
            } catch let error as CancellationError {
                throw error
            } catch {
                job.fail(error)
            }
        }
    }
}

/// The consignments that are being checked.
private final class JobList: Sendable {
    private let jobs = Guarded<[CheckJob]>([])
    /// Where those are noted that cannot be checked.
    private let resting: Resting?
    /// Where those are noted of which antivirus could not tell everything.
    private let unscanned: Resting?

    init(_ resting: Resting? = nil, _ unscanned: Resting? = nil) {
        self.resting = resting
        self.unscanned = unscanned
    }

    var all: [CheckJob] { jobs.withLock { $0 } }

    /// All of them, which are let go of: their locks end with them.
    func takeAll() -> [CheckJob] {
        jobs.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
    }

    func add(_ job: CheckJob) { jobs.withLock { $0.append(job) } }

    /// One is over. Noted first, so that nobody takes it up again before.
    func remove(_ job: CheckJob, _ outcome: Result<CheckSummary, any Error>) {
        switch outcome {
        case .success(let summary):
            resting?.forget(job.consignment.id)
            if summary.statuses[.serverAntivirus] == .failed {
                unscanned?.add(job.consignment.id)
            } else {
                unscanned?.forget(job.consignment.id)
            }
        case .failure: resting?.add(job.consignment.id)
        }
        jobs.withLock { $0.removeAll { $0 === job } }
    }

    /// One cannot even begin.
    func tell(_ consignment: Consignment, _ error: any Error, _ told: CheckRun.Told) {
        resting?.add(consignment.id)
        told(consignment, .failure(error))
    }
}

/// The outcome of one consignment on its way between threads.
private final class OutcomeBox: Sendable {
    let outcome = Guarded<Result<CheckSummary, any Error>?>(nil)
}
