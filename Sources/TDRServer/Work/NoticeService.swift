import Logging
import ServiceLifecycle
import Streams
import TDRCore

/// Tells others of what happens, as long as the server runs: what the checks, the exports and the requests write into
/// the outbox goes out a few seconds later, by whichever process gets to it first.
struct NoticeService: Service {
    /// How often the outbox is looked into.
    private static let pause = Duration.seconds(3)

    let archive: Archive
    let settings: NoticeSettings
    /// When the server began: a channel that is used for the first time gets what was written since then.
    let started: Timestamp
    let logger: Logger

    func run() async throws {
        // Nothing to do but to wait for the end.
        if settings.isEmpty { return try await gracefulShutdown() }
        // A receiver may let us wait: one thread waits, and nobody who asks something of the server.
        let thread = BlockingExecutor(threads: 1)
        defer { thread.shutDown() }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await deliver(on: thread)
                try? await Task.sleep(for: NoticeService.pause)  // cut short when the server stops
            }
        }
    }

    private func deliver(on thread: BlockingExecutor) async {
        do {
            let summary = try await withTaskExecutorPreference(thread) {
                try await NoticeDelivery(archive.store, settings).deliver(since: started)
            }
            archive.metrics.set("tdr_notices_waiting", to: summary.waiting + summary.failed.count)
            for failure in summary.failed {
                logger.warning(
                    "notice did not arrive",
                    metadata: [
                        "consignment": "\(failure.reference)", "event": "\(failure.event)",
                        "channel": "\(failure.channel)", "error": "\(failure.fault)",
                    ])
            }
        } catch is CancellationError {
            return
        } catch let error as StoreError where error.isBusy {
            // Whoever is sending now sends ours, too.
            return
        } catch {
            logger.error("notices cannot be sent", metadata: ["error": "\(error)"])
        }
    }
}
