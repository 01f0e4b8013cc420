import CShims
import Glibc
import Streams

/// `objects/{consignment}/{object}` and `quarantine/{consignment}/{object}` in the store's folder.
final class LocalShelf: ObjectShelf {
    private let store: BytePath
    private let objects: BytePath
    private let quarantine: BytePath
    private let opened = Guarded<SharedFile?>(nil)

    init(_ consignment: RecordID, in store: BytePath) {
        self.store = store
        objects = store.appending("objects").appending(consignment.description)
        quarantine = store.appending("quarantine").appending(consignment.description)
    }

    func prepare() throws {
        try makeDirectory(objects.directory, intermediate: false)
        try makeDirectory(objects, intermediate: false)
    }

    func look() throws { _ = try folder() }

    /// The folder of the objects, opened once.
    private func folder() throws -> SharedFile {
        try opened.withLock { opened in
            if let opened { return opened }
            let folder = SharedFile(try OpenFile.directory(objects))
            opened = folder
            return folder
        }
    }

    func make(_ object: RecordID) throws -> any NewObject {
        let folder = try folder()
        let name = BytePath(object.description)
        do {
            return LocalObject(try LocalShelf.fresh(object, in: folder), name, in: folder, store: store)
        } catch {
            guard error.code == EEXIST else { throw explained(error, store) }
        }
        // Left by a run that was killed before it could record the file.
        _ = name.withCString { unlinkat(folder.file.descriptor, $0, 0) }
        do {
            return LocalObject(try LocalShelf.fresh(object, in: folder), name, in: folder, store: store)
        } catch {
            throw explained(error, store)
        }
    }

    private static func fresh(_ object: RecordID, in folder: SharedFile) throws(SystemFault) -> SharedFile {
        SharedFile(
            try folder.file.opening(FileKey.objectName(object), flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o400))
    }

    func adopt(_ file: BytePath, as object: RecordID, provedBy _: SHA256Digest) throws {
        try prepare()
        let final = objects.appending(object.description)
        let moved = file.withCString { from in
            chmod(from, 0o400) == 0 && final.withCString { rename(from, $0) } == 0
        }
        // It may have been moved before, by a batch that failed.
        let isThere = !moved && errno == ENOENT && (try? FileStatus.of(final)) != nil  // else: not there
        if !moved, !isThere { throw SystemFault("store", final) }
    }

    func open(_ object: RecordID, evenHeld: Bool) throws -> OpenBytes {
        let fault: SystemFault
        do throws(SystemFault) {
            return try OpenBytes(openFile(object))
        } catch {
            fault = error
        }
        // Its name is a UUID of ours: nothing in it leads elsewhere.
        guard fault.code == ENOENT, evenHeld,
            let held = try? OpenFile.reading(quarantine.appending(object.description))
        else { throw fault }
        return try OpenBytes(held)
    }

    private func openFile(_ object: RecordID) throws(SystemFault) -> OpenFile {
        let folder: SharedFile
        do { folder = try self.folder() } catch {
            throw error as? SystemFault ?? SystemFault("open", objects, code: EIO)
        }
        return try folder.file.opening(FileKey.objectName(object))
    }

    func sync() throws { try folder().file.syncFileSystem() }

    func sync(_ objects: [RecordID]) throws {
        for object in objects { try openFile(object).sync() }
        for folder in [self.objects, self.objects.directory, store] { try OpenFile.directory(folder).sync() }
    }

    // MARK: Quarantine and removal

    func hold(_ objects: [RecordID]) throws {
        if objects.isEmpty { return }
        try makeDirectory(quarantine.directory, intermediate: false)
        try makeDirectory(quarantine, intermediate: false)
        let held = try OpenFile.directory(quarantine)
        let folder = try folder()
        for object in objects { try move(object, from: folder.file, to: held, mode: 0o600) }
        try held.sync()
        // Its folders may be new, and it is in no other place.
        for folder in [quarantine.directory, store] { try OpenFile.directory(folder).sync() }
        try folder.file.sync()
    }

    func release(_ objects: [RecordID]) throws {
        guard !objects.isEmpty, let held = try existing(quarantine) else { return }
        let folder = try folder()
        for object in objects { try move(object, from: held.file, to: folder.file, mode: 0o400) }
        try held.file.sync()
        try folder.file.sync()
    }

    private func move(
        _ object: RecordID, from: borrowing OpenFile, to: borrowing OpenFile, mode: mode_t
    ) throws {
        let name = BytePath(object.description)
        let (source, target) = (from.descriptor, to.descriptor)
        let code = name.withCString { name in
            // Before it can be seen under the new name, so that nobody reads it who may not.
            fchmodat(source, name, mode, 0) == 0 ? tdr_rename_noreplace(source, name, target, name) : -1
        }
        // Not there: it was moved before.
        guard code == 0 || errno == ENOENT else { throw SystemFault("move", from.path.appending(name.bytes)) }
    }

    func remove(_ objects: [RecordID]) throws {
        let names = objects.map { BytePath($0.description) }
        for place in [self.objects, quarantine] { try remove(names, from: place) }
    }

    func removeAll() throws {
        for place in [objects, quarantine] {
            guard let folder = try existing(place) else { continue }
            let names = try DirectoryListing(of: folder.file)
            try remove((0..<names.count).lazy.map { BytePath(names[$0]) }, from: place)
        }
    }

    private func remove(_ names: some Sequence<BytePath>, from place: BytePath) throws {
        // No folder, no objects.
        guard let folder = try existing(place) else { return }
        for name in names {
            guard name.withCString({ unlinkat(folder.file.descriptor, $0, 0) }) == 0 || errno == ENOENT else {
                throw SystemFault("remove", place.appending(name.bytes))
            }
        }
        try folder.file.sync()
    }

    private func existing(_ place: BytePath) throws -> SharedFile? {
        do {
            return SharedFile(try OpenFile.directory(place))
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }
}

/// An object on its way into the store's folder.
private final class LocalObject: NewObject {
    private let file: SharedFile
    private let name: BytePath
    private let folder: SharedFile
    private let store: BytePath
    private var offset: Int64 = 0
    private var unflushed: Int64 = 0

    init(_ file: SharedFile, _ name: BytePath, in folder: SharedFile, store: BytePath) {
        (self.file, self.name, self.folder, self.store) = (file, name, folder, store)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        do { try file.file.write(bytes) } catch { throw explained(error, store) }
        offset += Int64(bytes.count)
        unflushed += Int64(bytes.count)
        if unflushed >= 16 << 20 {
            // Written back while the rest is read, so that the sync before the commit finds little to do.
            _ = tdr_start_writeback(file.file.descriptor, offset - unflushed, unflushed)
            unflushed = 0
        }
    }

    func skip(to offset: Int64) throws {
        do {
            try file.file.truncate(to: offset)
            try file.file.seek(to: offset)
        } catch {
            throw explained(error, store)
        }
        self.offset = offset
        unflushed = 0
    }

    func finish(_ sha256: SHA256Digest) {}

    /// What was written is no object until its row exists; taking it away only keeps the folder tidy.
    func discard() { _ = name.withCString { unlinkat(folder.file.descriptor, $0, 0) } }
}

/// Names a full disk for what it is.
private func explained(_ fault: SystemFault, _ store: BytePath) -> any Error {
    fault.code == ENOSPC || fault.code == EDQUOT ? StoreError.full(store) : fault
}
