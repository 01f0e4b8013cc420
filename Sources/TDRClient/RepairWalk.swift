import NIOCore
import Streams
import TDRCore

/// What is to be taken into a consignment: a file, or a folder with all that it holds.
struct RepairWalk: Sendable {
    /// The folder that origins are below: absolute, links resolved.
    let root: BytePath
    /// The single file below ``root``; nil for a whole folder.
    let file: RelativePath?
    /// The entry of the consignment that it stands for.
    let place: RelativePath
    let links: LinkPolicy

    /// All of it, from the beginning.
    func items() -> RepairItems { RepairItems(self) }
}

/// Entries in batches, folders before what they hold.
struct RepairItems {
    struct Batch: Sendable {
        var files: [(path: RelativePath, origin: RelativePath, size: Int64)] = []
        var folders: [RelativePath] = []
    }

    /// What the policy for links refuses, or cannot be looked at.
    private(set) var refused = PathList()
    /// System files, links and special files that are left out.
    private(set) var leftOut = PathList()

    private var single: (path: RelativePath, origin: RelativePath, place: BytePath)?
    private let scan: FolderScan?

    fileprivate init(_ walk: RepairWalk) {
        if let file = walk.file {
            single = (walk.place, file, walk.root.appending(file.bytes))
            scan = nil
        } else {
            scan = FolderScan(walk.root, as: walk.place, links: walk.links)
        }
    }

    /// The next entries, at most so many and about so many bytes; nil at the end.
    mutating func next(_ count: Int, _ bytes: Int64) throws -> Batch? {
        var batch = Batch()
        var total: Int64 = 0
        if let single {
            batch.files = [(single.path, single.origin, try FileStatus.of(single.place).size)]
            self.single = nil
            return batch
        }
        while batch.files.count + batch.folders.count < count, total < bytes, let item = try scan?.next() {
            try Task.checkCancellation()
            switch item {
            case .folder(let path): batch.folders.append(path)
            case .file(let path, let origin, let size, _):
                batch.files.append((path, origin, size))
                total += size
            case .excluded(let path): leftOut.add(path, "system file")
            case .skipped(let path, let what): leftOut.add(path, what)
            case .refused(let path, let why): refused.add(path, why)
            case .unreadable(let path, _, let why): refused.add(path, why)
            }
        }
        return batch.files.isEmpty && batch.folders.isEmpty ? nil : batch
    }
}

/// A parcel on its way: its list, then the bytes of its files, each as many as the list says.
struct ParcelBytes: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let head: [UInt8]
    let files: [Sending.Hashed]
    let sending: Sending

    struct AsyncIterator: AsyncIteratorProtocol {
        let parcel: ParcelBytes
        var hasBegun = false
        var index = 0
        var file: FileBytes.AsyncIterator?
        var left: Int64 = 0

        mutating func next() async throws -> ByteBuffer? {
            if !hasBegun {
                hasBegun = true
                return ByteBuffer(bytes: parcel.head)
            }
            while true {
                if left > 0, var open = file {
                    guard var piece = try await open.next() else { throw RepairChanged.changed }
                    file = open
                    if Int64(piece.readableBytes) > left {
                        piece.moveWriterIndex(to: piece.readerIndex + Int(left))
                    }
                    left -= Int64(piece.readableBytes)
                    return piece
                }
                guard index < parcel.files.count else { return nil }
                let next = parcel.files[index]
                index += 1
                left = next.size
                if left > 0 { file = try parcel.sending.bytes(of: next).makeAsyncIterator() }
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parcel: self) }
}
