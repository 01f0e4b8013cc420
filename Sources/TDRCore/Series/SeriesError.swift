public import Streams

/// A series with its body.
public struct SeriesEntry: Sendable, Equatable {
    /// The body's name.
    public var body: String
    /// The body's code, as in `TDR-CRAN`; made from its initials when nil.
    public var bodyCode: String?
    /// The series' code, as in `CRAN 1`; nil for a body alone.
    public var code: String?
    /// The series' name; its code when nil.
    public var name: String?

    /// A series of a body, or a body alone.
    public init(body: String, bodyCode: String? = nil, code: String? = nil, name: String? = nil) {
        self.body = body
        self.bodyCode = bodyCode
        self.code = code
        self.name = name
    }
}

/// Why a series or a body is not taken.
public enum SeriesError: Error, CustomStringConvertible {
    /// Another body has the code.
    case codeOfAnotherBody(String, body: String)
    /// A name that no line of a bag's metadata can hold.
    case badName(String)
    /// The list cannot be read.
    case badList(BytePath, reason: String)

    /// What was found, and what to do.
    public var description: String {
        switch self {
        case .codeOfAnotherBody(let code, let body):
            "the code '\(code)' is that of the body '\(body)'; choose another, or name that body"
        case .badName(let what): "the \(what) is empty, has a line break or begins or ends with a blank"
        case .badList(let path, let reason): "cannot import '\(path.display)': \(reason); nothing was imported"
        }
    }
}
