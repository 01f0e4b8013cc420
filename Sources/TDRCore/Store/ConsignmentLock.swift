import Glibc
import Streams

/// The right to change one consignment, held by one process at a time; the system takes it back when that dies.
final class ConsignmentLock: Sendable {
    private let file: OpenFile

    /// Takes the lock of `consignment`.
    ///
    /// - Parameter evenCancelled: Whether the act makes sense for a consignment that was cancelled.
    /// - Throws: ``StoreError/busy(_:)`` at once when another process has it, ``StoreError/cancelled(_:_:)``.
    init(_ consignment: Consignment, in store: Store, for purpose: String, evenCancelled: Bool = false) throws {
        file = try ConsignmentLock.open(consignment.id, in: store)
        if try !file.tryLock() {
            throw StoreError.busy("cannot \(purpose) \(consignment.reference): another process is working on it")
        }
        if !evenCancelled, try store.cancellation(of: consignment) != nil {
            throw StoreError.cancelled(consignment.reference.description, "cannot \(purpose)")
        }
    }

    // Not only by closing: a program that another thread is just starting has the descriptor, too, until it runs.
    deinit { file.unlock() }

    /// Gives it back now; otherwise it ends with this value.
    func release() { file.unlock() }

    /// Whether some process holds the lock now.
    static func isHeld(_ consignment: RecordID, in store: Store) -> Bool {
        // No lock file, or none that we may open: nobody we could wait for.
        guard let file = try? open(consignment, in: store) else { return false }
        return (try? file.tryLock()) == false  // an unlockable file is nobody's
    }

    private static func open(_ id: RecordID, in store: Store) throws -> OpenFile {
        let folder = store.directory.appending("locks")
        try makeDirectory(folder, intermediate: false)
        return try OpenFile.open(folder.appending(id.description), flags: O_RDWR | O_CREAT | O_CLOEXEC, mode: 0o600)
    }
}
