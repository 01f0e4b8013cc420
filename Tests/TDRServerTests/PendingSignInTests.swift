import Testing

@testable import TDRServer

/// Sign-ins that wait for the provider.
@Suite struct PendingSignInTests {
    private static let begun = ContinuousClock.now

    @Test("gives a sign-in back once, to the browser in which it began")
    func once() throws {
        let all = PendingSignIns()
        let (state, pending) = all.begin(in: "mine", next: "/account", now: PendingSignInTests.begun)
        #expect(all.take("other", in: "mine", now: PendingSignInTests.begun) == nil)
        let taken = try #require(all.take(state, in: "mine", now: PendingSignInTests.begun))
        #expect((taken.nonce, taken.verifier, taken.next) == (pending.nonce, pending.verifier, "/account"))
        #expect(all.take(state, in: "mine", now: PendingSignInTests.begun) == nil)
        let foreign = all.begin(in: "mine", next: "", now: PendingSignInTests.begun).state
        #expect(all.take(foreign, in: "theirs", now: PendingSignInTests.begun) == nil)
        #expect(all.take(foreign, in: "mine", now: PendingSignInTests.begun) == nil)
    }

    @Test("forgets a sign-in that takes longer than ten minutes")
    func late() {
        let all = PendingSignIns()
        let early = all.begin(in: "mine", next: "", now: PendingSignInTests.begun).state
        let late = all.begin(in: "mine", next: "", now: PendingSignInTests.begun).state
        #expect(all.take(early, in: "mine", now: PendingSignInTests.begun + .seconds(599)) != nil)
        #expect(all.take(late, in: "mine", now: PendingSignInTests.begun + .seconds(600)) == nil)
    }

    @Test("keeps a bounded number, the newest")
    func bounded() {
        let all = PendingSignIns()
        let states = (0...PendingSignIns.most).map { _ in
            all.begin(in: "mine", next: "", now: PendingSignInTests.begun).state
        }
        #expect(Set(states).count == states.count)
        #expect(all.take(states[0], in: "mine", now: PendingSignInTests.begun) == nil)
        #expect(all.take(states[PendingSignIns.most], in: "mine", now: PendingSignInTests.begun) != nil)
    }

    @Test("tells the provider the SHA-256 of the verifier: the example of RFC 7636")
    func challenge() {
        let pending = PendingSignIn(
            visit: "", nonce: "", verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", next: "",
            expires: PendingSignInTests.begun)
        #expect(pending.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test(
        "asks providers over TLS or on this machine only",
        arguments: [
            ("https://id.example.org/x", true), ("http://127.0.0.1:8080/x", true), ("http://localhost/x", true),
            ("http://id.example.org/x", false), ("http://127.0.0.1:80@id.example.org/", false),
            ("http://127.0.0.1.example.org/", false), ("ftp://127.0.0.1/", false), ("keys.json", false), ("", false),
        ])
    func protected(_ address: String, _ isProtected: Bool) {
        #expect(ProviderHTTP.isProtected(address) == isProtected)
    }
}
