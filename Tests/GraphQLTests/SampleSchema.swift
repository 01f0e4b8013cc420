import GraphQL

/// A schema with one of everything, whose data are plain JSON: `Oracle/oracle.py` and `Oracle/oracle.js` serve the same.
///
/// An object is a JSON object; `__typename` says its type, a member `"!"` in place of a value makes the field an error.
enum Sample {
    /// What a field of a sample object is.
    @Sendable static func value(_ object: JSONValue, _ name: String) throws -> Resolved {
        try resolved(object[name] ?? .null)
    }

    static func resolved(_ value: JSONValue) throws -> Resolved {
        switch value {
        case .object(let object):
            if let message = object["!"]?.string { return .failure(FieldError(message)) }
            return .object(value, as: object["__typename"]?.string)
        case .list(let values): return .list(try values.map(resolved))
        case .null: return .null
        default: return .leaf(value)
        }
    }

    private static func plain(_ type: inout FieldList<JSONValue>, _ name: String, _ reference: TypeReference) {
        type.field(name, reference) { try value($0, name) }
    }

    static let characterKind = EnumType(
        "Kind", "What sort of animal.",
        values: ["CAT", "DOG", EnumType.Value("OLD", "Not any more.", deprecated: "Gone.")])

    static let point = InputType(
        "Point",
        fields: [
            InputField("x", "Int!"), InputField("y", "Int", default: 7), InputField("tags", "[String!]"),
            InputField("inner", "Point"), InputField("kind", "Kind", default: "DOG"),
        ])

    static let even = ScalarType(
        "Even", "A number that two divides.", specifiedBy: "https://example.org/even",
        serialise: { value in
            guard let number = value.int, number.isMultiple(of: 2) else { throw FieldError("not even") }
            return value
        },
        parse: { value in
            guard let number = value.int, number.isMultiple(of: 2) else { throw FieldError("not even") }
            return value
        })

    static let named = InterfaceType("Named", "Whatever has a name.") { type in
        type.field("name", "String")
    }

    static let animal = InterfaceType("Animal", interfaces: ["Named"]) { type in
        type.field("name", "String")
        type.field("friends", "[Animal]", arguments: [InputField("first", "Int", default: 10)])
        type.field("kind", "Kind")
    }

    static let cat = ObjectType("Cat", of: JSONValue.self, "It purrs.", interfaces: ["Animal", "Named"]) { type in
        plain(&type, "name", "String")
        friends(&type)
        plain(&type, "kind", "Kind")
        plain(&type, "meows", "Boolean!")
        plain(&type, "lives", "Int")
        plain(&type, "owner", "Person!")
    }

    static let dog = ObjectType("Dog", of: JSONValue.self, interfaces: ["Animal", "Named"]) { type in
        plain(&type, "name", "String")
        friends(&type)
        plain(&type, "kind", "Kind")
        plain(&type, "barks", "Boolean")
        plain(&type, "lives", "Float")
        plain(&type, "owner", "Person")
        plain(&type, "weight", "Float!")
    }

    private static func friends(_ type: inout FieldList<JSONValue>) {
        type.batch(
            "friends", "[Animal]", arguments: [InputField("first", "Int", default: 10)],
            multiplier: .argument("first", otherwise: 10)
        ) { call in
            let first = call.arguments.int("first") ?? 10
            return try call.parents.map { parent in
                guard case .list(let friends) = parent["friends"] else { return try value(parent, "friends") }
                return try resolved(.list(Array(friends.prefix(max(0, first)))))
            }
        }
    }

    static let person = ObjectType("Person", of: JSONValue.self, interfaces: ["Named"]) { type in
        plain(&type, "name", "String")
        plain(&type, "id", "ID!")
        plain(&type, "pets", "[Animal!]!")
        plain(&type, "maybePets", "[Animal!]")
        plain(&type, "grid", "[[Int!]]")
        plain(&type, "strictGrid", "[[Int!]!]!")
        plain(&type, "even", "Even")
        plain(&type, "spouse", "Person")
        plain(&type, "strictSpouse", "Person!")
        type.field("oldName", "String", deprecated: "Use name.") { try value($0, "oldName") }
    }

    static let either = UnionType("Either", "One or the other.", members: ["Cat", "Person"])

