import GraphQL

/// Random numbers that are the same for the same seed.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &self)]
    }
}

/// Writes random queries for ``Sample``: mostly right, sometimes not.
struct Generator {
    private var random: Seeded
    /// What goes wrong, in percent of the places where something can.
    private let wrong: Int
    private var variables: [(name: String, type: String)] = []
    private var values = JSONObject()
    private var fragments: [(name: String, type: String)] = []

    private static let leaves: [String: [String]] = [
        "Query": ["hello", "numbers", "even", "__typename"], "Animal": ["name", "kind", "__typename"],
        "Named": ["name", "__typename"], "Cat": ["name", "kind", "lives", "meows", "__typename"],
        "Dog": ["name", "kind", "lives", "barks", "weight"], "Either": ["__typename"],
        "Person": ["name", "id", "grid", "strictGrid", "even", "oldName", "__typename"],
    ]
    private static let objects: [String: [(String, String)]] = [
        "Query": [
            ("person", "Person"), ("strictPerson", "Person"), ("people", "Person"), ("animals", "Animal"),
            ("animal", "Animal"), ("either", "Either"),
        ],
        "Animal": [("friends", "Animal")], "Cat": [("friends", "Animal"), ("owner", "Person")],
        "Dog": [("friends", "Animal"), ("owner", "Person")],
        "Person": [("pets", "Animal"), ("maybePets", "Animal"), ("spouse", "Person"), ("strictSpouse", "Person")],
    ]
    private static let narrower: [String: [String]] = [
        "Animal": ["Cat", "Dog", "Named", "Animal"], "Either": ["Cat", "Person", "Named"], "Cat": ["Cat", "Animal"],
        "Person": ["Person", "Named"], "Dog": ["Named"], "Named": ["Cat", "Person"], "Query": ["Query"],
    ]
    private static let arguments: [(String, String)] = [
        ("int", "Int"), ("float", "Float"), ("string", "String"), ("bool", "Boolean"), ("id", "ID"), ("kind", "Kind"),
        ("even", "Even"), ("point", "Point"), ("points", "[Point!]"), ("matrix", "[[Int]]"), ("strict", "Int!"),
    ]

    init(seed: UInt64, wrong: Int) {
        random = Seeded(seed)
        self.wrong = wrong
    }

    mutating func request() -> GraphQLRequest {
        var text = selection("Query", depth: 0)
        var written = ""
        var next = 0
        while next < fragments.count, next < 5 {
            let (name, type) = fragments[next]
            written += " fragment \(name) on \(type) \(selection(type, depth: 2))"
            next += 1
        }
        if !variables.isEmpty || random.chance(10) {
            let list = variables.map { "$\($0.name): \($0.type)" }.joined(separator: ", ")
            text = "query Q" + (list.isEmpty ? "" : "(\(list))") + " " + text
        }
        return GraphQLRequest(text + written, variables: values)
    }

    private mutating func selection(_ type: String, depth: Int) -> String {
        var parts: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { parts.append(member(type, depth: depth)) }
        return "{ \(parts.joined(separator: " ")) }"
    }

    private mutating func member(_ type: String, depth: Int) -> String {
        let type = random.chance(wrong) ? random.pick(["Person", "Cat", "Query", "Animal"]) : type
        let roll = Int.random(in: 0..<100, using: &random)
        if roll < 12, depth < 4 {
            let on = random.pick(Generator.narrower[type] ?? [type])
            return random.chance(20)
                ? "...\(directive()) \(selection(type, depth: depth + 1))"
                : "... on \(on)\(directive()) \(selection(on, depth: depth + 1))"
        }
        if roll < 20, depth < 4 {
            let known = fragments.filter { $0.type == type }
            if let one = known.first, random.chance(50) { return "...\(one.name)\(directive())" }
            let name = "F\(fragments.count)"
            if fragments.count < 5 { fragments.append((name, random.pick(Generator.narrower[type] ?? [type]))) }
            return fragments.contains { $0.name == name } || random.chance(wrong)
                ? "...\(name)\(directive())" : "__typename"
        }
        if type == "Query", roll < 45 { return "\(alias())echo\(echoArguments())\(directive())" }
        if roll < 70, depth < 4, let (name, inner) = Generator.objects[type]?.randomElement(using: &random) {
            let first = name == "friends" && random.chance(40) ? "(first: \(value("Int", depth: 0)))" : ""
            let below = random.chance(wrong) ? "" : " " + selection(inner, depth: depth + 1)
            return "\(alias())\(name)\(first)\(directive())\(below)"
        }
        return "\(alias())\(random.pick(Generator.leaves[type] ?? ["name"]))\(directive())"
    }

