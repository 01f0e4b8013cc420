import FoundationEssentials
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Streams
import TDRCore

/// The web pages: a transfer by people who never open a terminal. Plain forms and links; only the upload needs JavaScript.
struct Pages: Sendable {
    /// What a page shows: names for its template.
    typealias Model = [String: Any]

    let archive: Archive
    let files: PageFiles
    let texts: PageTexts
    let cookies: Cookies
    /// One thread for passwords, so that a flood of tries takes one core at most.
    let passwordThread: BlockingExecutor
    let setup: SetupLink
    /// With which people may sign in beside passwords.
    let openID: OpenIDProvider?
    let clock: @Sendable () -> Timestamp
    let options: ServerOptions
    let tries = Crowd()
    /// Those who wait for an OpenID provider: one that hangs keeps nobody from signing in with a password.
    let providerTries = Crowd()
    /// Tries by where they come from, of both kinds for themselves.
    let passwordPeers = PeerTries()
    let providerPeers = PeerTries()
    let formats = FormatCounts()

    init(
        archive: Archive, passwordThread: BlockingExecutor, setup: SetupLink, openID: OpenIDProvider?,
        clock: @escaping @Sendable () -> Timestamp, options: ServerOptions
    ) throws {
        self.archive = archive
        self.passwordThread = passwordThread
        self.setup = setup
        self.openID = openID
        self.clock = clock
        self.options = options
        files = try PageFiles()
        var texts = try PageTexts(files.files["en.json"]?.bytes ?? [])
        if let path = options.pageTexts {
            do {
                texts = texts.replaced(by: try PageTexts(try Pages.read(path)))
            } catch {
                throw ServerError.badTexts(path, reason: "\(error)")
            }
        }
        self.texts = texts
        cookies = Cookies(hasTLS: options.tls != nil)
    }

    private static func read(_ path: BytePath) throws -> [UInt8] {
        let file = try OpenFile.reading(path)
        let size = Int(try file.status().size)
        let buffer = Buffer(count: max(1, min(size, 1 << 20)))
        return Array(buffer.prefix(try file.fill(buffer.bytes)))
    }

    /// Adds all pages, and what their scripts ask for.
    func add(to router: RouterGroup<APIContext>) {
        router.get("assets/:name", use: asset)
        let session = BrowserSession(archive: archive, cookies: cookies, texts: texts)
        let pages = router.group().add(middleware: PageFrame(pages: self, session: session))
        addSignIn(to: pages)
        addProvider(to: pages)
        addAccount(to: pages)
        addTransfers(to: pages)
        addChecks(to: pages)
        addResults(to: pages)
        addFiles(to: pages)
        addAdding(to: pages)
        addMetadata(to: pages)
        addReviews(to: pages)
        addEnd(to: pages)
        addAdministration(to: pages)
        pages.get("**") { _, _ -> Response in throw APIError.notFound }
        let scripts = router.group("pages").add(middleware: session)
        addUpload(to: scripts)
        FileRoutes(archive: archive).add(to: scripts)
        BundleRoute(archive: archive).add(to: scripts)
        ProgressEvents(archive: archive).add(to: scripts)
    }

