/// What a client is answered.
package struct GraphQLResponse: Sendable {
    /// What was selected; nil when nothing was executed, `.null` when an error went up to the root.
    package var data: JSONValue? { result.map(\.json) }
    /// The errors, in the order of the document as far as it is known.
    package let errors: [GraphQLError]
    /// Members of `extensions`; none: the member is left out.
    package var extensions: JSONObject
    let result: ResultTree?

    init(result: ResultTree, errors: [GraphQLError], extensions: JSONObject = [:]) {
        self.result = result
        self.errors = errors
        self.extensions = extensions
    }

    /// The answer to a request of which nothing was executed.
    package init(errors: [GraphQLError]) {
        result = nil
        self.errors = errors
        extensions = [:]
    }

    /// Whether anything was executed: the difference between the status codes 200 and 400.
    package var isExecuted: Bool { result != nil }

    /// Appends the response as compact JSON.
    package func write(into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        if !errors.isEmpty {
            bytes.append(contentsOf: Array("\"errors\":[".utf8))
            for (index, error) in errors.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                error.json.write(into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        if let result {
            if !errors.isEmpty { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: Array("\"data\":".utf8))
            result.write(into: &bytes)
        }
        if !extensions.isEmpty {
            bytes.append(contentsOf: Array(",\"extensions\":".utf8))
            extensions.write(into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The response as compact JSON.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return bytes
    }
}
