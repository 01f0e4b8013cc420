import Glibc

/// A system call that failed: which, on what, and why.
public struct SystemFault: Error, Hashable, CustomStringConvertible {
    /// What was being done, as a verb: "open", "read", "sync".
    public let operation: String
    /// The thing it was done to, ready to be shown.
    public let subject: String
    /// The reason as `errno` has it.
    public let code: Int32

    /// A fault of `operation` on `subject`, for the reason in `errno` unless another is given.
    package init(_ operation: String, _ subject: String, code: Int32? = nil) {
        let code = code ?? errno
        self.operation = operation
        self.subject = subject
        self.code = code
    }

    package init(_ operation: String, _ subject: BytePath, code: Int32? = nil) {
        let code = code ?? errno
        self.init(operation, subject.display, code: code)
    }

    /// The system's own words for the reason.
    public var reason: String { String(cString: strerror(code)) }

    /// `cannot open 'x': No such file or directory`.
    public var description: String { "cannot \(operation) '\(subject)': \(reason)" }
}
