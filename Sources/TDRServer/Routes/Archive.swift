import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// What every route needs: the store, threads that may block, and the one way to a consignment.
final class Archive: Sendable {
    let store: Store
    /// For queries and small changes.
    let threads: BlockingExecutor
    /// For bytes on their way in, so that they hold up no query.
    let uploadThreads: BlockingExecutor
    let book: ReceiptBook
    /// Of files whose next piece is awaited.
    let digests = PartialDigests()
    /// For all who follow how far consignments are.
    let progress = ProgressWatch()
    /// The exports that this server makes.
    let exporting = ExportMeters()
    let metrics = Metrics()
    let version: String
    let canExport: Bool
    /// Wakes whoever makes checks.
    let checkBell: Bell
    /// Wakes whoever makes exports.
    let exportBell: Bell
    /// What must be recorded of a consignment, beside its checks, before it is exported.
    let requirements: Set<ExportRequirement>
    /// What deliveries may bring.
    let sizes: DeliverySizes
    /// Which formats are refused.
    let formatPolicy: FormatPolicy
    /// What metadata of files is, and must be.
    let metadataSchema: MetadataSchema
    /// What is said of findings.
    let advice: Advice
    /// One password at a time: each takes 32 MiB and a tenth of a second.
    let passwords = Guarded(())

    /// How long a change waits for a check of the consignment to end.
    private static let patience = Duration.seconds(20)

    init(
        store: Store, threads: BlockingExecutor, uploadThreads: BlockingExecutor, book: ReceiptBook, version: String,
        canExport: Bool, checkBell: Bell, exportBell: Bell, requirements: Set<ExportRequirement> = [],
        sizes: DeliverySizes = DeliverySizes(), formatPolicy: FormatPolicy = .standard,
        metadataSchema: MetadataSchema = .standard, advice: Advice = .standard
    ) {
        self.store = store
        self.threads = threads
        self.uploadThreads = uploadThreads
        self.book = book
        self.version = version
        self.canExport = canExport
        self.checkBell = checkBell
        self.exportBell = exportBell
        self.requirements = requirements
        self.sizes = sizes
        self.formatPolicy = formatPolicy
        self.metadataSchema = metadataSchema
        self.advice = advice
    }

    /// Does something as soon as nobody else works on the consignment.
    ///
    /// - Throws: ``StoreError/busy(_:)`` when somebody goes on with it for too long; what `act` throws.
    func whenFree<Value>(_ act: () async throws -> Value) async throws -> Value {
        let begun = ContinuousClock.now
        while true {
            do {
                return try await act()
            } catch let error as StoreError where error.isBusy {
                if begun.duration(to: .now) > Archive.patience { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// How what `principal` does is recorded.
    func run(_ principal: Principal, _ what: String) -> RunInfo {
        RunInfo(actor: principal.login, command: "serve-api: \(what)", version: version)
    }

    /// A consignment that `principal` may use so, for themselves or for whom they say.
    ///
    /// - Throws: ``APIError/notFound`` when there is none, and when there is one that they may not use.
    func consignment(
        _ name: String, for principal: Principal, _ act: Act, actingFor other: RecordID? = nil
    ) throws -> ConsignmentFacts {
        guard let facts = try store.facts(name),
            Access.allows(principal, act, Access.relations(of: principal, to: facts, actingFor: other))
        else { throw APIError.notFound }
        return facts
    }
}
