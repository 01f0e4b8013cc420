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
            let waiting = try await onThreads(archive.threads) { try pending() }
            archive.metrics.set("tdr_consignments_to_check", to: waiting.count)
            if waiting.isEmpty { return }
            let run = CheckRun(store: archive.store, signatures: try signatures(), meter: ProgressMeter()) {
                consignment in
                RunInfo(
                    actor: "serve-api", command: "serve-api: check \(consignment.reference)", version: archive.version)
            }
            try await run.watch(
                request, every: .milliseconds(200), untilIdle: true, pending: { try pending() }
            ) { consignment, outcome in
                switch outcome {
                case .success(let summary):
                    resting.forget(consignment.id)
                    // A clean one has passed into custody by that, and is exported.
                    if consignment.type == .judgment { archive.exportBell.ring() }
                    logger.info(
                        "checked",
                        metadata: [
                            "consignment": "\(consignment.reference)", "files": "\(summary.filesChecked)",
                            "findings": "\(summary.filesWithProblems)",
                        ])
                case .failure(let error):
                    resting.add(consignment.id)
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

/// Consignments that could not be worked on, and until when they are left alone: longer each time.
final class Resting: Sendable {
    private static let longest = Duration.seconds(300)

    private let state = Guarded<[RecordID: (until: ContinuousClock.Instant, pause: Duration)]>([:])

    func add(_ id: RecordID) {
        state.withLock { state in
            let pause = min(Resting.longest, (state[id]?.pause ?? .milliseconds(2500)) * 2)
            state[id] = (.now + pause, pause)
        }
    }

    func forget(_ id: RecordID) { _ = state.withLock { $0.removeValue(forKey: id) } }

    func holds(_ id: RecordID) -> Bool { state.withLock { $0[id].map { $0.until > .now } ?? false } }
}
