import Streams
import TDRCore

/// The files of a folder in batches, and the folders that hold nothing.
final class FolderWalk {
    struct Batch: Sendable {
        var files: [(path: RelativePath, origin: RelativePath, size: Int64)] = []
        var emptyFolders: [RelativePath] = []
    }

    private let scan: FolderScan
    /// The folders that were met last and of which nothing has come yet.
    private var open: [RelativePath] = []
    private var ended = false

    init(_ source: BytePath, links: LinkPolicy) throws {
        guard let name = RelativePath(source.lastComponent) else {
            throw UploadError.notAFolder(source, reason: "the root of the file system has no name to file it under")
        }
        scan = FolderScan(source, as: name, links: links)
    }

    /// The next files, at most so many and about so many bytes; nil at the end.
    func next(_ files: Int, _ bytes: Int64) throws -> Batch? {
        if ended { return nil }
        var batch = Batch()
        var total: Int64 = 0
        while batch.files.count + batch.emptyFolders.count < files, total < bytes {
            guard let item = try scan.next() else {
                ended = true
                batch.emptyFolders += open
                break
            }
            switch item {
            case .folder(let path):
                settle(before: path, &batch)
                open.append(path)
            case .file(let path, let origin, let size, _):
                settle(before: path, &batch)
                // Something is in it: that says that the folder is there.
                open.removeAll()
                batch.files.append((path, origin, size))
                total += size
            case .excluded, .skipped, .refused, .unreadable: continue
            }
        }
        return batch.files.isEmpty && batch.emptyFolders.isEmpty ? nil : batch
    }

    /// Folders that the walk has left without meeting anything hold nothing; a parent of one is there by that.
    private func settle(before path: RelativePath, _ batch: inout Batch) {
        guard let last = open.last else { return }
        if path.bytes.starts(with: last.bytes + [UInt8(ascii: "/")]) {
            open.removeAll()
        } else {
            batch.emptyFolders.append(last)
            open.removeAll()
        }
    }
}
