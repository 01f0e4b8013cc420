import Archives
public import Streams

/// The forms of the failure report.
public enum ReportForm: String, Sendable, CaseIterable {
    case csv, xlsx, html
}

extension FailureReport {
    /// Writes the report in one of its forms.
    ///
    /// - Parameters:
    ///   - time: When it was made, for the forms that say so.
    ///   - scratch: A folder for the rows while there are too many for memory.
    ///   - hasCommands: Whether the page names command lines, for people who have a terminal.
    ///   - sink: Gets the bytes in order.
    public func write(
        _ form: ReportForm, at time: Timestamp, scratch: BytePath, hasCommands: Bool = true,
        to sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch form {
        case .xlsx: try writeWorkbook(at: time, scratch: scratch, sink: sink)
        case .csv: try writeCSV(to: sink)
        case .html: try writePage(at: time, scratch: scratch, hasCommands: hasCommands, to: sink)
        }
    }

    private func writeCSV(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        var line: [UInt8] = []
        func put(_ cells: [String]) throws {
            line.removeAll(keepingCapacity: true)
            CSV.append(cells, to: &line)
            try line.withUnsafeBytes { try sink($0) }
        }
        try put(titles)
        try forEachRow { try put(FailureReport.cells($0).map(FailureReport.asText)) }
    }

    /// A CSV field has no type, and spreadsheets compute what begins as a formula: an apostrophe in front keeps it text.
    package static func asText(_ field: String) -> String {
        WorkbookWriter.looksLikeFormula(field) ? "'" + field : field
    }

    private func writePage(
        at time: Timestamp, scratch: BytePath, hasCommands: Bool, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        func put(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try sink($0) } }
        let page = FailurePage(self, made: time, hasCommands: hasCommands)
        try put(page.head)
        var last: RelativePath?
        try forEachRow { row in
            try put(page.row(row, isFirst: row.path != last))
            last = row.path
        }
        try put(page.endOfTable)
        var group: (LikenessKind, Int)?
        try forEachLikeEntry(scratch: scratch) { entry in
            let isFirst = group?.0 != entry.kind || group?.1 != entry.group
            try put(page.like(entry, isFirst: isFirst, isFirstOfAll: group == nil))
            group = (entry.kind, entry.group)
        }
        if group != nil { try put(page.endOfTable) }
        try put(page.foot)
    }
}
