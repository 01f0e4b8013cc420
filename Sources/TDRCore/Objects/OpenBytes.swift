import S3
import Streams

/// The bytes of one file, open for reading at any place. For one thread.
final class OpenBytes {
    /// All bytes.
    let source: any ByteSource
    /// The open file, where the bytes lie on this machine.
    let file: SharedFile?
    /// What it is; only a regular file has bytes.
    let kind: FileStatus.Kind
    /// When the content last changed, nanoseconds since 1970 UTC; nil where nobody says.
    let modified: Int64?
    private let before: FileStatus?

    /// A file of this machine.
    ///
    /// - Throws: ``SystemFault``.
    init(_ open: consuming OpenFile) throws(SystemFault) {
        let shared = SharedFile(open)
        let status = try shared.file.status()
        source = FileSource(shared.file, count: status.size)
        file = shared
        kind = status.kind
        modified = status.modified
        before = status
    }

    /// An object in S3. Every request for bytes of it names the version that was seen first.
    init(_ object: S3ObjectSource) {
        source = object
        file = nil
        kind = .regular
        modified = nil
        before = nil
    }

    var size: Int64 { source.count }

    /// Whether it is still what it was when it was opened, as far as can be told.
    ///
    /// - Throws: ``SystemFault``.
    func isUnchanged() throws(SystemFault) -> Bool {
        guard let file, let before else { return true }
        return try file.file.status().showsNoChange(since: before)
    }
}
