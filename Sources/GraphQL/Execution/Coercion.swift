/// Makes literals fit their types, §6.4.1.
struct Coercion {
    let schema: Schema

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
