import GraphQL
import Testing

@Suite struct SmokeTests {
    @Test("smoke", arguments: [
        "{ hello numbers person { name grid } animals { __typename name kind ... on Cat { meows } ... on Dog { weight } } }",
        "{ strict }", "{ __schema { types { name } } __type(name: \"Cat\") { fields(includeDeprecated: true) { name type { name kind ofType { name } } } } }",
        "query Q($p: Point = {x: 3}) { echo(point: $p, matrix: [1, [2, 3]]) }", "mutation { set(to: 3) a: set(to: -1) strictSet(to: -1) b: set(to: 5) }",
        "{ hello { x } nope animals }",
        "{ person { name: id name } person { pets { a: name } pets { a: kind } } }",
    ])
    func smoke(_ query: String) async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        let response = try await engine.execute(GraphQLRequest(query), context: (), root: Sample.data)
        print(String(decoding: response.bytes, as: UTF8.self))
        #expect(response.bytes.count > 2)
    }
}
