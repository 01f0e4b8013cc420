import Streams

/// One thread's conversation with clamd (`IDSESSION`), with several files at once.
///
/// Over a local socket files are handed over as open descriptors (`FILDES`): clamd needs no right to read them, sees no
/// names, and works in its own process while we hash. Over TCP, for files that are scanned in windows, and for objects in
/// S3, which have no descriptor, the bytes of our own read go there as a stream (`INSTREAM`).
///
/// clamd says a file is clean when it is larger than its limits, so sizes are compared here. A connection that is lost
/// costs each file that waited one more try; a file whose answer does not come costs its time and is not tried again.
final class ClamdSession: AntivirusSession {
    private static let overlapBytes = 1 << 20

    private enum Way { case descriptor, stream }

    private struct Submission {
        let size: Int64
        let way: Way
        /// The replies to come, by clamd's numbers; several for a file in windows.
        var expected: [Int] = []
        /// The connection ended while it was sent.
        var isLost = false
        /// Known before it was asked.
        var verdict: AntivirusVerdict?
        let deadline: Deadline
        /// The connection it went over.
        var connection = 0
    }

    private let engine: ClamdEngine
    private var connection: ClamdConnection?
    /// Counts connections, so that what went over an old one is known.
    private var connections = 0
    private var lastNumber = 0
    /// Replies that came before they were asked for: clamd answers in the order in which it is done.
    private var early: [Int: String] = [:]
    private var lastTicket = 0
    private var submissions: [ScanTicket: Submission] = [:]

    // The file whose bytes are coming.
    private var current: ScanTicket?
    private var streamed: Int64 = 0
    private var tail: [UInt8] = []

    init(_ engine: ClamdEngine) { self.engine = engine }

    let depth = 8

    var wantsBytes: Bool { current.flatMap { submissions[$0] }.map { $0.way == .stream && $0.verdict == nil } ?? false }

    // MARK: A file

    func begin(_ file: OpenBytes, _ subject: ScanSubject) -> ScanTicket {
        lastTicket += 1
        let ticket = lastTicket
        current = ticket
        let hasDescriptor = engine.takesDescriptors && file.file != nil
        let limit = hasDescriptor ? engine.maximumBytes : engine.maximumStreamBytes
        let fits = subject.size <= limit
        let way = hasDescriptor && fits ? Way.descriptor : .stream
        submissions[ticket] = Submission(
            size: subject.size, way: way, deadline: Deadline(seconds: engine.policy.fileSeconds))
        if !fits, engine.policy.oversize == .fail {
            submissions[ticket]?.verdict = tooLarge(subject.size, limit)
            return ticket
        }
        submit(ticket, file, tries: 2)
        return ticket
    }

    private func tooLarge(_ size: Int64, _ limit: Int64) -> AntivirusVerdict {
        if engine.configuration == nil, engine.policy.clamdMaximumBytes == nil {
            return .notScanned(
                "not scanned: its \(size) bytes are more than the \(limit) that any clamd looks at, and the"
                    + " configuration of this one is not known; say what it looks at with --clamd-max-size, name its"
                    + " clamd.conf with --clamd, or scan in windows (--oversize windows)")
        }
        return .notScanned(
            "not scanned: its \(size) bytes are more than the \(limit) that clamd looks at; raise MaxFileSize,"
                + " MaxScanSize and StreamMaxLength in clamd.conf, or scan in windows (--oversize windows)")
    }

    /// The first connection may be one that clamd has closed since.
    private func submit(_ ticket: ScanTicket, _ file: OpenBytes, tries: Int) {
        var fault = ClamdFault(.unreachable, "clamd was not asked")
        for _ in 0..<tries {
            do throws(ClamdFault) {
                let connection = try open()
                submissions[ticket]?.connection = connections
                guard let submission = submissions[ticket] else { return }
                switch submission.way {
                case .descriptor:
                    guard let open = file.file else { throw ClamdFault(.unusable, "the file has no descriptor") }
                    try connection.send("zFILDES\0", until: submission.deadline)
                    try connection.sendDescriptor(of: open.file, until: submission.deadline)
                case .stream:
                    streamed = 0
                    tail = []
                    try connection.send("zINSTREAM\0", until: submission.deadline)
                }
                lastNumber += 1
                submissions[ticket]?.expected = [lastNumber]
                return
            } catch {
                drop(after: error)
                fault = error
                if error.kind == .cancelled || error.kind == .silent { break }
            }
        }
        submissions[ticket]?.verdict = .notScanned(fault.reason)
    }

    private func open() throws(ClamdFault) -> ClamdConnection {
        if let connection { return connection }
        let made = try engine.connect()
        try made.send("zIDSESSION\0", until: Deadline(seconds: engine.policy.fileSeconds))
        connection = made
        connections += 1
        lastNumber = 0
        early = [:]
        return made
    }

