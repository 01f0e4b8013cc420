import GraphQL
import Testing

/// The same queries to ours and to two other implementations: the same data, errors, and verdict of each rule.
@Suite struct DifferentialTests {
    private static func differences(_ requests: [GraphQLRequest], _ kind: Oracle.Kind, execute: Bool = true) async throws -> [String] {
        // node-graphql counts columns in halves of such characters.
        let requests = requests.map { request in
            var request = request
            if kind == .node {
                request.query = String(String.UnicodeScalarView(request.query.unicodeScalars.map { $0.value > 0xFFFF ? "e" : $0 }))
            }
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
        let requests = (0..<800).map { seed in
            var generator = Generator(seed: UInt64(seed), wrong: seed.isMultiple(of: 2) ? 0 : 3)
            return generator.request()
        }
        try await DifferentialTests.check(requests, kind)
    }

    @Test("agrees with other implementations about mutated queries", arguments: Oracle.Kind.allCases)
    func mutated(_ kind: Oracle.Kind) async throws {
        var mutator = Mutator(seed: 7)
        let requests = (0..<2_000).map { seed in
            var generator = Generator(seed: UInt64(10_000 + seed), wrong: 1)
            let request = seed.isMultiple(of: 2) ? generator.request() : Corpus.requests[seed / 2 % Corpus.requests.count]
            return GraphQLRequest(mutator.mutate(request.query), variables: request.variables)
        }
        try await DifferentialTests.check(requests, kind)
    }
}
