import Streams
import TDRCore

/// How far the exports are that this server makes.
final class ExportMeters: Sendable {
    private let meters = Guarded<[RecordID: ProgressMeter]>([:])

    /// Follows the export of a consignment by `meter` for as long as `body` runs.
    func following<Value>(
        _ id: RecordID, _ meter: ProgressMeter, _ body: () async throws -> Value
    ) async rethrows -> Value {
        meters.withLock { $0[id] = meter }
        defer { meters.withLock { _ = $0.removeValue(forKey: id) } }
        return try await body()
    }

    /// How far the export of a consignment is; nil when none runs here, and until it is known how much there is to do.
    func progress(of id: RecordID) -> Progress? {
        guard let now = meters.withLock({ $0[id] })?.now, !now.activity.isEmpty else { return nil }
        return now
    }
}
