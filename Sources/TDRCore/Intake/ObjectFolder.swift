import CShims
import Glibc
import Streams

/// Where the bytes of one consignment are, open for reading: the store's objects, or the source when it lies in place.
struct ObjectFolder: ~Copyable {
    private let folder: OpenFile
    private let storage: StorageKind

    /// `quarantine/{consignment}` of a store.
    static func quarantine(of id: RecordID, in store: Store) -> BytePath {
        store.directory.appending("quarantine").appending(id.description)
    }

    /// Opens the place of the consignment's bytes.
    ///
    /// - Throws: ``SystemFault`` when it is not there.
    init(of consignment: Consignment, in store: Store) throws {
        storage = consignment.storage
        folder =
            switch storage {
            case .copied: try OpenFile.directory(ObjectFolder.path(of: consignment.id, in: store))
            case .inPlace: try OpenFile.directory(consignment.source)
            }
    }

    /// `objects/{consignment}` of a store.
    static func path(of id: RecordID, in store: Store) -> BytePath {
        store.directory.appending("objects").appending(id.description)
    }

    /// Opens the bytes of a file. A link put in its place is not followed.
    borrowing func open(_ file: FileKey) throws(SystemFault) -> OpenFile {
        switch storage {
        case .copied: try folder.opening(file.objectName)
        case .inPlace: try folder.opening(file.origin)
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

    /// The name of the object.
    var objectName: RelativePath { FileKey.objectName(object) }

    /// The name of the object that has this id.
    static func objectName(_ object: RecordID) -> RelativePath {
        guard let name = RelativePath(object.ascii) else { preconditionFailure("a UUID is a good name") }
        return name
    }
}
