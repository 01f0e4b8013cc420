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
    /// `modified` is nil for the time of the export.
    func beginFile(_ path: RelativePath, size: Int64, modified: Timestamp?) throws
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
    private let digest = DigestThread()
    // One of the two.
    private var tar: TarWriter?
    private var zip: ZipWriter?

    init(
        _ consignment: Consignment, _ request: ExportRequest, to destination: any ArchiveDestination,
        modified: Timestamp, scratch: BytePath
    ) throws {
        self.destination = destination
        top = Array(consignment.reference.description.utf8)
        modifiedSeconds = modified.seconds
        let digest = digest
        let sink: (UnsafeRawBufferPointer) throws -> Void = { bytes in
            digest.update(bytes)
            try destination.write(bytes)
        }
        let level = request.compressionLevel
        switch request.form {
        case .zip: zip = try ZipWriter(level: level, workers: request.jobs, scratch: scratch, sink: sink)
        case .tarGz: tar = try TarWriter(compression: .gzip(level: level), workers: request.jobs, sink: sink)
        case .tarZst: tar = try TarWriter(compression: .zstd(level: level), workers: request.jobs, sink: sink)
        case .tar, .folder: tar = try TarWriter(sink: sink)
        }
        try addDirectory(top)
    }

    private func path(_ path: RelativePath) -> [UInt8] { top + [UInt8(ascii: "/")] + path.bytes }

    func addFolder(_ path: RelativePath) throws { try addDirectory(self.path(path)) }

    private func addDirectory(_ path: [UInt8]) throws {
        try zip?.addDirectory(path, modifiedSeconds: modifiedSeconds)
        try tar?.addDirectory(path, modifiedSeconds: modifiedSeconds)
    }

    func beginFile(_ path: RelativePath, size: Int64, modified: Timestamp?) throws {
        let seconds = modified?.seconds ?? modifiedSeconds
        try zip?.beginFile(self.path(path), size: size, modifiedSeconds: seconds)
        try tar?.beginFile(self.path(path), size: size, modifiedSeconds: seconds)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try zip?.write(bytes)
        try tar?.write(bytes)
    }

    func endFile() throws {
        try zip?.endFile()
        try tar?.endFile()
    }

    func commit() throws -> (sha256: SHA256Digest?, wasThere: Bool) {
        try zip?.finish()
        try tar.take()?.finish()
        let sha256 = digest.finish()
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
