import CShims
import Glibc
import Streams
import Synchronization

/// Makes files that have arrived durable and records them: all that came while the last ones were being recorded, with
/// one sync and one transaction. So a thousand small files cost a few syncs and not a thousand.
public final class ReceiptBook: Sendable {
    /// What a client sends together is recorded together, at most so much.
    private static let batch = 1000

    private struct Waiting {
        let files: [ProvedFile]
        let told: CheckedContinuation<[(any Error)?], Never>
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
        for case let error? in await enter([file]) { throw error }
    }

    /// Records several files: what kept each from being recorded, in their order; nil for those that are in the store
    /// for good.
    public func enter(_ files: [ProvedFile]) async -> [(any Error)?] {
        if files.isEmpty { return [] }
        return await withCheckedContinuation { told in
            let mine = state.withLock { state -> Bool in
                state.waiting.append(Waiting(files: files, told: told))
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
                var count = 0
                let batch = state.waiting.prefix { one in
                    let fits = count == 0 || count + one.files.count <= ReceiptBook.batch
                    count += one.files.count
                    return fits
                }
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return Array(batch)
            }
            if batch.isEmpty { return }
            let files = batch.flatMap(\.files)
            if let error = record(files) {
                // One of them is at fault; each by itself, so that it keeps no other from being recorded.
                for one in batch {
                    one.told.resume(returning: files.count == 1 ? [error] : one.files.map { record([$0]) })
                }
            } else {
                for one in batch { one.told.resume(returning: one.files.map { _ in nil }) }
            }
        }
    }

    /// Records all of them or none; what kept them from it.
    private func record(_ files: [ProvedFile]) -> (any Error)? {
        do {
            for consignment in try write(files) { completed(consignment) }
            return nil
        } catch {
            return error
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
        try OpenFile.directory(store.directory).syncFileSystem()
        return try store.recordReceived(files.map(\.expected).filter { waiting.contains($0.row) }, run: run)
    }
}
