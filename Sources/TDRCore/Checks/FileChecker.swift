import Glibc
import Pronom
import S3
import Streams

/// Checks files, one after the other, on one thread: each is opened once and its bytes are read once, and what is read
/// goes to every check that wants it.
///
/// An antivirus engine in another process may have several files at once: their verdicts are fetched while later files
/// are read.
final class FileChecker {
    private static let pieceBytes = 1 << 20
    /// From here on a file is named while it is at work, bytes.
    private static let largeBytes: Int64 = 64 << 20

    private let engines: AntivirusEngines
    private let sessions: [any AntivirusSession]
    private let depth: Int
    private let policy: FormatPolicy
    /// nil when nobody wants its opinion.
    private let magic: Magic?
    private var scan: FormatScan
    private let meter: ProgressMeter
    private let buffer = Buffer(count: FileChecker.pieceBytes)

    init(
        antivirus: AntivirusEngines, signatures: Signatures, policy: FormatPolicy, asksMagic: Bool = true,
        meter: ProgressMeter
    ) throws {
        engines = antivirus
        sessions = antivirus.engines.map { $0.session() }
        depth = sessions.map(\.depth).max() ?? 1
        self.policy = policy
        scan = FormatScan(signatures.compiled)
        magic = asksMagic ? try Magic() : nil
        self.meter = meter
    }

    /// A file that was read and whose verdicts are still to come.
    private struct Waiting {
        let index: Int
        let open: OpenBytes
        let reading: Reading
        let tickets: [ScanTicket]
        /// The verdicts of engines that answer at once.
        let verdicts: [AntivirusVerdict?]
    }

    /// Makes the checks that the files want; their findings, in the same order.
    ///
    /// - Throws: `CancellationError`; what a server says that cannot be asked for any bytes now. Whatever else goes wrong
    ///   is a finding.
    func check(
        _ files: [FileToCheck], in bytes: any CheckedBytes, type: ConsignmentType
    ) throws -> [FileFindings] {
        var findings = files.map { FileFindings(file: $0) }
        var waiting: [Waiting] = []
        var settled = 0
        do {
            for index in files.indices {
                guard let next = try begin(index, in: bytes, &findings[index]) else { continue }
                waiting.append(next)
                while waiting.count - settled >= depth {
                    settle(waiting[settled], &findings[waiting[settled].index], type)
                    settled += 1
                }
            }
            for one in waiting[settled...] {
                try Task.checkCancellation()
                settle(one, &findings[one.index], type)
                settled += 1
            }
            try Task.checkCancellation()
        } catch {
            for one in waiting[settled...] { abandon(one.tickets) }
            throw error
        }
        return findings
    }

    private func abandon(_ tickets: [ScanTicket]) {
        for (session, ticket) in zip(sessions, tickets) { session.abandon(ticket) }
    }

    /// Opens and reads one file; nil when there is nothing to wait for.
    private func begin(
        _ index: Int, in bytes: any CheckedBytes, _ findings: inout FileFindings
    ) throws -> Waiting? {
        let file = findings.file
        do {
            let open = try bytes.open(file)
            findings.modified = open.modified
            guard open.kind == .regular else {
                findings.fail("\(bytes.noun) cannot be read: it is a \(open.kind.rawValue)")
                return nil
            }
            var tickets: [ScanTicket] = []
            if file.checks.contains(.antivirus) {
                let subject = ScanSubject(size: open.size, name: file.key.path.name, path: file.key.path.bytes)
                tickets = sessions.map { $0.begin(open, subject) }
            }
            do {
                let isLarge = open.size >= FileChecker.largeBytes
                if isLarge { meter.began(file.key.path) }
                defer { if isLarge { meter.ended(file.key.path) } }
                let reading = try readOnce(open.source, for: file)
                let verdicts = zip(sessions, tickets).map { session, ticket in
                    session.end()
                    return session.depth == 1 ? session.verdict(of: ticket, open) : nil
                }
                return Waiting(
                    index: index, open: open, reading: reading, tickets: tickets, verdicts: verdicts)
            } catch {
                abandon(tickets)
                throw error
            }
        } catch let fault as SystemFault {
            findings.fail("\(bytes.noun) cannot be read: \(fault.reason)")
            return nil
        } catch let changed as S3ObjectChanged {
            findings.fail("\(bytes.noun) cannot be read: \(changed)")
            return nil
        }
    }

    /// Fetches what is still to come of a file, and says what it all means.
    private func settle(_ one: Waiting, _ findings: inout FileFindings, _ type: ConsignmentType) {
        let file = findings.file
        findings.bytes = one.reading.bytes
        var verdicts: [AntivirusVerdict] = []
        for (index, ticket) in one.tickets.enumerated() {
            verdicts.append(one.verdicts[index] ?? sessions[index].verdict(of: ticket, one.open))
        }
        do {
            guard one.reading.bytes == one.open.size, try one.open.isUnchanged() else {
                return findings.fail("it changed while it was being checked")
            }
        } catch {
            return findings.fail("its bytes cannot be read: \(error)")
        }
        if file.checks.contains(.antivirus) {
            findings.antivirus = AntivirusFinding(verdict: engines.summary(verdicts), byEngine: verdicts)
        }
        if file.checks.contains(.checksum) { findings.checksum = .computed(one.reading.digest) }
        if file.checks.contains(.format) { findings.format = format(one.reading, of: file, type) }
    }

    // MARK: The one read

    private struct Reading {
        var bytes: Int64 = 0
        var digest: SHA256Digest
        var format: FormatFacts?
    }

    /// Reads by position: the descriptor, and so its own position, is shared with clamd.
    private func readOnce(_ open: any ByteSource, for file: FileToCheck) throws -> Reading {
        let size = open.count
        let wantsFormat = file.checks.contains(.format)
        let wantsDigest = wantsFormat || file.checks.contains(.checksum)
        let listeners = file.checks.contains(.antivirus) ? sessions.filter(\.wantsBytes) : []
        var hasher = SHA256Hasher()
        var text = TextTest()
        var answer: MagicAnswer?
        var offset: Int64 = 0
        if !wantsDigest, listeners.isEmpty { return Reading(bytes: size, digest: hasher.finish()) }
        var scanWantsMore = wantsFormat
        if wantsFormat { scan.begin(size: size) }
        while true {
            try Task.checkCancellation()
            let count = try open.read(into: buffer.bytes, at: offset)
            let bytes = buffer.prefix(count)
            if offset == 0, wantsFormat { answer = magic?.answer(for: bytes) }
            if count == 0 { break }
            if wantsDigest { hasher.update(bytes) }
            if scanWantsMore { scanWantsMore = try scan.consume(bytes) }
            if wantsFormat, text.isUndecided { text.update(bytes) }
            for session in listeners { session.consume(bytes, at: offset) }
            offset += Int64(count)
            if count == buffer.bytes.count { meter.add(bytes: Int64(count)) }
            if count < buffer.bytes.count || offset > size { break }
        }
        meter.add(bytes: offset % Int64(buffer.bytes.count))
        var reading = Reading(bytes: offset, digest: hasher.finish())
        if wantsFormat, offset == size {
            let name = file.key.path.name
            let found = try scan.finish(open, name: name)
            reading.format = FormatFacts(found, name: name, magic: answer, isText: text.isText)
        }
        return reading
    }

    private func format(_ read: Reading, of file: FileToCheck, _ type: ConsignmentType) -> FormatFinding {
        guard let facts = read.format else { return .failed("its bytes could not be identified") }
        return .identified(
            facts,
            status: FormatDecision.status(facts, digest: read.digest, size: file.size, type: type, policy: policy))
    }
}