    private mutating func alias() -> String {
        random.chance(30) ? random.pick(["a", "b", "name", "c1", "c2", "c3"]) + ": " : ""
    }

    private mutating func directive() -> String {
        if random.chance(90) { return "" }
        if random.chance(wrong) { return random.pick([" @nope", " @once", " @skip", " @deprecated", " @mark(to: 1)"]) }
        return " @\(random.pick(["skip", "include"]))(if: \(value("Boolean!", depth: 0)))"
    }

    private mutating func echoArguments() -> String {
        var parts: [String] = []
        for (name, type) in Generator.arguments where random.chance(20) {
            parts.append("\(name): \(value(type, depth: 0))")
        }
        return parts.isEmpty ? "" : "(\(parts.joined(separator: ", ")))"
    }

    private mutating func value(_ type: String, depth: Int) -> String {
        if random.chance(wrong) {
            return random.pick(["1", "\"x\"", "null", "{x: 1}", "[1]", "CAT", "1.5", "$nope", "true"])
        }
        if random.chance(20) {
            if let known = variables.first(where: { $0.type == type }), random.chance(60) { return "$\(known.name)" }
            let name = "v\(variables.count)"
            variables.append((name, type))
            if type.hasSuffix("!") || random.chance(70) { values.append(name, json(type, depth: 0)) }
            return "$\(name)"
        }
        if !type.hasSuffix("!"), random.chance(8) { return "null" }
        switch type {
        case "[Point!]":
            return "["
                + (0..<Int.random(in: 0...2, using: &random)).map { _ in value("Point!", depth: depth + 1) }.joined(
                    separator: ", ") + "]"
        case "[[Int]]": return random.pick(["[[1, 2], [3]]", "[1, [2, null]]", "4", "[]", "[[]]"])
        case "Point", "Point!":
            var text = "{x: \(value("Int!", depth: depth + 1))"
            if random.chance(40) { text += ", y: \(value("Int", depth: depth + 1))" }
            if depth < 2, random.chance(30) { text += ", inner: \(value("Point", depth: depth + 1))" }
            if random.chance(30) { text += ", kind: \(value("Kind", depth: depth + 1))" }
            return text + "}"
        case "Kind": return random.pick(["CAT", "DOG", "OLD"])
        default: return json(type, depth: 0).text
        }
    }

    private mutating func json(_ type: String, depth: Int) -> JSONValue {
        if random.chance(wrong) { return random.pick([1, "x", .null, ["x": 1], [1], 1.5, true]) }
        switch type {
        case "Int", "Int!": return .int(random.pick([0, 1, -5, 12, 2_147_483_647]))
        case "Float": return random.pick([.float(1.5), .int(2), .float(-0.25)])
        case "String": return .string(random.pick(["", "a b", "q\"uote", "é\u{1F600}", "back\\slash"]))
        case "Boolean", "Boolean!": return .bool(random.chance(50))
        case "ID": return random.pick([.string("abc"), .int(5)])
        case "Kind": return .string(random.pick(["CAT", "DOG"]))
        case "Even": return .int(random.pick([0, 2, -4]))
        case "[Point!]": return random.pick([[["x": 1]], ["x": 2], []])
        case "[[Int]]": return random.pick([[[1, .null]], 3, [.null, 4]])
        default: return random.pick([["x": 1], ["x": 1, "y": .null], ["x": 3, "tags": ["t"], "inner": ["x": 4]]])
        }
    }
}

/// Changes queries a little here and there.
struct Mutator {
    private var random: Seeded
    private static let pieces: [[UInt8]] = [
        "{", "}", "(", ")", "[", "]", "...", "...F", " on ", "Cat", "Person", "$a", "@skip(if: true)", "\"", "\"\"\"",
        "\\u{", "!",
        ": ", "=", "null", "1", "-", ".5", "e9", "#", "\n", "\r", "query Q", "fragment F on Query { hello }", "a: ",
        "&", "|", ",",
        "true", "{x: 1}", "[[", "name", "hello", "\u{FEFF}", "é", "__typename", "mutation", "type T { a: Int }",
    ].map { Array($0.utf8) }

    init(seed: UInt64) { random = Seeded(seed) }

    mutating func mutate(_ text: String) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0...bytes.count, using: &random)
            let length = min(Int.random(in: 1...12, using: &random), bytes.count - at)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(at..<at + length)
            case 1: bytes.insert(contentsOf: random.pick(Mutator.pieces), at: at)
            case 2:
                bytes.insert(contentsOf: bytes[at..<at + length], at: Int.random(in: 0...bytes.count, using: &random))
            case 3: if at < bytes.count { bytes[at] = UInt8.random(in: 0...255, using: &random) }
            default: if at < bytes.count { bytes.replaceSubrange(at..<at + 1, with: random.pick(Mutator.pieces)) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
