import Pronom
import Streams

/// Identifies the formats of files wherever they lie; nothing is recorded.
///
/// One walk hands out numbered batches; as many workers as asked for, each on a thread of its own with a scan of its
/// own, open each file once and read it once; the results leave in the order of the walk. What is wrong with a file is
/// part of its result.
public struct FormatIdentifier: Sendable {
    private let signatures: Signatures
    private let meter: ProgressMeter

    /// Batches that may wait for a slow one before them.
    private static let windowPerJob = 64

    /// Identifies by these signatures, telling `meter` how far it is.
    public init(signatures: Signatures, meter: ProgressMeter) {
        self.signatures = signatures
        self.meter = meter
    }

    /// Identifies what `request` names and gives every result to `receive`, in the order of the walk, one call at a
    /// time.
    ///
    /// - Throws: what `receive` throws, ``CheckError`` without libmagic where that is asked for, `CancellationError`.
    public func identify(
        _ request: IdentifyRequest, receive: @escaping @Sendable ([IdentifiedFile]) throws -> Void
    ) async throws -> IdentifySummary {
        let summary = Guarded(IdentifySummary())
        let walk = IdentifyWalk(request.places)
        meter.begin("identifying", files: 0, bytes: 0)
        try await withBlockingThreads(request.jobs) { _ in
            let outlet = OrderedOutlet<IdentifiedFile>(window: request.jobs * FormatIdentifier.windowPerJob) { files in
                summary.withLock { $0.count(files) }
                try receive(files)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<max(1, request.jobs) {
                    group.addTask {
                        do {
                            try work(request, walk, outlet)
                        } catch {
                            outlet.abandon()
                            throw error
                        }
                    }
                }
                // The first error is the cause; the others are workers that were sent home.
                do {
                    try await group.waitForAll()
                } catch {
                    group.cancelAll()
                    while (await group.nextResult()) != nil {}
                    throw error
                }
            }
        }
        return summary.withLock { $0 }
    }

    private func work(
        _ request: IdentifyRequest, _ walk: IdentifyWalk, _ outlet: OrderedOutlet<IdentifiedFile>
    ) throws {
        let identifier = try FileIdentifier(request, signatures)
        while let (number, items) = walk.next() {
            var results: [IdentifiedFile] = []
            results.reserveCapacity(items.count)
            for item in items {
                try Task.checkCancellation()
                try identifier.identify(item) { file in
                    results.append(file)
                    // The members of an archive can be many.
                    if results.count >= FormatIdentifier.mostHeld {
                        try outlet.deliver(results, of: number, isLast: false)
                        results.removeAll(keepingCapacity: true)
                    }
                }
            }
            meter.add(files: items.count, bytes: items.reduce(0) { $0 + $1.size })
            try outlet.deliver(results, of: number, isLast: true)
        }
    }

    private static let mostHeld = 256
}

extension IdentifySummary {
    fileprivate mutating func count(_ results: [IdentifiedFile]) {
        for result in results {
            switch result.kind {
            case .folder: if result.failure != nil { failures += 1 }
            case .leftOut: leftOut += 1
            case .file:
                files += 1
                bytes += result.size ?? 0
                if result.failure != nil {
                    failures += 1
                } else if result.siegfried.map({ $0.format == nil }) ?? result.formats.isEmpty {
                    unidentified += 1
                }
            }
        }
    }
}
