import GraphQL
import Testing

@Suite struct ValidationTests {
    /// The name of a rule, a document that breaks it and no other, and one that is nearly the same and right.
    private static let rules: [(String, String, String)] = [
        ("ExecutableDefinitionsRule", "{ hello } type T { a: Int }", "{ hello }"),
        ("FieldsOnCorrectTypeRule", "{ helo }", "{ hello }"),
        ("FragmentsOnCompositeTypesRule", "{ ... on Kind { a } }", "{ ... on Query { hello } }"),
        ("KnownArgumentNamesRule", "{ echo(itn: 1) }", "{ echo(int: 1) }"),
        ("KnownDirectivesRule", "{ hello @nope }", "{ hello @mark }"),
        ("KnownFragmentNamesRule", "{ ...F }", "{ ...F } fragment F on Query { hello }"),
        ("KnownTypeNamesRule", "{ ... on Qery { a } }", "{ ... on Query { hello } }"),
        ("LoneAnonymousOperationRule", "{ hello } query Q { hello }", "query P { hello } query Q { hello }"),
        ("NoFragmentCyclesRule", "{ ...F } fragment F on Query { ...F }", "{ ...F } fragment F on Query { hello }"),
        ("NoUndefinedVariablesRule", "query { echo(int: $a) }", "query ($a: Int) { echo(int: $a) }"),
        ("NoUnusedFragmentsRule", "{ hello } fragment F on Query { hello }", "{ ...F } fragment F on Query { hello }"),
        ("NoUnusedVariablesRule", "query ($a: Int) { hello }", "query ($a: Int) { echo(int: $a) }"),
        ("OverlappingFieldsCanBeMergedRule", "{ a: hello a: strict }", "{ a: hello a: hello b: strict }"),
        (
            "OverlappingFieldsCanBeMergedRule", "{ either { ... on Cat { t: name } ... on Person { t: grid } } }",
            "{ either { ... on Cat { t: __typename } ... on Person { t: grid } } }"
        ),
        ("PossibleFragmentSpreadsRule", "{ person { ... on Cat { lives } } }", "{ animal { ... on Cat { lives } } }"),
        ("ProvidedRequiredArgumentsRule", "{ need }", "{ need(it: 1) }"),
        ("ScalarLeafsRule", "{ person }", "{ person { name } }"),
        ("UniqueArgumentNamesRule", "{ echo(int: 1, int: 1) }", "{ echo(int: 1, strict: 1) }"),
        ("UniqueDirectivesPerLocationRule", "{ hello @once(n: 1) @once(n: 1) }", "{ hello @mark @mark }"),
        (
            "UniqueFragmentNamesRule", "{ ...F } fragment F on Query { hello } fragment F on Query { hello }",
            "{ ...F ...G } fragment F on Query { hello } fragment G on Query { hello }"
        ),
        ("UniqueInputFieldNamesRule", "{ echo(point: {x: 1, x: 1}) }", "{ echo(point: {x: 1, y: 1}) }"),
        ("UniqueOperationNamesRule", "query Q { hello } query Q { hello }", "query Q { hello } query P { hello }"),
        ("UniqueVariableNamesRule", "query ($a: Int, $a: Int) { echo(int: $a) }", "query ($a: Int) { echo(int: $a) }"),
        ("ValuesOfCorrectTypeRule", "{ echo(int: \"1\") }", "{ echo(int: 1) }"),
        (
            "VariablesAreInputTypesRule", "query ($a: Person) { hello @mark(as: $a) }",
            "query ($a: String) { hello @mark(as: $a) }"
        ),
        ("VariablesInAllowedPositionRule", "query ($a: Int) { need(it: $a) }", "query ($a: Int!) { need(it: $a) }"),
    ]

    @Test("each rule finds what breaks it, and lets pass what does not", arguments: rules)
    func rule(_ name: String, _ wrong: String, _ right: String) throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        let stages = engine.validate(wrong).map(\.stage)
        // A variable of a type that is no input fits nowhere, either.
        let both = name == "VariablesAreInputTypesRule"
        #expect(stages.contains(.validation(rule: name)))
        #expect(stages.allSatisfy { $0 == .validation(rule: name) || both })
        #expect(engine.validate(right) == [])
    }

    @Test("agrees with what the reference implementation said of the queries written by hand")
    func recorded() async throws {
        let answers = try Oracle.recorded()
        let requests = try Corpus.requests()
        #expect(answers.count == requests.count)
        let comparison = try Comparison(.node)
        for (request, answer) in zip(requests, answers) {
            let differences = try await comparison.differences(
                Oracle.Kind.node.readable(request), answer, isExact: true)
            #expect(differences == [], "\(request.query)")
        }
    }

    @Test("suggests what was probably meant")
    func suggestions() throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        func message(_ query: String) -> String { engine.validate(query).first?.message ?? "" }
        #expect(message("{ helo }") == "Cannot query field \"helo\" on type \"Query\". Did you mean \"hello\"?")
        #expect(
            message("{ animal { meows } }")
                == "Cannot query field \"meows\" on type \"Animal\". Did you mean to use an inline fragment on \"Cat\"?"
        )
        #expect(
            message("{ echo(kind: cat) }")
                == "Value \"cat\" does not exist in \"Kind\" enum. Did you mean the enum value \"CAT\"?")
    }

    @Test("tells of so many errors and no more")
    func errorLimit() throws {
        var limits = Limits()
        limits.errors = 5
        let engine = GraphQLEngine(schema: try Sample.schema(), limits: limits)
        let errors = engine.validate("{ " + (0..<50).map { "f\($0)" }.joined(separator: " ") + " }")
        #expect(errors.count == 6)
        #expect(errors.last?.stage == .limit)
    }
}
