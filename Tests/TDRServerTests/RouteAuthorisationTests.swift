import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// Which act each route is, of the API and of the pages.
@Suite struct RouteAuthorisationTests {
    private enum Rule {
        /// Anybody may.
        case open
        /// Whoever is known may.
        case known
        /// It is this act on the consignment of the path.
        case act(Act)
        /// The same, and they are one who reviews, and it is under review.
        case review(Act)
        /// It is this act, which is about nobody's things.
        case nobodys(Act, Set<Relation>)
    }

    private static let rules: [String: Rule] = [
        "GET /": .open, "GET /healthcheck": .open, "GET /healthcheck-full": .open, "POST /sign-in": .open,
        "GET /assets/{name}": .open, "GET /login": .open, "POST /login": .open, "GET /setup/{secret}": .open,
        "POST /setup/{secret}": .open, "GET /**": .open,
        "GET /schema.graphql": .known, "GET /graphql": .known, "POST /graphql": .known,
        "GET /metrics": .nobodys(.seeMetrics, [.none]),
        "PUT /consignments/{id}/files/{file}": .act(.upload), "HEAD /consignments/{id}/files/{file}": .act(.upload),
        "POST /consignments/{id}/files": .act(.upload), "GET /consignments/{id}/events": .act(.readConsignment),
        "GET /consignments/{id}/bag": .act(.fetchBag), "GET /consignments/{id}/metadata": .act(.readConsignment),
        "POST /consignments/{id}/metadata": .act(.writeFileMetadata),
        "POST /consignments/{id}/repairs": .act(.upload), "GET /consignments/{id}/report": .act(.readConsignment),
        "POST /consignments/{id}/report": .act(.readConsignment),
        "GET /consignments/{id}/duplicates": .act(.readConsignment),
        "GET /consignments/{id}/history": .act(.readHistory),
        // What scripts of the pages ask for.
        "PUT /pages/consignments/{id}/files/{file}": .act(.upload),
        "HEAD /pages/consignments/{id}/files/{file}": .act(.upload),
        "POST /pages/consignments/{id}/files": .act(.upload), "POST /pages/consignments/{id}/list": .act(.upload),
        "GET /pages/consignments/{id}/events": .act(.readConsignment),
        // The pages.
        "POST /logout": .known, "GET /account": .known, "POST /account/password": .known,
        "POST /account/sessions": .known, "GET /transfers": .known,
        "POST /transfers": .nobodys(.createStandard, [.none]),
        "GET /transfers/{id}": .act(.readConsignment), "GET /transfers/{id}/series": .act(.readConsignment),
        "POST /transfers/{id}/series": .act(.chooseSeries), "GET /transfers/{id}/agreement": .act(.readConsignment),
        "POST /transfers/{id}/agreement": .act(.writeConsignmentMetadata),
        "GET /transfers/{id}/upload": .act(.readConsignment), "POST /transfers/{id}/upload": .act(.upload),
        "GET /transfers/{id}/checks": .act(.readConsignment), "POST /transfers/{id}/checks": .act(.startChecks),
        "GET /transfers/{id}/results": .act(.readConsignment),
        "GET /transfers/{id}/failures.csv": .act(.readConsignment),
        "GET /transfers/{id}/failures.xlsx": .act(.readConsignment),
        "GET /transfers/{id}/failures.html": .act(.readConsignment),
        "GET /transfers/{id}/files/{file}": .act(.readConsignment),
        "POST /transfers/{id}/files": .act(.upload), "POST /transfers/{id}/files/{file}/replace": .act(.upload),
        "GET /transfers/{id}/details": .act(.readConsignment),
        "POST /transfers/{id}/details": .act(.writeConsignmentMetadata),
        "POST /transfers/{id}/files/{file}/withdraw": .act(.upload),
        "GET /transfers/{id}/metadata": .act(.readConsignment),
        "GET /transfers/{id}/metadata.csv": .act(.readConsignment),
        "POST /transfers/{id}/metadata": .act(.writeFileMetadata),
        "POST /transfers/{id}/metadata/none": .act(.writeFileMetadata),
        "GET /transfers/{id}/review": .act(.readConsignment), "POST /transfers/{id}/review": .act(.setOwnStatus),
        "GET /transfers/{id}/confirm": .act(.readConsignment), "POST /transfers/{id}/confirm": .act(.confirmTransfer),
        "GET /transfers/{id}/export": .act(.readConsignment), "POST /transfers/{id}/export": .act(.startExport),
        "GET /transfers/{id}/bag": .act(.fetchBag),
        "GET /reviews": .nobodys(.readConsignment, [.underReview]), "GET /reviews/{id}": .review(.readConsignment),
        "POST /reviews/{id}": .review(.setReviewStatus), "GET /reviews/{id}/metadata.csv": .review(.readConsignment),
        "GET /admin": administer, "GET /admin/doctor": administer, "GET /admin/events": administer,
        "GET /admin/work": administer, "GET /admin/quarantine": administer, "GET /admin/users": administer,
        "POST /admin/users": administer, "GET /admin/users/{login}": administer, "GET /admin/bodies": administer,
        "POST /admin/bodies": administer, "POST /admin/bodies/series": administer,
        "POST /admin/users/{login}/password": administer, "POST /admin/users/{login}/state": administer,
        "POST /admin/users/{login}/unlock": administer, "POST /admin/users/{login}/roles": administer,
        "POST /admin/users/{login}/sessions": administer, "POST /admin/users/{login}/tokens": administer,
        "POST /admin/users/{login}/tokens/revoke": administer,
        "POST /admin/quarantine/{id}/{file}/release": administer,
        "POST /admin/quarantine/{id}/{file}/purge": administer,
    ]

