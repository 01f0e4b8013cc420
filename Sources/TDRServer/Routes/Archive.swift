import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// What every route needs: the store, threads that may block, and the one way to a consignment.
struct Archive: Sendable {
    let store: Store
    /// For queries and small changes.
    let threads: BlockingExecutor
    /// For bytes on their way in, so that they hold up no query.
    let uploadThreads: BlockingExecutor
    let book: ReceiptBook
    /// Of files whose next piece is awaited.
    let digests = PartialDigests()
    let metrics: Metrics
    let version: String
    let canExport: Bool
    /// Wakes whoever makes checks.
    let checkBell: Bell
    /// Wakes whoever makes exports.
    let exportBell: Bell

    /// How what `principal` does is recorded.
    func run(_ principal: Principal, _ what: String) -> RunInfo {
        RunInfo(actor: principal.login, command: "serve-api: \(what)", version: version)
    }

    /// A consignment that `principal` may use so.
    ///
    /// - Throws: ``APIError/notFound`` when there is none, and when there is one that they may not use.
    func consignment(_ name: String, for principal: Principal, _ act: Act) throws -> ConsignmentFacts {
        guard let facts = try store.facts(name),
            Access.allows(principal, act, Access.relations(of: principal, to: facts))
        else { throw APIError.notFound }
        return facts
    }
}
