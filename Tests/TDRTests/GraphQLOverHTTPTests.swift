import Streams
import TDRTestSupport
import Testing

/// What the GraphQL-over-HTTP specification asks of a server, by the ids under which graphql-http's audits ask it.
@Suite struct GraphQLOverHTTPTests {
    /// One request, and what must be true of its answer.
    struct Audit: Sendable {
        let id: String
        let rule: String
        var method = "POST"
        var type: String? = "application/json"
        var accept: String?
        /// The body, or the query string of a GET.
        var text: String?
        var status: ClosedRange<Int>
        /// What the answer's content type begins with.
        var answers: String?
        var hasErrors: Bool?
        var hasData: Bool?
    }

    private static let modern = "application/graphql-response+json"
    private static let plain = "application/json"
    private static let asked = #"{"query":"{ __typename }"}"#
    private static let typed = #""query":"query Type($name: String!) { __type(name: $name) { name } }""#

    @Test("passes every audit of GraphQL over HTTP", .timeLimit(.minutes(3)))
    func audits() throws {
        let audits =
            GraphQLOverHTTPTests.media + GraphQLOverHTTPTests.requests + GraphQLOverHTTPTests.parameters
            + GraphQLOverHTTPTests.failures
        #expect(Set(audits.map(\.id)).count == audits.count)
        let bench = try ServerBench()
        _ = try bench.serving {
            for audit in audits { try GraphQLOverHTTPTests.check(audit, bench) }
            // BC58: who may not ask at all is told so by the status.
            for accept in [GraphQLOverHTTPTests.modern, GraphQLOverHTTPTests.plain] {
                let answer = try bench.send(
                    [
                        "-H", "Accept: \(accept)", "-H", "Content-Type: application/json", "-d",
                        "\(GraphQLOverHTTPTests.asked)", "\(bench.url)/graphql",
                    ], as: nil)
                #expect(answer.status == 401)
            }
        }
    }

