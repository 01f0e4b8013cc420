import Streams
import TDRCore

/// What the checks of several consignments gave: told in the order in which they were named, or as it comes.
final class CheckAnswers: Sendable {
    private struct State {
        var outcomes: [RecordID: Result<CheckSummary, any Error>] = [:]
        var outcome = Outcome.done
    }

    private let onlySome: Bool
    private let store: Store
    private let context: CommandContext
    private let state = Guarded(State())

    init(onlySome: Bool, _ store: Store, _ context: CommandContext) {
        (self.onlySome, self.store, self.context) = (onlySome, store, context)
    }

    /// The worst of what was told.
    var outcome: Outcome { state.withLock { $0.outcome } }

    func take(_ consignment: Consignment, _ outcome: Result<CheckSummary, any Error>) {
        state.withLock { $0.outcomes[consignment.id] = outcome }
    }

    /// Tells of each consignment in this order.
    ///
    /// - Throws: the first error, when all others have been told.
    func tell(inOrderOf consignments: [Consignment]) throws -> Outcome {
        let outcomes = state.withLock { $0.outcomes }
        var failure: (any Error)?
        for consignment in consignments {
            do {
                if let summary = try outcomes[consignment.id]?.get() { try tell(summary) }
            } catch {
                if let failure { context.messages.error("\(failure)", code: ExitCodes.code(for: failure)) }
                failure = error
            }
        }
        if let failure { throw failure }
        return outcome
    }

    /// Tells of one now; what is wrong with it does not end the watch.
    func tellAtOnce(_ consignment: Consignment, _ outcome: Result<CheckSummary, any Error>) {
        do {
            try tell(try outcome.get())
            context.output.flush()
        } catch {
            context.messages.error("\(error)", code: ExitCodes.code(for: error))
        }
    }

    private func tell(_ summary: CheckSummary) throws {
        let report = try store.report(on: summary.consignment)
        if let reason = summary.engineMissing { context.messages.note("antivirus: \(reason)") }
        if context.json {
            try context.output.json(CheckOutput(summary, report))
        } else {
            context.output.line(
                "\(summary.consignment.reference): \(Text.count(summary.filesChecked, "file")) checked now, "
                    + "\(Text.count(report.files)) in all")
            for line in StatusText.checks(report) { context.output.line("  " + line) }
            if report.filesWithProblems > 0 {
                context.output.line("  \(Text.count(report.filesWithProblems, "file")) with findings:")
                for line in StatusText.problems(report, try FirstProblems(report, in: store), examples: 5) {
                    context.output.line("    " + line)
                }
            }
            context.output.flush()  // the talk about what comes next stands below the answer
            context.messages.note("next: \(report.nextAction)")
        }
        if report.filesWithProblems > 0 || !report.areChecksComplete && !onlySome {
            state.withLock { $0.outcome = .findings }
        }
    }
}

/// `tdr check --json`.
struct CheckOutput: Encodable {
    let reference: String
    let filesChecked: Int
    let antivirusEngines: [String]
    let antivirusMissing: String?
    let status: StatusOutput

    init(_ summary: CheckSummary, _ report: ConsignmentReport) {
        reference = summary.consignment.reference.description
        filesChecked = summary.filesChecked
        antivirusEngines = summary.engines.map(\.description)
        antivirusMissing = summary.engineMissing
        status = StatusOutput(report)
    }
}
