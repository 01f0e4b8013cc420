import Glibc
import Streams

/// What a scan of a source folder meets, one after the other.
package enum ScanItem: Sendable {
    /// A folder; its content follows.
    case folder(RelativePath)
    /// A regular file: `path` in the consignment, `origin` below the source folder, sizes in bytes.
    case file(path: RelativePath, origin: RelativePath, size: Int64, allocated: Int64)
    /// A system file that is left out.
    case excluded(RelativePath)
    /// A link or special file that the policy leaves out, and what it is.
    case skipped(RelativePath, what: String)
    /// A link or special file that the policy refuses, and why.
    case refused(RelativePath, why: String)
    /// A folder or entry that could not be looked at.
    case unreadable(RelativePath, folder: Bool, why: String)
}

/// Walks a folder: every entry once, a folder before its content, names in byte order within a folder.
///
/// Memory: one listing for each level of the branch being walked. Descriptors: at most `keptOpen` levels, so a tree a
/// thousand levels deep needs no more than a flat one. Nothing is followed but what ``LinkPolicy/follow`` allows, and
/// nothing is opened but folders.
package final class FolderScan {
    /// Files that operating systems leave behind, which are never records: the original's list. Names of `insensitive`
    /// count in any case.
    static let excludedExactly: Set<[UInt8]> = [Array(".DS_Store".utf8)]
    static let excludedInAnyCase: Set<[UInt8]> = [Array("thumbs.db".utf8), Array("desktop.ini".utf8)]

    private final class Level {
        let path: RelativePath
        let origin: RelativePath?
        /// Only where links are followed, which may lead back to it.
        let identity: Identity?
        let listing: DirectoryListing
        var index = 0
        /// Open unless the branch is deep.
        var folder: SharedFile?

        init(
            path: RelativePath, origin: RelativePath?, folder: consuming OpenFile, isIdentified: Bool,
            buffer: borrowing Buffer
        ) throws(SystemFault) {
            self.path = path
            self.origin = origin
            identity = isIdentified ? Identity(try folder.status()) : nil
            listing = try DirectoryListing(of: folder, using: buffer)
            self.folder = SharedFile(folder)
        }
    }

    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64
        init(_ status: FileStatus) { (device, inode) = (status.device, status.inode) }
    }

    private static let keptOpen = 32

    private let source: BytePath
    private let policy: LinkPolicy
    private let buffer = Buffer(count: 32 << 10)
    private var levels: [Level] = []
    private var top: RelativePath?

    /// A scan of the folder `source` (absolute, links resolved), which is called `name` in the consignment.
    package init(_ source: BytePath, as name: RelativePath, links: LinkPolicy) {
        self.source = source
        policy = links
        top = name
    }

    /// The next entry; nil at the end.
    ///
    /// - Throws: ``SystemFault`` only when the source folder itself cannot be listed.
    package func next() throws -> ScanItem? {
        if let name = top {
            top = nil
            try push(name, origin: nil, root())
            return .folder(name)
        }
        while let level = levels.last {
            guard level.index < level.listing.count else {
                levels.removeLast()
                continue
            }
            defer { level.index += 1 }
            return look(at: level.listing[level.index], kind: level.listing.kind(at: level.index), in: level)
        }
        return nil
    }

    private func push(
        _ path: RelativePath, origin: RelativePath?, _ folder: consuming OpenFile
    ) throws(SystemFault) {
        levels.append(
            try Level(
                path: path, origin: origin, folder: folder, isIdentified: policy == .follow, buffer: buffer))
    }

    private func look(at name: [UInt8], kind: FileStatus.Kind?, in level: Level) -> ScanItem {
        let path = level.path.appending(name: name)
        guard let component = RelativePath(name) else {
            return .unreadable(path, folder: false, why: "the name cannot be used")
        }
        let origin = level.origin?.appending(name: name) ?? component
        do {
            let folder: SharedFile
            if let open = level.folder { folder = open } else { folder = SharedFile(try reopen(level)) }
            level.folder = folder
            // What the listing says of folders and links is enough: opening them finds out when it is no longer true.
            var status: FileStatus?
            if kind == nil || kind == .regular { status = try FileStatus.of(name, in: folder.file) }
            switch status?.kind ?? kind ?? .unknown {
            case .directory:
                return enter(path, origin: origin) { () throws(SystemFault) in
                    try folder.file.opening(component, flags: O_RDONLY | O_DIRECTORY)
                }
            case .symlink: return link(path, origin: origin)
            case .regular:
                guard let status else { return special(path, "special file") }
                return file(path, origin: origin, name: name, status)
            case .fifo: return special(path, "FIFO")
            case .socket: return special(path, "socket")
            case .characterDevice, .blockDevice: return special(path, "device")
            case .unknown: return special(path, "special file")
            }
        } catch {
            return .unreadable(path, folder: false, why: error.reason)
        }
    }

    private func file(_ path: RelativePath, origin: RelativePath, name: [UInt8], _ status: FileStatus) -> ScanItem {
        let lowered = name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        if FolderScan.excludedExactly.contains(name) || FolderScan.excludedInAnyCase.contains(lowered) {
            return .excluded(path)
        }
        return .file(path: path, origin: origin, size: status.size, allocated: status.allocated)
    }

    private func special(_ path: RelativePath, _ what: String) -> ScanItem {
        policy == .skip ? .skipped(path, what: what) : .refused(path, why: "it is a \(what)")
    }

    private func enter(
        _ path: RelativePath, origin: RelativePath, _ open: () throws(SystemFault) -> OpenFile
    ) -> ScanItem {
        do {
            let folder = try open()
            if levels.count > FolderScan.keptOpen { levels.last?.folder = nil }
            try push(path, origin: origin, folder)
            return .folder(path)
        } catch {
            return .unreadable(path, folder: true, why: error.reason)
        }
    }

    private func link(_ path: RelativePath, origin: RelativePath) -> ScanItem {
        switch policy {
        case .skip: return .skipped(path, what: "symbolic link")
        case .refuse: return .refused(path, why: "it is a symbolic link")
        case .follow: break
        }
        let whole = source.appending(origin.bytes)
        guard let resolved = whole.resolved() else { return .refused(path, why: "the link leads nowhere") }
        guard let target = resolved.relative(to: source) else {
            return .refused(path, why: "the link leads out of the folder, to '\(resolved.display)'")
        }
        do {
            let status = try FileStatus.of(resolved)
            switch status.kind {
            case .regular: return file(path, origin: target, name: path.name, status)
            case .directory:
                if levels.contains(where: { $0.identity == Identity(status) }) {
                    return .refused(path, why: "the link leads back to a folder above it")
                }
                return enter(path, origin: target) { () throws(SystemFault) in
                    try root().opening(target, flags: O_RDONLY | O_DIRECTORY)
                }
            default: return .refused(path, why: "the link leads to a special file")
            }
        } catch {
            return .unreadable(path, folder: false, why: error.reason)
        }
    }

    private func root() throws(SystemFault) -> OpenFile { try OpenFile.directory(source) }

    private func reopen(_ level: Level) throws(SystemFault) -> OpenFile {
        guard let origin = level.origin else { return try root() }
        return try root().opening(origin, flags: O_RDONLY | O_DIRECTORY)
    }
}

