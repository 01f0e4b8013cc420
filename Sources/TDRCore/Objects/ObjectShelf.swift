import Streams

/// Where the objects of one consignment are kept, by id and never by name: in the store's folder (``LocalShelf``) or in
/// S3 (``S3Shelf``). An object is open to use or held in quarantine.
///
/// Both keep the same promises, and `S3ObjectsTests` holds the one to what the other does. What no row names is nobody's: left by a
/// run that was cut off, and replaced by whoever makes an object of that name. Each act can be made again after it was
/// cut off anywhere. May block; any thread.
protocol ObjectShelf: Sendable {
    /// Makes ready for objects.
    func prepare() throws
    /// - Throws: why the place of the objects cannot be read.
    func look() throws
    /// A new object, for one thread.
    func make(_ object: RecordID) throws -> any NewObject
    /// Makes a file of this machine an object; `sha256` has been proved of its bytes, and nobody writes to it. What is left
    /// of the file is for the caller to remove, later.
    func adopt(_ file: BytePath, as object: RecordID, provedBy sha256: SHA256Digest) throws
    /// Opens an object for reading, one in quarantine only when `evenHeld`.
    ///
    /// - Throws: ``SystemFault`` with `ENOENT` when there is none.
    func open(_ object: RecordID, evenHeld: Bool) throws -> OpenBytes
    /// Makes durable whatever was finished or adopted.
    func sync() throws
    /// Makes these durable, and waits for nothing that other programs have written.
    func sync(_ objects: [RecordID]) throws
    /// Puts objects into quarantine. What is there already, or nowhere, is passed over; so below.
    func hold(_ objects: [RecordID]) throws
    /// Puts objects back from quarantine.
    func release(_ objects: [RecordID]) throws
    /// Removes objects from wherever they are.
    func remove(_ objects: [RecordID]) throws
    /// Removes all objects of the consignment.
    func removeAll() throws
}

/// An object that is being made. It counts as there when ``finish(_:)`` has returned; the caller ends with that or with
/// ``discard()``.
protocol NewObject {
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Goes on at byte `offset`; what is passed over is zeros.
    func skip(to offset: Int64) throws
    /// All bytes have come; `sha256` is theirs.
    func finish(_ sha256: SHA256Digest) throws
    func discard()
}

extension Store {
    /// Where the objects of a consignment are. Touches nothing yet.
    ///
    /// - Throws: ``StoreError``, and what keeps S3 from being used.
    func shelf(of consignment: Consignment) throws -> any ObjectShelf {
        guard let place = try objectPlace() else { return LocalShelf(consignment.id, in: directory) }
        return try S3Shelf(consignment, at: place, in: self)
    }
}
