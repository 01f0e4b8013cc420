import Streams
import TDRCore

/// The check of a folder with everything a report says of it.
struct FolderCheckReport {
    let summary: FolderCheckSummary
    let places: [BytePath]
    let started: Timestamp
    let finished: Timestamp
    let person: Person
}

/// A layout for the entries of a folder check, which come in the order of the walk.
protocol FolderCheckRenderer: Sendable {
    /// What comes before all entries.
    func head() -> [UInt8]
    /// Some entries.
    func render(_ files: [CheckedFile]) throws -> [UInt8]
}

/// Entries are not listed: the summary tells what matters.
struct FolderCheckQuiet: FolderCheckRenderer {
    func head() -> [UInt8] { [] }
    func render(_ files: [CheckedFile]) -> [UInt8] { [] }
}

/// `tdr check FOLDER --json`: one object a line; ``FolderCheckSummaryOutput`` is the last.
struct FolderCheckJSON: FolderCheckRenderer {
    func head() -> [UInt8] { [] }

    func render(_ files: [CheckedFile]) throws -> [UInt8] {
        var out: [UInt8] = []
        for file in files {
            out += try JSON.encode(CheckedFileOutput(file))
            out.append(UInt8(ascii: "\n"))
        }
        return out
    }
}

/// An entry in `tdr check FOLDER --json`.
struct CheckedFileOutput: Encodable {
    struct Match: Encodable {
        let puid: String
        let formatName: String
        let identificationBasis: String
        let extensionMismatch: Bool
    }

    struct Finding: Encodable {
        let finding: String
        let reason: String?
        let advice: String
    }

    /// `file`, `folder`, `leftOut` or `refused`; the summary has `summary`.
    let kind: String
    let path: String
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    let pathHex: String?
    let fileSize: Int64?
    let lastModified: String?
    let sha256: String?
    let matches: [Match]?
    let mimeType: String?
    let description: String?
    /// Empty when clean, the names found otherwise; absent when not scanned.
    let antivirusResult: String?
    let fileStatuses: [String: String]
    let findings: [Finding]
    let remarks: [String]

    init(_ file: CheckedFile) {
        kind = file.kind.rawValue
        path = file.path.text ?? file.path.display
        pathHex = file.path.text == nil ? Hex.encode(file.path.bytes) : nil
        fileSize = file.size
        lastModified = file.modified.map { Timestamp(nanoseconds: $0).description }
        sha256 = file.sha256?.hex
        matches =
            file.isIdentified
            ? file.formats.map {
                Match(
                    puid: $0.puid, formatName: $0.name, identificationBasis: $0.basis,
                    extensionMismatch: $0.isExtensionMismatch)
            } : nil
        mimeType = file.magic?.mimeType
        description = file.magic?.description
        antivirusResult = file.antivirusResult
        fileStatuses = Dictionary(uniqueKeysWithValues: file.statuses.map { ($0.key.rawValue, $0.value.rawValue) })
        findings = file.findings.map { Finding(finding: $0.kind.word, reason: $0.reason, advice: $0.kind.advice) }
        remarks = file.remarks
    }
}

/// The last line of `tdr check FOLDER --json`.
struct FolderCheckSummaryOutput: Encodable {
    struct Format: Encodable {
        /// Null for several formats, and for none.
        let puid: String?
        let formatName: String
        let files: Int
        let fileSize: Int64
    }

    struct Share: Encodable {
        let from: Int64
        let files: Int
        let fileSize: Int64
    }

    struct Duplicate: Encodable {
        let sha256: String
        let fileSize: Int64
        let files: Int
        let paths: [String]
    }

    let kind = "summary"
    let places: [String]
    let startedDatetime: String
    let finishedDatetime: String
    let person: String
    let checks: [String]
    let antivirusEngines: [String]
    let antivirusMissing: String?
    let signatures: [String]
    let libmagic: String
    let totalFiles: Int
    let totalFolders: Int
    let totalFileSize: Int64
    let leftOut: Int
    let entriesWithFindings: Int
    let fileStatusCounts: [String: [String: Int]]
    let findingCounts: [String: Int]
    let remarkCounts: [String: Int]
    let formats: [Format]
    /// By the UTC year of the last change.
    let years: [Share]
    /// By size: classes begin at `from` bytes.
    let sizes: [Share]
    let duplicateGroups: Int
    let surplusFiles: Int
    let surplusFileSize: Int64
    /// The groups that take the most room, at most 200, with at most 20 paths each.
    let duplicates: [Duplicate]

