import Streams
import Synchronization

/// A document that was parsed and validated, with the plans of its operations.
final class PreparedDocument: Sendable {
    private let schema: Schema
    private let source: SourceText
    private let operations: [PreparedOperation]
    /// How many requests are not to be tried by who cannot wait: after one that was given up.
    private let untried = Atomic(0)

    /// Requests that are not tried after one that was given up.
    private static let rest = 64

    /// - Throws: What is wrong with the document.
    init(_ query: String, schema: Schema, limits: Limits) throws(RequestFault) {
        let document: DocumentNode
        do { document = try Parser.parse(query, limits: limits) } catch { throw RequestFault(error) }
        let errors = Validator.errors(of: document, schema: schema, limits: limits)
        if !errors.isEmpty { throw RequestFault(errors) }
        self.schema = schema
        source = document.source
        let fragments = Dictionary(document.fragments.map { ($0.name.text, $0) }) { $1 }
        let order = FragmentOrder.innerFirst(fragments)
        let conditions = ConditionVariables.names(in: document)
        operations = document.operations.map { node in
            PreparedOperation(
                node, schema: schema, source: document.source, fragments: fragments, order: order,
                conditionVariables: conditions.intersection(node.variables.map(\.name.text)))
        }
    }

    /// The operation of that name, or the only one.
    private func operation(_ name: String?) throws(RequestFault) -> PreparedOperation {
        func fault(_ message: String) -> RequestFault {
            RequestFault(GraphQLError(.operation, message, extensions: ["code": "OPERATION_RESOLUTION_FAILURE"]))
        }
        guard let name else {
            guard let first = operations.first else { throw fault("Must provide an operation.") }
            if operations.count > 1 {
                throw fault("Must provide operation name if query contains multiple operations.")
            }
            return first
        }
        guard let operation = operations.first(where: { $0.node.name?.text == name }) else {
            throw fault("Unknown operation named \"\(name)\".")
        }
        return operation
    }

    /// Whether it is a query that may well be over soon.
    func isPromising(_ request: GraphQLRequest) -> Bool {
        guard let operation = try? operation(request.operationName), operation.node.kind == .query else { return false }
        if untried.load(ordering: .relaxed) <= 0 { return true }
        untried.subtract(1, ordering: .relaxed)
        return false
    }

    /// Remembers that one took too long.
    func wasGivenUp() { untried.store(PreparedDocument.rest, ordering: .relaxed) }

    func execute(
        _ request: GraphQLRequest, limits: Limits, describe: @escaping GraphQLEngine.Describe,
        context: any Sendable, root: any Sendable, isReadOnly: Bool, mostCells: Int = Int.max
    ) async throws -> GraphQLResponse {
        let plan: OperationPlan
        let variables: JSONObject
        do throws(RequestFault) {
            let operation = try operation(request.operationName)
            if isReadOnly, operation.node.kind != .query {
                throw RequestFault(
                    GraphQLError(
                        .operation, "Can only perform a \(operation.node.kind.rawValue) operation from a POST request.",
                        extensions: ["code": "METHOD_NOT_ALLOWED"]))
            }
            guard let rootType = operation.rootType else {
                throw RequestFault(
                    GraphQLError(
                        .operation,
                        "Schema is not configured to execute \(operation.node.kind.rawValue) operation.",
                        locations: [source.location(operation.node.at)],
                        extensions: ["code": "OPERATION_RESOLUTION_FAILURE"]))
            }
            var coercion = VariableCoercion(schema: schema, source: source, nesting: limits.variableNesting)
            variables = try coercion.values(of: operation.node, given: request.variables)
            let cost = operation.cost(variables)
            if cost > limits.cost {
                throw RequestFault(
                    GraphQLError(
                        .limit, "The operation costs \(cost), and \(limits.cost) are allowed: ask for shorter lists.",
                        locations: [source.location(operation.node.at)], extensions: ["code": "QUERY_TOO_COMPLEX"]))
            }
            plan = operation.plan(variables, rootType)
        } catch {
            return GraphQLResponse(errors: error.errors)
        }
        var execution = Execution(
            plan: plan, variables: variables, context: context, mostCells: mostCells, describe: describe)
        return try await execution.response(root: root, fieldErrors: limits.fieldErrors)
    }
}

/// An operation with the plans that were made for it.
final class PreparedOperation: Sendable {
    let node: OperationNode
    /// nil when the schema has no such operations.
    let rootType: NamedType?
    private let schema: Schema
    private let source: SourceText
    private let fragments: [String: FragmentNode]
    private let order: [FragmentNode]
    private let conditionVariables: [String]
    /// nil when it depends on variables.
    private let constantCost: Int?
    /// By the values of the variables that decide what is selected.
    private let plans = Guarded<[String: OperationPlan]>([:])

    /// How many plans are kept: enough for three flags.
    private static let plansKept = 8

    init(
        _ node: OperationNode, schema: Schema, source: SourceText, fragments: [String: FragmentNode],
        order: [FragmentNode], conditionVariables: Set<String>
    ) {
        self.node = node
        self.schema = schema
        self.source = source
        self.fragments = fragments
        self.order = order
        self.conditionVariables = conditionVariables.sorted()
        rootType =
            switch node.kind {
            case .query: schema.types[schema.queryType]
            case .mutation: schema.mutationType.map { schema.types[$0] }
            case .subscription: nil
            }
        var analysis = CostAnalysis(schema: schema, fragments: order, variables: JSONObject())
        let cost = analysis.cost(of: node)
        constantCost = analysis.usesVariables ? nil : cost
    }

    func cost(_ variables: JSONObject) -> Int {
        if let constantCost { return constantCost }
        var analysis = CostAnalysis(schema: schema, fragments: order, variables: variables)
        return analysis.cost(of: node)
    }

    func plan(_ variables: JSONObject, _ rootType: NamedType) -> OperationPlan {
        var conditions = JSONObject()
        var key = ""
        for name in conditionVariables {
            let value = variables[name]
            if let value { conditions.append(name, value) }
            key += value?.bool.map { $0 ? "1" : "0" } ?? "-"
        }
        if let known = plans.withLock({ $0[key] }) { return known }
        let plan = OperationPlan(
            schema: schema, fragments: fragments, source: source, conditions: conditions, rootType: rootType,
            operation: node)
        plans.withLock { if $0.count < PreparedOperation.plansKept { $0[key] = plan } }
        return plan
    }
}

/// The variables that `@skip` and `@include` ask.
private enum ConditionVariables {
    static func names(in document: DocumentNode) -> Set<String> {
        var names: Set<String> = []
        var open = document.operations.map(\.selection) + document.fragments.map(\.selection)
        while let set = open.popLast() {
            for selection in set.selections {
                for directive in selection.directives where ["skip", "include"].contains(directive.name.text) {
                    if case .variable(let name) = directive.argument("if")?.value.kind { names.insert(name) }
                }
                switch selection {
                case .field(let node): if let inner = node.selection { open.append(inner) }
                case .inline(let node): open.append(node.selection)
                case .spread: break
                }
            }
        }
        return names
    }
}
