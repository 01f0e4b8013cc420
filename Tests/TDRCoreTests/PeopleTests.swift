import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Users, passwords and tokens.
@Suite struct PeopleTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    /// A store whose clock the test moves.
    private final class Desk: Sendable {
        let folder: TemporaryFolder
        let store: Store
        private let time: Clock

        final class Clock: Sendable {
            let now = Guarded(Timestamp(milliseconds: 1_800_000_000_000))
        }

        init() throws {
            folder = try TemporaryFolder()
            let clock = Clock()
            time = clock
            store = try Store(at: folder.appending("store"), .create) { clock.now.withLock { $0 } }
        }

        var path: BytePath { folder.appending("store") }
        var now: Timestamp { time.now.withLock { $0 } }

        func pass(seconds: Int64) {
            time.now.withLock { $0 = Timestamp(milliseconds: $0.milliseconds + seconds * 1000) }
        }

        @discardableResult
        func add(_ login: String, _ roles: Set<Role> = [.reporting]) throws -> User {
            try store.addUser(
                NewUser(login: login, name: "Some Body", email: "some@example.org", body: nil, roles: roles),
                run: PeopleTests.run)
        }

        func token(_ login: String, _ scopes: Set<Scope> = [.read], expires: Timestamp? = nil) throws -> String {
            try store.makeToken(
                for: login, name: "t\(RecordID.random())", scopes: scopes, expires: expires, run: PeopleTests.run)
        }

        func isKnown(_ token: String) throws -> Bool {
            if case .known = try store.principal(forToken: token) { true } else { false }
        }
    }

    @Test("knows the owner of a token, with their roles and the token's scopes")
    func token() throws {
        let desk = try Desk()
        let user = try desk.add("maria", [.reporting, .transferAdviser])
        let token = try desk.token("maria", [.read, .review])
        guard case .known(let principal) = try desk.store.principal(forToken: token) else {
            Issue.record("the token is not known")
            return
        }
        #expect(principal.id == user.id)
        #expect(principal.roles == [.reporting, .transferAdviser])
        #expect(principal.scopes == [.read, .review])
    }

    @Test("keeps no token and no password, neither in the database nor in its history")
    func secrets() throws {
        let desk = try Desk()
        try desk.add("maria")
        let token = try desk.token("maria")
        try desk.store.setPassword("maria", to: "correct horse battery", run: PeopleTests.run)
        _ = try desk.store.signIn("maria", "wrong staple horse", run: PeopleTests.run)
        for suffix in ["", "-wal"] {
            let bytes = try readWhole(
                BytePath(desk.path.appending("tdr.sqlite").bytes + Array(suffix.utf8)), limit: 1 << 24)
            for secret in [token, String(token.dropFirst(4)), "correct horse battery", "wrong staple horse"] {
                #expect(!contains(bytes, Array(secret.utf8)))
            }
        }
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }

    @Test("refuses tokens that are made up, cut, revoked, expired, or of somebody who is kept out")
    func refused() throws {
        let desk = try Desk()
        try desk.add("maria")
        let good = try desk.token("maria")
        #expect(try desk.isKnown(good))
        for bad in [
            "", "tdr_", String(good.dropLast()), good + "0", good.uppercased(),
            "tdr_" + String(repeating: "0", count: 64),
        ] {
            #expect(try !desk.isKnown(bad), "\(bad.count) characters")
        }
        let short = try desk.token("maria", expires: Timestamp(milliseconds: desk.now.milliseconds + 60_000))
        #expect(try desk.isKnown(short))
        desk.pass(seconds: 60)
        #expect(try !desk.isKnown(short))
        #expect(try desk.isKnown(good))
        try desk.store.setDisabled("maria", to: true, run: PeopleTests.run)
        #expect(try !desk.isKnown(good))
        try desk.store.setDisabled("maria", to: false, run: PeopleTests.run)
        #expect(try desk.isKnown(good))
        #expect(try desk.store.revokeTokens(of: "maria", name: nil, run: PeopleTests.run) == 2)
        #expect(try !desk.isKnown(good))
        #expect(throws: PeopleError.self) {
            try desk.store.revokeTokens(of: "maria", name: "none", run: PeopleTests.run)
        }
    }

    @Test("lets in with the right password, and makes who guesses wait longer each time")
    func guessing() throws {
        let desk = try Desk()
        try desk.add("maria")
        try desk.store.setPassword("maria", to: "correct horse battery", run: PeopleTests.run)
        func tries(_ password: String, as login: String = "maria") throws -> String {
            switch try desk.store.signIn(login, password, run: PeopleTests.run) {
            case .known: "known"
            case .refused: "refused"
            case .wait(let seconds): "wait \(seconds)"
            }
        }
        #expect(try tries("correct horse battery") == "known")
        for _ in 0..<5 { #expect(try tries("wrong") == "refused") }
        // The right one does not count before its time either, or else it could be guessed for nothing.
        #expect(try tries("correct horse battery") == "wait 1")
        desk.pass(seconds: 1)
        #expect(try tries("wrong") == "refused")
        #expect(try tries("wrong") == "wait 2")
        desk.pass(seconds: 2)
        #expect(try tries("wrong") == "refused")
        #expect(try tries("wrong") == "wait 4")
        desk.pass(seconds: 4)
        #expect(try tries("correct horse battery") == "known")
        #expect(try tries("wrong") == "refused")
        #expect(try tries("correct horse battery") == "known")
        // Waiting tells nobody which names there are.
        for name in ["nobody", "unset"] {
            if name == "unset" { try desk.add(name) }
            for _ in 0..<5 { #expect(try tries("x", as: name) == "refused") }
            #expect(try tries("x", as: name) == "wait 1")
            desk.pass(seconds: 1)
            #expect(try tries("x", as: name) == "refused")
            #expect(try tries("x", as: name) == "wait 2")
        }
        // Nor does a flood of names cost more and more memory, or let anybody wait who never tried.
        for number in 0..<5000 { desk.store.strangers.add("made up \(number)", at: desk.store.now) }
        #expect(desk.store.strangers.count <= 4096)
        try desk.store.setDisabled("maria", to: true, run: PeopleTests.run)
        #expect(try tries("correct horse battery") == "refused")
    }

    @Test(
        "refuses logins, names and passwords that cannot be one",
        arguments: ["", "1a", "a b", "a\n", "é", String(repeating: "a", count: 65)])
    func badLogins(_ login: String) throws {
        let desk = try Desk()
        #expect(throws: PeopleError.self) { try desk.add(login) }
    }

    @Test("refuses weak passwords, a second user of one login, and a body's user without a body")
    func refusals() throws {
        let desk = try Desk()
        try desk.add("maria")
        #expect(throws: PeopleError.self) { try desk.add("maria") }
        #expect(throws: PeopleError.self) { try desk.add("other", [.standardUser]) }
        for weak in ["short", "aaaaaaaaaaaaaa", "abababababab"] {
            #expect(throws: PeopleError.self, "\(weak)") {
                try desk.store.setPassword("maria", to: weak, run: PeopleTests.run)
            }
        }
        #expect(throws: PeopleError.self) {
            try desk.token("maria", expires: Timestamp(milliseconds: desk.now.milliseconds))
        }
    }

    private static func claimed(
        _ login: String, _ roles: Set<Role>, id: RecordID, body: String? = nil
    ) -> Principal {
        Principal(
            id: id, login: login, name: "Petra Provider", email: "petra@example.org", bodyCode: body, roles: roles)
    }

    @Test("follows what a provider says of its users with each sign-in, but for what an administrator said")
    func provided() throws {
        let desk = try Desk()
        let id = RecordID.random()
        func signIn(
            _ login: String, _ roles: Set<Role>, _ body: String? = nil, from issuer: String = "https://id"
        ) throws
            -> Principal
        {
            try desk.store.signIn(
                PeopleTests.claimed(login, roles, id: id, body: body), from: issuer, run: PeopleTests.run)
        }
        #expect(throws: PeopleError.self) { try signIn("petra", []) }
        #expect(throws: PeopleError.self) { try signIn("petra", [.standardUser]) }
        #expect(throws: PeopleError.self) { try signIn("petra", [.standardUser], "TDR-NOWHERE") }
        #expect(try desk.store.users().isEmpty)
        try desk.store.addBody("Mock", code: "TDR-MOCK", run: PeopleTests.run)
        // What a provider says of administrators does not count.
        let first = try signIn("petra", [.standardUser, .administrator], "TDR-MOCK")
        #expect(first.roles == [.standardUser])
        #expect((first.id, first.bodyCode) == (id, "TDR-MOCK"))
        try desk.store.setRoles("petra", to: [.reporting, .administrator], body: nil, run: PeopleTests.run)
        let second = try signIn("petra.p", [.transferAdviser])
        #expect(second.roles == [.transferAdviser, .administrator])
        #expect((second.login, second.bodyCode) == ("petra.p", nil))
        #expect(try desk.store.users().map(\.login) == ["petra.p"])
        #expect(throws: PeopleError.self) { try signIn("petra.p", [.reporting], from: "https://other") }
        try desk.add("root", [.administrator])
        try desk.store.setDisabled("petra.p", to: true, run: PeopleTests.run)
        #expect(throws: PeopleError.self) { try signIn("petra.p", [.reporting]) }
        let told = try desk.store.events(before: nil, limit: 100).map(\.what)
        for what in ["UserAdded", "UserChanged", "BodyChanged", "RolesChanged"] { #expect(told.contains(what)) }
    }

    @Test("gives no account of its own to a provider's user, whatever login or id they come with")
    func takeover() throws {
        let desk = try Desk()
        let root = try desk.add("root", [.administrator])
        for (login, id) in [("root", RecordID.random()), ("root", root.id), ("other", root.id)] {
            #expect(throws: PeopleError.self) {
                try desk.store.signIn(
                    PeopleTests.claimed(login, [.reporting], id: id), from: "https://id", run: PeopleTests.run)
            }
        }
        #expect(try desk.store.users().map(\.roles) == [[.administrator]])
    }

    @Test("changes roles for whatever is asked from then on, but leaves an administrator who may sign in")
    func roles() throws {
        let desk = try Desk()
        try desk.add("root", [.administrator])
        try desk.add("maria", [.reporting])
        let token = try desk.token("maria", [.read])
        try desk.store.setRoles("maria", to: [.transferAdviser], body: nil, run: PeopleTests.run)
        guard case .known(let principal) = try desk.store.principal(forToken: token) else {
            Issue.record("the token is not known")
            return
        }
        #expect(principal.roles == [.transferAdviser])
        #expect(throws: PeopleError.self) {
            try desk.store.setRoles("maria", to: [.standardUser], body: nil, run: PeopleTests.run)
        }
        #expect(throws: PeopleError.self) {
            try desk.store.setRoles("root", to: [.reporting], body: nil, run: PeopleTests.run)
        }
        // One who is kept out is none who may sign in.
        try desk.store.setRoles("maria", to: [.administrator], body: nil, run: PeopleTests.run)
        try desk.store.setDisabled("maria", to: true, run: PeopleTests.run)
        #expect(throws: PeopleError.self) {
            try desk.store.setRoles("root", to: [.reporting], body: nil, run: PeopleTests.run)
        }
        try desk.store.setDisabled("maria", to: false, run: PeopleTests.run)
        try desk.store.setRoles("root", to: [.reporting], body: nil, run: PeopleTests.run)
        #expect(try desk.store.user("root")?.roles == [.reporting])
    }

    @Test("ends a session after two hours without use and after twelve in all, and forgets it when it is told to")
    func sessionTimes() throws {
        let desk = try Desk()
        try desk.add("maria")
        try desk.store.setPassword("maria", to: "correct horse battery", run: PeopleTests.run)
        guard case .known(let maria) = try desk.store.signIn("maria", "correct horse battery", run: PeopleTests.run)
        else {
            Issue.record("maria cannot sign in")
            return
        }
        func begin() throws -> String {
            try desk.store.beginSession(for: maria, agent: "a", peer: "p", run: PeopleTests.run)
        }
        let idle = try begin()
        desk.pass(seconds: 7199)
        #expect(try desk.store.session(idle)?.principal.login == "maria")
        desk.pass(seconds: 7200)
        #expect(try desk.store.session(idle) == nil)
        let long = try begin()
        for _ in 0..<11 {
            desk.pass(seconds: 3600)
            #expect(try desk.store.session(long) != nil)
        }
        desk.pass(seconds: 3600)
        #expect(try desk.store.session(long) == nil)
        let (one, other) = (try begin(), try begin())
        let newest = try #require(try desk.store.sessions(of: "maria").first)
        try desk.store.endSessions(of: "maria", newest.id, but: nil, run: PeopleTests.run)
        #expect(try desk.store.session(one) != nil)
        #expect(try desk.store.session(other) == nil)
        try desk.store.setPassword("maria", to: "another horse battery", run: PeopleTests.run)
        #expect(try desk.store.session(one) == nil)
        #expect(try desk.store.session("made up") == nil)
    }

    @Test("gives each password a salt of its own")
    func salts() throws {
        let one = try PasswordHash(of: "correct horse battery")
        let other = try PasswordHash(of: "correct horse battery")
        #expect(one != other)
        #expect(try one.matches("correct horse battery"))
        #expect(try other.matches("correct horse battery"))
        #expect(try !one.matches("correct horse batter"))
        #expect(try !PasswordHash(stored: "plain$text").matches("text"))
    }
}

extension SignIn {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}
