/// The rules for documents, §5: one walk over the document for all of them but for merging fields.
///
/// The texts of the messages are those of the reference implementation: clients show and compare them.
struct Validator {
    let schema: Schema
    let document: DocumentNode
    let limits: Limits
    /// The last of a name.
    let fragments: [String: FragmentNode]
    /// Without their places, which are looked up all at once.
    private(set) var errors: [GraphQLError] = []
    private var offsets: [[Int]] = []
    private(set) var isFull = false
    /// What the definition that is walked uses.
    var uses = DefinitionUses()

    /// What an operation or a fragment uses.
    struct DefinitionUses {
        /// Variables, where, as what, and whether there is a default for what they are used as.
        var variables: [(name: String, at: Int, type: TypeUse?, hasDefault: Bool)] = []
        /// Names of fragments, each once.
        var fragments: [String] = []
    }

    init(_ document: DocumentNode, schema: Schema, limits: Limits) {
        self.document = document
        self.schema = schema
        self.limits = limits
        fragments = Dictionary(document.fragments.map { ($0.name.text, $0) }) { $1 }
    }

    /// What is wrong with the document, in the order in which it was found.
    static func errors(of document: DocumentNode, schema: Schema, limits: Limits) -> [GraphQLError] {
        var validator = Validator(document, schema: schema, limits: limits)
        validator.run()
        return validator.located()
    }

    private func located() -> [GraphQLError] {
        let places = document.source.locations(offsets.flatMap { $0 })
        var errors = errors
        var next = 0
        for (index, offsets) in offsets.enumerated() where !offsets.isEmpty {
            errors[index].locations = Array(places[next..<next + offsets.count])
            next += offsets.count
        }
        return errors
    }

    private mutating func add(_ error: GraphQLError, at places: [Int] = []) {
        errors.append(error)
        offsets.append(places)
    }

    mutating func report(_ rule: String, _ message: String, at offsets: [Int]) {
        if isFull { return }
        if errors.count >= limits.errors {
            isFull = true
            add(
                GraphQLError(
                    .limit, "Too many validation errors, error limit reached. Validation aborted.",
                    extensions: ["code": "GRAPHQL_VALIDATION_FAILED"]))
            return
        }
        add(
            GraphQLError(.validation(rule: rule), message, extensions: ["code": "GRAPHQL_VALIDATION_FAILED"]),
            at: offsets)
    }

    mutating func report(_ rule: String, _ message: String, at offset: Int) { report(rule, message, at: [offset]) }

    private mutating func run() {
        var usesOfFragments: [String: DefinitionUses] = [:]
        var usesOfOperations: [DefinitionUses] = []
        checkNamesOfDefinitions()
        for definition in document.definitions {
            if isFull { return }
            uses = DefinitionUses()
            switch definition {
            case .operation(let node):
                walk(node)
                usesOfOperations.append(uses)
            case .fragment(let node):
                walk(node)
                usesOfFragments[node.name.text] = uses
            case .typeSystem(let name, let at):
                report("ExecutableDefinitionsRule", "The \(name) definition is not executable.", at: at)
            }
        }
        checkUses(ofOperations: usesOfOperations, ofFragments: usesOfFragments)
        if isFull { return }
        let hasCycles = checkCycles()
        if isFull || hasCycles { return }
        var depth = DepthCheck(document, schema: schema, fragments: fragments, limits: limits)
        if let tooDeep = depth.error() {
            add(tooDeep.error, at: [tooDeep.at])
            return
        }
        var overlap = OverlappingFields(document, schema: schema, fragments: fragments)
        for conflict in overlap.conflicts() {
            report("OverlappingFieldsCanBeMergedRule", conflict.message, at: conflict.offsets)
        }
        if overlap.isExhausted {
            add(
                GraphQLError(
                    .limit, "The selections are too tangled to be merged.", extensions: ["code": "QUERY_TOO_COMPLEX"]))
        }
    }

    // MARK: Definitions

    private mutating func checkNamesOfDefinitions() {
        let operations = document.operations
        var known: [String: Int] = [:]
        for operation in operations {
            guard let name = operation.name else {
                if operations.count > 1 {
                    report(
                        "LoneAnonymousOperationRule", "This anonymous operation must be the only defined operation.",
                        at: operation.at)
                }
                continue
            }
            if let first = known[name.text] {
                report(
                    "UniqueOperationNamesRule", "There can be only one operation named \"\(name.text)\".",
                    at: [first, name.at])
            } else {
                known[name.text] = name.at
            }
        }
        known = [:]
        for fragment in document.fragments {
            let name = fragment.name
            if let first = known[name.text] {
                report(
                    "UniqueFragmentNamesRule", "There can be only one fragment named \"\(name.text)\".",
                    at: [first, name.at])
            } else {
                known[name.text] = name.at
            }
        }
    }

