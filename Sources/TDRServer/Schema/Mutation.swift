import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// One thing that can be done, said in one place: its name, what it takes and gives, and what it does.
struct Mutation: Sendable {
    let name: String
    let type: TypeReference
    let description: String
    let deprecation: String?
    /// The types of what it takes.
    let inputs: [InputType]
    private let argument: InputField
    private let perform: @Sendable (Change) throws -> Resolved

    /// A mutation with one argument, `argument`, of the type `input`; `parts` are the types of what is in that.
    init(
        _ name: String, _ type: TypeReference, _ description: String, deprecated: String? = nil,
        _ argument: String, _ input: InputType, parts: [InputType] = [],
        perform: @escaping @Sendable (Change) throws -> Resolved
    ) {
        self.name = name
        self.type = type
        self.description = description
        deprecation = deprecated
        inputs = [input] + parts
        self.argument = InputField(argument, TypeReference("\(input.name)!"), input.description)
        self.perform = perform
    }

    /// A mutation that takes nothing but the id of a consignment.
    init(
        ofConsignment name: String, _ type: TypeReference, _ description: String, deprecated: String? = nil,
        perform: @escaping @Sendable (Change) throws -> Resolved
    ) {
        self.name = name
        self.type = type
        self.description = description
        deprecation = deprecated
        inputs = []
        argument = InputField("consignmentid", "UUID!", "The consignment.")
        self.perform = perform
    }

    func add(to fields: inout FieldList<Root>) {
        let (name, argument, perform) = (name, argument, perform)
        fields.each(name, type, description, arguments: [argument], deprecated: deprecation) { _, call in
            let given = call.arguments[argument.name] ?? .null
            let input = given.object ?? JSONObject([("consignmentId", given)])
            // The history tells for whom somebody says that they act.
            let what = name + (input["userIdOverride"]?.string.map { " for \($0)" } ?? "")
            return try await call.asker.ask { archive, principal in
                try perform(
                    Change(input: input, archive: archive, principal: principal, run: archive.run(principal, what)))
            }
        }
    }
}

/// One call of a mutation: what was given, and by whom.
struct Change: Sendable {
    let input: JSONObject
    let archive: Archive
    let principal: Principal
    /// How it is recorded.
    let run: RunInfo

    var store: Store { archive.store }

    /// The consignment that the input names, when they may do this to it.
    ///
    /// - Throws: ``APIError/notFound``.
    func consignment(_ act: Act) throws -> ConsignmentFacts {
        let other = try input["userIdOverride"].flatMap { $0.isNull ? nil : try input.id("userIdOverride") }
        return try archive.consignment(try input.text("consignmentId"), for: principal, act, actingFor: other)
    }

    /// The objects of a list of the input, at most as many as one call may bring.
    func objects(_ name: String, atMost most: Int = Change.mostItems) throws -> [JSONObject] {
        let list = (input[name]?.list ?? []).compactMap(\.object)
        guard !list.isEmpty else { throw FieldError.input("'\(name)' is empty") }
        guard list.count <= most else {
            throw FieldError.input("'\(name)' has \(list.count) entries; send at most \(most) in one call")
        }
        return list
    }

    /// Entries of a list of one call, at most.
    static let mostItems = 1000
}

extension InputField {
    /// The field by which most inputs name their consignment.
    static let consignment = InputField("consignmentId", "UUID!", "The consignment.")
    /// The field by which a program says for whom it acts.
    static let userIdOverride = InputField(
        "userIdOverride", "UUID", "Whose consignment it is, when a program with the role data-load acts for them.")
}
