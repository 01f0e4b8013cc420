/// Looks up names and finds what is wrong.
struct SchemaBuilder {
    /// What came out; only of use when there are no faults.
    struct Built {
        var types: [NamedType] = []
        var indexByName: [String: Int] = [:]
        var directives: [String: DirectiveInfo] = [:]
        var directiveNames: [String] = []
        var metaFields: MetaFields
        var faults: [String]
    }

    private let definitions: [TypeDefinition]
    private let ownCount: Int
    private let directives: [DirectiveDefinition]
    private var indexByName: [String: Int] = [:]
    private var faults: [String] = []

    init(own: [TypeDefinition], directives: [DirectiveDefinition]) {
        let names = Set(own.map(\.name))
        let used = SchemaBuilder.usedNames(own, directives)
        // A schema may bring its own scalar of a name of the specification; most do not. Those that nobody uses are no
        // part of the schema, §3.5.
        let builtIn = ScalarType.builtIn.filter { !names.contains($0.name) && used.contains($0.name) }
            .map { TypeDefinition.scalar($0) }
        definitions = own + builtIn + Introspection.types
        ownCount = own.count
        self.directives = directives
        for (index, definition) in definitions.enumerated() {
            if indexByName.updateValue(index, forKey: definition.name) != nil {
                faults.append("There are two types named \(definition.name).")
            }
        }
    }

    /// The names of all types that something is of.
    private static func usedNames(_ types: [TypeDefinition], _ directives: [DirectiveDefinition]) -> Set<String> {
        // What introspection needs.
        var names: Set<String> = ["String", "Boolean"]
        func add(_ reference: TypeReference) {
            switch reference {
            case .named(let name): names.insert(name)
            case .list(let inner), .nonNull(let inner): add(inner)
            case .malformed: break
            }
        }
        func add(_ fields: [Field]) {
            for field in fields {
                add(field.type)
                for argument in field.arguments { add(argument.type) }
            }
        }
        for type in types {
            switch type {
            case .object(let type): add(type.fields)
            case .interface(let type): add(type.fields)
            case .input(let type): for input in type.fields { add(input.type) }
            case .scalar, .union, .enum: break
            }
        }
        for directive in directives { for argument in directive.arguments { add(argument.type) } }
        return names
    }

    func build() -> Built {
        var copy = self
        return copy.built()
    }

    private mutating func built() -> Built {
        let implementers = implementersOfInterfaces()
        var types: [NamedType] = []
        for (index, definition) in definitions.enumerated() {
            if index < ownCount { check(name: definition.name, of: "type") }
            types.append(namedType(index, definition, implementers))
        }
        var infos: [String: DirectiveInfo] = [:]
        var names: [String] = []
        for directive in DirectiveDefinition.builtIn + directives {
            check(name: directive.name, of: "directive")
            let arguments = inputs(directive.arguments, of: "@\(directive.name)")
            infos[directive.name] = DirectiveInfo(
                definition: directive, arguments: arguments, locations: Set(directive.locations))
            if names.contains(directive.name) {
                faults.append("There are two directives named @\(directive.name).")
            } else {
                names.append(directive.name)
            }
        }
        let meta = MetaFields(
            schema: field(Introspection.schemaField, of: "__Query"),
            type: field(Introspection.typeField, of: "__Query"),
            typename: field(Introspection.typenameField, of: "__Query"))
        if faults.isEmpty {
            var validator = SchemaValidator(
                types: types, indexByName: indexByName, own: 0..<ownCount, directives: Array(infos.values))
            faults += validator.faults()
        }
        return Built(
            types: types, indexByName: indexByName, directives: infos, directiveNames: names, metaFields: meta,
            faults: faults)
    }

    /// The indices of the types that say they implement an interface, by its index.
    private func implementersOfInterfaces() -> [Int: [Int]] {
        var result: [Int: [Int]] = [:]
        for (index, definition) in definitions.enumerated() {
            let names: [String]
            switch definition {
            case .object(let type): names = type.interfaces
            case .interface(let type): names = type.interfaces
            default: continue
            }
            for name in names { if let interface = indexByName[name] { result[interface, default: []].append(index) } }
        }
        return result
    }

    private mutating func namedType(
        _ index: Int, _ definition: TypeDefinition, _ implementers: [Int: [Int]]
    ) -> NamedType {
        var kind: NamedType.Kind
        var description: String?
        var fields: [FieldInfo] = []
        var inputs: [InputInfo] = []
        var interfaces: [Int] = []
        var possible: [Int] = []
        var subtypes: [Int] = []
        switch definition {
        case .scalar(let type): (kind, description) = (.scalar(type), type.description)
        case .object(let type):
            (kind, description) = (.object, type.description)
            fields = type.fields.map { field($0, of: type.name) }
            interfaces = type.interfaces.compactMap { lookUp($0, "which \(type.name) implements") }
            possible = [index]
        case .interface(let type):
            (kind, description) = (.interface(type.concreteType), type.description)
            fields = type.fields.map { field($0, of: type.name) }
            interfaces = type.interfaces.compactMap { lookUp($0, "which \(type.name) implements") }
            subtypes = implementers[index] ?? []
            possible = subtypes.filter { if case .object = definitions[$0] { true } else { false } }
        case .union(let type):
            (kind, description) = (.union(type.concreteType), type.description)
            subtypes = type.members.compactMap { lookUp($0, "a member of \(type.name)") }
            possible = subtypes
        case .enum(let type): (kind, description) = (.enum(type), type.description)
        case .input(let type):
            (kind, description) = (.input, type.description)
            inputs = self.inputs(type.fields, of: type.name)
        }
        return NamedType(
            index: index, name: definition.name, description: description, kind: kind, fields: fields, inputs: inputs,
            interfaces: interfaces, orderedPossibleTypes: possible, subtypes: Set(subtypes))
    }

    private mutating func lookUp(_ name: String, _ use: String) -> Int? {
        if let index = indexByName[name] { return index }
        faults.append("There is no type \(name), \(use).")
        return nil
    }

    private mutating func field(_ field: Field, of type: String) -> FieldInfo {
        let coordinates = "\(type).\(field.name)"
        if !type.hasPrefix("__") { check(name: field.name, of: "field of \(type)") }
        return FieldInfo(
            definition: field, type: use(field.type, of: coordinates),
            arguments: inputs(field.arguments, of: coordinates))
    }

    private mutating func inputs(_ inputs: [InputField], of owner: String) -> [InputInfo] {
        var names: Set<String> = []
        return inputs.map { input in
            check(name: input.name, of: "argument or input field of \(owner)")
            if !names.insert(input.name).inserted { faults.append("\(owner) has two inputs named \(input.name).") }
            return InputInfo(
                definition: input, name: input.name, type: use(input.type, of: "\(owner) (\(input.name))"))
        }
    }

    private mutating func use(_ reference: TypeReference, of owner: String) -> TypeUse {
        switch reference {
        case .named(let name):
            if let index = indexByName[name] { return .named(index) }
            faults.append("There is no type \(name), the type of \(owner).")
            return .named(0)
        case .list(let inner): return .list(use(inner, of: owner))
        case .nonNull(let inner): return .nonNull(use(inner, of: owner))
        case .malformed(let text):
            faults.append("'\(text)', the type of \(owner), is no type.")
            return .named(0)
        }
    }

    private mutating func check(name: String, of what: String) {
        let isName =
            name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
        if !isName || name.hasPrefix("__") { faults.append("'\(name)' is no name for a \(what).") }
    }
}
