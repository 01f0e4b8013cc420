import BagIt
import Streams

/// What the check of a folder where it lies came to.
public struct FolderCheckSummary: Sendable {
    /// Counts over all files.
    public internal(set) var profile = FolderProfile()
    /// Files of the same content.
    public internal(set) var duplicates = Duplicates()
    /// The checks that were made.
    public let checks: Set<CheckKind>
    /// The antivirus engines that were used.
    public let engines: [EngineVersion]
    /// Why an engine that was wanted could not be used; nil mostly.
    public let engineMissing: String?
    /// What should be looked at although it does not stand in the way: an old database.
    public let warnings: [String]
    /// The signature files that formats were identified by.
    public let signatures: [String]
    /// The version of libmagic.
    public let magicVersion: String

    /// Whether something stands in the way of a transfer. A folder without files is one, too.
    public var hasFindings: Bool { profile.entriesWithFindings > 0 || profile.files == 0 }
}

/// The rehearsal before a transfer: the checks of a consignment made on folders and files where they lie.
///
/// No store is needed or touched, and nothing is ever written to what is checked. One walk hands out numbered batches;
/// workers check them as those of a consignment are checked; results leave in the order of the walk, whatever the
/// number of workers. Memory does not grow with the number of files: what has to be remembered of each, its digest for
/// the duplicates, lies in a temporary database.
public struct FolderCheck: Sendable {
    /// Batches that may wait for a slow one before them.
    private static let windowPerJob = 32

    private let signatures: Signatures
    private let meter: ProgressMeter

    /// Checks by these PRONOM signatures, telling `meter` how far it is.
    public init(signatures: Signatures, meter: ProgressMeter) {
        self.signatures = signatures
        self.meter = meter
    }

    /// Checks what `request` names and gives every result to `receive`, in the order of the walk, one call at a time.
    ///
    /// - Parameter now: the time, for the age of antivirus databases.
    /// - Throws: ``FolderCheckError``, ``AntivirusError``, ``CheckError`` without libmagic, what `receive` throws,
    ///   `CancellationError`. What is wrong with files is a finding.
    public func run(
        _ request: FolderCheckRequest, now: Timestamp, receive: @escaping @Sendable ([CheckedFile]) throws -> Void
    ) async throws -> FolderCheckSummary {
        try await withBlockingThreads(request.jobs) { _ in
            let walk = try FolderCheckWalk(request)
            let checks = request.checksMade
            let engines =
                checks.contains(.antivirus) ? try AntivirusEngines(request.antivirus, cache: nil, now: now) : .none
            let digests =
                checks.contains(.checksum) || checks.contains(.format)
                ? try DigestSpool(in: request.temporaryFolder) : nil
            let total = request.countsFirst ? try walk.total() : (files: 0, bytes: 0)
            meter.begin("checking", files: total.files, bytes: total.bytes)
            let profile = Guarded(FolderProfile())
            let outlet = OrderedOutlet<CheckedFile>(window: request.jobs * FolderCheck.windowPerJob) { files in
                profile.withLock { profile in for file in files { profile.count(file) } }
                try digests?.add(files)
                try receive(files)
            }
            try await work(request, walk, engines, outlet)
            var summary = FolderCheckSummary(
                checks: checks, engines: engines.engines.map(\.version),
                engineMissing: engines.missing.isEmpty ? nil : engines.missing.joined(separator: "; "),
                warnings: engines.warnings,
                signatures: [signatures.binaryFile, signatures.containerFile].filter { !$0.isEmpty },
                magicVersion: Magic.version)
            summary.profile = profile.withLock { $0 }
            summary.profile.folders = walk.folders
            let reported = summary.profile.checked
            // Count in = count out: every file of the walk has a result.
            guard reported == walk.files else {
                throw FolderCheckError.lostFiles(expected: walk.files, reported: reported)
            }
            if let digests { summary.duplicates = try digests.duplicates() }
            return summary
        }
    }

