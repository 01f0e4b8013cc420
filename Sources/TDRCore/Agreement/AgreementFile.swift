import FoundationEssentials
public import Streams

extension Agreement {
    private static let mostBytes: Int64 = 64 << 10

    /// Reads an agreement: a JSON object, or lines of `key: value`, which are YAML, too. Its keys are `legalStatus`,
    /// `appraisal`, `sensitivity`, `openRecords` and `custody`; any other is refused.
    ///
    /// - Throws: ``AgreementError/badFile(_:reason:)``.
    public init(reading path: BytePath) throws {
        let bytes: [UInt8]
        do {
            let file = try OpenFile.reading(path)
            let size = try file.status().size
            guard size <= Agreement.mostBytes else {
                throw AgreementError.badFile(path, reason: "it is larger than 64 KiB")
            }
            let buffer = Buffer(count: max(1, Int(size)))
            bytes = Array(buffer.prefix(try file.fill(buffer.bytes)))
        } catch let fault as SystemFault {
            throw AgreementError.badFile(path, reason: fault.reason)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw AgreementError.badFile(path, reason: "it is not UTF-8")
        }
        let first = text.trimmed.first
        let entries = try first == "{" ? Agreement.json(bytes, path) : Agreement.lines(text, path)
        self.init()
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
            func flag() throws -> Bool {
                switch value.lowercased() {
                case "true", "yes": return true
                case "false", "no": return false
                default: throw AgreementError.badFile(path, reason: "\(key) must be true or false")
                }
            }
            switch key {
            case "legalStatus":
                guard PropertyName.legalStatuses.contains(value) else { throw AgreementError.unknownLegalStatus(value) }
                legalStatus = value
            case "appraisal": appraisal = try flag()
            case "sensitivity": sensitivity = try flag()
            case "openRecords": openRecords = try flag()
            case "custody": custody = try flag()
            default:
                throw AgreementError.badFile(
                    path,
                    reason: "it has '\(displayName(of: Array(key.utf8)))', which is no part of an agreement; those are"
                        + " legalStatus, appraisal, sensitivity, openRecords, custody")
            }
        }
    }

    private static func json(_ bytes: [UInt8], _ path: BytePath) throws -> [String: String] {
        do {
            guard let object = try JSONDecoder().decode(SchemaNode.self, from: Data(bytes)).object else { return [:] }
            return try object.mapValues { node in
                if let text = node.text { return text }
                guard let flag = node.flag else {
                    throw AgreementError.badFile(path, reason: "its values must be texts, true or false")
                }
                return "\(flag)"
            }
        } catch let error as DecodingError {
            throw AgreementError.badFile(path, reason: "it is not JSON (\(error))")
        }
    }

    private static func lines(_ text: String, _ path: BytePath) throws -> [String: String] {
        var entries: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let content = String(line).trimmed
            if content.isEmpty || content.hasPrefix("#") || content == "---" { continue }
            func fault(_ what: String) -> AgreementError { .badFile(path, reason: "line \(index + 1) \(what)") }
            guard line.first != " ", line.first != "\t" else { throw fault("is indented: every line is 'key: value'") }
            let parts = content.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw fault("is not 'key: value'") }
            var value = String(parts[1]).trimmed
            if let quote = value.first, quote == "\"" || quote == "'" {
                guard value.count >= 2, value.last == quote, !value.dropFirst().dropLast().contains(quote),
                    !value.contains("\\")
                else { throw fault("has a quote that does not end, or an escape") }
                value = String(value.dropFirst().dropLast())
            } else if value.isEmpty || "[{&*!|>%@`".contains(value.first ?? " ") || value.contains(" #") {
                throw fault("has no plain value; quote texts")
            }
            let key = String(parts[0]).trimmed
            guard entries.updateValue(value, forKey: key) == nil else { throw fault("says '\(key)' again") }
        }
        return entries
    }
}
