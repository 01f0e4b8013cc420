import Streams

/// A field made ready for execution.
final class FieldPlan: Sendable {
    /// A leaf that is neither in a list nor needs more than a look.
    enum Leaf: Sendable {
        case string, int, float, bool, id
        case custom(ScalarType)
        case `enum`(NamedType)
    }

    let responseName: String
    /// `"name":` as the response has it.
    let key: [UInt8]
    let info: FieldInfo
    let parent: NamedType
    /// All that were written under the response name.
    let nodes: [FieldNode]
    /// The type of the values, lists and non-nulls taken away.
    let named: NamedType
    let leaf: Leaf?
    let isTypename: Bool
    /// Where they need no variables; the fault is found again when they are asked for.
    let constantArguments: Arguments?
    private let selections = Guarded<[Int: SelectionPlan]>([:])

    init(_ responseName: String, _ info: FieldInfo, _ nodes: [FieldNode], of parent: NamedType, schema: Schema) {
        self.responseName = responseName
        self.info = info
        self.nodes = nodes
        self.parent = parent
        var key: [UInt8] = []
        JSONText.write(responseName, into: &key)
        key.append(UInt8(ascii: ":"))
        self.key = key
        named = schema.named(info.type)
        isTypename = info === schema.metaFields.typename
        switch named.kind {
        case .enum: leaf = .enum(named)
        case .scalar(let scalar):
            leaf =
                switch scalar.name {
                case "String": .string
                case "Int": .int
                case "Float": .float
                case "Boolean": .bool
                case "ID": .id
                default: .custom(scalar)
                }
        default: leaf = nil
        }
        let usesVariables = nodes[0].arguments.contains { FieldPlan.usesVariables($0.value) }
        constantArguments =
            usesVariables
            ? nil
            : try? Coercion(schema: schema).arguments(
                nodes[0].arguments, of: info.arguments, at: nodes[0].at, variables: JSONObject())
    }

    private static func usesVariables(_ value: ValueNode) -> Bool {
        switch value.kind {
        case .variable: true
        case .list(let values): values.contains { usesVariables($0) }
        case .object(let members): members.contains { usesVariables($0.value) }
        default: false
        }
    }

    /// What is selected in the field's objects of a type.
    func selection(of type: NamedType, in plan: OperationPlan) throws(Coercion.ArgumentFault) -> SelectionPlan {
        if let known = selections.withLock({ $0[type.index] }) { return known }
        let new = try plan.fields(of: type, in: nodes.compactMap(\.selection))
        if plan.mayKeepAnother() { selections.withLock { $0[type.index] = new } }
        return new
    }
}
