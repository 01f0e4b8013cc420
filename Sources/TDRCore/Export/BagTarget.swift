import Archives
import Glibc
import Streams

/// Where a bag is put together: under a temporary name until it is complete, then under its own, at once.
///
/// Order of calls: folders and files as they come, then ``commit()``. ``abandon()`` at any time takes everything away.
/// One thread at a time.
protocol BagTarget: AnyObject {
    /// The bag's final place.
    var location: BytePath { get }

    func addFolder(_ path: RelativePath) throws
    func beginFile(_ path: RelativePath, size: Int64) throws
    func write(_ bytes: UnsafeRawBufferPointer) throws
    func endFile() throws

    /// Makes everything durable and visible: the digest of the archive, where there is one, and whether the same bag
    /// was there already.
    ///
    /// - Throws: ``ExportError/targetExists(_:)`` when something else has the name. Then nothing is changed.
    func commit() throws -> (sha256: SHA256Digest?, wasThere: Bool)

    /// Takes the temporary parts away.
    func abandon()
}

extension BagTarget {
    /// Names what stands in the way of writing.
    func explained(_ error: any Error) -> any Error {
        guard let fault = error as? SystemFault else { return error }
        if fault.code == ENOSPC || fault.code == EDQUOT {
            return ExportError.badTarget(location.directory, reason: "its disk is full; free some space and try again")
        }
        return ExportError.badTarget(location.directory, reason: fault.description)
    }
}

/// An archive of a bag: its form is made here, its bytes go to a destination.
final class PackageTarget: BagTarget {
    var location: BytePath { destination.location }
    private let top: [UInt8]
    private let modifiedSeconds: Int64
    private let destination: any ArchiveDestination
    private let digest = RunningDigest()
    private var writer: TarWriter?

    private final class RunningDigest {
        var hasher = SHA256Hasher()
    }

    init(
        _ consignment: Consignment, form: BagForm, to destination: any ArchiveDestination, modified: Timestamp
    ) throws {
        self.destination = destination
        top = Array(consignment.reference.description.utf8)
        modifiedSeconds = modified.seconds
        let digest = digest
        writer = try TarWriter(compression: form == .tarGz ? .gzip(level: 6) : .none) { bytes in
            digest.hasher.update(bytes)
            try destination.write(bytes)
        }
        try writer?.addDirectory(top, mode: 0o755, modifiedSeconds: modifiedSeconds)
    }

    private func path(_ path: RelativePath) -> [UInt8] { top + [UInt8(ascii: "/")] + path.bytes }

    func addFolder(_ path: RelativePath) throws {
        try writer?.addDirectory(self.path(path), mode: 0o755, modifiedSeconds: modifiedSeconds)
    }

    func beginFile(_ path: RelativePath, size: Int64) throws {
        try writer?.beginFile(self.path(path), size: size, mode: 0o644, modifiedSeconds: modifiedSeconds)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws { try writer?.write(bytes) }

    func endFile() throws { try writer?.endFile() }

    func commit() throws -> (sha256: SHA256Digest?, wasThere: Bool) {
        try writer.take()?.finish()
        let sha256 = digest.hasher.finish()
        return (sha256, try destination.commit(sha256))
    }

    func abandon() { destination.abandon() }
}

/// The digest of a file's bytes; nil for anything but a regular file.
func digestOfFile(at path: BytePath) throws -> SHA256Digest? {
    let file = try OpenFile.reading(path)
    guard try file.status().kind == .regular else { return nil }
    let buffer = Buffer(count: 1 << 20)
    var hasher = SHA256Hasher()
    while true {
        try Task.checkCancellation()
        let count = try file.read(into: buffer.bytes)
        if count == 0 { return hasher.finish() }
        hasher.update(buffer.prefix(count))
    }
}
