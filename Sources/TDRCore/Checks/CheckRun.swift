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
    /// Which formats are refused.
    public var policy = FormatPolicy.standard
    /// Whether libmagic is asked beside PRONOM; of texts that takes longer than all else together.
    public var asksMagic = true
    /// How many files are read at once.
    public var jobs: Int
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
    private let meter: ProgressMeter

    /// Checks in `store` by these PRONOM signatures, each consignment recorded as `run` says, telling `meter` how far
    /// they are.
    public init(
        store: Store, signatures: Signatures, meter: ProgressMeter, run: @escaping @Sendable (Consignment) -> RunInfo
    ) {
        self.store = store
        self.signatures = signatures
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
            let engines = try engines(request)
            let feed = FairFeed()
            let jobs = JobList()
            var files = 0
            var bytes: Int64 = 0
            for consignment in consignments {
                guard let job = begin(consignment, request, engines, jobs, told) else { continue }
                files += job.feed.files
                bytes += job.feed.bytes
                feed.add(job)
            }
            meter.begin("checking", files: files, bytes: bytes)
            feed.close()
            try await work(feed, jobs, request, engines)
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

    /// Goes on checking consignments as `pending` names them, until the task is cancelled.
    ///
    /// - Parameter pending: is asked every `interval` for consignments that wait; those that are being checked already
    ///   are passed over.
    /// - Parameter untilIdle: whether to return when nothing is left to check, so that the next call looks anew at
    ///   engines and their databases.
    /// - Throws: ``AntivirusError``, `CancellationError`.
    public func watch(
        _ request: CheckRequest, every interval: Duration, untilIdle: Bool = false,
        pending: @escaping @Sendable () throws -> [Consignment], told: @escaping Told
    ) async throws {
        // The workers rest on their threads while there is nothing to do; one more looks for what to do.
        try await withBlockingThreads(request.jobs + 1, niceness: request.niceness) { _ in
            let engines = try engines(request)
            let feed = FairFeed()
            let jobs = JobList()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await work(feed, jobs, request, engines) }
                defer { group.cancelAll() }
                // Those that cannot be checked have been told of once.
                var hopeless: Set<RecordID> = []
                while true {
                    let busy = Set(jobs.all.map(\.consignment.id)).union(hopeless)
                    for consignment in try pending() where !busy.contains(consignment.id) {
                        guard let job = begin(consignment, request, engines, jobs, told) else {
                            hopeless.insert(consignment.id)
                            continue
                        }
                        meter.extend(files: job.feed.files, bytes: job.feed.bytes)
                        feed.add(job)
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

    private func engines(_ request: CheckRequest) throws -> AntivirusEngines {
        guard request.checks.contains(.antivirus) else { return .none }
        return try AntivirusEngines(
            request.antivirus, cache: store.directory.appending("cache"), now: store.clock())
    }

    private func begin(
        _ consignment: Consignment, _ request: CheckRequest, _ engines: AntivirusEngines,
        _ jobs: JobList, _ told: @escaping Told
    ) -> CheckJob? {
        do {
            let job = try CheckJob(
                consignment, in: store, run(consignment), request, engines: engines, signatures: signatures
            ) { job, outcome in
                jobs.remove(job)
                told(job.consignment, outcome)
            }
            jobs.add(job)
            return job
        } catch {
            told(consignment, .failure(error))
            return nil
        }
    }

    private func work(
        _ feed: FairFeed, _ jobs: JobList, _ request: CheckRequest, _ engines: AntivirusEngines
    ) async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, request.jobs) {
                    group.addTask { try work(feed, request, engines) }
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
    private func work(_ feed: FairFeed, _ request: CheckRequest, _ engines: AntivirusEngines) throws {
        let checker = try FileChecker(
            antivirus: engines, signatures: signatures, policy: request.policy, asksMagic: request.asksMagic,
            meter: meter)
        var opened: (job: CheckJob, bytes: any CheckedBytes)?
        while let (job, files) = try feed.next() {
            do {
                let bytes = if let opened, opened.job === job { opened.bytes } else { try job.bytes() }
                opened = (job, bytes)
                let findings = try checker.check(files, in: bytes, type: job.consignment.type)
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

    var all: [CheckJob] { jobs.withLock { $0 } }

    /// All of them, which are let go of: their locks end with them.
    func takeAll() -> [CheckJob] {
        jobs.withLock { jobs in
            defer { jobs = [] }
            return jobs
        }
    }

    func add(_ job: CheckJob) { jobs.withLock { $0.append(job) } }

    func remove(_ job: CheckJob) { jobs.withLock { $0.removeAll { $0 === job } } }
}

/// The outcome of one consignment on its way between threads.
private final class OutcomeBox: Sendable {
    let outcome = Guarded<Result<CheckSummary, any Error>?>(nil)
}
