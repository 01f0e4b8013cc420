import CShims
import Glibc
import Streams
import Synchronization

/// Makes files that have arrived durable and records them: all that came while the last ones were being recorded, with
/// one sync and one transaction. So a thousand small files cost a few syncs and not a thousand.
public final class ReceiptBook: Sendable {
    /// What a client sends together is recorded together, at most so much.
    private static let batch = 1000
    /// So many are synced one by one; of more, the whole file system at once. That writes what other programs have left
    /// lying as well, so a large file that arrives alone would wait for them.
    private static let few = 8

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
        try makeDirectory(store.directory.appending("objects"), intermediate: false)
        // What is recorded is never replaced: it may have been checked, or put into quarantine, since.
        let waiting = try store.notReceived(files.map(\.expected))
        for file in files {
            guard waiting.contains(file.expected.row) else {
                _ = file.place.withCString { unlink($0) }  // of no use to anybody
                continue
            }
            let folder = ObjectFolder.path(of: file.expected.consignment.id, in: store)
            try makeDirectory(folder, intermediate: false)
            let final = folder.appending(file.expected.id.description)
            let moved = file.place.withCString { from in
                chmod(from, 0o400) == 0 && final.withCString { rename(from, $0) } == 0
            }
            // A batch that failed may have moved it before.
            let isThere = !moved && errno == ENOENT && (try? FileStatus.of(final)) != nil  // else: not there
            if !moved, !isThere { throw SystemFault("store", final) }
        }
        try sync(files.map(\.expected).filter { waiting.contains($0.row) })
        return try store.recordReceived(files.map(\.expected).filter { waiting.contains($0.row) }, run: run)
    }

    /// Has the objects on the disk, with their names.
    private func sync(_ files: [ExpectedFile]) throws {
        guard files.count <= ReceiptBook.few else {
            return try OpenFile.directory(store.directory).syncFileSystem()
        }
        var folders: Set<BytePath> = [store.directory, store.directory.appending("objects")]
        for file in files {
            let folder = ObjectFolder.path(of: file.consignment.id, in: store)
            try OpenFile.reading(folder.appending(file.id.description)).sync()
            folders.insert(folder)
        }
        for folder in folders { try OpenFile.directory(folder).sync() }
    }
}
