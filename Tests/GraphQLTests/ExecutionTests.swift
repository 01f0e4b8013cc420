import GraphQL
import Streams
import Testing

@Suite struct ExecutionTests {
    private struct Node: Sendable {
        let id: Int
    }

    /// Notes what was asked for.
    private final class Log: Sendable {
        private let lines = Guarded<[String]>([])
        func note(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private struct Secret: Error {}

    private static func schema() throws -> Schema {
        let node = ObjectType("Node", of: Node.self) { type in
            type.field("id", "Int!") { $0.id }
            type.batch("children", "[Node!]!") { call in
                let log: Log = try call.context()
                log.note("children of \(call.parents.map(\.id))")
                return call.parents.map { parent in .objects((0..<3).map { Node(id: parent.id * 10 + $0) }) }
            }
            type.batch("label", "String") { call in
                let log: Log = try call.context()
                log.note("label of \(call.parents.count)")
                return call.parents.map { parent in
                    switch parent.id % 10 {
                    case 1: .failure(FieldError("odd", code: "ODD", extensions: ["id": .int(parent.id)]))
                    case 2: .failure(Secret())
                    default: .string("n\(parent.id)")
                    }
                }
            }
            type.batch("broken", "Int") { _ in throw FieldError("all of them", code: "ALL") }
            type.batch("short", "Int") { _ in [.int(1)] }
            type.batch("seen", "[String!]") { call in
                let names = call.selection.names.sorted()
                return call.parents.map { _ in names.resolved }
            }
        }
        let query = ObjectType("Query", of: Root.self) { type in
            type.each("node", "Node") { _, call in
                let log: Log = try call.context()
                let paths = ["id", "children.children", "children.label", "nothing"]
                log.note("node with \(paths.filter { call.selection.contains($0) })")
                return .object(Node(id: 1))
            }
            type.each("wrong", "Node") { _, _ in .object("no node") }
            type.each("cancel", "Int") { _, _ in
                withUnsafeCurrentTask { $0?.cancel() }
                throw CancellationError()
            }
        }
        let mutation = ObjectType("Mutation", of: Root.self) { type in
            type.each("add", "Node!", arguments: [InputField("id", "Int!")]) { _, call in
                let id = call.arguments.int("id") ?? 0
                let log: Log = try call.context()
                log.note("add \(id)")
                if id < 0 { throw FieldError("no") }
                return .object(Node(id: id))
            }
        }
        return try Schema(query: query, mutation: mutation, types: [.object(node)])
    }

    private static func run(
        _ query: String, _ variables: JSONObject = [:], log: Log = Log()
    ) async throws -> GraphQLResponse {
        let engine = GraphQLEngine(schema: try schema()) { error, field in
            FieldError("internal: \(field) \(error is Secret)", code: "INTERNAL")
        }
        return try await engine.execute(GraphQLRequest(query, variables: variables), context: log)
    }

    @Test("asks each field once for all objects of a level")
    func batches() async throws {
        let log = Log()
        let response = try await ExecutionTests.run("{ node { children { children { id label } } } }", log: log)
        #expect(
            log.all == [
                "node with [\"children.children\"]", "children of [1]", "children of [10, 11, 12]", "label of 9",
            ])
        #expect(response.data?["node"]?["children"]?.list?.count == 3)
    }

    @Test("knows through fragments what is selected below")
    func lookingAhead() async throws {
        let log = Log()
        _ = try await ExecutionTests.run(
            """
            query ($no: Boolean = false) { node { ...F children { label @include(if: $no) } } }
            fragment F on Node { x: id ... { children { id } } }
            """, log: log)
        #expect(log.all.first == "node with [\"id\"]")
    }