    private static func check(_ audit: Audit, _ bench: ServerBench) throws {
        var arguments: [Argument] = [
            "curl", "-s", "--max-time", "60", "-w", "\n%{http_code} %{content_type}", "-H",
            "Authorization: Bearer \(bench.tokens["maria"] ?? "")", "-X", "\(audit.method)", "-H",
            // A field without a value is one that curl leaves out.
            "Accept:\(audit.accept.map { " " + $0 } ?? "")",
        ]
        var url = "\(bench.url)/graphql"
        if audit.method == "GET" {
            url += "?\(audit.text ?? "")"
        } else {
            arguments += ["-H", "Content-Type:\(audit.type.map { " " + $0 } ?? "")"]
            if let text = audit.text { arguments += ["--data-binary", "\(text)"] }
        }
        let done = try Program.run(BytePath("/usr/bin/env"), arguments + ["\(url)"])
        let lines = done.output.split(separator: "\n", omittingEmptySubsequences: false)
        let words = (lines.last ?? "").split(separator: " ", maxSplits: 1)
        let body = lines.dropLast().joined(separator: "\n")
        let told: Comment = "\(audit.id) \(audit.rule): \(done.output)"
        #expect(audit.status.contains(Int(words.first ?? "") ?? 0), told)
        let type = words.count > 1 ? String(words[1]) : ""
        if let answers = audit.answers { #expect(type.hasPrefix(answers), told) }
        // All that we answer is JSON in UTF-8, and says so.
        #expect(String(validating: done.stdout, as: UTF8.self) != nil, told)
        #expect(type.hasSuffix("; charset=utf-8"), told)
        let json = try? JSONValue(parsing: Array(body.utf8))
        #expect(json != nil, told)
        if let hasErrors = audit.hasErrors { #expect((json?["errors"] != nil) == hasErrors, told) }
        if let hasData = audit.hasData { #expect((json?["data"] != nil) == hasData, told) }
    }

    // MARK: Media types

    private static let media: [Audit] = [
        Audit(
            id: "22EB", rule: "answers in the modern media type whoever accepts it", accept: modern, text: asked,
            status: 200...200, answers: modern),
        Audit(
            id: "4655", rule: "answers in the old one whoever accepts that", accept: plain, text: asked,
            status: 200...200, answers: plain),
        Audit(
            id: "47DE", rule: "answers in the old one whoever accepts anything", accept: "*/*", text: asked,
            status: 200...200, answers: plain),
        Audit(
            id: "80D8", rule: "answers in the old one whoever says nothing", method: "GET",
            text: "query=%7B__typename%7D", status: 200...200, answers: plain),
        Audit(id: "82A3", rule: "answers in UTF-8", text: asked, status: 200...200),
        Audit(
            id: "BF61", rule: "takes requests in UTF-8", type: "application/json; charset=utf-8", text: asked,
            status: 200...200),
        Audit(id: "78D5", rule: "takes requests for UTF-8 that do not say", text: asked, status: 200...200),
        Audit(
            id: "406", rule: "says so when it cannot answer in a type that is accepted", accept: "text/html",
            text: asked,
            status: 406...406),
    ]

    // MARK: Requests

    private static let requests: [Audit] = [
        Audit(id: "2C94", rule: "takes POST", text: asked, status: 200...200),
        Audit(
            id: "5A70", rule: "takes GET with parameters in the URL", method: "GET", text: "query=%7B__typename%7D",
            status: 200...200, hasErrors: false),
        Audit(
            id: "9C48", rule: "makes no mutation for GET", method: "GET", accept: modern,
            text: "query=mutation%7B__typename%7D", status: 400...499, hasErrors: true),
        Audit(id: "9ABE", rule: "refuses a POST without a content type", type: nil, status: 400...499),
        Audit(id: "03D4", rule: "takes JSON", text: asked, status: 200...200),
        Audit(id: "7267", rule: "refuses a POST without a body", status: 200...499, hasErrors: true),
        Audit(
            id: "415", rule: "refuses a body of another type", type: "application/x-www-form-urlencoded",
            text: "query=%7B__typename%7D", status: 415...415),
        Audit(
            id: "D6D5", rule: "takes variables in the URL (modern)", method: "GET", accept: modern,
            text:
                "query=query%20T(%24n%3AString!)%7B__type(name%3A%24n)%7Bname%7D%7D&variables=%7B%22n%22%3A%22x%22%7D",
            status: 200...200),
        Audit(
            id: "6A70", rule: "takes variables in the URL (old)", method: "GET", accept: plain,
            text:
                "query=query%20T(%24n%3AString!)%7B__type(name%3A%24n)%7Bname%7D%7D&variables=%7B%22n%22%3A%22x%22%7D",
            status: 200...200, hasErrors: false),
    ]

    // MARK: Parameters

    /// A parameter that is wrong is a 400 to modern clients, and a 200 with errors to those that know no better.
    private static func wrong(_ modernID: String, _ plainID: String, _ rule: String, _ text: String) -> [Audit] {
        [
            Audit(
                id: modernID, rule: "refuses \(rule) (modern)", accept: modern, text: text, status: 400...400,
                hasErrors: true, hasData: false),
            Audit(
                id: plainID, rule: "refuses \(rule) (old)", accept: plain, text: text, status: 200...200,
                hasErrors: true, hasData: false),
        ]
    }

    /// One that is right is a 200 to both.
    private static func right(_ modernID: String, _ plainID: String, _ rule: String, _ text: String) -> [Audit] {
        [(modernID, modern), (plainID, plain)].map { id, accept in
            Audit(id: id, rule: "takes \(rule)", accept: accept, text: text, status: 200...200, hasErrors: false)
        }
    }

    private static let parameters: [Audit] = {
        var audits = wrong("6610", "3715", "a request without a query", #"{"notquery":"{ __typename }"}"#)
        let values = [#"{"obj":"ect"}"#, "0", "false", #"["array"]"#]
        for (at, value) in values.enumerated() {
            audits += wrong("4F5\(at)", "9FE\(at)", "a query that is \(value)", "{\"query\":\(value)}")
            audits += wrong(
                "E3E\(at)", "FB9\(at)", "an operation name that is \(value)",
                #"{"query":"{ __typename }","operationName":\#(value)}"#)
        }
        for (at, value) in [#""string""#, "0", "false", #"["array"]"#].enumerated() {
            audits += wrong(
                "69B\(at)", "F05\(at)", "variables that are \(value)",
                #"{"query":"{ __typename }","variables":\#(value)}"#)
            audits += wrong(
                "904\(at)", "368\(at)", "extensions that are \(value)",
                #"{"query":"{ __typename }","extensions":\#(value)}"#)
        }
        for (at, name) in ["variables", "operationName", "extensions"].enumerated() {
            audits += right(
                "94B\(at)", "022\(at)", "\(name) that are null", #"{"query":"{ __typename }","\#(name)":null}"#)
        }
        audits += right("34A2", "13EE", "a query", asked)
        audits += right(
            "8161", "B8B3", "an operation name", #"{"query":"query Query { __typename }","operationName":"Query"}"#)
        audits += right("2EA1", "28B9", "variables", "{\(typed),\"variables\":{\"name\":\"sometype\"}}")
        audits += right(
            "428F", "1B7A", "extensions", #"{"query":"{ __typename }","extensions":{"some":"value"}}"#)
        return audits
    }()

    // MARK: What cannot be executed

    private static let failures: [Audit] = [
        Audit(
            id: "D477", rule: "answers what is no JSON (old)", accept: plain, text: "{ \"not a JSON", status: 200...200,
            hasErrors: true),
        Audit(
            id: "F5AF", rule: "answers wrong parameters (old)", accept: plain, text: #"{"qeury":"{ __typename }"}"#,
            status: 200...200, hasErrors: true),
        Audit(
            id: "572B", rule: "answers a document that cannot be parsed (old)", accept: plain, text: #"{"query":"{"}"#,
            status: 200...200, hasErrors: true),
        Audit(
            id: "FDE2", rule: "answers a document that is not valid (old)", accept: plain,
            text: #"{"query":"{ nope }"}"#,
            status: 200...200, hasErrors: true),
        Audit(
            id: "60AA", rule: "refuses what is no JSON", accept: modern, text: "{ \"not a JSON", status: 400...599),
        Audit(
            id: "2163", rule: "refuses what is no JSON with 400", accept: modern, text: "{ \"not a JSON",
            status: 400...400, hasErrors: true),
        Audit(
            id: "3E36", rule: "refuses wrong parameters", accept: modern, text: #"{"qeury":"{ __typename }"}"#,
            status: 400...599),
        Audit(
            id: "17C5", rule: "refuses wrong parameters with 400", accept: modern,
            text: #"{"qeury":"{ __typename }"}"#, status: 400...400),
        Audit(
            id: "34D6", rule: "gives no data for wrong parameters", accept: modern,
            text: #"{"qeury":"{ __typename }"}"#, status: 400...400, hasData: false),
        Audit(
            id: "865D", rule: "refuses a document that cannot be parsed", accept: modern, text: #"{"query":"{"}"#,
            status: 400...599),
        Audit(
            id: "556A", rule: "refuses one with 400", accept: modern, text: #"{"query":"{"}"#, status: 400...400,
            hasErrors: true),
        Audit(
            id: "D586", rule: "gives no data for one", accept: modern, text: #"{"query":"{"}"#, status: 400...400,
            hasData: false),
        Audit(
            id: "51FE", rule: "refuses a document that is not valid", accept: modern, text: #"{"query":"{ nope }"}"#,
            status: 400...599),
        Audit(
            id: "74FF", rule: "refuses one that is not valid with 400", accept: modern, text: #"{"query":"{ nope }"}"#,
            status: 400...400, hasErrors: true),
        Audit(
            id: "5E5B", rule: "gives no data for one that is not valid", accept: modern,
            text: #"{"query":"{ nope }"}"#, status: 400...400, hasData: false),
        Audit(
            id: "EE52", rule: "answers 200 with what could be had, when a field failed", accept: modern,
            text:
                #"{"query":"{ getConsignment(consignmentid: \"00000000-0000-4000-8000-000000000000\") { userid } }"}"#,
            status: 200...200, hasErrors: true, hasData: true),
    ]
}
