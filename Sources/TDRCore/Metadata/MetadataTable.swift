import Delimited
import Streams

/// Reads a table of metadata against a consignment: every finding is told, every change that would be is handed on.
struct MetadataTable {
    typealias Told = (MetadataFinding) throws -> Void
    typealias Changes = (MetadataTarget, [PropertyChange]) throws -> Void

    let schema: MetadataSchema
    let desk: FileMetadataDesk
    /// What files have unless they have their own.
    let defaults: [String: String]
    /// The day before which dates must be.
    let today: String
    /// Whether files may be missing in the table.
    let isPartial: Bool

    /// Columns of a table, by their places.
    private struct Columns {
        var count = 0
        var key: Int?
        /// The place of each column's property in the schema; nil for one that was refused.
        var properties: [Int?] = []
        var isReadable = true
    }

    /// Reads it all.
    func read(
        _ reader: inout RecordReader, changes: Changes, told: Told
    ) throws -> MetadataSummary {
        var summary = MetadataSummary(schemaVersion: schema.version)
        func tell(_ finding: MetadataFinding) throws {
            summary.findings += 1
            try told(finding)
        }
        var seen: [Int64: Int] = [:]
        do {
            guard try reader.next() else {
                try tell(ofTable("INVALID_CSV", "", "the table is empty", "begin with tdr metadata template"))
                return summary
            }
            let columns = try columns(of: reader, tell)
            guard let key = columns.key, columns.isReadable else { return summary }
            let base = schema.properties.map { defaults[$0.name] ?? "" }
            while try reader.next() {
                try Task.checkCancellation()
                summary.rows += 1
                guard let target = try target(reader, key, columns, &seen, tell) else { continue }
                let changed = try row(reader, columns, target, base, tell)
                if changed.isEmpty { continue }
                summary.changed += 1
                if summary.findings == 0 { try changes(target, changed) }
            }
        } catch let fault as DelimitedFault {
            try tell(
                MetadataFinding(
                    row: fault.record, column: nil, property: nil, path: nil, value: "",
                    rule: fault.isEncoding ? "UTF_8" : "INVALID_CSV", message: "\(fault)",
                    remedy: "mend the file; nothing after this place was read"))
            return summary
        }
        if isPartial { return summary }
        try desk.forEachFile { file in
            if seen[file.row] != nil { return }
            try tell(
                MetadataFinding(
                    row: nil, column: nil, property: nil, path: file.path.display, value: "", rule: "MISSING_ROW",
                    message: "no row names this file",
                    remedy: "add a row for it, or say --partial to leave the metadata of other files as it is"))
        }
        return summary
    }

    private func ofTable(_ rule: String, _ value: String, _ message: String, _ remedy: String) -> MetadataFinding {
        MetadataFinding(
            row: 1, column: value.isEmpty ? nil : value, property: nil, path: nil, value: value, rule: rule,
            message: message, remedy: remedy)
    }

    private func columns(of reader: borrowing RecordReader, _ tell: Told) throws -> Columns {
        var columns = Columns()
        columns.count = reader.count
        var first: [Int: Int] = [:]
        for index in 0..<reader.count {
            let title = reader.field(index).trimmed
            guard let place = schema.place(ofTitle: title) else {
                try tell(
                    ofTable(
                        "ADDITIONAL_HEADER", title, "column \(index + 1) has a title that the schema does not know",
                        "remove the column, or add the property to a schema of your own (--schema)"))
                columns.properties.append(nil)
                continue
            }
            let property = schema.properties[place]
            if let other = first[place] {
                try tell(
                    ofTable(
                        "DUPLICATE_HEADER", title, "columns \(other + 1) and \(index + 1) have the same title",
                        "remove one of them"))
                columns.isReadable = false
            } else if property.role == .hidden {
                try tell(
                    ofTable(
                        "PROTECTED_FIELD", title, "Protected metadata property found: \(property.name)",
                        "remove the column"))
            }
            first[place] = first[place] ?? index
            columns.properties.append(property.role == .hidden ? nil : place)
            if property.role == .key { columns.key = columns.key ?? index }
        }
        if columns.key == nil {
            let title = schema.properties.first { $0.role == .key }?.title ?? ""
            try tell(
                ofTable("SCHEMA_REQUIRED", title, "there is no such column", "begin with tdr metadata template"))
        }
        return columns
    }

    /// The file that a row names, when the row can be read.
    private func target(
        _ reader: borrowing RecordReader, _ key: Int, _ columns: Columns, _ seen: inout [Int64: Int], _ tell: Told
    ) throws -> MetadataTarget? {
        let cell = key < reader.count ? reader.field(key) : ""
        func finding(_ rule: String, _ message: String, _ remedy: String) -> MetadataFinding {
            MetadataFinding(
                row: reader.record, column: nil, property: nil, path: cell, value: cell, rule: rule, message: message,
                remedy: remedy)
        }
        let target = try file(named: cell)
        if let target {
            if let other = seen.updateValue(reader.record, forKey: target.row) {
                try tell(finding("DUPLICATE_ROW", "row \(other) names the same file", "remove one of the rows"))
                return nil
            }
        }
        guard reader.count == columns.count else {
            try tell(
                finding(
                    "INVALID_CSV", "the row has \(reader.count) fields, the titles \(columns.count)",
                    "quote fields with commas, or add what is missing"))
            return nil
        }
        if target == nil {
            try tell(
                finding(
                    "UNKNOWN_ROW", "the consignment has no such file",
                    "write the path as tdr metadata template writes it"))
        }
        return target
    }

