import Glibc
import Streams

/// One thing to identify, where it was found.
struct WalkItem: Sendable {
    enum Kind: Sendable {
        /// A file below an open folder that was named.
        case member(of: SharedFile, RelativePath)
        /// A file that was named itself: links are followed, as the user wrote it.
        case named
        case standardInput
        case folder(of: SharedFile, RelativePath?)
        case leftOut(String)
        case unreadable(String)
    }

    let kind: Kind
    let path: BytePath
    var size: Int64 = 0
}

/// Hands out what is to be identified, in numbered batches, to any number of threads: paths in the order they were
/// given, folders as ``FolderScan`` walks them.
final class IdentifyWalk: Sendable {
    private static let batchFiles = 32
    private static let batchBytes: Int64 = 4 << 20
    /// What `FolderScan` calls the folder; it is taken off again.
    private static let placeholder: RelativePath = {
        guard let name = RelativePath("_") else { preconditionFailure("a name is a path") }
        return name
    }()

    private struct State {
        var places: ArraySlice<IdentifyRequest.Place>
        var scan: FolderScan?
        var root: SharedFile?
        var base = BytePath("")
        var number = 0
    }

    private let state: Guarded<State>

    init(_ places: [IdentifyRequest.Place]) { state = Guarded(State(places: places[...])) }

    /// The next items and their number; nil when all have been handed out.
    func next() -> (number: Int, items: [WalkItem])? {
        state.withLock { state in
            var items: [WalkItem] = []
            var bytes: Int64 = 0
            while items.count < IdentifyWalk.batchFiles, bytes < IdentifyWalk.batchBytes,
                let item = IdentifyWalk.item(&state)
            {
                items.append(item)
                bytes += item.size
            }
            if items.isEmpty { return nil }
            defer { state.number += 1 }
            return (state.number, items)
        }
    }

    private static func item(_ state: inout State) -> WalkItem? {
        while true {
            if let scan = state.scan, let root = state.root {
                do {
                    if let found = try scan.next() { return item(found, below: state.base, root) }
                } catch {
                    state.scan = nil
                    return WalkItem(kind: .unreadable((error as? SystemFault)?.reason ?? "\(error)"), path: state.base)
                }
                state.scan = nil
            }
            switch state.places.popFirst() {
            case nil: return nil
            case .standardInput(let name): return WalkItem(kind: .standardInput, path: BytePath(name))
            case .path(let path):
                do throws(SystemFault) {
                    let status = try FileStatus.following(path)
                    guard status.kind == .directory else {
                        return WalkItem(kind: .named, path: path, size: status.size)
                    }
                    state.root = SharedFile(try OpenFile.directory(path))
                    state.scan = FolderScan(path, as: placeholder, links: .skip)
                    state.base = path
                } catch {
                    return WalkItem(kind: .unreadable(error.reason), path: path)
                }
            }
        }
    }

    private static func item(_ found: ScanItem, below base: BytePath, _ root: SharedFile) -> WalkItem {
        func whole(_ path: RelativePath) -> BytePath { below(path).map { base.appending($0.bytes) } ?? base }
        func below(_ path: RelativePath) -> RelativePath? {
            RelativePath(Array(path.bytes.dropFirst(placeholder.bytes.count + 1)))
        }
        switch found {
        case .folder(let path): return WalkItem(kind: .folder(of: root, below(path)), path: whole(path))
        case .file(_, let origin, let size, _):
            return WalkItem(kind: .member(of: root, origin), path: base.appending(origin.bytes), size: size)
        case .excluded(let path):
            // What is no record is still a file.
            guard let origin = below(path) else { return WalkItem(kind: .leftOut("system file"), path: whole(path)) }
            return WalkItem(kind: .member(of: root, origin), path: whole(path))
        case .skipped(let path, let what): return WalkItem(kind: .leftOut(what), path: whole(path))
        case .refused(let path, let why): return WalkItem(kind: .leftOut(why), path: whole(path))
        case .unreadable(let path, _, let why): return WalkItem(kind: .unreadable(why), path: whole(path))
        }
    }
}
