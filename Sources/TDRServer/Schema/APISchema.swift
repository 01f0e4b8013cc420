import GraphQL
import TDRCore

/// The schema that the server serves; `share/tdr/schema.graphql` is its text.
public enum APISchema {
    static func make() throws -> Schema {
        try Schema(
            query: Queries.root, mutation: Mutations.root,
            types: Scalars.all + Enums.all + ConsignmentTypes.all + FileTypes.all + Queries.types + Mutations.types)
    }

    /// Its text in the schema definition language.
    public static func text() throws -> String { try make().sdl() }

    static func engine() throws -> GraphQLEngine {
        var limits = Limits()
        limits.aliases = 100
        limits.depth = 15
        return GraphQLEngine(schema: try make(), limits: limits)
    }
}
