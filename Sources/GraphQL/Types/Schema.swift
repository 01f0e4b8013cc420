/// Types that fit together, checked and with all names looked up.
///
/// A class because it is big, shared and never changes; types refer to each other by their index in it.
package final class Schema: Sendable {
    let types: [NamedType]
    let indexByName: [String: Int]
    let queryType: Int
    let mutationType: Int?
    let directives: [String: DirectiveInfo]
    /// The order in which directives were given, those of the specification first.
    let directiveNames: [String]
    /// `__schema`, `__type`, `__typename`.
    let metaFields: MetaFields
    /// How many of ``types`` the caller gave: the first ones, in their order.
    let ownTypes: Range<Int>

    /// - Parameters:
    ///   - query: The root of queries.
    ///   - mutation: The root of mutations, if there are any.
    ///   - types: All other types, in any order.
    ///   - directives: What clients may write beyond the directives of the specification.
    /// - Throws: ``SchemaFault`` with everything that is wrong.
    package init(
        query: ObjectType, mutation: ObjectType? = nil, types: [TypeDefinition],
        directives: [DirectiveDefinition] = []
    ) throws {
        var own: [TypeDefinition] = [.object(query)]
        if let mutation { own.append(.object(mutation)) }
        own += types
        let builder = SchemaBuilder(own: own, directives: directives)
        let built = builder.build()
        guard built.faults.isEmpty else { throw SchemaFault(faults: built.faults) }
        self.types = built.types
        indexByName = built.indexByName
        queryType = 0
        mutationType = mutation == nil ? nil : 1
        self.directives = built.directives
        directiveNames = built.directiveNames
        metaFields = built.metaFields
        ownTypes = 0..<own.count
    }

    func type(named name: String) -> NamedType? { indexByName[name].map { types[$0] } }

    /// The type without its lists and non-nulls.
    func named(_ use: TypeUse) -> NamedType { types[use.named] }

    /// The type as SDL writes it.
    func text(_ use: TypeUse) -> String {
        switch use {
        case .named(let index): types[index].name
        case .list(let inner): "[\(text(inner))]"
        case .nonNull(let inner): "\(text(inner))!"
        }
    }

    /// Whether a value of the one type is always one of the other.
    func isSubtype(_ one: TypeUse, of other: TypeUse) -> Bool {
        switch (one, other) {
        case (.nonNull(let one), .nonNull(let other)): isSubtype(one, of: other)
        case (.nonNull(let one), _): isSubtype(one, of: other)
        case (_, .nonNull): false
        case (.list(let one), .list(let other)): isSubtype(one, of: other)
        case (.list, _), (_, .list): false
        case (.named(let one), .named(let other)): one == other || types[other].subtypes.contains(one)
        }
    }

    /// Whether a value can be of both types.
    func overlap(_ one: NamedType, _ other: NamedType) -> Bool {
        if one.index == other.index { return true }
        return !one.possibleTypes.isDisjoint(with: other.possibleTypes)
    }

    /// The field of a composite type, with those that every type or the root has.
    func field(_ name: String, of type: NamedType) -> FieldInfo? {
        if name.utf8.first == UInt8(ascii: "_") {
            if name == "__typename", type.isComposite { return metaFields.typename }
            if type.index == queryType {
                if name == "__schema" { return metaFields.schema }
                if name == "__type" { return metaFields.type }
            }
        }
        return type.field(name)
    }
}

/// Everything that is wrong with a schema.
package struct SchemaFault: Error, Sendable, CustomStringConvertible {
    /// One sentence each.
    package let faults: [String]

    package var description: String { faults.joined(separator: "\n") }
}

