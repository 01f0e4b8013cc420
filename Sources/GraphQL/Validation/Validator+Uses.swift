extension Validator {
    /// The rules that look at an operation and all fragments that it reaches.
    mutating func checkUses(ofOperations: [DefinitionUses], ofFragments: [String: DefinitionUses]) {
        var reached: Set<String> = []
        for (operation, uses) in zip(document.operations, ofOperations) {
            let (names, inOperation) = variables(of: uses, ofFragments)
            reached.formUnion(names)
            check(inOperation, of: operation)
            if isFull { return }
        }
        for fragment in document.fragments where !reached.contains(fragment.name.text) {
            report("NoUnusedFragmentsRule", "Fragment \"\(fragment.name.text)\" is never used.", at: fragment.at)
        }
    }

    /// The fragments that are reached, and all variables that are used there or in the operation itself.
    private func variables(
        of uses: DefinitionUses, _ ofFragments: [String: DefinitionUses]
    ) -> (Set<String>, [(name: String, at: Int, type: TypeUse?, hasDefault: Bool)]) {
        var names: Set<String> = []
        var variables = uses.variables
        var open = uses.fragments
        while let name = open.popLast() {
            guard names.insert(name).inserted, let uses = ofFragments[name] else { continue }
            variables += uses.variables
            open += uses.fragments
        }
        return (names, variables)
    }

    private mutating func check(
        _ used: [(name: String, at: Int, type: TypeUse?, hasDefault: Bool)], of operation: OperationNode
    ) {
        let declared = Dictionary(operation.variables.map { ($0.name.text, $0) }) { $1 }
        let name = operation.name.map { " operation \"\($0.text)\"" }
        for use in used {
            guard let variable = declared[use.name] else {
                report(
                    "NoUndefinedVariablesRule",
                    "Variable \"$\(use.name)\" is not defined\(name.map { " by\($0)" } ?? "").",
                    at: [use.at, operation.at])
                continue
            }
            guard let wanted = use.type, let given = self.use(of: variable.type),
                !isAllowed(given, variable.defaultValue, as: wanted, hasDefault: use.hasDefault)
            else { continue }
            report(
                "VariablesInAllowedPositionRule",
                "Variable \"$\(use.name)\" of type \"\(schema.text(given))\" used in position expecting type"
                    + " \"\(schema.text(wanted))\".", at: [variable.at, use.at])
        }
        let names = Set(used.map(\.name))
        for variable in operation.variables where !names.contains(variable.name.text) {
            report(
                "NoUnusedVariablesRule",
                "Variable \"$\(variable.name.text)\" is never used\(name.map { " in\($0)" } ?? "").", at: variable.at)
        }
    }

    /// §5.8.5: a default makes a variable that may be null fit where null may not be.
    private func isAllowed(_ given: TypeUse, _ value: ValueNode?, as wanted: TypeUse, hasDefault: Bool) -> Bool {
        if case .nonNull(let inner) = wanted, !given.isNonNull {
            let hasValue = value.map { $0.kind != .null } ?? false
            return (hasValue || hasDefault) && schema.isSubtype(given, of: inner)
        }
        return schema.isSubtype(given, of: wanted)
    }

    /// Reports fragments that contain themselves.
    ///
    /// - Returns: Whether there are any.
    mutating func checkCycles() -> Bool {
        var search = CycleSearch(fragments: fragments)
        for fragment in document.fragments { search.visit(fragment) }
        for cycle in search.cycles {
            let via = cycle.dropLast().map { "\"\($0.name.text)\"" }.joined(separator: ", ")
            let name = cycle[cycle.count - 1].name.text
            report(
                "NoFragmentCyclesRule",
                "Cannot spread fragment \"\(name)\" within itself" + (via.isEmpty ? "." : " via \(via)."),
                at: cycle.map(\.at))
        }
        return !search.cycles.isEmpty
    }
}

/// Looks for fragments that contain themselves; never deeper than there are fragments.
private struct CycleSearch {
    let fragments: [String: FragmentNode]
    /// The spreads from each fragment to itself.
    private(set) var cycles: [[SpreadNode]] = []
    private var visited: Set<String> = []
    private var path: [SpreadNode] = []
    private var indexInPath: [String: Int] = [:]

    init(fragments: [String: FragmentNode]) { self.fragments = fragments }

    mutating func visit(_ fragment: FragmentNode) {
        let name = fragment.name.text
        guard visited.insert(name).inserted else { return }
        indexInPath[name] = path.count
        for spread in CycleSearch.spreads(in: fragment.selection) {
            path.append(spread)
            if let start = indexInPath[spread.name.text] {
                cycles.append(Array(path[start...]))
            } else if let next = fragments[spread.name.text] {
                visit(next)
            }
            path.removeLast()
        }
        indexInPath[name] = nil
    }

    private static func spreads(in set: SelectionSet) -> [SpreadNode] {
        var spreads: [SpreadNode] = []
        var open = [set]
        while let set = open.popLast() {
            for selection in set.selections {
                switch selection {
                case .spread(let node): spreads.append(node)
                case .inline(let node): open.append(node.selection)
                case .field(let node): if let inner = node.selection { open.append(inner) }
                }
            }
        }
        return spreads
    }
}
