import GraphQL
import Testing

@Suite struct SyntaxTests {
    @Test(
        "says what is wrong with a document, and where",
        arguments: [
            ("", "Unexpected <EOF>.", 1, 1),
            ("{", "Expected Name, found <EOF>.", 1, 2),
            ("{ }", "Expected Name, found \"}\".", 1, 3),
            ("{ a(", "Expected Name, found <EOF>.", 1, 5),
            ("{ a(b: 01) }", "Invalid number, unexpected digit after 0: \"1\".", 1, 9),
            ("{ a(b: 1.) }", "Invalid number, expected digit but got: \")\".", 1, 10),
            ("{ a(b: 1x) }", "Invalid number, expected digit but got: \"x\".", 1, 9),
            ("{\n  a(b: \"x\n) }", "Unterminated string.", 2, 10),
            ("{ a(b: \"\\q\") }", "Invalid character escape sequence: \"\\q\".", 1, 9),
            ("{ a(b: \"\\uD83D\") }", "Invalid Unicode escape sequence: \"\\uD83D\".", 1, 9),
            ("{ a(b: \"\\u{110000}\") }", "Invalid Unicode escape sequence: \"\\u{110000}\".", 1, 9),
            ("{ a(b: \"\"\"x) }", "Unterminated string.", 1, 15),
            ("é", "Unexpected character: U+00E9.", 1, 1),
            ("{ a ? }", "Unexpected character: \"?\".", 1, 5),
            ("{ é\r\n\r? }", "Unexpected character: U+00E9.", 1, 3),
            ("fragment on on A { b }", "Unexpected Name \"on\".", 1, 10),
            ("query ($a: Int = $b) { c }", "Unexpected variable \"$b\" in constant value.", 1, 18),
            ("nonsense { a }", "Unexpected Name \"nonsense\".", 1, 1),
            ("\"d\" { a }", "Unexpected \"{\".", 1, 5),
        ])
    func faults(_ text: String, _ message: String, _ line: Int, _ column: Int) {
        #expect {
            _ = try GraphQLDocument.formatted(text)
        } throws: { error in
            guard let error = error as? GraphQLError else { return false }
            return error.message == "Syntax Error: \(message)" && error.stage == .syntax
                && error.locations == [SourceLocation(line: line, column: column)]
        }
    }

    @Test(
        "writes a document in one form",
        arguments: [
            (
                "{echo(string:\"\"\"\n  hello\n\n   a line that is\n     long enough\n\n   for all of it\n\"\"\")}",
                "{\n  echo(string: \"\"\"\n  hello\n  \n   a line that is\n     long enough\n  \n   for all of it\n  \"\"\")\n}"
            ),
            ("{a}", "{\n  a\n}"),
            ("query{a}", "{\n  a\n}"),
            (
                "query Q($a:[Int!]!=[1,2]@d){b:a(x:$a,y:{z:null})@e{c}}",
                "query Q($a: [Int!]! = [1, 2] @d) {\n  b: a(x: $a, y: {z: null}) @e {\n    c\n  }\n}"
            ),
            (
                "{...F...on T@d{a}...{b}}fragment F on T{c}",
                "{\n  ...F\n  ... on T @d {\n    a\n  }\n  ... {\n    b\n  }\n}\n\nfragment F on T {\n  c\n}"
            ),
            ("{a(b:\"\\u0041\\u{1F600}\\uD83D\\uDE00\\t\\u0001\")}", "{\n  a(b: \"A\u{1F600}\u{1F600}\\t\\u0001\")\n}"),
            ("{a(b:\"\"\"\n    one\n      two\n  \"\"\")}", "{\n  a(b: \"\"\"\n  one\n    two\n  \"\"\")\n}"),
            ("#c\n\u{FEFF}subscription S{a,,,b}", "subscription S {\n  a\n  b\n}"),
        ])
    func formatted(_ text: String, _ expected: String) throws {
        let formatted = try GraphQLDocument.formatted(text)
        #expect(formatted == expected)
        #expect(try GraphQLDocument.formatted(formatted) == formatted)
    }

    @Test("never crashes on bytes that are nearly a document, and reads what it wrote")
    func fuzz() throws {
        var mutator = Mutator(seed: 99)
        let corpus = try Corpus.requests()
        var read = 0
        for round in 0..<6_000 {
            let text = mutator.mutate(corpus[round % corpus.count].query)
            guard let formatted = try? GraphQLDocument.formatted(text) else { continue }
            // Definitions of types are read over and not written.
            guard !formatted.isEmpty, let again = try? GraphQLDocument.formatted(formatted) else { continue }
            read += 1
            #expect(again == formatted)
        }
        #expect(read > 300)
    }
}
