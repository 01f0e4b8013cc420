/// Executes an operation, level by level, §6.2–6.4.
///
/// Errors are noted where they are found, and go up when all is there: so that what is null in the end, and which errors
/// are told, is what resolving field by field would have come to.
struct Execution {
    /// Why a value could not be had.
    private struct Failure {
        let error: FieldError
        /// Where in the document, when not at the field.
        var at: Int?
    }

    private let plan: OperationPlan
    private let schema: Schema
    private let variables: JSONObject
    private let context: any Sendable
    private let describe: GraphQLEngine.Describe
    private var tree = ResultTree(batches: [], root: .null)
    private var failures: [Failure] = []
    private var errors: [GraphQLError] = []
    private var untoldErrors = 0
    /// How many values may still be asked for before it is given up.
    private var cellsLeft = Int.max
    private var errorLimit = 0
    /// Where fields stand that errors were told of.
    private var places: [ObjectIdentifier: [SourceLocation]] = [:]
    /// Where the walk over the finished result is.
    private var path: [PathStep] = []

    init(
        plan: OperationPlan, variables: JSONObject, context: any Sendable, mostCells: Int = Int.max,
        describe: @escaping GraphQLEngine.Describe
    ) {
        cellsLeft = mostCells
        self.plan = plan
        schema = plan.schema
        self.variables = variables
        self.context = context
        self.describe = describe
    }

    /// - Throws: `CancellationError`.
    mutating func response(root: any Sendable, fieldErrors: Int) async throws -> GraphQLResponse {
        errorLimit = fieldErrors
        do throws(Coercion.ArgumentFault) {
            let selection = try plan.rootFields()
            tree.batches.append(batch(selection, [root]))
        } catch {
            errors.append(
                GraphQLError(
                    .execution, error.message, locations: [plan.source.location(error.at)],
                    extensions: ["code": "BAD_USER_INPUT"]))
            return GraphQLResponse(result: tree, errors: errors)
        }
        tree.root = .object(batch: 0, row: 0)
        if plan.isMutation { try await executeSerially() } else { try await executeAll() }
        var extensions = JSONObject()
        if untoldErrors > 0 { extensions.append("moreErrors", .int(untoldErrors)) }
        return GraphQLResponse(result: tree, errors: errors, extensions: extensions)
    }

    private func batch(_ selection: SelectionPlan, _ parents: [any Sendable]) -> Batch {
        var columns: [[Cell]] = []
        columns.reserveCapacity(selection.fields.count)
        return Batch(plan: selection, count: parents.count, parents: parents, columns: columns)
    }

    private mutating func executeAll() async throws {
        try await executeBatches(from: 0)
        if failures.isEmpty { return }
        var root = tree.root
        _ = settle(&root, plan.rootTypeUse, nil)
        tree.root = root
    }

    /// One field of the root after the other, each with all below it, §6.2.2; none after one that made the root null.
    private mutating func executeSerially() async throws {
        let parents = Parents(tree.batches[0].parents)
        for (index, field) in tree.batches[0].plan.fields.enumerated() {
            let first = tree.batches.count
            tree.batches[0].columns.append(try await column(field, parents))
            try await executeBatches(from: first)
            if failures.isEmpty { continue }
            var cell = tree.batches[0].columns[index][0]
            path = [.name(field.responseName)]
            let isAlive = settle(&cell, field.info.type, field)
            path = []
            tree.batches[0].columns[index][0] = cell
            failures.removeAll()
            if !isAlive {
                tree.root = .null
                return
            }
        }
    }

    private mutating func executeBatches(from first: Int) async throws {
        var index = first
        while index < tree.batches.count {
            let parents = Parents(tree.batches[index].parents)
            tree.batches[index].parents = []
            for field in tree.batches[index].plan.fields {
                let column = try await column(field, parents)
                tree.batches[index].columns.append(column)
            }
            index += 1
        }
    }

    // MARK: One field for all objects of a batch

