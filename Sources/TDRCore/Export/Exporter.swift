import BagIt
import Glibc
import Streams

/// Writes checked consignments as BagIt bags (RFC 8493) with the original's contents.
///
/// One pass: a reader thread takes the payload from the store, proves each file against its recorded digest, and hands
/// it in chunks to the thread that writes the bag. The tag files come first, since every digest is known from the
/// check; so the bag can be verified as a stream. It appears under its own name only when it is complete and durable.
public struct Exporter: Sendable {
    private static let chunksInFlight = 8

    private let store: Store
    private let run: RunInfo
    private let meter: ProgressMeter
    private let warn: @Sendable (String) -> Void

    /// Exports from `store`, recorded as `run`, telling `meter` how far they are, and `warn` what may go wrong.
    public init(
        store: Store, run: RunInfo, meter: ProgressMeter, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.store = store
        self.run = run
        self.meter = meter
        self.warn = warn
    }

    /// Exports one consignment. Asking for it confirms that custody passes, which is recorded.
    ///
    /// - Throws: ``ExportError``, ``StoreError``, `CancellationError`. Nothing is then under the final name.
    public func export(_ consignment: Consignment, _ request: ExportRequest) async throws -> ExportSummary {
        let lock = try ConsignmentLock(consignment, in: store, for: "export")
        defer { withExtendedLifetime(lock) {} }
        return try await exportLocked(consignment, request)
    }

    /// The same for one that has not been exported yet; nil when it has been by now.
    func exportIfNew(_ consignment: Consignment, _ request: ExportRequest) async throws -> ExportSummary? {
        let lock = try ConsignmentLock(consignment, in: store, for: "export")
        defer { withExtendedLifetime(lock) {} }
        if try store.statuses(of: consignment)[.export] == .completed { return nil }
        return try await exportLocked(consignment, request)
    }

    /// Looks at the target without any consignment at hand.
    ///
    /// - Throws: ``ExportError`` when nothing can be written there.
    func checkTarget(of request: ExportRequest) throws {
        if try S3Place(request) == nil { _ = try folder(request.target) }
    }

