import GraphQL
import Testing

/// What hostile clients send: each is refused, and soon, or these tests would never end.
@Suite struct LimitTests {
    private static func errors(_ query: String, _ change: (inout Limits) -> Void = { _ in }) throws -> [GraphQLError] {
        var limits = Limits()
        change(&limits)
        return GraphQLEngine(schema: try Sample.schema(), limits: limits).validate(query)
    }

    private static func check(
        _ query: String, isRefusedWith code: String, _ change: (inout Limits) -> Void = { _ in }
    ) throws {
        let errors = try LimitTests.errors(query, change)
        #expect(errors.count == 1)
        #expect(errors.first?.stage == .limit)
        #expect(errors.first?.code == code)
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test("refuses a document that is too large, before reading it")
    func bytes() throws {
        try LimitTests.check("{ hello } #" + LimitTests.repeated("x", 10_000_000), isRefusedWith: "QUERY_TOO_LARGE")
    }

    @Test("refuses too many tokens, fields, aliases, directives and definitions")
    func counts() throws {
        try LimitTests.check("{ " + LimitTests.repeated("hello ", 10_000) + "}", isRefusedWith: "QUERY_TOO_LARGE")
        try LimitTests.check(
            "{ " + (0..<10_000).map { "a\($0): hello" }.joined(separator: " ") + " }", isRefusedWith: "QUERY_TOO_LARGE")
        try LimitTests.check("{ hello " + LimitTests.repeated("@mark ", 5_000) + "}", isRefusedWith: "QUERY_TOO_LARGE")
        try LimitTests.check(LimitTests.repeated("query Q { hello } ", 1_000), isRefusedWith: "QUERY_TOO_LARGE")
        try LimitTests.check(
            "{ echo(matrix: [" + LimitTests.repeated("1 ", 50_000) + "]) }", isRefusedWith: "QUERY_TOO_LARGE")
    }

    @Test(
        "refuses nesting that is too deep, whatever is nested",
        arguments: [
            repeated("{ spouse ", 5_000), "{ echo(matrix: " + repeated("[", 5_000),
            "{ echo(point: " + repeated("{inner: ", 5_000),
            "query ($a: " + repeated("[", 5_000), repeated("{ ... ", 5_000), repeated("{ ... on Query ", 5_000),
        ])
    func nesting(_ query: String) throws {
        try LimitTests.check(query, isRefusedWith: "QUERY_TOO_DEEP")
        try LimitTests.check(query, isRefusedWith: "QUERY_TOO_DEEP") { $0.nesting = Int.max }
    }

    @Test("refuses depth that is made with fragments")
    func depthByFragments() throws {
        let fragments = (0..<150).map { "fragment F\($0) on Person { spouse { ...F\($0 + 1) } }" }.joined(
            separator: " ")
        let query = "{ person { ...F0 } } \(fragments) fragment F150 on Person { name }"
        try LimitTests.check(query, isRefusedWith: "QUERY_TOO_DEEP")
        // Deeper than is good for any stack.
        let inner = LimitTests.repeated("spouse { ... { ", 40)
        let long = (0..<150).map {
            "fragment F\($0) on Person { \(inner) ...F\($0 + 1) \(LimitTests.repeated("}", 80)) }"
        }
        let deep = "{ person { ...F0 } } \(long.joined(separator: " ")) fragment F150 on Person { name }"
        try LimitTests.check(deep, isRefusedWith: "QUERY_TOO_DEEP") {
            $0.depth = Int.max
            $0.tokens = Int.max
            $0.fields = Int.max
        }
    }

    @Test("counts the cost of fragments that double with each level, without going there")
    func doublingFragments() async throws {
        var limits = Limits()
        limits.depth = 100
        let engine = GraphQLEngine(schema: try Sample.schema(), limits: limits)
        let fragments = (0..<60).map {
            "fragment F\($0) on Person { a: pets { ...A\($0) } b: pets { ...A\($0) } } fragment A\($0) on Animal { ... on Cat { owner { ...F\($0 + 1) } } }"
        }
        let query = "{ person { ...F0 } } \(fragments.joined(separator: " ")) fragment F60 on Person { name }"
        let response = try await engine.execute(GraphQLRequest(query), context: (), root: Sample.data)
        #expect(response.errors.first?.stage == .limit)
        #expect(!response.isExecuted)
    }

