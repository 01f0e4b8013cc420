/// Reads documents, §2: by recursive descent, never deeper than the limit says.
struct Parser {
    private var lexer: Lexer
    private var token: Token
    private let limits: Limits
    private var nesting = 0
    private var fields = 0
    private var aliases = 0
    private var directiveCount = 0

    /// The deepest nesting whatever the limits say, so that no stack can be too small.
    private static let deepest = 200

    /// - Throws: What is wrong with the document, or that it is more than the limits allow.
    static func parse(_ text: String, limits: Limits) throws(GraphQLError) -> DocumentNode {
        let bytes = Array(text.utf8)
        if bytes.count > limits.documentBytes {
            throw GraphQLError(
                .limit, "The document is larger than \(limits.documentBytes) bytes.",
                extensions: ["code": "QUERY_TOO_LARGE"])
        }
        var parser = try Parser(bytes: bytes, limits: limits)
        return try parser.document()
    }

    private init(bytes: [UInt8], limits: Limits) throws(GraphQLError) {
        self.limits = limits
        lexer = Lexer(bytes: bytes, tokens: limits.tokens)
        token = try lexer.next()
    }

    // MARK: Tokens

    private func unexpected(_ token: Token) -> GraphQLError {
        lexer.fault("Unexpected \(token.description).", at: token.start)
    }

    private func tooMuch(_ what: String) -> GraphQLError {
        GraphQLError(
            .limit, "The document has too many \(what).",
            locations: [SourceText(bytes: lexer.bytes).location(token.start)],
            extensions: ["code": "QUERY_TOO_LARGE"])
    }

    @discardableResult
    private mutating func advance() throws(GraphQLError) -> Token {
        let current = token
        token = try lexer.next()
        return current
    }

    private mutating func expect(_ kind: Token.Kind) throws(GraphQLError) -> Token {
        guard token.kind == kind else {
            throw lexer.fault("Expected \(kind.description), found \(token.description).", at: token.start)
        }
        return try advance()
    }

    private mutating func skip(_ kind: Token.Kind) throws(GraphQLError) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    private func isKeyword(_ word: String) -> Bool { token.kind == .name && token.text == word }

    private mutating func expectKeyword(_ word: String) throws(GraphQLError) {
        guard isKeyword(word) else {
            throw lexer.fault("Expected \"\(word)\", found \(token.description).", at: token.start)
        }
        try advance()
    }

    private mutating func skipKeyword(_ word: String) throws(GraphQLError) -> Bool {
        guard isKeyword(word) else { return false }
        try advance()
        return true
    }

    private mutating func name() throws(GraphQLError) -> Name {
        let token = try expect(.name)
        return Name(text: token.text, at: token.start)
    }

    private mutating func enter() throws(GraphQLError) {
        nesting += 1
        if nesting > min(limits.nesting, Parser.deepest) {
            throw GraphQLError(
                .limit, "The document is nested too deep.",
                locations: [SourceText(bytes: lexer.bytes).location(token.start)],
                extensions: ["code": "QUERY_TOO_DEEP"])
        }
    }

    private mutating func leave() { nesting -= 1 }

    // MARK: Definitions

    private mutating func document() throws(GraphQLError) -> DocumentNode {
        var definitions: [DocumentNode.Definition] = []
        repeat {
            if definitions.count == limits.definitions { throw tooMuch("definitions") }
            definitions.append(try definition())
        } while token.kind != .end
        return DocumentNode(definitions: definitions, source: SourceText(bytes: lexer.bytes), fieldCount: fields)
    }

    private static let typeKeywords: Set<String> = [
        "schema", "scalar", "type", "interface", "union", "enum", "input", "directive",
    ]

    private mutating func definition() throws(GraphQLError) -> DocumentNode.Definition {
        if token.kind == .openBrace {
            let start = token.start
            return .operation(
                OperationNode(
                    kind: .query, name: nil, variables: [], directives: [], selection: try selectionSet(), at: start,
                    isShorthand: true))
        }
        let start = token
        let isDescribed = token.kind == .string || token.kind == .blockString
        if isDescribed { try advance() }
        guard token.kind == .name else { throw unexpected(token) }
        if isDescribed, !Parser.typeKeywords.contains(token.text) {
            throw lexer.fault(
                "Unexpected description, descriptions are supported only on type definitions.", at: start.start)
        }
        if let kind = OperationKind(rawValue: token.text) { return .operation(try operation(kind)) }
        if token.text == "fragment" { return .fragment(try fragment()) }
        return .typeSystem(try typeSystemDefinition(), at: start.start)
    }

    private mutating func operation(_ kind: OperationKind) throws(GraphQLError) -> OperationNode {
        let start = try advance().start
        let name = token.kind == .name ? try name() : nil
        var variables: [VariableNode] = []
        if try skip(.openParenthesis) {
            repeat { variables.append(try variable()) } while try !skip(.closeParenthesis)
        }
        let directives = try directives(isConstant: false)
        return OperationNode(
            kind: kind, name: name, variables: variables, directives: directives, selection: try selectionSet(),
            at: start, isShorthand: false)
    }

