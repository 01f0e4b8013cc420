import Testing

/// Signing in and administration on the web pages, in a real browser and by plain requests.
@Suite(.enabled(if: missingBrowserTool == nil, "\(missingBrowserTool ?? ""); scripts/setup.sh test installs it"))
struct AdministrationTests {
    private func check(_ name: String) throws { try PagesTests.check(name, of: "administration.py") }

    @Test("people sign in with an OpenID provider, and whatever is not theirs does not count", .timeLimit(.minutes(10)))
    func provider() throws { try check("provider") }

    @Test("people see where they are signed in, end that, and change their password", .timeLimit(.minutes(10)))
    func sessions() throws { try check("sessions") }

    @Test(
        "an administrator looks after people, tokens, quarantine and work, and nobody else does",
        .timeLimit(.minutes(10)))
    func administration() throws { try check("administration") }
}
