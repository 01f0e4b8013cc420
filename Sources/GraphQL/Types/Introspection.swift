/// The types by which a schema tells of itself, §4. They are types like any other; their parents hold the schema.
enum Introspection {
    /// A type in a schema.
    private struct TypeHandle: Sendable {
        let schema: Schema
        let use: TypeUse

        /// Of a type that is neither a list nor non-null.
        var named: NamedType? { if case .named(let index) = use { schema.types[index] } else { nil } }
    }

    private struct FieldHandle: Sendable {
        let schema: Schema
        let field: FieldInfo
    }

    private struct InputHandle: Sendable {
        let schema: Schema
        let input: InputInfo
    }

    private struct DirectiveHandle: Sendable {
        let schema: Schema
        let info: DirectiveInfo
    }

    static let typenameField = Field(
        name: "__typename", type: "String!", arguments: [], description: "The name of the object type.",
        deprecation: nil, cost: 0, multiplier: .factor(1), resolver: .none)

    static let schemaField: Field = {
        var list = FieldList<any Sendable>()
        list.batch("__schema", "__Schema!", "The schema itself.", multiplier: .factor(1)) { call in
            call.parents.map { _ in .object(call.schema) }
        }
        return list.fields[0]
    }()

    static let typeField: Field = {
        var list = FieldList<any Sendable>()
        list.batch(
            "__type", "__Type", "A type of the schema.", arguments: [InputField("name", "String!", "Its name.")],
            multiplier: .factor(1)
        ) { call in
            let index = call.arguments.string("name").flatMap { call.schema.indexByName[$0] }
            let type = index.map { TypeHandle(schema: call.schema, use: .named($0)) }
            return call.parents.map { _ in .object(optional: type) }
        }
        return list.fields[0]
    }()

    static let types: [TypeDefinition] = [
        .object(schemaType), .object(type), .object(field), .object(inputValue), .object(enumValue),
        .object(directive), .enum(typeKind), .enum(directiveLocation),
    ]

    private static let includeDeprecated = [
        InputField("includeDeprecated", "Boolean", "Whether to tell of what is deprecated.", default: false)
    ]

    private static let schemaType = ObjectType("__Schema", of: Schema.self, "What can be asked for.") { type in
        type.field("description", "String", cost: 1) { _ in Resolved.null }
        type.field("types", "[__Type!]!", "All types.", cost: 1) { schema in
            Resolved.objects(schema.types.indices.map { TypeHandle(schema: schema, use: .named($0)) })
        }
        type.field("queryType", "__Type!", "The root of queries.", cost: 1) { schema in
            Resolved.object(TypeHandle(schema: schema, use: .named(schema.queryType)))
        }
        type.field("mutationType", "__Type", "The root of mutations.", cost: 1) { schema in
            Resolved.object(optional: schema.mutationType.map { TypeHandle(schema: schema, use: .named($0)) })
        }
        type.field("subscriptionType", "__Type", "The root of subscriptions: there are none.", cost: 1) { _ in
            Resolved.null
        }
        type.field("directives", "[__Directive!]!", "All directives.", cost: 1) { schema in
            Resolved.objects(
                schema.directiveNames.compactMap { schema.directives[$0] }.map {
                    DirectiveHandle(schema: schema, info: $0)
                })
        }
    }

    private static let type = ObjectType("__Type", of: TypeHandle.self, "A type, or a type in a list or non-null.") {
        type in
        type.field("kind", "__TypeKind!") { kind(of: $0) }
        type.field("name", "String") { $0.named?.name }
        type.field("description", "String") { $0.named?.description }
        type.field("specifiedByURL", "String") { handle -> String? in
            if case .scalar(let scalar) = handle.named?.kind { scalar.specifiedBy } else { nil }
        }
        type.batch("fields", "[__Field!]", arguments: includeDeprecated) { call in
            let all = call.arguments.bool("includeDeprecated") ?? false
            return call.parents.map { handle in
                switch handle.named?.kind {
                case .object, .interface:
                    let fields = handle.named?.fields.filter { all || $0.definition.deprecation == nil } ?? []
                    return .objects(fields.map { FieldHandle(schema: handle.schema, field: $0) })
                default: return .null
                }
            }
        }
        type.field("interfaces", "[__Type!]") { handle -> Resolved in
            switch handle.named?.kind {
            case .object, .interface:
                .objects((handle.named?.interfaces ?? []).map { TypeHandle(schema: handle.schema, use: .named($0)) })
            default: .null
            }
        }
        type.field("possibleTypes", "[__Type!]") { handle -> Resolved in
            switch handle.named?.kind {
            case .interface, .union:
                .objects(
                    (handle.named?.orderedPossibleTypes ?? []).map {
                        TypeHandle(schema: handle.schema, use: .named($0))
                    })
            default: .null
            }
        }
        type.batch("enumValues", "[__EnumValue!]", arguments: includeDeprecated) { call in
            let all = call.arguments.bool("includeDeprecated") ?? false
            return call.parents.map { handle in
                guard case .enum(let definition) = handle.named?.kind else { return .null }
                return .objects(definition.values.filter { all || $0.deprecation == nil })
            }
        }
        type.batch("inputFields", "[__InputValue!]", arguments: includeDeprecated) { call in
            call.parents.map { handle in
                guard case .input = handle.named?.kind else { return .null }
                return inputs(handle.named?.inputs ?? [], handle.schema, call.arguments)
            }
        }
        type.field("ofType", "__Type") { handle -> Resolved in
            switch handle.use {
            case .named: .null
            case .list(let inner), .nonNull(let inner): .object(TypeHandle(schema: handle.schema, use: inner))
            }
        }
    }

