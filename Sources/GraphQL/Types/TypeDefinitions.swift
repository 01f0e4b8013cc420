/// A type by name, as given to ``Schema``.
package enum TypeDefinition: Sendable {
    case scalar(ScalarType)
    case object(ObjectType)
    case interface(InterfaceType)
    case union(UnionType)
    case `enum`(EnumType)
    case input(InputType)

    /// The name of the type.
    package var name: String {
        switch self {
        case .scalar(let type): type.name
        case .object(let type): type.name
        case .interface(let type): type.name
        case .union(let type): type.name
        case .enum(let type): type.name
        case .input(let type): type.name
        }
    }
}

/// A leaf with rules of its own for what it accepts and how it is written.
package struct ScalarType: Sendable {
    /// Makes one form of a value out of the other.
    package typealias Conversion = @Sendable (JSONValue) throws -> JSONValue

    package let name: String
    package let description: String?
    package let specifiedBy: String?
    let serialise: Conversion
    let parse: Conversion

    /// - Parameters:
    ///   - specifiedBy: The address of the text that defines the scalar.
    ///   - serialise: What a resolver gave, as it goes into the response. Throws ``FieldError`` when it cannot be.
    ///   - parse: A literal or a variable (never null), as resolvers get it. Throws ``FieldError`` when it is no such value.
    package init(
        _ name: String, _ description: String? = nil, specifiedBy: String? = nil,
        serialise: @escaping Conversion = { $0 }, parse: @escaping Conversion = { $0 }
    ) {
        self.name = name
        self.description = description
        self.specifiedBy = specifiedBy
        self.serialise = serialise
        self.parse = parse
    }
}

/// An argument of a field or a directive, or a field of an input object.
package struct InputField: Sendable {
    package let name: String
    package let type: TypeReference
    package let description: String?
    package let defaultValue: JSONValue?
    package let deprecation: String?

    /// - Parameters:
    ///   - default: What holds where nothing is given; values of enums are written as strings. nil: no default.
    ///   - deprecated: Why it should not be used any more.
    package init(
        _ name: String, _ type: TypeReference, _ description: String? = nil, default: JSONValue? = nil,
        deprecated: String? = nil
    ) {
        self.name = name
        self.type = type
        self.description = description
        defaultValue = `default`
        deprecation = deprecated
    }
}

/// A field of an object or an interface.
package struct Field: Sendable {
    package let name: String
    package let type: TypeReference
    package let arguments: [InputField]
    package let description: String?
    package let deprecation: String?
    /// What the field costs by itself in the analysis of costs.
    package let cost: Int
    /// By how much the costs below are multiplied, where the field gives a list.
    package let multiplier: CostMultiplier
    let resolver: Resolver
}

/// By how much a field multiplies the cost of what is selected in it.
package enum CostMultiplier: Sendable, Equatable {
    /// The number in this argument, where none is given its default, and where there is none `otherwise`; whether the
    /// field is a list or a page that holds one.
    case argument(String, otherwise: Int)
    /// A number known in advance; only where the field is a list.
    case factor(Int)
}

/// An object type.
package struct ObjectType: Sendable {
    package let name: String
    package let description: String?
    package let interfaces: [String]
    package let fields: [Field]

    /// - Parameters:
    ///   - parent: The type of the Swift values that stand for objects of this type.
    ///   - fields: Adds the fields, one after the other.
    package init<Parent: Sendable>(
        _ name: String, of parent: Parent.Type, _ description: String? = nil, interfaces: [String] = [],
        fields: (inout FieldList<Parent>) -> Void
    ) {
        var list = FieldList<Parent>()
        fields(&list)
        self.name = name
        self.description = description
        self.interfaces = interfaces
        self.fields = list.fields
    }
}

/// A type of which several object types have all the fields.
package struct InterfaceType: Sendable {
    package let name: String
    package let description: String?
    package let interfaces: [String]
    package let fields: [Field]
    let concreteType: ConcreteType

    /// - Parameters:
    ///   - concreteType: The name of the object type of a value; not asked where ``Resolved/object(_:as:)`` says it.
    package init(
        _ name: String, _ description: String? = nil, interfaces: [String] = [],
        concreteType: @escaping ConcreteType = { _ in nil }, fields: (inout AbstractFieldList) -> Void
    ) {
        var list = AbstractFieldList()
        fields(&list)
        self.name = name
        self.description = description
        self.interfaces = interfaces
        self.fields = list.fields
        self.concreteType = concreteType
    }
}

/// The name of the object type of a value of an interface or a union; nil when the value is of none.
package typealias ConcreteType = @Sendable (any Sendable) -> String?

/// One of several object types.
package struct UnionType: Sendable {
    package let name: String
    package let description: String?
    package let members: [String]
    let concreteType: ConcreteType

    /// - Parameter concreteType: As for ``InterfaceType``.
    package init(
        _ name: String, _ description: String? = nil, members: [String],
        concreteType: @escaping ConcreteType = { _ in nil }
    ) {
        self.name = name
        self.description = description
        self.members = members
        self.concreteType = concreteType
    }
}

/// One of a few names; resolvers give and get them as strings.
package struct EnumType: Sendable {
    /// One of the names.
    package struct Value: Sendable, ExpressibleByStringLiteral {
        package let name: String
        package let description: String?
        package let deprecation: String?

        package init(_ name: String, _ description: String? = nil, deprecated: String? = nil) {
            self.name = name
            self.description = description
            deprecation = deprecated
        }

        package init(stringLiteral name: String) { self.init(name) }
    }

    package let name: String
    package let description: String?
    package let values: [Value]

    package init(_ name: String, _ description: String? = nil, values: [Value]) {
        self.name = name
        self.description = description
        self.values = values
    }
}

/// An object as an argument; resolvers get it as ``JSONValue/object(_:)`` with defaults filled in.
package struct InputType: Sendable {
    package let name: String
    package let description: String?
    package let fields: [InputField]

    package init(_ name: String, _ description: String? = nil, fields: [InputField]) {
        self.name = name
        self.description = description
        self.fields = fields
    }
}

/// A directive that clients may write, beyond `@skip` and `@include`; it means nothing to the executor.
package struct DirectiveDefinition: Sendable {
    package let name: String
    package let description: String?
    package let arguments: [InputField]
    package let locations: [String]
    package let isRepeatable: Bool

    /// - Parameter locations: The words of the specification, as `FIELD`, `QUERY`.
    package init(
        _ name: String, _ description: String? = nil, arguments: [InputField] = [], locations: [String],
        isRepeatable: Bool = false
    ) {
        self.name = name
        self.description = description
        self.arguments = arguments
        self.locations = locations
        self.isRepeatable = isRepeatable
    }
}
