import Streams

/// An operation made ready for execution, for certain values of the variables that `@skip` and `@include` ask.
///
/// What is selected in abstract types is planned when a value of a concrete type is first met: there may be very many
/// combinations of types, and few of them come true.
final class OperationPlan: Sendable {
    let schema: Schema
    let fragments: [String: FragmentNode]
    let source: SourceText
    /// Of the variables that decide what is selected.
    let conditions: JSONObject
    let rootType: NamedType
    private let selection: SelectionSet
    let isMutation: Bool
    private let root = Guarded<SelectionPlan?>(nil)
    private let kept = Guarded(0)
    /// How many selections may be remembered.
    private static let mostKept = 2_000

    init(
        schema: Schema, fragments: [String: FragmentNode], source: SourceText, conditions: JSONObject,
        rootType: NamedType, operation: OperationNode
    ) {
        self.schema = schema
        self.fragments = fragments
        self.source = source
        self.conditions = conditions
        self.rootType = rootType
        selection = operation.selection
        isMutation = operation.kind == .mutation
    }

    /// What is selected in the root.
    func rootFields() throws(Coercion.ArgumentFault) -> SelectionPlan {
        if let known = root.withLock({ $0 }) { return known }
        let new = try fields(of: rootType, in: [selection])
        root.withLock { $0 = new }
        return new
    }

    /// Whether there is room to remember one more selection.
    func mayKeepAnother() -> Bool {
        kept.withLock { kept in
            kept += 1
            return kept <= OperationPlan.mostKept
        }
    }

    /// What is selected in an object of a type: each field once, §6.3.2.
    func fields(of type: NamedType, in sets: [SelectionSet]) throws(Coercion.ArgumentFault) -> SelectionPlan {
        var order: [String] = []
        var nodes: [String: [FieldNode]] = [:]
        var visited: Set<String> = []
        for set in sets { try collect(set, type, &order, &nodes, &visited) }
        let fields = order.compactMap { name -> FieldPlan? in
            guard let nodes = nodes[name], let info = schema.field(nodes[0].name.text, of: type) else { return nil }
            return FieldPlan(name, info, nodes, of: type, schema: schema)
        }
        return SelectionPlan(type: type, fields: fields)
    }

    private func collect(
        _ set: SelectionSet, _ type: NamedType, _ order: inout [String], _ nodes: inout [String: [FieldNode]],
        _ visited: inout Set<String>
    ) throws(Coercion.ArgumentFault) {
        for selection in set.selections {
            guard try isIncluded(selection) else { continue }
            switch selection {
            case .field(let node):
                let name = node.responseName
                if nodes[name] == nil { order.append(name) }
                nodes[name, default: []].append(node)
            case .spread(let node):
                guard visited.insert(node.name.text).inserted, let fragment = fragments[node.name.text],
                    applies(fragment.typeCondition, to: type)
                else { continue }
                try collect(fragment.selection, type, &order, &nodes, &visited)
            case .inline(let node):
                if let condition = node.typeCondition, !applies(condition, to: type) { continue }
                try collect(node.selection, type, &order, &nodes, &visited)
            }
        }
    }

    private func applies(_ condition: Name, to type: NamedType) -> Bool {
        guard let wanted = schema.type(named: condition.text) else { return false }
        return wanted.possibleTypes.contains(type.index)
    }

    /// Whether `@skip` and `@include` leave the selection in.
    func isIncluded(_ selection: Selection) throws(Coercion.ArgumentFault) -> Bool {
        let directives = selection.directives
        if directives.isEmpty { return true }
        if try condition("skip", directives) == true { return false }
        return try condition("include", directives) != false
    }

    private func condition(_ name: String, _ directives: [DirectiveNode]) throws(Coercion.ArgumentFault) -> Bool? {
        guard let node = directives.first(where: { $0.name.text == name }), let info = schema.directives[name] else {
            return nil
        }
        return try Coercion(schema: schema).arguments(
            node.arguments, of: info.arguments, at: node.at, variables: conditions
        ).bool("if")
    }
}

/// What is selected in objects of one type.
final class SelectionPlan: Sendable {
    let type: NamedType
    let fields: [FieldPlan]

    init(type: NamedType, fields: [FieldPlan]) {
        self.type = type
        self.fields = fields
    }
}
