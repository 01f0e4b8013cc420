import Glibc
import Streams
import TDRTestSupport
import Testing

/// Looking after the archive through its server.
@Suite struct ServerAdministrationTests {
    private func tdr(_ bench: ServerBench, as login: String, _ arguments: Argument...) throws -> Finished {
        try bench.tdr(arguments, as: login)
    }

    /// The same words beside the store and through the server give the same answer.
    private func expectSame(_ bench: ServerBench, as login: String, _ words: Argument...) throws {
        let here = try Program.run(
            Program.tdr, words, environment: bench.bench.environment(), directory: bench.bench.folder.path)
        let there = try bench.tdr(words, as: login)
        #expect(there.code == here.code, "\(words): \(there.errors)")
        #expect(there.output == here.output, "\(words)")
        #expect(!there.output.isEmpty, "\(words)")
    }

    @Test("users, series and notices are looked after by administrators and by nobody else", .timeLimit(.minutes(20)))
    func people() throws {
        let bench = try ServerBench()
        let admin = try bench.token(of: "root", "administrator")
        _ = try bench.serving {
            let added = try tdr(
                bench, as: admin, "user", "add", "neu", "--name", "Neu Er", "--email", "neu@example.org", "--body",
                "TDR-MOCK1", "--role", "standard_user")
            #expect(added.code == 0, "\(added.errors)")
            #expect(added.line.utf8.count == 36)
            #expect(
                try tdr(
                    bench, as: admin, "user", "add", "neu", "--name", "N", "--email", "n@example.org", "--role",
                    "reporting"
                ).errors.contains("there is a user 'neu' already"))
            let token = try tdr(bench, as: admin, "user", "token", "neu", "--name", "t", "--scope", "read,transfer")
            #expect(token.code == 0, "\(token.errors)")
            #expect(try tdr(bench, as: token.line, "upload", "Records", "--series", "MOCK1 1").code == 0)
            let password = try bench.bench.shell(
                "printf 'correct horse battery\\n' | \"$TDR\" user password neu --server \(bench.url)",
                ["TDR_TOKEN": Argument(admin)])
            #expect(password.code == 0, "\(password.errors)")
            let signedIn = try bench.send(
                [
                    "-H", "Content-Type: application/json", "--data-binary",
                    #"{"login":"neu","password":"correct horse battery"}"#, "\(bench.url)/sign-in",
                ], as: nil)
            #expect(signedIn.status == 200, "\(signedIn.text)")
            try expectSame(bench, as: admin, "user", "list", "--json")
            #expect(try tdr(bench, as: admin, "user", "disable", "neu").code == 0)
            #expect(try tdr(bench, as: token.line, "status").code == 1)
            #expect(try tdr(bench, as: admin, "user", "enable", "neu").code == 0)
            #expect(try tdr(bench, as: token.line, "status").code == 0)
            let revoked = try tdr(bench, as: admin, "user", "revoke", "neu", "--all")
            #expect(revoked.errors.contains("revoked 2 tokens") || revoked.errors.contains("revoked 1 token"))
            #expect(try tdr(bench, as: token.line, "status").code == 1)
            #expect(try tdr(bench, as: admin, "user", "disable", "root").code == 1)

            let made = try tdr(
                bench, as: admin, "series", "add", "NEW 1", "--body", "New Body", "--body-code", "TDR-NEW", "--json")
            #expect(made.code == 0, "\(made.errors)")
            #expect(try made.json["made"]?.number == 2)
            try bench.bench.folder.make("list.csv", "body,body_code,series,name\nNew Body,TDR-NEW,NEW 2,Second\n")
            #expect(try tdr(bench, as: admin, "series", "import", "list.csv", "--json").json["made"]?.number == 1)
            try expectSame(bench, as: admin, "series", "--json")
            try expectSame(bench, as: admin, "series", "list", "--csv")
            // Others see their own body.
            let own = try tdr(bench, as: "maria", "series", "--json").output
            #expect(own.contains("MOCK1 1") && !own.contains("MOCK2 1") && !own.contains("NEW 1"))
            try expectSame(bench, as: admin, "status", "--ready", "--json")

            for words in [
                ["user"], ["user", "disable", "neu"], ["user", "revoke", "neu", "--all"], ["notices"], ["quarantine"],
                ["series", "add", "X 1", "--body", "X"],
                ["user", "token", "neu", "--name", "x"],
            ] as [[Argument]] {
                for login in ["maria", "reader"] {
                    let refused = try bench.tdr(words, as: login)
                    #expect(refused.code == 1, "\(login) \(words)")
                    #expect(refused.errors.contains("you may not ask for this"), "\(refused.errors)")
                }
            }
        }
    }

    @Test("a file in quarantine is listed, released and purged through the server", .timeLimit(.minutes(20)))
    func quarantine() throws {
        let bench = try ServerBench(["bad": "x", "worse": "y"])
        let admin = try bench.token(of: "root", "administrator")
        let reference = Argument(try bench.bench.upload())
        let clamd = try FakeClamd(.says(Array("1: fd[10]: Win.Test.EICAR_HDB-1 FOUND\0".utf8)))
        #expect(try bench.bench.tdr("check", reference, "--clamd", Argument(clamd.socket)).code == 2)
        _ = try bench.serving {
            try expectSame(bench, as: admin, "quarantine", "--json")
            try expectSame(bench, as: admin, "quarantine", "list", reference)
            try expectSame(bench, as: admin, "notices", "--json")
            try expectSame(bench, as: admin, "notices", "list", reference)
            let released = try tdr(
                bench, as: admin, "quarantine", "release", reference, "Records/bad", "--reason", "a false alarm")
            #expect(released.code == 0, "\(released.errors)")
            let purged = try tdr(
                bench, as: admin, "quarantine", "purge", reference, "Records/worse", "--reason", "confirmed")
            #expect(purged.code == 0, "\(purged.errors)")
            let unknown = try tdr(
                bench, as: admin, "quarantine", "purge", reference, "Records/none", "--reason", "confirmed")
            #expect(unknown.code == 1)
            let list = try tdr(bench, as: admin, "quarantine").output
            #expect(list.contains("Released") && list.contains("Purged") && list.contains("(confirmed)"), "\(list)")
            try expectSame(bench, as: admin, "quarantine", "--json")
        }
    }

    @Test(
        "commands that have nothing to do through a server say so",
        arguments: [
            ["identify", "x"], ["verify", "x"], ["doctor"], ["config"], ["signatures", "show"], ["notices", "send"],
            ["serve-api"], ["upload", "x", "--in-place"], ["export", "TDR-2026-C", "--abandon"],
        ])
    func nothing(_ words: [String]) throws {
        let bench = try Workbench(["a": "x"])
        let refused = try Program.run(
            Program.tdr, words.map { Argument($0) } + ["--server", "http://127.0.0.1:1"],
            environment: bench.environment(), directory: bench.folder.path)
        #expect(refused.code == 64, "\(refused.errors)")
        #expect(refused.errors.contains("server"), "\(refused.errors)")
    }
}
