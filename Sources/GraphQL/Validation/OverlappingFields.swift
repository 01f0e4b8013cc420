/// Finds fields that go under one name of the response and are not the same, §5.3.2.
///
/// The specification compares all pairs of fields, which takes time that grows with the square of the document, and with
/// fragments faster still. Here all fields of one response name are taken together: being the same field with the same
/// arguments, and having the same shape, are both such that it is enough to compare each with the first. What is selected
/// in all of them is then taken together again. A set of fields that was looked at once is never looked at again.
struct OverlappingFields {
    /// Two fields that can't be merged.
    struct Conflict {
        let message: String
        let offsets: [Int]
    }

    /// A field in a set, and which field of the set above it is selected in.
    private struct Entry {
        let node: FieldNode
        let parent: NamedType?
        let info: FieldInfo?
        let origin: Int
    }

    /// Why two entries are in conflict, with all fields on the way to the reason.
    private struct Clash {
        let name: String
        let reason: String
        let left: [FieldNode]
        let right: [FieldNode]
        let origins: (Int, Int)
    }

    private enum Question {
        /// The same field with the same arguments, of all that can be of one object.
        case identity
        /// The same shape, of all.
        case shape
    }

    private let document: DocumentNode
    private let schema: Schema
    private let fragments: [String: FragmentNode]
    private var found: [Conflict] = []
    private var pairs: Set<[Int]> = []
    private var identitySeen: Set<[Int]> = []
    private var shapeSeen: Set<[Int]> = []
    private var arguments: [Int: String] = [:]
    private var stepsLeft: Int
    /// Whether the document was too tangled to finish: fragments can be woven so that the sets are very many.
    private(set) var isExhausted = false

    init(_ document: DocumentNode, schema: Schema, fragments: [String: FragmentNode]) {
        self.document = document
        self.schema = schema
        self.fragments = fragments
        stepsLeft = 20_000 + document.fieldCount * 50
    }

    mutating func conflicts() -> [Conflict] {
        var roots: [(SelectionSet, NamedType?)] = document.operations.map { operation in
            let root = operation.kind == .mutation ? schema.mutationType : schema.queryType
            return (operation.selection, operation.kind == .subscription ? nil : root.map { schema.types[$0] })
        }
        for fragment in document.fragments {
            let type = schema.type(named: fragment.typeCondition.text)
            roots.append((fragment.selection, type?.isComposite ?? false ? type : nil))
        }
        for root in roots {
            let groups = groups(in: [(root.0, root.1, 0)])
            for question in [Question.identity, .shape] {
                for group in groups { for clash in ask(question, of: group) { report(clash) } }
            }
        }
        return found
    }

    private mutating func report(_ clash: Clash) {
        let fields = clash.left + clash.right
        let pair = [clash.left[0].id, clash.right[0].id]
        guard pairs.insert(pair).inserted else { return }
        found.append(
            Conflict(
                message:
                    "Fields \"\(clash.name)\" conflict because \(clash.reason). Use different aliases on the fields"
                    + " to fetch both if this was intentional.", offsets: fields.map(\.at)))
    }

    /// The fields of selections by response name, fragments put in.
    private struct Collection {
        var groups: [[Entry]] = []
        var indexByName: [String: Int] = [:]
        var visited: Set<String> = []
        /// Fragments, whose fields come after those that were written in place.
        var later: [(SelectionSet, NamedType?, Int)] = []

        mutating func add(_ entry: Entry) {
            if let index = indexByName[entry.node.responseName] {
                groups[index].append(entry)
            } else {
                indexByName[entry.node.responseName] = groups.count
                groups.append([entry])
            }
        }
    }

    private mutating func groups(in sets: [(SelectionSet, NamedType?, Int)]) -> [[Entry]] {
        var collection = Collection(later: sets)
        var next = 0
        while next < collection.later.count {
            let (set, parent, origin) = collection.later[next]
            collect(set, parent, origin, &collection)
            if isExhausted { return [] }
            next += 1
        }
        return collection.groups
    }

    private mutating func collect(
        _ set: SelectionSet, _ parent: NamedType?, _ origin: Int, _ collection: inout Collection
    ) {
        for selection in set.selections {
            stepsLeft -= 1
            if stepsLeft < 0 {
                isExhausted = true
                return
            }
            switch selection {
            case .field(let node):
                // As everybody else has it, `__typename` has the shape of whatever it meets.
                let isOwn = !node.name.text.hasPrefix("__")
                let info = isOwn ? parent.flatMap { schema.field(node.name.text, of: $0) } : nil
                collection.add(Entry(node: node, parent: parent, info: info, origin: origin))
            case .inline(let node):
                let type = node.typeCondition.map { schema.type(named: $0.text) } ?? parent
                collect(node.selection, type, origin, &collection)
            case .spread(let node):
                if collection.visited.insert(node.name.text).inserted, let fragment = fragments[node.name.text] {
                    let type = schema.type(named: fragment.typeCondition.text)
                    collection.later.append((fragment.selection, type, origin))
                }
            }
        }
    }