    private func exportLocked(_ consignment: Consignment, _ wanted: ExportRequest) async throws -> ExportSummary {
        let request = wanted.request(for: consignment)
        try check(request)
        let report = try store.report(on: consignment)
        var blockers = try ExportGate.blockers(
            report, allowed: request.allowed, version: request.version, hasPortableNames: request.portableNames,
            in: store)
        blockers += try ExportGate.likeness(report.consignment, refused: request.refusedLikeness, in: store)
        blockers += try ExportGate.missing(request.requirements, of: report, in: store)
        let shape = try BagShape(request)
        let extras = try BagExtras(request, of: consignment, in: store)
        blockers += try shape.blockers(report, facts: facts(report, request), extras: extras, in: store)
        guard blockers.isEmpty else { throw ExportError.notReady(consignment.reference, blockers) }
        let s3 = try S3Place(request)
        let target = try s3 == nil ? usable(request, for: report) : request.target

        let runID = try store.begin(run)
        let allowed = counts(of: request.allowed, in: report)
        let begun = try store.beginExport(
            consignment, by: request.confirmedBy,
            allowed: allowed.isEmpty
                ? nil
                : allowed.map { "\($0.value.rawValue) (\($0.count))" }.joined(separator: ", ")
                    + ": \(request.reason ?? "")", run: runID)
        do {
            return try await withBlockingThreads(2) { _ in
                try await write(begun, report, request, shape, extras, to: target, s3, run: runID)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            try store.failExport(begun, cause: "\(error)", run: runID)
            throw error
        }
    }

    /// What the bag says of the consignment; before the export has begun with the start of 1970 for its times.
    private func facts(
        _ report: ConsignmentReport, _ request: ExportRequest,
        transferInitiated: Timestamp = Timestamp(milliseconds: 0), exported: Timestamp = Timestamp(milliseconds: 0)
    ) -> BagFacts {
        BagFacts(
            transferInitiated: transferInitiated, exported: exported, version: run.version,
            files: report.fileCounts[.upload]?[.success] ?? 0, bytes: Int64(report.bytes),
            withoutAntivirus: report.withoutAntivirus, allowed: counts(of: request.allowed, in: report),
            reason: request.reason ?? "")
    }

    private func check(_ request: ExportRequest) throws {
        for value in request.allowed.sorted(by: { $0.rawValue < $1.rawValue }) where !value.mayBeAllowed {
            throw ExportError.badOverride("\(value.rawValue) cannot be allowed: only findings of the format check can")
        }
        if !request.allowed.isEmpty, request.reason?.isEmpty ?? true {
            throw ExportError.badOverride("what is allowed needs a reason; say it with --reason")
        }
    }

    private func counts(
        of allowed: Set<FileStatusValue>, in report: ConsignmentReport
    ) -> [(
        value: FileStatusValue, count: Int
    )] {
        allowed.sorted { $0.rawValue < $1.rawValue }.compactMap { value in
            let count = [FileStatusType.ffid, .redaction].map { report.fileCounts[$0]?[value] ?? 0 }.reduce(0, +)
            return count > 0 ? (value, count) : nil
        }
    }

    /// The target folder, absolute, when a bag may be written there.
    private func usable(_ request: ExportRequest, for report: ConsignmentReport) throws -> BytePath {
        let resolved = try folder(request.target)
        // What came through the API has no source here.
        let source = report.consignment.source
        if !source.bytes.isEmpty, resolved.isWithin(source) {
            throw ExportError.badTarget(
                request.target, reason: "it lies in the source folder, which is never written to")
        }
        try ExportRoom(of: report, request).check(resolved, called: request.target, warn: warn)
        return resolved
    }

    private func folder(_ target: BytePath) throws -> BytePath {
        guard let resolved = target.resolved() else {
            throw ExportError.badTarget(target, reason: "it is not there; make the folder first")
        }
        guard try FileStatus.of(resolved).kind == .directory else {
            throw ExportError.badTarget(target, reason: "it is not a folder")
        }
        if resolved.isWithin(store.directory.resolved() ?? store.directory) {
            throw ExportError.badTarget(target, reason: "it lies in the store")
        }
        return resolved
    }

    private func write(
        _ consignment: Consignment, _ report: ConsignmentReport, _ request: ExportRequest,
        _ shape: BagShape, _ extras: BagExtras, to folder: BytePath, _ s3: S3Place?, run runID: RunID
    ) async throws -> ExportSummary {
        guard let transferInitiated = consignment.transferInitiated, let exported = consignment.exported else {
            preconditionFailure("an export that has begun has its times")
        }
        let facts = facts(report, request, transferInitiated: transferInitiated, exported: exported)
        let stored = facts.files
        meter.begin("exporting", files: stored, bytes: Int64(report.bytes))
        let target: any BagTarget =
            switch request.form {
            case .folder: try FolderTarget(consignment, in: folder, modified: exported)
            case .tar, .tarGz, .tarZst, .zip:
                try PackageTarget(
                    consignment, request,
                    to: destination(request.form.name(consignment.reference), of: consignment, in: folder, s3),
                    modified: exported, scratch: store.directory)
            }
        do {
            let tags = BagTagFiles(
                consignment, in: store, facts: facts, version: shape.version, more: shape.info, extras: extras)
            try await write(tags, and: consignment, request, shape, extras, to: target)
            let (sha256, wasThere) = try target.commit()
            let seal = try sha256 ?? digestOfFile(at: target.location.appending(BagName.tagManifest("sha256")))
            let done = try store.finishExport(
                consignment, target.location, on: s3?.access.server, sha256: sha256, seal: seal, version: run.version,
                run: runID)
            return ExportSummary(
                consignment: done, location: target.location, sha256: sha256, files: stored,
                bytes: Int64(report.bytes), wasThere: wasThere)
        } catch {
            target.abandon()
            throw target.explained(error)
        }
    }

    private func destination(
        _ name: String, of consignment: Consignment, in folder: BytePath, _ s3: S3Place?
    ) throws -> any ArchiveDestination {
        guard let s3 else { return try FileDestination(name: name, in: folder) }
        return try S3Destination(name: name, of: consignment, at: s3, in: store)
    }

    /// Everything in the bag, the tag files first; the manifests beside SHA-256 and the tag manifests, which list them,
    /// come last where there are any.
    private func write(
        _ tags: BagTagFiles, and consignment: Consignment, _ request: ExportRequest, _ shape: BagShape,
        _ extras: BagExtras, to target: any BagTarget
    ) async throws {
        let algorithms = shape.furtherAlgorithms
        var seal = TagManifests([.sha256] + algorithms, version: shape.version)
        for made in try await make(tags.files(), seal.algorithms) { try write(made, to: target, &seal) }
        if algorithms.isEmpty {
            try seal.write(to: target)
            return try await writePayload(of: consignment, request, extras, nil, to: target)
        }
        let further = FurtherManifests(algorithms, version: shape.version, scratch: store.directory)
        try await writePayload(of: consignment, request, extras, further, to: target)
        for made in try await make(further.files(), seal.algorithms) { try write(made, to: target, &seal) }
        try seal.write(to: target)
    }

    /// Makes the files a first time, side by side: they ask the database for other things.
    private func make(
        _ files: [BagTagFiles.TagFile], _ algorithms: [DigestAlgorithm]
    ) async throws -> [BagTagFiles.Made] {
        try await withThrowingTaskGroup(of: (Int, BagTagFiles.Made).self) { group in
            for (index, file) in files.enumerated() {
                group.addTask { (index, try BagTagFiles.Made(file, algorithms)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func write(_ made: BagTagFiles.Made, to target: any BagTarget, _ seal: inout TagManifests) throws {
        guard let path = RelativePath(made.file.name) else { preconditionFailure("tag files have plain names") }
        try target.beginFile(path, size: made.size, modified: nil)
        if let bytes = made.bytes {
            try bytes.withUnsafeBytes { try target.write($0) }
        } else {
            var hasher = SHA256Hasher()
            try made.file.make { bytes in
                hasher.update(bytes)
                try bytes.withUnsafeBytes { try target.write($0) }
            }
            guard hasher.finish().bytes == made.digests[.sha256] else {
                throw ExportError.inconsistent(made.file.name)
            }
        }
        try target.endFile()
        seal.add(path, made.digests)
    }

    private func writePayload(
        of consignment: Consignment, _ request: ExportRequest, _ extras: BagExtras, _ further: FurtherManifests?,
        to target: any BagTarget
    ) async throws {
        guard let data = RelativePath(BagName.payloadDirectory) else { preconditionFailure("data is a plain name") }
        try target.addFolder(data)
        let batches = BoundedQueue<PayloadBatch>(capacity: Exporter.chunksInFlight)
        let free = BoundedQueue<Chunk>(capacity: Exporter.chunksInFlight)
        for _ in 0..<Exporter.chunksInFlight { _ = free.push(Chunk()) }
        let reader = PayloadReader(
            consignment: consignment, store: store, meter: meter, batches: batches, free: free,
            paths: extras.paths, keepsTimes: request.keepsTimes, further: further)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try reader.run() }
            do {
                while let batch = batches.pop() {
                    for piece in batch.pieces { try write(piece, of: batch.chunk, to: target) }
                    if let chunk = batch.chunk { _ = free.push(chunk) }
                }
            } catch {
                batches.close()
                free.close()
                group.cancelAll()
                _ = await group.nextResult()
                throw error
            }
            // What stopped the reader, if anything did, comes out here.
            try await group.waitForAll()
        }
    }

    private func write(_ piece: PayloadPiece, of chunk: Chunk?, to target: any BagTarget) throws {
        switch piece.start {
        case .folder(let path): return try target.addFolder(BagPath.payload(path))
        case .file(let path, let size, let modified):
            try target.beginFile(BagPath.payload(path), size: size, modified: modified)
        case nil: break
        }
        if let chunk { try target.write(UnsafeRawBufferPointer(rebasing: chunk.buffer.bytes[piece.bytes])) }
        if piece.endsFile { try target.endFile() }
    }
}