    @Sendable private func asset(_ request: Request, context: APIContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard let file = files.files[name] else { throw APIError.notFound }
        var headers: HTTPFields = [
            .contentType: file.type, .eTag: file.tag, .cacheControl: "no-cache",
        ]
        // A worker keeps the rules that come with its own script; only this one compiles anything.
        PageFrame.addPolicy(to: &headers, mayCompile: name == "hash-worker.js")
        if request.headers[.ifNoneMatch] == file.tag { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    // MARK: Routes

    /// A page that is shown to anybody who is signed in.
    func get(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Request, APIContext, Principal) async throws -> Response
    ) {
        group.get(RouterPath(path)) { request, context in
            guard let principal = context.principal else {
                return Pages.redirect("/login?next=" + Pages.encoded(request.uri.path))
            }
            return try await body(request, context, principal)
        }
    }

    /// A change by somebody who is signed in; refused without the form's token.
    func post(
        _ group: RouterGroup<APIContext>, _ path: String,
        _ body: @escaping @Sendable (Form, APIContext, Principal) async throws -> Response
    ) {
        group.post(RouterPath(path)) { request, context in
            let form = try await Pages.ownForm(request, context)
            guard let principal = context.principal else { throw PageError.signedOut }
            return try await body(form, context, principal)
        }
    }

    /// The same with a form that has a file of at most `limit` bytes in it, for the transfer `:id` of the path. Nothing is kept
    /// for somebody who may not do `act` to it.
    func postFile(
        _ group: RouterGroup<APIContext>, _ path: String, _ act: Act, atMost limit: Int64,
        _ body: @escaping @Sendable (FileForm, APIContext, Principal) async throws -> Response
    ) {
        group.post(RouterPath(path)) { request, context in
            guard let principal = context.principal else { throw PageError.signedOut }
            _ = try await report(act, principal, context)
            return try await body(
                try await FileForm.received(request, context, in: archive, atMost: limit), context, principal)
        }
    }

    /// A form that one of our pages has sent.
    ///
    /// - Throws: ``PageError``.
    static func ownForm(_ request: Request, _ context: APIContext) async throws -> Form {
        let form = try await Form(request)
        guard let visitor = context.visitor, visitor.owns(form["csrf"]) else { throw PageError.otherSite }
        return form
    }

    // MARK: Answers

    /// A page from its template.
    func page(
        _ template: String, title: String, _ model: Model = [:], _ context: APIContext,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        // What a page shows is for whoever is signed in now, and stays in no cache.
        Response(
            status: status, headers: Pages.pageHeaders,
            body: .init(byteBuffer: ByteBuffer(string: html(template, title: title, model, context))))
    }

    private static var pageHeaders: HTTPFields {
        [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"]
    }

    /// A page whose `{{{rows}}}` are sent as they become known, so that nobody looks at nothing until the last of them is
    /// there.
    ///
    /// - Parameter body: gets what adds rows, by their template.
    func growingPage(
        _ template: String, title: String, _ context: APIContext,
        _ body: @escaping @Sendable ((String, Model) async throws -> Void) async throws -> Void
    ) -> Response {
        // No text of a page can hold it: what is let through is escaped.
        let mark = "<!-- rows -->"
        let parts = html(template, title: title, ["rows": mark], context).split(separator: mark, maxSplits: 1)
        return Response(
            status: .ok, headers: Pages.pageHeaders,
            body: ResponseBody { [files, texts] writer in
                try await writer.write(ByteBuffer(substring: parts.first ?? ""))
                try await body { template, model in
                    var all = model
                    all["t"] = texts.groups
                    let rows = files.templates.render(all, withTemplate: template) ?? ""
                    try await writer.write(ByteBuffer(string: rows))
                }
                try await writer.write(ByteBuffer(substring: parts.dropFirst().first ?? ""))
                try await writer.finish(nil)
            })
    }

    private func html(_ template: String, title: String, _ model: Model, _ context: APIContext) -> String {
        var all = model
        all["t"] = texts.groups
        all["csrf"] = context.visitor?.formToken ?? ""
        all["title"] = title
        all["requestID"] = context.requestID
        if let principal = context.principal {
            all["user"] = principal.name
            all["signedIn"] = true
            all["isAdministrator"] = Access.allows(principal, .administer, [.none])
            all["isReviewing"] = Access.allows(principal, .readConsignment, [.underReview])
            all["isTransferring"] =
                Access.allows(principal, .createStandard, [.none])
                || Access.allows(principal, .createJudgment, [.none])
        }
        all["content"] = files.templates.render(all, withTemplate: template) ?? ""
        return files.templates.render(all, withTemplate: "layout") ?? ""
    }

    /// Sends the browser on, as after a form.
    static func redirect(_ place: String) -> Response {
        Response(status: .seeOther, headers: [.location: place])
    }

    /// A text as a part of an address.
    static func encoded(_ text: String) -> String { encoded(Array(text.utf8)) }

    /// Bytes as a part of an address.
    static func encoded(_ bytes: [UInt8]) -> String {
        var out = ""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + Hex.encode([byte]).uppercased()
            }
        }
        return out
    }

    /// Does what blocks on threads that may.
    func work<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
        try await onThreads(archive.threads, body)
    }

    /// How a change of `principal` on a page is recorded.
    func run(_ principal: Principal, _ what: String) -> RunInfo { archive.run(principal, "page: \(what)") }
}