    private mutating func ask(_ question: Question, of group: [Entry]) -> [Clash] {
        switch question {
        case .identity: return partition(group).flatMap { askIdentity(of: $0) }
        case .shape: return askShape(of: group)
        }
    }

    /// Those that can be fields of one object: objects of different types never meet.
    private func partition(_ group: [Entry]) -> [[Entry]] {
        if group.count == 1 { return [group] }
        var objects: [Int] = []
        for case let parent? in group.map(\.parent) where parent.isObject && !objects.contains(parent.index) {
            objects.append(parent.index)
        }
        if objects.count < 2 { return [group] }
        return objects.map { object in
            group.filter { entry in entry.parent.map { !$0.isObject || $0.index == object } ?? true }
        }
    }

    private mutating func askIdentity(of group: [Entry]) -> [Clash] {
        guard identitySeen.insert(key(group)).inserted else { return [] }
        var clashes: [Clash] = []
        var same: [Entry] = []
        for entry in group {
            let first = group[0]
            if entry.node.id == first.node.id {
                same.append(entry)
            } else if entry.node.name.text != first.node.name.text {
                clashes.append(
                    clash(
                        first, entry,
                        "\"\(first.node.name.text)\" and \"\(entry.node.name.text)\" are different fields"))
            } else if canonicalArguments(entry.node) != canonicalArguments(first.node) {
                clashes.append(clash(first, entry, "they have differing arguments"))
            } else {
                same.append(entry)
            }
        }
        return clashes + askBelow(.identity, same)
    }

    private mutating func askShape(of group: [Entry]) -> [Clash] {
        guard shapeSeen.insert(key(group)).inserted else { return [] }
        var clashes: [Clash] = []
        var same: [Entry] = []
        let first = group.first { $0.info != nil }
        for entry in group {
            guard let type = entry.info?.type, let first, let firstType = first.info?.type else {
                same.append(entry)
                continue
            }
            if haveSameShape(firstType, type) {
                same.append(entry)
            } else {
                clashes.append(
                    clash(
                        first, entry,
                        "they return conflicting types \"\(schema.text(firstType))\" and \"\(schema.text(type))\""))
            }
        }
        return clashes + askBelow(.shape, same)
    }

    private func haveSameShape(_ one: TypeUse, _ other: TypeUse) -> Bool {
        switch (one, other) {
        case (.list(let one), .list(let other)), (.nonNull(let one), .nonNull(let other)): haveSameShape(one, other)
        case (.named(let one), .named(let other)):
            one == other || !(schema.types[one].isLeaf || schema.types[other].isLeaf)
        default: false
        }
    }

    /// Asks the same of what is selected in all of them together.
    private mutating func askBelow(_ question: Question, _ entries: [Entry]) -> [Clash] {
        let sets = entries.enumerated().compactMap { index, entry in
            entry.node.selection.map { ($0, entry.info.map { schema.named($0.type) }, index) }
        }
        if sets.isEmpty { return [] }
        var byOrigins: [(origins: (Int, Int), clashes: [Clash])] = []
        for group in groups(in: sets) {
            if isExhausted { return [] }
            for clash in ask(question, of: group) {
                let origins = clash.origins
                if entries[origins.0].node.id == entries[origins.1].node.id {
                    report(clash)
                } else if let index = byOrigins.firstIndex(where: { $0.origins == origins }) {
                    byOrigins[index].clashes.append(clash)
                } else if byOrigins.count < 100 {
                    byOrigins.append((origins, [clash]))
                }
            }
        }
        return byOrigins.map { origins, clashes in
            let (left, right) = (entries[origins.0], entries[origins.1])
            let reasons = clashes.map { "subfields \"\($0.name)\" conflict because \($0.reason)" }
            return Clash(
                name: left.node.responseName, reason: reasons.joined(separator: " and "),
                left: [left.node] + clashes.flatMap(\.left), right: [right.node] + clashes.flatMap(\.right),
                origins: (left.origin, right.origin))
        }
    }

    private func clash(_ left: Entry, _ right: Entry, _ reason: String) -> Clash {
        Clash(
            name: left.node.responseName, reason: reason, left: [left.node], right: [right.node],
            origins: (left.origin, right.origin))
    }

    private func key(_ group: [Entry]) -> [Int] {
        if group.count == 1 { return [group[0].node.id] }
        return Set(group.map(\.node.id)).sorted()
    }

    /// The arguments as a text that is the same when they are.
    private mutating func canonicalArguments(_ node: FieldNode) -> String {
        if node.arguments.isEmpty { return "" }
        if let known = arguments[node.id] { return known }
        let text = node.arguments.map { "\($0.name.text): \(SyntaxPrinter.print($0.value, isSorted: true))" }.sorted()
            .joined(separator: ", ")
        arguments[node.id] = text
        return text
    }
}
