import FoundationEssentials
import GRDB
import Streams

/// How a redacted copy and its original are paired, or why they are not.
private enum Pairing {
    case paired(String)
    case fault(FileStatusValue, reason: String)
}

extension Database {
    /// Pairs every redacted copy with its original (`tdr-domain` 3.5), by what people said of it, else by the names of
    /// the files in its folder; then sums up the step.
    ///
    /// Names are walked in the order of their index and looked up in it, so that no folder is ever held in memory.
    func pairRedactions(of consignment: Consignment, run: RunID, at time: Timestamp) throws {
        try move(consignment, .serverRedaction, to: .inProgress, run: run, at: time)
        var tally = TallyChange()
        var faults = 0
        try clearLeftOver(consignment, run: run, at: time, &tally)
        let finder = OriginalFinder(db: self, consignment: consignment)
        let rows = try Row.fetchCursor(
            self,
            sql: """
                SELECT file.id, path, byMetadata, own.value FROM file
                    LEFT JOIN redactionPair ON redactionPair.fileId = file.id
                    LEFT JOIN fileMetadata AS own ON own.fileId = file.id AND own.propertyName = 'OriginalFilepath'
                WHERE file.consignmentId = ? AND fileType = 'File' ORDER BY path
                """, arguments: [consignment.row])
        while let row = try rows.next() {
            try Task.checkCancellation()
            let id: Int64 = try row.value(0)
            guard let path = RelativePath(Array(try row.value(1) as Data)) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a file's row makes no sense")
            }
            let old: String? = try row.value(3)
            let pairing: Pairing
            if try row.value(2) as Bool? == true, let stated = old {
                pairing = try finder.stated(stated)
            } else if let name = RedactedName(path.name) {
                pairing = try finder.pairing(of: name, in: path)
                if case .paired(let original) = pairing {
                    if original != old {
                        try change(
                            id, in: consignment,
                            [PropertyChange(name: PropertyName.originalFilepath, old: old, new: original)], run: run,
                            at: time)
                    }
                    try setPair(id, in: consignment, byMetadata: false)
                } else if old != nil {
                    try change(
                        id, in: consignment,
                        [PropertyChange(name: PropertyName.originalFilepath, old: old, new: nil)], run: run, at: time)
                    try setPair(id, in: consignment, byMetadata: nil)
                }
            } else {
                continue
            }
            if case .fault = pairing { faults += 1 }
            try record(pairing, of: id, consignment, run: run, at: time, &tally)
        }
        try apply(tally, to: consignment)
        try move(
            consignment, .serverRedaction, to: faults == 0 ? .completed : .completedWithIssues, run: run, at: time)
    }

    /// Notes how the original of a file is known; nil when it is not.
    func setPair(_ file: Int64, in consignment: Consignment, byMetadata: Bool?) throws {
        guard let byMetadata else {
            return try cachedStatement(sql: "DELETE FROM redactionPair WHERE fileId = ?").execute(arguments: [file])
        }
        try cachedStatement(
            sql: """
                INSERT INTO redactionPair (fileId, consignmentId, byMetadata) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET byMetadata = excluded.byMetadata WHERE byMetadata <> excluded.byMetadata
                """
        ).execute(arguments: [file, consignment.row, byMetadata])
    }

    /// Sums up what the files' own checks come to, when all are known.
    func sumUpClientChecks(of consignment: Consignment, run: RunID, at time: Timestamp) throws {
        let tally = try tally(of: consignment)
        let client = tally.counts(of: .clientChecks).filter { $0.key != nil }
        let uploaded = tally[.upload, .success]
        guard try statuses(of: consignment)[.clientChecks] != nil, client.values.reduce(0, +) >= uploaded else {
            return
        }
        let issues = client[.completedWithIssues] ?? 0 > 0 || uploaded < tally.files
        let value: ConsignmentStatusValue = issues ? .completedWithIssues : .completed
        if try statuses(of: consignment)[.clientChecks] == value { return }
        try move(consignment, .clientChecks, to: .inProgress, run: run, at: time)
        try move(consignment, .clientChecks, to: value, run: run, at: time)
    }

    private func record(
        _ pairing: Pairing, of file: Int64, _ consignment: Consignment, run: RunID, at time: Timestamp,
        _ tally: inout TallyChange
    ) throws {
        let old = try statuses(ofFile: file) ?? FileStatuses()
        var new = old
        var reasons: [FileStatusType: String] = [:]
        switch pairing {
        case .paired: new[.redaction] = .success
        case .fault(let value, let reason):
            new[.redaction] = value
            reasons[.redaction] = reason
        }
        try set(new, old: old, reasons, of: file, consignment, run: run, at: time, &tally)
    }

    private func set(
        _ new: FileStatuses, old: FileStatuses, _ reasons: [FileStatusType: String], of file: Int64,
        _ consignment: Consignment, run: RunID, at time: Timestamp, _ tally: inout TallyChange
    ) throws {
        var values: [FileStatusType: FileStatusValue] = [:]
        if let redaction = new[.redaction] { values[.redaction] = redaction }
        if old[.clientChecks] != nil { values[.clientChecks] = new.clientChecks }
        let isNew = values.contains { old[$0.key] != $0.value }
        // The reason may be another where the word is the same: it names the files.
        if !isNew, reasons.isEmpty { return }
        try apply(
            FileStatusChange(row: file, values: values, reasons: reasons, old: old), in: consignment, run: run,
            at: time,
            tally: &tally)
    }

    /// Takes back what was said of files that nothing calls redacted any more: what people said of them was deleted.
    private func clearLeftOver(
        _ consignment: Consignment, run: RunID, at time: Timestamp, _ tally: inout TallyChange
    ) throws {
        let rows = try Row.fetchAll(
            self,
            sql: """
                SELECT fileStatus.fileId, path, Redaction FROM fileStatus JOIN file ON file.id = fileStatus.fileId
                    LEFT JOIN redactionPair ON redactionPair.fileId = file.id
                WHERE fileStatus.consignmentId = ? AND Redaction IS NOT NULL AND redactionPair.fileId IS NULL
                """, arguments: [consignment.row])
        for row in rows {
            let path = RelativePath(Array(try row.value(1) as Data))
            if path.flatMap({ RedactedName($0.name) }) != nil { continue }
            let file: Int64 = try row.value(0)
            let was: String = try row.value(2)
            let old = try statuses(ofFile: file) ?? FileStatuses()
            try execute(sql: "UPDATE fileStatus SET Redaction = NULL WHERE fileId = ?", arguments: [file])
            try execute(
                sql: "DELETE FROM fileReason WHERE fileId = ? AND statusType = 'Redaction'", arguments: [file])
            tally.add(FileStatusType.redaction.rawValue, was, -1)
            var new = old
            new[.redaction] = nil
            if old.problems.isEmpty != new.problems.isEmpty { tally.add(Tally.problem, "", -1) }
            try recordEvent(
                run, at: time, consignment: consignment.row, file: file, "ChecksForgotten",
                old: "{\"Redaction\":\"\(was)\"}")
            // Its problem bit and its own checks follow.
            var left = new
            left[.clientChecks] = old[.clientChecks]
            try execute(
                sql: "UPDATE fileStatus SET problem = ? WHERE fileId = ?",
                arguments: [left.problems.isEmpty ? 0 : 1, file])
            try set(new, old: left, [:], of: file, consignment, run: run, at: time, &tally)
        }
    }
}

