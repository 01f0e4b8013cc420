import Glibc
import Streams
import TDRTestSupport
import Testing

/// What is missing for a test in a browser; nil when all is there.
let missingBrowserTool: String? = {
    guard let python = getenv("TDR_TEST_PYTHON").map({ String(cString: $0) }) else {
        return "TDR_TEST_PYTHON is not set"
    }
    for tool in ["/usr/bin/chromium", "/usr/bin/chromedriver"] where access(tool, X_OK) != 0 {
        return "\(tool) is not installed"
    }
    let looked = try? Program.run(
        BytePath("/usr/bin/env"), ["\(python)", "-c", "import selenium, axe_core_python, bagit"])
    return looked?.code == 0 ? nil : "selenium or axe_core_python is missing"
}()

/// The web pages in a real browser.
@Suite(.enabled(if: missingBrowserTool == nil, "\(missingBrowserTool ?? ""); scripts/setup.sh test installs it"))
struct PagesTests {
    private func check(_ name: String) throws { try PagesTests.check(name) }

    /// Runs a case of a script that drives a browser.
    static func check(_ name: String, of script: String = "browser.py", clamd: Clamd? = nil) throws {
        let script = BytePath(#filePath).directory.appending(script)
        let python = String(cString: try #require(getenv("TDR_TEST_PYTHON")))
        let folder = try TemporaryFolder()
        let scanner: [Argument] = clamd.map { ["TDR_TEST_CLAMD=\($0.socket.display)"] } ?? []
        let ended = try Program.run(
            BytePath("/usr/bin/env"),
            scanner + ["\(python)", "-B", Argument(script), Argument(Program.tdr), "\(name)", Argument(folder.path)])
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
    }

    private func check(repair name: String) throws {
        let clamd = try Clamd()
        try withExtendedLifetime(clamd) { try PagesTests.check(name, of: "browser_repair.py", clamd: clamd) }
    }

    @Test("a transfer goes from an empty store to a bag on pages alone, with awkward names", .timeLimit(.minutes(10)))
    func transfer() throws { try check("transfer") }

    @Test("what the checks find is told in plain words, and stops the transfer", .timeLimit(.minutes(10)))
    func failures() throws { try check("failures") }

    @Test(
        "an upload of 2,000 files is whole, each file once, though the server was killed twice and the page loaded again",
        .timeLimit(.minutes(10)))
    func resume() throws { try check("resume") }

    @Test(
        "a file that is sent while its checksum is computed is whole, though the server was killed while it came",
        .timeLimit(.minutes(10)))
    func large() throws { try check("large") }

    @Test(
        "infected, encrypted and packed files are put right on the page, the rest is described, reviewed and exported",
        .enabled(if: Clamd.isInstalled), .timeLimit(.minutes(10)))
    func repair() throws { try check(repair: "standard") }

    @Test(
        "a judgment goes from sign-in to a bag, after one that is none was replaced", .enabled(if: Clamd.isInstalled),
        .timeLimit(.minutes(10)))
    func judgment() throws { try check(repair: "judgment") }

    @Test(
        "every page but the upload of a folder works without JavaScript", .enabled(if: Clamd.isInstalled),
        .timeLimit(.minutes(10)))
    func plain() throws { try check(repair: "plain") }

    @Test(
        "a whole transfer works with the keyboard alone", .enabled(if: Clamd.isInstalled), .timeLimit(.minutes(10)))
    func keyboard() throws { try check(repair: "keyboard") }

    @Test(
        "the bars of the checks move by themselves, also after the server was stopped and started",
        .timeLimit(.minutes(10)))
    func liveChecks() throws { try PagesTests.check("checks", of: "browser_live.py") }

    @Test("how far an export is is shown with numbers, and its end by itself", .timeLimit(.minutes(10)))
    func liveExport() throws { try PagesTests.check("export", of: "browser_live.py") }

    @Test("other sites, other people and guessers get nowhere", .timeLimit(.minutes(10)))
    func security() throws { try check("security") }
}

/// What the pages' scripts compute.
@Suite struct PageScriptTests {
    private static let node = "/usr/bin/node"

    @Test(
        "the upload page's SHA-256 is SHA-256, in JavaScript and in WebAssembly",
        .enabled(if: access(node, X_OK) == 0, "node is not installed"))
    func sha256() throws {
        let here = BytePath(#filePath).directory
        let assets = here.directory.directory.appending("Sources/CPages/assets")
        let ended = try Program.run(
            BytePath(Array(PageScriptTests.node.utf8)), [Argument(here.appending("sha256.mjs")), Argument(assets)])
        #expect(ended.code == 0, "\(ended.errors)")
        #expect(ended.output.contains("compared"))
    }
}
