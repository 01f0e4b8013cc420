/// The fields of an object type whose values are `Parent`s.
package struct FieldList<Parent: Sendable> {
    private(set) var fields: [Field] = []

    /// A field that the value itself knows: asked once per value, in place.
    ///
    /// - Parameter value: What the field is for one value. Throws ``FieldError`` to make the field an error.
    package mutating func field<Result: Resolvable>(
        _ name: String, _ type: TypeReference, _ description: String? = nil, deprecated: String? = nil,
        cost: Int = 0, multiplier: CostMultiplier = .factor(10), value: @escaping @Sendable (Parent) throws -> Result
    ) {
        append(name, type, description, [], deprecated, cost, multiplier, Resolver(property: value))
    }

    /// A field that is asked once for all values of a level together: the place for a query of a database.
    ///
    /// - Parameters:
    ///   - cost: What the field costs by itself in the analysis of costs.
    ///   - multiplier: By how much the costs below are multiplied, where the field gives a list.
    ///   - resolve: As many results as there are parents, in their order. What it throws is the error of all of them;
    ///     ``Resolved/failure(_:)`` is the error of one.
    package mutating func batch(
        _ name: String, _ type: TypeReference, _ description: String? = nil, arguments: [InputField] = [],
        deprecated: String? = nil, cost: Int = 1, multiplier: CostMultiplier = .factor(10),
        resolve: @escaping @Sendable (FieldCall<Parent>) async throws -> [Resolved]
    ) {
        append(name, type, description, arguments, deprecated, cost, multiplier, Resolver(batch: resolve))
    }

    /// A field that is asked for one value after the other; for what needs no batching, as the fields of the root.
    package mutating func each(
        _ name: String, _ type: TypeReference, _ description: String? = nil, arguments: [InputField] = [],
        deprecated: String? = nil, cost: Int = 1, multiplier: CostMultiplier = .factor(10),
        resolve: @escaping @Sendable (Parent, FieldCall<Parent>) async throws -> Resolved
    ) {
        let resolver = Resolver { (call: FieldCall<Parent>) in
            var results: [Resolved] = []
            results.reserveCapacity(call.parents.count)
            for parent in call.parents {
                do {
                    results.append(try await resolve(parent, call))
                } catch let error as CancellationError {
                    throw error
                } catch {
                    results.append(.failure(error))
                }
            }
            return results
        }
        append(name, type, description, arguments, deprecated, cost, multiplier, resolver)
    }

    private mutating func append(
        _ name: String, _ type: TypeReference, _ description: String?, _ arguments: [InputField],
        _ deprecation: String?, _ cost: Int, _ multiplier: CostMultiplier, _ resolver: Resolver
    ) {
        fields.append(
            Field(
                name: name, type: type, arguments: arguments, description: description, deprecation: deprecation,
                cost: cost, multiplier: multiplier, resolver: resolver))
    }
}

/// The fields of an interface, which have no resolvers of their own.
package struct AbstractFieldList {
    private(set) var fields: [Field] = []

    /// A field that every type of the interface has.
    package mutating func field(
        _ name: String, _ type: TypeReference, _ description: String? = nil, arguments: [InputField] = [],
        deprecated: String? = nil, cost: Int = 1, multiplier: CostMultiplier = .factor(10)
    ) {
        fields.append(
            Field(
                name: name, type: type, arguments: arguments, description: description, deprecation: deprecated,
                cost: cost, multiplier: multiplier, resolver: .none))
    }
}
