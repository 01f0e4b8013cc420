import Streams
import TDRCore

/// How the runs of `tdr export --ready` went, as text.
enum ReadyText {
    /// Nothing where there was none.
    static func lines(_ runs: (last: PastReadyRun, lastSuccess: PastReadyRun?)?) -> [String] {
        guard let runs else { return [] }
        let good =
            runs.lastSuccess.map {
                "export --ready last went well \($0.ended) (\(Text.count($0.exported)) exported to \($0.target.display))"
            } ?? "export --ready never went well"
        guard !runs.last.isSuccess else { return [good] }
        return [
            good,
            "  its last run, \(runs.last.ended): \(Text.count(runs.last.failed)) failed,"
                + " \(Text.count(runs.last.notReady)) not ready",
        ]
    }
}

/// `tdr status --ready --json`.
struct ReadyOutput: Encodable {
    struct Run: Encodable {
        let endedDatetime: String
        let target: String
        let exported: Int
        let notReady: Int
        let failed: Int

        init(_ run: PastReadyRun) {
            endedDatetime = run.ended.description
            target = run.target.display
            exported = run.exported
            notReady = run.notReady
            failed = run.failed
        }
    }

    /// The consignments that the next run takes, by reference.
    let ready: [String]
    let lastRun: Run?
    let lastSuccess: Run?

    init(_ ready: [ConsignmentReference], _ runs: (last: PastReadyRun, lastSuccess: PastReadyRun?)?) {
        self.ready = ready.map(\.description)
        lastRun = runs.map { Run($0.last) }
        lastSuccess = runs?.lastSuccess.map { Run($0) }
    }
}

extension StatusCommand {
    /// What the next run takes, and how the last ones went.
    func showReady(
        _ ready: [ConsignmentReference], _ runs: (last: PastReadyRun, lastSuccess: PastReadyRun?)?,
        _ context: CommandContext
    ) throws -> Outcome {
        if context.json {
            try context.output.json(ReadyOutput(ready, runs))
        } else {
            for reference in ready { context.output.line("\(reference)") }
            for line in ReadyText.lines(runs) { context.output.line(line) }
            if ready.isEmpty { context.messages.note("nothing waits for tdr export --ready") }
        }
        return runs?.last.isSuccess == false ? .findings : .done
    }
}
