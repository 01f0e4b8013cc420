import Glibc
import Streams

/// The right to serve a store, held by one server at a time. Commands go on working beside it: they take the locks of
/// single consignments, as the server does.
public final class ServingLock: Sendable {
    private let file: OpenFile

    /// Takes the right; nil when another server has it.
    public init?(_ store: Store) throws {
        let folder = store.directory.appending("locks")
        try makeDirectory(folder, intermediate: false)
        file = try OpenFile.open(
            folder.appending("serve-api"), flags: O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode: 0o600)
        if try !file.tryLock() { return nil }
    }
}
