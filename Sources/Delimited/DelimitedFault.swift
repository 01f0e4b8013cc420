/// Why a text is not comma-separated values (RFC 4180) that anybody should go on reading.
package struct DelimitedFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of faults.
    package enum Kind: Hashable, Sendable {
        /// The bytes are not UTF-8.
        case notUTF8
        /// There is a NUL byte.
        case nul
        /// A quote stands inside a field that is not quoted.
        case strayQuote
        /// Something stands between a closing quote and the next separator.
        case afterQuote
        /// A quoted field has no end.
        case openQuote
        /// A field is longer than the limit.
        case fieldTooLong(limit: Int)
        /// A record has more fields than the limit.
        case tooManyFields(limit: Int)
        /// A record is longer than the limit.
        case recordTooLong(limit: Int)
    }

    /// What is wrong.
    package let kind: Kind
    /// The line of the text where it was found, from 1.
    package let line: Int
    /// The record, from 1.
    package let record: Int

    /// Whether it is the encoding that is wrong, not the form.
    package var isEncoding: Bool { kind == .notUTF8 }

    /// What was found, where, and what to do.
    package var description: String {
        let what =
            switch kind {
            case .notUTF8: "bytes that are not UTF-8; save the file as UTF-8"
            case .nul: "a NUL byte; save the file as CSV in UTF-8"
            case .strayQuote: "a quote inside a field that is not quoted; quote the field and double the quotes in it"
            case .afterQuote: "text after the closing quote of a field; double the quotes that belong to the field"
            case .openQuote: "a quoted field that does not end; close its quote"
            case .fieldTooLong(let limit): "a field of more than \(limit) bytes"
            case .tooManyFields(let limit): "more than \(limit) fields in a record"
            case .recordTooLong(let limit): "a record of more than \(limit) bytes"
            }
        return "line \(line): \(what)"
    }
}
