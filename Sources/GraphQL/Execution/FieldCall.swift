/// One asking of a field: for all parents of its level at once.
package struct FieldCall<Parent: Sendable>: Sendable {
    /// The values whose field is asked for; never empty.
    package let parents: [Parent]
    /// The same for all parents.
    package let arguments: Arguments
    /// What was selected in the field.
    package let selection: SelectedFields
    /// The schema that is asked.
    package let schema: Schema
    let anyContext: any Sendable

    /// What ``GraphQLEngine/execute(_:context:root:)`` was given for this request.
    ///
    /// - Throws: ``FieldError`` when it is of another type, which is a mistake of the program.
    package func context<Context>(as type: Context.Type = Context.self) throws -> Context {
        guard let context = anyContext as? Context else {
            throw FieldError("The context of this request is no \(Context.self).", code: "INTERNAL_SERVER_ERROR")
        }
        return context
    }
}

/// The values of a field's arguments, checked against their types, with defaults filled in.
package struct Arguments: Sendable, Equatable {
    /// What was given or has a default, in the order of the schema.
    package let values: JSONObject

    package init(_ values: JSONObject = [:]) { self.values = values }

    /// The value; nil when none was given and there is no default. An explicit null is `.null`.
    package subscript(name: String) -> JSONValue? { values[name] }

    /// The text, or the name of the value of an enum; nil when there is none or it is null.
    package func string(_ name: String) -> String? { values[name]?.string }
    /// The whole number; nil when there is none or it is null.
    package func int(_ name: String) -> Int? { values[name]?.int }
    /// The truth value; nil when there is none or it is null.
    package func bool(_ name: String) -> Bool? { values[name]?.bool }
    /// The number; nil when there is none or it is null.
    package func double(_ name: String) -> Double? { values[name]?.double }
    /// The elements; nil when there are none or it is null.
    package func list(_ name: String) -> [JSONValue]? { values[name]?.list }
    /// The input object; nil when there is none or it is null.
    package func object(_ name: String) -> JSONObject? { values[name]?.object }
}

/// How a field is resolved.
struct Resolver: Sendable {
    enum Kind: Sendable {
        case property(@Sendable (Parents) -> [Resolved])
        case batch(@Sendable (Parents, Arguments, SelectedFields, Schema, any Sendable) async throws -> [Resolved])
        /// Interfaces resolve nothing.
        case none
    }

    let kind: Kind

    static let none = Resolver(kind: .none)

    private init(kind: Kind) { self.kind = kind }

    init<Parent: Sendable, Result: Resolvable>(property value: @escaping @Sendable (Parent) throws -> Result) {
        kind = .property { parents in
            guard let values = parents.typed(Parent.self) else { return parents.mismatches(Parent.self) }
            return values.map { parent in
                do { return try value(parent).resolved } catch { return .failure(error) }
            }
        }
    }

    init<Parent: Sendable>(batch resolve: @escaping @Sendable (FieldCall<Parent>) async throws -> [Resolved]) {
        kind = .batch { parents, arguments, selection, schema, context in
            guard let values = parents.typed(Parent.self) else { return parents.mismatches(Parent.self) }
            return try await resolve(
                FieldCall(
                    parents: values, arguments: arguments, selection: selection, schema: schema, anyContext: context))
        }
    }
}

/// The parents of a level: cast to their type once, whatever number of fields asks for them.
struct Parents: Sendable {
    let values: [any Sendable]
    /// `[Parent]`, once somebody asked.
    private let casts = CastCache()

    init(_ values: [any Sendable]) { self.values = values }

    func typed<Parent: Sendable>(_ type: Parent.Type) -> [Parent]? {
        if let known = casts.array as? TypedArray<Parent> { return known.values }
        var result: [Parent] = []
        result.reserveCapacity(values.count)
        for value in values {
            guard let value = value as? Parent else { return nil }
            result.append(value)
        }
        casts.array = TypedArray(result)
        return result
    }

    func mismatches<Parent>(_ type: Parent.Type) -> [Resolved] {
        values.map { _ in .failure(FieldError("A resolver gave no \(Parent.self).", code: "INTERNAL_SERVER_ERROR")) }
    }

    /// An array in an object: to find out of what type an object is takes a look.
    private final class TypedArray<Element: Sendable>: Sendable {
        let values: [Element]

        init(_ values: [Element]) { self.values = values }
    }

    /// Sendable: a level is executed by one task alone, which is the only one to have this.
    private final class CastCache: @unchecked Sendable {
        var array: AnyObject?
    }
}
