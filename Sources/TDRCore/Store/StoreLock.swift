import Glibc
import Streams

/// The right to do one kind of work on a store as a whole, held by one process at a time; the system takes it back when
/// that dies, so what a killed process leaves is no lock.
final class StoreLock: Sendable {
    private let file: OpenFile

    /// Takes the lock called `name`.
    ///
    /// - Throws: ``StoreError/busy(_:)`` with these words at once when another process has it.
    init(_ name: String, in store: Store, busy: String) throws {
        let folder = store.directory.appending("locks")
        try makeDirectory(folder, intermediate: false)
        file = try OpenFile.open(folder.appending(name), flags: O_RDWR | O_CREAT | O_CLOEXEC, mode: 0o600)
        if try !file.tryLock() { throw StoreError.busy(busy) }
    }

    // Not only by closing: a program that another thread is just starting has the descriptor, too, until it runs.
    deinit { file.unlock() }
}
