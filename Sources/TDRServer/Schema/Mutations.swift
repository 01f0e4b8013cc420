import GraphQL

/// The fields of `Mutation`.
enum Mutations {
    static let all: [Mutation] =
        filling + steps + agreement + ending + repair + results + fileMetadata
        + administration

    static let root = ObjectType("Mutation", of: Root.self, "What can be done.") { fields in
        for mutation in all { mutation.add(to: &fields) }
    }

    static let types: [TypeDefinition] = inputs + [declared, agreed, signedOff, confirmed, fileProperty, withdrawal]

    /// Each once, though several mutations may take the same.
    private static let inputs: [TypeDefinition] = {
        var names: Set<String> = []
        return all.flatMap(\.inputs).filter { names.insert($0.name).inserted }.map { .input($0) }
    }()
}
