import Logging
import ServiceLifecycle
import Streams
import TDRCore

/// Makes the exports that were asked for, one after the other, as long as the server runs.
///
/// What was asked for stands in the store until it is done; an export that the server's end cut off is made again, and
/// makes the same bytes.
struct ExportService: Service {
    let archive: Archive
    let options: ServerOptions
    let logger: Logger
    private let resting = Resting()

    init(archive: Archive, options: ServerOptions, logger: Logger) {
        self.archive = archive
        self.options = options
        self.logger = logger
    }

    func run() async throws {
        guard let target = options.exportTarget else {
            // Nothing to do but to wait for the end.
            return try await gracefulShutdown()
        }
        await cancelWhenGracefulShutdown {
            while (try? await archive.exportBell.wait(atMost: .seconds(2))) != nil, !Task.isCancelled {
                await exportWhatWaits(to: target)
            }
        }
    }

    private func exportWhatWaits(to target: BytePath) async {
        do {
            let wishes = try await onThreads(archive.threads) { try archive.store.exportWishes() }
            archive.metrics.set("tdr_exports_waiting", to: wishes.count)
            for wish in wishes where !resting.holds(wish.consignment.id) {
                try await export(wish, to: target)
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("exports cannot be made", metadata: ["error": "\(error)"])
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
        let wanted = request
        let exporter = Exporter(store: archive.store, run: run, meter: ProgressMeter())
        do {
            let summary = try await withTaskExecutorPreference(archive.threads) {
                try await exporter.export(wish.consignment, wanted)
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