    private mutating func column(_ field: FieldPlan, _ parents: Parents) async throws -> [Cell] {
        let count = parents.values.count
        cellsLeft -= count
        if cellsLeft < 0 { throw CancellationError() }
        if field.isTypename { return Array(repeating: .leaf(.string(field.parent.name)), count: count) }
        try Task.checkCancellation()
        let arguments: Arguments
        if let constant = field.constantArguments {
            arguments = constant
        } else {
            do throws(Coercion.ArgumentFault) {
                arguments = try Coercion(schema: schema).arguments(
                    field.nodes[0].arguments, of: field.info.arguments, at: field.nodes[0].at, variables: variables)
            } catch {
                return failed(count, Failure(error: FieldError(error.message, code: "BAD_USER_INPUT"), at: error.at))
            }
        }
        var results: [Resolved]
        switch field.info.definition.resolver.kind {
        case .property(let value): results = value(parents)
        case .batch(let resolve):
            do {
                results = try await resolve(
                    parents, arguments, SelectedFields(field: field, plan: plan), schema, context)
            } catch {
                // A cancelled request has nobody to tell of errors, and one field can give up all of it.
                if Task.isCancelled || error is CancellationError { throw CancellationError() }
                return failed(count, Failure(error: shown(error, field)))
            }
        case .none: results = []
        }
        if results.count != count {
            let fault = FieldError(
                "The resolver gave \(results.count) results for \(count) parents.", code: "INTERNAL_SERVER_ERROR")
            return failed(count, Failure(error: fault))
        }
        var children = Children(first: tree.batches.count)
        var cells: [Cell] = []
        cells.reserveCapacity(count)
        for result in results { cells.append(complete(result, field.info.type, field, &children)) }
        for (selection, values) in zip(children.selections, children.values) {
            tree.batches.append(batch(selection, values))
        }
        return cells
    }

    private func shown(_ error: any Error, _ field: FieldPlan) -> FieldError {
        (error as? FieldError) ?? describe(error, "\(field.parent.name).\(field.info.name)")
    }

    private mutating func failed(_ count: Int, _ failure: Failure) -> [Cell] {
        failures.append(failure)
        return Array(repeating: .failure(failures.count - 1), count: count)
    }

    private mutating func failed(_ message: String, code: String = "INTERNAL_SERVER_ERROR") -> Cell {
        failures.append(Failure(error: FieldError(message, code: code)))
        return .failure(failures.count - 1)
    }

    // MARK: Completing values

    /// The objects that a field gave, by their types: the batches to come.
    private struct Children {
        /// The index of the first of them.
        let first: Int
        var types: [Int] = []
        var selections: [SelectionPlan] = []
        var values: [[any Sendable]] = []
    }

    private mutating func complete(
        _ value: Resolved, _ use: TypeUse, _ field: FieldPlan, _ children: inout Children
    ) -> Cell {
        switch use {
        case .nonNull(let inner):
            let cell = complete(value, inner, field, &children)
            if case .null = cell {
                return failed("Cannot return null for non-nullable field \(field.parent.name).\(field.info.name).")
            }
            return cell
        case .list(let element):
            switch value {
            case .list(let values):
                var cells: [Cell] = []
                cells.reserveCapacity(values.count)
                for value in values { cells.append(complete(value, element, field, &children)) }
                return .list(cells)
            case .leaf(.list(let values)):
                return .list(values.map { complete($0.resolved, element, field, &children) })
            case .null, .leaf(.null): return .null
            case .failure(let error):
                failures.append(Failure(error: shown(error, field)))
                return .failure(failures.count - 1)
            case .leaf, .object:
                return failed(
                    "Expected Iterable, but did not find one for field \"\(field.parent.name).\(field.info.name)\".")
            }
        case .named:
            switch value {
            case .null, .leaf(.null): return .null
            case .failure(let error):
                failures.append(Failure(error: shown(error, field)))
                return .failure(failures.count - 1)
            case .leaf(let value):
                if let leaf = field.leaf { return complete(value, leaf) }
                return failed("\(field.parent.name).\(field.info.name) gave no object.")
            case .object(let value, let typeName): return complete(value, typeName, field, &children)
            case .list: return failed("\(field.parent.name).\(field.info.name) gave a list.")
            }
        }
    }

