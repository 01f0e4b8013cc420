/// GraphQL, by the specification of October 2021: from the text of a request to the bytes of its response.
///
/// Glossary. A *document* is the text of a query, parsed. Its *operations* select *fields*; a *selection* is what
/// stands between braces. A *schema* says which types have which fields, and a *resolver* is asked for the value of a
/// field. A *plan* is an operation made ready: fragments merged, types looked up, arguments checked.
///
/// **Resolving in batches.** Execution goes level by level: all objects that a selection is asked for are known before
/// the first of its fields is resolved, so each field is asked *once* for all of them, and answers with as many results.
/// A page of a thousand files with their metadata is two calls and not a thousand and one:
///
/// ```swift
/// let metadata = ObjectType("Metadata", of: Metadata.self) { type in
///     type.field("name", "String!") { $0.name }
///     type.field("value", "String") { $0.value }
/// }
/// let file = ObjectType("File", of: File.self, "A file of a consignment.") { type in
///     type.field("fileId", "ID!") { $0.id }
///     type.batch("metadata", "[Metadata!]!") { call in
///         let store: Store = try call.context()
///         let rows = try await store.metadata(ofFiles: call.parents.map(\.id))
///         return call.parents.map { .objects(rows[$0.id] ?? []) }
///     }
/// }
/// let query = ObjectType("Query", of: Root.self) { type in
///     type.each(
///         "files", "[File!]!", arguments: [InputField("limit", "Int!", default: 100)],
///         multiplier: .argument("limit", otherwise: 100)
///     ) { _, call in
///         let store: Store = try call.context()
///         return .objects(try await store.files(limit: call.arguments.int("limit") ?? 100))
///     }
/// }
/// let schema = try Schema(query: query, types: [.object(file), .object(metadata)])
/// let engine = GraphQLEngine(schema: schema)
/// let response = try await engine.execute(GraphQLRequest("{ files(limit: 10) { fileId } }"), context: store)
/// response.write(into: &body)
/// ```
///
/// Types are written as in SDL (`"[File!]!"`) and found by name among those given to ``Schema``. Fields of a mutation
/// run one after the other; those of a query in the order in which they were written, level by level. Errors that
/// clients may see are thrown as ``FieldError``; of all others they see what `describe` makes of them.
package struct GraphQLEngine: Sendable {
    /// What clients are told of an error that is not made for them. Gets the error and the coordinates of the field, as
    /// `File.metadata`, and is the place to log it.
    package typealias Describe = @Sendable (_ error: any Error, _ field: String) -> FieldError

    package let schema: Schema
    package let limits: Limits
    private let describe: Describe
    private let cache: DocumentCache

    /// - Parameters:
    ///   - cachedDocuments: How many documents are remembered, parsed and validated; 0: none.
    ///   - describe: See ``Describe``; when not given, clients are told of an internal error and nothing more.
    package init(
        schema: Schema, limits: Limits = Limits(), cachedDocuments: Int = 256,
        describe: @escaping Describe = { _, _ in FieldError("Internal error.", code: "INTERNAL_SERVER_ERROR") }
    ) {
        self.schema = schema
        self.limits = limits
        self.describe = describe
        cache = DocumentCache(capacity: cachedDocuments)
    }

    /// Does what the request asks for.
    ///
    /// - Parameters:
    ///   - context: What resolvers get by ``FieldCall/context(as:)``.
    ///   - root: The parent of the fields of the root types.
    ///   - isReadOnly: Refuse mutations, as a `GET` must; the error has the code `METHOD_NOT_ALLOWED`.
    /// - Throws: `CancellationError` when the task is cancelled. All else is an error in the response.
    package func execute(
        _ request: GraphQLRequest, context: any Sendable, root: any Sendable = Root(), isReadOnly: Bool = false
    ) async throws -> GraphQLResponse {
        let document: PreparedDocument
        do {
            document = try prepare(request.query)
        } catch {
            return GraphQLResponse(errors: error.errors)
        }
        return try await document.execute(
            request, limits: limits, describe: describe, context: context, root: root, isReadOnly: isReadOnly)
    }

    /// Does a query that needs no preparing, since it was asked for before: for callers who cannot wait for long.
    ///
    /// - Parameter mostCells: How many values it may have, those of objects counted once for each field; one with more
    ///   is given up.
    /// - Returns: nil when it is another request. So it is for a while, too, after a query was given up, also by a
    ///   resolver that threw `CancellationError`.
    /// - Throws: `CancellationError` when it was given up.
    package func executeRemembered(
        _ request: GraphQLRequest, mostCells: Int = Int.max, context: any Sendable, root: any Sendable = Root()
    ) async throws -> GraphQLResponse? {
        guard let document = cache[request.query], document.isPromising(request) else { return nil }
        do {
            return try await document.execute(
                request, limits: limits, describe: describe, context: context, root: root, isReadOnly: true,
                mostCells: mostCells)
        } catch {
            document.wasGivenUp()
            throw error
        }
    }

    /// What is wrong with a document; empty for one that can be executed.
    package func validate(_ query: String) -> [GraphQLError] {
        do {
            _ = try prepare(query)
            return []
        } catch {
            return error.errors
        }
    }

    private func prepare(_ query: String) throws(RequestFault) -> PreparedDocument {
        if let known = cache[query] { return known }
        let document = try PreparedDocument(query, schema: schema, limits: limits)
        cache[query] = document
        return document
    }
}

/// The parent of the fields of the root types, where the caller has no other.
package struct Root: Sendable {
    package init() {}
}

/// Why nothing of a request was executed.
struct RequestFault: Error {
    let errors: [GraphQLError]

    init(_ errors: [GraphQLError]) { self.errors = errors }
    init(_ error: GraphQLError) { errors = [error] }
}
