import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// `getFileCheckFailures` and what it gives.
enum Failures {
    /// Failures that one answer holds, at most.
    private static let most = 10_000

    static let types: [TypeDefinition] = [input, failure]

    static func add(to fields: inout FieldList<Root>) {
        fields.each(
            "getFileCheckFailures", "[FileCheckFailure!]!",
            """
            Everything that the checks found amiss, a row for each finding: in a consignment that you may see or, for who may \
            see all, in all of them.
            """, arguments: [InputField("getFileCheckFailuresInput", "GetFileCheckFailuresInput", "Which.")]
        ) { _, call in
            let input = call.arguments.object("getFileCheckFailuresInput") ?? [:]
            let id = input["consignmentId"]?.string
            let from = try moment(input, "startDateTime")
            let to = try moment(input, "endDateTime")
            return try await call.asker.ask { archive, principal in
                var selection = ProblemSelection()
                (selection.from, selection.to) = (from, to)
                if let id {
                    selection.consignment = try archive.consignment(id, for: principal, .readConsignment).consignment
                } else if !Access.allows(principal, .listConsignments, [.none]) {
                    throw APIError.notAuthorised
                }
                return .objects(try failures(selection, in: archive))
            }
        }
    }

    private static func moment(_ input: JSONObject, _ name: String) throws -> Timestamp? {
        try input[name]?.string.map { text in
            guard let moment = Timestamp(text) else { throw FieldError.input("\(name) is no moment") }
            return moment
        }
    }

    private static let input = TypeDefinition.input(
        InputType(
            "GetFileCheckFailuresInput", "Which failures.",
            fields: [
                InputField("consignmentId", "UUID", "Those of this consignment."),
                InputField("startDateTime", "ZonedDateTime", "Those found at this moment or later."),
                InputField("endDateTime", "ZonedDateTime", "Those found at this moment or before."),
            ]))

    private struct Failure: Sendable {
        let problem: FileProblem
        let type: FileStatusType
        let value: FileStatusValue
        /// Which of the findings about the file it is, from 1.
        let rank: Int
        let format: FormatReport?
        let scan: AntivirusReport?

        var consignment: Consignment { problem.facts.consignment }
        var file: FileReport { problem.file }
    }

    private static let failure = TypeDefinition.object(
        ObjectType("FileCheckFailure", of: Failure.self, "One finding about one file.") { fields in
            fields.field("fileId", "UUID!", "Which file.") { $0.file.id.description }
            fields.field("consignmentId", "UUID!", "Of which consignment.") { $0.consignment.id.description }
            fields.field("consignmentType", "String!", "standard or judgment.") { $0.consignment.type.rawValue }
            fields.field("rankOverFilePath", "Int!", "Which of the findings about this file it is, from 1.") { $0.rank }
            fields.field("userId", "UUID", "Who made the consignment.") { $0.problem.facts.owner?.description }
            fields.field("originalFilePath", "String!", "The file's path.") { $0.file.path.display }
            fields.field("statusType", "String!", "What the finding is about.") { $0.type.rawValue }
            fields.field("statusValue", "String!", "What was found.") { $0.value.rawValue }
            fields.field("createdDateTime", "ZonedDateTime", "When it was found.") { $0.problem.found?.json }
            fields.field("advice", "String!", "What it means, and what to do, in plain words.") {
                ProblemAdvice.text($0.type, $0.value)
            }
            fields.field("seriesName", "String", "The consignment's series.") { $0.consignment.seriesName }
            fields.field("transferringBodyName", "String", "The consignment's body.") { $0.consignment.bodyName }
            fields.field("antivirusResult", "String", "What an antivirus engine found.") { $0.scan?.result }
            fields.field("PUID", "String", "PRONOM's id of the format.") { $0.format?.puid }
            fields.field("formatName", "String", "Its name.") { $0.format?.formatName }
            fields.field("extension", "String", "The extension that was looked at.") { $0.format?.fileExtension }
            fields.field("identificationBasis", "String", "How the format was found.") {
                $0.format?.identificationBasis
            }
            fields.field("extensionMismatch", "Boolean", "Whether the extension is not one of the format's.") {
                $0.format?.extensionMismatch
            }
            fields.field("checksum", "String", "SHA-256 of the bytes that arrived.") { $0.file.sha256?.hex }
        })

    private static func failures(_ selection: ProblemSelection, in archive: Archive) throws -> [Failure] {
        var found: [Failure] = []
        var last: FileProblem?
        while true {
            let (problems, isLast) = try archive.store.problems(selection, after: last, limit: 1000)
            let formats = try archive.store.formats(of: problems.map(\.file))
            let scans = try archive.store.scans(of: problems.map(\.file))
            for (place, problem) in problems.enumerated() {
                for (rank, finding) in problem.file.statuses.problems.enumerated() {
                    found.append(
                        Failure(
                            problem: problem, type: finding.type, value: finding.value, rank: rank + 1,
                            format: formats[place].first,
                            scan: scans[place].first { $0.result != "" } ?? scans[place].first))
                }
            }
            guard found.count <= most else {
                throw APIError(
                    .contentTooLarge, .tooLarge,
                    "there are more than \(most) findings: ask for a shorter time, or page through the files with"
                        + " fileFilters { withProblems: true }")
            }
            if isLast { return found }
            last = problems.last
        }
    }
}
