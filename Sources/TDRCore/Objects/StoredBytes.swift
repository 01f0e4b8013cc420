import Streams

/// Where the bytes of one consignment are, open for reading: the store's objects, or the source when it lies in place.
struct StoredBytes {
    private enum Place {
        case shelf(any ObjectShelf)
        case source(SharedFile)
    }

    private let place: Place

    /// Opens the place of the consignment's bytes.
    ///
    /// - Throws: ``CheckError/noBytes(_:_:)`` when it is not there or cannot be asked.
    init(of consignment: Consignment, in store: Store) throws {
        do {
            switch consignment.storage {
            case .copied:
                let shelf = try store.shelf(of: consignment)
                try shelf.look()
                place = .shelf(shelf)
            case .inPlace: place = .source(SharedFile(try OpenFile.directory(consignment.source)))
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw CheckError.noBytes(consignment.reference, "\(error)")
        }
    }

    /// Opens the bytes of a file; in quarantine only when `evenHeld`. A link put in its place is not followed.
    func open(_ file: FileKey, evenHeld: Bool = false) throws -> OpenBytes {
        switch place {
        case .shelf(let shelf): try shelf.open(file.object, evenHeld: evenHeld)
        case .source(let folder): try OpenBytes(folder.file.opening(file.origin))
        }
    }
}

/// What is needed to find the bytes of one file.
struct FileKey: Sendable {
    /// The row in the store.
    let row: Int64
    let id: RecordID
    /// The id that names the object: the file's own until it is replaced.
    let object: RecordID
    /// The path in the consignment.
    let path: RelativePath
    /// The path below the source folder.
    let origin: RelativePath

    /// The name of the object that has this id.
    static func objectName(_ object: RecordID) -> RelativePath {
        guard let name = RelativePath(object.ascii) else { preconditionFailure("a UUID is a good name") }
        return name
    }
}
