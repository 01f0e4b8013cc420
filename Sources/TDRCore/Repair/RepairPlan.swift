import FoundationEssentials
import Glibc
import Streams

/// How files are brought into a consignment that was uploaded.
public enum RepairAct: String, Sendable {
    /// In place of those of the same path.
    case replace
    /// As new ones.
    case add

    /// What is done, as the rest of a sentence that goes on with the consignment.
    package var words: String { self == .replace ? "replace files of" : "add files to" }
}

extension RepairAct {
    /// Why a file cannot be taken where the consignment has this; nil when it can.
    ///
    /// - Parameter isSame: Whether the file of the consignment has its size and time, as one that was added by a run that
    ///   was cut off.
    package func refusal(ofFile there: FileType?, isSame: @autoclosure () -> Bool) -> String? {
        switch (self, there) {
        case (.replace, .file), (.add, nil): nil
        case (.replace, nil): "the consignment has no such file: use --add for new ones"
        case (_, .folder): "it is a folder in the consignment and a file here"
        case (.add, .file): isSame() ? nil : "the consignment has it already: use --replace"
        }
    }

    /// Why a folder cannot be.
    package func refusal(ofFolder there: FileType?) -> String? {
        there == .file ? "it is a file in the consignment and a folder here" : nil
    }

    /// Why nothing can be below a file of the consignment.
    package static func refusal(below above: RelativePath) -> String {
        "'\(above.display)' is a file in the consignment"
    }
}

/// Where the new bytes are, and which entries of the consignment they are for.
struct RepairPlan: Sendable {
    /// The folder that origins are below: absolute, links resolved.
    let root: BytePath
    /// The single file below ``root``; nil for a whole folder.
    let file: RelativePath?
    /// The entry of the consignment that the file or folder stands for.
    let place: RelativePath
    /// What has to be put before origins so that they are below the source of a consignment in place.
    let prefix: RelativePath?

    /// - Throws: ``RepairError``.
    init(
        _ act: RepairAct, _ source: BytePath, as wanted: RelativePath?, for consignment: Consignment, in store: Store
    ) throws {
        guard let resolved = source.resolved() else {
            throw RepairError.badSource(source, reason: String(cString: strerror(errno)))
        }
        let kind = try FileStatus.of(resolved).kind
        guard kind == .regular || kind == .directory else {
            throw RepairError.badSource(source, reason: "it is neither a file nor a folder")
        }
        let storePlace = store.directory.resolved() ?? store.directory
        let isReceived = resolved.isWithin(ReceivedFile.folder(of: storePlace))
        if !isReceived, resolved.isWithin(storePlace) || storePlace.isWithin(resolved) {
            throw RepairError.badSource(source, reason: "it and the store contain one another")
        }
        // What came through the API need not have one: a judgment is a file alone.
        let top = RelativePath(consignment.parentFolder)
        let below = resolved.relative(to: consignment.source)
        if consignment.storage == .inPlace, below == nil, resolved != consignment.source {
            throw RepairError.badSource(
                source,
                reason: "the records of \(consignment.reference) lie in place, in '\(consignment.source.display)':"
                    + " put it there first, then name it there")
        }
        if kind == .directory {
            (root, file, prefix) = (resolved, nil, below)
        } else {
            guard let name = RelativePath(resolved.lastComponent) else {
                throw RepairError.badSource(source, reason: "its name cannot be used")
            }
            (root, file, prefix) = (resolved.directory, name, below?.parent)
        }
        let inSource = below.flatMap { top?.appending(path: $0) } ?? (resolved == consignment.source ? top : nil)
        let choice = RepairPlace(act, source, name: resolved.lastComponent, kind, consignment)
        place =
            switch try choice.place(wanted ?? inSource) {
            case .known(let place): place
            case .onlyFile(let name):
                try choice.only(of: store.files(named: name, of: consignment, limit: RepairPlace.enough))
            }
    }

    /// Calls `body` with every entry, folders before what they hold.
    func forEachItem(links: LinkPolicy, _ body: (ScanItem) throws -> Void) throws {
        if let file {
            let status = try FileStatus.of(root.appending(file.bytes))
            return try body(.file(path: place, origin: file, size: status.size, allocated: status.allocated))
        }
        let scan = FolderScan(root, as: place, links: links)
        while let item = try scan.next() {
            try Task.checkCancellation()
            try body(item)
        }
    }

    /// Where a consignment in place finds the bytes of `origin`; for others it is of no use.
    func recordedOrigin(_ origin: RelativePath, path: RelativePath, storage: StorageKind) -> RelativePath {
        guard storage == .inPlace else {
            let below = Array(path.bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst())
            return RelativePath(below) ?? origin
        }
        return prefix.map { $0.appending(path: origin) } ?? origin
    }
}

extension RelativePath {
    /// This path with another one below it.
    func appending(path: RelativePath) -> RelativePath {
        path.bytes.split(separator: UInt8(ascii: "/")).reduce(self) { $0.appending(name: Array($1)) }
    }

    /// The folders above it, outermost first.
    package var ancestors: [RelativePath] {
        var out: [RelativePath] = []
        var next = parent
        while let folder = next {
            out.append(folder)
            next = folder.parent
        }
        return out.reversed()
    }
}
