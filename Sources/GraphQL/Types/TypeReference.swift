/// The type of a field, an argument or an input field as SDL writes it: `File`, `[File!]!`.
///
/// Written as a string literal; ``Schema/init(query:mutation:types:directives:)`` says what is wrong with one that is no type.
package indirect enum TypeReference: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    case named(String)
    case list(TypeReference)
    case nonNull(TypeReference)
    /// What was written instead of a type.
    case malformed(String)

    package init(stringLiteral text: String) { self.init(text) }

    /// The type that is written so.
    package init(_ text: String) {
        var rest = text[...]
        if let type = TypeReference.parse(&rest), rest.isEmpty { self = type } else { self = .malformed(text) }
    }

    private static func parse(_ rest: inout Substring) -> TypeReference? {
        var type: TypeReference
        if rest.first == "[" {
            rest.removeFirst()
            guard let inner = parse(&rest), rest.first == "]" else { return nil }
            rest.removeFirst()
            type = .list(inner)
        } else {
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            guard let first = name.first, !first.isNumber else { return nil }
            rest = rest[name.endIndex...]
            type = .named(String(name))
        }
        if rest.first == "!" {
            rest.removeFirst()
            type = .nonNull(type)
        }
        return type
    }

    package var description: String {
        switch self {
        case .named(let name): name
        case .list(let type): "[\(type)]"
        case .nonNull(let type): "\(type)!"
        case .malformed(let text): text
        }
    }
}
