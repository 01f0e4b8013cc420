extension Schema {
    /// The schema in the schema definition language, as other implementations read it.
    ///
    /// - Parameter isSorted: Types and directives by name; otherwise in the order in which they were given.
    package func sdl(isSorted: Bool = false) -> String {
        var parts: [String] = []
        var names = directiveNames.filter { !DirectiveDefinition.builtInNames.contains($0) }
        var own = Array(types[ownTypes])
        if isSorted {
            names.sort()
            own.sort { $0.name < $1.name }
        }
        if types[queryType].name != "Query" || mutationType.map({ types[$0].name != "Mutation" }) ?? false {
            var roots = "schema {\n  query: \(types[queryType].name)\n"
            if let mutationType { roots += "  mutation: \(types[mutationType].name)\n" }
            parts.append(roots + "}")
        }
        for name in names { if let info = directives[name] { parts.append(sdl(info)) } }
        // The scalars of the specification are known everywhere.
        for type in own where !ScalarType.builtInNames.contains(type.name) { parts.append(sdl(type)) }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private func sdl(_ info: DirectiveInfo) -> String {
        let definition = info.definition
        return block(definition.description, indent: "") + "directive @\(definition.name)"
            + sdl(info.arguments, indent: "") + (definition.isRepeatable ? " repeatable" : "")
            + " on \(definition.locations.joined(separator: " | "))"
    }

    private func sdl(_ type: NamedType) -> String {
        let head = block(type.description, indent: "")
        switch type.kind {
        case .scalar(let scalar):
            let by = scalar.specifiedBy.map { " @specifiedBy(url: \(GraphQLText.quoted($0)))" } ?? ""
            return head + "scalar \(type.name)\(by)"
        case .object: return head + "type \(type.name)\(sdl(interfaces: type)) {\n\(sdl(fields: type))}"
        case .interface: return head + "interface \(type.name)\(sdl(interfaces: type)) {\n\(sdl(fields: type))}"
        case .union:
            return head + "union \(type.name) = "
                + type.orderedPossibleTypes.map { types[$0].name }.joined(separator: " | ")
        case .enum(let definition):
            let values = definition.values.map { value in
                block(value.description, indent: "  ") + "  \(value.name)\(sdl(deprecation: value.deprecation))\n"
            }
            return head + "enum \(type.name) {\n\(values.joined())}"
        case .input:
            let inputs = type.inputs.map { block($0.definition.description, indent: "  ") + "  \(sdl($0))\n" }
            return head + "input \(type.name) {\n\(inputs.joined())}"
        }
    }

    private func sdl(interfaces type: NamedType) -> String {
        if type.interfaces.isEmpty { return "" }
        return " implements " + type.interfaces.map { types[$0].name }.joined(separator: " & ")
    }

    private func sdl(fields type: NamedType) -> String {
        type.fields.map { field in
            block(field.definition.description, indent: "  ") + "  \(field.name)" + sdl(field.arguments, indent: "  ")
                + ": \(text(field.type))\(sdl(deprecation: field.definition.deprecation))\n"
        }.joined()
    }

    private func sdl(_ arguments: [InputInfo], indent: String) -> String {
        if arguments.isEmpty { return "" }
        if arguments.allSatisfy({ $0.definition.description == nil }) {
            return "(" + arguments.map { sdl($0) }.joined(separator: ", ") + ")"
        }
        let lines = arguments.map { argument in
            block(argument.definition.description, indent: indent + "  ") + "\(indent)  \(sdl(argument))\n"
        }
        return "(\n" + lines.joined() + indent + ")"
    }

    private func sdl(_ input: InputInfo) -> String {
        let value = input.definition.defaultValue.map { " = " + literal($0, of: input.type) } ?? ""
        return "\(input.name): \(text(input.type))\(value)\(sdl(deprecation: input.definition.deprecation))"
    }

    private func sdl(deprecation: String?) -> String {
        guard let deprecation else { return "" }
        if deprecation == "No longer supported" { return " @deprecated" }
        return " @deprecated(reason: \(GraphQLText.quoted(deprecation)))"
    }

    private func block(_ description: String?, indent: String) -> String {
        guard let description else { return "" }
        let text =
            GraphQLText.canBeBlock(description)
            ? GraphQLText.block(description, indent: indent) : GraphQLText.quoted(description)
        return indent + text + "\n"
    }

    /// A value as a literal of the type.
    func literal(_ value: JSONValue, of use: TypeUse) -> String {
        let use = use.nullable
        if value == .null { return "null" }
        if let element = use.element {
            guard case .list(let values) = value else { return literal(value, of: element) }
            return "[" + values.map { literal($0, of: element) }.joined(separator: ", ") + "]"
        }
        let type = types[use.named]
        switch (type.kind, value) {
        case (.enum, .string(let name)): return name
        case (.input, .object(let object)):
            let members = object.members.map { member in
                "\(member.name): "
                    + (type.input(member.name).map { literal(member.value, of: $0.type) }
                        ?? GraphQLText.literal(member.value))
            }
            return "{" + members.joined(separator: ", ") + "}"
        case (.scalar, .string(let text)) where type.name == "ID":
            // As the reference implementation does: an ID that looks like a number is written as one.
            let isNumber = Int(text).map { String($0) == text } ?? false
            return isNumber ? text : GraphQLText.quoted(text)
        default: return GraphQLText.literal(value)
        }
    }
}
