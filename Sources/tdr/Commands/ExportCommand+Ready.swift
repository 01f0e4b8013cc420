import ArgumentParser
import Streams
import TDRCore

extension ExportCommand {
    /// The work of cron: one line for each export, an error for each that was not made, else silence.
    func exportReady(_ store: Store, _ target: BytePath, _ context: CommandContext) async throws -> Outcome {
        let meter = ProgressMeter()
        let run = ReadyRun(
            store: store, run: context.run("export --ready --to \(target.display)"), meter: meter,
            warn: { context.messages.warning($0) })
        let wanted = try request(target, context)
        let summary = try await ProgressLine(meter, context).during {
            try await run.export(wanted) { consignment, outcome in
                switch outcome {
                case .success(let summary):
                    try answer(summary, context)
                    context.output.flush()
                case .failure(let error):
                    _ = tell(error, of: consignment, context)
                }
            }
        }
        // What could not be done weighs more than what is not ready, and each has been told of.
        if summary.failed > 0 { throw ExitCode(1) }
        return summary.notReady > 0 ? .findings : .done
    }

    func validateAbandon() throws {
        if s3.isWriting { throw ValidationError("--storage-class, --tag and --read-back do not go with --abandon") }
        if to.map({ ExportRequest.isInS3($0.path) }) == true {
            throw ValidationError("--abandon knows the uploads into S3; --to names a folder with temporary files")
        }
    }

    func abandon(_ store: Store, _ context: CommandContext) async throws -> Outcome {
        for consignment in try references.map({ try store.consignment($0) }) {
            let abandonment = ExportAbandonment(
                store: store, run: context.run("export --abandon \(consignment.reference)"),
                s3: s3.options(context.environment))
            let given = try await abandonment.abandon(consignment, in: to?.path)
            for place in given {
                if context.json {
                    try context.output.json(
                        AbandonOutput(reference: consignment.reference.description, location: place.display))
                } else {
                    context.output.write(place.bytes + [UInt8(ascii: "\n")])
                }
            }
            context.messages.note(
                given.isEmpty
                    ? "nothing of \(consignment.reference) was left unfinished"
                    : "gave up \(Text.count(given.count, "unfinished export")) of \(consignment.reference)")
        }
        return .done
    }
}

/// `tdr export --abandon --json`, a line each.
private struct AbandonOutput: Encodable {
    let reference: String
    let location: String
}
