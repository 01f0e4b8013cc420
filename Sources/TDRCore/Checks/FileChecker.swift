import Glibc
import Pronom
import Streams

/// One file to check, and what is known of it.
struct FileToCheck: Sendable {
    let key: FileKey
    /// Bytes at upload.
    let size: Int64
    /// The digest computed at upload.
    let sha256: SHA256Digest
    /// What the file has now.
    let statuses: FileStatuses
    /// The checks to make.
    let checks: Set<CheckKind>
}

/// What the checks say of one file; a check that was not made has no finding.
struct FileFindings: Sendable {
    let file: FileToCheck
    var checksum: ChecksumFinding?
    var antivirus: AntivirusVerdict?
    var format: FormatFinding?
    /// Bytes read.
    var bytes: Int64 = 0
}

/// What re-reading the stored bytes gave.
enum ChecksumFinding: Sendable {
    case computed(SHA256Digest)
    case failed(String)
}

/// What the format check says.
enum FormatFinding: Sendable {
    case identified(FormatFacts, status: FileStatusValue)
    case failed(String)
}

/// Checks files, one after the other, on one thread: each is opened once and its bytes are read once, and what is read
/// goes to every check that wants it. clamd reads the same open file in its own process meanwhile.
final class FileChecker {
    private let folder: ObjectFolder
    private let engine: AntivirusEngine
    private let type: ConsignmentType
    private let policy: FormatPolicy
    private let magic: Magic
    private var scan: FormatScan
    private let meter: ProgressMeter
    private let buffer = Buffer(count: 1 << 20)
    private var clamd: ClamdSession?

    init(
        _ consignment: Consignment, in store: Store, antivirus: AntivirusEngine, signatures: Signatures,
        policy: FormatPolicy, meter: ProgressMeter
    ) throws {
        do {
            folder = try ObjectFolder(of: consignment, in: store)
        } catch {
            throw CheckError.noBytes(consignment.reference, "\(error)")
        }
        engine = antivirus
        type = consignment.type
        self.policy = policy
        scan = FormatScan(signatures.compiled)
        magic = try Magic()
        self.meter = meter
    }

    /// Makes the checks that `file` wants.
    ///
    /// - Throws: `CancellationError`; whatever else goes wrong is a finding.
    func check(_ file: FileToCheck) throws -> FileFindings {
        var findings = FileFindings(file: file)
        do {
            let open = try folder.open(file.key)
            let before = try open.status()
            guard before.kind == .regular else {
                return allFailed(&findings, "the stored object is a \(before.kind.rawValue)")
            }
            let submitted = file.checks.contains(.antivirus) ? submit(open, size: before.size) : nil
            let read: Reading
            do {
                read = try readOnce(open, size: before.size, for: file)
            } catch {
                // An answer that nobody waits for would be taken for the next file's.
                clamd = nil
                throw error
            }
            if let submitted { findings.antivirus = verdict(submitted, open) }
            findings.bytes = read.bytes
            guard read.bytes == before.size, try open.status().showsNoChange(since: before) else {
                return allFailed(&findings, "it changed while it was being checked")
            }
            if file.checks.contains(.checksum) { findings.checksum = .computed(read.digest) }
            if file.checks.contains(.format) { findings.format = format(read, of: file) }
            return findings
        } catch let fault as SystemFault {
            return allFailed(&findings, "the stored bytes cannot be read: \(fault.reason)")
        }
    }

    private func allFailed(_ findings: inout FileFindings, _ reason: String) -> FileFindings {
        if findings.file.checks.contains(.checksum) { findings.checksum = .failed(reason) }
        if findings.file.checks.contains(.format) { findings.format = .failed(reason) }
        if findings.file.checks.contains(.antivirus) { findings.antivirus = .notScanned(reason) }
        return findings
    }

    // MARK: The one read

    private struct Reading {
        var bytes: Int64 = 0
        var digest: SHA256Digest
        var format: FormatFacts?
    }

