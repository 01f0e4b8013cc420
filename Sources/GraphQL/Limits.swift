/// How much a request may ask for. What is more is refused before anything is resolved.
package struct Limits: Sendable, Equatable {
    /// Bytes of a document.
    package var documentBytes = 256 * 1024
    /// Tokens of a document.
    package var tokens = 20_000
    /// How deep braces, brackets and types may be nested while parsing; more than 200 counts as 200.
    package var nesting = 100
    /// Fields written in a document.
    package var fields = 5_000
    /// Aliases written in a document.
    package var aliases = 500
    /// Directives written in a document.
    package var directives = 500
    /// Definitions (operations and fragments) of a document.
    package var definitions = 200
    /// How deep fields may be nested, fragments expanded; introspection is not counted.
    package var depth = 20
    /// How deep lists of introspection may be nested in each other.
    package var introspectionDepth = 3
    /// What an operation may cost: the sum over all fields, where a list multiplies what is selected in it.
    package var cost = 1_000_000
    /// Errors of validation that are told.
    package var errors = 100
    /// Errors of fields that are told; the others are counted in `extensions.moreErrors`.
    package var fieldErrors = 1_000
    /// How deep variables may be nested.
    package var variableNesting = 64

    package init() {}
}
