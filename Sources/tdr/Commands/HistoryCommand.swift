import ArgumentParser
import Streams
import TDRClient
import TDRCore

struct HistoryCommand: TDRCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Tell the whole story of a consignment: who did what, when, and what it was before.",
        discussion: """
            The history is written with every change and only ever added to. As text, each run of tdr is named with who \
            ran it and when, and what it changed stands below; changes of many files that are alike stand on one line. \
            With --json (JSON Lines) and --csv every change of every file is a record of its own.

              tdr history TDR-2026-C
              tdr history TDR-2026-C --json | jq -r 'select(.what == "Quarantine")'
              tdr history TDR-2026-C --premis > premis.xml

            --premis writes a PREMIS 3 document: the files are objects, what was done events, who and what did it \
            agents. In it, % and what XML cannot hold is written %HH.

            Exit codes: 0 done; 1 could not do it; 64 wrong usage.
            """)

    @Argument(help: ArgumentHelp("The consignment, by reference.", valueName: "ref"))
    var reference: String

    @Flag(help: "Answer as CSV.")
    var csv = false

    @Flag(help: "Answer as a PREMIS 3 document.")
    var premis = false

    @OptionGroup(title: "Through a server") var remote: RemoteOptions

    @OptionGroup var common: CommonOptions

    static var onlyLists: Bool { true }

    func validate() throws {
        if [csv, premis, common.json].count(where: \.self) > 1 {
            throw ValidationError("choose one of --csv, --json and --premis")
        }
    }

    func run(in context: CommandContext) async throws -> Outcome {
        if let client = try remote.client(context) {
            let documents = RemoteDocuments(client)
            if premis {
                try await documents.premis(of: reference) { context.output.write($0) }
            } else {
                var writer = HistoryWriter(context, csv: csv)
                try await documents.forEachEvent(of: reference) { try writer.add($0) }
                writer.finish()
            }
            return .done
        }
        let store = try context.openStore()
        let consignment = try store.consignment(reference)
        if premis {
            try PremisDocument(consignment, in: store).write { context.output.write($0) }
        } else {
            var writer = HistoryWriter(context, csv: csv)
            try store.forEachEvent(of: consignment) { try writer.add($0) }
            writer.finish()
        }
        return .done
    }
}