    @Test("refuses what costs too much, by the limit that is asked for")
    func cost() async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        let inner = "friends(first: 1000) { friends(first: 1000) { friends(first: 1000) { name } } }"
        for request in [
            GraphQLRequest("{ animal { \(inner) } }"),
            GraphQLRequest(
                "query ($n: Int) { animal { \(inner.split(separator: "1000").joined(separator: "$n")) } }",
                variables: ["n": 1_000]),
        ] {
            let response = try await engine.execute(request, context: (), root: Sample.data)
            #expect(response.errors.first?.code == "QUERY_TOO_COMPLEX")
        }
        let cheap = GraphQLRequest("query ($n: Int) { animal { friends(first: $n) { name } } }", variables: ["n": 5])
        #expect(try await engine.execute(cheap, context: (), root: Sample.data).isExecuted)
    }

    @Test("refuses introspection that multiplies")
    func introspection() throws {
        let inner = "fields { type { fields { type { fields { type { fields { name } } } } } } }"
        try LimitTests.check("{ __schema { types { \(inner) } } }", isRefusedWith: "QUERY_TOO_DEEP")
    }

    @Test("finds conflicts among very many fields of one name")
    func manyFields() throws {
        let same = LimitTests.repeated("hello ", 4_900)
        #expect(try LimitTests.errors("{ \(same) }") == [])
        #expect(try LimitTests.errors("{ \(same) hello: strict }").count == 1)
        let wide = LimitTests.repeated("person { spouse { name } } ", 1_600)
        #expect(try LimitTests.errors("{ \(wide) }") == [])
    }

    @Test("gives up on fragments that are woven so that no end is near")
    func wovenFragments() throws {
        // Each fragment may lead to any two others: the sets of fields are as many as there are subsets.
        var random = Seeded(5)
        let fragments = (0..<90).map { index in
            let spreads = (0..<6).map { name in
                let to = name == 0 ? index + 1 : min(index + Int.random(in: 1...5, using: &random), 90)
                return "a\(name % 3): spouse { ...F\(to) }"
            }
            return "fragment F\(index) on Person { \(spreads.joined(separator: " ")) }"
        }
        let query = "{ person { ...F0 } } \(fragments.joined(separator: " ")) fragment F90 on Person { name }"
        try LimitTests.check(query, isRefusedWith: "QUERY_TOO_COMPLEX") {
            $0.depth = 200
            $0.aliases = 10_000
        }
    }

    @Test("refuses variables that are nested too deep, and tells of no more than fifty errors in them")
    func variables() async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        var point: JSONValue = ["x": 1]
        for _ in 0..<100 { point = ["x": 1, "inner": point] }
        let query = "query ($p: Point) { echo(point: $p) }"
        let deep = try await engine.execute(
            GraphQLRequest(query, variables: ["p": point]), context: (), root: Sample.data)
        #expect(deep.errors.first?.stage == .variables)
        let list = JSONValue.list(Array(repeating: "x", count: 20_000))
        let many = try await engine.execute(
            GraphQLRequest("query ($p: [[Int]]) { echo(matrix: $p) }", variables: ["p": list]), context: (),
            root: Sample.data)
        #expect(many.errors.count == 51)
        #expect(!many.isExecuted)
    }

    @Test("tells of so many errors of fields, and how many more there are")
    func fieldErrors() async throws {
        var limits = Limits()
        limits.fieldErrors = 3
        let engine = GraphQLEngine(schema: try Sample.schema(), limits: limits)
        let query = "{ a: numbers b: numbers c: numbers }"
        let response = try await engine.execute(GraphQLRequest(query), context: (), root: Sample.data)
        #expect(response.errors.count == 3)
        #expect(response.extensions["moreErrors"] == 3)
    }
}
