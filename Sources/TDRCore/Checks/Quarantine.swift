public import Streams

/// The quarantine of a store: `quarantine/{consignment}/{file}`, where the objects lie in which an engine found
/// something.
///
/// The row says where an object should be and is written first; the move follows, and whatever was cut off in between
/// is made up for by ``settle(_:)``, which every check begins with.
public struct Quarantine: Sendable {
    private let store: Store
    private let run: RunInfo

    /// The quarantine of `store`; acts are recorded as `run`.
    public init(_ store: Store, run: RunInfo) {
        self.store = store
        self.run = run
    }

    /// Puts a file back among the objects, to be checked again.
    ///
    /// - Throws: ``QuarantineError``, ``StoreError``.
    public func release(_ path: RelativePath, of consignment: Consignment, reason: String) throws {
        try change(path, of: consignment, to: .released, reason: reason)
    }

    /// Destroys the bytes of a file. The consignment keeps its entry and its history.
    ///
    /// - Throws: ``QuarantineError``, ``StoreError``.
    public func purge(_ path: RelativePath, of consignment: Consignment, reason: String) throws {
        try change(path, of: consignment, to: .purged, reason: reason)
    }

    private func change(
        _ path: RelativePath, of consignment: Consignment, to state: QuarantineState, reason: String
    ) throws {
        let lock = try ConsignmentLock(consignment, in: store, for: "change the quarantine of")
        defer { withExtendedLifetime(lock) {} }
        guard let file = try store.quarantined(in: consignment).first(where: { $0.path == path }) else {
            throw QuarantineError.notThere(consignment.reference, path)
        }
        guard file.state == .held else { throw QuarantineError.notHeld(consignment.reference, path, file.state) }
        try store.move(file, of: consignment, to: state, reason: reason, run: store.begin(run))
        try Quarantine.settle(consignment, in: store, only: [file.key.object])
    }

    /// Puts objects where their rows say: held ones into the quarantine, released ones back; purged ones are removed.
    ///
    /// - Parameter only: The objects whose rows have changed; nil for every one that ever was in quarantine, each of which
    ///   costs a request where the objects are in S3.
    /// - Throws: why the objects cannot be moved.
    static func settle(_ consignment: Consignment, in store: Store, only changed: Set<RecordID>? = nil) throws {
        // What lies in its source is never moved.
        guard consignment.storage == .copied else { return }
        let files = try store.quarantined(in: consignment).filter { changed?.contains($0.key.object) ?? true }
        if files.isEmpty { return }
        let shelf = try store.shelf(of: consignment)
        func objects(_ state: QuarantineState) -> [RecordID] { files.filter { $0.state == state }.map(\.key.object) }
        try shelf.hold(objects(.held))
        try shelf.release(objects(.released))
        try shelf.remove(objects(.purged))
    }
}

/// Why the quarantine was not changed.
public enum QuarantineError: Error, CustomStringConvertible {
    /// The consignment has no such file in quarantine.
    case notThere(ConsignmentReference, RelativePath)
    /// It was released or purged before.
    case notHeld(ConsignmentReference, RelativePath, QuarantineState)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .notThere(let reference, let path):
            "'\(path.display)' of \(reference) is not in quarantine; tdr quarantine \(reference) lists what is"
        case .notHeld(let reference, let path, let state):
            "'\(path.display)' of \(reference) is not in quarantine any more: it was \(state.rawValue.lowercased())"
        }
    }
}
