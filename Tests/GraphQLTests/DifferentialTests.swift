import Foundation
import GraphQL
import Testing

/// The same queries to ours and to graphql-core: the same data, errors, and verdict of each rule.
@Suite(.enabled(if: Oracle.absence(.core) == nil, "graphql-core is not installed: run scripts/setup.sh test"))
struct GraphQLCoreTests {
    @Test("agrees with graphql-core about queries written by hand")
    func byHand() async throws { try await Difference.check(Corpus.requests(), .core) }

    @Test("agrees with graphql-core about generated queries")
    func generated() async throws { try await Difference.check(Difference.generated, .core, exact: 500) }

    @Test("agrees with graphql-core about mutated queries")
    func mutated() async throws { try await Difference.check(Difference.mutated(), .core, exact: 1000) }

    @Test("graphql-core takes the schema that is written down, and finds nothing wrong with it")
    func schema() throws { try Difference.check(schema: .core) }
}

/// The same with node-graphql.
@Suite(.enabled(if: Oracle.absence(.node) == nil, "node-graphql is not installed: run scripts/setup.sh test"))
struct NodeGraphQLTests {
    @Test("agrees with node-graphql about queries written by hand")
    func byHand() async throws { try await Difference.check(Corpus.requests(), .node, record: "answers.jsonl") }

    @Test("agrees with node-graphql about generated queries")
    func generated() async throws { try await Difference.check(Difference.generated, .node, exact: 500) }

    @Test("agrees with node-graphql about mutated queries")
    func mutated() async throws { try await Difference.check(Difference.mutated(), .node, exact: 1000) }

    @Test("node-graphql takes the schema that is written down, and finds nothing wrong with it")
    func schema() throws { try Difference.check(schema: .node) }
}

/// What ours and another implementation make of the same.
private enum Difference {
    /// How many times more queries than usual: for a long night.
    private static let rounds = ProcessInfo.processInfo.environment["TDR_TEST_GRAPHQL_ROUNDS"].flatMap(Int.init) ?? 1

    private static func differences(
        _ requests: [GraphQLRequest], _ kind: Oracle.Kind, record: String?, exact: Int
    ) async throws -> [String] {
        let requests = requests.map { kind.readable($0) }
        let answers = try Oracle.answers(kind, to: requests, record: record)
        #expect(answers.count == requests.count)
        let comparison = try Comparison(kind)
        var found: [String] = []
        for (place, (request, answer)) in zip(requests, answers).enumerated() {
            let differences = try await comparison.differences(request, answer, isExact: place < exact)
            if !differences.isEmpty {
                found.append(
                    "\(request.query) \(JSONValue.object(request.variables).text)\n    "
                        + differences.joined(separator: "\n    "))
            }
        }
        return found
    }

    /// - Parameter exact: How many of them, the first, have to be answered alike to the letter.
    static func check(
        _ requests: [GraphQLRequest], _ kind: Oracle.Kind, record: String? = nil, exact: Int = Int.max
    ) async throws {
        let found = try await differences(requests, kind, record: record, exact: exact)
        #expect(found.count == 0, "\(found.count) of \(requests.count):\n\(found.prefix(40).joined(separator: "\n"))")
    }

    /// The types of the archive's schema, as the other one reads them, are those that are written down.
    static func check(schema kind: Oracle.Kind) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("share/tdr/schema.graphql")
        let written = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            let isType = ["type", "input", "enum", "scalar"].contains { line.hasPrefix("\($0) ") }
            return isType && words.count > 1 ? String(words[1]) : nil
        }
        let read = try Oracle.types(of: file.path, kind)
        #expect(written.count > 60)
        #expect(read == written.sorted())
    }

    static var generated: [GraphQLRequest] {
        (0..<500 * rounds).map { seed in
            var generator = Generator(seed: UInt64(seed), wrong: seed.isMultiple(of: 2) ? 0 : 3)
            return generator.request()
        }
    }

    static func mutated() throws -> [GraphQLRequest] {
        let corpus = try Corpus.requests()
        var mutator = Mutator(seed: 7)
        return (0..<1_000 * rounds).map { seed in
            var generator = Generator(seed: UInt64(10_000 + seed), wrong: 1)
            let request = seed.isMultiple(of: 2) ? generator.request() : corpus[seed / 2 % corpus.count]
            return GraphQLRequest(mutator.mutate(request.query), variables: request.variables)
        }
    }
}
