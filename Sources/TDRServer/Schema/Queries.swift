import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// The fields of `Query`.
enum Queries {
    /// Consignments of a page, at most.
    static let largestPage = 250
    /// Failures that one answer holds, at most.
    private static let mostFailures = 10_000

    static let types: [TypeDefinition] = [orderBy, failureInput, Failure.type, me]

    static let root = ObjectType("Query", of: Root.self, "What can be asked.") { fields in
        fields.each(
            "getSeries", "[Series!]!", "The series of your transferring body.",
            arguments: [InputField("body", "String!", "The code of the body, as in TDR-CRAN.")]
        ) { _, call in
            let body = call.arguments.string("body") ?? ""
            return try await call.asker.ask { archive, principal in
                let relation: Relation = body == principal.bodyCode ? .own : .other
                guard Access.allows(principal, .seeSeries, [relation]) else { throw APIError.notAuthorised }
                return .objects(try archive.store.series(ofBody: body))
            }
        }
        fields.each(
            "getConsignment", "Consignment", "One consignment; null when there is none that you may see.",
            arguments: [InputField("consignmentid", "UUID!", "Its id.")]
        ) { _, call in
            let id = call.arguments.string("consignmentid") ?? ""
            return try await call.asker.ask { archive, principal in
                .object(try archive.consignment(id, for: principal, .readConsignment))
            }
        }
        fields.each(
            "getConsignmentByReference", "Consignment", "The same by reference.",
            arguments: [InputField("consignmentReference", "String!", "As in TDR-2026-C73.")]
        ) { _, call in
            let reference = call.arguments.string("consignmentReference") ?? ""
            return try await call.asker.ask { archive, principal in
                guard ConsignmentReference(reference) != nil else { throw APIError.notFound }
                return .object(try archive.consignment(reference, for: principal, .readConsignment))
            }
        }
        fields.each("me", "Me!", "Who you are to this server.") { _, call in .object(try call.asker.principal) }
        addConsignments(&fields)
        fields.each(
            "getFileCheckFailures", "[FileCheckFailure!]!",
            "Everything that the checks found amiss in a consignment, a row for each finding.",
            arguments: [InputField("getFileCheckFailuresInput", "GetFileCheckFailuresInput!", "Of which.")]
        ) { _, call in
            let input = try call.arguments.input("getFileCheckFailuresInput")
            let id = try input.text("consignmentId")
            return try await call.asker.ask { archive, principal in
                let facts = try archive.consignment(id, for: principal, .readConsignment)
                return .objects(try failures(of: facts, in: archive))
            }
        }
    }

    private static func addConsignments(_ fields: inout FieldList<Root>) {
        fields.each(
            "consignments", "ConsignmentConnection!", "A page of consignments: your own, or all for who may see all.",
            arguments: [
                InputField("limit", "Int!", "Consignments of the page, at most \(largestPage)."),
                InputField("currentCursor", "String", "The endCursor of the page before."),
                InputField("currentPage", "Int", "How many pages to pass over, instead of a cursor."),
                InputField("consignmentFiltersInput", "ConsignmentFilters", "Only some of them."),
                InputField("orderBy", "ConsignmentOrderBy", "In which order; the newest first when it is not said."),
            ], multiplier: .argument("limit", otherwise: largestPage)
        ) { _, call in
            let limit = try FilePage.limit(call.arguments.int("limit") ?? 0, largestPage)
            let offset = try FilePage.offset(call.arguments.int("currentPage"), limit)
            let after = try call.arguments.string("currentCursor").map { cursor in
                guard let reference = ConsignmentReference(cursor) else {
                    throw FieldError.input("'\(cursor.prefix(60))' is no cursor of this list")
                }
                return reference.sequence
            }
            var selection = ConsignmentSelection()
            let filters = call.arguments.object("consignmentFiltersInput")
            selection.owner = filters?["userId"]?.string.flatMap { RecordID($0) }
            if let type = filters?["consignmentType"]?.string { selection.type = try consignmentType(type) }
            if let order = call.arguments.object("orderBy") {
                selection.descending = order["orderDirection"]?.string != "Ascending"
            }
            let wanted = selection
            return try await call.asker.ask { archive, principal in
                let isOwn = wanted.owner == principal.id
                guard
                    Access.allows(principal, .listConsignments, [.none])
                        || isOwn && Access.allows(principal, .readConsignment, [.own])
                else { throw APIError.notAuthorised }
                let page = try archive.store.consignments(wanted, after: after, skipping: offset, limit: limit)
                return .object(
                    Connection(
                        edges: page.items.map { .init(node: $0, cursor: $0.consignment.reference.description) },
                        hasNextPage: page.hasNext, hasPreviousPage: after != nil || offset > 0,
                        totalItems: page.total, limit: limit))
            }
        }
    }

