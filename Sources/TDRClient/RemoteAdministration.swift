public import Streams
public import TDRCore

/// What those do through a server who look after the archive: people, series, the quarantine, notices.
public struct RemoteAdministration: Sendable {
    private let client: APIClient

    /// Asks `client`.
    public init(_ client: APIClient) { self.client = client }

    private func strange(_ what: String) -> ClientError {
        .strange(client.server, reason: "\(what) that makes no sense")
    }

    /// What a mutation gives, whose name is the only field of the answer.
    private struct Done<Value: Decodable>: Decodable {
        let value: Value

        init(from decoder: any Decoder) throws {
            let fields = try decoder.singleValueContainer().decode([String: Value].self)
            guard let value = fields.values.first else {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no field"))
            }
            self.value = value
        }
    }

    /// Makes a change that takes one input.
    @discardableResult
    private func change<Input: Encodable, Value: Decodable>(
        _ name: String, _ argument: String, _ type: String, _ input: Input, _ selection: String = "",
        isRepeatable: Bool = false
    ) async throws -> Value {
        try await client.ask(
            "mutation($input: \(type)!) { \(name)(\(argument): $input) \(selection) }", ["input": input],
            as: Done<Value>.self, isRepeatable: isRepeatable
        ).value
    }

    // MARK: People

    private struct ToldUser: Decodable {
        struct Token: Decodable {
            let name: String
            let scopes: [String]
            let createdDatetime: String
            let expiresDatetime: String?
            let revokedDatetime: String?
        }
        let userId: String
        let login: String
        let name: String
        let email: String
        let body: String?
        let roles: [String]
        let hasPassword: Bool
        let isDisabled: Bool
        let createdDatetime: String
        let tokens: [Token]

        static let fields = """
            userId login name email body roles hasPassword isDisabled createdDatetime
            tokens { name scopes createdDatetime expiresDatetime revokedDatetime }
            """
    }

    private func user(_ told: ToldUser) throws -> User {
        guard let id = RecordID(told.userId), let created = Timestamp(told.createdDatetime) else {
            throw strange("a user")
        }
        // A role or scope that a newer server knows is passed over.
        return User(
            id: id, login: told.login, name: told.name, email: told.email, bodyCode: told.body,
            roles: Set(told.roles.compactMap { Role(rawValue: $0) }), hasPassword: told.hasPassword,
            isDisabled: told.isDisabled,
            created: created,
            tokens: try told.tokens.map { token in
                guard let created = Timestamp(token.createdDatetime) else { throw strange("a token") }
                return AccessToken(
                    name: token.name, scopes: Set(token.scopes.compactMap { Scope(rawValue: $0) }), created: created,
                    expires: token.expiresDatetime.flatMap { Timestamp($0) },
                    revoked: token.revokedDatetime.flatMap { Timestamp($0) })
            })
    }

    /// All users with their tokens, by login.
    public func users() async throws -> [User] {
        let told = try await client.ask(
            "{ users { \(ToldUser.fields) } }", [String: String](), as: Done<[ToldUser]>.self
        ).value
        return try told.map(user)
    }

    /// Adds a user, who has neither password nor token yet.
    public func addUser(_ new: NewUser) async throws -> User {
        struct Input: Encodable {
            let login: String
            let name: String
            let email: String
            let body: String?
            let roles: [String]
        }
        return try user(
            try await change(
                "addUser", "addUserInput", "AddUserInput",
                Input(
                    login: new.login, name: new.name, email: new.email, body: new.body,
                    roles: new.roles.map(\.rawValue).sorted()), "{ \(ToldUser.fields) }"))
    }

    /// Keeps a user out, or lets them in again.
    public func setDisabled(_ login: String, to isDisabled: Bool) async throws {
        struct Input: Encodable {
            let login: String
            let isDisabled: Bool
        }
        let _: Int = try await change(
            "setUserDisabled", "setUserDisabledInput", "SetUserDisabledInput",
            Input(login: login, isDisabled: isDisabled), isRepeatable: true)
    }

