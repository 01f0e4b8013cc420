import ArgumentParser
import Streams
import TDRCore

struct VerifyCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify BagIt bags, whoever made them: a folder, tar, tar.gz, tar.zst or zip, also in S3.",
        discussion: """
            Reads every byte and reports every problem, not only the first. A bag is valid when it is complete and \
            every digest is right (RFC 8493 §3); the Payload-Oxum alone never makes it so.

              tdr verify /archive/incoming/TDR-2026-C.tar.gz
              tdr verify --json bag/ | jq .problems
              tdr verify s3://archive/incoming/TDR-2026-C.zip --endpoint https://s3.example.org
              tdr verify --exports --older-than 90d --quiet

            In S3 a bag is one object, an archive of any of these forms: it is read by ranged requests, needs no room on \
            the disk and 24 MiB of memory for them. A bag that lies there as many objects is not read: fetch it first.

            --exports looks at the bags that tdr export wrote, where it wrote them, the longest unverified first: each \
            must be there, have the SHA-256 that was recorded, and be valid. Results are kept in the history, and tdr \
            status REF shows the last. With references only theirs; with --older-than only those that nobody has found \
            good for so long, and those that were amiss. A bag that was moved or given away is retired with --retire and \
            a --reason.

            Exit codes: 0 every bag is valid; 1 could not do it, or read all of a bag; 2 a bag is not valid; 64 wrong usage; \
            130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The bags, or with --exports the consignments.", valueName: "bag"))
    var bags: [PathArgument] = []

    @Flag(help: "Verify the bags that tdr export wrote, where they are.")
    var exports = false

    @Option(
        help: ArgumentHelp(
            "With --exports: only bags not verified for so long, as in 90d, 12h or 4w.", valueName: "time"),
        transform: VerifyCommand.age)
    var olderThan: Int64?

    @Option(help: ArgumentHelp("With --exports: look after the bag in this place no more.", valueName: "location"))
    var retire: PathArgument?

    @Option(help: ArgumentHelp("Why it is retired; recorded.", valueName: "text"))
    var reason: String?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files read at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "A BagIt profile (JSON) that the bags must follow too; what they lack is rule P1 to P12.",
            valueName: "file"))
    var profile: PathArgument?

    @OptionGroup(title: "Bags in S3") var s3: S3AccessOptions

    @OptionGroup var noServer: NoServerOptions

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if bags.isEmpty, !exports { throw ValidationError("name the bag to verify") }
        for bag in bags where !exports && BagVerifier.isInS3(bag.path) && !BagVerifier.namesObject(bag.path) {
            throw ValidationError(
                "'\(bag.path.display)' is not s3://bucket/key, in which no part is empty, '.' or '..'")
        }
        if s3.isUsed, !exports, !bags.contains(where: { BagVerifier.isInS3($0.path) }) {
            throw ValidationError("options of S3 go with bags in S3, s3://bucket/key")
        }
        if !exports, olderThan != nil || retire != nil {
            throw ValidationError("--older-than and --retire go with --exports")
        }
        if (retire == nil) != (reason?.isEmpty ?? true) {
            throw ValidationError("--retire needs a --reason, and --reason goes with --retire")
        }
        if retire != nil, olderThan != nil || profile != nil {
            throw ValidationError("--retire looks at no bag: it takes no --older-than and no --profile")
        }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if exports { return try await verifyExports(in: context) }
        var outcome = Outcome.done
        var isObstructed = false
        for bag in bags {
            let meter = ProgressMeter()
            let verifier = try BagVerifier(
                jobs: jobs ?? context.jobs, profile: profile?.path, s3: s3.options(context.environment), meter: meter)
            let verification = try await ProgressLine(meter, context).during { try await verifier.verify(bag.path) }
            if context.json {
                try context.output.json(VerifyOutput(verification))
            } else {
                tell(verification, context)
            }
            isObstructed = isObstructed || verification.isObstructed
            if !verification.isValid { outcome = .findings }
        }
        // What could not be read may be worse than what was found.
        if isObstructed { throw ExitCode(1) }
        return outcome
    }

    private func tell(_ bag: BagVerification, _ context: CommandContext) {
        let checked = bag.algorithms.isEmpty ? "" : ", \(bag.algorithms.joined(separator: ", ")) compared"
        context.output.line(
            "\(bag.location): \(bag.verdict) (BagIt \(bag.version ?? "unknown"), \(Text.count(Int(bag.files), "file")), "
                + "\(Text.size(bag.bytes))\(checked))")
        for problem in bag.problems {
            context.output.line("  \(problem.isWarning ? "warning" : "error") \(problem.rule): \(problem.message)")
        }
        let omitted = bag.errorCount + bag.warningCount - bag.problems.count
        if omitted > 0 { context.output.line("  and \(Text.count(omitted)) more") }
    }
}

/// `tdr verify --json`: one document a bag.
struct VerifyOutput: Encodable {
    struct Problem: Encodable {
        let rule: String
        let severity: String
        let path: String?
        let file: String?
        let line: Int?
        let expected: String?
        let found: String?
        let message: String
    }

    let location: String
    let verdict: String
    let isValid: Bool
    let version: String?
    let algorithms: [String]
    let payloadFiles: Int64
    let payloadBytes: Int64
    let errorCount: Int
    let warningCount: Int
    let problems: [Problem]

    init(_ bag: BagVerification) {
        location = bag.location
        verdict = bag.verdict
        isValid = bag.isValid
        version = bag.version
        algorithms = bag.algorithms
        payloadFiles = bag.files
        payloadBytes = bag.bytes
        errorCount = bag.errorCount
        warningCount = bag.warningCount
        problems = bag.problems.map {
            Problem(
                rule: $0.rule, severity: $0.isWarning ? "warning" : "error", path: $0.path.map { displayName(of: $0) },
                file: $0.file, line: $0.line, expected: $0.expected, found: $0.found, message: $0.message)
        }
    }
}
