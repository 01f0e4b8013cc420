/// How deep operations go when their fragments are put in, without putting them in: each is measured once.
///
/// Only for documents whose fragments don't contain themselves.
struct DepthCheck {
    /// How far down it goes from somewhere.
    private struct Measure {
        var depth = 0
        /// With introspection, and counting fragments as well as fields: how deep a walk over it goes.
        var total = 0
        /// Lists of introspection in each other, which grow like powers.
        var lists = 0

        mutating func take(_ other: Measure) {
            depth = max(depth, other.depth)
            total = max(total, other.total)
            lists = max(lists, other.lists)
        }
    }

    private static let growing: Set<String> = ["fields", "interfaces", "possibleTypes", "inputFields"]
    /// Whatever the limits say, so that no stack can be too small.
    private static let deepest = 250

    private let document: DocumentNode
    private let schema: Schema
    private let fragments: [String: FragmentNode]
    private let limits: Limits
    private var measures: [String: Measure] = [:]

    init(_ document: DocumentNode, schema: Schema, fragments: [String: FragmentNode], limits: Limits) {
        self.document = document
        self.schema = schema
        self.fragments = fragments
        self.limits = limits
    }

    /// What is wrong with the first operation that goes too deep.
    mutating func error() -> (error: GraphQLError, at: Int)? {
        for fragment in FragmentOrder.innerFirst(fragments) {
            measures[fragment.name.text] = measure(
                fragment.selection, parent: schema.type(named: fragment.typeCondition.text))
        }
        for operation in document.operations {
            let root = operation.kind == .mutation ? schema.mutationType : schema.queryType
            let measure = measure(operation.selection, parent: root.map { schema.types[$0] })
            if measure.depth > limits.depth {
                return fault(
                    "The operation is \(measure.depth) fields deep, and \(limits.depth) are allowed.", operation)
            }
            if measure.total > DepthCheck.deepest { return fault("The operation goes too deep.", operation) }
            if measure.lists > limits.introspectionDepth {
                return fault("The operation nests lists of introspection too deep.", operation)
            }
        }
        // Fragments that nobody uses are looked at by other rules, too.
        if measures.values.contains(where: { $0.total > DepthCheck.deepest }), let first = document.operations.first {
            return fault("A fragment goes too deep.", first)
        }
        return nil
    }

    private func fault(_ message: String, _ operation: OperationNode) -> (error: GraphQLError, at: Int) {
        (GraphQLError(.limit, message, extensions: ["code": "QUERY_TOO_DEEP"]), operation.at)
    }

    private func measure(_ set: SelectionSet, parent: NamedType?) -> Measure {
        var result = Measure()
        for selection in set.selections {
            switch selection {
            case .spread(let node):
                guard var known = measures[node.name.text] else { continue }
                known.total += 1
                result.take(known)
            case .inline(let node):
                let type = node.typeCondition.map { schema.type(named: $0.text) } ?? parent
                var inner = measure(node.selection, parent: type)
                inner.total += 1
                result.take(inner)
            case .field(let node):
                let info = parent.flatMap { schema.field(node.name.text, of: $0) }
                let isMeta = node.name.text.hasPrefix("__") || parent?.name.hasPrefix("__") ?? false
                var inner = Measure()
                if let selection = node.selection {
                    inner = measure(selection, parent: info.map { schema.named($0.type) })
                }
                inner.total += 1
                if !isMeta { inner.depth += 1 }
                if isMeta, DepthCheck.growing.contains(node.name.text) { inner.lists += 1 }
                result.take(inner)
            }
        }
        return result
    }
}

/// Fragments in an order in which each comes after those that it contains.
enum FragmentOrder {
    static func innerFirst(_ fragments: [String: FragmentNode]) -> [FragmentNode] {
        var order: [FragmentNode] = []
        var seen: Set<String> = []
        // Never deeper than there are fragments.
        func visit(_ fragment: FragmentNode) {
            guard seen.insert(fragment.name.text).inserted else { return }
            var open = [fragment.selection]
            while let set = open.popLast() {
                for selection in set.selections {
                    switch selection {
                    case .spread(let node): if let next = fragments[node.name.text] { visit(next) }
                    case .inline(let node): open.append(node.selection)
                    case .field(let node): if let inner = node.selection { open.append(inner) }
                    }
                }
            }
            order.append(fragment)
        }
        for fragment in fragments.values { visit(fragment) }
        return order
    }
}