    /// Gives a user a password.
    public func setPassword(_ login: String, to password: String) async throws {
        let _: Int = try await change(
            "setUserPassword", "setUserPasswordInput", "SetUserPasswordInput",
            ["login": login, "password": password], isRepeatable: true)
    }

    /// Makes a token for a user: its secret.
    public func makeToken(
        for login: String, name: String, scopes: Set<Scope>, expires: Timestamp?
    ) async throws -> String {
        struct Input: Encodable {
            let login: String
            let name: String
            let scopes: [String]
            let expiresDatetime: String?
        }
        return try await change(
            "makeUserToken", "makeUserTokenInput", "MakeUserTokenInput",
            Input(
                login: login, name: name, scopes: scopes.map(\.rawValue).sorted(),
                expiresDatetime: expires?.description))
    }

    /// Ends the tokens of a user that have this name, or all of them; how many.
    public func revokeTokens(of login: String, name: String?) async throws -> Int {
        try await change(
            "revokeUserTokens", "revokeUserTokensInput", "RevokeUserTokensInput", ["login": login, "name": name])
    }

    // MARK: Series

    private struct ToldBody: Decodable {
        struct Series: Decodable {
            let code: String
            let name: String
        }
        let name: String
        let code: String
        let series: [Series]
    }

    /// The series that one may see with their bodies, bodies without any too.
    public func series() async throws -> [SeriesEntry] {
        try await client.ask(
            "{ bodies { name code series { code name } } }", [String: String](), as: Done<[ToldBody]>.self
        ).value.flatMap { body in
            let entries = body.series.map {
                SeriesEntry(body: body.name, bodyCode: body.code, code: $0.code, name: $0.name)
            }
            return entries.isEmpty ? [SeriesEntry(body: body.name, bodyCode: body.code)] : entries
        }
    }

    /// Makes the series and bodies that are new, all of them or none: how many there were not before.
    public func add(_ entries: [SeriesEntry]) async throws -> Int {
        struct Input: Encodable {
            struct Entry: Encodable {
                let body: String
                let bodyCode: String?
                let code: String?
                let name: String?
            }
            let entries: [Entry]
        }
        return try await change(
            "addSeries", "addSeriesInput", "AddSeriesInput",
            Input(
                entries: entries.map { .init(body: $0.body, bodyCode: $0.bodyCode, code: $0.code, name: $0.name) }),
            isRepeatable: true)
    }

    // MARK: Quarantine

    private struct ToldFile: Decodable {
        let fileId: String
        let consignmentReference: String
        let path: String
        let state: String
        let found: String
        let reason: String?
        let sinceDatetime: String
    }

    /// The files of one consignment, or of all, that are or were in quarantine.
    public func quarantined(in reference: String?) async throws -> [QuarantinedFile] {
        struct Variables: Encodable {
            let id: String?
            let page: Int
        }
        let id = try await self.id(reference)
        var found: [QuarantinedFile] = []
        for page in 0... {
            let told = try await client.ask(
                """
                query($id: UUID, $page: Int) { quarantinedFiles(consignmentid: $id, currentPage: $page)
                    { fileId consignmentReference path state found reason sinceDatetime } }
                """, Variables(id: id, page: page), as: Done<[ToldFile]>.self
            ).value
            if told.isEmpty { break }
            found += try told.map { one in
                guard let id = RecordID(one.fileId), let reference = ConsignmentReference(one.consignmentReference),
                    let path = RelativePath(bytes(ofDisplayName: one.path)),
                    let state = QuarantineState(rawValue: one.state),
                    let since = Timestamp(one.sinceDatetime)
                else { throw strange("a file in quarantine") }
                return QuarantinedFile(
                    id: id, reference: reference, path: path, state: state, found: one.found, reason: one.reason,
                    since: since)
            }
        }
        return found
    }

