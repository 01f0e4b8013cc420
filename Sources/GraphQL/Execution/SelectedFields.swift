/// What was selected in a field, for resolvers that fetch no more than is asked for.
package struct SelectedFields: Sendable {
    private let field: FieldPlan
    private let plan: OperationPlan

    init(field: FieldPlan, plan: OperationPlan) {
        self.field = field
        self.plan = plan
    }

    /// The names of the fields that are selected directly, whatever their aliases and for whatever type.
    package var names: Set<String> {
        Set(below(field.nodes.compactMap(\.selection)).map(\.name.text))
    }

    /// Whether a field is selected.
    ///
    /// - Parameter path: Names of fields from here down, as `edges.node.metadata`.
    package func contains(_ path: String) -> Bool {
        var sets = field.nodes.compactMap(\.selection)
        for name in path.split(separator: ".") {
            let found = below(sets).filter { $0.name.text == name }
            if found.isEmpty { return false }
            sets = found.compactMap(\.selection)
        }
        return true
    }

    private func below(_ sets: [SelectionSet]) -> [FieldNode] {
        var fields: [FieldNode] = []
        var visited: Set<String> = []
        var open = sets
        while let set = open.popLast() {
            for selection in set.selections {
                // What can't be decided is selected: the error comes when it is executed.
                guard (try? plan.isIncluded(selection)) ?? true else { continue }
                switch selection {
                case .field(let node): fields.append(node)
                case .inline(let node): open.append(node.selection)
                case .spread(let node):
                    if visited.insert(node.name.text).inserted, let fragment = plan.fragments[node.name.text] {
                        open.append(fragment.selection)
                    }
                }
            }
        }
        return fields
    }
}