    private static let administer = Rule.nobodys(.administer, [.none])

    /// What belongs to the API and not to the pages: it takes tokens.
    private static func takesTokens(_ path: String) -> Bool {
        ["/consignments/", "/graphql", "/schema.graphql", "/metrics"].contains { path.hasPrefix($0) }
    }

    /// A server of the desk, and how to ask it.
    private struct Server {
        let desk: ServerDesk
        let routes: [String]
        private let responder: RouterResponder<APIContext>
        private let channel = NIOAsyncTestingChannel()

        init(_ desk: ServerDesk) async throws {
            self.desk = desk
            var options = ServerOptions(host: "127.0.0.1", port: 0, checks: CheckRequest(jobs: 1))
            options.offersBags = true
            options.exportTarget = desk.folder.path
            options.doctor = { _ in }
            options.logsRequests = false
            let server = APIServer(store: desk.store, options: options, version: "0", clock: { ServerDesk.now }) {
                throw CancellationError()
            }
            let router = try await server.router(
                desk.archive, .none, desk.archive.threads, SetupLink(isOpen: false), Logger(label: "test"))
            routes = router.routes.map { "\($0.method.rawValue) \($0.path)" }
            responder = router.buildResponder()
        }

        func ask(_ method: String, _ path: String, _ fields: HTTPFields, _ body: String = "") async throws -> Response {
            let head = HTTPRequest(
                method: try #require(HTTPRequest.Method(method)), scheme: "http", authority: "127.0.0.1", path: path,
                headerFields: fields)
            let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
            var logger = Logger(label: "test")
            logger[metadataKey: "hb.request.id"] = "test"
            let context = APIContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
            return try await responder.respond(to: request, context: context)
        }
    }

    /// A part of a list of files, as the page's script sends it.
    private static let list = """
        {"parentFolder":"R","includeTopLevelFolder":false,"files":[],"emptyFolders":[],"more":true}
        """
    private static let urlEncoded = "application/x-www-form-urlencoded"

