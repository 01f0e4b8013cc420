import Glibc
import Streams

/// An entry of the walk: a file to check, or what is already known of something else.
enum FolderCheckItem: Sendable {
    case file(FileToCheck, of: SharedFile, path: BytePath)
    case other(CheckedFile)
}

/// Hands out what is to be checked, in numbered batches, to any number of threads: the places in the order they were
/// given, folders as ``FolderScan`` walks them for an upload.
final class FolderCheckWalk: Sendable {
    private static let batchFiles = 64
    private static let batchBytes: Int64 = 4 << 20

    /// A place that is there.
    struct Place: Sendable {
        /// As the user wrote it.
        let path: BytePath
        /// The folder to open, absolute, links resolved.
        let root: BytePath
        /// The file in it; nil for the whole folder.
        let file: RelativePath?

        private var whole: BytePath { file.map { root.appending($0.bytes) } ?? root }

        func overlaps(_ other: Place) -> Bool { whole.isWithin(other.whole) || other.whole.isWithin(whole) }
    }

    private struct State {
        var places: ArraySlice<Place>
        var scan: FolderScan?
        var root: SharedFile?
        var base = BytePath("")
        var number = 0
        var files = 0
        var folders = 0
    }

    private let places: [Place]
    private let links: LinkPolicy
    private let checks: Set<CheckKind>
    private let state: Guarded<State>

    /// - Throws: ``FolderCheckError`` when a place is not there.
    init(_ request: FolderCheckRequest) throws {
        let temporary = request.temporaryFolder.resolved()
        places = try request.places.map { path in
            let place = try FolderCheckWalk.place(path)
            if place.file == nil, let temporary, temporary.isWithin(place.root) {
                throw FolderCheckError.temporaryFolderInside(request.temporaryFolder, place: path)
            }
            return place
        }
        for (index, place) in places.enumerated() {
            for other in places[..<index] where place.overlaps(other) {
                throw FolderCheckError.overlap(other.path, place.path)
            }
        }
        links = request.links
        checks = request.checksMade
        state = Guarded(State(places: places[...]))
    }

    private static func place(_ path: BytePath) throws -> Place {
        do throws(SystemFault) {
            let kind = try FileStatus.following(path).kind
            guard let whole = path.resolved() else { throw SystemFault("look at", path, code: ENOENT) }
            switch kind {
            case .directory:
                _ = try OpenFile.directory(whole)
                return Place(path: path, root: whole, file: nil)
            case .regular: return Place(path: path, root: whole.directory, file: RelativePath(whole.lastComponent))
            default: break
            }
        } catch {
            throw FolderCheckError.notThere(path, reason: error.reason)
        }
        throw FolderCheckError.special(path)
    }

    /// Files that have been handed out.
    var files: Int { state.withLock { $0.files } }
    /// Folders that have been met.
    var folders: Int { state.withLock { $0.folders } }

    /// Walks all of it once more than needed, to know how much there is.
    func total() throws -> (files: Int, bytes: Int64) {
        var total = (files: 0, bytes: Int64(0))
        for place in places {
            if let file = place.file {
                total.files += 1
                total.bytes += (try? OpenFile.directory(place.root).opening(file).status().size) ?? 0
                continue
            }
            let scan = FolderScan(place.root, as: FolderCheckWalk.placeholder, links: links)
            while let item = try scan.next() {
                try Task.checkCancellation()
                guard case .file(_, _, let size, _) = item else { continue }
                total.files += 1
                total.bytes += size
            }
        }
        return total
    }

    /// The next items and their number; nil when all have been handed out.
    func next() -> (number: Int, items: [FolderCheckItem])? {
        state.withLock { state in
            var items: [FolderCheckItem] = []
            var bytes: Int64 = 0
            while items.count < FolderCheckWalk.batchFiles, bytes < FolderCheckWalk.batchBytes,
                let item = item(&state)
            {
                if case .file(let file, _, _) = item {
                    bytes += file.size
                    state.files += 1
                }
                items.append(item)
            }
            if items.isEmpty { return nil }
            defer { state.number += 1 }
            return (state.number, items)
        }
    }

