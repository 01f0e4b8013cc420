import Glibc
import Streams
import TDRCore

/// The columns of DROID's export, one row per format as DROID's own option of that name: tools that read its CSV read
/// this. Times are UTC. Folders have rows; `PARENT_ID` leads to the folder or archive that holds a file.
final class DroidCSV: IdentifyRenderer {
    private struct Parent {
        let path: [UInt8]
        let id: Int
        let uri: String
    }

    private struct State {
        var last = 0
        /// The folders and archives around the file before, outermost first.
        var parents: [Parent] = []
    }

    private let digest: String?
    private let state = Guarded(State())
    private let here: [UInt8]

    init(digest: String?) {
        self.digest = digest
        here = DroidCSV.workingDirectory()
    }

    func head() -> [UInt8] {
        DroidCSV.line([
            "ID", "PARENT_ID", "URI", "FILE_PATH", "NAME", "METHOD", "STATUS", "SIZE", "TYPE", "EXT", "LAST_MODIFIED",
            "EXTENSION_MISMATCH", digest.map { $0.uppercased() + "_HASH" } ?? "HASH", "FORMAT_COUNT", "PUID",
            "MIME_TYPE", "FORMAT_NAME", "FORMAT_VERSION",
        ])
    }

    func render(_ files: [IdentifiedFile]) -> [UInt8] {
        state.withLock { state in files.reduce(into: []) { out, file in out += rows(file, &state) } }
    }

    private func rows(_ file: IdentifiedFile, _ state: inout State) -> [UInt8] {
        let path = absolute(file.path.bytes)
        while let parent = state.parents.last, !DroidCSV.holds(parent.path, path) { state.parents.removeLast() }
        if case .leftOut = file.kind { return [] }
        let isFolder = file.kind == .folder
        let parent = state.parents.last
        // What could not be told of an archive follows it: that is no second file.
        if parent?.path == path { return [] }
        let name = DroidCSV.name(of: path, archive: file.archive.map { absolute($0.bytes) })
        let uri = uri(of: path, name: name, isFolder: isFolder, parent: parent, isMember: file.archive != nil)
        state.last += 1
        if isFolder || file.isOpenedArchive {
            state.parents.append(
                Parent(path: path, id: state.last, uri: isFolder ? uri : DroidCSV.scheme(file) + ":" + uri + "!"))
        }
        let type = isFolder ? "Folder" : file.isOpenedArchive ? "Container" : "File"
        let size = isFolder ? nil : file.size
        let count = isFolder ? nil : file.formats.count
        let modified = file.modified.map { Timestamp(nanoseconds: $0).local }
        let parentID = parent.map { String($0.id) }
        let fields: [String] = [
            String(state.last), parentID ?? "", uri, file.archive == nil ? displayName(of: path) : "",
            displayName(of: name), "", file.failure == nil ? "Done" : "Error", size.map { String($0) } ?? "", type,
            isFolder ? "" : file.fileExtension ?? "", modified ?? "", file.isExtensionMismatch ? "true" : "false",
            file.digests.first?.hex ?? "", count.map { String($0) } ?? "",
        ]
        if file.formats.isEmpty { return DroidCSV.line(fields + ["", "", "", ""]) }
        return file.formats.reduce(into: []) { out, format in
            var row = fields
            row[5] = format.basis
            out += DroidCSV.line(row + [format.puid, format.mimeType, format.name, format.version])
        }
    }

    // MARK: Paths

    private static func holds(_ folder: [UInt8], _ path: [UInt8]) -> Bool {
        guard path.starts(with: folder) else { return false }
        if path.count == folder.count || folder == [UInt8(ascii: "/")] { return true }
        return path[folder.count] == UInt8(ascii: "/") || path[folder.count] == UInt8(ascii: "#")
    }

    private static func name(of path: [UInt8], archive: [UInt8]?) -> [UInt8] {
        guard let archive, path.count > archive.count else { return BytePath(path).lastComponent }
        return BytePath(Array(path[(archive.count + 1)...])).lastComponent
    }

    private func uri(of path: [UInt8], name: [UInt8], isFolder: Bool, parent: Parent?, isMember: Bool) -> String {
        if let parent, isMember {
            return parent.uri + "/" + DroidCSV.escaped(Array(path[(parent.path.count + 1)...]))
        }
        return "file:" + DroidCSV.escaped(path) + (isFolder && path.last != UInt8(ascii: "/") ? "/" : "")
    }

    /// DROID's scheme for the members of an archive.
    private static func scheme(_ file: IdentifiedFile) -> String {
        let puids = file.formats.map(\.puid)
        return puids.contains("x-fmt/265") ? "tar" : puids.contains("x-fmt/266") ? "gz" : "zip"
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: out.append(byte)
            case _ where "-_.~/!$&'()*+,;=:@".utf8.contains(byte): out.append(byte)
            default: out += Array("%\(Hex.encode([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The path from the root, without `.` and doubled slashes; `..` stays, as it may lead over a link.
    private func absolute(_ path: [UInt8]) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let whole = path.first == slash ? path : here + [slash] + path
        let parts = whole.split(separator: slash).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
        return [slash] + parts.joined(separator: [slash])
    }

    private static func workingDirectory() -> [UInt8] {
        guard let path = getcwd(nil, 0) else { return [] }
        defer { free(path) }
        return (0..<strlen(path)).map { UInt8(bitPattern: path[$0]) }
    }

    /// DROID quotes every field.
    private static func line(_ fields: [String]) -> [UInt8] {
        Array(
            (fields.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",") + "\n").utf8)
    }
}
