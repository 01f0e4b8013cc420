import Streams
import Synchronization

/// How far a check has come.
package struct BagProgress: Hashable, Sendable {
    /// Files whose digests are done.
    package let files: Int64
    /// Bytes hashed.
    package let bytes: Int64
    /// What there is in all; nil for an archive, which does not tell beforehand.
    package let totalFiles: Int64?
    /// As above, in bytes.
    package let totalBytes: Int64?
}

/// Checks bags: every rule, every digest, every problem reported (RFC 8493 §3). It changes nothing.
package struct BagValidator: Sendable {
    /// How to check.
    package struct Options: Sendable {
        /// Files hashed at once; for a folder only, an archive is one stream.
        package var jobs: Int
        /// Problems kept of each severity; all are counted.
        package var problemLimit: Int
        /// Bytes that a line of a tag file may have.
        package var lineLimit: Int
        /// What the bag must be beside valid.
        package var profile: BagProfile?
        /// The names that the archive's form goes by, for the profile; empty for a folder.
        package var mediaTypes: [String] = []
        /// Told every few megabytes, from any thread; must be quick.
        package var progress: (@Sendable (BagProgress) -> Void)?

        /// The defaults suit a workstation with two cores.
        package init(
            jobs: Int = 2, problemLimit: Int = 10_000, lineLimit: Int = 256 << 10,
            progress: (@Sendable (BagProgress) -> Void)? = nil
        ) {
            self.jobs = max(1, jobs)
            self.problemLimit = problemLimit
            // Paths in the tables are shorter than 1 MiB.
            self.lineLimit = min(lineLimit, 512 << 10)
            self.progress = progress
        }
    }

    private let options: Options

    /// A validator may check any number of bags, also at once.
    package init(_ options: Options = Options()) { self.options = options }

    /// Checks the bag. A bag that cannot be read is a verdict too, not an error.
    ///
    /// - Throws: `CancellationError` only.
    package func validate(_ source: any BagSource) async throws -> BagReport {
        // One thread more than jobs: for the task that gives them out.
        try await withBlockingThreads(options.jobs + 1) { [options] _ in
            let inspection = Inspection(source, options)
            do {
                try await inspect(source, inspection, options)
            } catch let error as CancellationError {
                throw error
            } catch {
                return inspection.abort("\(error)")
            }
            return inspection.conclude()
        }
    }
}

private func inspect(_ source: any BagSource, _ inspection: Inspection, _ options: BagValidator.Options) async throws {
    // The one source whose files can be read in any order, many at once.
    let folder = source as? BagFolder
    let meter = ProgressMeter(options.progress)
    try takeIn(source, inspection, hashing: folder == nil, meter)
    if inspection.isHopeless { return }
    if !inspection.unparsed.isEmpty { try readTagFilesAgain(source, inspection) }
    inspection.findStandIns()
    if let folder {
        try await hashConcurrently(folder, inspection, jobs: options.jobs, meter)
    } else if lacksDigests(inspection) {
        try hashAgain(source, inspection, meter)
    }
    meter.tell()
}

/// The first pass: what is there, what the tag files say, and for a stream the digests too.
private func takeIn(
    _ source: any BagSource, _ inspection: Inspection, hashing: Bool, _ meter: ProgressMeter
) throws {
    try source.visit { member, content in
        try Task.checkCancellation()
        guard let found = inspection.enter(member), !inspection.isHopeless else { return }
        let role = inspection.role(of: found)
        let isReadable = role == .declaration || inspection.declarationFound
        if role != .other, !isReadable { inspection.unparsed.insert(found.path) }
        let isParsed = role != .other && isReadable
        guard hashing || isParsed else { return }
        var digests = DigestSet(hashing ? inspection.guess(for: found, size: member.size) : [])
        do {
            if isParsed {
                try inspection.readTagFile(found, role, content, &digests)
            } else {
                try content { chunk in
                    try Task.checkCancellation()
                    digests.update(chunk)
                    meter.add(bytes: chunk.count)
                }
            }
        } catch let fault as SystemFault where !hashing {
            return inspection.fail(found, fault.description)
        } catch let fault as BagFolder.Fault {
            return inspection.fail(found, fault.description)
        }
        if hashing {
            inspection.record(digests.finish(), of: found)
            meter.addFile()
        }
    }
}

/// Another pass for tag files that came before `bagit.txt` told their encoding.
private func readTagFilesAgain(_ source: any BagSource, _ inspection: Inspection) throws {
    try source.visit { member, content in
        guard let found = inspection.find(member), inspection.unparsed.remove(found.path) != nil else { return }
        var none = DigestSet([])
        try inspection.readTagFile(found, inspection.role(of: found), content, &none)
    }
}

private func lacksDigests(_ inspection: Inspection) -> Bool {
    [inspection.payload, inspection.tags].contains { shelf in
        (0..<shelf.paths.count).contains { !shelf.wanted(for: $0).isEmpty }
    }
}

/// Another pass for files that came before the manifest that tells their algorithm.
private func hashAgain(_ source: any BagSource, _ inspection: Inspection, _ meter: ProgressMeter) throws {
    try source.visit { member, content in
        try Task.checkCancellation()
        guard let found = inspection.find(member) else { return }
        let wanted = (found.isPayload ? inspection.payload : inspection.tags).wanted(for: found.entry)
        guard !wanted.isEmpty else { return }
        var digests = DigestSet(wanted)
        try content { chunk in
            try Task.checkCancellation()
            digests.update(chunk)
            meter.add(bytes: chunk.count)
        }
        inspection.record(digests.finish(), of: found)
        meter.addFile()
    }
}

/// Tells the progress closure what was done so far, not more often than every few megabytes.
final class ProgressMeter: Sendable {
    private let files = Atomic<Int64>(0)
    private let bytes = Atomic<Int64>(0)
    /// How much was done when the closure was told last.
    private let told = Atomic<Int64>(0)
    /// -1 where nobody knows.
    private let totalFiles = Atomic<Int64>(-1)
    private let totalBytes = Atomic<Int64>(-1)
    private let progress: (@Sendable (BagProgress) -> Void)?

    init(_ progress: (@Sendable (BagProgress) -> Void)?) { self.progress = progress }

    func expect(files: Int64, bytes: Int64) {
        totalFiles.store(files, ordering: .relaxed)
        totalBytes.store(bytes, ordering: .relaxed)
    }

    func add(bytes count: Int) {
        bytes.wrappingAdd(Int64(count), ordering: .relaxed)
        tellIfDue()
    }

    func addFile() {
        files.wrappingAdd(1, ordering: .relaxed)
        tellIfDue()
    }

    private func tellIfDue() {
        guard progress != nil else { return }
        // A file weighs as much as 64 KiB, so that many small ones are told too.
        let done = bytes.load(ordering: .relaxed) &+ files.load(ordering: .relaxed) << 16
        let before = told.load(ordering: .relaxed)
        // Of several threads that find it due, one tells.
        guard done - before >= 8 << 20,
            told.compareExchange(expected: before, desired: done, ordering: .relaxed).exchanged
        else { return }
        tell()
    }

    func tell() {
        guard let progress else { return }
        let totals = (totalFiles.load(ordering: .relaxed), totalBytes.load(ordering: .relaxed))
        progress(
            BagProgress(
                files: files.load(ordering: .relaxed), bytes: bytes.load(ordering: .relaxed),
                totalFiles: totals.0 < 0 ? nil : totals.0, totalBytes: totals.1 < 0 ? nil : totals.1))
    }
}
