import Foundation
import GraphQL
import Testing

/// The same queries to ours and to two other implementations: the same data, errors, and verdict of each rule.
@Suite struct DifferentialTests {
    /// How many times more queries than usual: for a long night.
    private static let rounds = ProcessInfo.processInfo.environment["TDR_TEST_GRAPHQL_ROUNDS"].flatMap(Int.init) ?? 1

    private static func differences(
        _ requests: [GraphQLRequest], _ kind: Oracle.Kind, record: String?
    ) async throws -> [String] {
        let requests = requests.map { kind.readable($0) }
        let answers = try Oracle.answers(kind, to: requests, record: record)
        #expect(answers.count == requests.count)
        let comparison = try Comparison(kind)
        var found: [String] = []
        for (request, answer) in zip(requests, answers) {
            let differences = try await comparison.differences(request, answer)
            if !differences.isEmpty {
                found.append(
                    "\(request.query) \(JSONValue.object(request.variables).text)\n    "
                        + differences.joined(separator: "\n    "))
            }
        }
        return found
    }

    private static func check(_ requests: [GraphQLRequest], _ kind: Oracle.Kind, record: String? = nil) async throws {
        if let absence = Oracle.absence(kind) {
            print("DifferentialTests: skipped: \(absence)")
            return
        }
        let found = try await differences(requests, kind, record: record)
        #expect(found.count == 0, "\(found.count) of \(requests.count):\n\(found.prefix(40).joined(separator: "\n"))")
    }

    @Test("agrees with other implementations about queries written by hand", arguments: Oracle.Kind.allCases)
    func byHand(_ kind: Oracle.Kind) async throws {
        try await DifferentialTests.check(Corpus.requests(), kind, record: "answers.jsonl")
    }

    @Test("agrees with other implementations about generated queries", arguments: Oracle.Kind.allCases)
    func generated(_ kind: Oracle.Kind) async throws {
        let requests = (0..<500 * DifferentialTests.rounds).map { seed in
            var generator = Generator(seed: UInt64(seed), wrong: seed.isMultiple(of: 2) ? 0 : 3)
            return generator.request()
        }
        try await DifferentialTests.check(requests, kind)
    }

    @Test("agrees with other implementations about mutated queries", arguments: Oracle.Kind.allCases)
    func mutated(_ kind: Oracle.Kind) async throws {
        let corpus = try Corpus.requests()
        var mutator = Mutator(seed: 7)
        let requests = (0..<1_000 * DifferentialTests.rounds).map { seed in
            var generator = Generator(seed: UInt64(10_000 + seed), wrong: 1)
            let request = seed.isMultiple(of: 2) ? generator.request() : corpus[seed / 2 % corpus.count]
            return GraphQLRequest(mutator.mutate(request.query), variables: request.variables)
        }
        try await DifferentialTests.check(requests, kind)
    }
}
