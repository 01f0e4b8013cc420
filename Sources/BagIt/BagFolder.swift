import Glibc
package import Streams

/// A bag that lies in a folder.
///
/// Every file is opened below the folder without following any symbolic link. A class, because the tasks that read files
/// share its one open descriptor.
package final class BagFolder: BagSource {
    /// A file that cannot give a digest.
    package enum Fault: Error, Hashable, CustomStringConvertible {
        case changedWhileRead(RelativePath)
        case noLongerAFile(RelativePath)

        /// What happened to what, and what to do.
        package var description: String {
            switch self {
            case .changedWhileRead(let path):
                "'\(path.display)' changed while it was read; check again when nothing writes to it"
            case .noLongerAFile(let path):
                "'\(path.display)' is no longer a regular file; check again when nothing writes to the bag"
            }
        }
    }

    private let root: OpenFile

    /// Opens the base directory.
    ///
    /// - Throws: `SystemFault` when it is no directory or may not be read.
    package init(_ path: BytePath) throws(SystemFault) { root = try OpenFile.directory(path) }

    /// The path, ready to be shown.
    package var location: String { root.path.display }

    /// The folder is the base directory itself.
    package var hasTopFolder: Bool { false }

    /// Tag files first, `bagit.txt` before them all; then other folders; `data/` last. Depth costs no descriptors and no stack.
    package func visit(_ body: (BagMember, BagContent) throws -> Void) throws {
        let buffer = Buffer(count: chunkBytes)
        var folders: [RelativePath] = []
        let listing = try DirectoryListing(of: root)
        let declaration = Array(BagName.declaration.utf8)
        for isDeclaration in [true, false] {
            for index in 0..<listing.count where (listing[index] == declaration) == isDeclaration {
                guard let path = RelativePath(listing[index]) else { continue }
                try offer(path, in: root, buffer, &folders, body)
            }
        }
        // The stack is emptied from its end: the payload goes to the bottom.
        let payload = Array(BagName.payloadDirectory.utf8)
        folders = folders.filter { $0.bytes == payload } + folders.filter { $0.bytes != payload }.reversed()
        while let folder = folders.popLast() {
            try Task.checkCancellation()
            do {
                let directory = try root.opening(folder, flags: O_RDONLY | O_DIRECTORY)
                let listing = try DirectoryListing(of: directory)
                let mark = folders.count
                for index in 0..<listing.count {
                    try offer(folder.appending(name: listing[index]), in: directory, buffer, &folders, body)
                }
                folders[mark...].reverse()
            } catch let fault as SystemFault {
                try body(BagMember(path: folder.bytes, kind: .unreadable(fault.description), size: 0), { _ in })
            }
        }
    }

    private func offer(
        _ path: RelativePath, in directory: borrowing OpenFile, _ buffer: borrowing Buffer,
        _ folders: inout [RelativePath], _ body: (BagMember, BagContent) throws -> Void
    ) throws {
        let kind: BagMember.Kind
        var size: Int64 = 0
        do throws(SystemFault) {
            let status = try FileStatus.of(path.name, in: directory)
            switch status.kind {
            case .regular:
                kind = .file
                size = status.size
            case .directory:
                kind = .directory
                folders.append(path)
            case .symlink: kind = .symlink(target: nil)
            default: kind = .other
            }
        } catch {
            kind = .unreadable(error.description)
        }
        try body(BagMember(path: path.bytes, kind: kind, size: size)) { chunk in
            _ = try read(path, buffer, chunk)
        }
    }

    /// Reads one file from its start to its end: the number of bytes. From any thread, any number at once.
    ///
    /// - Throws: ``Fault`` when it changed meanwhile, `SystemFault`, `CancellationError`, what `chunk` throws.
    func read(
        _ path: RelativePath, _ buffer: borrowing Buffer, _ chunk: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int64 {
        let file = try root.opening(path)
        let before = try file.status()
        guard before.kind == .regular else { throw Fault.noLongerAFile(path) }
        var total: Int64 = 0
        while true {
            try Task.checkCancellation()
            let count = try file.read(into: buffer.bytes)
            if count == 0 { break }
            total += Int64(count)
            try chunk(buffer.prefix(count))
        }
        guard try file.status().showsNoChange(since: before), total == before.size else {
            throw Fault.changedWhileRead(path)
        }
        return total
    }
}

/// Bytes of one read.
let chunkBytes = 512 << 10
