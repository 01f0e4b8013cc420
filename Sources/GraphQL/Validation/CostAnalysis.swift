/// What an operation may cost at most: the sum over its fields, where lists multiply what is selected in them.
///
/// Each fragment is counted once, so the time is linear however often it is spread. Only for valid documents.
struct CostAnalysis {
    /// What a list of types, fields or values is taken to have.
    private static let introspectedList = 8

    private let schema: Schema
    private let variables: JSONObject
    private var fragments: [String: Int] = [:]
    /// Whether the outcome depends on variables.
    private(set) var usesVariables = false

    /// - Parameter fragments: Each after those that it contains.
    init(schema: Schema, fragments: [FragmentNode], variables: JSONObject) {
        self.schema = schema
        self.variables = variables
        for fragment in fragments {
            self.fragments[fragment.name.text] = cost(
                fragment.selection, schema.type(named: fragment.typeCondition.text))
        }
    }

    mutating func cost(of operation: OperationNode) -> Int {
        let root = operation.kind == .mutation ? schema.mutationType : schema.queryType
        return cost(operation.selection, root.map { schema.types[$0] })
    }

    private mutating func cost(_ set: SelectionSet, _ parent: NamedType?) -> Int {
        var sum = 0
        for selection in set.selections {
            switch selection {
            case .spread(let node): sum = CostAnalysis.add(sum, fragments[node.name.text] ?? 0)
            case .inline(let node):
                let type = node.typeCondition.map { schema.type(named: $0.text) } ?? parent
                sum = CostAnalysis.add(sum, cost(node.selection, type))
            case .field(let node): sum = CostAnalysis.add(sum, cost(node, parent))
            }
        }
        return sum
    }

    private mutating func cost(_ node: FieldNode, _ parent: NamedType?) -> Int {
        guard let parent, node.name.text != "__typename", let info = schema.field(node.name.text, of: parent) else {
            return 0
        }
        // Introspection reads nothing; but what is asked of all types under many names is very much.
        if parent.name.hasPrefix("__") || node.name.text.hasPrefix("__") {
            let inner = node.selection.map { cost($0, schema.named(info.type)) } ?? 0
            let (product, isTooMuch) = inner.multipliedReportingOverflow(
                by: info.type.element == nil ? 1 : CostAnalysis.introspectedList)
            return isTooMuch ? Int.max : CostAnalysis.add(1, product)
        }
        // What an interface says costs what the dearest of its types does.
        var infos = [info]
        if parent.isAbstract { infos += parent.orderedPossibleTypes.compactMap { schema.types[$0].field(info.name) } }
        let own = infos.reduce(0) { max($0, $1.definition.cost) }
        guard let selection = node.selection else { return own }
        let inner = cost(selection, schema.named(info.type))
        var most = 0
        for info in infos { most = max(most, factor(node, info)) }
        let (product, isTooMuch) = inner.multipliedReportingOverflow(by: most)
        return isTooMuch ? Int.max : CostAnalysis.add(own, product)
    }

    private mutating func factor(_ node: FieldNode, _ info: FieldInfo) -> Int {
        switch info.definition.multiplier {
        case .factor(let factor): return info.type.element == nil ? 1 : max(0, factor)
        case .argument(let name, let otherwise):
            var value = info.argument(name)?.definition.defaultValue
            switch node.arguments.first(where: { $0.name.text == name })?.value.kind {
            case .int(let text): value = Int(text).map { .int($0) } ?? .int(Int.max)
            case .variable(let variable):
                usesVariables = true
                value = variables[variable] ?? value
            default: break
            }
            return max(0, value?.int ?? otherwise)
        }
    }

    private static func add(_ one: Int, _ other: Int) -> Int {
        let (sum, isTooMuch) = one.addingReportingOverflow(other)
        return isTooMuch ? Int.max : sum
    }
}
