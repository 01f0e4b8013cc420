import Glibc
import S3
public import Streams

/// Gives up exports that were cut off: their parts on S3 servers, their temporary files, and that they are in progress.
public struct ExportAbandonment: Sendable {
    private let store: Store
    private let run: RunInfo
    private let options: S3Options

    /// Gives up exports of `store`, recorded as `run`. The servers are those that the store remembers, unless `options`
    /// name another; the keys are looked for as for an export.
    public init(store: Store, run: RunInfo, s3 options: S3Options) {
        self.store = store
        self.run = run
        self.options = options
    }

    /// Gives up what was begun of one consignment and is not complete.
    ///
    /// - Parameter folder: where an export into a folder was cut off, whose temporary files are to go.
    /// - Returns: what was given up.
    /// - Throws: ``StoreError/busy(_:)`` while an export is at work; what a server says that could not be asked, and then
    ///   it stays in the store for another try.
    public func abandon(_ consignment: Consignment, in folder: BytePath? = nil) async throws -> [BytePath] {
        let lock = try ConsignmentLock(consignment, in: store, for: "give up the export of", evenCancelled: true)
        defer { withExtendedLifetime(lock) {} }
        var given: [BytePath] = []
        var runID: RunID?
        func recorded() throws -> RunID {
            let id = try runID ?? store.begin(run)
            runID = id
            return id
        }
        for upload in try store.unfinishedUploads(of: consignment) {
            try await upload.giveUp(S3Access(options, known: upload.server).client)
            try store.abandoned(upload, of: consignment, run: recorded())
            given.append(upload.location)
        }
        if let folder { given += try removeTemporary(of: consignment, in: folder) }
        if try store.statuses(of: consignment)[.export] == .inProgress {
            try store.failExport(consignment, cause: "given up by \(run.actor)", run: recorded())
        }
        return given
    }

    /// Removes what a killed export left in a folder, as its next run would take it over.
    private func removeTemporary(of consignment: Consignment, in folder: BytePath) throws -> [BytePath] {
        var removed: [BytePath] = []
        for form in BagForm.allCases {
            let name = form.name(consignment.reference)
            let partial = folder.appending(".\(name).tdr-partial")
            guard let status = try? FileStatus.of(partial) else { continue }  // nothing there
            // Whoever writes it holds the one or the other.
            let held = status.kind == .directory ? folder.appending(".\(name).tdr-lock") : partial
            if let file = try? OpenFile.open(held, flags: O_RDWR | O_NOFOLLOW | O_CLOEXEC), try !file.tryLock() {
                throw ExportError.targetBusy(partial)
            }
            try removeTree(partial)
            if status.kind == .directory { _ = held.withCString { unlink($0) } }
            removed.append(partial)
        }
        return removed
    }
}

extension UnfinishedUpload {
    /// Has the server give it up.
    ///
    /// - Throws: ``S3Failure`` when it cannot be asked.
    func giveUp(_ client: S3Client) async throws {
        guard let place = S3Location(location), !place.prefix.isEmpty else { return }
        let (bucket, key) = (place.bucket, place.prefix)
        do {
            try await client.abortUpload(bucket, key, upload: uploadID)
            // What other runs left under the same key has no owner either.
            for orphan in try await client.listUploads(bucket, key: key) {
                try await client.abortUpload(bucket, key, upload: orphan)
            }
        } catch let failure as S3Failure where failure.kind == .noSuchBucket {
            return
        }
    }
}

extension Store {
    /// Gives up what was begun in S3 for a consignment that needs it no more. May block.
    ///
    /// - Throws: why a server could not be asked. What it has then stays in the store, for another try.
    func giveUpUploads(
        of consignment: Consignment, run: RunID, where isOver: (UnfinishedUpload) -> Bool = { _ in true }
    ) throws {
        for upload in try unfinishedUploads(of: consignment) where isOver(upload) {
            var options = S3Options()
            options.environment = environment
            if upload.isObject { options.profile = try objectPlace()?.profile }
            let client = try S3Access(options, known: upload.server).client
            try waiting { try await upload.giveUp(client) }
            try abandoned(upload, of: consignment, run: run)
        }
    }
}
