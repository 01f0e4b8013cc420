import Foundation
import GraphQL
import Testing

/// The same queries to ours and to two other implementations: the same data, errors, and verdict of each rule.
@Suite struct DifferentialTests {
    /// How many times more queries than usual: for a long night.
    private static let rounds = ProcessInfo.processInfo.environment["TDR_TEST_GRAPHQL_ROUNDS"].flatMap(Int.init) ?? 1

    private static func differences(_ requests: [GraphQLRequest], _ kind: Oracle.Kind, execute: Bool = true) async throws -> [String] {
        // node-graphql counts columns in halves of some characters, and graphql-core loses a line break before a token.
        let requests = requests.map { request in
            var request = request
            let scalars = request.query.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                switch kind {
                case .node: [scalar.value > 0xFFFF ? "e" : scalar]
                case .core: scalar == "\r" || scalar == "\n" ? ["\n", " "] : [scalar]
                }
            }
            request.query = String(String.UnicodeScalarView(scalars))
            return request
        }
        let answers = try Oracle.answers(kind, to: requests, execute: execute)
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

    private static func check(_ requests: [GraphQLRequest], _ kind: Oracle.Kind) async throws {
        if let absence = Oracle.absence(kind) {
            print("DifferentialTests: skipped: \(absence)")
            return
        }
        let found = try await differences(requests, kind)
        #expect(found.count == 0, "\(found.count) of \(requests.count):\n\(found.prefix(40).joined(separator: "\n"))")
    }

    @Test("agrees with other implementations about queries written by hand", arguments: Oracle.Kind.allCases)
    func byHand(_ kind: Oracle.Kind) async throws {
        try await DifferentialTests.check(Corpus.requests, kind)
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
        var mutator = Mutator(seed: 7)
        let requests = (0..<1_000 * DifferentialTests.rounds).map { seed in
            var generator = Generator(seed: UInt64(10_000 + seed), wrong: 1)
            let request = seed.isMultiple(of: 2) ? generator.request() : Corpus.requests[seed / 2 % Corpus.requests.count]
            return GraphQLRequest(mutator.mutate(request.query), variables: request.variables)
        }
        try await DifferentialTests.check(requests, kind)
    }
}