    private mutating func walk(_ node: OperationNode) {
        checkDirectives(node.directives, at: node.kind.rawValue.uppercased())
        var seen: [String: [Int]] = [:]
        var order: [String] = []
        for variable in node.variables {
            if seen[variable.name.text] == nil { order.append(variable.name.text) }
            seen[variable.name.text, default: []].append(variable.name.at)
            walk(variable)
        }
        for name in order {
            if let places = seen[name], places.count > 1 {
                report("UniqueVariableNamesRule", "There can be only one variable named \"$\(name)\".", at: places)
            }
        }
        let root: NamedType? =
            switch node.kind {
            case .query: schema.types[schema.queryType]
            case .mutation: schema.mutationType.map { schema.types[$0] }
            case .subscription: nil
            }
        walk(node.selection, parent: root)
    }

    private mutating func walk(_ node: VariableNode) {
        let use = use(of: node.type)
        checkKnownType(node.type.named)
        if let use, !schema.named(use).isInput {
            report(
                "VariablesAreInputTypesRule",
                "Variable \"$\(node.name.text)\" cannot be non-input type \"\(node.type.text)\".", at: node.type.at)
        }
        if let value = node.defaultValue {
            walk(value, as: use.flatMap { schema.named($0).isInput ? $0 : nil }, isChecked: true)
        }
        checkDirectives(node.directives, at: "VARIABLE_DEFINITION")
    }

    /// The type, if there is one of that name.
    func use(of node: TypeNode) -> TypeUse? {
        switch node.kind {
        case .named(let name): schema.indexByName[name].map { .named($0) }
        case .list(let inner): use(of: inner).map { .list($0) }
        case .nonNull(let inner): use(of: inner).map { .nonNull($0) }
        }
    }

    private mutating func walk(_ node: FragmentNode) {
        checkDirectives(node.directives, at: "FRAGMENT_DEFINITION")
        let type = condition(node.typeCondition, of: "Fragment \"\(node.name.text)\"")
        walk(node.selection, parent: type)
    }

    /// The type after `on`, when fragments can be on it.
    private mutating func condition(_ name: Name, of fragment: String) -> NamedType? {
        checkKnownType(name)
        guard let type = schema.type(named: name.text) else { return nil }
        if type.isComposite { return type }
        report(
            "FragmentsOnCompositeTypesRule", "\(fragment) cannot condition on non composite type \"\(name.text)\".",
            at: name.at)
        return nil
    }

    private mutating func checkKnownType(_ name: Name) {
        if schema.indexByName[name.text] != nil { return }
        let near = Suggestions.near(name.text, among: schema.types.map(\.name))
        report("KnownTypeNamesRule", "Unknown type \"\(name.text)\"." + Suggestions.didYouMean("", near), at: name.at)
    }

    // MARK: Selections

    private mutating func walk(_ set: SelectionSet, parent: NamedType?) {
        for selection in set.selections {
            if isFull { return }
            switch selection {
            case .field(let node): walk(node, parent: parent)
            case .spread(let node): walk(node, parent: parent)
            case .inline(let node):
                checkDirectives(node.directives, at: "INLINE_FRAGMENT")
                var type = parent
                if let name = node.typeCondition {
                    type = condition(name, of: "Fragment")
                    if let type, let parent, !schema.overlap(type, parent) {
                        report(
                            "PossibleFragmentSpreadsRule",
                            "Fragment cannot be spread here as objects of type \"\(parent.name)\" can never be of type"
                                + " \"\(type.name)\".", at: node.at)
                    }
                }
                walk(node.selection, parent: type)
            }
        }
    }

    private mutating func walk(_ node: SpreadNode, parent: NamedType?) {
        checkDirectives(node.directives, at: "FRAGMENT_SPREAD")
        guard let fragment = fragments[node.name.text] else {
            report("KnownFragmentNamesRule", "Unknown fragment \"\(node.name.text)\".", at: node.name.at)
            return
        }
        uses.fragments.append(node.name.text)
        guard let parent, let type = schema.type(named: fragment.typeCondition.text), type.isComposite,
            !schema.overlap(type, parent)
        else { return }
        report(
            "PossibleFragmentSpreadsRule",
            "Fragment \"\(node.name.text)\" cannot be spread here as objects of type \"\(parent.name)\" can never be of"
                + " type \"\(type.name)\".", at: node.at)
    }

