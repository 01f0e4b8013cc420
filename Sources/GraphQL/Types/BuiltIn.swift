extension ScalarType {
    /// The scalars of the specification, §3.5.
    static let builtIn: [ScalarType] = [
        ScalarType("Int", "A whole number of 32 bits.", serialise: Scalars.serialiseInt, parse: Scalars.parseInt),
        ScalarType(
            "Float", "A number of double precision.", serialise: Scalars.serialiseFloat, parse: Scalars.parseFloat),
        ScalarType("String", "Text.", serialise: Scalars.serialiseString, parse: Scalars.parseString),
        ScalarType("Boolean", "True or false.", serialise: Scalars.serialiseBool, parse: Scalars.parseBool),
        ScalarType(
            "ID", "What tells one object from all others; written as text, whatever it looks like.",
            serialise: Scalars.serialiseID, parse: Scalars.parseID),
    ]

    static let builtInNames: Set<String> = ["Int", "Float", "String", "Boolean", "ID"]

    /// What a resolver gave for one of the scalars of the specification.
    static func serialise(_ value: JSONValue, as name: String) throws -> JSONValue {
        guard let scalar = builtIn.first(where: { $0.name == name }) else { return value }
        return try scalar.serialise(value)
    }
}

/// The conversions of the scalars of the specification.
private enum Scalars {
    private static let int32 = Int(Int32.min)...Int(Int32.max)

    @Sendable static func serialiseInt(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .int(let number) where int32.contains(number): return value
        case .bool(let isTrue): return .int(isTrue ? 1 : 0)
        case .float(let number) where number == number.rounded() && abs(number) <= 2_147_483_647:
            return .int(Int(number))
        case .int, .float: throw FieldError("Int cannot represent non 32-bit signed integer value: \(value.text)")
        default: throw FieldError("Int cannot represent non-integer value: \(value.text)")
        }
    }

    @Sendable static func parseInt(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .int(let number) where int32.contains(number): return value
        case .float(let number) where number == number.rounded() && abs(number) <= 2_147_483_647:
            return .int(Int(number))
        case .int: throw FieldError("Int cannot represent non 32-bit signed integer value: \(value.text)")
        case .float(let number) where number == number.rounded():
            throw FieldError("Int cannot represent non 32-bit signed integer value: \(value.text)")
        default: throw FieldError("Int cannot represent non-integer value: \(value.text)")
        }
    }

    @Sendable static func serialiseFloat(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .int: return value
        case .float(let number) where number.isFinite: return value
        case .bool(let isTrue): return .int(isTrue ? 1 : 0)
        default: throw FieldError("Float cannot represent non numeric value: \(value.text)")
        }
    }

    @Sendable static func parseFloat(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .int(let number): return .float(Double(number))
        case .float(let number) where number.isFinite: return value
        default: throw FieldError("Float cannot represent non numeric value: \(value.text)")
        }
    }

    @Sendable static func serialiseString(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .string: return value
        case .bool(let isTrue): return .string(isTrue ? "true" : "false")
        case .int, .float: return .string(value.text)
        default: throw FieldError("String cannot represent value: \(value.text)")
        }
    }

    @Sendable static func parseString(_ value: JSONValue) throws -> JSONValue {
        guard case .string = value else {
            throw FieldError("String cannot represent a non string value: \(value.text)")
        }
        return value
    }

    @Sendable static func serialiseBool(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .bool: return value
        case .int(let number): return .bool(number != 0)
        default: throw FieldError("Boolean cannot represent a non boolean value: \(value.text)")
        }
    }

    @Sendable static func parseBool(_ value: JSONValue) throws -> JSONValue {
        guard case .bool = value else {
            throw FieldError("Boolean cannot represent a non boolean value: \(value.text)")
        }
        return value
    }

    @Sendable static func serialiseID(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .string: return value
        case .int(let number): return .string(String(number))
        default: throw FieldError("ID cannot represent value: \(value.text)")
        }
    }

    @Sendable static func parseID(_ value: JSONValue) throws -> JSONValue { try serialiseID(value) }
}

extension DirectiveDefinition {
    /// The directives of the specification, §3.13.
    static let builtIn: [DirectiveDefinition] = [
        DirectiveDefinition(
            "include", "Only where the argument is true.",
            arguments: [InputField("if", "Boolean!", "Whether it is included.")],
            locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"]),
        DirectiveDefinition(
            "skip", "Only where the argument is false.",
            arguments: [InputField("if", "Boolean!", "Whether it is skipped.")],
            locations: ["FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"]),
        DirectiveDefinition(
            "deprecated", "Not to be used any more.",
            arguments: [InputField("reason", "String", "Why, and what to use.", default: "No longer supported")],
            locations: ["FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"]),
        DirectiveDefinition(
            "specifiedBy", "Where the scalar is defined.",
            arguments: [InputField("url", "String!", "The address of the definition.")], locations: ["SCALAR"]),
    ]

    static let builtInNames: Set<String> = ["include", "skip", "deprecated", "specifiedBy"]

    static let allLocations: [String] = [
        "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT",
        "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE",
        "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION",
    ]
}
