import ArgumentParser
import Streams
import TDRCore

extension VerifyCommand {
    /// `90d` in milliseconds.
    static func age(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        guard let last = text.last, let unit = units[last], let number = Int64(text.dropLast()), number >= 0,
            number <= 100_000
        else { throw ValidationError("--older-than takes a number of hours, days or weeks, as in 12h, 90d or 4w") }
        return number * unit
    }

    func verifyExports(in context: CommandContext) async throws -> Outcome {
        let store = try context.openStore()
        let consignments = try bags.map { try store.consignment($0.path.display) }
        if let retire, let reason { return try self.retire(retire.path, of: consignments, reason, store, context) }
        let before = olderThan.map { Timestamp(milliseconds: context.clock().milliseconds - $0) }
        let copies = try store.exportCopies(of: consignments, before: before)
        if copies.isEmpty { context.messages.note("no exported bag is due to be verified") }
        let meter = ProgressMeter()
        let verifier = ExportVerifier(
            store: store,
            verifier: try BagVerifier(
                jobs: jobs ?? context.jobs, profile: profile?.path, s3: s3.options(context.environment), meter: meter))
        let results = try await ProgressLine(meter, context).during {
            var results: Set<FixityResult> = []
            for copy in copies {
                let found = try await verifier.verify(
                    copy, run: context.run("verify --exports \(copy.location.display)"))
                results.insert(found.result)
                try tell(found, context)
            }
            return results
        }
        // What is not known weighs more than what is known to be amiss, and each has been told of.
        if results.contains(.notVerified) { throw ExitCode(1) }
        return results.isSubset(of: [.valid]) ? .done : .findings
    }

    private func tell(_ found: ExportVerification, _ context: CommandContext) throws {
        defer { context.output.flush() }
        if context.json { return try context.output.json(ExportVerificationOutput(found)) }
        // For cron: what is good is told only to who looks on.
        if found.result == .valid, context.quiet { return }
        context.output.line(
            "\(found.copy.reference)  \(found.copy.location.display): \(found.result.words)"
                + (found.remark.map { " (\($0))" } ?? ""))
    }

    private func retire(
        _ location: BytePath, of consignments: [Consignment], _ reason: String, _ store: Store,
        _ context: CommandContext
    ) throws -> Outcome {
        let copies = try store.exportCopies(of: consignments).filter {
            $0.location == location || $0.location.display == location.display
        }
        if copies.isEmpty {
            throw ValidationError("no export lies in '\(location.display)'; tdr status REF shows where they are")
        }
        for copy in copies {
            try store.retire(
                copy, reason: reason, run: context.run("verify --exports --retire \(location.display)"))
            context.messages.note("retired \(copy.location.display) of \(copy.reference)")
        }
        return .done
    }
}

extension FixityResult {
    /// In a sentence.
    var words: String {
        switch self {
        case .valid: "valid"
        case .altered: "altered"
        case .invalid: "invalid"
        case .missing: "missing"
        case .notVerified: "not verified"
        }
    }
}

/// `tdr verify --exports --json`, a line for each bag.
private struct ExportVerificationOutput: Encodable {
    let reference: String
    let location: String
    let endpoint: String?
    let result: String
    let remark: String?
    let exportedDatetime: String
    let recordedSha256: String?
    let sha256: String?
    let bag: VerifyOutput?

    init(_ found: ExportVerification) {
        reference = found.copy.reference.description
        location = found.copy.location.display
        endpoint = found.copy.endpoint
        result = found.result.rawValue
        remark = found.remark
        exportedDatetime = found.copy.exported.description
        recordedSha256 = found.copy.sha256?.hex
        sha256 = found.sha256?.hex
        bag = found.bag.map { VerifyOutput($0) }
    }
}