    /// A type of consignment by its name.
    static func consignmentType(_ text: String) throws -> ConsignmentType {
        guard let type = ConsignmentType(rawValue: text) else {
            throw FieldError.input("Invalid consignment type '\(text.prefix(60))' for consignment")
        }
        return type
    }

    private static let me = TypeDefinition.object(
        ObjectType("Me", of: Principal.self, "Who asks.") { fields in
            fields.field("userId", "UUID!", "Your id.") { $0.id.description }
            fields.field("login", "String!", "Your account's name.") { $0.login }
            fields.field("name", "String!", "First and last name.") { $0.name }
            fields.field("email", "String!", "Your e-mail address.") { $0.email }
            fields.field("body", "String", "The code of your transferring body.") { $0.bodyCode }
            fields.field("roles", "[String!]!", "What you are.") { $0.roles.map(\.rawValue).sorted() }
            fields.field("scopes", "[String!]!", "What your token is good for.") { $0.scopes.map(\.rawValue).sorted() }
        })

    private static let orderBy = TypeDefinition.input(
        InputType(
            "ConsignmentOrderBy", "In which order consignments come.",
            fields: [
                InputField("consignmentOrderField", "ConsignmentOrderField!", "By what."),
                InputField("orderDirection", "OrderDirection!", "Which end first."),
            ]))

    private static let failureInput = TypeDefinition.input(
        InputType(
            "GetFileCheckFailuresInput", "Whose failures.",
            fields: [InputField("consignmentId", "UUID!", "Those of this consignment.")]))

    // MARK: Failures

    struct Failure: Sendable {
        let facts: ConsignmentFacts
        let file: FileReport
        let type: FileStatusType
        let value: FileStatusValue
        let format: FormatReport?
        let scan: AntivirusReport?

        static let type = TypeDefinition.object(
            ObjectType("FileCheckFailure", of: Failure.self, "One finding about one file.") { fields in
                fields.field("fileId", "UUID!", "Which file.") { $0.file.id.description }
                fields.field("consignmentId", "UUID!", "Of which consignment.") {
                    $0.facts.consignment.id.description
                }
                fields.field("consignmentType", "String!", "standard or judgment.") {
                    $0.facts.consignment.type.rawValue
                }
                fields.field("userId", "UUID", "Who made the consignment.") { $0.facts.owner?.description }
                fields.field("originalFilePath", "String!", "The file's path.") { $0.file.path.display }
                fields.field("statusType", "String!", "What the finding is about.") { $0.type.rawValue }
                fields.field("statusValue", "String!", "What was found.") { $0.value.rawValue }
                fields.field("advice", "String!", "What it means, and what to do, in plain words.") {
                    ProblemAdvice.text($0.type, $0.value)
                }
                fields.field("seriesName", "String", "The consignment's series.") { $0.facts.consignment.seriesName }
                fields.field("transferringBodyName", "String", "The consignment's body.") {
                    $0.facts.consignment.bodyName
                }
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
    }

    private static func failures(of facts: ConsignmentFacts, in archive: Archive) throws -> [Failure] {
        var found: [Failure] = []
        var after: Int64? = 0
        while let from = after {
            let (files, last) = try archive.store.problems(of: facts.consignment, after: from, limit: 1000)
            let formats = try archive.store.formats(of: files)
            let scans = try archive.store.scans(of: files)
            for (place, file) in files.enumerated() {
                for (type, value) in file.statuses.problems {
                    found.append(
                        Failure(
                            facts: facts, file: file, type: type, value: value, format: formats[place].first,
                            scan: scans[place].first { $0.result != "" } ?? scans[place].first))
                }
            }
            guard found.count <= mostFailures else {
                throw APIError(
                    .contentTooLarge, .tooLarge,
                    "there are more than \(mostFailures) findings: page through the files and their statuses")
            }
            after = last
        }
        return found
    }
}

extension APIError {
    /// What may not be asked at all, of whomever.
    static let notAuthorised = APIError(.forbidden, .notAuthorised, "you may not ask for this")
}