    private mutating func variable() throws(GraphQLError) -> VariableNode {
        let start = try expect(.dollar).start
        let name = try name()
        _ = try expect(.colon)
        let type = try type()
        let value = try skip(.equals) ? try value(isConstant: true) : nil
        return VariableNode(
            name: name, type: type, defaultValue: value, directives: try directives(isConstant: true), at: start)
    }

    private mutating func type() throws(GraphQLError) -> TypeNode {
        let start = token.start
        let inner: TypeNode
        if try skip(.openBracket) {
            try enter()
            inner = TypeNode(kind: .list(try type()), at: start)
            leave()
            _ = try expect(.closeBracket)
        } else {
            let name = try name()
            inner = TypeNode(kind: .named(name.text), at: name.at)
        }
        return try skip(.bang) ? TypeNode(kind: .nonNull(inner), at: start) : inner
    }

    private mutating func fragment() throws(GraphQLError) -> FragmentNode {
        let start = try advance().start
        if isKeyword("on") { throw unexpected(token) }
        let name = try name()
        try expectKeyword("on")
        let condition = try self.name()
        let directives = try directives(isConstant: false)
        return FragmentNode(
            name: name, typeCondition: condition, directives: directives, selection: try selectionSet(), at: start)
    }

    // MARK: Selections

    private mutating func selectionSet() throws(GraphQLError) -> SelectionSet {
        let start = try expect(.openBrace).start
        try enter()
        var selections: [Selection] = []
        repeat { selections.append(try selection()) } while try !skip(.closeBrace)
        leave()
        return SelectionSet(selections: selections, at: start)
    }

    private mutating func selection() throws(GraphQLError) -> Selection {
        guard token.kind == .spread else { return .field(try field()) }
        let start = try advance().start
        let hasCondition = try skipKeyword("on")
        if !hasCondition, token.kind == .name {
            let name = try name()
            return .spread(SpreadNode(name: name, directives: try directives(isConstant: false), at: start))
        }
        let condition = hasCondition ? try name() : nil
        let directives = try directives(isConstant: false)
        return .inline(
            InlineNode(typeCondition: condition, directives: directives, selection: try selectionSet(), at: start))
    }

    private mutating func field() throws(GraphQLError) -> FieldNode {
        let id = fields
        fields += 1
        if fields > limits.fields { throw tooMuch("fields") }
        let first = try name()
        let second: Name?
        if try skip(.colon) {
            aliases += 1
            if aliases > limits.aliases { throw tooMuch("aliases") }
            second = try name()
        } else {
            second = nil
        }
        let arguments = try arguments(isConstant: false)
        let directives = try directives(isConstant: false)
        return FieldNode(
            id: id, alias: second == nil ? nil : first, name: second ?? first, arguments: arguments,
            directives: directives, selection: token.kind == .openBrace ? try selectionSet() : nil)
    }

    private mutating func arguments(isConstant: Bool) throws(GraphQLError) -> [ArgumentNode] {
        guard try skip(.openParenthesis) else { return [] }
        var arguments: [ArgumentNode] = []
        repeat {
            let name = try name()
            _ = try expect(.colon)
            arguments.append(ArgumentNode(name: name, value: try value(isConstant: isConstant)))
        } while try !skip(.closeParenthesis)
        return arguments
    }

    private mutating func directives(isConstant: Bool) throws(GraphQLError) -> [DirectiveNode] {
        var directives: [DirectiveNode] = []
        while token.kind == .at {
            directiveCount += 1
            if directiveCount > limits.directives { throw tooMuch("directives") }
            let start = try advance().start
            let name = try name()
            directives.append(DirectiveNode(name: name, arguments: try arguments(isConstant: isConstant), at: start))
        }
        return directives
    }

    // MARK: Values

    private mutating func value(isConstant: Bool) throws(GraphQLError) -> ValueNode {
        let start = token.start
        func node(_ kind: ValueNode.Kind) -> ValueNode { ValueNode(kind: kind, at: start) }
        switch token.kind {
        case .openBracket:
            try advance()
            try enter()
            var elements: [ValueNode] = []
            while try !skip(.closeBracket) { elements.append(try value(isConstant: isConstant)) }
            leave()
            return node(.list(elements))
        case .openBrace:
            try advance()
            try enter()
            var members: [ObjectMemberNode] = []
            while try !skip(.closeBrace) {
                let name = try name()
                _ = try expect(.colon)
                members.append(ObjectMemberNode(name: name, value: try value(isConstant: isConstant)))
            }
            leave()
            return node(.object(members))
        case .int: return node(.int(try advance().text))
        case .float: return node(.float(try advance().text))
        case .string, .blockString:
            let isBlock = token.kind == .blockString
            return node(.string(try advance().text, isBlock: isBlock))
        case .name:
            switch try advance().text {
            case "true": return node(.bool(true))
            case "false": return node(.bool(false))
            case "null": return node(.null)
            case let text: return node(.enum(text))
            }
        case .dollar:
            try advance()
            if isConstant {
                if token.kind == .name {
                    throw lexer.fault("Unexpected variable \"$\(token.text)\" in constant value.", at: start)
                }
                throw unexpected(Token(kind: .dollar, start: start, text: ""))
            }
            return node(.variable(try name().text))
        default: throw unexpected(token)
        }
    }

