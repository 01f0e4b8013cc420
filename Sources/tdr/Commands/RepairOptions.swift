import ArgumentParser
import Streams
import TDRClient
import TDRCore

/// How `tdr upload` puts a consignment right that was uploaded before.
struct RepairOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take the file or folder in place of what this consignment has under the same path.", valueName: "ref"))
    var replace: String?

    @Option(
        help: ArgumentHelp("Take the file or folder into this consignment as something new.", valueName: "ref"))
    var add: String?

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp(
            "The path in the consignment that the file or folder stands for. Default: its place in the uploaded folder.",
            valueName: "path"))
    var place: PathArgument?

    /// What is to be done, and with which consignment.
    var act: (act: RepairAct, reference: String)? {
        if let replace { return (.replace, replace) }
        return add.map { (.add, $0) }
    }

    func validate() throws {
        if replace != nil, add != nil { throw ValidationError("choose one of --replace and --add") }
        if place != nil, act == nil { throw ValidationError("--as goes with --replace or --add") }
    }

    /// Does it and tells of it.
    func run(
        _ source: BytePath, jobs: Int?, by client: APIClient?, in context: CommandContext
    ) async throws -> Outcome {
        guard let (act, reference) = act else { throw ValidationError("name the consignment") }
        if let client {
            let meter = ProgressMeter()
            let summary = try await ProgressLine(meter, context).during {
                try await RemoteRepair(client, meter: meter).put(
                    act, source, as: self.place?.path, into: reference, jobs: jobs ?? max(4, context.jobs))
            }
            return try tell(act, summary, try await RemoteStatus(client).report(on: reference), context)
        }
        let store = try context.openStore()
        let consignment = try store.consignment(reference)
        let place = try place.map { try $0.entry(in: consignment, of: store) }
        let meter = ProgressMeter()
        let repair = Repair(
            store: store, run: context.run("upload --\(act.rawValue) \(reference) \(source.display)"), meter: meter)
        let count = jobs ?? context.jobs
        let summary = try await ProgressLine(meter, context).during {
            try await repair.put(act, source, as: place, into: consignment, jobs: count)
        }
        return try tell(act, summary, try store.report(on: consignment), context)
    }

    private func tell(
        _ act: RepairAct, _ summary: RepairSummary, _ report: ConsignmentReport, _ context: CommandContext
    ) throws -> Outcome {
        if context.json {
            try context.output.json(RepairOutput(summary))
        } else {
            context.output.line(summary.consignment.reference.description)
        }
        for (path, remark) in summary.leftOut.first.prefix(20) {
            context.messages.note("left out: \(path.display) (\(remark))")
        }
        for (path, remark) in summary.failed.first.prefix(20) {
            context.messages.note("not taken: \(path.display) (\(remark)); the consignment has what it had")
        }
        context.messages.note(
            "\(act == .replace ? "replaced" : "added") \(Text.count(summary.changed, "file"))"
                + (summary.unchanged > 0 ? ", \(Text.count(summary.unchanged)) had these bytes already" : "")
                + "; next: \(report.nextAction)")
        return summary.failed.count > 0 ? .findings : .done
    }
}

/// `tdr upload --replace --json` and `--add --json`.
struct RepairOutput: Encodable {
    let reference: String
    let changedFiles: Int
    let unchangedFiles: Int
    let newFolders: Int
    let bytes: Int64
    let failed: [RemarkOutput]
    let failedCount: Int
    let leftOut: [RemarkOutput]

    init(_ summary: RepairSummary) {
        reference = summary.consignment.reference.description
        changedFiles = summary.changed
        unchangedFiles = summary.unchanged
        newFolders = summary.folders
        bytes = summary.bytes
        failed = summary.failed.first.map { RemarkOutput($0.path, $0.remark) }
        failedCount = summary.failed.count
        leftOut = summary.leftOut.first.map { RemarkOutput($0.path, $0.remark) }
    }
}

extension PathArgument {
    /// The path of a file or folder in the consignment: as it was typed or, when nothing has it, as `tdr status` writes
    /// awkward names, where something has that.
    func entry(in consignment: Consignment, of store: Store) throws -> RelativePath {
        let candidates = path.entryCandidates
        guard let first = candidates.first else {
            throw ValidationError("name a file or folder by its path in the consignment, without '..' and a first '/'")
        }
        return try candidates.first { try store.hasEntry($0, in: consignment) } ?? first
    }
}
