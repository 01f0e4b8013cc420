/// The rules of the specification for types, §3.
struct SchemaValidator {
    let types: [NamedType]
    let indexByName: [String: Int]
    let own: Range<Int>
    let directives: [DirectiveInfo]
    private var found: [String] = []

    init(types: [NamedType], indexByName: [String: Int], own: Range<Int>, directives: [DirectiveInfo]) {
        self.types = types
        self.indexByName = indexByName
        self.own = own
        self.directives = directives
    }

    /// One sentence for each thing that is wrong.
    mutating func faults() -> [String] {
        for type in types[own] {
            switch type.kind {
            case .scalar: break
            case .object, .interface:
                checkFields(type)
                checkInterfaces(type)
            case .union: checkUnion(type)
            case .enum(let definition): checkEnum(definition)
            case .input:
                if type.inputs.isEmpty { found.append("The input object \(type.name) has no fields.") }
                checkInputs(type.inputs, of: type.name)
            }
        }
        checkInputCycles()
        for directive in directives {
            let name = "@\(directive.definition.name)"
            checkInputs(directive.arguments, of: name)
            for location in directive.definition.locations where !DirectiveDefinition.allLocations.contains(location) {
                found.append("\(location), where \(name) may stand, is no place for a directive.")
            }
            if directive.locations.isEmpty { found.append("The directive \(name) may stand nowhere.") }
        }
        return found
    }

    private mutating func checkFields(_ type: NamedType) {
        if type.fields.isEmpty { found.append("The type \(type.name) has no fields.") }
        var names: Set<String> = []
        for field in type.fields {
            if !names.insert(field.name).inserted {
                found.append("The type \(type.name) has two fields named \(field.name).")
            }
            let named = types[field.type.named]
            if named.isInput, !named.isLeaf {
                found.append("\(type.name).\(field.name) is of the input type \(named.name).")
            }
            checkInputs(field.arguments, of: "\(type.name).\(field.name)")
            if case .argument(let name, _) = field.definition.multiplier, field.argument(name) == nil {
                found.append("\(type.name).\(field.name) is multiplied by an argument \(name), which it has not.")
            }
        }
    }

    private mutating func checkInputs(_ inputs: [InputInfo], of owner: String) {
        for input in inputs {
            let named = types[input.type.named]
            guard named.isInput else {
                found.append("\(input.name) of \(owner) is of the type \(named.name), which is no input.")
                continue
            }
            if input.isRequired, input.definition.deprecation != nil {
                found.append("\(input.name) of \(owner) is required and deprecated.")
            }
            if let value = input.definition.defaultValue, let fault = mismatch(value, input.type) {
                found.append("The default of \(input.name) of \(owner) is wrong: \(fault).")
            }
        }
    }

    /// Why a default is no value of the type.
    private func mismatch(_ value: JSONValue, _ use: TypeUse) -> String? {
        if case .nonNull(let inner) = use { return value == .null ? "it is null" : mismatch(value, inner) }
        if value == .null { return nil }
        if let element = use.element {
            guard case .list(let values) = value else { return mismatch(value, element) }
            return values.lazy.compactMap { mismatch($0, element) }.first
        }
        let type = types[use.named]
        switch type.kind {
        case .scalar(let scalar):
            do {
                _ = try scalar.parse(value)
                return nil
            } catch { return "\(error)" }
        case .enum:
            return value.string.map(type.enumValues.contains) == true ? nil : "\(type.name) has no \(value.text)"
        case .input:
            guard case .object(let object) = value else { return "\(value.text) is no object" }
            for member in object.members where type.input(member.name) == nil {
                return "\(type.name) has no \(member.name)"
            }
            for input in type.inputs {
                if let value = object[input.name] {
                    if let fault = mismatch(value, input.type) { return fault }
                } else if input.isRequired {
                    return "\(input.name) is missing"
                }
            }
            return nil
        default: return "\(type.name) is no input"
        }
    }

