import CSignatures
import FoundationEssentials
public import Streams

/// What each status that is not good means for the people who must act, and what they can do: `advice.json`, which the
/// program carries, or a translation of it.
public struct Advice: Sendable {
    /// What can be done about a finding with a command.
    public enum Remedy: String, Sendable, Decodable {
        /// Take the mended file in its place.
        case replace
        /// Take it out of the consignment.
        case withdraw
        /// Check it again.
        case check
    }

    /// Who must act.
    public enum Party: String, Sendable, Decodable {
        /// The people who transfer.
        case user = "UserFixable"
        /// The archive.
        case archive = "TNASupport"
    }

    /// What is to be said of one finding.
    public struct Entry: Sendable {
        /// What is wrong, as the rest of a sentence that begins with the file.
        public let found: String
        /// What to do.
        public let action: String
        /// Who must act.
        public let who: Party
        /// What commands can do about it, the likeliest first.
        public let remedies: [Remedy]
    }

    private let entries: [String: Entry]
    private let titles: [String: String]

    /// In English, for the findings as they are.
    public static let standard: Advice = {
        let bytes = UnsafeRawBufferPointer(start: tdr_advice(), count: tdr_advice_count())
        do {
            return try Advice(json: Data(bytes), base: nil)
        } catch {
            preconditionFailure("the advice that the program was built with is sound: \(error)")
        }
    }()

    private struct Document: Decodable {
        struct Item: Decodable {
            let found: String?
            let action: String?
            let who: Party?
            let remedies: [Remedy]?
        }
        let titles: [String: String]?
        let advice: [String: Item]?
    }

    private struct NoStatus: Error, CustomStringConvertible {
        let key: String
        var description: String { "'\(key)' is neither a status nor a status and its value, as in FFID.Zip" }
    }

    private init(json: Data, base: Advice?) throws {
        let document = try JSONDecoder().decode(Document.self, from: json)
        var entries = base?.entries ?? [:]
        for (key, item) in document.advice ?? [:] {
            let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, FileStatusType(rawValue: parts[0]) != nil,
                parts.count == 1 || FileStatusValue(rawValue: parts[1]) != nil
            else { throw NoStatus(key: key) }
            let old = entries[key] ?? entries[parts[0]]
            entries[key] = Entry(
                found: item.found ?? old?.found ?? "", action: item.action ?? old?.action ?? "",
                who: item.who ?? old?.who ?? .user, remedies: item.remedies ?? old?.remedies ?? [])
        }
        self.entries = entries
        titles = (base?.titles ?? [:]).merging(document.titles ?? [:]) { $1 }
    }

    /// Reads advice from a file of the form of `advice.json`; what it leaves out is as in ``standard``.
    ///
    /// - Throws: ``AdviceError``.
    public init(readingJSON path: BytePath) throws {
        do {
            try self.init(json: try readWhole(path, limit: 4 << 20))
        } catch {
            throw AdviceError(path: path, reason: "\(error)")
        }
    }

    /// The same of its bytes.
    ///
    /// - Throws: what is wrong with them.
    package init(json bytes: [UInt8]) throws { try self.init(json: Data(bytes), base: .standard) }

    /// What to say of a status.
    public func entry(_ type: FileStatusType, _ value: FileStatusValue) -> Entry {
        entries["\(type.rawValue).\(value.rawValue)"] ?? entries[type.rawValue]
            ?? Entry(found: value.rawValue, action: "", who: .user, remedies: [])
    }

    /// One sentence on what is wrong and what to do.
    public func text(_ type: FileStatusType, _ value: FileStatusValue) -> String {
        let entry = entry(type, value)
        return [entry.found, entry.action].filter { !$0.isEmpty }.joined(separator: "; ")
    }

    /// The title of a column of the report.
    public func title(_ column: String) -> String { titles[column] ?? column }
}

/// Advice that cannot be read.
public struct AdviceError: Error, CustomStringConvertible {
    let path: BytePath
    let reason: String

    /// What was found, and what to do.
    public var description: String {
        "cannot read the advice '\(path.display)': \(reason); see `man tdr-status` for its form"
    }
}

/// The advice that the program carries.
public enum ProblemAdvice {
    /// One sentence on what is wrong and what to do.
    public static func text(_ type: FileStatusType, _ value: FileStatusValue) -> String {
        Advice.standard.text(type, value)
    }
}
