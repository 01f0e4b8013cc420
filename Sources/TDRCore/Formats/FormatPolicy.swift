import CSignatures
import FoundationEssentials
public import Streams

/// Which formats are refused, and by which word: the original's list of disallowed PUIDs, or a user's own.
public struct FormatPolicy: Sendable {
    /// The reason for each refused PUID.
    private let reasons: [String: FileStatusValue]
    /// The only formats that a judgment may have.
    private let judgmentFormats: Set<String>

    /// The original's lists (`tdr-domain` 3.4), with its gaps 7-Zip and ISO 9660 closed: `format-policy.json`, which the
    /// program carries.
    public static let standard: FormatPolicy = {
        let bytes = UnsafeRawBufferPointer(start: tdr_format_policy(), count: tdr_format_policy_count())
        do {
            return try FormatPolicy(json: Data(bytes), base: nil)
        } catch {
            preconditionFailure("the policy that the program was built with is sound: \(error)")
        }
    }()

    private init(reasons: [String: FileStatusValue], judgmentFormats: Set<String>) {
        self.reasons = reasons
        self.judgmentFormats = judgmentFormats
    }

    /// Reads a policy from JSON:
    /// `{"disallowed": {"Zip": ["x-fmt/263", …], …}, "judgment": ["fmt/412", …]}`. A part that is absent is as in
    /// ``standard``.
    ///
    /// - Throws: ``FormatPolicyError`` for anything else.
    public init(readingJSON path: BytePath) throws {
        do {
            let file = try OpenFile.reading(path)
            let size = try file.status().size
            guard size <= 4 << 20 else { throw FormatPolicyError(path: path, reason: "it is larger than 4 MiB") }
            let buffer = Buffer(count: max(1, Int(size)))
            let count = try file.fill(buffer.bytes)
            try self.init(json: Data(buffer.prefix(count)), base: .standard)
        } catch let error as FormatPolicyError {
            throw error
        } catch {
            throw FormatPolicyError(path: path, reason: "\(error)")
        }
    }

    private struct Document: Decodable {
        let disallowed: [String: [String]]?
        let judgment: [String]?
    }

    private struct NoReason: Error, CustomStringConvertible {
        let word: String
        var description: String { "'\(word)' is no reason for refusing a format" }
    }

    /// What a document says; what it leaves out is taken from `base`.
    private init(json: Data, base: FormatPolicy?) throws {
        let document = try JSONDecoder().decode(Document.self, from: json)
        var reasons = base?.reasons ?? [:]
        if let disallowed = document.disallowed {
            reasons = [:]
            for (word, puids) in disallowed {
                guard let value = FileStatusValue(rawValue: word), value.mayBeAllowed else {
                    throw NoReason(word: word)
                }
                for puid in puids { reasons[puid] = value }
            }
        }
        self.init(
            reasons: reasons, judgmentFormats: document.judgment.map { Set($0) } ?? base?.judgmentFormats ?? [])
    }

    /// Why files of this format are refused; nil when they are not.
    func reason(for puid: String) -> FileStatusValue? { reasons[puid] }

    /// Whether a judgment may have this format.
    func allowsInJudgment(_ puid: String) -> Bool { judgmentFormats.contains(puid) }
}

/// A format policy that cannot be read.
public struct FormatPolicyError: Error, CustomStringConvertible {
    let path: BytePath
    let reason: String

    /// What was found, and what to do.
    public var description: String {
        "cannot read the format policy '\(path.display)': \(reason); see `man tdr-check` for its form"
    }
}
