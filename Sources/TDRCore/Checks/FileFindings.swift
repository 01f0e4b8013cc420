import Streams

/// One file to check, and what is known of it.
struct FileToCheck: Sendable {
    let key: FileKey
    /// Bytes at upload.
    let size: Int64
    /// The digest computed at upload.
    let sha256: SHA256Digest
    /// What the file has now.
    let statuses: FileStatuses
    /// The checks to make.
    let checks: Set<CheckKind>
}

/// What the checks say of one file; a check that was not made has no finding.
struct FileFindings: Sendable {
    let file: FileToCheck
    var checksum: ChecksumFinding?
    var antivirus: AntivirusFinding?
    var format: FormatFinding?
    /// Bytes read.
    var bytes: Int64 = 0
    /// When its content last changed, nanoseconds since 1970 UTC; nil when it could not be opened.
    var modified: Int64?

    /// Nothing can be said of the file, and why.
    mutating func fail(_ reason: String) {
        if file.checks.contains(.checksum) { checksum = .failed(reason) }
        if file.checks.contains(.format) { format = .failed(reason) }
        if file.checks.contains(.antivirus) { antivirus = AntivirusFinding(verdict: .notScanned(reason)) }
    }
}

/// What re-reading the stored bytes gave.
enum ChecksumFinding: Sendable {
    case computed(SHA256Digest)
    case failed(String)
}

/// What the antivirus engines say.
struct AntivirusFinding: Sendable {
    /// All engines together.
    let verdict: AntivirusVerdict
    /// Each by itself, in the order of the run's engines; empty when none was asked.
    var byEngine: [AntivirusVerdict] = []
    /// When they were asked; nil for just now.
    var datetime: Timestamp?
}

/// What the format check says.
enum FormatFinding: Sendable {
    case identified(FormatFacts, status: FileStatusValue)
    case failed(String)
}

/// Where the bytes of files to check are.
protocol CheckedBytes {
    /// What the bytes of a file are called in reasons.
    var noun: String { get }
    /// Opens a file for reading. A link put in its place is not followed.
    func open(_ file: FileToCheck) throws -> OpenBytes
}

/// The bytes of a consignment, those in quarantine included: they may be scanned again.
struct ConsignmentBytes: CheckedBytes {
    let noun = "the stored bytes"
    private let stored: StoredBytes

    init(_ consignment: Consignment, in store: Store) throws {
        stored = try StoredBytes(of: consignment, in: store)
    }

    func open(_ file: FileToCheck) throws -> OpenBytes { try stored.open(file.key, evenHeld: true) }
}
