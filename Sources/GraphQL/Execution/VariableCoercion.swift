/// Makes the values of variables fit their types, §6.1.2.
struct VariableCoercion {
    /// Why no more is looked at: what is wrong is more than anybody reads.
    private struct Enough: Error {}

    private let schema: Schema
    private let source: SourceText
    private let nesting: Int
    private var errors: [GraphQLError] = []
    /// The variable that is looked at, and where in its value.
    private var name = ""
    private var at = 0
    private var path = ""

    /// How many errors are told.
    private static let mostErrors = 50

    /// - Parameter nesting: How deep values may be nested.
    init(schema: Schema, source: SourceText, nesting: Int) {
        self.schema = schema
        self.source = source
        self.nesting = nesting
    }

    /// The values of an operation's variables, with defaults.
    ///
    /// - Throws: What is wrong with them.
    mutating func values(of operation: OperationNode, given: JSONObject) throws(RequestFault) -> JSONObject {
        if operation.variables.isEmpty { return JSONObject() }
        var values = JSONObject()
        // Looked up once: there may be very many members that nobody asks for.
        let given = Dictionary(given.members.map { ($0.name, $0.value) }) { $1 }
        do throws(Enough) {
            for variable in operation.variables {
                if let value = try value(of: variable, given: given[variable.name.text]) {
                    values.append(variable.name.text, value)
                }
            }
        } catch {
            errors.append(
                GraphQLError(
                    .variables, "Too many errors processing variables, error limit reached. Execution aborted.",
                    extensions: ["code": "BAD_USER_INPUT"]))
        }
        if !errors.isEmpty { throw RequestFault(errors) }
        return values
    }

    private mutating func value(of variable: VariableNode, given: JSONValue?) throws(Enough) -> JSONValue? {
        name = variable.name.text
        at = variable.at
        path = ""
        guard let use = use(of: variable.type) else { return nil }
        guard let given else {
            if let node = variable.defaultValue {
                return Coercion(schema: schema).literal(node, as: use, variables: nil)
            }
            if use.isNonNull {
                try fault("Variable \"$\(name)\" of required type \"\(schema.text(use))\" was not provided.")
            }
            return nil
        }
        if given == .null, use.isNonNull {
            try fault("Variable \"$\(name)\" of non-null type \"\(schema.text(use))\" must not be null.")
            return nil
        }
        return try input(given, as: use, nesting: nesting)
    }

    private func use(of node: TypeNode) -> TypeUse? {
        switch node.kind {
        case .named(let name): schema.indexByName[name].map { .named($0) }
        case .list(let inner): use(of: inner).map { .list($0) }
        case .nonNull(let inner): use(of: inner).map { .nonNull($0) }
        }
    }

    private mutating func fault(_ message: String) throws(Enough) {
        if errors.count == VariableCoercion.mostErrors { throw Enough() }
        errors.append(
            GraphQLError(
                .variables, message, locations: [source.location(at)], extensions: ["code": "BAD_USER_INPUT"]))
    }

    private mutating func mismatch(_ value: JSONValue, _ message: String) throws(Enough) {
        let place = path.isEmpty ? "" : " at \"\(name)\(path)\""
        try fault("Variable \"$\(name)\" got invalid value \(GraphQLText.shown(value))\(place); \(message)")
    }

    /// A value from outside as one of the type; null where it is none and that was told.
    private mutating func input(_ value: JSONValue, as use: TypeUse, nesting: Int) throws(Enough) -> JSONValue {
        if nesting < 0 {
            try mismatch(.null, "It is nested too deep.")
            return .null
        }
        if case .nonNull(let inner) = use {
            if value == .null {
                try mismatch(value, "Expected non-nullable type \"\(schema.text(use))\" not to be null.")
                return .null
            }
            return try input(value, as: inner, nesting: nesting)
        }
        if value == .null { return .null }
        if let element = use.element {
            guard case .list(let values) = value else {
                return .list([try input(value, as: element, nesting: nesting - 1)])
            }
            var result: [JSONValue] = []
            result.reserveCapacity(values.count)
            for (index, value) in values.enumerated() {
                result.append(try input(value, as: element, nesting: nesting - 1, at: "[\(index)]"))
            }
            return .list(result)
        }
        let type = schema.named(use)
        switch type.kind {
        case .input: return try object(value, as: type, nesting: nesting)
        case .enum:
            if let name = value.string {
                if type.enumValues.contains(name) { return value }
                try mismatch(
                    value,
                    "Value \"\(name)\" does not exist in \"\(type.name)\" enum." + Literals.hint(name, among: type))
            } else {
                let text = GraphQLText.shown(value)
                try mismatch(
                    value,
                    "Enum \"\(type.name)\" cannot represent non-string value: \(text)."
                        + Literals.hint(text, among: type))
            }
            return .null
        case .scalar(let scalar):
            do { return try scalar.parse(value) } catch {
                let isBuiltIn = ScalarType.builtInNames.contains(type.name)
                try mismatch(value, isBuiltIn ? "\(error)" : "Expected type \"\(type.name)\". \(error)")
                return .null
            }
        case .object, .interface, .union: return .null
        }
    }

    private mutating func input(
        _ value: JSONValue, as use: TypeUse, nesting: Int, at step: String
    ) throws(Enough) -> JSONValue {
        let length = path.utf8.count
        path += step
        let result = try input(value, as: use, nesting: nesting)
        path = String(decoding: path.utf8.prefix(length), as: UTF8.self)
        return result
    }

    private mutating func object(_ value: JSONValue, as type: NamedType, nesting: Int) throws(Enough) -> JSONValue {
        guard case .object(let object) = value else {
            try mismatch(value, "Expected type \"\(type.name)\" to be an object.")
            return .null
        }
        var result = JSONObject()
        let members = Dictionary(object.members.map { ($0.name, $0.value) }) { $1 }
        for field in type.inputs {
            if let member = members[field.name] {
                result.append(
                    field.name, try input(member, as: field.type, nesting: nesting - 1, at: ".\(field.name)"))
            } else if let value = field.definition.defaultValue {
                result.append(field.name, Coercion(schema: schema).filled(value, field.type))
            } else if field.type.isNonNull {
                try mismatch(
                    value,
                    "Field \"\(field.name)\" of required type \"\(schema.text(field.type))\" was not provided.")
            }
        }
        for member in object.members where type.input(member.name) == nil {
            let near = Suggestions.near(member.name, among: type.inputs.map(\.name))
            try mismatch(
                value,
                "Field \"\(member.name)\" is not defined by type \"\(type.name)\"."
                    + Suggestions.didYouMean("", near))
        }
        return .object(result)
    }
}
