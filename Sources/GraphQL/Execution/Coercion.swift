/// Makes values fit their types, §6.1.2 and §6.4.1.
struct Coercion {
    let schema: Schema

    // MARK: Variables

    /// The values of an operation's variables, with defaults.
    ///
    /// - Throws: All that is wrong with them, at most 50 things.
    func variables(
        of operation: OperationNode, given: JSONObject, source: SourceText, nesting: Int
    ) throws(RequestFault) -> JSONObject {
        if operation.variables.isEmpty { return JSONObject() }
        var values = JSONObject()
        var errors: [GraphQLError] = []
        // Looked up once: there may be very many members that nobody asks for.
        let given = Dictionary(given.members.map { ($0.name, $0.value) }) { $1 }
        for variable in operation.variables {
            let name = variable.name.text
            func fault(_ message: String) {
                if errors.count == 50 {
                    errors.append(
                        GraphQLError(
                            .variables, "Too many errors processing variables, error limit reached. Execution aborted."
                        ))
                }
                if errors.count > 50 { return }
                errors.append(
                    GraphQLError(
                        .variables, message, locations: [source.location(variable.at)],
                        extensions: ["code": "BAD_USER_INPUT"]))
            }
            guard let use = use(of: variable.type) else { continue }
            guard let value = given[name] else {
                if let node = variable.defaultValue {
                    if let value = literal(node, as: use, variables: nil) { values.append(name, value) }
                } else if use.isNonNull {
                    fault("Variable \"$\(name)\" of required type \"\(schema.text(use))\" was not provided.")
                }
                continue
            }
            if value == .null, use.isNonNull {
                fault("Variable \"$\(name)\" of non-null type \"\(schema.text(use))\" must not be null.")
                continue
            }
            var path = ""
            let coerced = input(value, as: use, path: &path, nesting: nesting) { path, value, message in
                let place = path.isEmpty ? "" : " at \"\(name)\(path)\""
                fault("Variable \"$\(name)\" got invalid value \(Coercion.shown(value))\(place); \(message)")
            }
            values.append(name, coerced)
        }
        if !errors.isEmpty { throw RequestFault(errors) }
        return values
    }

    /// A value in a message; not more than fits in one.
    private static func shown(_ value: JSONValue) -> String {
        let text = GraphQLText.shown(value)
        return text.utf8.count > 500 ? String(text.prefix(200)) + "…" : text
    }

    private func use(of node: TypeNode) -> TypeUse? {
        switch node.kind {
        case .named(let name): schema.indexByName[name].map { .named($0) }
        case .list(let inner): use(of: inner).map { .list($0) }
        case .nonNull(let inner): use(of: inner).map { .nonNull($0) }
        }
    }

    /// A value from outside as one of the type; null where it is none and that was told.
    private func input(
        _ value: JSONValue, as use: TypeUse, path: inout String, nesting: Int,
        fault: (String, JSONValue, String) -> Void
    ) -> JSONValue {
        if nesting < 0 {
            fault(path, .null, "It is nested too deep.")
            return .null
        }
        if case .nonNull(let inner) = use {
            if value == .null {
                fault(path, value, "Expected non-nullable type \"\(schema.text(use))\" not to be null.")
                return .null
            }
            return input(value, as: inner, path: &path, nesting: nesting, fault: fault)
        }
        if value == .null { return .null }
        let length = path.utf8.count
        func cut() { path = String(decoding: path.utf8.prefix(length), as: UTF8.self) }
        if let element = use.element {
            guard case .list(let values) = value else {
                return .list([input(value, as: element, path: &path, nesting: nesting - 1, fault: fault)])
            }
            var result: [JSONValue] = []
            result.reserveCapacity(values.count)
            for (index, value) in values.enumerated() {
                path += "[\(index)]"
                result.append(input(value, as: element, path: &path, nesting: nesting - 1, fault: fault))
                cut()
            }
            return .list(result)
        }
        let type = schema.named(use)
        switch type.kind {
        case .input:
            guard case .object(let object) = value else {
                fault(path, value, "Expected type \"\(type.name)\" to be an object.")
                return .null
            }
            var result = JSONObject()
            let members = Dictionary(object.members.map { ($0.name, $0.value) }) { $1 }
            for field in type.inputs {
                if let member = members[field.name] {
                    path += ".\(field.name)"
                    result.append(
                        field.name, input(member, as: field.type, path: &path, nesting: nesting - 1, fault: fault))
                    cut()
                } else if let value = field.definition.defaultValue {
                    result.append(field.name, filled(value, field.type))
                } else if field.type.isNonNull {
                    fault(
                        path, value,
                        "Field \"\(field.name)\" of required type \"\(schema.text(field.type))\" was not provided.")
                }
            }
            for member in object.members where type.input(member.name) == nil {
                let near = Suggestions.near(member.name, among: type.inputs.map(\.name))
                fault(
                    path, value,
                    "Field \"\(member.name)\" is not defined by type \"\(type.name)\"."
                        + Suggestions.didYouMean("", near))
            }
            return .object(result)
        case .enum:
            guard let name = value.string else {
                let text = GraphQLText.shown(value)
                fault(
                    path, value,
                    "Enum \"\(type.name)\" cannot represent non-string value: \(text)."
                        + Literals.hint(text, among: type))
                return .null
            }
            if !type.enumValues.contains(name) {
                fault(
                    path, value,
                    "Value \"\(name)\" does not exist in \"\(type.name)\" enum." + Literals.hint(name, among: type))
            }
            return value
        case .scalar(let scalar):
            do { return try scalar.parse(value) } catch {
                let isBuiltIn = ScalarType.builtInNames.contains(type.name)
                fault(path, value, isBuiltIn ? "\(error)" : "Expected type \"\(type.name)\". \(error)")
                return .null
            }
        case .object, .interface, .union: return .null
        }
    }

