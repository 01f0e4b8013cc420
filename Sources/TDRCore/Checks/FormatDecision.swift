import Pronom
import Streams

/// One match of the format check, as it is recorded.
struct FormatMatchRecord: Sendable, Hashable {
    var puid: String?
    var formatName: String?
    /// `Signature`, `Container`, `Extension`, or empty for no match.
    var basis: String
    /// Whether a match by content contradicts the extension; nil where there is no match.
    var extensionMismatch: Bool?
}

/// What the format check found out about one file.
struct FormatFacts: Sendable {
    var matches: [FormatMatchRecord]
    /// The extension that was looked at, as it is written.
    var fileExtension: String?
    /// Why the file cannot be read without a password.
    var encryption: String?
    /// libmagic's second opinion.
    var magic: MagicAnswer?
    /// Whether the bytes could be plain text.
    var isText: Bool
}

extension FormatFacts {
    /// What a scan of a file called `name` found, in the words that are recorded.
    init(_ found: Identification, name: [UInt8], magic: MagicAnswer?, isText: Bool) {
        matches = found.matches.map { match in
            FormatMatchRecord(
                puid: match.puid, formatName: match.name, basis: match.method.rawValue,
                extensionMismatch: match.isExtensionMismatch)
        }
        fileExtension = ExtensionRule.transfer.fileExtension(of: name).map { String(decoding: $0, as: UTF8.self) }
        encryption = found.encryption?.reason
        self.magic = magic
        self.isText = isText
    }
}

/// Decides the FFID status of a file: the original's ordered rules (`tdr-domain` 3.4).
enum FormatDecision {
    /// Files that say nothing: of no bytes, of a byte order mark, and of that with a line end.
    static let emptyDigests: Set<SHA256Digest> = Set(
        [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "f1945cd6c19e56b3c1c78943ef5ec18116907a4ca1efc40a57d48ab1db7adfc5",
            "f01a374e9c81e3db89b3a42940c4d6a5447684986a1296e42bf13f196eed6295",
        ].compactMap { SHA256Digest(hex: $0.utf8) })

    /// The status of a file of `size` bytes with this digest in a consignment of this type.
    static func status(
        _ facts: FormatFacts, digest: SHA256Digest, size: Int64, type: ConsignmentType, policy: FormatPolicy
    ) -> FileStatusValue {
        let puids = facts.matches.compactMap(\.puid)
        // 1. A judgment has its own short list.
        if type == .judgment, puids.isEmpty || puids.contains(where: { !policy.allowsInJudgment($0) }) {
            return .nonJudgmentFormat
        }
        // 2, 3. What holds nothing is no record.
        if emptyDigests.contains(digest) || size == 0 { return .zeroByteFile }
        // 4 is a check that could not be made: the caller's case.
        // A password shows in the structure of many files whose PUID does not tell.
        if facts.encryption != nil { return .passwordProtected }
        // 5. Several formats, none of which outranks the others.
        if Set(puids).count > 1 { return .multipleFormats }
        // 6. What no signature knows may still be text.
        guard let first = facts.matches.first, let puid = puids.first else {
            return facts.isText ? .success : .unidentified
        }
        // 7. An extension is no proof: a text must be one.
        if first.basis == "Extension", ["txt", "csv"].contains(facts.fileExtension?.lowercased() ?? ""), !facts.isText {
            return .unidentified
        }
        // 8, 9.
        return policy.reason(for: puid) ?? .success
    }
}
