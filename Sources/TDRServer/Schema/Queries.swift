import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// The fields of `Query`.
enum Queries {
    /// Consignments of a page, at most.
    static let largestPage = 250

    static let types: [TypeDefinition] = [orderBy, me] + Failures.types + ReviewTypes.types + Administration.types

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
            arguments: [
                InputField("consignmentid", "UUID!", "Its id."),
                InputField("paginationInput", "PaginationInput", "Which page paginatedFiles gives where it says none."),
            ]
        ) { _, call in
            let id = call.arguments.string("consignmentid") ?? ""
            let page = try call.arguments.object("paginationInput").map { try FilesPage($0) }
            return try await call.asker.ask { archive, principal in
                var facts = try archive.consignment(id, for: principal, .readConsignment)
                facts.filesPage = page
                return .object(facts)
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
        Failures.add(to: &fields)
        ReviewTypes.add(to: &fields)
        Administration.add(to: &fields)
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
            fields.batch("bodyName", "String", "Its name.") { call in
                try await call.ask { archive, _, parents in
                    try archive.store.bodyNames(ofCodes: parents.map(\.bodyCode)).map { .string($0) }
                }
            }
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
}

extension APIError {
    /// What may not be asked at all, of whomever.
    static let notAuthorised = APIError(.forbidden, .notAuthorised, "you may not ask for this")
}
