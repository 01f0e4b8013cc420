package import Archives
package import BagIt
import S3
package import Streams
import Streams

/// A bag in a tar, tar.gz, tar.zst or ZIP archive (RFC 8493 §4), read from the start for each pass.
package struct ArchiveBagSource: BagSource {
    private let path: BytePath
    private let limits: ArchiveLimits
    private let place: Place
    /// What the reading gives beside the bag.
    let outcome = ArchiveOutcome()

    private enum Place: Sendable {
        /// The file, as it was first seen.
        case file(FileStatus)
        case object(S3Client, bucket: String, key: String)
    }

    /// A bag in the archive at `path`.
    ///
    /// - Throws: `SystemFault` when there is no such file.
    package init(_ path: BytePath, limits: ArchiveLimits = ArchiveLimits()) throws(SystemFault) {
        self.path = path
        self.limits = limits
        place = .file(try FileStatus.following(path))
    }

    /// A bag in an object, which is read by ranges and never kept.
    init(_ location: S3Location, _ client: S3Client, limits: ArchiveLimits = ArchiveLimits()) {
        path = BytePath("\(location)")
        self.limits = limits
        place = .object(client, bucket: location.bucket, key: location.prefix)
    }

    /// The archive's path.
    package var location: String { path.display }

    /// An archive has one top folder, named as the bag.
    package var hasTopFolder: Bool { true }

    /// All members, in the order of the archive.
    package func visit(_ body: (BagMember, BagContent) throws -> Void) throws {
        do {
            let source = try open()
            let hashing = outcome.wantsDigest ? HashingSource(source) : nil
            let reader = try openArchive(hashing ?? source, path: path, limits: limits)
            try checkUnchanged()
            while let member = try reader.next() {
                try body(BagMember(member)) { try reader.readContent($0) }
            }
            if let hashing { outcome.take(try hashing.finish()) }
            try checkUnchanged()
        } catch {
            outcome.note(error)
            throw error
        }
    }

    /// The form of the archive, by its first bytes.
    func form() throws -> BagForm { try BagForm(startOf: open()) }

    private func open() throws -> any ByteSource {
        switch place {
        case .file: return try OpenFileSource(OpenFile.reading(path))
        case .object(let client, let bucket, let key):
            guard let source = try S3ObjectSource(client, bucket: bucket, key: key) else {
                throw BagNotThere(place: location)
            }
            return source
        }
    }

    /// Two passes must see the same bytes, and one pass those of one moment. An object is asked for by its ETag.
    private func checkUnchanged() throws {
        guard case .file(let status) = place else { return }
        guard try FileStatus.following(path).showsNoChange(since: status) else { throw ArchiveFault.changed(path) }
    }
}

/// There is no such object.
struct BagNotThere: Error, CustomStringConvertible {
    let place: String
    var description: String { "there is no object '\(place)'; in S3 a bag is one object, an archive" }
}

/// The SHA-256 of an archive, where it is wanted, and why it could not be read to its end: the judgment of the bag says
/// only that it is unreadable.
final class ArchiveOutcome: Sendable {
    private struct State {
        var wantsDigest = false
        var digest: SHA256Digest?
        var obstacle: (any Error)?
    }

    private let state = Guarded(State())

    /// Asks for the digest; the first pass gives it.
    func wantDigest() { state.withLock { $0.wantsDigest = true } }

    var wantsDigest: Bool { state.withLock { $0.wantsDigest && $0.digest == nil } }
    var digest: SHA256Digest? { state.withLock { $0.digest } }

    /// What kept us from looking, which says nothing of the bag: the disk, the network, the server.
    var obstacle: (any Error)? { state.withLock { $0.obstacle } }

    fileprivate func take(_ digest: SHA256Digest) { state.withLock { $0.digest = digest } }

    fileprivate func note(_ error: any Error) {
        guard error is SystemFault || error is S3Failure || error is S3ObjectChanged || error is BagNotThere else {
            return
        }
        state.withLock { $0.obstacle = error }
    }
}

extension BagMember {
    fileprivate init(_ member: ArchiveMember) {
        let kind: Kind =
            switch member.kind {
            case .file: .file
            case .directory: .directory
            case .symlink: .symlink(target: member.linkTarget)
            case .hardlink: .hardlink
            case .other: .other
            }
        self.init(path: member.path, kind: kind, size: member.size)
    }
}