    @Test("gives the error of one object to it alone, with its code, and hides what is not for clients")
    func errors() async throws {
        let response = try await ExecutionTests.run("{ node { children { label } } }")
        #expect(response.data?.text == #"{"node":{"children":[{"label":"n10"},{"label":null},{"label":null}]}}"#)
        #expect(response.errors.map(\.message) == ["odd", "internal: Node.label true"])
        #expect(response.errors.map(\.path) == [["node", "children", 1, "label"], ["node", "children", 2, "label"]])
        #expect(response.errors[0].extensions == ["code": "ODD", "id": 11])
        #expect(response.errors[1].code == "INTERNAL")
        #expect(response.errors[0].locations == [SourceLocation(line: 1, column: 21)])
    }

    @Test("gives what a resolver throws, or gives too few of, to all objects")
    func brokenResolvers() async throws {
        let response = try await ExecutionTests.run("{ node { children { broken short } } wrong { id } }")
        #expect(response.errors.filter { $0.message == "all of them" && $0.code == "ALL" }.count == 3)
        #expect(response.errors.filter { $0.message.contains("1 results for 3 parents") }.count == 3)
        #expect(response.data?["wrong"] == .null)
    }

    @Test("runs mutations one after the other, and none after one that makes all null")
    func mutations() async throws {
        let log = Log()
        let response = try await ExecutionTests.run(
            "mutation { a: add(id: 1) { children { id } } b: add(id: -1) { id } c: add(id: 3) { id } }", log: log)
        #expect(log.all == ["add 1", "children of [1]", "add -1"])
        #expect(String(decoding: response.bytes, as: UTF8.self).hasSuffix(#""path":["b"]}],"data":null}"#))
    }

    @Test("refuses mutations where only queries may be executed")
    func readOnly() async throws {
        let engine = GraphQLEngine(schema: try ExecutionTests.schema())
        let response = try await engine.execute(
            GraphQLRequest("mutation { add(id: 1) { id } }"), context: Log(), isReadOnly: true)
        #expect(response.errors.first?.code == "METHOD_NOT_ALLOWED")
        #expect(!response.isExecuted)
        #expect(GraphQLHTTP.status(of: response, as: .json) == 405)
    }

    @Test("stops when it is cancelled")
    func cancellation() async throws {
        let task = Task { try await ExecutionTests.run("{ cancel node { id } }") }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("plans anew for other values of the variables that decide what is selected")
    func conditions() async throws {
        let query = "query ($a: Boolean!, $b: Boolean!) { node { id @skip(if: $a) x: id @include(if: $b) } }"
        let engine = GraphQLEngine(schema: try ExecutionTests.schema())
        for round in 0..<8 {
            let (a, b) = (round & 1 == 1, round & 2 == 2)
            let response = try await engine.execute(
                GraphQLRequest(query, variables: ["a": .bool(a), "b": .bool(b)]), context: Log())
            var expected = JSONObject()
            if !a { expected.append("id", 1) }
            if b { expected.append("x", 1) }
            #expect(response.data == ["node": .object(expected)])
        }
    }

    @Test("executes at once what many ask for, more documents than it remembers")
    func concurrency() async throws {
        let engine = GraphQLEngine(schema: try ExecutionTests.schema(), cachedDocuments: 4)
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let request = GraphQLRequest("{ a\(index % 20): node { id children { id } } }")
                    let response = try await engine.execute(request, context: Log())
                    return response.data?["a\(index % 20)"]?["children"]?.list?.count == 3
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(right == 200)
    }

    @Test("never crashes on queries that are nearly right")
    func fuzz() async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        var mutator = Mutator(seed: 3)
        var executed = 0
        for seed in 0..<2_000 {
            var generator = Generator(seed: UInt64(50_000 + seed), wrong: 2)
            let request = generator.request()
            let mutated = GraphQLRequest(
                seed.isMultiple(of: 3) ? request.query : mutator.mutate(request.query), variables: request.variables)
            let response = try await engine.execute(mutated, context: (), root: Sample.data)
            if response.isExecuted { executed += 1 } else { #expect(!response.errors.isEmpty) }
            // What is written is JSON, and what is in it.
            let json = try JSONValue(parsing: response.bytes, nesting: 200)
            #expect(json["data"] == response.data)
        }
        #expect(executed > 100)
    }
}