    private mutating func walk(_ node: FieldNode, parent: NamedType?) {
        let info = parent.flatMap { schema.field(node.name.text, of: $0) }
        if let parent, info == nil { reportUnknown(node, of: parent) }
        checkDirectives(node.directives, at: "FIELD")
        if let parent, let info {
            checkArguments(
                node.arguments, of: info.arguments, unknown: "on field \"\(parent.name).\(info.name)\"",
                missing: "Field \"\(info.name)\"", at: node.at)
        } else {
            checkArguments(node.arguments, of: nil, unknown: "", missing: "", at: node.at)
        }
        let type = info.map { schema.named($0.type) }
        if let info, let type {
            if type.isLeaf, let selection = node.selection {
                report(
                    "ScalarLeafsRule",
                    "Field \"\(node.name.text)\" must not have a selection since type \"\(schema.text(info.type))\" has no"
                        + " subfields.", at: selection.at)
            }
            if !type.isLeaf, node.selection == nil {
                report(
                    "ScalarLeafsRule",
                    "Field \"\(node.name.text)\" of type \"\(schema.text(info.type))\" must have a selection of subfields."
                        + " Did you mean \"\(node.name.text) { ... }\"?", at: node.at)
            }
        }
        if let selection = node.selection { walk(selection, parent: type.flatMap { $0.isComposite ? $0 : nil }) }
    }

    private mutating func reportUnknown(_ node: FieldNode, of parent: NamedType) {
        let name = node.name.text
        let types = typesWithField(name, below: parent)
        let hint =
            types.isEmpty
            ? Suggestions.didYouMean("", Suggestions.near(name, among: parent.fields.map(\.name)))
            : Suggestions.didYouMean("to use an inline fragment on", types)
        report(
            "FieldsOnCorrectTypeRule", "Cannot query field \"\(name)\" on type \"\(parent.name)\"." + hint, at: node.at)
    }

    /// The types that a value of an abstract type may be of and that have such a field, the most general first.
    private func typesWithField(_ name: String, below type: NamedType) -> [String] {
        guard type.isAbstract else { return [] }
        var uses: [Int: Int] = [:]
        for index in type.orderedPossibleTypes where schema.types[index].field(name) != nil {
            uses[index] = 1
            for interface in schema.types[index].interfaces where schema.types[interface].field(name) != nil {
                uses[interface, default: 0] += 1
            }
        }
        return uses.keys.map { schema.types[$0] }.sorted { one, other in
            let (usesOfOne, usesOfOther) = (uses[one.index] ?? 0, uses[other.index] ?? 0)
            if usesOfOne != usesOfOther { return usesOfOne > usesOfOther }
            if one.subtypes.contains(other.index) { return true }
            if other.subtypes.contains(one.index) { return false }
            return one.name < other.name
        }.map(\.name)
    }

    // MARK: Arguments and directives

    /// - Parameter known: nil when it is not known what has the arguments.
    private mutating func checkArguments(
        _ arguments: [ArgumentNode], of known: [InputInfo]?, unknown: String, missing: String, at offset: Int
    ) {
        if arguments.count > 1 {
            for (name, places) in duplicates(arguments.map(\.name)) {
                report("UniqueArgumentNamesRule", "There can be only one argument named \"\(name)\".", at: places)
            }
        }
        for argument in arguments {
            let info = known?.first { $0.name == argument.name.text }
            if let known, info == nil {
                let near = Suggestions.near(argument.name.text, among: known.map(\.name))
                report(
                    "KnownArgumentNamesRule",
                    "Unknown argument \"\(argument.name.text)\" \(unknown)." + Suggestions.didYouMean("", near),
                    at: argument.name.at)
            }
            walk(
                argument.value, as: info?.type, hasDefault: info?.definition.defaultValue != nil, isChecked: true)
        }
        for info in known ?? [] where info.isRequired && !arguments.contains(where: { $0.name.text == info.name }) {
            report(
                "ProvidedRequiredArgumentsRule",
                "\(missing) argument \"\(info.name)\" of type \"\(schema.text(info.type))\" is required, but it was not"
                    + " provided.", at: offset)
        }
    }

    /// The names that stand there more than once, with all their places.
    private func duplicates(_ names: [Name]) -> [(String, [Int])] {
        var places: [String: [Int]] = [:]
        for name in names { places[name.text, default: []].append(name.at) }
        if places.count == names.count { return [] }
        return places.filter { $0.value.count > 1 }.sorted { $0.value[0] < $1.value[0] }.map { ($0.key, $0.value) }
    }

    private mutating func checkDirectives(_ directives: [DirectiveNode], at location: String) {
        var first: [String: Int] = [:]
        for node in directives {
            let name = node.name.text
            guard let info = schema.directives[name] else {
                report("KnownDirectivesRule", "Unknown directive \"@\(name)\".", at: node.at)
                checkArguments(node.arguments, of: nil, unknown: "", missing: "", at: node.at)
                continue
            }
            if !info.locations.contains(location) {
                report(
                    "KnownDirectivesRule", "Directive \"@\(name)\" may not be used on \(location).", at: node.at)
            }
            if !info.definition.isRepeatable {
                if let first = first[name] {
                    report(
                        "UniqueDirectivesPerLocationRule",
                        "The directive \"@\(name)\" can only be used once at this location.", at: [first, node.at])
                } else {
                    first[name] = node.at
                }
            }
            checkArguments(
                node.arguments, of: info.arguments, unknown: "on directive \"@\(name)\"",
                missing: "Directive \"@\(name)\"", at: node.at)
        }
    }
}