    /// Puts a file back among the objects, or destroys its bytes.
    ///
    /// - Throws: ``ClientError/unknownFile(_:reference:)``, ``ClientError``.
    public func decide(
        _ state: QuarantineState, _ typed: BytePath, of reference: String, reason: String
    ) async throws {
        let files = try await quarantined(in: reference)
        let candidates = typed.entryCandidates
        guard let file = files.first(where: { candidates.contains($0.path) }) else {
            throw ClientError.unknownFile(typed, reference: reference)
        }
        let name = state == .purged ? "purgeFromQuarantine" : "releaseFromQuarantine"
        let _: Int = try await change(
            name, "quarantineInput", "QuarantineInput",
            ["consignmentId": try await id(reference), "fileId": file.id.description, "reason": reason])
    }

    private func id(_ reference: String?) async throws -> String? {
        guard let reference else { return nil }
        return try await RemoteStatus(client).report(on: reference).consignment.id.description
    }

    // MARK: Notices and exports

    private struct ToldNotice: Decodable {
        struct Delivery: Decodable {
            let channel: String
            let deliveredDatetime: String?
            let attempts: Int
            let nextAttemptDatetime: String
            let fault: String?
        }
        let number: Int64
        let id: String
        let consignmentReference: String
        let datetime: String
        let event: String
        let message: String
        let deliveries: [Delivery]
    }

    /// Calls `body` with each notice, of one consignment or all, oldest first.
    public func forEachNotice(of reference: String?, _ body: (KeptNotice) throws -> Void) async throws {
        struct Variables: Encodable {
            let id: String?
            let cursor: Int64
        }
        let id = try await self.id(reference)
        var last: Int64 = 0
        while true {
            let told = try await client.ask(
                """
                query($id: UUID, $cursor: Long) { notices(consignmentid: $id, currentCursor: $cursor) {
                    number id consignmentReference datetime event message
                    deliveries { channel deliveredDatetime attempts nextAttemptDatetime fault } } }
                """, Variables(id: id, cursor: last), as: Done<[ToldNotice]>.self
            ).value
            for one in told {
                guard let id = RecordID(one.id), let reference = ConsignmentReference(one.consignmentReference),
                    let datetime = Timestamp(one.datetime)
                else { throw strange("a notice") }
                try body(
                    KeptNotice(
                        id: id, reference: reference, datetime: datetime, event: one.event, message: one.message,
                        deliveries: try one.deliveries.map { state in
                            guard let next = Timestamp(state.nextAttemptDatetime) else { throw strange("a notice") }
                            return NoticeState(
                                told: state.channel, delivered: state.deliveredDatetime.flatMap { Timestamp($0) },
                                attempts: state.attempts, nextAttempt: next, fault: state.fault)
                        }))
            }
            guard let next = told.last?.number else { return }
            last = next
        }
    }

    private struct ToldRun: Decodable {
        let endedDatetime: String
        let target: String
        let exported: Int
        let notReady: Int
        let failed: Int
    }

    private struct ToldReadiness: Decodable {
        let ready: [String]
        let lastRun: ToldRun?
        let lastSuccess: ToldRun?
    }

    /// The consignments that wait for an export, by reference, and how the runs over what was ready went.
    public func readiness() async throws -> (
        ready: [ConsignmentReference], runs: (last: PastReadyRun, lastSuccess: PastReadyRun?)?
    ) {
        let fields = "{ endedDatetime target exported notReady failed }"
        let told = try await client.ask(
            "{ exportReadiness { ready lastRun \(fields) lastSuccess \(fields) } }", [String: String](),
            as: Done<ToldReadiness>.self
        ).value
        func run(_ told: ToldRun) throws -> PastReadyRun {
            guard let ended = Timestamp(told.endedDatetime) else { throw strange("a run") }
            return PastReadyRun(
                ended: ended, target: BytePath(bytes(ofDisplayName: told.target)), exported: told.exported,
                notReady: told.notReady, failed: told.failed)
        }
        let last = try told.lastRun.map(run)
        let lastSuccess = try told.lastSuccess.map(run)
        return (
            try told.ready.map { text in
                guard let reference = ConsignmentReference(text) else { throw strange("a reference") }
                return reference
            }, last.map { ($0, lastSuccess) }
        )
    }
}
