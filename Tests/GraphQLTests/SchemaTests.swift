import GraphQL
import Testing

@Suite struct SchemaTests {
    private static func object(
        _ name: String, _ fields: [(String, TypeReference)], interfaces: [String] = []
    ) -> ObjectType {
        ObjectType(name, of: Root.self, interfaces: interfaces) { type in
            for (name, reference) in fields { type.field(name, reference) { _ in Resolved.null } }
        }
    }

    @Test(
        "refuses types that do not fit together, and says why",
        arguments: [
            ([.object(object("T", [("a", "Nope")]))], "There is no type Nope, the type of T.a."),
            ([.object(object("T", [("a", "[Int")]))], "'[Int', the type of T.a, is no type."),
            ([.object(object("T", []))], "The type T has no fields."),
            ([.object(object("T", [("a", "Int"), ("a", "Int")]))], "The type T has two fields named a."),
            ([.object(object("__T", [("a", "Int")]))], "'__T' is no name for a type."),
            ([.object(object("T", [("a-b", "Int")]))], "'a-b' is no name for a field of T."),
            (
                [.object(object("T", [("a", "Int")])), .object(object("T", [("a", "Int")]))],
                "There are two types named T."
            ),
            ([.union(UnionType("U", members: []))], "The union U has no members."),
            ([.union(UnionType("U", members: ["Int"]))], "Int, a member of U, is no object type."),
            ([.enum(EnumType("E", values: []))], "The enum E has no values."),
            ([.enum(EnumType("E", values: ["A", "A"]))], "E has two values A."),
            ([.enum(EnumType("E", values: ["true"]))], "'true' is no name for a value of E."),
            ([.input(InputType("I", fields: []))], "The input object I has no fields."),
            ([.input(InputType("I", fields: [InputField("a", "I!")]))], "An input object needs itself, by I.a."),
            (
                [.input(InputType("I", fields: [InputField("a", "Int", default: "x")]))],
                "The default of a of I is wrong: Int cannot represent non-integer value: \"x\"."
            ),
            (
                [.input(InputType("I", fields: [InputField("a", "Int!", deprecated: "x")]))],
                "a of I is required and deprecated."
            ),
            (
                [
                    .interface(InterfaceType("N") { $0.field("a", "Int") }),
                    .object(object("T", [("b", "Int")], interfaces: ["N"])),
                ],
                "T has no field for N.a."
            ),
            (
                [
                    .interface(InterfaceType("N") { $0.field("a", "Int!") }),
                    .object(object("T", [("a", "Int")], interfaces: ["N"])),
                ],
                "T.a is not of the type of N.a."
            ),
        ] as [([TypeDefinition], String)])
    func faults(_ types: [TypeDefinition], _ message: String) {
        #expect {
            _ = try Schema(query: SchemaTests.object("Query", [("a", "Int")]), types: types)
        } throws: { ($0 as? SchemaFault)?.faults.contains(message) == true }
    }

    @Test("prints itself as SDL")
    func sdl() throws {
        let schema = try Schema(
            query: ObjectType("Root", of: Root.self, "The \"\"\"root\"\"\".\n\nOf all.") { type in
                type.batch(
                    "b", "[E!]!",
                    arguments: [
                        InputField("x", "Int", default: 3), InputField("i", "I", "Told.", default: ["e": "A"]),
                    ],
                    deprecated: "Use \"c\"."
                ) { _ in [] }
                type.field("a", "D", deprecated: "No longer supported") { _ in Resolved.null }
            },
            types: [
                .enum(EnumType("E", values: ["A", EnumType.Value("B", "Bee.", deprecated: "Old.")])),
                .input(InputType("I", fields: [InputField("e", "E"), InputField("l", "[ID!]", default: [7, "x"])])),
                .scalar(ScalarType("D", specifiedBy: "https://example.org/d")),
            ], directives: [DirectiveDefinition("d", arguments: [InputField("n", "Int!")], locations: ["FIELD"])])
        #expect(
            schema.sdl() == #"""
                schema {
                  query: Root
                }

                directive @d(n: Int!) on FIELD

                """
                The \"""root\""".

                Of all.
                """
                type Root {
                  b(
                    x: Int = 3
                    """Told."""
                    i: I = {e: A}
                  ): [E!]! @deprecated(reason: "Use \"c\".")
                  a: D @deprecated
                }

                enum E {
                  A
                  """Bee."""
                  B @deprecated(reason: "Old.")
                }

                input I {
                  e: E
                  l: [ID!] = [7, "x"]
                }

                scalar D @specifiedBy(url: "https://example.org/d")

                """#)
        let sorted = schema.sdl(isSorted: true)
        #expect(
            sorted.split(separator: "\n").filter { $0.hasPrefix("scalar D") || $0.hasPrefix("type Root") }.first?
                .hasPrefix("scalar") == true)
    }
}