    private mutating func complete(_ value: JSONValue, _ leaf: FieldPlan.Leaf) -> Cell {
        let scalar: String
        switch (leaf, value) {
        case (.string, .string), (.id, .string), (.bool, .bool), (.float, .int): return .leaf(value)
        case (.int, .int(let number)) where number >= Int(Int32.min) && number <= Int(Int32.max): return .leaf(value)
        case (.custom(let scalar), _):
            do { return .leaf(try scalar.serialise(value)) } catch { return failed("\(error)") }
        case (.enum(let type), _):
            if case .string(let name) = value, type.enumValues.contains(name) { return .leaf(value) }
            return failed("Enum \"\(type.name)\" cannot represent value: \(GraphQLText.shown(value))")
        case (.string, _): scalar = "String"
        case (.int, _): scalar = "Int"
        case (.float, _): scalar = "Float"
        case (.bool, _): scalar = "Boolean"
        case (.id, _): scalar = "ID"
        }
        do {
            return .leaf(try ScalarType.serialise(value, as: scalar))
        } catch { return failed("\(error)") }
    }

    private mutating func complete(
        _ value: any Sendable, _ typeName: String?, _ field: FieldPlan, _ children: inout Children
    ) -> Cell {
        let type: NamedType
        switch field.named.kind {
        case .object: type = field.named
        case .interface(let concreteType), .union(let concreteType):
            guard let name = typeName ?? concreteType(value), let found = schema.type(named: name),
                field.named.possibleTypes.contains(found.index)
            else {
                return failed(
                    "Abstract type \"\(field.named.name)\" must resolve to an Object type at runtime for field"
                        + " \"\(field.parent.name).\(field.info.name)\".")
            }
            type = found
        default: return failed("\(field.parent.name).\(field.info.name) gave an object.")
        }
        if let index = children.types.firstIndex(of: type.index) {
            children.values[index].append(value)
            return .object(batch: children.first + index, row: children.values[index].count - 1)
        }
        do throws(Coercion.ArgumentFault) {
            children.selections.append(try field.selection(of: type, in: plan))
        } catch {
            failures.append(Failure(error: FieldError(error.message, code: "BAD_USER_INPUT"), at: error.at))
            return .failure(failures.count - 1)
        }
        children.types.append(type.index)
        children.values.append([value])
        return .object(batch: children.first + children.types.count - 1, row: 0)
    }

    // MARK: Letting errors go up

    /// Tells the errors in a value and puts nulls where they belong, §6.4.4.
    ///
    /// - Returns: False when the value is null and may not be.
    private mutating func settle(_ cell: inout Cell, _ use: TypeUse, _ field: FieldPlan?) -> Bool {
        switch cell {
        case .null, .leaf: return true
        case .failure(let index):
            tell(failures[index], field)
            cell = .null
            return !use.isNonNull
        case .list(var cells):
            cell = .null
            let element = use.element ?? use
            for index in cells.indices {
                path.append(.index(index))
                let isAlive = settle(&cells[index], element, field)
                path.removeLast()
                if !isAlive { return !use.isNonNull }
            }
            cell = .list(cells)
            return true
        case .object(let batch, let row):
            let fields = tree.batches[batch].plan.fields
            for index in fields.indices {
                var inner = tree.batches[batch].columns[index][row]
                switch inner {
                case .null, .leaf: continue
                case .failure, .list, .object: break
                }
                path.append(.name(fields[index].responseName))
                // What comes after the field that makes the object null would not have been resolved.
                let isAlive = settle(&inner, fields[index].info.type, fields[index])
                path.removeLast()
                if !isAlive {
                    cell = .null
                    return !use.isNonNull
                }
                tree.batches[batch].columns[index][row] = inner
            }
            return true
        }
    }

    private mutating func tell(_ failure: Failure, _ field: FieldPlan?) {
        if errors.count >= errorLimit {
            untoldErrors += 1
            return
        }
        let locations: [SourceLocation]
        if let at = failure.at {
            locations = [plan.source.location(at)]
        } else if let field {
            locations = self.locations(of: field)
        } else {
            locations = []
        }
        var extensions = failure.error.extensions
        if let code = failure.error.code { extensions["code"] = .string(code) }
        errors.append(
            GraphQLError(
                .execution, failure.error.message, locations: locations, path: path, extensions: extensions))
    }

    /// Where the field was written: of very many times the first few.
    private mutating func locations(of field: FieldPlan) -> [SourceLocation] {
        if let known = places[ObjectIdentifier(field)] { return known }
        let new = plan.source.locations(field.nodes.prefix(20).map(\.at))
        places[ObjectIdentifier(field)] = new
        return new
    }
}

extension OperationPlan {
    /// The root may be null.
    fileprivate var rootTypeUse: TypeUse { .named(rootType.index) }
}
