/// A name in a document and where it stands, in bytes from the start.
struct Name: Sendable, Hashable {
    let text: String
    let at: Int
}

/// A literal or a variable.
struct ValueNode: Sendable, Hashable {
    indirect enum Kind: Sendable, Hashable {
        case variable(String)
        /// As written.
        case int(String)
        /// As written.
        case float(String)
        case string(String, isBlock: Bool)
        case bool(Bool)
        case null
        case `enum`(String)
        case list([ValueNode])
        case object([ObjectMemberNode])
    }

    let kind: Kind
    let at: Int
}

/// A member of an object literal.
struct ObjectMemberNode: Sendable, Hashable {
    let name: Name
    let value: ValueNode
}

/// An argument of a field or a directive.
struct ArgumentNode: Sendable, Hashable {
    let name: Name
    let value: ValueNode
}

/// `@name(arguments)`.
struct DirectiveNode: Sendable, Hashable {
    let name: Name
    let arguments: [ArgumentNode]
    /// Of the `@`.
    let at: Int

    func argument(_ name: String) -> ArgumentNode? { arguments.first { $0.name.text == name } }
}

/// What stands between braces.
struct SelectionSet: Sendable, Hashable {
    let selections: [Selection]
    /// Of the brace.
    let at: Int
}

/// One thing that is selected.
enum Selection: Sendable, Hashable {
    case field(FieldNode)
    case spread(SpreadNode)
    case inline(InlineNode)

    var directives: [DirectiveNode] {
        switch self {
        case .field(let node): node.directives
        case .spread(let node): node.directives
        case .inline(let node): node.directives
        }
    }
}

/// `alias: name(arguments) @directives { selection }`.
struct FieldNode: Sendable, Hashable {
    /// Tells it from all other fields of the document: they are counted.
    let id: Int
    let alias: Name?
    let name: Name
    let arguments: [ArgumentNode]
    let directives: [DirectiveNode]
    let selection: SelectionSet?

    /// The name in the response.
    var responseName: String { alias?.text ?? name.text }
    var at: Int { alias?.at ?? name.at }

    static func == (one: FieldNode, other: FieldNode) -> Bool { one.id == other.id }
    func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// `...name @directives`.
struct SpreadNode: Sendable, Hashable {
    let name: Name
    let directives: [DirectiveNode]
    /// Of the dots.
    let at: Int
}

/// `... on Type @directives { selection }`.
struct InlineNode: Sendable, Hashable {
    let typeCondition: Name?
    let directives: [DirectiveNode]
    let selection: SelectionSet
    /// Of the dots.
    let at: Int
}

/// The type of a variable, as written.
struct TypeNode: Sendable, Hashable {
    indirect enum Kind: Sendable, Hashable {
        case named(String)
        case list(TypeNode)
        case nonNull(TypeNode)
    }

    let kind: Kind
    let at: Int

    /// The name inside, and where it stands.
    var named: Name {
        switch kind {
        case .named(let text): Name(text: text, at: at)
        case .list(let inner), .nonNull(let inner): inner.named
        }
    }

    var text: String {
        switch kind {
        case .named(let text): text
        case .list(let inner): "[\(inner.text)]"
        case .nonNull(let inner): "\(inner.text)!"
        }
    }
}

/// `$name: Type = default @directives`.
struct VariableNode: Sendable, Hashable {
    let name: Name
    let type: TypeNode
    let defaultValue: ValueNode?
    let directives: [DirectiveNode]
    /// Of the dollar sign.
    let at: Int
}

/// What an operation does.
enum OperationKind: String, Sendable {
    case query, mutation, subscription
}

/// A query, mutation or subscription.
struct OperationNode: Sendable {
    let kind: OperationKind
    let name: Name?
    let variables: [VariableNode]
    let directives: [DirectiveNode]
    let selection: SelectionSet
    let at: Int
    let isShorthand: Bool
}

/// `fragment name on Type @directives { selection }`.
struct FragmentNode: Sendable {
    let name: Name
    let typeCondition: Name
    let directives: [DirectiveNode]
    let selection: SelectionSet
    let at: Int
}

/// A document, parsed.
struct DocumentNode: Sendable {
    enum Definition: Sendable {
        case operation(OperationNode)
        case fragment(FragmentNode)
        /// A definition of types, which nobody can execute: what it is called in the message that says so.
        case typeSystem(String, at: Int)
    }

    let definitions: [Definition]
    let source: SourceText
    /// How many fields were written: their ids are below it.
    let fieldCount: Int

    var operations: [OperationNode] {
        definitions.compactMap { if case .operation(let node) = $0 { node } else { nil } }
    }
    var fragments: [FragmentNode] {
        definitions.compactMap { if case .fragment(let node) = $0 { node } else { nil } }
    }
}

/// The text of a document, to say where something stands.
struct SourceText: Sendable {
    let bytes: [UInt8]

    /// - Parameter offset: In bytes.
    func location(_ offset: Int) -> SourceLocation { locations([offset])[0] }

    /// The places of many offsets in one walk over the text.
    func locations(_ offsets: [Int]) -> [SourceLocation] {
        var places = Array(repeating: SourceLocation(line: 1, column: 1), count: offsets.count)
        var line = 1
        var column = 1
        var at = 0
        for index in offsets.indices.sorted(by: { offsets[$0] < offsets[$1] }) {
            while at < min(offsets[index], bytes.count) {
                let byte = bytes[at]
                at += 1
                // The first half of a line break of two is a character of the line that it ends.
                let isBreak = byte == 0x0A || byte == 0x0D && !(at < bytes.count && bytes[at] == 0x0A)
                if isBreak {
                    line += 1
                    column = 1
                } else if byte & 0xC0 != 0x80 {
                    // Bytes that continue a character are not counted.
                    column += 1
                }
            }
            places[index] = SourceLocation(line: line, column: column)
        }
        return places
    }
}
