extension Validator {
    /// Checks a literal and notes the variables in it.
    ///
    /// - Parameters:
    ///   - use: The type wanted; nil when it is not known.
    ///   - isChecked: Whether the value itself is still of interest: not inside of one that is wrong already.
    mutating func walk(_ node: ValueNode, as use: TypeUse?, hasDefault: Bool = false, isChecked: Bool) {
        switch node.kind {
        case .variable(let name): uses.variables.append((name, node.at, use, hasDefault))
        case .list(let elements):
            var isChecked = isChecked
            if isChecked, let use, use.element == nil {
                reportMismatch(node, use.nullable)
                isChecked = false
            }
            for element in elements { walk(element, as: use.map { $0.element ?? $0.nullable }, isChecked: isChecked) }
        case .object(let members): walk(members, of: node, as: use, isChecked: isChecked)
        case .null:
            if isChecked, let use, use.isNonNull {
                report(
                    "ValuesOfCorrectTypeRule", "Expected value of type \"\(schema.text(use))\", found null.",
                    at: node.at)
            }
        case .int, .float, .string, .bool, .enum: if isChecked, let use { reportMismatch(node, use) }
        }
    }

    private mutating func walk(_ members: [ObjectMemberNode], of node: ValueNode, as use: TypeUse?, isChecked: Bool) {
        var isChecked = isChecked
        let type = use.map { schema.named($0) }
        var input: NamedType?
        if let use, let type {
            if case .input = type.kind {
                input = type
            } else if isChecked {
                reportMismatch(node, use)
                isChecked = false
            }
        }
        var first: [String: Int] = [:]
        for member in members {
            if let place = first[member.name.text] {
                report(
                    "UniqueInputFieldNamesRule", "There can be only one input field named \"\(member.name.text)\".",
                    at: [place, member.name.at])
            } else {
                first[member.name.text] = member.name.at
            }
        }
        if isChecked, let input {
            for field in input.inputs where field.isRequired && first[field.name] == nil {
                report(
                    "ValuesOfCorrectTypeRule",
                    "Field \"\(input.name).\(field.name)\" of required type \"\(schema.text(field.type))\" was not"
                        + " provided.", at: node.at)
            }
        }
        for member in members {
            let field = input?.input(member.name.text)
            if isChecked, let input, field == nil {
                let near = Suggestions.near(member.name.text, among: input.inputs.map(\.name))
                report(
                    "ValuesOfCorrectTypeRule",
                    "Field \"\(member.name.text)\" is not defined by type \"\(input.name)\"."
                        + Suggestions.didYouMean("", near), at: member.name.at)
            }
            walk(
                member.value, as: field?.type, hasDefault: field?.definition.defaultValue != nil, isChecked: isChecked)
        }
    }

    /// Says so when the literal is none of the leaf.
    private mutating func reportMismatch(_ node: ValueNode, _ use: TypeUse) {
        let type = schema.named(use)
        guard type.isLeaf else {
            report(
                "ValuesOfCorrectTypeRule",
                "Expected value of type \"\(schema.text(use))\", found \(SyntaxPrinter.print(node)).", at: node.at)
            return
        }
        switch Literals.leaf(node, of: type, variables: nil) {
        case .success: break
        case .failure(let mismatch):
            switch mismatch {
            case .said(let message): report("ValuesOfCorrectTypeRule", message, at: node.at)
            case .thrown(let message):
                report(
                    "ValuesOfCorrectTypeRule",
                    "Expected value of type \"\(schema.text(use))\", found \(SyntaxPrinter.print(node)); \(message)",
                    at: node.at)
            }
        }
    }
}

/// Reads literals as values.
enum Literals {
    /// Why a literal is no value of a leaf.
    enum Mismatch: Error {
        /// A whole sentence.
        case said(String)
        /// What a scalar of the caller's has thrown.
        case thrown(String)
    }

    /// The value of a scalar or an enum.
    static func leaf(_ node: ValueNode, of type: NamedType, variables: JSONObject?) -> Result<JSONValue, Mismatch> {
        switch type.kind {
        case .enum:
            guard case .enum(let name) = node.kind else {
                let text = SyntaxPrinter.print(node)
                return .failure(
                    .said(
                        "Enum \"\(type.name)\" cannot represent non-enum value: \(text)."
                            + hint(text, among: type)))
            }
            if type.enumValues.contains(name) { return .success(.string(name)) }
            return .failure(
                .said("Value \"\(name)\" does not exist in \"\(type.name)\" enum." + hint(name, among: type)))
        case .scalar(let scalar):
            if ScalarType.builtInNames.contains(type.name) { return builtIn(node, type.name) }
            do {
                return .success(try scalar.parse(untyped(node, variables: variables)))
            } catch { return .failure(.thrown("\(error)")) }
        default: return .failure(.said("\(type.name) is no leaf."))
        }
    }

    static func hint(_ text: String, among type: NamedType) -> String {
        guard case .enum(let definition) = type.kind else { return "" }
        return Suggestions.didYouMean(
            "the enum value", Suggestions.near(text, among: definition.values.map(\.name)))
    }

    private static func builtIn(_ node: ValueNode, _ name: String) -> Result<JSONValue, Mismatch> {
        func mismatch(_ what: String) -> Result<JSONValue, Mismatch> {
            .failure(.said("\(name) cannot represent \(what): \(SyntaxPrinter.print(node))"))
        }
        switch (name, node.kind) {
        case ("Int", .int(let text)):
            guard let value = Int32(text) else { return mismatch("non 32-bit signed integer value") }
            return .success(.int(Int(value)))
        case ("Int", _): return mismatch("non-integer value")
        case ("Float", .int(let text)), ("Float", .float(let text)):
            guard let value = Double(text), value.isFinite else { return mismatch("non numeric value") }
            return .success(.float(value))
        case ("Float", _): return mismatch("non numeric value")
        case ("String", .string(let text, _)): return .success(.string(text))
        case ("String", _): return mismatch("a non string value")
        case ("Boolean", .bool(let value)): return .success(.bool(value))
        case ("Boolean", _): return mismatch("a non boolean value")
        case ("ID", .string(let text, _)), ("ID", .int(let text)): return .success(.string(text))
        default: return mismatch("a non-string and non-integer value")
        }
    }

    /// The literal as JSON would write it.
    static func untyped(_ node: ValueNode, variables: JSONObject?) -> JSONValue {
        switch node.kind {
        case .variable(let name): variables?[name] ?? .null
        case .int(let text): Int(text).map { .int($0) } ?? .float(Double(text) ?? 0)
        case .float(let text): .float(Double(text) ?? 0)
        case .string(let text, _), .enum(let text): .string(text)
        case .bool(let value): .bool(value)
        case .null: .null
        case .list(let elements): .list(elements.map { untyped($0, variables: variables) })
        case .object(let members):
            .object(JSONObject(members.map { ($0.name.text, untyped($0.value, variables: variables)) }))
        }
    }
}
