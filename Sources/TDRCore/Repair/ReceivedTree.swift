import Glibc
public import Streams

/// Files that come through the API to replace others or to be added: in a hidden folder of the store, as the tree that
/// they are in the consignment, until somebody takes them from there. It goes with this value; what a crash leaves is swept
/// away at the next start of the server.
public final class ReceivedTree: Sendable {
    /// The folder, which holds the tree.
    public let root: BytePath

    /// Begins a tree of about `expected` bytes.
    ///
    /// - Throws: ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    public init(in store: Store, expected: Int64) throws {
        root = try ReceivedFile.place(in: store, expected: expected)
        try makeDirectory(root, intermediate: false)
    }

    // What was not taken is of no use; what cannot be removed now is swept away later.
    deinit { try? removeTree(root) }

    /// Makes a folder, and those above it.
    ///
    /// - Throws: ``SystemFault``.
    public func addFolder(_ path: RelativePath) throws {
        try makeDirectory(root.appending(path.bytes), intermediate: true)
    }

    /// Begins a file, for one task.
    ///
    /// - Throws: ``SystemFault``: also where the tree has one of that path.
    public func file(_ path: RelativePath) throws -> ReceivedTreeFile {
        if let parent = path.parent { try addFolder(parent) }
        return try ReceivedTreeFile(root.appending(path.bytes))
    }
}

/// A file of a ``ReceivedTree`` on its way in.
public final class ReceivedTreeFile {
    private let file: OpenFile
    private let place: BytePath
    private var hasher = SHA256Hasher()

    fileprivate init(_ place: BytePath) throws {
        self.place = place
        file = try OpenFile.open(place, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode: 0o600)
    }

    /// Takes the next bytes.
    ///
    /// - Throws: ``DeliveryError/tooLittleRoom``, ``SystemFault``.
    public func write(_ bytes: UnsafeRawBufferPointer) throws {
        try ReceivedFile.write(bytes, to: file)
        hasher.update(bytes)
    }

    /// Ends it: its bytes must have the digest `sha256`; `modified` is when they last changed, milliseconds since 1970.
    ///
    /// - Throws: ``DeliveryError/mismatch(declared:received:)``, ``SystemFault``.
    public func finish(_ sha256: SHA256Digest, modified: Int64) throws {
        let digest = hasher.finish()
        guard digest == sha256 else { throw DeliveryError.mismatch(declared: sha256.hex, received: digest.hex) }
        try ReceivedFile.setModified(modified, of: file, place)
    }
}
