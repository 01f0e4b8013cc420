import FoundationEssentials
import Streams

/// The list of a parcel: files and folders that replace others or are added, as the API's client sends them.
package struct RepairParcel: Sendable {
    /// Bytes that a list has, at most.
    package static let longestList = 4 << 20
    /// Entries that a list has, at most.
    package static let mostEntries = 2000

    /// A file that follows.
    package struct File: Sendable {
        package let path: RelativePath
        package let size: Int64
        /// When its content last changed, milliseconds since 1970.
        package let modified: Int64
        package let sha256: SHA256Digest

        package init(path: RelativePath, size: Int64, modified: Int64, sha256: SHA256Digest) {
            self.path = path
            self.size = size
            self.modified = modified
            self.sha256 = sha256
        }
    }

    /// A path with a remark, as an answer has it.
    package struct Remark: Codable, Sendable {
        package let path: String
        package let remark: String

        package init(path: String, remark: String) {
            self.path = path
            self.remark = remark
        }
    }

    private struct List: Codable {
        struct File: Codable {
            let path: String
            let size: Int64
            let modified: Int64
            let sha256: String
        }
        let files: [File]
        let folders: [String]?
    }

    /// The folder or single file that all of it is below.
    package let top: RelativePath
    /// The files, in the order of their bytes.
    package let files: [File]
    /// Folders that are to be there, whether they hold anything or not.
    package let folders: [RelativePath]

    /// Bytes of all files.
    package var bytes: Int64 { files.reduce(0) { $0 + $1.size } }

    /// A parcel of these; nil when they are not all below one folder, or are none.
    package init?(files: [File], folders: [RelativePath]) {
        let tops = Set((files.map(\.path) + folders).map { $0.bytes.prefix { $0 != UInt8(ascii: "/") } })
        guard tops.count == 1, let top = tops.first.flatMap({ RelativePath(Array($0)) }) else { return nil }
        self.top = top
        self.files = files
        self.folders = folders
    }

    /// Reads a list: `{"files": [{"path", "size", "modified", "sha256"}], "folders": ["path"]}`, paths as they are shown.
    /// nil for anything else.
    package init?(list bytes: [UInt8]) {
        guard let list = try? JSONDecoder().decode(List.self, from: Data(bytes)) else { return nil }
        var total: Int64 = 0
        var files: [File] = []
        for one in list.files {
            guard let path = RelativePath(Streams.bytes(ofDisplayName: one.path)), one.size >= 0,
                (0..<(1 << 43)).contains(one.modified), let sha256 = SHA256Digest(hex: Array(one.sha256.utf8))
            else { return nil }
            let (sum, isTooMuch) = total.addingReportingOverflow(one.size)
            if isTooMuch { return nil }
            total = sum
            files.append(File(path: path, size: one.size, modified: one.modified, sha256: sha256))
        }
        let folders = (list.folders ?? []).map { RelativePath(Streams.bytes(ofDisplayName: $0)) }
        let known = folders.compactMap(\.self)
        guard known.count == folders.count, files.count + known.count <= RepairParcel.mostEntries else { return nil }
        self.init(files: files, folders: known)
    }

    /// The list as bytes, with its length before it.
    package func head() throws -> [UInt8] {
        let list = List(
            files: files.map {
                List.File(path: $0.path.display, size: $0.size, modified: $0.modified, sha256: $0.sha256.hex)
            }, folders: folders.map(\.display))
        let bytes = Array(try JSONEncoder().encode(list))
        return (0..<4).reversed().map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    }
}
