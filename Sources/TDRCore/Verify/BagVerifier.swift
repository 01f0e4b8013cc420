import Archives
import BagIt
public import Streams

/// What a look at a bag found.
public struct BagVerification: Sendable {
    /// One problem.
    public struct Problem: Sendable {
        /// The rule it breaks, by its number in `docs/design.md`.
        public let rule: String
        /// Whether the bag is good in spite of it.
        public let isWarning: Bool
        /// What it is about, as bytes.
        public let path: [UInt8]?
        /// The tag file and line that say so.
        public let file: String?
        /// From 1.
        public let line: Int?
        /// What should be.
        public let expected: String?
        /// What is.
        public let found: String?
        /// One sentence on what is wrong and what to do.
        public let message: String
    }

    /// Where the bag is.
    public let location: String
    /// `valid`, `incomplete`, `invalid` or `unreadable`.
    public let verdict: String
    /// Whether every rule holds and every digest is right.
    public let isValid: Bool
    /// The version of BagIt it declares.
    public let version: String?
    /// The algorithms whose digests were compared.
    public let algorithms: [String]
    /// Payload files.
    public let files: Int64
    /// Payload bytes.
    public let bytes: Int64
    /// What was found, errors first; at most ten thousand of each kind.
    public let problems: [Problem]
    /// All errors and warnings, those not kept included.
    public let errorCount: Int
    /// All warnings.
    public let warningCount: Int
}

/// Verifies bags that anybody made: folders, tar, tar.gz, tar.zst and ZIP. Reads every byte; changes nothing.
public struct BagVerifier: Sendable {
    private let jobs: Int
    private let meter: ProgressMeter
    private let profile: BagProfile?

    /// Reads `jobs` files at once, telling `meter` how far it is. `profile` is the file of a BagIt profile that the bags
    /// must follow too; what they lack of it makes them invalid.
    ///
    /// - Throws: when the profile cannot be read.
    public init(jobs: Int, profile: BytePath? = nil, meter: ProgressMeter) throws {
        self.profile = try profile.map { try BagProfile(reading: $0) }
        self.jobs = jobs
        self.meter = meter
    }

    /// Verifies one bag.
    ///
    /// - Throws: when there is no such file or folder; `CancellationError`. What is wrong with a bag is no error.
    public func verify(_ path: BytePath) async throws -> BagVerification {
        let status = try FileStatus.following(path)
        let source: any BagSource =
            status.kind == .directory ? try BagFolder(path) : try ArchiveBagSource(path)
        meter.begin("verifying", files: 0, bytes: 0)
        let meter = meter
        var options = BagValidator.Options(jobs: jobs) { progress in
            meter.set(
                files: Int(progress.files), of: progress.totalFiles.map { Int($0) }, bytes: progress.bytes,
                of: progress.totalBytes)
        }
        options.profile = profile
        if profile != nil, status.kind != .directory { options.mediaTypes = try BagForm.of(path).mediaTypes }
        let report = try await BagValidator(options).validate(source)
        return BagVerification(report)
    }
}

extension BagVerification {
    fileprivate init(_ report: BagReport) {
        location = report.location
        verdict = report.verdict.rawValue
        isValid = report.verdict == .valid
        version = report.version.map { "\($0)" }
        algorithms = report.algorithms.map(\.rawValue)
        files = report.payloadFiles
        bytes = report.payloadBytes
        problems = report.problems.map {
            Problem(
                rule: $0.rule.rawValue, isWarning: $0.severity == .warning, path: $0.path, file: $0.file,
                line: $0.line, expected: $0.expected, found: $0.found, message: $0.message)
        }
        errorCount = report.errorCount
        warningCount = report.warningCount
    }
}
