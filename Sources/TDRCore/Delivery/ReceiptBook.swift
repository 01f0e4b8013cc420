import Glibc
import Streams
import Synchronization

/// Makes files that have arrived durable and records them: all that came while the last ones were being recorded, with
/// one sync and one transaction. So a thousand small files cost a few syncs and not a thousand.
public final class ReceiptBook: Sendable {
    /// What a client sends together is recorded together, at most so much.
    private static let batch = 1000

    private struct Waiting {
        let file: ProvedFile
        let told: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isWriting = false
    }

    private let store: Store
    private let run: RunID
    private let state = Mutex(State())
    private let completed: @Sendable (Consignment) -> Void

    /// A book for `store`, recorded as `run`; `completed` is called for each consignment that is complete.
    public init(store: Store, run: RunInfo, completed: @escaping @Sendable (Consignment) -> Void) throws {
        self.store = store
        self.run = try store.begin(run)
        self.completed = completed
    }

    /// Records a file: it is in the store for good when this returns.
    ///
    /// Blocks threads: call it where they may block.
    /// - Throws: ``DeliveryError``, ``StoreError``, ``SystemFault``.
    public func enter(_ file: ProvedFile) async throws {
        // Sending takes long: each caller sends its own file, on its own thread, before it waits for the others.
        if try store.objectPlace() != nil, !(try store.notReceived([file.expected]).isEmpty) {
            try store.shelf(of: file.expected.consignment).adopt(file.place, as: file.expected.id)
        }
        try await withCheckedThrowingContinuation { told in
            let mine = state.withLock { state -> Bool in
                state.waiting.append(Waiting(file: file, told: told))
                if state.isWriting { return false }
                state.isWriting = true
                return true
            }
            // Whoever comes first writes for all who come meanwhile.
            if mine { writeAll() }
        }
    }

    private func writeAll() {
        while true {
            let batch = state.withLock { state -> [Waiting] in
                let batch = Array(state.waiting.prefix(ReceiptBook.batch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            if batch.isEmpty { return }
            do {
                let complete = try write(batch.map(\.file))
                for one in batch { one.told.resume() }
                for consignment in complete { completed(consignment) }
            } catch  where batch.count == 1 {
                batch[0].told.resume(throwing: error)
            } catch {
                // One of them is at fault; each by itself, so that it keeps no other from being recorded.
                for one in batch { writeAlone(one) }
            }
        }
    }

    private func writeAlone(_ one: Waiting) {
        do {
            let complete = try write([one.file])
            one.told.resume()
            for consignment in complete { completed(consignment) }
        } catch {
            one.told.resume(throwing: error)
        }
    }

    /// First the bytes under their final names, durable; then the rows that say they are there.
    private func write(_ files: [ProvedFile]) throws -> [Consignment] {
        let inFolder = try store.objectPlace() == nil
        // What is recorded is never replaced: it may have been checked, or put into quarantine, since.
        let waiting = try store.notReceived(files.map(\.expected))
        for file in files {
            guard waiting.contains(file.expected.row) else {
                _ = file.place.withCString { unlink($0) }  // of no use to anybody
                continue
            }
            if inFolder { try store.shelf(of: file.expected.consignment).adopt(file.place, as: file.expected.id) }
        }
        try OpenFile.directory(store.directory).syncFileSystem()
        let complete = try store.recordReceived(files.map(\.expected).filter { waiting.contains($0.row) }, run: run)
        // What went to a server has been needed until now.
        if !inFolder { for file in files { _ = file.place.withCString { unlink($0) } } }
        return complete
    }
}