    private static func kind(of handle: TypeHandle) -> String {
        switch handle.use {
        case .list: return "LIST"
        case .nonNull: return "NON_NULL"
        case .named(let index):
            switch handle.schema.types[index].kind {
            case .scalar: return "SCALAR"
            case .object: return "OBJECT"
            case .interface: return "INTERFACE"
            case .union: return "UNION"
            case .enum: return "ENUM"
            case .input: return "INPUT_OBJECT"
            }
        }
    }

    private static func inputs(_ inputs: [InputInfo], _ schema: Schema, _ arguments: Arguments) -> Resolved {
        let all = arguments.bool("includeDeprecated") ?? false
        return .objects(
            inputs.filter { all || $0.definition.deprecation == nil }.map { InputHandle(schema: schema, input: $0) })
    }

    private static let field = ObjectType("__Field", of: FieldHandle.self, "A field of an object or interface.") {
        type in
        type.field("name", "String!") { $0.field.name }
        type.field("description", "String") { $0.field.definition.description }
        type.batch("args", "[__InputValue!]!", arguments: includeDeprecated) { call in
            call.parents.map { inputs($0.field.arguments, $0.schema, call.arguments) }
        }
        type.field("type", "__Type!") { Resolved.object(TypeHandle(schema: $0.schema, use: $0.field.type)) }
        type.field("isDeprecated", "Boolean!") { $0.field.definition.deprecation != nil }
        type.field("deprecationReason", "String") { $0.field.definition.deprecation }
    }

    private static let inputValue = ObjectType(
        "__InputValue", of: InputHandle.self, "An argument, or a field of an input object."
    ) { type in
        type.field("name", "String!") { $0.input.name }
        type.field("description", "String") { $0.input.definition.description }
        type.field("type", "__Type!") { Resolved.object(TypeHandle(schema: $0.schema, use: $0.input.type)) }
        type.field("defaultValue", "String", "The default as GraphQL writes it.") { handle in
            handle.input.definition.defaultValue.map { handle.schema.literal($0, of: handle.input.type) }
        }
        type.field("isDeprecated", "Boolean!") { $0.input.definition.deprecation != nil }
        type.field("deprecationReason", "String") { $0.input.definition.deprecation }
    }

    private static let enumValue = ObjectType("__EnumValue", of: EnumType.Value.self, "A value of an enum.") { type in
        type.field("name", "String!") { $0.name }
        type.field("description", "String") { $0.description }
        type.field("isDeprecated", "Boolean!") { $0.deprecation != nil }
        type.field("deprecationReason", "String") { $0.deprecation }
    }

    private static let directive = ObjectType("__Directive", of: DirectiveHandle.self, "A directive.") { type in
        type.field("name", "String!") { $0.info.definition.name }
        type.field("description", "String") { $0.info.definition.description }
        type.field("isRepeatable", "Boolean!") { $0.info.definition.isRepeatable }
        type.field("locations", "[__DirectiveLocation!]!") { $0.info.definition.locations }
        type.batch("args", "[__InputValue!]!", arguments: includeDeprecated) { call in
            call.parents.map { inputs($0.info.arguments, $0.schema, call.arguments) }
        }
    }

    private static let typeKind = EnumType(
        "__TypeKind", "What sort of type it is.",
        values: ["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"])

    private static let directiveLocation = EnumType(
        "__DirectiveLocation", "Where a directive may stand.",
        values: DirectiveDefinition.allLocations.map { EnumType.Value($0) })
}