extension BytePath {
    /// The absolute path without links, `.` and `..`; nil when it leads nowhere.
    package func resolved() -> BytePath? {
        withCString { path in
            guard let resolved = realpath(path, nil) else { return nil }
            defer { free(resolved) }
            return BytePath(
                Array(UnsafeBufferPointer(start: resolved, count: strlen(resolved))).map(UInt8.init(bitPattern:)))
        }
    }

    /// The same for a path of which the last components are not there yet.
    func resolvedAsFarAsItIsThere() -> BytePath {
        if let resolved = resolved() { return resolved }
        let folder = directory
        if folder == self || lastComponent.isEmpty { return self }
        return folder.resolvedAsFarAsItIsThere().appending(lastComponent)
    }

    /// This path below `folder`, both absolute and resolved; nil when it is not below it.
    func relative(to folder: BytePath) -> RelativePath? {
        let prefix = folder.bytes.last == UInt8(ascii: "/") ? folder.bytes : folder.bytes + [UInt8(ascii: "/")]
        guard bytes.starts(with: prefix) else { return nil }
        return RelativePath(Array(bytes.dropFirst(prefix.count)))
    }

    /// Whether this path is `folder` or lies below it, both absolute and resolved.
    func isWithin(_ folder: BytePath) -> Bool { bytes == folder.bytes || relative(to: folder) != nil }
}