    /// What `FolderScan` calls the folder; it is taken off again.
    private static let placeholder: RelativePath = {
        guard let name = RelativePath("_") else { preconditionFailure("a name is a path") }
        return name
    }()

    private func item(_ state: inout State) -> FolderCheckItem? {
        while true {
            if let scan = state.scan, let root = state.root {
                do {
                    while let found = try scan.next() {
                        if case .folder = found { state.folders += 1 }
                        if let item = item(found, below: state.base, root) { return item }
                    }
                } catch {
                    state.scan = nil
                    return .other(unreadable(.folder, state.base, "\(error)"))
                }
                state.scan = nil
            }
            guard let place = state.places.popFirst() else { return nil }
            do throws(SystemFault) {
                let root = SharedFile(try OpenFile.directory(place.root))
                if let file = place.file {
                    let status = try FileStatus.of(file.bytes, in: root.file)
                    return self.file(file, as: file, status.size, root, named: place.path)
                }
                state.root = root
                state.scan = FolderScan(place.root, as: FolderCheckWalk.placeholder, links: links)
                state.base = place.path
            } catch {
                return .other(unreadable(place.file == nil ? .folder : .file, place.path, error.reason))
            }
        }
    }

    private func item(_ found: ScanItem, below base: BytePath, _ root: SharedFile) -> FolderCheckItem? {
        func whole(_ path: RelativePath) -> BytePath {
            let below = path.bytes.dropFirst(FolderCheckWalk.placeholder.bytes.count + 1)
            return below.isEmpty ? base : base.appending(Array(below))
        }
        switch found {
        case .folder(let path):
            // A folder is told of only where its own name is the trouble.
            guard path != FolderCheckWalk.placeholder, String(validating: path.name, as: UTF8.self) == nil else {
                return nil
            }
            var folder = CheckedFile(.folder, whole(path))
            folder.findings = [CheckFinding(.name)]
            return .other(folder)
        case .file(let path, let origin, let size, _):
            // The path that the consignment would have.
            let name = path.bytes.dropFirst(FolderCheckWalk.placeholder.bytes.count)
            let consigned = RelativePath(root.file.path.lastComponent + name) ?? origin
            return file(origin, as: consigned, size, root, named: whole(path))
        case .excluded(let path):
            var file = CheckedFile(.leftOut, whole(path))
            file.remarks = ["system file"]
            return .other(file)
        case .skipped(let path, let what):
            var file = CheckedFile(.leftOut, whole(path))
            file.remarks = [what]
            return .other(file)
        case .refused(let path, let why):
            var file = CheckedFile(.refused, whole(path))
            file.findings = [CheckFinding(.link, why)]
            return .other(file)
        case .unreadable(let path, let isFolder, let why):
            return .other(unreadable(isFolder ? .folder : .file, whole(path), why))
        }
    }

    private func unreadable(_ kind: CheckedFile.Kind, _ path: BytePath, _ why: String) -> CheckedFile {
        var file = CheckedFile(kind, path)
        file.findings = [CheckFinding(.unreadable, why)]
        return file
    }

    private func file(
        _ origin: RelativePath, as name: RelativePath, _ size: Int64, _ root: SharedFile, named path: BytePath
    ) -> FolderCheckItem {
        .file(
            FileToCheck(
                key: FileKey(
                    row: 0, id: FolderCheckWalk.noID, object: FolderCheckWalk.noID, path: name, origin: origin),
                size: size,
                sha256: FolderCheckWalk.noDigest, statuses: FileStatuses(), checks: checks),
            of: root, path: path)
    }

    /// Nothing is recorded, so nothing needs an id.
    private static let noID = RecordID.random()
    /// No digest was computed before, so there is none to compare with.
    private static let noDigest = SHA256Digest.of([UInt8]())
}

/// The bytes of a folder that is checked where it lies.
struct FolderBytes: CheckedBytes {
    let noun = "it"
    let root: SharedFile

    func open(_ file: FileToCheck) throws -> OpenBytes { try OpenBytes(root.file.opening(file.key.origin)) }
}
