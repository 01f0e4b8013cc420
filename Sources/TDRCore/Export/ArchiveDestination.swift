import CShims
import Glibc
import Streams

/// Where the bytes of an archive go, in order, and how it becomes visible.
///
/// Order of calls: ``write(_:)``…, ``commit(_:)``. ``abandon()`` at any time takes everything away. One thread at a time.
protocol ArchiveDestination: AnyObject {
    /// The archive's final place.
    var location: BytePath { get }

    func write(_ bytes: UnsafeRawBufferPointer) throws

    /// Makes the archive, whose digest is `sha256`, durable and visible, and its `.sha256` beside it.
    ///
    /// - Returns: whether the same archive was there already.
    /// - Throws: ``ExportError/targetExists(_:)`` when something else has the name. Then nothing is changed.
    func commit(_ sha256: SHA256Digest) throws -> Bool

    /// Takes the temporary parts away.
    func abandon()
}

/// An archive in a folder of this machine.
final class FileDestination: ArchiveDestination {
    let location: BytePath
    private let name: String
    private let file: OpenFile
    private var offset: Int64 = 0
    private var unflushed: Int64 = 0

    /// Takes over what a killed run left under the temporary name.
    ///
    /// - Throws: ``ExportError/targetBusy(_:)`` when another process writes it.
    init(name: String, in folder: BytePath) throws {
        self.name = name
        location = folder.appending(name)
        file = try FileDestination.open(folder.appending(".\(name).tdr-partial"))
        try file.truncate(to: 0)
    }

    /// Goes on with what an earlier run has left under the name `partial`; `left` gets its bytes.
    ///
    /// - Throws: ``ExportError/targetBusy(_:)`` when another process writes it.
    init(
        name: String, in folder: BytePath, goingOnWith partial: String, left: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        self.name = name
        location = folder.appending(name)
        file = try FileDestination.open(folder.appending(partial))
        offset = try file.status().size
        try FileSource(file, count: offset).forEachPiece { bytes, _ in try left(bytes) }
        guard lseek(file.descriptor, off_t(offset), SEEK_SET) >= 0 else { throw SystemFault("write", file.path) }
    }

    private static func open(_ place: BytePath) throws -> OpenFile {
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        // Never one that has got its final name in between: that is a finished bag, and would be cut off here.
        guard let file = try OpenFile.locking(place, flags: flags, mode: 0o644) else {
            throw ExportError.targetBusy(place)
        }
        return file
    }

    /// Bytes there are.
    var count: Int64 { offset }

    /// Throws away what has come.
    func restart() throws {
        try file.truncate(to: 0)
        guard lseek(file.descriptor, 0, SEEK_SET) >= 0 else { throw SystemFault("write", file.path) }
        (offset, unflushed) = (0, 0)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        try file.write(bytes)
        offset += Int64(bytes.count)
        unflushed += Int64(bytes.count)
        if unflushed >= 16 << 20 {
            // Written back while the rest is made, so that the last sync finds little to do.
            _ = tdr_start_writeback(file.descriptor, offset - unflushed, unflushed)
            unflushed = 0
        }
    }

    func commit(_ sha256: SHA256Digest) throws -> Bool {
        try file.sync()
        let folder = try OpenFile.directory(location.directory)
        try lookAtSidecar(sha256)
        let wasThere = try publish(sha256, folder)
        try writeSidecar(sha256, folder)
        try folder.sync()
        return wasThere
    }

    private func publish(_ digest: SHA256Digest, _ folder: borrowing OpenFile) throws -> Bool {
        let temporary = BytePath(file.path.lastComponent)
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

    private func line(_ digest: SHA256Digest) -> [UInt8] { Array("\(digest.hex)  \(name)\n".utf8) }

    /// A sidecar of another archive, that was moved away perhaps, is somebody's proof.
    private func lookAtSidecar(_ digest: SHA256Digest) throws {
        let place = location.directory.appending("\(name).sha256")
        guard let status = try? FileStatus.of(place) else { return }  // nothing there
        let line = line(digest)
        guard status.kind == .regular, status.size == Int64(line.count), try readWhole(place, limit: line.count) == line
        else { throw ExportError.targetExists(place) }
    }

    /// `{hex}  {name}`, as `sha256sum -c` reads it in the folder.
    private func writeSidecar(_ digest: SHA256Digest, _ folder: borrowing OpenFile) throws {
        let temporary = location.directory.appending(".\(name).sha256.tdr-partial")
        let sidecar = try OpenFile.open(
            temporary, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode: 0o644)
        try sidecar.write(line(digest))
        try sidecar.sync()
        let final = location.directory.appending("\(name).sha256")
        guard temporary.withCString({ from in final.withCString { rename(from, $0) } }) == 0 else {
            throw SystemFault("rename to", final)
        }
    }

    func abandon() {
        // The name may be gone already: then there is nothing to take away.
        _ = file.path.withCString { unlink($0) }
    }
}

/// A bag on its way from elsewhere into a folder of this machine: it has its name when it is complete and proved.
///
/// What has come stays when its way is interrupted, under a hidden name with the digest of the whole, and is gone on with.
package final class ArrivingBag {
    private static let ending = ".tdr-partial"

    private let destination: FileDestination
    private var hasher: SHA256Hasher
    /// The digest that all of it must have.
    package let expected: SHA256Digest

    /// Begins, or goes on with, what is going to be `name` in `folder` and has the digest `expected`.
    ///
    /// - Throws: ``ExportError/targetBusy(_:)``, `SystemFault`.
    package init(name: String, in folder: BytePath, of expected: SHA256Digest) throws {
        self.expected = expected
        var hasher = SHA256Hasher()
        destination = try FileDestination(
            name: name, in: folder, goingOnWith: ".\(name).\(expected.hex)\(ArrivingBag.ending)"
        ) { hasher.update($0) }
        self.hasher = hasher
    }

    /// The digest of a bag of this name that was on its way into the folder and did not come to its end.
    package static func interrupted(name: String, in folder: BytePath) -> SHA256Digest? {
        // Where nothing can be seen there is nothing to go on with.
        guard let names = try? DirectoryListing(of: OpenFile.directory(folder)) else { return nil }
        let (begin, end) = (Array(".\(name).".utf8), Array(ending.utf8))
        for index in 0..<names.count {
            let bytes = names[index]
            guard bytes.starts(with: begin), bytes.count == begin.count + 64 + end.count,
                bytes.suffix(end.count).elementsEqual(end)
            else { continue }
            return SHA256Digest(hex: Array(bytes.dropFirst(begin.count).prefix(64)))
        }
        return nil
    }

    /// Bytes that have come.
    package var count: Int64 { destination.count }

    /// Begins anew.
    ///
    /// - Throws: `SystemFault`.
    package func restart() throws {
        try destination.restart()
        hasher = SHA256Hasher()
    }

    /// The next bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        hasher.update(bytes)
        try destination.write(bytes)
    }

    /// Proves all of it against its digest and gives it its name, with its `.sha256` beside it.
    ///
    /// - Returns: where it is, and whether the same bag was there already.
    /// - Throws: ``ExportError/targetExists(_:)`` when something else has the name, ``ExportError/damaged(_:)``.
    package func commit() throws -> (place: BytePath, wasThere: Bool) {
        let found = hasher.finish()
        guard found == expected else { throw ExportError.damaged(destination.location) }
        return (destination.location, try destination.commit(found))
    }

    /// Takes away what has come.
    package func abandon() { destination.abandon() }
}