    static let query = ObjectType("Query", of: JSONValue.self) { type in
        plain(&type, "hello", "String")
        plain(&type, "strict", "String!")
        plain(&type, "person", "Person")
        plain(&type, "strictPerson", "Person!")
        plain(&type, "people", "[Person!]")
        plain(&type, "animals", "[Animal]")
        plain(&type, "animal", "Animal")
        plain(&type, "either", "[Either]")
        plain(&type, "numbers", "[Int]")
        plain(&type, "even", "Even")
        type.each(
            "echo", "String",
            arguments: [
                InputField("int", "Int"), InputField("float", "Float"), InputField("string", "String", default: "dflt"),
                InputField("bool", "Boolean"), InputField("id", "ID"), InputField("kind", "Kind"),
                InputField("even", "Even"), InputField("point", "Point"), InputField("points", "[Point!]"),
                InputField("matrix", "[[Int]]"), InputField("strict", "Int!", default: 3),
            ]
        ) { _, call in .leaf(.string(JSONValue.object(call.arguments.values).text)) }
        type.each("need", "Int", arguments: [InputField("it", "Int!"), InputField("list", "[Int!]")]) { _, call in
            .int(call.arguments.int("it"))
        }
    }

    static let mutation = ObjectType("Mutation", of: JSONValue.self) { type in
        type.each("set", "Int", arguments: [InputField("to", "Int!")]) { _, call in
            let to = call.arguments.int("to") ?? 0
            if to < 0 { throw FieldError("below zero") }
            return .int(to)
        }
        type.each("strictSet", "Int!", arguments: [InputField("to", "Int!")]) { _, call in
            let to = call.arguments.int("to") ?? 0
            if to < 0 { throw FieldError("below zero") }
            return .int(to)
        }
    }

    static func schema() throws -> Schema {
        try Schema(
            query: query, mutation: mutation,
            types: [
                .enum(characterKind), .input(point), .scalar(even), .interface(named), .interface(animal), .object(cat),
                .object(dog), .object(person), .union(either),
            ],
            directives: [
                DirectiveDefinition(
                    "mark", "Marks a field.", arguments: [InputField("as", "String"), InputField("at", "[Int!]")],
                    locations: ["FIELD", "QUERY", "FRAGMENT_SPREAD"], isRepeatable: true),
                DirectiveDefinition("once", arguments: [InputField("n", "Int!")], locations: ["FIELD", "QUERY"]),
            ])
    }

    /// The root value.
    static let data: JSONValue = {
        let felix: JSONValue = [
            "__typename": "Cat", "name": "Felix", "kind": "CAT", "meows": true, "lives": 9,
            "owner": ["name": "Ann", "id": "p1"], "friends": [],
        ]
        let rex: JSONValue = [
            "__typename": "Dog", "name": "Rex", "kind": "DOG", "barks": true, "lives": 1.5, "weight": 20,
            "friends": [felix, .null, ["!": "no friend"]],
        ]
        let stray: JSONValue = [
            "__typename": "Cat", "name": .null, "kind": "LION", "meows": .null, "lives": 3_000_000_000,
            "friends": [rex, felix],
        ]
        let light: JSONValue = ["__typename": "Dog", "name": ["!": "no name"], "weight": ["!": "no weight"]]
        let bob: JSONValue = [
            "name": "Bob", "id": 17, "pets": [felix, rex], "maybePets": [rex], "grid": [[1, 2], .null, [3]],
            "strictGrid": [[1], [2, 3]], "even": 4,
        ]
        let eve: JSONValue = [
            "name": "Eve", "id": "p3", "pets": [rex, .null], "maybePets": [felix, .null], "grid": [[1, .null], [2]],
            "strictGrid": [[1], .null], "even": 5, "spouse": bob, "strictSpouse": ["name": "Zoe", "id": .null],
        ]
        return [
            "hello": "wörld \u{1F600} \"q\"\n", "strict": .null, "person": eve, "strictPerson": bob,
            "people": [bob, eve],
            "animals": [felix, rex, stray, light, .null, ["__typename": "Person", "name": "No animal"]],
            "animal": rex, "either": [felix, bob, rex], "numbers": [1, .null, "x", ["!": "no number"], 5], "even": 6,
        ]
    }()
}
