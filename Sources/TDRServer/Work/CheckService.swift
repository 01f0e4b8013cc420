import Logging
import ServiceLifecycle
import Streams
import TDRCore

/// Makes the checks of every consignment whose upload is complete, several by turns, as long as the server runs.
///
/// When the server stops, what was found is kept, and the next start goes on from there.
struct CheckService: Service {
    let archive: Archive
    let signatures: @Sendable () throws -> Signatures
    let request: CheckRequest
    let logger: Logger
    private let resting = Resting()
    private let unscanned = Resting.ofScans

    init(
        archive: Archive, request: CheckRequest, logger: Logger, signatures: @escaping @Sendable () throws -> Signatures
    ) {
        self.archive = archive
        self.request = request
        self.logger = logger
        self.signatures = signatures
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Ends by being cancelled.
            while (try? await archive.checkBell.wait(atMost: .seconds(1))) != nil, !Task.isCancelled {
                await checkWhatWaits()
            }
        }
    }

    private func checkWhatWaits() async {
        do {
            let waiting = try await onThreads(archive.threads) {
                try pending()
                    + (request.asksEngines
                        ? archive.store.consignmentsToScan().filter { !unscanned.holds($0.id) } : [])
            }
            archive.metrics.set("tdr_consignments_to_check", to: waiting.count)
            if waiting.isEmpty { return }
            let run = CheckRun(
                store: archive.store, signatures: try signatures(), renewed: signatures, meter: ProgressMeter()
            ) { consignment in
                RunInfo(
                    actor: "serve-api", command: "serve-api: check \(consignment.reference)", version: archive.version)
            }
            try await run.watch(
                request, every: .milliseconds(200), untilIdle: true, resting: resting, unscanned: unscanned,
                pending: { try pending() }
            ) { consignment, outcome in
                switch outcome {
                case .success(let summary):
                    // A clean one has passed into custody by that, and is exported.
                    if consignment.type == .judgment { archive.exportBell.ring() }
                    logger.info(
                        "checked",
                        metadata: [
                            "consignment": "\(consignment.reference)", "files": "\(summary.filesChecked)",
                            "findings": "\(summary.filesWithProblems)",
                        ])
                case .failure(let error):
                    logger.error(
                        "check failed", metadata: ["consignment": "\(consignment.reference)", "error": "\(error)"])
                }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("checks cannot be made", metadata: ["error": "\(error)"])
            // Nothing can be checked just now: not to be tried each second.
            try? await Task.sleep(for: .seconds(10))  // cut short when the server stops
        }
    }

    private func pending() throws -> [Consignment] {
        try archive.store.consignmentsToCheck().filter { !resting.holds($0.id) }
    }
}