    private mutating func checkUnion(_ type: NamedType) {
        if type.orderedPossibleTypes.isEmpty { found.append("The union \(type.name) has no members.") }
        if Set(type.orderedPossibleTypes).count < type.orderedPossibleTypes.count {
            found.append("The union \(type.name) has a member twice.")
        }
        for member in type.orderedPossibleTypes where !types[member].isObject {
            found.append("\(types[member].name), a member of \(type.name), is no object type.")
        }
    }

    private mutating func checkEnum(_ type: EnumType) {
        if type.values.isEmpty { found.append("The enum \(type.name) has no values.") }
        var names: Set<String> = []
        for value in type.values {
            if !names.insert(value.name).inserted { found.append("\(type.name) has two values \(value.name).") }
            let isName = TypeReference(value.name) == .named(value.name) && !value.name.hasPrefix("__")
            if !isName || ["true", "false", "null"].contains(value.name) {
                found.append("'\(value.name)' is no name for a value of \(type.name).")
            }
        }
    }

    private mutating func checkInterfaces(_ type: NamedType) {
        if Set(type.interfaces).count < type.interfaces.count {
            found.append("\(type.name) implements an interface twice.")
        }
        for index in type.interfaces {
            let interface = types[index]
            guard case .interface = interface.kind else {
                found.append("\(type.name) implements \(interface.name), which is no interface.")
                continue
            }
            if index == type.index { found.append("\(type.name) implements itself.") }
            for inherited in interface.interfaces where !type.interfaces.contains(inherited) {
                found.append(
                    "\(type.name) implements \(interface.name) and so must say that it implements"
                        + " \(types[inherited].name).")
            }
            for field in interface.fields { checkField(field, of: interface, in: type) }
        }
    }

    private mutating func checkField(_ wanted: FieldInfo, of interface: NamedType, in type: NamedType) {
        let coordinates = "\(interface.name).\(wanted.name)"
        guard let field = type.field(wanted.name) else {
            found.append("\(type.name) has no field for \(coordinates).")
            return
        }
        if !isSubtype(field.type, wanted.type) {
            found.append("\(type.name).\(field.name) is not of the type of \(coordinates).")
        }
        for argument in wanted.arguments {
            if let own = field.argument(argument.name) {
                if own.type != argument.type {
                    found.append("\(argument.name) of \(type.name).\(field.name) is not of the type in \(coordinates).")
                }
            } else {
                found.append("\(type.name).\(field.name) has no argument \(argument.name), as \(coordinates) has.")
            }
        }
        for argument in field.arguments where wanted.argument(argument.name) == nil && argument.isRequired {
            found.append("\(argument.name) of \(type.name).\(field.name) is required, and \(coordinates) has it not.")
        }
    }

    private func isSubtype(_ one: TypeUse, _ other: TypeUse) -> Bool {
        switch (one, other) {
        case (.nonNull(let one), .nonNull(let other)): isSubtype(one, other)
        case (.nonNull(let one), _): isSubtype(one, other)
        case (_, .nonNull): false
        case (.list(let one), .list(let other)): isSubtype(one, other)
        case (.list, _), (_, .list): false
        case (.named(let one), .named(let other)): one == other || types[other].subtypes.contains(one)
        }
    }

    /// Input objects that need each other can never be written.
    private mutating func checkInputCycles() {
        enum State { case open, done }
        var states: [Int: State] = [:]
        func visit(_ type: NamedType) -> String? {
            states[type.index] = .open
            defer { states[type.index] = .done }
            for input in type.inputs {
                guard case .nonNull(.named(let next)) = input.type, case .input = types[next].kind else { continue }
                if states[next] == .open { return "\(type.name).\(input.name)" }
                if states[next] == nil, let cycle = visit(types[next]) { return cycle }
            }
            return nil
        }
        for type in types[own] where states[type.index] == nil {
            if case .input = type.kind, let cycle = visit(type) {
                found.append("An input object needs itself, by \(cycle).")
            }
        }
    }
}
