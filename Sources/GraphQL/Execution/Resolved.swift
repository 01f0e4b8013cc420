/// What a resolver gives for one parent.
package enum Resolved: Sendable {
    case null
    /// A leaf: the value of a scalar, or the name of a value of an enum.
    case leaf(JSONValue)
    /// An object: the parent of what is selected in it. The type is said where an interface or union leaves it open.
    case object(any Sendable, as: String? = nil)
    case list([Resolved])
    /// An error in place of this value alone; what is not a ``FieldError`` is shown as ``GraphQLEngine`` was told.
    case failure(any Error)

    /// The object, or null.
    package static func object<Value: Sendable>(optional value: Value?, as type: String? = nil) -> Resolved {
        if let value { .object(value, as: type) } else { .null }
    }

    /// A list of objects.
    package static func objects(_ values: some Sequence<some Sendable>, as type: String? = nil) -> Resolved {
        .list(values.map { .object($0, as: type) })
    }

    /// A text, or null.
    package static func string(_ value: String?) -> Resolved { value.map { .leaf(.string($0)) } ?? .null }
    /// A whole number, or null.
    package static func int(_ value: Int?) -> Resolved { value.map { .leaf(.int($0)) } ?? .null }
    /// A truth value, or null.
    package static func bool(_ value: Bool?) -> Resolved { value.map { .leaf(.bool($0)) } ?? .null }
}

/// What can be said as ``Resolved`` without more ado.
package protocol Resolvable {
    /// The same as the result of a resolver.
    var resolved: Resolved { get }
}

extension Resolved: Resolvable {
    package var resolved: Resolved { self }
}

extension JSONValue: Resolvable {
    package var resolved: Resolved { self == .null ? .null : .leaf(self) }
}

extension String: Resolvable {
    package var resolved: Resolved { .leaf(.string(self)) }
}

extension Int: Resolvable {
    package var resolved: Resolved { .leaf(.int(self)) }
}

extension Double: Resolvable {
    package var resolved: Resolved { .leaf(.float(self)) }
}

extension Bool: Resolvable {
    package var resolved: Resolved { .leaf(.bool(self)) }
}

extension Optional: Resolvable where Wrapped: Resolvable {
    package var resolved: Resolved { self?.resolved ?? .null }
}

extension Array: Resolvable where Element: Resolvable {
    package var resolved: Resolved { .list(map(\.resolved)) }
}

/// An error that the client is shown: throw it in a resolver.
package struct FieldError: Error, Sendable, Equatable, CustomStringConvertible {
    package let message: String
    /// For programs: `extensions.code` of the error.
    package let code: String?
    /// More members of `extensions`.
    package let extensions: JSONObject

    package init(_ message: String, code: String? = nil, extensions: JSONObject = [:]) {
        self.message = message
        self.code = code
        self.extensions = extensions
    }

    package var description: String { message }
}