    /// Reads by position: the descriptor, and so its own position, is shared with clamd.
    private func readOnce(_ open: borrowing OpenFile, size: Int64, for file: FileToCheck) throws -> Reading {
        let wantsDigest = file.checks.contains(.checksum) || file.checks.contains(.format)
        var hasher = SHA256Hasher()
        var text = TextTest()
        var answer: MagicAnswer?
        var offset: Int64 = 0
        guard wantsDigest else { return Reading(bytes: size, digest: hasher.finish()) }
        let wantsFormat = file.checks.contains(.format)
        var scanWantsMore = wantsFormat
        if wantsFormat { scan.begin(size: size) }
        while true {
            try Task.checkCancellation()
            let count = try open.read(into: buffer.bytes, at: offset)
            let bytes = buffer.prefix(count)
            if offset == 0, wantsFormat { answer = magic.answer(for: bytes) }
            if count == 0 { break }
            hasher.update(bytes)
            if scanWantsMore { scanWantsMore = try scan.consume(bytes) }
            if wantsFormat, text.isUndecided { text.update(bytes) }
            offset += Int64(count)
            if count == buffer.bytes.count { meter.add(bytes: Int64(count)) }
            if count < buffer.bytes.count || offset > size { break }
        }
        meter.add(bytes: offset % Int64(buffer.bytes.count))
        var reading = Reading(bytes: offset, digest: hasher.finish())
        if wantsFormat, offset == size {
            let name = file.key.path.name
            let found = try scan.finish(FileSource(open, count: size), name: name)
            reading.format = FormatFacts(found, name: name, magic: answer, isText: text.isText)
        }
        return reading
    }

    private func format(_ read: Reading, of file: FileToCheck) -> FormatFinding {
        guard let facts = read.format else { return .failed("its bytes could not be identified") }
        return .identified(
            facts,
            status: FormatDecision.status(facts, digest: read.digest, size: file.size, type: type, policy: policy))
    }

    // MARK: Antivirus

    private enum Submission {
        case waiting
        case answered(AntivirusVerdict)
    }

    /// Two connections are tried before a file is left unscanned: the first may be one that clamd has closed since.
    private func submit(_ open: borrowing OpenFile, size: Int64) -> Submission {
        switch engine {
        case .missing(let reason): return .answered(.notScanned(reason))
        case .clamd(let engine):
            if size > engine.maximumFileBytes {
                return .answered(
                    .notScanned(
                        "not scanned: its \(size) bytes are more than the \(engine.maximumFileBytes) that clamd looks"
                            + " at; raise MaxFileSize and MaxScanSize in clamd.conf"))
            }
            var reason = ""
            for _ in 0..<2 {
                do throws(ClamdFault) {
                    if clamd == nil { clamd = try ClamdSession(socket: engine.socket) }
                    try clamd?.submit(open)
                    return .waiting
                } catch {
                    clamd = nil
                    reason = error.reason
                }
            }
            return .answered(.notScanned(reason))
        }
    }

    private func verdict(_ submission: Submission, _ open: borrowing OpenFile) -> AntivirusVerdict {
        if case .answered(let verdict) = submission { return verdict }
        guard let session = clamd else { return .notScanned("clamd was not asked") }
        do {
            return try session.verdict()
        } catch {
            clamd = nil
            return again(open, after: error)
        }
    }

    /// One more try on a new connection.
    private func again(_ open: borrowing OpenFile, after fault: ClamdFault) -> AntivirusVerdict {
        guard case .clamd(let engine) = engine else { return .notScanned(fault.reason) }
        do throws(ClamdFault) {
            let session = try ClamdSession(socket: engine.socket)
            try session.submit(open)
            let verdict = try session.verdict()
            clamd = session
            return verdict
        } catch {
            return .notScanned(error.reason)
        }
    }
}

/// The engine of one run.
enum AntivirusEngine: Sendable {
    case clamd(ClamdEngine)
    /// None can be used, and why: every file is left unscanned, which is no pass.
    case missing(String)
}
