package import Archives
package import BagIt
package import Streams

/// A bag in a tar, tar.gz, tar.zst or ZIP archive (RFC 8493 §4), read from the start for each pass.
package struct ArchiveBagSource: BagSource {
    private let path: BytePath
    private let limits: ArchiveLimits
    private let status: FileStatus

    /// A bag in the archive at `path`.
    ///
    /// - Throws: `SystemFault` when there is no such file.
    package init(_ path: BytePath, limits: ArchiveLimits = ArchiveLimits()) throws(SystemFault) {
        self.path = path
        self.limits = limits
        status = try FileStatus.following(path)
    }

    /// The archive's path.
    package var location: String { path.display }

    /// An archive has one top folder, named as the bag.
    package var hasTopFolder: Bool { true }

    /// All members, in the order of the archive.
    package func visit(_ body: (BagMember, BagContent) throws -> Void) throws {
        let reader = try openArchive(try OpenFile.reading(path), limits: limits)
        try checkUnchanged()
        while let member = try reader.next() {
            try body(BagMember(member)) { try reader.readContent($0) }
        }
        try checkUnchanged()
    }

    /// Two passes must see the same bytes, and one pass those of one moment.
    private func checkUnchanged() throws {
        guard try FileStatus.following(path).showsNoChange(since: status) else { throw ArchiveFault.changed(path) }
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