    /// The file of a path as the template writes it, or as it is.
    private func file(named cell: String) throws -> MetadataTarget? {
        var text = cell.utf8[...]
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        let plain = Array(text)
        if plain.contains(UInt8(ascii: "\\")) {
            let bytes = bytes(ofDisplayName: String(decoding: plain, as: UTF8.self))
            if let path = RelativePath(bytes), let file = try desk.file(at: path) { return file }
        }
        return try RelativePath(plain).flatMap { try desk.file(at: $0) }
    }

    /// What a row changes; what is wrong with it is told.
    private func row(
        _ reader: borrowing RecordReader, _ columns: Columns, _ target: MetadataTarget, _ base: [String], _ tell: Told
    ) throws -> [PropertyChange] {
        let row = reader.record
        var given: [(place: Int, cell: String)] = []
        for index in 0..<columns.count {
            guard let place = columns.properties[index] else { continue }
            given.append((place, reader.field(index)))
        }
        return try changes(of: target, base, given) { fault in
            let property = fault.place.map { schema.properties[$0] }
            try tell(
                MetadataFinding(
                    row: row, column: property?.title, property: property?.name, path: target.path.display,
                    value: fault.value, rule: fault.rule, message: fault.message, remedy: fault.remedy))
        }
    }

    /// What is wrong with what is said of a file.
    struct Fault {
        /// The place of the property in the schema.
        let place: Int?
        let value: String
        let rule: String
        let message: String
        let remedy: String
    }

    /// What cells, each for the property at a place of the schema, change in a file; what is wrong is told.
    ///
    /// - Parameter base: What files have unless they have their own, by the places of the schema.
    func changes(
        of target: MetadataTarget, _ base: [String], _ given: [(place: Int, cell: String)],
        told: (Fault) throws -> Void
    ) throws -> [PropertyChange] {
        let own = try desk.own(target)
        var state = MetadataState(inForce: base, given: base)
        for (name, value) in own {
            guard let place = schema.place(ofName: name) else { continue }
            state.inForce[place] = value
            state.given[place] = value
        }
        var changed: [PropertyChange] = []
        var cells: [Int: String] = [:]
        for (place, cell) in given {
            let property = schema.properties[place]
            switch property.role {
            case .key, .hidden: continue
            case .system:
                if cell.isEmpty || cell == MetadataTable.systemCell(property.name, target) { continue }
                try told(
                    Fault(
                        place: place, value: cell, rule: "PROTECTED_FIELD",
                        message: "Protected metadata property found: \(property.name)",
                        remedy: "restore the value or remove the column"))
                continue
            case .given, .path: break
            }
            let trimmed = cell.trimmed
            cells[place] = cell
            var value = ""
            if !trimmed.isEmpty {
                var faults: [ValueFault] = []
                let isText = if case .text = property.kind { !property.isMultiple } else { false }
                value = property.value(isText ? cell : trimmed, today: today, faults: &faults)
                if property.role == .path { value = try self.path(trimmed, of: target, &faults) }
                for fault in faults {
                    try told(
                        Fault(
                            place: place, value: cell, rule: fault.rule, message: fault.message, remedy: fault.remedy))
                }
            }
            state.given[place] = value
            state.inForce[place] = value.isEmpty ? base[place] : value
            // What is as it is by default needs no row of its own.
            let new = value.isEmpty || value == base[place] ? nil : value
            let old = own[property.name]
            if old != new { changed.append(PropertyChange(name: property.name, old: old, new: new)) }
        }
        for rule in schema.broken(state) {
            let place = rule.place
            let value = place.map { cells[$0] ?? state.given[$0] } ?? ""
            try told(
                Fault(
                    place: place, value: value, rule: rule.id, message: MetadataTable.message(rule, place, schema),
                    remedy: rule.remedy))
        }
        return changed
    }

    private func path(_ cell: String, of target: MetadataTarget, _ faults: inout [ValueFault]) throws -> String {
        guard let original = try file(named: cell) else {
            faults.append(
                ValueFault(
                    rule: "value.path", message: "is no file of the consignment",
                    remedy: "write the path as tdr metadata template writes it"))
            return cell
        }
        if original.row == target.row {
            faults.append(
                ValueFault(
                    rule: "value.path", message: "is the file itself", remedy: "name the file that it was made from"))
        }
        return original.path.text ?? original.path.display
    }

    private static func message(_ rule: MetadataRule, _ place: Int?, _ schema: MetadataSchema) -> String {
        let title = place.map { "'\(schema.properties[$0].title)'" } ?? "the row"
        return switch rule.claim {
        case .isGiven: "\(title) is missing"
        case .not(.isGiven): "\(title) must be empty"
        case .isOne(_, let words): "\(title) must be \(words.sorted().joined(separator: " or "))"
        case .sameCount(_, let other):
            "\(title) and '\(schema.properties[other].title)' have not as many values as one another"
        default: "\(title) breaks the rule"
        }
    }

    /// What the template shows of a property that only the system may set.
    static func systemCell(_ name: String, _ target: MetadataTarget) -> String {
        switch name {
        case "Filename": displayName(of: target.path.name)
        case "ClientSideFileLastModifiedDate": target.modified.map { Timestamp(nanoseconds: $0).local } ?? ""
        default: ""
        }
    }
}