    // MARK: Literals

    /// The literal as a value of the type; nil when it is none, or is a variable that has no value.
    func literal(_ node: ValueNode, as use: TypeUse, variables: JSONObject?) -> JSONValue? {
        if case .variable(let name) = node.kind {
            guard let value = variables?[name] else { return nil }
            return value == .null && use.isNonNull ? nil : value
        }
        if case .nonNull(let inner) = use {
            return node.kind == .null ? nil : literal(node, as: inner, variables: variables)
        }
        if node.kind == .null { return .null }
        if let element = use.element {
            guard case .list(let nodes) = node.kind else {
                return literal(node, as: element, variables: variables).map { .list([$0]) }
            }
            var values: [JSONValue] = []
            for node in nodes {
                if case .variable(let name) = node.kind, variables?[name] == nil {
                    // A variable without a value is null in a list.
                    if element.isNonNull { return nil }
                    values.append(.null)
                } else if let value = literal(node, as: element, variables: variables) {
                    values.append(value)
                } else {
                    return nil
                }
            }
            return .list(values)
        }
        let type = schema.named(use)
        guard case .input = type.kind else { return try? Literals.leaf(node, of: type, variables: variables).get() }
        guard case .object(let members) = node.kind else { return nil }
        var result = JSONObject()
        for field in type.inputs {
            let member = members.last { $0.name.text == field.name }
            var isGiven = member != nil
            if case .variable(let name) = member?.value.kind, variables?[name] == nil { isGiven = false }
            if let member, isGiven {
                guard let value = literal(member.value, as: field.type, variables: variables) else { return nil }
                result.append(field.name, value)
            } else if let value = field.definition.defaultValue {
                result.append(field.name, filled(value, field.type))
            } else if field.type.isNonNull {
                return nil
            }
        }
        return .object(result)
    }

    /// A default as resolvers get it.
    func filled(_ value: JSONValue, _ use: TypeUse) -> JSONValue {
        if value == .null { return .null }
        if let element = use.element {
            guard case .list(let values) = value else { return .list([filled(value, element)]) }
            return .list(values.map { filled($0, element) })
        }
        let type = schema.named(use)
        switch (type.kind, value) {
        case (.input, .object(let object)):
            var result = JSONObject()
            for field in type.inputs {
                if let value = object[field.name] ?? field.definition.defaultValue {
                    result.append(field.name, filled(value, field.type))
                }
            }
            return .object(result)
        // It was parsed without fault when the schema was built.
        case (.scalar(let scalar), _): return (try? scalar.parse(value)) ?? value
        default: return value
        }
    }

    // MARK: Arguments

    /// Why the arguments of a field are wrong, which depends on variables: all else is found by validation.
    struct ArgumentFault: Error {
        let message: String
        let at: Int
    }

    /// The values of the arguments with defaults.
    func arguments(
        _ nodes: [ArgumentNode], of infos: [InputInfo], at offset: Int, variables: JSONObject
    ) throws(ArgumentFault) -> Arguments {
        if infos.isEmpty { return Arguments() }
        var values = JSONObject()
        for info in infos {
            let text = { schema.text(info.type) }
            guard let node = nodes.first(where: { $0.name.text == info.name })?.value else {
                if let value = info.definition.defaultValue {
                    values.append(info.name, filled(value, info.type))
                } else if info.type.isNonNull {
                    throw ArgumentFault(
                        message: "Argument \"\(info.name)\" of required type \"\(text())\" was not provided.",
                        at: offset)
                }
                continue
            }
            var isNull = node.kind == .null
            if case .variable(let name) = node.kind {
                guard let value = variables[name] else {
                    if let value = info.definition.defaultValue {
                        values.append(info.name, filled(value, info.type))
                    } else if info.type.isNonNull {
                        throw ArgumentFault(
                            message:
                                "Argument \"\(info.name)\" of required type \"\(text())\" was provided the variable"
                                + " \"$\(name)\" which was not provided a runtime value.", at: node.at)
                    }
                    continue
                }
                isNull = value == .null
            }
            if isNull, info.type.isNonNull {
                throw ArgumentFault(
                    message: "Argument \"\(info.name)\" of non-null type \"\(text())\" must not be null.", at: node.at)
            }
            guard let value = literal(node, as: info.type, variables: variables) else {
                throw ArgumentFault(
                    message: "Argument \"\(info.name)\" has invalid value \(SyntaxPrinter.print(node)).", at: node.at)
            }
            values.append(info.name, value)
        }
        return Arguments(values)
    }
}
