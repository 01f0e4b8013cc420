import Archives
import CShims
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

/// A tar archive, compressed or not, with a `.sha256` beside it.
final class PackageTarget: BagTarget {
    let location: BytePath
    private let name: String
    private let top: [UInt8]
    private let modifiedSeconds: Int64
    private let partial: Partial
    private var writer: TarWriter?

    /// The file being written, and the digest of what is in it.
    private final class Partial {
        let file: OpenFile
        var hasher = SHA256Hasher()
        var offset: Int64 = 0
        var unflushed: Int64 = 0

        init(_ file: consuming OpenFile) { self.file = file }

        func take(_ bytes: UnsafeRawBufferPointer) throws {
            hasher.update(bytes)
            try file.write(bytes)
            offset += Int64(bytes.count)
            unflushed += Int64(bytes.count)
            if unflushed >= 16 << 20 {
                // Written back while the rest is made, so that the last sync finds little to do.
                _ = tdr_start_writeback(file.descriptor, offset - unflushed, unflushed)
                unflushed = 0
            }
        }
    }

    init(_ consignment: Consignment, form: BagForm, in folder: BytePath, modified: Timestamp) throws {
        name = form.name(consignment.reference)
        location = folder.appending(name)
        top = Array(consignment.reference.description.utf8)
        modifiedSeconds = modified.seconds
        let place = folder.appending(".\(name).tdr-partial")
        let file = try OpenFile.open(place, flags: O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode: 0o644)
        guard try file.tryLock() else { throw ExportError.targetBusy(place) }
        // What a killed run left behind, or nothing.
        try file.truncate(to: 0)
        let partial = Partial(file)
        self.partial = partial
        writer = try TarWriter(compression: form == .tarGz ? .gzip(level: 6) : .none) { try partial.take($0) }
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
        let digest = partial.hasher.finish()
        try partial.file.sync()
        let folder = try OpenFile.directory(location.directory)
        let wasThere = try publish(digest, folder)
        try writeSidecar(digest, folder)
        try folder.sync()
        return (digest, wasThere)
    }

    private func publish(_ digest: SHA256Digest, _ folder: borrowing OpenFile) throws -> Bool {
        let temporary = BytePath(partial.file.path.lastComponent)
        let final = BytePath(name)
        let descriptor = folder.descriptor
        let code = temporary.withCString { from in
            final.withCString { tdr_rename_noreplace(descriptor, from, descriptor, $0) }
        }
        if code == 0 {
            try folder.sync()
            return false
        }
        guard errno == EEXIST else { throw SystemFault("rename to", location) }
        guard try digestOfFile(at: location) == digest else { throw ExportError.targetExists(location) }
        abandon()
        return true
    }

    /// `{hex}  {name}`, as `sha256sum -c` reads it in the folder.
    private func writeSidecar(_ digest: SHA256Digest, _ folder: borrowing OpenFile) throws {
        let temporary = location.directory.appending(".\(name).sha256.tdr-partial")
        let file = try OpenFile.open(
            temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode: 0o644)
        try file.write(Array("\(digest.hex)  \(name)\n".utf8))
        try file.sync()
        let final = location.directory.appending("\(name).sha256")
        guard temporary.withCString({ from in final.withCString { rename(from, $0) } }) == 0 else {
            throw SystemFault("rename to", final)
        }
    }

    func abandon() {
        // The name may be gone already: then there is nothing to take away.
        _ = partial.file.path.withCString { unlink($0) }
    }
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
