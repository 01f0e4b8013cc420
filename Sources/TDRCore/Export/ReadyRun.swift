import Streams

/// What one run over all consignments that are ready did.
public struct ReadyRunSummary: Sendable {
    /// Exported now.
    public internal(set) var exported = 0
    /// Confirmed, and not exported for what the checks say of them.
    public internal(set) var notReady = 0
    /// Not exported for another reason; the next run tries them again.
    public internal(set) var failed = 0
    /// Left for the next run, since another process works on them.
    public internal(set) var busy = 0

    /// A run that did nothing yet.
    public init() {}
}

/// Exports every consignment whose checks are passed and whose transfer was confirmed before: the work of cron.
///
/// One such run at a time in a store. What fails does not keep the others from it, and is tried again by the next run;
/// what is exported is not exported again.
public struct ReadyRun: Sendable {
    private let store: Store
    private let run: RunInfo
    private let exporter: Exporter

    /// A run in `store`, recorded as `run`, telling `meter` how far it is, and `warn` what may go wrong.
    public init(
        store: Store, run: RunInfo, meter: ProgressMeter, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.store = store
        self.run = run
        exporter = Exporter(store: store, run: run, meter: meter, warn: warn)
    }

    /// The outcome of one consignment, as soon as it is known.
    public typealias Told = @Sendable (Consignment, Result<ExportSummary, any Error>) throws -> Void

    /// Exports all that is ready as `request` says. Whether it could is recorded, also when there was nothing to do.
    ///
    /// - Throws: ``StoreError/busy(_:)`` when another such run is at work; ``ExportError`` when nothing can be written to
    ///   the target; ``StoreError``, `CancellationError`. What is wrong with a consignment is told as its outcome.
    public func export(_ request: ExportRequest, told: @escaping Told) async throws -> ReadyRunSummary {
        let lock = try StoreLock(
            "export-ready", in: store, busy: "cannot export what is ready: another tdr export --ready is at work")
        defer { withExtendedLifetime(lock) {} }
        try store.confirmAllWished(required: request.requirements) { try store.begin(run) }
        let ready = try store.consignmentsToExport()
        var summary = ReadyRunSummary()
        if !ready.isEmpty {
            do {
                try exporter.checkTarget(of: request)
            } catch {
                summary.failed = ready.count
                try store.record(summary, to: request.target, run: store.begin(run))
                throw error
            }
        }
        for consignment in ready {
            try Task.checkCancellation()
            do {
                guard let done = try await exporter.exportIfNew(consignment, request) else { continue }
                summary.exported += 1
                try told(consignment, .success(done))
            } catch let error as CancellationError {
                throw error
            } catch let error as StoreError where error.isBusy {
                summary.busy += 1
            } catch {
                if case ExportError.notReady = error { summary.notReady += 1 } else { summary.failed += 1 }
                try told(consignment, .failure(error))
            }
        }
        try store.record(summary, to: request.target, run: store.begin(run))
        return summary
    }
}
