import Archives
import BagIt
import S3
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
    /// Whether something kept us from looking at all of it, so that nothing is proved: the disk, permissions, somebody
    /// who writes there.
    public let isObstructed: Bool
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

/// Verifies bags that anybody made: folders, tar, tar.gz, tar.zst and ZIP, on this machine or as an object in S3. Reads
/// every byte; changes nothing.
public struct BagVerifier: Sendable {
    private let jobs: Int
    private let meter: ProgressMeter
    private let profile: BagProfile?
    private let s3: S3Options

    /// Reads `jobs` files at once, telling `meter` how far it is. `profile` is the file of a BagIt profile that the bags
    /// must follow too; what they lack of it makes them invalid. `s3` says how to reach bags in S3.
    ///
    /// - Throws: when the profile cannot be read.
    public init(jobs: Int, profile: BytePath? = nil, s3: S3Options = S3Options(), meter: ProgressMeter) throws {
        self.profile = try profile.map { try BagProfile(reading: $0) }
        self.jobs = jobs
        self.s3 = s3
        self.meter = meter
    }

    /// Whether a path means an object in S3, well or badly written.
    public static func isInS3(_ path: BytePath) -> Bool { S3Location.isMeant(by: path) }

    /// Whether it names one: `s3://bucket/key`, in which no part is empty, `.` or `..`.
    public static func namesObject(_ path: BytePath) -> Bool { S3Location(path).map { !$0.prefix.isEmpty } ?? false }

    /// Verifies one bag: a path, or `s3://bucket/key` of an archive, which is read by ranges and never kept.
    ///
    /// - Throws: when there is no such file, folder or object, or its server cannot be asked; `CancellationError`. What is
    ///   wrong with a bag is no error.
    public func verify(_ path: BytePath) async throws -> BagVerification {
        if S3Location.isMeant(by: path) {
            let archive = try archive(path, known: nil)
            let report = try await verify(archive, archive: archive)
            if let obstacle = archive.outcome.obstacle { throw obstacle }
            return report
        }
        if try FileStatus.following(path).kind == .directory { return try await verify(BagFolder(path), archive: nil) }
        let archive = try ArchiveBagSource(path)
        return try await verify(archive, archive: archive)
    }

    /// A bag in an archive, here or in S3; there on the server that is known for it, unless options name another.
    func archive(_ path: BytePath, known: S3Server?) throws -> ArchiveBagSource {
        guard S3Location.isMeant(by: path) else { return try ArchiveBagSource(path) }
        guard let location = S3Location(path), !location.prefix.isEmpty else { throw BagNotThere(place: path.display) }
        return ArchiveBagSource(location, try S3Access(s3, known: known).client)
    }

    /// Verifies a bag from any source.
    func verify(_ source: any BagSource, archive: ArchiveBagSource?) async throws -> BagVerification {
        meter.begin("verifying", files: 0, bytes: 0)
        let meter = meter
        var options = BagValidator.Options(jobs: jobs) { progress in
            meter.set(
                files: Int(progress.files), of: progress.totalFiles.map { Int($0) }, bytes: progress.bytes,
                of: progress.totalBytes)
        }
        options.profile = profile
        if profile != nil, let archive {
            options.mediaTypes = try await withBlockingThreads(1) { _ in try archive.form().mediaTypes }
        }
        let report = try await BagValidator(options).validate(source)
        // Where nothing is worse, an archive is unreadable by itself, and a folder because its files cannot be read.
        return BagVerification(
            report, isObstructed: report.verdict == .unreadable && (archive.map { $0.outcome.obstacle != nil } ?? true))
    }
}

extension BagVerification {
    fileprivate init(_ report: BagReport, isObstructed: Bool) {
        self.isObstructed = isObstructed
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