    private func drop(after fault: ClamdFault) {
        if fault.kind == .lost, let connection { takeLastWords(of: connection) }
        connection = nil
        if fault.kind == .silent { engine.wasSilent() }
    }

    /// What clamd said before it closed still counts.
    private func takeLastWords(of connection: ClamdConnection) {
        while let reply = try? connection.reply(until: Deadline(seconds: 0)) {
            if let colon = reply.firstIndex(of: ":"), let number = Int(reply[..<colon]) { early[number] = reply }
        }
        for (ticket, submission) in submissions where submission.connection == connections {
            guard submission.verdict == nil, submission.expected.count == 1, let number = submission.expected.first,
                let reply = early.removeValue(forKey: number)
            else { continue }
            submissions[ticket]?.verdict = try? ClamdSession.verdict(in: reply)
        }
    }

    func consume(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard let ticket = current, let submission = submissions[ticket], submission.way == .stream,
            submission.verdict == nil, !submission.isLost
        else { return }
        do throws(ClamdFault) {
            var rest = bytes
            while !rest.isEmpty {
                if streamed == engine.maximumStreamBytes { try turnWindow(ticket, submission.deadline) }
                let count = min(rest.count, Int(clamping: engine.maximumStreamBytes - streamed))
                let piece = UnsafeRawBufferPointer(rebasing: rest[..<count])
                try stream(piece, submission.deadline)
                keep(piece, of: submission.size)
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        } catch {
            lose(ticket, error)
        }
    }

    private func stream(_ bytes: UnsafeRawBufferPointer, _ deadline: Deadline) throws(ClamdFault) {
        guard let connection else { throw ClamdFault(.lost, "clamd has closed the connection") }
        var length = UInt32(bytes.count).bigEndian
        var header: [UInt8] = []
        withUnsafeBytes(of: &length) { header += $0 }
        do {
            try header.withUnsafeBytes { try connection.send($0, until: deadline) }
        } catch let fault as ClamdFault {
            throw fault
        } catch {
            throw ClamdFault(.lost, "\(error)")
        }
        try connection.send(bytes, until: deadline)
        streamed += Int64(bytes.count)
    }

    /// The last bytes, with which the next window begins.
    private func keep(_ piece: UnsafeRawBufferPointer, of size: Int64) {
        guard size > engine.maximumStreamBytes else { return }
        let overlap = overlap
        if piece.count >= overlap {
            tail = Array(piece.suffix(overlap))
        } else {
            tail = tail.suffix(overlap - piece.count) + piece
        }
    }

    private var overlap: Int { min(ClamdSession.overlapBytes, Int(engine.maximumStreamBytes / 4)) }

    private func turnWindow(_ ticket: ScanTicket, _ deadline: Deadline) throws(ClamdFault) {
        try endStream(deadline)
        guard let connection else { throw ClamdFault(.lost, "clamd has closed the connection") }
        try connection.send("zINSTREAM\0", until: deadline)
        lastNumber += 1
        submissions[ticket]?.expected.append(lastNumber)
        streamed = 0
        let again = tail
        do {
            try again.withUnsafeBytes { try stream($0, deadline) }
        } catch let fault as ClamdFault {
            throw fault
        } catch {
            throw ClamdFault(.lost, "\(error)")
        }
    }

    private func endStream(_ deadline: Deadline) throws(ClamdFault) {
        guard let connection else { throw ClamdFault(.lost, "clamd has closed the connection") }
        try connection.send("\0\0\0\0", until: deadline)
    }

    /// The stream broke. When clamd said why before it closed, that is the answer; when it did not, the file has another
    /// try as soon as its verdict is asked for.
    private func lose(_ ticket: ScanTicket, _ fault: ClamdFault) {
        let said = fault.kind == .lost ? try? connection?.reply(until: Deadline(seconds: 2)) : nil
        drop(after: fault)
        if let said {
            submissions[ticket]?.verdict = .notScanned("clamd: \(ClamdSession.answer(in: said))")
        } else if fault.kind == .lost {
            submissions[ticket]?.isLost = true
        } else {
            submissions[ticket]?.verdict = .notScanned(fault.reason)
        }
    }

    func end() {
        guard let ticket = current, let submission = submissions[ticket] else { return }
        current = nil
        guard submission.way == .stream, submission.verdict == nil, !submission.isLost else { return }
        do throws(ClamdFault) { try endStream(submission.deadline) } catch { lose(ticket, error) }
    }

    func abandon(_ ticket: ScanTicket) {
        guard let submission = submissions.removeValue(forKey: ticket) else { return }
        if current == ticket { current = nil }
        // A stream in the middle cannot be ended as if it were whole; and an answer that nobody waits for would have to
        // be told from the next file's.
        if submission.verdict == nil { connection = nil }
    }

    // MARK: Its verdict

    func verdict(of ticket: ScanTicket, _ file: OpenBytes) -> AntivirusVerdict {
        guard let submission = submissions.removeValue(forKey: ticket) else {
            return .notScanned("clamd was not asked")
        }
        if let verdict = submission.verdict { return verdict }
        do throws(ClamdFault) {
            return try collect(submission)
        } catch {
            drop(after: error)
            return error.kind == .lost ? again(file, submission) : .notScanned(error.reason)
        }
    }

    private func collect(_ submission: Submission) throws(ClamdFault) -> AntivirusVerdict {
        guard let connection, submission.connection == connections, !submission.isLost else {
            throw ClamdFault(.lost, "clamd has closed the connection without an answer")
        }
        // Time begins to run when nobody else is before it.
        let deadline = Deadline(seconds: engine.policy.fileSeconds)
        var verdicts: [AntivirusVerdict] = []
        for number in submission.expected {
            verdicts.append(try ClamdSession.verdict(in: reply(number, of: submission, connection, deadline)))
        }
        engine.answered()
        guard verdicts.count > 1 else { return verdicts.first ?? .notScanned("clamd was not asked") }
        return whole(verdicts)
    }

    /// The reply with this number. Only numbers that were given out and not answered yet are clamd's to use.
    private func reply(
        _ number: Int, of submission: Submission, _ connection: ClamdConnection, _ deadline: Deadline
    ) throws(ClamdFault) -> String {
        while true {
            if let reply = early.removeValue(forKey: number) { return reply }
            let reply = try connection.reply(until: deadline)
            guard let colon = reply.firstIndex(of: ":"), let found = Int(reply[..<colon]), early[found] == nil,
                submission.expected.contains(found) || isAwaited(found)
            else { throw ClamdFault(.nonsense, "clamd gives an answer that is none: '\(reply.prefix(80))'") }
            early[found] = reply
        }
    }

    private func isAwaited(_ number: Int) -> Bool {
        submissions.values.contains { $0.connection == connections && $0.expected.contains(number) }
    }

    /// The verdict on a file from those on its windows.
    private func whole(_ windows: [AntivirusVerdict]) -> AntivirusVerdict {
        let found = windows.compactMap { if case .found(let name) = $0 { name } else { nil } }
        if let name = found.first { return .found(name) }
        for case .notScanned(let reason) in windows { return .notScanned(reason) }
        return .cleanInWindows(
            "scanned in \(windows.count) windows of \(engine.maximumStreamBytes) bytes that overlap by \(overlap)")
    }

    /// One more try on a new connection. A stream's bytes are read a second time.
    private func again(_ file: OpenBytes, _ submission: Submission) -> AntivirusVerdict {
        lastTicket += 1
        let ticket = lastTicket
        submissions[ticket] = Submission(
            size: submission.size, way: submission.way, deadline: Deadline(seconds: engine.policy.fileSeconds))
        submit(ticket, file, tries: 1)
        if submission.way == .stream {
            current = ticket
            do {
                try file.source.forEachPiece { consume($0, at: $1) }
                end()
            } catch {
                abandon(ticket)
                return .notScanned("its bytes cannot be read: \(error)")
            }
        }
        guard let second = submissions.removeValue(forKey: ticket) else { return .notScanned("clamd was not asked") }
        if let verdict = second.verdict { return verdict }
        do throws(ClamdFault) {
            return try collect(second)
        } catch {
            drop(after: error)
            return .notScanned("\(error.reason), twice")
        }
    }

    /// `3: fd[11]: OK`, `3: stream: Eicar-Test FOUND`, `3: fd[11]: … ERROR`: what follows number and place.
    private static func answer(in reply: String) -> String {
        reply.split(separator: ": ", maxSplits: 2).last.map(String.init) ?? reply
    }

    private static func verdict(in reply: String) throws(ClamdFault) -> AntivirusVerdict {
        let answer = answer(in: reply)
        if answer == "OK" { return .clean }
        if answer.hasSuffix(" FOUND") {
            let name = String(answer.dropLast(6))
            // With AlertExceedsMax clamd reports so what it did not look at to the end.
            if name.hasPrefix("Heuristics.Limits.Exceeded") { return .notScanned("not scanned to the end: \(name)") }
            return .found(name)
        }
        if answer.hasSuffix(" ERROR") { return .notScanned("clamd: \(answer.dropLast(6))") }
        throw ClamdFault(.nonsense, "clamd gives an answer that is none: '\(reply.prefix(80))'")
    }
}