/// Where a type is used: which one, and how it is wrapped.
indirect enum TypeUse: Sendable, Hashable {
    case named(Int)
    case list(TypeUse)
    case nonNull(TypeUse)

    var named: Int {
        switch self {
        case .named(let index): index
        case .list(let inner), .nonNull(let inner): inner.named
        }
    }

    var isNonNull: Bool { if case .nonNull = self { true } else { false } }
    /// Without its own non-null.
    var nullable: TypeUse { if case .nonNull(let inner) = self { inner } else { self } }
    /// The type of the elements, whether the list may be null or not; nil for anything else.
    var element: TypeUse? { if case .list(let inner) = nullable { inner } else { nil } }
}

/// A type with its names looked up.
final class NamedType: Sendable {
    enum Kind: Sendable {
        case scalar(ScalarType)
        case object
        case interface(ConcreteType)
        case union(ConcreteType)
        case `enum`(EnumType)
        case input
    }

    let index: Int
    let name: String
    let description: String?
    let kind: Kind
    /// Of objects and interfaces.
    let fields: [FieldInfo]
    private let fieldByName: [String: Int]
    /// Of input objects.
    let inputs: [InputInfo]
    private let inputByName: [String: Int]
    let enumValues: Set<String>
    /// Indices of the interfaces, in their order.
    let interfaces: [Int]
    /// The object types that a value can be of; the type itself when it is one.
    let possibleTypes: Set<Int>
    /// The same in the order in which they were given.
    let orderedPossibleTypes: [Int]
    /// The types whose values are all of this one, but for itself.
    let subtypes: Set<Int>

    init(
        index: Int, name: String, description: String?, kind: Kind, fields: [FieldInfo], inputs: [InputInfo],
        interfaces: [Int], orderedPossibleTypes: [Int], subtypes: Set<Int>
    ) {
        self.index = index
        self.name = name
        self.description = description
        self.kind = kind
        self.fields = fields
        self.inputs = inputs
        self.interfaces = interfaces
        self.orderedPossibleTypes = orderedPossibleTypes
        possibleTypes = Set(orderedPossibleTypes)
        self.subtypes = subtypes
        if case .enum(let type) = kind { enumValues = Set(type.values.map(\.name)) } else { enumValues = [] }
        fieldByName = Dictionary(fields.enumerated().map { ($1.name, $0) }) { first, _ in first }
        inputByName = Dictionary(inputs.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    func field(_ name: String) -> FieldInfo? { fieldByName[name].map { fields[$0] } }
    func input(_ name: String) -> InputInfo? { inputByName[name].map { inputs[$0] } }

    var isObject: Bool { if case .object = kind { true } else { false } }
    var isComposite: Bool {
        switch kind {
        case .object, .interface, .union: true
        case .scalar, .enum, .input: false
        }
    }
    var isAbstract: Bool { isComposite && !isObject }
    var isLeaf: Bool {
        switch kind {
        case .scalar, .enum: true
        case .object, .interface, .union, .input: false
        }
    }
    var isInput: Bool {
        switch kind {
        case .scalar, .enum, .input: true
        case .object, .interface, .union: false
        }
    }
}

/// A field with its names looked up.
final class FieldInfo: Sendable {
    let definition: Field
    let name: String
    let type: TypeUse
    let arguments: [InputInfo]

    init(definition: Field, type: TypeUse, arguments: [InputInfo]) {
        self.definition = definition
        name = definition.name
        self.type = type
        self.arguments = arguments
    }

    func argument(_ name: String) -> InputInfo? { arguments.first { $0.name == name } }
}

/// An argument or input field with its names looked up.
struct InputInfo: Sendable {
    let definition: InputField
    let name: String
    let type: TypeUse

    /// Must be given: not null, and no default.
    var isRequired: Bool { type.isNonNull && definition.defaultValue == nil }
}

/// A directive with its names looked up.
struct DirectiveInfo: Sendable {
    let definition: DirectiveDefinition
    let arguments: [InputInfo]
    let locations: Set<String>
}

/// The fields that no type declares.
struct MetaFields: Sendable {
    let schema: FieldInfo
    let type: FieldInfo
    let typename: FieldInfo
}
