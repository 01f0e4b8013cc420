import Archives
import Streams

/// The archives that can be looked into, by their PUIDs.
enum ArchiveForm {
    case zip, tar, gzip

    /// What a file was identified as; nil for anything that is not opened. An office document is a ZIP file by
    /// structure and no archive by meaning: it has another PUID.
    init?(_ file: IdentifiedFile) {
        let puids = file.siegfried.map { [$0.identifier] } ?? file.formats.map(\.puid)
        if puids.contains("x-fmt/263") {
            self = .zip
        } else if puids.contains("x-fmt/265") {
            self = .tar
        } else if puids.contains("x-fmt/266") {
            self = .gzip
        } else {
            return nil
        }
    }

    /// What a gzip file holds is called like itself, without the ending that says how it is packed.
    static func nameWithoutPacking(_ path: BytePath) -> [UInt8] {
        // The last part, of the file's path or of the member's.
        let name = Array(path.lastComponent.split(separator: UInt8(ascii: "#")).last ?? [])
        let lowered = String(decoding: name, as: UTF8.self).lowercased()
        if lowered.hasSuffix(".tgz") { return Array(name.dropLast(4)) + Array(".tar".utf8) }
        if lowered.hasSuffix(".gz") { return Array(name.dropLast(3)) }
        return name
    }
}

/// What may still be unpacked of one file, with all archives inside it.
final class UnpackBudget {
    private var members: Int64
    private var bytes: Int64
    private var unpacked: Int64 = 0
    private let allowed: UnpackLimits
    private let packedBytes: Int64

    /// Up to this many unpacked bytes the ratio does not count.
    private static let ratioFreeBytes: Int64 = 256 << 20

    init(_ limits: UnpackLimits, packedBytes: Int64) {
        allowed = limits
        members = limits.members
        bytes = limits.bytes
        self.packedBytes = packedBytes
    }

    /// The same for one reader.
    var limits: ArchiveLimits {
        ArchiveLimits(
            members: max(0, members) + 1, bytes: max(0, bytes), ratio: allowed.ratio,
            ratioFreeBytes: UnpackBudget.ratioFreeBytes)
    }

    func takeMember() throws(UnpackFault) {
        members -= 1
        guard members >= 0 else { throw .tooManyMembers(allowed.members) }
    }

    func take(bytes count: Int) throws(UnpackFault) {
        bytes -= Int64(count)
        unpacked += Int64(count)
        guard bytes >= 0 else { throw .tooManyBytes(allowed.bytes) }
        guard unpacked <= UnpackBudget.ratioFreeBytes || unpacked / allowed.ratio <= packedBytes else {
            throw .tooDense(allowed.ratio)
        }
    }
}

/// An archive that is more than the caller allows.
enum UnpackFault: Error, CustomStringConvertible {
    case tooDeep(Int)
    case tooManyMembers(Int64)
    case tooManyBytes(Int64)
    case tooDense(Int64)

    var description: String {
        switch self {
        case .tooDeep(let depth): "archives are only looked into \(depth) levels deep"
        case .tooManyMembers(let count): "it holds more than \(count) members"
        case .tooManyBytes(let count): "it unpacks to more than \(count) bytes"
        case .tooDense(let ratio): "it unpacks to more than \(ratio) times its size"
        }
    }
}
