/// A rule that ties properties of a file together: where the condition holds, so must the consequence.
struct MetadataRule: Sendable {
    /// What is asserted of a file's properties, named by their places in the schema.
    indirect enum Claim: Sendable {
        /// The property has one of these values.
        case isOne(Int, of: Set<String>)
        /// The property was given.
        case isGiven(Int)
        case sameCount(Int, Int)
        case not(Claim)
        case all([Claim])
    }

    let id: String
    let remedy: String
    let condition: Claim
    let claim: Claim

    /// The property that a breach is shown at.
    var place: Int? { MetadataRule.place(of: claim) }

    private static func place(of claim: Claim) -> Int? {
        switch claim {
        case .isOne(let place, _), .isGiven(let place), .sameCount(let place, _): place
        case .not(let claim): self.place(of: claim)
        case .all(let claims): claims.first.flatMap { self.place(of: $0) }
        }
    }
}

extension MetadataRule {
    init(_ node: SchemaNode, at place: String, names: [String: Int]) throws(SchemaFault) {
        let object = try SchemaObject(node, at: place, keys: ["x-rule", "x-remedy", "if", "then"])
        id = try object.required("x-rule", \.text)
        remedy = try object.optional("x-remedy", \.text) ?? ""
        condition = try object["if"] == nil ? .all([]) : MetadataRule.claim(object["if"], place + "/if", names)
        claim = try MetadataRule.claim(object["then"], place + "/then", names)
    }

    private static func claim(
        _ node: SchemaNode?, _ place: String, _ names: [String: Int]
    ) throws(SchemaFault) -> Claim {
        let object = try SchemaObject(node, at: place, keys: ["properties", "required", "not", "x-same-count"])
        func index(_ name: String) throws(SchemaFault) -> Int {
            guard let index = names[name] else { throw SchemaFault("\(place): there is no property '\(name)'") }
            return index
        }
        var claims: [Claim] = []
        for (name, value) in (try object.optional("properties", \.object) ?? [:]).sorted(by: { $0.key < $1.key }) {
            let inner = try SchemaObject(value, at: "\(place)/properties/\(name)", keys: ["const", "enum"])
            let words =
                if let one = try inner.optional("const", \.text) { [one] } else { try inner.required("enum", \.texts) }
            claims.append(.isOne(try index(name), of: Set(words)))
        }
        for name in try object.optional("required", \.texts) ?? [] { claims.append(.isGiven(try index(name))) }
        if let inner = object["not"] { claims.append(.not(try claim(inner, place + "/not", names))) }
        if let pair = try object.optional("x-same-count", \.texts) {
            guard pair.count == 2 else { throw SchemaFault("\(place)/x-same-count takes two properties") }
            claims.append(.sameCount(try index(pair[0]), try index(pair[1])))
        }
        return claims.count == 1 ? claims[0] : .all(claims)
    }
}

/// A file's properties as they would be, by their places in the schema.
struct MetadataState {
    /// What holds: given, else by default; empty where nothing does.
    var inForce: [String]
    /// What was given; empty where nothing was.
    var given: [String]

    func satisfies(_ claim: MetadataRule.Claim) -> Bool {
        switch claim {
        case .isOne(let place, let words): words.contains(inForce[place])
        case .isGiven(let place): !given[place].isEmpty
        case .sameCount(let a, let b): count(given[a]) == count(given[b])
        case .not(let claim): !satisfies(claim)
        case .all(let claims): claims.allSatisfy { satisfies($0) }
        }
    }

    private func count(_ value: String) -> Int { value.isEmpty ? 0 : value.utf8.count { $0 == UInt8(ascii: ";") } + 1 }
}
