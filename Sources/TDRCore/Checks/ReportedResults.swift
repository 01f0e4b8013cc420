public import Streams

/// What a program outside says of one file: the result of a check that it has made itself.
public struct ReportedResult: Sendable {
    /// The result of one check.
    public enum Finding: Sendable {
        /// The digest of the bytes that it has read.
        case checksum(SHA256Digest)
        /// The answer of an antivirus engine, empty when clean, else what was found; nil when it could not scan.
        case antivirus(AntivirusReport)
        /// The formats by a program and PRONOM's signatures, with the version of those of containers.
        case format(EngineVersion, containerVersion: String, matches: [ReportedMatch])
        /// The check could not be made.
        case failed(CheckKind)

        /// Which check it is.
        public var check: CheckKind {
            switch self {
            case .checksum: .checksum
            case .antivirus: .antivirus
            case .format: .format
            case .failed(let check): check
            }
        }
    }

    /// The file.
    public let file: RecordID
    /// What was found.
    public let finding: Finding

    /// A finding about `file`.
    public init(_ file: RecordID, _ finding: Finding) {
        self.file = file
        self.finding = finding
    }
}

/// One format that a file may be, as a program outside says.
public struct ReportedMatch: Sendable {
    /// PRONOM's id; nil where nothing was identified.
    public var puid: String?
    /// PRONOM's name.
    public var formatName: String?
    /// `Signature`, `Container` or `Extension`; empty where nothing was identified.
    public var identificationBasis: String
    /// The extension that was looked at.
    public var fileExtension: String?
    /// Whether the extension is not one of the format's.
    public var extensionMismatch: Bool?

    /// A match that was found by `identificationBasis`.
    public init(identificationBasis: String) { self.identificationBasis = identificationBasis }
}

/// Why results are not taken. Nothing was recorded then.
public enum ReportedResultError: Error, CustomStringConvertible {
    /// A file that the consignment does not have, or that is a folder, or whose bytes are not there.
    case unknownFile(RecordID)
    /// Two results for the same file.
    case twice(RecordID)
    /// A format result without a match.
    case noMatches(RecordID)
    /// The state of the consignment does not allow it.
    case notNow(ConsignmentReference, reason: String)

    /// What was found, and what to do.
    public var description: String {
        switch self {
        case .unknownFile(let id): "the consignment has no file \(id) with bytes that could be checked"
        case .twice(let id): "there are two results for the file \(id); send one"
        case .noMatches(let id): "No ffid matches for file \(id)"
        case .notNow(let reference, let reason): "cannot record results of checks of \(reference): \(reason)"
        }
    }
}

extension Store {
    /// Records what a program outside has found, just as if a check of ours had: with statuses, reasons, quarantine,
    /// history and notices. The statuses follow from the results by the same rules.
    ///
    /// - Throws: ``ReportedResultError``, ``StoreError``.
    public func record(
        _ results: [ReportedResult], in consignment: Consignment, policy: FormatPolicy, run: RunInfo
    ) throws {
        let lock = try ConsignmentLock(consignment, in: self, for: "record results of checks of")
        defer { withExtendedLifetime(lock) {} }
        let steps = try statuses(of: consignment)
        guard steps[.upload] == .completed || steps[.upload] == .completedWithIssues else {
            throw ReportedResultError.notNow(consignment.reference, reason: "its upload is not complete")
        }
        if steps[.export] == .inProgress || steps[.export] == .completed {
            throw ReportedResultError.notNow(consignment.reference, reason: "its export has begun")
        }
        let desk = try ReportedResultDesk(results, in: consignment, of: self, policy: policy)
        let checks = Set(results.map(\.finding.check))
        let runID = try begin(run)
        var last: CheckRecorder?
        for (engine, findings) in desk.byEngine {
            let recorder = try CheckRecorder(
                consignment, in: self, run: runID, antivirus: engine.antivirus.map { [$0] } ?? [],
                format: engine.format)
            try recorder.begin(
                checks, of: consignment, withoutAntivirus: checks.contains(.antivirus) ? false : nil)
            try recorder.add(findings)
            try recorder.flush()
            last = recorder
        }
        // Once, when all that was said is there: it may confirm the transfer.
        _ = try last?.rollUp(checks, isLast: false)
    }
}

/// Turns what is said of files into findings, as the recorder takes them.
private struct ReportedResultDesk {
    /// The program that a finding comes from.
    struct Engine: Hashable {
        var antivirus: EngineVersion?
        var format: FormatEngine?
    }

    private(set) var byEngine: [(engine: Engine, findings: [FileFindings])] = []
    private let consignment: Consignment
    private let store: Store
    private let policy: FormatPolicy

