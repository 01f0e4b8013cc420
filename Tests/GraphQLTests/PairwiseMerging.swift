import Testing

@testable import GraphQL

/// Which fields can be merged, as the specification has it, §5.3.2: pair by pair, each time anew. Too slow for a server and
/// short enough to be believed, it says who is right where ours and another implementation differ: node-graphql and
/// graphql-core remember of fragments that they were compared, and not with what.
struct PairwiseMerging {
    private struct Entry {
        let node: FieldNode
        let parent: NamedType?
        let info: FieldInfo?
    }

    private struct Endless: Error {}

    private let schema: Schema
    private let fragments: [String: FragmentNode]
    private var stepsLeft = 3_000_000

    /// Whether fields of the document are in conflict; nil when it would take too long to find out, or it is no document.
    static func hasConflicts(_ text: String, schema: Schema, limits: Limits) -> Bool? {
        guard let document = try? Parser.parse(text, limits: limits) else { return nil }
        var merging = PairwiseMerging(document, schema)
        return try? merging.hasConflicts(document)
    }

    private init(_ document: DocumentNode, _ schema: Schema) {
        self.schema = schema
        fragments = Dictionary(document.fragments.map { ($0.name.text, $0) }) { first, _ in first }
    }

    private mutating func hasConflicts(_ document: DocumentNode) throws -> Bool {
        var sets: [(SelectionSet, NamedType?)] = document.operations.map { operation in
            let root = operation.kind == .mutation ? schema.mutationType : schema.queryType
            return (operation.selection, operation.kind == .subscription ? nil : root.map { schema.types[$0] })
        }
        sets += document.fragments.map { ($0.selection, composite($0.typeCondition)) }
        while let (set, parent) = sets.popLast() {
            let groups = try entries(of: set, parent)
            for group in groups.values {
                for first in group.indices {
                    for second in group.indices where second > first {
                        if try conflict(group[first], group[second], areExclusive: false) { return true }
                    }
                }
            }
            for selection in set.selections {
                switch selection {
                case .field(let node):
                    if let inner = node.selection { sets.append((inner, type(of: info(of: node, parent)))) }
                case .inline(let node): sets.append((node.selection, node.typeCondition.map(composite) ?? parent))
                case .spread: break
                }
            }
        }
        return false
    }

    private func composite(_ name: Name) -> NamedType? {
        schema.type(named: name.text).flatMap { $0.isComposite ? $0 : nil }
    }

    private func info(of node: FieldNode, _ parent: NamedType?) -> FieldInfo? {
        parent.flatMap { schema.field(node.name.text, of: $0) }
    }

    private func type(of info: FieldInfo?) -> NamedType? { info.map { schema.named($0.type) } }

    /// The fields by their names in the response, those of fragments among them.
    private mutating func entries(of set: SelectionSet, _ parent: NamedType?) throws -> [String: [Entry]] {
        var found: [String: [Entry]] = [:]
        var visited: Set<String> = []
        var open = [(set, parent)]
        while let (set, parent) = open.popLast() {
            for selection in set.selections {
                stepsLeft -= 1
                if stepsLeft < 0 { throw Endless() }
                switch selection {
                case .field(let node):
                    found[node.responseName, default: []].append(
                        Entry(node: node, parent: parent, info: info(of: node, parent)))
                case .inline(let node): open.append((node.selection, node.typeCondition.map(composite) ?? parent))
                case .spread(let node):
                    guard visited.insert(node.name.text).inserted, let fragment = fragments[node.name.text] else {
                        continue
                    }
                    open.append((fragment.selection, composite(fragment.typeCondition)))
                }
            }
        }
        return found
    }

    private mutating func conflict(_ one: Entry, _ other: Entry, areExclusive: Bool) throws -> Bool {
        stepsLeft -= 1
        if stepsLeft < 0 { throw Endless() }
        if one.node == other.node { return false }
        let areObjects = one.parent?.isObject == true && other.parent?.isObject == true
        let areExclusive = areExclusive || areObjects && one.parent?.index != other.parent?.index
        if !areExclusive {
            if one.node.name.text != other.node.name.text { return true }
            if arguments(one.node) != arguments(other.node) { return true }
        }
        if let one = one.info, let other = other.info, differ(one.type, other.type) { return true }
        guard let first = one.node.selection, let second = other.node.selection else { return false }
        let left = try entries(of: first, type(of: one.info))
        let right = try entries(of: second, type(of: other.info))
        for (name, group) in left {
            for one in group {
                for other in right[name] ?? [] where try conflict(one, other, areExclusive: areExclusive) {
                    return true
                }
            }
        }
        return false
    }

    private func differ(_ one: TypeUse, _ other: TypeUse) -> Bool {
        switch (one, other) {
        case (.nonNull(let one), .nonNull(let other)), (.list(let one), .list(let other)): return differ(one, other)
        case (.nonNull, _), (_, .nonNull), (.list, _), (_, .list): return true
        case (.named(let one), .named(let other)):
            return (schema.types[one].isLeaf || schema.types[other].isLeaf) && one != other
        }
    }

    private func arguments(_ node: FieldNode) -> [String: String] {
        Dictionary(node.arguments.map { ($0.name.text, text($0.value)) }) { first, _ in first }
    }

    private func text(_ value: ValueNode) -> String {
        switch value.kind {
        case .variable(let name): "$\(name)"
        case .int(let text), .float(let text), .enum(let text): text
        case .string(let text, isBlock: _): "\"\(text)\""
        case .bool(let value): "\(value)"
        case .null: "null"
        case .list(let values): "[\(values.map(text).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\($0.name.text):\(text($0.value))" }.sorted().joined(separator: ","))}"
        }
    }
}

/// The one who decides is right about what everybody agrees on.
@Suite struct PairwiseMergingTests {
    @Test(
        "finds the conflicts that there are",
        arguments: [
            ("{ person { name name: oldName } }", true), ("{ person { name } person { name } }", false),
            ("{ animal { ... on Cat { x: name } ... on Dog { x: kind } } }", true),
            ("{ animal { ... on Cat { name: name } ... on Dog { name } } }", false),
            ("{ echo(int: 1) echo(int: 2) }", true), ("{ echo(int: 1, bool: true) echo(bool: true, int: 1) }", false),
            ("{ person { ...A } } fragment A on Person { name ...B } fragment B on Person { name: oldName }", true),
            // What the others do not find: that B was compared with what is beside A says nothing of what is in it.
            (
                """
                { animal { __typename ...A } } fragment A on Dog { name ...B } fragment B on Cat { ...C }
                fragment C on Named { name: __typename }
                """, true
            ),
        ])
    func known(_ query: String, _ hasConflicts: Bool) throws {
        let schema = try Sample.schema()
        #expect(PairwiseMerging.hasConflicts(query, schema: schema, limits: Limits()) == hasConflicts)
        let ours = GraphQLEngine(schema: schema).validate(query).contains {
            $0.stage == .validation(rule: "OverlappingFieldsCanBeMergedRule")
        }
        #expect(ours == hasConflicts)
    }
}
