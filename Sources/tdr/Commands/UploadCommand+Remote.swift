import ArgumentParser
import Streams
import TDRClient
import TDRCore

extension UploadCommand {
    /// Sends the folder to a server, with what goes along with it.
    func send(_ folder: BytePath, _ client: APIClient, _ context: CommandContext) async throws -> Outcome {
        if series == nil, type == .standard { throw ValidationError("name the series with --series") }
        var request = RemoteUploadRequest(source: folder, series: series, jobs: jobs ?? max(4, context.jobs))
        request.body = body
        request.type = type
        request.judgment = judgment.details
        request.agreement = try agreement.agreement(context)
        request.isConfirmedWhenClean = confirmWhenClean
        request.links = links
        request.includeTopLevelFolder = includeTopLevelFolder
        request.fresh = fresh
        let wanted = request
        let meter = ProgressMeter()
        let summary: RemoteUploadSummary
        do {
            summary = try await ProgressLine(meter, context).during {
                try await RemoteUpload(client, meter: meter).upload(wanted)
            }
        } catch let error as UploadError {
            if case .refused(let list, _) = error { list.say(context, "refused") }
            throw error
        }
        if context.json {
            try context.output.json(UploadOutput(summary))
        } else {
            context.output.line(summary.reference)
        }
        for (list, word) in summary.plan.lists { list.say(context, word) }
        summary.failed.say(context, "not uploaded")
        let isWhole = summary.failed.count == 0
        context.messages.note(
            "\(summary.resumed ? "went on with" : "uploaded") \(summary.reference): "
                + "\(Text.count(summary.filesStored, "file")), \(Text.size(summary.plan.bytes)); "
                + (isWhole
                    ? "the server checks it now: tdr status \(summary.reference)"
                    : "it is not complete: mend the files and give the same command again"))
        guard isWhole else { return .findings }
        guard let metadata else { return .done }
        // While the server checks the files nobody else can change anything of the consignment.
        _ = try await RemoteWork(client).waitForChecks(summary.reference)
        let told = try await RemoteMetadata(client).send(
            metadata.path, to: summary.reference, isPartial: false, onlyLooks: false)
        for finding in told.findings { context.messages.note(MetadataFindingOutput.line(finding)) }
        tell(findings: told.findingCount, changed: told.changed, of: summary.reference, metadata.path, context)
        return told.findingCount == 0 ? .done : .findings
    }
}
