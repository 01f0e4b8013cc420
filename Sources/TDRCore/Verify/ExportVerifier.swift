import BagIt
import Glibc
import S3
public import Streams

/// What a look at an exported bag gave.
public struct ExportVerification: Sendable {
    /// The copy, as it was known before.
    public let copy: ExportCopy
    /// What became of it.
    public let result: FixityResult
    /// The result in words; nil when there is nothing to say.
    public let remark: String?
    /// The SHA-256 now, of the archive or of the folder's tag manifest, as far as it could be read.
    public let sha256: SHA256Digest?
    /// The bag by itself, where there is one.
    public let bag: BagVerification?
}

/// Looks after exported bags where they are: whether they are there, the same, and valid. Results are kept in the store.
public struct ExportVerifier: Sendable {
    private let store: Store
    private let verifier: BagVerifier

    /// Looks after the exports of `store`, reading with `verifier`.
    public init(store: Store, verifier: BagVerifier) {
        self.store = store
        self.verifier = verifier
    }

    /// Reads one bag whole and records what that gave, as `run`.
    ///
    /// - Throws: ``StoreError``, `CancellationError`. What keeps us from looking is a result.
    public func verify(_ copy: ExportCopy, run: RunInfo) async throws -> ExportVerification {
        let found = try await look(at: copy)
        try store.record(found.result, found.remark, of: copy, run: store.begin(run))
        return found
    }

    private func look(at copy: ExportCopy) async throws -> ExportVerification {
        do {
            return S3Location.isMeant(by: copy.location)
                ? try await judge(copy, archive: verifier.archive(copy.location, known: copy.server))
                : try await lookHere(at: copy)
        } catch let error as CancellationError {
            throw error
        } catch let error as StoreError {
            throw error
        } catch is BagNotThere {
            return ExportVerification(copy: copy, result: .missing, remark: nil, sha256: nil, bag: nil)
        } catch {
            return ExportVerification(copy: copy, result: .notVerified, remark: "\(error)", sha256: nil, bag: nil)
        }
    }

    private func lookHere(at copy: ExportCopy) async throws -> ExportVerification {
        let status: FileStatus
        do throws(SystemFault) {
            status = try FileStatus.following(copy.location)
        } catch {
            guard error.code == ENOENT else { throw error }
            // A disk that is not mounted says nothing of what is on it.
            _ = try FileStatus.following(copy.location.directory)
            return ExportVerification(copy: copy, result: .missing, remark: nil, sha256: nil, bag: nil)
        }
        guard status.kind == .directory else { return try await judge(copy, archive: ArchiveBagSource(copy.location)) }
        let bag = try await verifier.verify(BagFolder(copy.location), archive: nil)
        let seal = copy.location.appending(BagName.tagManifest("sha256"))
        let digest = try await withBlockingThreads(1) { _ in
            do throws(SystemFault) {
                _ = try FileStatus.following(seal)
            } catch {
                if error.code == ENOENT { return nil as SHA256Digest? }
                throw error
            }
            return try digestOfFile(at: seal)
        }
        return judged(copy, bag, digest)
    }

    private func judge(_ copy: ExportCopy, archive: ArchiveBagSource) async throws -> ExportVerification {
        archive.outcome.wantDigest()
        let bag = try await verifier.verify(archive, archive: archive)
        if let obstacle = archive.outcome.obstacle { throw obstacle }
        return judged(copy, bag, archive.outcome.digest)
    }

    private func judged(_ copy: ExportCopy, _ bag: BagVerification, _ digest: SHA256Digest?) -> ExportVerification {
        let result: FixityResult
        var remark: String?
        if bag.isObstructed {
            result = .notVerified
            remark = bag.problems.first { !$0.isWarning }?.message ?? bag.verdict
        } else if !bag.isValid {
            result = .invalid
            remark = bag.problems.first { !$0.isWarning }.map { "\($0.rule): \($0.message)" } ?? bag.verdict
        } else if let recorded = copy.sha256, recorded != digest {
            result = .altered
            remark = "its SHA-256 was \(recorded) and is \(digest.map { "\($0)" } ?? "not there")"
        } else {
            result = .valid
            if copy.sha256 == nil { remark = "no SHA-256 of it was recorded" }
        }
        return ExportVerification(copy: copy, result: result, remark: remark, sha256: digest, bag: bag)
    }
}
