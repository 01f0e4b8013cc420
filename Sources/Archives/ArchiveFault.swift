package import Streams

/// What can go wrong with an archive. An error of the caller's own closure is never one of these: it surfaces as itself.
package enum ArchiveFault: Error, Hashable, CustomStringConvertible {
    /// The guards of ``ArchiveLimits``.
    package enum Limit: String, Hashable, Sendable { case members, bytes, ratio }

    /// libarchive refused an operation, in its own words.
    case cannotWrite(member: [UInt8]?, reason: String)
    /// A name no tar header can hold: empty, or with a NUL in it.
    case unusableName([UInt8])
    /// A member came with more or fewer bytes than its header says.
    case wrongSize(member: [UInt8], expected: Int64, found: Int64)
    /// The calls came in an order that makes no archive.
    case outOfOrder(String)
    /// The file is no archive that can be read here.
    case notAnArchive(BytePath, found: String)
    /// The archive ends too early.
    case truncated(BytePath, member: [UInt8]?, offset: Int64)
    /// The archive contradicts itself; `reason` is what the decoder found.
    case damaged(BytePath, member: [UInt8]?, offset: Int64, reason: String)
    /// Something that is no padding follows the end of the archive.
    case trailingBytes(BytePath, offset: Int64)
    /// The file changed between two passes over it.
    case changed(BytePath)
    /// The archive is larger than the caller allows.
    case beyondLimit(BytePath, Limit, allowed: Int64, member: [UInt8]?)

    /// What happened to what, and what to do.
    package var description: String {
        switch self {
        case .cannotWrite(let member, let reason):
            "cannot write \(quoted(member)) to the archive: \(reason)"
        case .unusableName(let name):
            "cannot archive '\(displayName(of: name))': the name is empty or holds a NUL; rename the file"
        case .wrongSize(let member, let expected, let found):
            "\(quoted(member)) should have \(expected) bytes but \(found) came; the file changed, start again"
        case .outOfOrder(let what):
            "the archive was called out of order: \(what)"
        case .notAnArchive(let path, let found):
            "cannot read '\(path.display)' as an archive: \(found); give a .tar, .tar.gz, .tar.zst or .zip file"
        case .truncated(let path, let member, let offset):
            "'\(path.display)' ends at byte \(offset)\(inside(member)) before the archive is complete; copy it again"
        case .damaged(let path, let member, let offset, let reason):
            "'\(path.display)' is damaged near byte \(offset)\(inside(member)): \(reason); copy it again"
        case .trailingBytes(let path, let offset):
            "'\(path.display)' holds bytes after the end of the archive, from byte \(offset); copy it again"
        case .changed(let path):
            "'\(path.display)' changed while it was read; try again when nothing writes to it"
        case .beyondLimit(let path, .members, let allowed, _):
            "'\(path.display)' has more than \(allowed) members; raise the limit if you trust it"
        case .beyondLimit(let path, .bytes, let allowed, let member):
            "'\(path.display)' unpacks to more than \(allowed) bytes\(inside(member)); raise the limit if you trust it"
        case .beyondLimit(let path, .ratio, let allowed, let member):
            "'\(path.display)' unpacks to more than \(allowed) times its size\(inside(member)); "
                + "raise the limit if you trust it"
        }
    }
}

private func quoted(_ member: [UInt8]?) -> String { member.map { "'\(displayName(of: $0))'" } ?? "a member" }

private func inside(_ member: [UInt8]?) -> String { member.map { " (in '\(displayName(of: $0))')" } ?? "" }