    init(_ report: FolderCheckReport) {
        let (summary, profile) = (report.summary, report.summary.profile)
        places = report.places.map(\.display)
        startedDatetime = report.started.description
        finishedDatetime = report.finished.description
        person = report.person.login
        checks = summary.checks.sorted().map(\.rawValue)
        antivirusEngines = summary.engines.map(\.description)
        antivirusMissing = summary.engineMissing
        signatures = summary.signatures
        libmagic = summary.magicVersion
        totalFiles = profile.files
        totalFolders = profile.folders
        totalFileSize = profile.bytes
        leftOut = profile.leftOutCount
        entriesWithFindings = profile.entriesWithFindings
        fileStatusCounts = Dictionary(
            uniqueKeysWithValues: profile.statuses.map { type, counts in
                (type.rawValue, Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }))
            })
        findingCounts = Dictionary(uniqueKeysWithValues: profile.findings.map { ($0.kind.word, $0.count) })
        remarkCounts = profile.remarks
        formats = profile.formatsByCount.map { format, share in
            Format(puid: format.puid, formatName: format.words, files: share.files, fileSize: share.bytes)
        }
        years = profile.years.sorted { $0.key < $1.key }.map {
            Share(from: Int64($0.key), files: $0.value.files, fileSize: $0.value.bytes)
        }
        sizes = profile.sizes.map { Share(from: $0.from, files: $0.share.files, fileSize: $0.share.bytes) }
        duplicateGroups = summary.duplicates.groupCount
        surplusFiles = summary.duplicates.surplusFiles
        surplusFileSize = summary.duplicates.surplusBytes
        duplicates = summary.duplicates.groups.map { group in
            Duplicate(
                sha256: group.sha256.hex, fileSize: group.size, files: group.count, paths: group.paths.map(\.display))
        }
    }
}

extension FolderProfile.Format {
    /// The PUID, where there is exactly one.
    var puid: String? { if case .puid(let puid, _) = self { puid } else { nil } }

    /// For people.
    var words: String {
        switch self {
        case .puid(_, let name): name
        case .several: "several formats"
        case .text: "plain text that no signature knows"
        case .unknown: "no known format"
        }
    }
}

/// `tdr check FOLDER --csv`: one row for each entry; several values stand in one field, separated by `; `.
struct FolderCheckCSV: FolderCheckRenderer {
    func head() -> [UInt8] {
        CSV.line([
            "path", "kind", "fileSize", "lastModified", "sha256", "puid", "formatName", "identificationBasis",
            "extensionMismatch", "mimeType", "antivirus", "antivirusResult", "checksum", "format", "findings",
            "reasons",
            "remarks",
        ])
    }

    func render(_ files: [CheckedFile]) -> [UInt8] {
        var out: [UInt8] = []
        for file in files {
            func joined(_ field: (CheckedFormat) -> String) -> String {
                file.formats.map(field).joined(separator: "; ")
            }
            out += CSV.line([
                file.path.display, file.kind.rawValue, file.size.map(String.init) ?? "",
                file.modified.map { Timestamp(nanoseconds: $0).description } ?? "", file.sha256?.hex ?? "",
                joined(\.puid), joined(\.name), joined(\.basis),
                file.formats.isEmpty ? "" : "\(file.formats.contains(where: \.isExtensionMismatch))",
                file.magic?.mimeType ?? "", file.statuses[.antivirus]?.rawValue ?? "", file.antivirusResult ?? "",
                file.statuses[.serverChecksum]?.rawValue ?? "", file.statuses[.ffid]?.rawValue ?? "",
                file.findings.map(\.kind.word).joined(separator: "; "),
                file.findings.compactMap(\.reason).joined(separator: "; "), file.remarks.joined(separator: "; "),
            ])
        }
        return out
    }
}
