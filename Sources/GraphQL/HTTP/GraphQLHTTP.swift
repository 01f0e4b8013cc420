/// GraphQL over HTTP, as its specification has it, for any server: from a body or URL parameters to a request, and from
/// an outcome to a media type and a status code.
///
/// ```swift
/// guard let media = GraphQLHTTP.media(accept: headers["accept"]) else { /* 406 */ }
/// let request = try GraphQLHTTP.request(body: bytes, contentType: headers["content-type"])
/// let response = try await engine.execute(request, context: context)
/// let status = GraphQLHTTP.status(of: response, as: media)
/// ```
package enum GraphQLHTTP {
    /// What a response may be.
    package enum Media: String, Sendable {
        /// The media type made for it: the status code says how it went.
        case response = "application/graphql-response+json"
        /// For clients that know no other: all that was understood is a 200.
        case json = "application/json"

        /// The value of `Content-Type`.
        package var contentType: String {
            switch self {
            case .response: "application/graphql-response+json; charset=utf-8"
            case .json: "application/json; charset=utf-8"
            }
        }
    }

    /// A request that is not even looked at.
    package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        /// 400, 405, 413 or 415.
        package let status: Int
        package let message: String

        package var description: String { message }

        /// What to answer.
        package var response: GraphQLResponse {
            GraphQLResponse(errors: [GraphQLError(.operation, message, extensions: ["code": "BAD_REQUEST"])])
        }
    }

    // MARK: Requests

    /// Reads the body of a `POST`.
    ///
    /// - Parameter contentType: The header, if there is one.
    /// - Throws: ``Refusal`` with 415 for any type but JSON in UTF-8, with 400 for what is no request.
    package static func request(
        body: [UInt8], contentType: String?, nesting: Int = 64
    ) throws(Refusal) -> GraphQLRequest {
        guard let contentType, case let type = MediaRange(contentType), type.type == Media.json.rawValue else {
            throw Refusal(status: 415, message: "The body of a request must be application/json.")
        }
        if let charset = type.parameters["charset"], charset != "utf-8", charset != "utf8" {
            throw Refusal(status: 415, message: "The body of a request must be in UTF-8.")
        }
        let json: JSONValue
        do { json = try JSONValue(parsing: body, nesting: nesting + 2) } catch {
            throw Refusal(status: 400, message: "The body of the request is no JSON: \(error).")
        }
        guard case .object(let members) = json else {
            throw Refusal(status: 400, message: "The body of a request must be a JSON object.")
        }
        return try request(members)
    }

    /// Reads the parameters of a `GET`; only queries may be executed for it.
    ///
    /// - Parameter queryString: What follows the question mark of the URL, as it came.
    /// - Throws: ``Refusal`` with 400.
    package static func request(queryString: String, nesting: Int = 64) throws(Refusal) -> GraphQLRequest {
        var members = JSONObject()
        for part in queryString.utf8.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(pair[0]), let text = decode(pair.count > 1 ? pair[1] : part[part.endIndex...])
            else {
                throw Refusal(status: 400, message: "The URL's parameters are not in UTF-8 and percent encoding.")
            }
            guard ["query", "operationName", "variables", "extensions"].contains(name) else { continue }
            if members[name] != nil {
                throw Refusal(status: 400, message: "The URL has two parameters \(name).")
            }
            switch name {
            case "variables" where !text.isEmpty, "extensions" where !text.isEmpty:
                do { members.append(name, try JSONValue(parsing: Array(text.utf8), nesting: nesting + 1)) } catch {
                    throw Refusal(status: 400, message: "The URL's parameter \(name) is no JSON: \(error).")
                }
            case "query": members.append(name, .string(text))
            default: if !text.isEmpty { members.append(name, .string(text)) }
            }
        }
        return try request(members)
    }

    private static func request(_ members: JSONObject) throws(Refusal) -> GraphQLRequest {
        guard case .string(let query) = members["query"] else {
            throw Refusal(status: 400, message: "The request has no text \"query\".")
        }
        var request = GraphQLRequest(query)
        switch members["operationName"] {
        case nil, .null: break
        case .string(let name): request.operationName = name
        default: throw Refusal(status: 400, message: "\"operationName\" must be a text.")
        }
        request.variables = try object("variables", of: members)
        request.extensions = try object("extensions", of: members)
        return request
    }

    private static func object(_ name: String, of members: JSONObject) throws(Refusal) -> JSONObject {
        switch members[name] {
        case nil, .null: return JSONObject()
        case .object(let object): return object
        default: throw Refusal(status: 400, message: "\"\(name)\" must be a JSON object.")
        }
    }

    /// Percent and plus decoding; nil for what is none, or no UTF-8.
    private static func decode(_ text: Substring.UTF8View) -> String? {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let first = Character(Unicode.Scalar(high)).hexDigitValue,
                    let second = Character(Unicode.Scalar(low)).hexDigitValue
                else { return nil }
                bytes.append(UInt8(first << 4 | second))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    // MARK: Responses

    /// What the client wants to get.
    ///
    /// - Parameter accept: The header, if there is one.
    /// - Returns: nil when it wants neither; answer 406.
    package static func media(accept: String?) -> Media? {
        guard let accept, !accept.allSatisfy({ $0 == " " }) else { return .json }
        var best: (media: Media, quality: Double)?
        for part in accept.split(separator: ",") {
            let range = MediaRange(String(part))
            let media: Media
            switch range.type {
            case Media.response.rawValue: media = .response
            case Media.json.rawValue, "application/*", "*/*": media = .json
            default: continue
            }
            if let charset = range.parameters["charset"], charset != "utf-8", charset != "utf8" { continue }
            let quality = range.parameters["q"].map { Double($0) ?? 0 } ?? 1
            if quality > best?.quality ?? 0 { best = (media, quality) }
        }
        return best?.media
    }

    /// Whether the client asks for the older media type by its name. Such a client may know no status but 200 and looks
    /// for errors in the body; one that takes anything is told the truth by the status.
    package static func asksForJSON(accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains { MediaRange(String($0)).type == Media.json.rawValue }
    }

    /// The status code that says how it went.
    package static func status(of response: GraphQLResponse, as media: Media) -> Int {
        if response.errors.first?.code == "METHOD_NOT_ALLOWED" { return 405 }
        if response.isExecuted { return 200 }
        return media == .json ? 200 : 400
    }

    /// `type/subtype; name=value`.
    private struct MediaRange {
        let type: String
        var parameters: [String: String] = [:]

        init(_ text: String) {
            // As nearly everybody writes it.
            if text == Media.json.rawValue {
                type = text
                return
            }
            let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { MediaRange.trimmed($0) }
            type = parts[0].lowercased()
            for part in parts.dropFirst() {
                let pair = part.split(separator: "=", maxSplits: 1)
                guard pair.count == 2 else { continue }
                let value = MediaRange.trimmed(pair[1]).lowercased()
                parameters[MediaRange.trimmed(pair[0]).lowercased()] =
                    value.hasPrefix("\"") && value.hasSuffix("\"") && value.count > 1
                    ? String(value.dropFirst().dropLast()) : value
            }
        }

        private static func trimmed(_ text: Substring) -> String {
            var text = text
            while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
            while let last = text.last, last == " " || last == "\t" { text.removeLast() }
            return String(text)
        }
    }
}
