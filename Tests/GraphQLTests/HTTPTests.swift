import GraphQL
import Testing

@Suite struct HTTPTests {
    @Test(
        "chooses the media type that the client likes best",
        arguments: [
            (nil, "application/json"), ("", "application/json"), ("*/*", "application/json"),
            ("application/json", "application/json"), ("application/*", "application/json"),
            ("application/graphql-response+json", "application/graphql-response+json"),
            ("application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json"),
            ("application/json, application/graphql-response+json;q=0.9", "application/json"),
            ("application/graphql-response+json; charset=utf-8", "application/graphql-response+json"),
            ("APPLICATION/JSON ; Q=0.5", "application/json"), ("text/html", nil), ("application/json;q=0", nil),
            ("application/json; charset=latin1", nil), ("text/html, */*;q=0.1", "application/json"),
        ] as [(String?, String?)])
    func media(_ accept: String?, _ expected: String?) {
        #expect(GraphQLHTTP.media(accept: accept)?.rawValue == expected)
    }

    @Test("reads a body")
    func body() throws {
        let body = #"{"query":"{ a }","operationName":null,"variables":{"x":[1]},"extensions":{},"more":1}"#
        let request = try GraphQLHTTP.request(body: Array(body.utf8), contentType: "application/json; charset=UTF-8")
        #expect(request == GraphQLRequest("{ a }", variables: ["x": [1]]))
    }

    @Test(
        "refuses what is no request",
        arguments: [
            ("{\"query\":\"{a}\"}", "text/plain", 415), ("{\"query\":\"{a}\"}", nil, 415),
            ("{\"query\":\"{a}\"}", "application/json; charset=utf-16", 415), ("", "application/json", 400),
            ("[]", "application/json", 400), ("{}", "application/json", 400),
            ("{\"query\":1}", "application/json", 400), ("{\"query\":null}", "application/json", 400),
            ("{\"query\":\"{a}\",\"variables\":[]}", "application/json", 400),
            ("{\"query\":\"{a}\",\"variables\":\"{}\"}", "application/json", 400),
            ("{\"query\":\"{a}\",\"operationName\":7}", "application/json", 400),
            ("{\"query\":\"{a}\",\"extensions\":7}", "application/json", 400),
            ("{\"query\":\"{a}\",\"query\":\"{b}\"}", "application/json", 400),
        ] as [(String, String?, Int)])
    func refusals(_ body: String, _ type: String?, _ status: Int) {
        #expect {
            _ = try GraphQLHTTP.request(body: Array(body.utf8), contentType: type)
        } throws: { ($0 as? GraphQLHTTP.Refusal)?.status == status }
    }

    @Test("reads the parameters of a URL")
    func parameters() throws {
        let text = "query=query+Q(%24a%3aInt)%7Ba%7D&operationName=Q&variables=%7B%22a%22%3A1%7D&other=x"
        let request = try GraphQLHTTP.request(queryString: text)
        #expect(request == GraphQLRequest("query Q($a:Int){a}", operationName: "Q", variables: ["a": 1]))
        #expect(try GraphQLHTTP.request(queryString: "query={a}&variables=&operationName=") == GraphQLRequest("{a}"))
    }

    @Test(
        "refuses parameters of a URL that are wrong",
        arguments: [
            "", "a=b", "query=%", "query=%zz", "query=%FF", "query=a&query=b", "query=a&variables=[]",
            "query=a&variables={",
        ])
    func wrongParameters(_ text: String) {
        #expect {
            _ = try GraphQLHTTP.request(queryString: text)
        } throws: { ($0 as? GraphQLHTTP.Refusal)?.status == 400 }
    }

    @Test(
        "says by the status how it went",
        arguments: [
            ("{ hello }", 200, 200), ("{ strict }", 200, 200), ("{ nope }", 400, 200), ("{", 400, 200),
            ("query ($a: Int!) { need(it: $a) }", 400, 200), ("query A { hello } query B { hello }", 400, 200),
        ])
    func status(_ query: String, _ modern: Int, _ old: Int) async throws {
        let engine = GraphQLEngine(schema: try Sample.schema())
        let response = try await engine.execute(GraphQLRequest(query), context: (), root: Sample.data)
        #expect(GraphQLHTTP.status(of: response, as: .response) == modern)
        #expect(GraphQLHTTP.status(of: response, as: .json) == old)
    }
}