    private func work(
        _ request: FolderCheckRequest, _ walk: FolderCheckWalk, _ engines: AntivirusEngines,
        _ outlet: OrderedOutlet<CheckedFile>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, request.jobs) {
                group.addTask {
                    do {
                        try work(request, walk, engines, outlet)
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

    /// One worker.
    private func work(
        _ request: FolderCheckRequest, _ walk: FolderCheckWalk, _ engines: AntivirusEngines,
        _ outlet: OrderedOutlet<CheckedFile>
    ) throws {
        let checker = try FileChecker(
            antivirus: engines, signatures: signatures, policy: request.policy, asksMagic: request.asksMagic,
            meter: meter)
        while let (number, items) = walk.next() {
            try Task.checkCancellation()
            var results: [CheckedFile] = []
            results.reserveCapacity(items.count)
            // Files of one place next to one another are checked together: an engine may have several at once.
            var files: [FileToCheck] = []
            var paths: [BytePath] = []
            var root: SharedFile?
            func flush() throws {
                guard let place = root, !files.isEmpty else { return }
                let findings = try checker.check(files, in: FolderBytes(root: place), type: request.type)
                for (path, finding) in zip(paths, findings) { results.append(CheckedFile(path, finding)) }
                meter.add(files: files.count)
                (files, paths) = ([], [])
            }
            for item in items {
                switch item {
                case .file(let file, let place, let path):
                    if root !== place { try flush() }
                    root = place
                    files.append(file)
                    paths.append(path)
                case .other(let other):
                    try flush()
                    results.append(other)
                }
            }
            try flush()
            try outlet.deliver(results, of: number, isLast: true)
        }
    }
}

extension CheckedFile {
    /// What the checks found, in the words of this report.
    init(_ path: BytePath, _ found: FileFindings) {
        self.init(.file, path)
        wasChecked = true
        modified = found.modified
        size = found.modified == nil ? nil : found.bytes
        remarks = PortableNames.risks(of: found.file.key.path.bytes)
        if found.file.key.path.text == nil { findings.append(CheckFinding(.name)) }
        // What cannot be read fails every check for the one reason.
        var unreadable: String?
        switch found.checksum {
        case .computed(let digest):
            sha256 = digest
            statuses[.serverChecksum] = .success
        case .failed(let reason):
            statuses[.serverChecksum] = .failed
            unreadable = reason
        case nil: break
        }
        switch found.format {
        case .identified(let facts, let status):
            statuses[.ffid] = status
            take(facts)
            if !status.isGood {
                findings.append(
                    CheckFinding(.status(.ffid, status), status == .passwordProtected ? facts.encryption : nil))
            }
        case .failed(let reason):
            statuses[.ffid] = .failed
            if unreadable == nil { findings.append(CheckFinding(.status(.ffid, .failed), reason)) }
        case nil: break
        }
        take(found.antivirus?.verdict, unreadable: unreadable)
        if let unreadable {
            size = nil
            findings.append(CheckFinding(.unreadable, unreadable))
        }
        findings.sort { $0.kind.rank < $1.kind.rank }
    }

    private mutating func take(_ facts: FormatFacts) {
        isIdentified = true
        isText = facts.isText
        formats = facts.matches.compactMap { match in
            guard let puid = match.puid else { return nil }
            return CheckedFormat(
                puid: puid, name: match.formatName ?? "", basis: match.basis,
                isExtensionMismatch: match.extensionMismatch ?? false)
        }
        magic = facts.magic.map { MagicOpinion(mimeType: $0.mimeType, description: $0.description) }
        if formats.contains(where: \.isExtensionMismatch) {
            remarks.append("has an extension that is not its format's")
        }
    }

    private mutating func take(_ verdict: AntivirusVerdict?, unreadable: String?) {
        switch verdict {
        case .clean:
            statuses[.antivirus] = .success
            antivirusResult = ""
        case .cleanInWindows(let how):
            statuses[.antivirus] = .success
            antivirusResult = ""
            remarks.append(how)
        case .found(let names):
            statuses[.antivirus] = .virusDetected
            antivirusResult = names
            findings.append(CheckFinding(.status(.antivirus, .virusDetected), names))
        case .notScanned(let reason):
            statuses[.antivirus] = .failed
            if unreadable == nil { findings.append(CheckFinding(.status(.antivirus, .failed), reason)) }
        case nil: break
        }
    }
}
