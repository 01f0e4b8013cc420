import GraphQL
import Testing

/// Queries that were asked before.
@Suite struct RememberedTests {
    @Test("are executed as they were; new ones, mutations and wrong ones are not")
    func remembered() async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        let queries = ["{ hello }", "query A { hello } query B { person { name } }", "{ numbers }"]
        for query in queries {
            let name = query.contains("query B") ? "B" : nil
            let request = GraphQLRequest(query, operationName: name)
            #expect(try await engine.executeRemembered(request, context: (), root: Sample.data) == nil)
            let first = try await engine.execute(request, context: (), root: Sample.data)
            let second = try await engine.executeRemembered(request, context: (), root: Sample.data)
            #expect(second?.bytes == first.bytes)
        }
        // Which operation is asked for is part of the question.
        #expect(try await engine.executeRemembered(GraphQLRequest(queries[1]), context: (), root: Sample.data) == nil)
        for query in ["{ nothing }", "{ hello", "mutation { add(by: 1) }"] {
            let request = GraphQLRequest(query)
            _ = try await engine.execute(request, context: (), root: Sample.data)
            #expect(try await engine.executeRemembered(request, context: (), root: Sample.data) == nil, "\(query)")
        }
    }

    @Test("are not tried for a while after one was given up, and then again")
    func givenUp() async throws {
        let isSlow = Flag()
        let query = ObjectType("Query", of: Root.self) { type in
            type.batch("slow", "String") { call in
                if isSlow.value { throw CancellationError() }
                return call.parents.map { _ in .string("done") }
            }
        }
        let engine = GraphQLEngine(schema: try Schema(query: query, types: []))
        let request = GraphQLRequest("{ slow }")
        #expect(try await engine.execute(request, context: ()).data?["slow"]?.string == "done")
        #expect(try await engine.executeRemembered(request, context: ()) != nil)
        isSlow.value = true
        await #expect(throws: CancellationError.self) {
            _ = try await engine.executeRemembered(request, context: ())
        }
        isSlow.value = false
        var untried = 0
        while try await engine.executeRemembered(request, context: ()) == nil {
            untried += 1
            try #require(untried < 10_000)
        }
        #expect(untried > 10)
        #expect(try await engine.executeRemembered(request, context: ())?.data?["slow"]?.string == "done")
    }

    /// Sendable: one test has it, which does one thing after the other.
    private final class Flag: @unchecked Sendable {
        var value = false
    }
}
