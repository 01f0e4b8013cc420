/// A place in a document.
package struct SourceLocation: Sendable, Hashable {
    /// From 1.
    package let line: Int
    /// From 1, in Unicode scalars.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A step of the way from the root of a response to a value.
package enum PathStep: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// The response name of a field.
    case name(String)
    /// The index in a list.
    case index(Int)

    package init(stringLiteral name: String) { self = .name(name) }
    package init(integerLiteral index: Int) { self = .index(index) }

    var json: JSONValue {
        switch self {
        case .name(let name): .string(name)
        case .index(let index): .int(index)
        }
    }
}

/// An error as the response of a request shows it.
package struct GraphQLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where in the work the error was found.
    package enum Stage: Sendable, Equatable {
        /// The document is no GraphQL.
        case syntax
        /// The document breaks this rule, by its name in the reference implementation.
        case validation(rule: String)
        /// The document or the request is more than ``Limits`` allow.
        case limit
        /// No operation of that name; or the operation may not be executed here.
        case operation
        /// The variables do not fit their types.
        case variables
        /// A field could not be resolved.
        case execution
    }

    package let stage: Stage
    package let message: String
    package var locations: [SourceLocation]
    /// nil for errors of the whole request.
    package var path: [PathStep]?
    package var extensions: JSONObject

    package init(
        _ stage: Stage, _ message: String, locations: [SourceLocation] = [], path: [PathStep]? = nil,
        extensions: JSONObject = [:]
    ) {
        self.stage = stage
        self.message = message
        self.locations = locations
        self.path = path
        self.extensions = extensions
    }

    /// `extensions.code`.
    package var code: String? { extensions["code"]?.string }

    package var description: String { message }

    /// The error as a member of `errors`.
    package var json: JSONObject {
        var object: JSONObject = ["message": .string(message)]
        if !locations.isEmpty {
            object.append(
                "locations", .list(locations.map { ["line": .int($0.line), "column": .int($0.column)] }))
        }
        if let path { object.append("path", .list(path.map(\.json))) }
        if !extensions.isEmpty { object.append("extensions", .object(extensions)) }
        return object
    }
}
