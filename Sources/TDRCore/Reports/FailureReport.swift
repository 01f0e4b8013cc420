import Archives
public import Streams

/// One finding of one file, as the original's report has it.
public struct FailureRow: Sendable {
    /// The file.
    public let path: RelativePath
    /// What was looked at.
    public let type: FileStatusType
    /// What was found.
    public let value: FileStatusValue
    /// What to do, in plain words.
    public let action: String
    /// What is wrong, and the reason where there is one.
    public let details: String
    /// The names of the formats it matches.
    public let formats: [String]
    /// Their PRONOM ids.
    public let puids: [String]
    /// Commands that put it right, the likeliest first.
    public let commands: [String]
}

/// The report of what failed: one row for each finding that somebody must act on.
public struct FailureReport: Sendable {
    /// The consignment.
    public let consignment: Consignment
    /// What is said of each finding.
    public let advice: Advice
    private let store: Store

    /// The report on a consignment of `store`.
    public init(_ consignment: Consignment, in store: Store, advice: Advice = .standard) {
        self.consignment = consignment
        self.store = store
        self.advice = advice
    }

    /// The titles of the columns, the original's in its order: Filepath, Filename, Action Required, Error Details, File
    /// Format, PUID.
    public var titles: [String] {
        ["Filepath", "Filename", "ActionRequired", "ErrorDetails", "FileFormat", "PUID"].map { advice.title($0) }
    }

    /// Calls `body` with each row, file by file in the order in which they were taken.
    public func forEachRow(_ body: (FailureRow) throws -> Void) throws {
        try store.forEachFile(of: consignment, .withProblems) { file in
            for row in rows(of: file) { try body(row) }
        }
    }

    /// The rows of one file, of which formats and reasons must be known.
    public func rows(of file: FileReport) -> [FailureRow] {
        FailureReport.findings(of: file).map { row(file, $0.type, $0.value) }
    }

    /// Calls `body` with each entry that is like others, group by group; they are sorted in a file in `scratch`.
    public func forEachLikeEntry(scratch: BytePath, _ body: (LikeEntry) throws -> Void) throws {
        try store.compareEntries(of: consignment, scratch: scratch, body)
    }

    /// Command lines that put a file right, the likeliest first; none for a file without findings.
    public static func commands(for file: FileReport, in consignment: Consignment) -> [String] {
        var out: [String] = []
        for (type, value) in findings(of: file) {
            for command in Remedies.commands(type, value, of: file.path, in: consignment) where !out.contains(command) {
                out.append(command)
            }
        }
        return out
    }

    /// The findings that stand for something of their own: `ClientChecks` sums others up, and what could not be read is one
    /// finding, not two.
    static func findings(of file: FileReport) -> [(type: FileStatusType, value: FileStatusValue)] {
        let all = file.statuses.problems
        return all.filter { problem in
            switch problem.type {
            case .clientChecks: all.count == 1
            case .serverChecksum: file.statuses[.checksumMatch] != .failed
            default: true
            }
        }
    }

    private func row(_ file: FileReport, _ type: FileStatusType, _ value: FileStatusValue) -> FailureRow {
        let entry = advice.entry(type, value)
        let reason = file.reasons[type] ?? (type == .checksumMatch ? file.reasons[.serverChecksum] : nil)
        return FailureRow(
            path: file.path, type: type, value: value, action: sentence(entry.action),
            details: sentence(entry.found) + (reason.map { ": \($0)" } ?? ""),
            formats: file.formats.compactMap { $0.formatName ?? $0.description },
            puids: file.formats.compactMap(\.puid),
            commands: Remedies.commands(type, value, of: file.path, in: consignment, advice: advice))
    }

    private func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// The cells of a row, in the order of ``titles``.
    public static func cells(_ row: FailureRow) -> [String] {
        [
            row.path.display, displayName(of: row.path.name), row.action, row.details,
            row.formats.joined(separator: "|"),
            row.puids.joined(separator: "|"),
        ]
    }

    /// Writes the report as an Office Open XML workbook, the status and its value in two hidden columns in front.
    ///
    /// - Parameters:
    ///   - scratch: A folder for the rows while there are too many for memory.
    ///   - sink: Gets the bytes in order.
    public func writeWorkbook(
        at time: Timestamp, scratch: BytePath, sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let workbook = WorkbookWriter(
            sheet: "Failures",
            columns: [
                .init("StatusType", isHidden: true), .init("StatusValue", isHidden: true), .init(titles[0], width: 50),
                .init(titles[1], width: 30), .init(titles[2], width: 50), .init(titles[3], width: 50),
                .init(titles[4], width: 30), .init(titles[5], width: 15),
            ], scratch: scratch)
        try forEachRow { row in
            try workbook.add([row.type.rawValue, row.value.rawValue] + FailureReport.cells(row))
        }
        try workbook.finish(modifiedSeconds: time.seconds, sink: sink)
    }
}