/// Looks originals up by the index of paths.
private final class OriginalFinder {
    private let db: Database
    private let consignment: Consignment
    /// The last answers, since copies of one original follow one another.
    private var stem: (key: [UInt8], paths: [RelativePath])?
    private var original: (key: [UInt8], paths: [RelativePath])?

    init(db: Database, consignment: Consignment) {
        self.db = db
        self.consignment = consignment
    }

    func stated(_ path: String) throws -> Pairing {
        let candidates = [Array(path.utf8), bytes(ofDisplayName: path)].compactMap { RelativePath($0) }
        for candidate in candidates where try isThere(candidate) { return .paired(path) }
        return .fault(
            .noOriginalFile,
            reason: "its metadata names '\(displayName(of: Array(path.utf8)))', which is no file of the consignment")
    }

    func pairing(of name: RedactedName, in path: RelativePath) throws -> Pairing {
        let folder = path.parent.map { $0.bytes + [UInt8(ascii: "/")] } ?? []
        let twins = try files(named: folder + name.stem, kept: &stem)
        if twins.count > 1 {
            return .fault(
                .duplicateFileName, reason: "\(MentionedFiles.text(twins)) are called the same but for the extension")
        }
        let originals = try files(named: folder + name.original, kept: &original).filter { $0 != path }
        if originals.count > 1 {
            return .fault(
                .ambiguousOriginalFile, reason: "it may be of \(MentionedFiles.text(originals)); name the one it is of")
        }
        guard let found = originals.first else {
            return .fault(
                .noOriginalFile,
                reason: "no file in its folder is called '\(displayName(of: name.original))' but for the extension")
        }
        return .paired(found.text ?? found.display)
    }

    /// The files whose path without the extension, or as a whole, is `key`: three at most, which is enough to know.
    private func files(named key: [UInt8], kept: inout (key: [UInt8], paths: [RelativePath])?) throws -> [RelativePath]
    {
        if let kept, kept.key == key { return kept.paths }
        var found: [RelativePath] = []
        if let path = RelativePath(key), try isThere(path) { found.append(path) }
        // "/" follows "." in ASCII: between the two lie the names that go on with a dot.
        let rows = try Data.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT path FROM file WHERE consignmentId = ? AND path >= ? AND path < ? AND fileType = 'File'
                    ORDER BY path
                    """),
            arguments: [
                consignment.row, Data(key + [UInt8(ascii: ".")]), Data(key + [UInt8(ascii: "/")]),
            ])
        while found.count < 3, let row = try rows.next() {
            let bytes = Array(row)
            let rest = bytes[(key.count + 1)...]
            if rest.contains(UInt8(ascii: ".")) || rest.contains(UInt8(ascii: "/")) { continue }
            if let path = RelativePath(bytes) { found.append(path) }
        }
        kept = (key, found)
        return found
    }

    private func isThere(_ path: RelativePath) throws -> Bool {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT 1 FROM file WHERE consignmentId = ? AND path = ? AND fileType = 'File'"),
            arguments: [consignment.row, Data(path.bytes)]) != nil
    }
}

/// A few files in a sentence.
private enum MentionedFiles {
    static func text(_ paths: [RelativePath]) -> String {
        paths.prefix(2).map { "'\(displayName(of: $0.name))'" }.joined(separator: " and ")
            + (paths.count > 2 ? " and others" : "")
    }
}
