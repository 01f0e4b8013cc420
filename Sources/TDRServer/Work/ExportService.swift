import Logging
import ServiceLifecycle
import Streams
import TDRCore

/// Makes the exports that were asked for, a few at once, as long as the server runs: judgments first, and never kept
/// waiting by large transfers, which leave one worker free.
///
/// What was asked for stands in the store until it is done; an export that the server's end cut off is made again, and
/// makes the same bytes.
struct ExportService: Service {
    let archive: Archive
    let options: ServerOptions
    let logger: Logger
    private let resting = Resting()
    private let queue = ExportQueue()

    init(archive: Archive, options: ServerOptions, logger: Logger) {
        self.archive = archive
        self.options = options
        self.logger = logger
    }

    func run() async throws {
        guard (options.exportTarget ?? options.judgmentTarget) != nil else {
            // Nothing to do but to wait for the end.
            return try await gracefulShutdown()
        }
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                while (try? await archive.exportBell.wait(atMost: .seconds(2))) != nil, !Task.isCancelled {
                    for (wish, target) in await next() {
                        group.addTask {
                            await work(wish, target)
                            // There is a worker for the next.
                            archive.exportBell.ring()
                        }
                    }
                }
                group.cancelAll()
            }
        }
    }

    /// What is to be exported now, and where to.
    private func next() async -> [(ExportWish, BytePath)] {
        do {
            // Asked before the wishes: one that ends in between is still among those.
            let taken = queue.taken
            let wishes = try await onThreads(archive.threads) {
                try wishForJudgments()
                return try archive.store.exportWishes()
            }
            archive.metrics.set("tdr_exports_waiting", to: wishes.count)
            return queue.take(
                wishes.compactMap { wish in
                    if taken.contains(wish.consignment.id) || resting.holds(wish.consignment.id) { return nil }
                    // What was asked for when the server had a place for it waits until it has one again.
                    return options.target(for: wish.consignment).map { (wish, $0) }
                })
        } catch is CancellationError {
            return []
        } catch {
            logger.error("exports cannot be made", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// One worker, for one export.
    private func work(_ wish: ExportWish, _ target: BytePath) async {
        defer { queue.giveBack(wish) }
        do {
            try await export(wish, to: target)
        } catch is CancellationError {
            // Whoever stops the server ends it; the next start makes it again.
            return
        } catch {
            resting.add(wish.consignment.id)
            logger.error(
                "an export cannot be ended",
                metadata: ["consignment": "\(wish.consignment.reference)", "error": "\(error)"])
        }
    }

    /// Judgments whose checks have ended clean are exported without anybody's asking.
    private func wishForJudgments() throws {
        for judgment in try archive.store.judgmentsToExport() where !resting.holds(judgment.consignment.id) {
            do {
                try archive.store.wishExport(
                    judgment.consignment, by: judgment.requestedBy, required: archive.requirements,
                    run: RunInfo(
                        actor: judgment.requestedBy, command: "serve-api: judgment \(judgment.consignment.reference)",
                        version: archive.version))
            } catch let error as DeliveryError {
                resting.add(judgment.consignment.id)
                logger.error(
                    "a judgment cannot be exported",
                    metadata: ["consignment": "\(judgment.consignment.reference)", "error": "\(error)"])
            }
        }
    }

    private func export(_ wish: ExportWish, to target: BytePath) async throws {
        let reference = "\(wish.consignment.reference)"
        let run = RunInfo(
            actor: wish.requestedBy, command: "serve-api: export \(reference) --to \(target.display)",
            version: archive.version)
        var request = ExportRequest(target: target, confirmedBy: wish.requestedBy)
        request.form = options.exportForm
        request.s3 = options.s3
        request.requirements = options.exportRequirements
        let wanted = request
        let meter = ProgressMeter()
        let exporter = Exporter(store: archive.store, run: run, meter: meter)
        do {
            let summary = try await archive.exporting.following(wish.consignment.id, meter) {
                try await withTaskExecutorPreference(archive.threads) {
                    try await exporter.export(wish.consignment, wanted)
                }
            }
            try await onThreads(archive.threads) {
                try archive.store.endExportWish(wish.consignment, failure: nil, run: run)
            }
            resting.forget(wish.consignment.id)
            logger.info(
                "exported", metadata: ["consignment": "\(reference)", "location": "\(summary.location.display)"])
        } catch let error as CancellationError {
            throw error
        } catch let error as StoreError where error.isBusy {
            resting.add(wish.consignment.id)
        } catch {
            logger.error("export failed", metadata: ["consignment": "\(reference)", "error": "\(error)"])
            try await onThreads(archive.threads) {
                try archive.store.endExportWish(wish.consignment, failure: "\(error)", run: run)
            }
        }
    }
}
