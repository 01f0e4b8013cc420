import Streams
import Synchronization
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
            let now = Mutex(Timestamp(milliseconds: 1_800_000_000_000))
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
        func tries(_ password: String) throws -> String {
            switch try desk.store.signIn("maria", password, run: PeopleTests.run) {
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
        #expect(try desk.store.signIn("nobody", "x", run: PeopleTests.run).isRefused)
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
