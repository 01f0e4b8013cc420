final class PreparedDocument: Sendable {
    init(_ query: String, schema: Schema, limits: Limits) throws(RequestFault) {}
    func execute(
        _ request: GraphQLRequest, limits: Limits, describe: GraphQLEngine.Describe, context: any Sendable,
        root: any Sendable, isReadOnly: Bool
    ) async throws -> GraphQLResponse { GraphQLResponse(errors: [GraphQLError(.operation, "Execution is not here yet.")]) }
}
