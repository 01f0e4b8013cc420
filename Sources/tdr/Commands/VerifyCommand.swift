import ArgumentParser
import Streams
import TDRCore

struct VerifyCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify BagIt bags, whoever made them: a folder, tar, tar.gz, tar.zst or zip.",
        discussion: """
            Reads every byte and reports every problem, not only the first. A bag is valid when it is complete and \
            every digest is right (RFC 8493 §3); the Payload-Oxum alone never makes it so.

              tdr verify /archive/incoming/TDR-2026-C.tar.gz
              tdr verify --json bag/ | jq .problems

            Exit codes: 0 every bag is valid; 1 could not do it; 2 a bag is not valid; 64 wrong usage; \
            130, 143 interrupted.
            """)

    @Argument(help: ArgumentHelp("The bags.", valueName: "bag"))
    var bags: [PathArgument]

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Files read at once. Default: the number of cores.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "A BagIt profile (JSON) that the bags must follow too; what they lack is rule P1 to P12.",
            valueName: "file"))
    var profile: PathArgument?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if bags.isEmpty { throw ValidationError("name the bag to verify") }
        if let jobs, jobs < 1 || jobs > 256 { throw ValidationError("--jobs takes a number from 1 to 256") }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        var outcome = Outcome.done
        for bag in bags {
            let meter = ProgressMeter()
            let verifier = try BagVerifier(jobs: jobs ?? context.jobs, profile: profile?.path, meter: meter)
            let verification = try await ProgressLine(meter, context).during { try await verifier.verify(bag.path) }
            if context.json {
                try context.output.json(VerifyOutput(verification))
            } else {
                tell(verification, context)
            }
            if !verification.isValid { outcome = .findings }
        }
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
