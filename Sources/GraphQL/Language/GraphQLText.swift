/// How text is written in GraphQL.
enum GraphQLText {
    /// A string in quotes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{8}": result += "\\b"
            case "\t": result += "\\t"
            case "\n": result += "\\n"
            case "\u{C}": result += "\\f"
            case "\r": result += "\\r"
            case "\0"..<" ", "\u{7F}"..."\u{9F}":
                let hex = String(scalar.value, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A string as a block.
    ///
    /// - Parameter indent: What stands before each line but the first.
    static func block(_ text: String, indent: String) -> String {
        // Scalars, since a carriage return and a line feed are one character to Swift.
        var lines = [String.UnicodeScalarView()]
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                lines.append(String.UnicodeScalarView())
            } else {
                lines[lines.count - 1].append(scalar)
            }
        }
        func isIndented(_ line: String.UnicodeScalarView) -> Bool { line.first == " " || line.first == "\t" }
        let isSingle = lines.count == 1
        // The indentation of lines would be taken for one that they have in common.
        let needsFirstBreak = !isSingle && lines.dropFirst().allSatisfy { $0.isEmpty || isIndented($0) }
        let escaped = text.split(separator: "\"\"\"", omittingEmptySubsequences: false).joined(separator: "\\\"\"\"")
        let needsLastBreak = text.hasSuffix("\\") || text.hasSuffix("\"") && !escaped.hasSuffix("\\\"\"\"")
        let isLong =
            !isSingle || text.utf16.count > 70 || needsLastBreak || needsFirstBreak
            || escaped.hasSuffix("\\\"\"\"")
        var result = isLong && !(isSingle && isIndented(lines[0])) || needsFirstBreak ? "\n" : ""
        result += escaped + (isLong || needsLastBreak ? "\n" : "")
        let indented = result.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n" + indent)
        return "\"\"\"\(indented)\"\"\""
    }

    /// Whether a block can say the text, and so that it is read as it was.
    static func canBeBlock(_ text: String) -> Bool {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return !text.isEmpty
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) || $0 == "\n" || $0 == "\t"
            }
            && lines.allSatisfy { !($0.first?.isWhitespace ?? false) && !($0.last?.isWhitespace ?? false) }
            && lines.first?.isEmpty == false && lines.last?.isEmpty == false
    }

    /// A value of no known type as a literal.
    static func literal(_ value: JSONValue) -> String {
        switch value {
        case .list(let values): "[" + values.map(literal).joined(separator: ", ") + "]"
        case .object(let object):
            "{" + object.members.map { "\($0.name): \(literal($0.value))" }.joined(separator: ", ") + "}"
        case .string(let text): quoted(text)
        default: value.text
        }
    }

    /// A value in a message, as the reference implementation shows values; not much more of it than anybody reads.
    static func shown(_ value: JSONValue) -> String {
        var text = ""
        show(value, into: &text)
        return text
    }

    private static let shownBytes = 400

    private static func show(_ value: JSONValue, into text: inout String) {
        switch value {
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                if isFull(&text) { break }
                show(value, into: &text)
            }
            text += "]"
        case .object(let object) where object.isEmpty: text += "{}"
        case .object(let object):
            text += "{ "
            for (index, member) in object.members.enumerated() {
                if index > 0 { text += ", " }
                if isFull(&text) { break }
                text += "\(member.name.prefix(shownBytes)): "
                show(member.value, into: &text)
            }
            text += " }"
        case .string(let string) where string.utf8.count > shownBytes:
            text += JSONValue.string(string.prefix(shownBytes) + "…").text
        default: text += value.text
        }
    }

    private static func isFull(_ text: inout String) -> Bool {
        guard text.utf8.count > shownBytes else { return false }
        text += "…"
        return true
    }
}