    init(_ results: [ReportedResult], in consignment: Consignment, of store: Store, policy: FormatPolicy) throws {
        self.consignment = consignment
        self.store = store
        self.policy = policy
        let files = try store.filesToCheck(results.map(\.file), in: consignment)
        let scans = try store.otherScans(of: results, files)
        var seen: Set<RecordID> = []
        var findings: [Engine: [FileFindings]] = [:]
        for result in results {
            guard seen.insert(result.file).inserted else { throw ReportedResultError.twice(result.file) }
            guard let file = files[result.file] else { throw ReportedResultError.unknownFile(result.file) }
            let (engine, finding) = try self.finding(result, file, scans[result.file] ?? [])
            findings[engine, default: []].append(finding)
        }
        byEngine = findings.map { ($0.key, $0.value) }
    }

    private func finding(
        _ result: ReportedResult, _ file: FileToCheck, _ others: [AntivirusReport]
    ) throws -> (Engine, FileFindings) {
        var findings = FileFindings(file: file)
        switch result.finding {
        case .checksum(let digest):
            findings.checksum = .computed(digest)
            return (Engine(), findings)
        case .failed(let check):
            let reason = "the program that makes it could not"
            switch check {
            case .checksum: findings.checksum = .failed(reason)
            case .format: findings.format = .failed(reason)
            case .antivirus: findings.antivirus = AntivirusFinding(verdict: .notScanned(reason))
            }
            return (Engine(), findings)
        case .antivirus(let report):
            let own = ReportedResultDesk.verdict(report)
            findings.antivirus = AntivirusFinding(
                verdict: ReportedResultDesk.together(own, others), byEngine: [own], datetime: report.datetime)
            return (Engine(antivirus: report.engine), findings)
        case .format(let version, let container, let matches):
            if matches.isEmpty { throw ReportedResultError.noMatches(result.file) }
            findings.format = format(matches, file)
            return (Engine(format: FormatEngine(version: version, container: container)), findings)
        }
    }

    /// What the word of an engine means: also those by which services say that they could not scan.
    private static func verdict(_ report: AntivirusReport) -> AntivirusVerdict {
        let engine = report.engine
        return switch report.result {
        case ""?, "NO_THREATS_FOUND"?: .clean
        case nil: .notScanned("\(engine.software) could not scan it")
        case let word? where ["UNSUPPORTED", "ACCESS_DENIED", "FAILED"].contains(word):
            .notScanned("\(engine.software) says \(word)")
        case let found?: .found(found)
        }
    }

    /// Clean is only what every engine calls clean that has looked at the file.
    private static func together(_ own: AntivirusVerdict, _ others: [AntivirusReport]) -> AntivirusVerdict {
        if case .found = own { return own }
        if let found = others.compactMap(\.result).first(where: { !$0.isEmpty }) { return .found(found) }
        if case .notScanned = own { return own }
        if let other = others.first(where: { $0.result == nil }) {
            return .notScanned("\(other.engine.software) could not scan it")
        }
        return own
    }

    private func format(_ matches: [ReportedMatch], _ file: FileToCheck) -> FormatFinding {
        let known = matches.filter { $0.puid?.isEmpty == false }
        let isByExtension =
            known.first?.identificationBasis == "Extension"
            && ["txt", "csv"].contains(known.first?.fileExtension?.lowercased() ?? "")
        var isText = false
        if known.isEmpty || isByExtension {
            // Whether the bytes are a text the report does not say, so they are looked at.
            do {
                isText = try self.isText(file)
            } catch {
                return .failed("\(error)")
            }
        }
        let facts = FormatFacts(
            matches: known.map {
                FormatMatchRecord(
                    puid: $0.puid, formatName: $0.formatName, basis: $0.identificationBasis,
                    extensionMismatch: $0.extensionMismatch)
            }, fileExtension: known.first?.fileExtension, encryption: nil, magic: nil, isText: isText)
        return .identified(
            facts,
            status: FormatDecision.status(
                facts, digest: file.sha256, size: file.size, type: consignment.type, policy: policy))
    }

    private func isText(_ file: FileToCheck) throws -> Bool {
        let bytes = try ConsignmentBytes(consignment, in: store).open(file)
        let buffer = Buffer(count: 1 << 18)
        var test = TextTest()
        var offset: Int64 = 0
        while test.isUndecided {
            let count = try bytes.source.read(into: buffer.bytes, at: offset)
            if count == 0 { break }
            test.update(buffer.prefix(count))
            offset += Int64(count)
        }
        return test.isText
    }
}
