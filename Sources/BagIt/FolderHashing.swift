import Streams

/// Files for one task: many small ones or one large one, so that handing them over costs little.
private struct Batch: Sendable {
    struct Item: Sendable {
        let path: [UInt8]
        let isPayload: Bool
        let entry: Int
        let algorithms: [DigestAlgorithm]
    }

    var items: [Item] = []
    var bytes: Int64 = 0

    var isFull: Bool { items.count >= 64 || bytes >= 4 << 20 }
}

private enum Outcome: Sendable {
    case digests([DigestAlgorithm: [UInt8]])
    case failure(String)
}

/// Computes what the manifests want, `jobs` batches at once. Never more than these are in memory.
///
/// - Throws: `CancellationError`.
func hashConcurrently(
    _ folder: BagFolder, _ inspection: Inspection, jobs: Int, _ meter: ProgressMeter
) async throws {
    var plan = Plan(inspection)
    meter.expect(files: plan.totalFiles, bytes: plan.totalBytes)
    try await withThrowingTaskGroup(of: [(Batch.Item, Outcome)].self) { group in
        for _ in 0..<jobs {
            guard let batch = plan.next(from: inspection) else { break }
            group.addTask { try hash(batch, in: folder, meter) }
        }
        while let done = try await group.next() {
            if let batch = plan.next(from: inspection) {
                group.addTask { try hash(batch, in: folder, meter) }
            }
            for (item, outcome) in done {
                let found = Inspection.Found(path: item.path, isPayload: item.isPayload, entry: item.entry)
                switch outcome {
                case .digests(let digests): inspection.record(digests, of: found)
                case .failure(let reason): inspection.fail(found, reason)
                }
            }
        }
    }
}

/// Goes through the entries once and makes batches of those whose digests are wanted.
private struct Plan {
    private var entry = 0
    private var isPayload = true
    private(set) var totalFiles: Int64 = 0
    private(set) var totalBytes: Int64 = 0

    init(_ inspection: Inspection) {
        for shelf in [inspection.payload, inspection.tags] {
            for entry in 0..<shelf.paths.count where !shelf.wanted(for: entry).isEmpty {
                totalFiles += 1
                totalBytes = saturatingSum(totalBytes, shelf.sizes[entry])
            }
        }
    }

    mutating func next(from inspection: Inspection) -> Batch? {
        var batch = Batch()
        while true {
            let count = (isPayload ? inspection.payload : inspection.tags).paths.count
            while entry < count, !batch.isFull {
                let shelf = isPayload ? inspection.payload : inspection.tags
                let algorithms = shelf.wanted(for: entry)
                if !algorithms.isEmpty {
                    batch.items.append(
                        Batch.Item(
                            path: shelf.paths[entry], isPayload: isPayload, entry: entry, algorithms: algorithms))
                    batch.bytes = saturatingSum(batch.bytes, shelf.sizes[entry])
                }
                entry += 1
            }
            if batch.isFull || !isPayload { break }
            isPayload = false
            entry = 0
        }
        return batch.items.isEmpty ? nil : batch
    }
}

private func hash(_ batch: Batch, in folder: BagFolder, _ meter: ProgressMeter) throws -> [(Batch.Item, Outcome)] {
    let buffer = Buffer(count: chunkBytes)
    var out: [(Batch.Item, Outcome)] = []
    out.reserveCapacity(batch.items.count)
    for item in batch.items {
        guard let path = RelativePath(item.path) else { continue }
        var digests = DigestSet(item.algorithms)
        do {
            _ = try folder.read(path, buffer) { chunk in
                digests.update(chunk)
                meter.add(bytes: chunk.count)
            }
            out.append((item, .digests(digests.finish())))
        } catch let fault as SystemFault {
            out.append((item, .failure(fault.description)))
        } catch let fault as BagFolder.Fault {
            out.append((item, .failure(fault.description)))
        }
        meter.addFile()
    }
    return out
}