    // MARK: Definitions of types

    /// Reads over a definition of types: it may stand in a document, but can't be executed.
    ///
    /// - Returns: What messages call it.
    private mutating func typeSystemDefinition() throws(GraphQLError) -> String {
        let start = token
        var isExtension = false
        if token.text == "extend" {
            isExtension = true
            try advance()
        }
        guard token.kind == .name else { throw unexpected(token) }
        let keyword = token
        switch keyword.text {
        case "schema":
            try advance()
            let hasDirectives = try !directives(isConstant: true).isEmpty
            if !isExtension || token.kind == .openBrace {
                _ = try expect(.openBrace)
                repeat {
                    let operation = try expect(.name)
                    if OperationKind(rawValue: operation.text) == nil { throw unexpected(operation) }
                    _ = try expect(.colon)
                    _ = try name()
                } while try !skip(.closeBrace)
            } else if !hasDirectives {
                throw unexpected(token)
            }
            return "schema"
        case "scalar":
            try advance()
            let name = try name().text
            if try directives(isConstant: true).isEmpty, isExtension { throw unexpected(token) }
            return "\"\(name)\""
        case "type", "interface":
            try advance()
            let name = try name().text
            var hasMore = false
            if try skipKeyword("implements") {
                hasMore = true
                _ = try skip(.ampersand)
                repeat { _ = try self.name() } while try skip(.ampersand)
            }
            if try !directives(isConstant: true).isEmpty { hasMore = true }
            if token.kind == .openBrace {
                hasMore = true
                try fieldDefinitions()
            }
            if isExtension, !hasMore { throw unexpected(token) }
            return "\"\(name)\""
        case "union":
            try advance()
            let name = try name().text
            var hasMore = try !directives(isConstant: true).isEmpty
            if try skip(.equals) {
                hasMore = true
                _ = try skip(.pipe)
                repeat { _ = try self.name() } while try skip(.pipe)
            }
            if isExtension, !hasMore { throw unexpected(token) }
            return "\"\(name)\""
        case "enum":
            try advance()
            let name = try name().text
            var hasMore = try !directives(isConstant: true).isEmpty
            if try skip(.openBrace) {
                hasMore = true
                repeat {
                    try skipDescription()
                    if token.kind == .name, ["true", "false", "null"].contains(token.text) {
                        throw lexer.fault(
                            "\(token.description) is reserved and cannot be used for an enum value.", at: token.start)
                    }
                    _ = try self.name()
                    _ = try directives(isConstant: true)
                } while try !skip(.closeBrace)
            }
            if isExtension, !hasMore { throw unexpected(token) }
            return "\"\(name)\""
        case "input":
            try advance()
            let name = try name().text
            var hasMore = try !directives(isConstant: true).isEmpty
            if try skip(.openBrace) {
                hasMore = true
                repeat { try inputDefinition() } while try !skip(.closeBrace)
            }
            if isExtension, !hasMore { throw unexpected(token) }
            return "\"\(name)\""
        case "directive" where !isExtension:
            try advance()
            _ = try expect(.at)
            let name = try name().text
            try argumentDefinitions()
            _ = try skipKeyword("repeatable")
            try expectKeyword("on")
            _ = try skip(.pipe)
            repeat {
                let location = try expect(.name)
                if !DirectiveDefinition.allLocations.contains(location.text) { throw unexpected(location) }
            } while try skip(.pipe)
            return "\"\(name)\""
        default: throw unexpected(isExtension ? keyword : start)
        }
    }

    private mutating func skipDescription() throws(GraphQLError) {
        if token.kind == .string || token.kind == .blockString { try advance() }
    }

    private mutating func fieldDefinitions() throws(GraphQLError) {
        _ = try expect(.openBrace)
        repeat {
            try skipDescription()
            _ = try name()
            try argumentDefinitions()
            _ = try expect(.colon)
            _ = try type()
            _ = try directives(isConstant: true)
        } while try !skip(.closeBrace)
    }

    private mutating func argumentDefinitions() throws(GraphQLError) {
        guard try skip(.openParenthesis) else { return }
        repeat { try inputDefinition() } while try !skip(.closeParenthesis)
    }

    private mutating func inputDefinition() throws(GraphQLError) {
        try skipDescription()
        _ = try name()
        _ = try expect(.colon)
        _ = try type()
        if try skip(.equals) { _ = try value(isConstant: true) }
        _ = try directives(isConstant: true)
    }
}