    @Test("no route is without its act, and each lets nobody do more than that")
    func walk() async throws {
        let desk = try AuthorisationDesk()
        let store = desk.desk.folder.appending("store")
        // Every bag is there to be had.
        let bag = try desk.desk.folder.make("bag.tar.gz", "a bag")
        try StoreRows.execute(
            store,
            """
            UPDATE consignment SET exportLocation = '\(bag.text ?? "")';
            INSERT INTO consignmentStatus SELECT id, 'Export', 'Completed', 0, 0 FROM consignment;
            """)
        let server = try await Server(desk.desk)
        #expect(Set(server.routes) == Set(RouteAuthorisationTests.rules.keys), "routes and rules are not the same")
        var tokens: [Role: String] = [:]
        var secrets: [Role: String] = [:]
        for (role, somebody) in desk.people {
            tokens[role] = try desk.desk.store.makeToken(
                for: somebody.login, name: "t", scopes: Set(Scope.allCases), expires: nil, run: ServerDesk.run)
            secrets[role] = try desk.desk.store.beginSession(
                for: somebody, agent: "", peer: "", run: ServerDesk.run)
        }
        let victim = try desk.desk.principal("victim", [.standardUser])
        var wrong: [String] = []
        var (allowed, refused) = (0, 0)
        for (route, rule) in RouteAuthorisationTests.rules.sorted(by: { $0.key < $1.key }) {
            let words = route.split(separator: " ").map(String.init)
            let (method, path) = (words[0], words[1])
            func place(_ named: AuthorisationDesk.Named) -> String {
                path.replacing("{id}", with: "\(named.id)").replacing("{file}", with: "\(named.file)")
                    .replacing("{login}", with: victim.login)
            }
            let isToken = RouteAuthorisationTests.takesTokens(path)
            func fields(_ role: Role) -> (HTTPFields, String) {
                if isToken { return ([.authorization: "Bearer \(tokens[role] ?? "")"], "") }
                let visitor = Visitor(secret: secrets[role] ?? "", session: nil, isNew: false)
                var fields: HTTPFields = [.cookie: "tdr-session=\(visitor.secret)"]
                if let name = BrowserSession.tokenField { fields[name] = visitor.formToken }
                if method == "POST", !path.hasPrefix("/pages/") {
                    fields[.contentType] = RouteAuthorisationTests.urlEncoded
                }
                if path.hasSuffix("/list") { return (fields, RouteAuthorisationTests.list) }
                return (fields, method == "POST" && !path.hasPrefix("/pages/") ? "csrf=\(visitor.formToken)" : "")
            }
            if case .open = rule { continue }
            let somewhere = try desk.named(.own, .standardUser)
            let stranger = try await server.ask(
                method, place(somewhere),
                method == "POST" && !isToken ? [.contentType: RouteAuthorisationTests.urlEncoded] : [:])
            // A page leads to the door; a form of nobody's session is refused.
            if ![401, 403].contains(stranger.status.code),
                stranger.status.code != 303 || stranger.headers[.location]?.hasPrefix("/login") != true
            {
                wrong.append("\(route): nobody: \(stranger.status.code)")
            }
            for role in Role.allCases {
                let somebody = try #require(desk.people[role])
                for standing in AuthorisationDesk.Standing.allCases where standing != .onBehalf {
                    let named = try desk.named(standing, role)
                    let may: Bool
                    switch rule {
                    case .open, .known: continue
                    case .act(let act): may = AuthorisationDesk.allows(somebody, act, named)
                    case .review(let act):
                        may =
                            Access.allows(somebody, act, [.underReview])
                            && AuthorisationDesk.allows(somebody, act, named)
                            && named.facts?.isUnderReview == true
                    case .nobodys(let act, let relations):
                        guard standing == .own else { continue }
                        may = Access.allows(somebody, act, relations)
                    }
                    let (fields, body) = fields(role)
                    let answer = try await server.ask(method, place(named), fields, body)
                    if may { allowed += 1 } else { refused += 1 }
                    // What is not in quarantine is not there for the administrator either.
                    if may, path.hasPrefix("/admin/quarantine/") { continue }
                    if (answer.status.code == 404) == may || answer.status.code == 500
                        || [401, 403].contains(answer.status.code)
                    {
                        wrong.append("\(route): \(role) \(standing) \(may ? "may" : "may not"): \(answer.status.code)")
                    }
                }
            }
        }
        #expect(wrong == [], "\(wrong.count) of \(allowed + refused):\n\(wrong.prefix(40).joined(separator: "\n"))")
        #expect(allowed > 300 && refused > 2000, "\(allowed) \(refused)")
    }
}
