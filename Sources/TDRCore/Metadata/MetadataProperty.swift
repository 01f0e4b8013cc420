/// A property of files: what a value of it must be.
struct MetadataProperty: Sendable {
    /// What its column is for.
    enum Role: String, Sendable {
        /// Names the file.
        case key
        /// Known by the system; a table may show it, but not change it.
        case system
        /// Known by the system; no table may have it.
        case hidden
        /// The path of another file of the consignment.
        case path
        /// Given by people.
        case given
    }

    /// What kind of value it is.
    enum Kind: Sendable {
        case text(atMost: Int?)
        case word(Set<String>)
        case whole(ClosedRange<Int>)
        case flag
        case date(beforeToday: Bool)
    }

    let name: String
    /// The title of its column.
    let title: String
    let role: Role
    let kind: Kind
    /// Whether several values may be given, separated by `;` or `|`.
    let isMultiple: Bool
    /// Whether the template has a column for it.
    let isInTemplate: Bool
}

extension MetadataProperty {
    private static let keys: Set<String> = [
        "title", "description", "type", "enum", "format", "minimum", "maximum", "maxLength", "items", "x-role",
        "x-before-today", "x-template",
    ]

    init(_ name: String, _ node: SchemaNode) throws(SchemaFault) {
        let place = "properties/\(name)"
        let object = try SchemaObject(node, at: place, keys: MetadataProperty.keys)
        self.name = name
        title = try object.required("title", \.text)
        role =
            try object.optional("x-role") { node in node.text.flatMap { Role(rawValue: $0) } } ?? .given
        isInTemplate = try object.optional("x-template", \.flag) ?? (role != .hidden)
        if try object.required("type", \.text) == "array" {
            isMultiple = true
            kind = try MetadataProperty.kind(
                SchemaObject(object["items"], at: place + "/items", keys: MetadataProperty.keys))
        } else {
            isMultiple = false
            kind = try MetadataProperty.kind(object)
        }
    }

    private static func kind(_ object: SchemaObject) throws(SchemaFault) -> Kind {
        switch try object.required("type", \.text) {
        case "boolean": return .flag
        case "integer":
            let low = try object.optional("minimum", \.number) ?? 0
            let high = try object.optional("maximum", \.number) ?? Int.max
            guard low <= high else { throw SchemaFault("\(object.place): the minimum is above the maximum") }
            return .whole(low...high)
        case "string":
            if let words = try object.optional("enum", \.texts) { return .word(Set(words)) }
            if let format = try object.optional("format", \.text) {
                guard format == "date" else { throw SchemaFault("\(object.place)/format is not date") }
                return .date(beforeToday: try object.optional("x-before-today", \.flag) ?? false)
            }
            return .text(atMost: try object.optional("maxLength", \.number))
        case let other: throw SchemaFault("\(object.place)/type is '\(other)': not string, integer, boolean or array")
        }
    }
}

/// Why one value is not what its property needs.
struct ValueFault: Hashable {
    let rule: String
    let message: String
    let remedy: String
}

extension MetadataProperty {
    /// The parts of a cell: one, or what stands between the separators.
    func parts(_ cell: String) -> [String] {
        guard isMultiple else { return [cell] }
        return cell.utf8.split(whereSeparator: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "|") })
            .map { String(Substring($0)).trimmed }.filter { !$0.isEmpty }
    }

    /// The value as it is stored, from a cell that is not empty; what is wrong goes to `faults`.
    func value(_ cell: String, today: String, faults: inout [ValueFault]) -> String {
        guard isMultiple else { return one(cell, today, &faults) }
        let parts = parts(cell)
        if parts.isEmpty {
            faults.append(
                ValueFault(
                    rule: "value.separators", message: "has separators only", remedy: "give a value, or empty the cell")
            )
        }
        return parts.map { one($0, today, &faults) }.joined(separator: ";")
    }

    private func one(_ text: String, _ today: String, _ faults: inout [ValueFault]) -> String {
        switch kind {
        case .text(let most):
            if let most, text.utf8.count > most, text.unicodeScalars.count > most {
                faults.append(
                    ValueFault(
                        rule: "value.length",
                        message: "has \(text.unicodeScalars.count) characters, at most \(most) fit",
                        remedy: "shorten it to \(most) characters"))
            }
            return text
        case .word(let words):
            if !words.contains(text) {
                faults.append(
                    ValueFault(
                        rule: "value.vocabulary", message: "is not in the list",
                        remedy: "use one of: \(words.sorted().joined(separator: ", "))"))
            }
            return text
        case .whole(let range):
            let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard digits, let number = Int(text), range.contains(number) else {
                let bounds =
                    range.upperBound == Int.max
                    ? "from \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
                faults.append(
                    ValueFault(
                        rule: "value.number", message: "is not a whole number \(bounds)",
                        remedy: "give a whole number \(bounds)"))
                return text
            }
            return "\(number)"
        case .flag:
            switch text.lowercased() {
            case "yes", "true": return "true"
            case "no", "false": return "false"
            default:
                faults.append(
                    ValueFault(rule: "value.boolean", message: "is neither Yes nor No", remedy: "give Yes or No"))
                return text
            }
        case .date(let beforeToday):
            guard let date = CalendarDate(text) else {
                faults.append(
                    ValueFault(
                        rule: "value.date", message: "is not a date", remedy: "write it as YYYY-MM-DD, as in 1999-12-31"
                    ))
                return text
            }
            if beforeToday, date.description >= today {
                faults.append(
                    ValueFault(
                        rule: "value.before-today", message: "is not before today",
                        remedy: "give a date before \(today)"
                    ))
            }
            return date.description
        }
    }

    /// The cell that gives a stored value.
    func cell(_ value: String) -> String {
        guard case .flag = kind else { return value }
        return value == "true" ? "Yes" : value == "false" ? "No" : value
    }
}

/// A day of the calendar.
struct CalendarDate: CustomStringConvertible {
    let description: String

    /// Reads `YYYY-MM-DD`, with or without a time after `T` or a blank, which is left out.
    init?(_ text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 10 || (utf8.count >= 19 && (utf8[10] == UInt8(ascii: "T") || utf8[10] == 0x20)) else {
            return nil
        }
        func number(_ bytes: ArraySlice<UInt8>) -> Int? {
            bytes.reduce(into: Optional(0)) { sum, byte in
                sum = (0x30...0x39).contains(byte) ? sum.map { $0 * 10 + Int(byte - 0x30) } : nil
            }
        }
        guard utf8[4] == UInt8(ascii: "-"), utf8[7] == UInt8(ascii: "-"), let year = number(utf8[0..<4]),
            let month = number(utf8[5..<7]), let day = number(utf8[8..<10]), (1...12).contains(month), year > 0
        else { return nil }
        if utf8.count > 10 {
            guard utf8[13] == UInt8(ascii: ":"), utf8[16] == UInt8(ascii: ":"), let hour = number(utf8[11..<13]),
                let minute = number(utf8[14..<16]), let second = number(utf8[17..<19]), hour < 24, minute < 60,
                second < 60
            else { return nil }
        }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length = month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
        guard (1...length).contains(day) else { return nil }
        description = String(decoding: utf8[..<10], as: UTF8.self)
    }
}

extension String {
    /// Without blanks, tabs and line ends around it.
    var trimmed: String {
        let utf8 = self.utf8
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
        guard let first = utf8.first, let last = utf8.last, isBlank(first) || isBlank(last) else { return self }
        guard let start = utf8.firstIndex(where: { !isBlank($0) }), let end = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[start...end])
    }
}
