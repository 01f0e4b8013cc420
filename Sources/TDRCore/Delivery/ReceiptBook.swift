import Glibc
import S3
import Streams

/// Makes files that have arrived durable and records them: all that came while the last ones were being recorded, with
/// one sync and one transaction. So a thousand small files cost a few syncs and not a thousand.
public final class ReceiptBook: Sendable {
    /// What a client sends together is recorded together, at most so much.
    private static let batch = 1000
    /// So many are synced one by one; of more, the whole file system at once. That writes what other programs have left
    /// lying as well, so a large file that arrives alone would wait for them.
    private static let few = 8

    /// Files up to this size go to S3 in one request; one bundle has at most one that is larger.
    private static let putWhole = Int64(S3NewObject.sizes.first)

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
    private let state = Guarded(State())
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
        // Sending takes long: each caller sends its own files, on its own thread, before it waits for the others.
        var claims: [SharedFile] = []
        var outcomes = files.map { send($0, holding: &claims) }
        let sent = files.indices.filter { outcomes[$0] == nil }
        if sent.isEmpty { return outcomes }
        defer { withExtendedLifetime(claims) {} }
        let files = sent.map { files[$0] }
        let recorded = await withCheckedContinuation { told in
            let mine = state.withLock { state -> Bool in
                state.waiting.append(Waiting(files: files, told: told))
                if state.isWriting { return false }
                state.isWriting = true
                return true
            }
            // Whoever comes first writes for all who come meanwhile.
            if mine { writeAll() }
        }
        for (index, outcome) in zip(sent, recorded) { outcomes[index] = outcome }
        return outcomes
    }

    /// Sends the bytes to where objects are kept when that is not a folder of the store; what kept it from that.
    ///
    /// - Parameter claims: gets those files that nobody else may send until they are recorded. Small ones are put whole,
    ///   so the same bytes may go there twice.
    private func send(_ file: ProvedFile, holding claims: inout [SharedFile]) -> (any Error)? {
        do {
            guard try store.objectPlace() != nil else { return nil }
            let claim = try file.claim()
            // Asked with the lock held: who had it before has recorded the file by now.
            if try store.notReceived([file.expected]).isEmpty { return nil }
            guard let claim else { throw DeliveryError.beingSent }
            try store.shelf(of: file.expected.consignment).adopt(
                file.place, as: file.expected.id, provedBy: file.expected.sha256)
            if file.expected.size > ReceiptBook.putWhole { claims.append(claim) }
            return nil
        } catch {
            return error
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
        let inFolder = try store.objectPlace() == nil
        // What is recorded is never replaced: it may have been checked, or put into quarantine, since.
        let waiting = try store.notReceived(files.map(\.expected))
        for file in files {
            guard waiting.contains(file.expected.row) else {
                _ = file.place.withCString { unlink($0) }  // of no use to anybody
                continue
            }
            if inFolder {
                // None: a batch that failed has moved it already.
                let claim = try file.claim()
                defer { withExtendedLifetime(claim) {} }
                try store.shelf(of: file.expected.consignment).adopt(
                    file.place, as: file.expected.id, provedBy: file.expected.sha256)
            }
        }
        let arrived = files.map(\.expected).filter { waiting.contains($0.row) }
        if inFolder { try sync(arrived) }
        let complete = try store.recordReceived(arrived, run: run)
        // What went to a server has been needed until now.
        if !inFolder {
            for file in files { _ = file.place.withCString { unlink($0) } }
            // What cannot be given up now stays in the journal, for the next act.
            for consignment in complete { try? store.giveUpUploads(of: consignment, run: run, where: \.isObject) }
        }
        return complete
    }

    /// Has the objects on the disk, with their names.
    private func sync(_ files: [ExpectedFile]) throws {
        guard files.count <= ReceiptBook.few else {
            return try OpenFile.directory(store.directory).syncFileSystem()
        }
        for (_, theirs) in Dictionary(grouping: files, by: \.consignment.id) {
            try store.shelf(of: theirs[0].consignment).sync(theirs.map(\.id))
        }
    }
}
