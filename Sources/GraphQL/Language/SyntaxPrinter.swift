/// Writes documents in the one form that everybody writes them in.
enum SyntaxPrinter {
    static func print(_ document: DocumentNode) -> String {
        document.definitions.compactMap { definition -> String? in
            switch definition {
            case .operation(let node): print(node)
            case .fragment(let node):
                "fragment \(node.name.text) on \(node.typeCondition.text)\(suffix(node.directives))"
                    + " \(print(node.selection, indent: ""))"
            case .typeSystem: nil
            }
        }.joined(separator: "\n\n")
    }

    private static func print(_ node: OperationNode) -> String {
        let variables =
            node.variables.isEmpty
            ? ""
            : "("
                + node.variables.map { variable in
                    let value = variable.defaultValue.map { " = \(print($0))" } ?? ""
                    return "$\(variable.name.text): \(variable.type.text)\(value)\(suffix(variable.directives))"
                }.joined(separator: ", ") + ")"
        let selection = print(node.selection, indent: "")
        if node.kind == .query, node.name == nil, variables.isEmpty, node.directives.isEmpty { return selection }
        let name = node.name.map { " \($0.text)" } ?? (variables.isEmpty ? "" : " ")
        return "\(node.kind.rawValue)\(name)\(variables)\(suffix(node.directives)) \(selection)"
    }

    private static func print(_ set: SelectionSet, indent: String) -> String {
        let inner = indent + "  "
        let lines = set.selections.map { selection in
            switch selection {
            case .field(let node):
                inner + head(node, indent: inner) + suffix(node.directives, indent: inner)
                    + (node.selection.map { " " + print($0, indent: inner) } ?? "")
            case .spread(let node): "\(inner)...\(node.name.text)\(suffix(node.directives, indent: inner))"
            case .inline(let node):
                "\(inner)... \(node.typeCondition.map { "on \($0.text) " } ?? "")"
                    + node.directives.map { print($0, indent: inner) + " " }.joined()
                    + print(node.selection, indent: inner)
            }
        }
        return "{\n" + lines.joined(separator: "\n") + "\n\(indent)}"
    }

    /// A field as far as its arguments: these on one line, or on one each where the line would be long.
    private static func head(_ node: FieldNode, indent: String) -> String {
        let name = (node.alias.map { "\($0.text): " } ?? "") + node.name.text
        // Lines of a text in the arguments are as long as they are by themselves, however deep the field lies.
        let isLong = (name + arguments(node.arguments, indent: "")).utf16.count > 80
        if !isLong || node.arguments.isEmpty { return name + arguments(node.arguments, indent: indent) }
        let inner = indent + "  "
        let lines = node.arguments.map { "\(inner)\($0.name.text): \(print($0.value, indent: inner))\n" }
        return "\(name)(\n\(lines.joined())\(indent))"
    }

    private static func arguments(_ arguments: [ArgumentNode], indent: String) -> String {
        if arguments.isEmpty { return "" }
        return "(" + arguments.map { "\($0.name.text): \(print($0.value, indent: indent))" }.joined(separator: ", ")
            + ")"
    }

    private static func suffix(_ directives: [DirectiveNode], indent: String = "") -> String {
        directives.map { " " + print($0, indent: indent) }.joined()
    }

    private static func print(_ node: DirectiveNode, indent: String) -> String {
        "@\(node.name.text)\(arguments(node.arguments, indent: indent))"
    }

    /// - Parameter isSorted: Members of objects by name, so that values that are the same print the same.
    static func print(_ value: ValueNode, indent: String = "", isSorted: Bool = false) -> String {
        switch value.kind {
        case .variable(let name): return "$\(name)"
        case .int(let text), .float(let text), .enum(let text): return text
        case .string(let text, let isBlock):
            return isBlock ? GraphQLText.block(text, indent: indent) : GraphQLText.quoted(text)
        case .bool(let value): return value ? "true" : "false"
        case .null: return "null"
        case .list(let values):
            return "["
                + values.map { print($0, indent: indent, isSorted: isSorted) }.joined(separator: ", ") + "]"
        case .object(let members):
            let members = isSorted ? members.sorted { $0.name.text < $1.name.text } : members
            return "{"
                + members.map { "\($0.name.text): \(print($0.value, indent: indent, isSorted: isSorted))" }
                .joined(separator: ", ") + "}"
        }
    }
}

/// Documents by themselves, without a schema.
package enum GraphQLDocument {
    /// The document in the one form that everybody writes documents in; definitions of types are left out.
    ///
    /// - Throws: ``GraphQLError`` when it is no GraphQL, or more than the limits allow.
    package static func formatted(_ query: String, limits: Limits = Limits()) throws -> String {
        SyntaxPrinter.print(try Parser.parse(query, limits: limits))
    }
}
