import Glibc
import Streams
import TDRTestSupport
import Testing

/// Putting right through a server, and what is told of a consignment through it: the same as beside the store.
@Suite struct ServerRepairTests {
    private static let records: Tree = [
        "a.txt": "first", "b.txt": "second", "same.txt": "second", "sub": ["c.txt": "third", "deep": ["d.txt": "4"]],
        "hollow": "",
    ]

    private func tdr(_ bench: ServerBench, as login: String, _ arguments: Argument...) throws -> Finished {
        try bench.tdr(arguments, as: login)
    }

    /// Uploads the records through the server and waits until they are checked; the reference.
    private func checked(_ bench: ServerBench) throws -> Argument {
        let uploaded = try tdr(bench, as: "maria", "upload", "Records", "--series", "MOCK1 1")
        try #require(uploaded.code == 0, "\(uploaded.errors)")
        let reference = Argument(uploaded.line)
        #expect(try tdr(bench, as: "maria", "check", reference).code == 2)
        return reference
    }

    @Test("replaces, adds, withdraws and cancels, with the words and codes that a store has", .timeLimit(.minutes(20)))
    func repair() throws {
        let bench = try ServerBench(ServerRepairTests.records)
        _ = try bench.serving {
            let reference = try checked(bench)
            let folder = bench.bench.folder
            try folder.make("hollow", "full")
            try folder.make("Corrected", ["a.txt": "first, corrected", "sub": ["c.txt": "third"]])
            try folder.make("New", ["n.txt": "new", "nothing": [:], "inner": ["m.txt": .bytes(300_000)]])

            // By its name, which only one file has.
            let one = try tdr(bench, as: "maria", "upload", "--replace", reference, "hollow", "--json")
            #expect(one.code == 0, "\(one.errors)")
            #expect(try one.json["changedFiles"]?.number == 1)
            let corrected = try tdr(bench, as: "maria", "upload", "--replace", reference, "Corrected", "--json")
            #expect(corrected.code == 0, "\(corrected.errors)")
            #expect(try corrected.json["changedFiles"]?.number == 1)
            #expect(try corrected.json["unchangedFiles"]?.number == 1)
            let added = try tdr(bench, as: "maria", "upload", "--add", reference, "New", "--json")
            #expect(added.code == 0, "\(added.errors)")
            #expect(try added.json["changedFiles"]?.number == 2)
            #expect(try added.json["newFolders"]?.number == 3)
            // Given again it changes nothing.
            let again = try tdr(bench, as: "maria", "upload", "--add", reference, "New", "--json")
            #expect(again.code == 0, "\(again.errors)")
            #expect(try again.json["changedFiles"]?.number == 0)
            #expect(try again.json["unchangedFiles"]?.number == 2)

            // What cannot be taken is told before anything is.
            try folder.make("Wrong", ["a.txt": "other", "strange.txt": "unknown"])
            let wrong = try tdr(bench, as: "maria", "upload", "--replace", reference, "Wrong")
            #expect(wrong.code == 1)
            #expect(wrong.errors.contains("strange.txt"), "\(wrong.errors)")
            #expect(wrong.errors.contains("use --add for new ones"), "\(wrong.errors)")
            let ambiguous = try tdr(
                bench, as: "maria", "upload", "--replace", reference, "Wrong/strange.txt")
            #expect(ambiguous.code == 1)
            #expect(ambiguous.errors.contains("--as PATH"), "\(ambiguous.errors)")
            #expect(try tdr(bench, as: "stranger", "upload", "--add", reference, "New").code == 1)

            #expect(try tdr(bench, as: "maria", "check", reference).code == 0)
            let files = try tdr(bench, as: "maria", "status", reference, "--files", "--json").output
            for name in ["New/inner/m.txt", "New/nothing", "hollow"] { #expect(files.contains("Records/\(name)")) }
            #expect(files.contains(SHA256Digest.of(Array("first, corrected".utf8)).hex))

            let withdrawn = try tdr(
                bench, as: "maria", "withdraw", reference, "Records/New/", "--reason", "not asked for", "--json")
            #expect(withdrawn.code == 0, "\(withdrawn.errors)")
            #expect(try withdrawn.json["files"]?.number == 2)
            #expect(try withdrawn.json["path"]?.text == "Records/New")
            let unknown = try tdr(bench, as: "maria", "withdraw", reference, "Records/none", "--reason", "x")
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("Records/none"))
            let ended = try tdr(bench, as: "maria", "cancel", reference, "--reason", "a trial", "--json")
            #expect(ended.code == 0, "\(ended.errors)")
            #expect(try ended.json["cancelledReason"]?.text == "a trial")
            #expect(try tdr(bench, as: "maria", "upload", "--add", reference, "New").code == 1)
            #expect(try tdr(bench, as: "stranger", "cancel", reference, "--reason", "x").code == 1)
        }
        #expect(try StoreRows.wrongTallies(bench.bench.store) == [])
        #expect(try StoreRows.strayObjects(bench.bench.store) == [])
        #expect(
            try names(in: bench.bench.store.appending("incoming").appending("forms")).isEmpty, "parcels are left")
    }

    @Test("tells what a store tells: status, report, duplicates and history in every form", .timeLimit(.minutes(20)))
    func told() throws {
        let bench = try ServerBench(ServerRepairTests.records)
        _ = try bench.serving {
            let reference = try checked(bench)
            let reason: Argument = "not asked for"
            _ = try tdr(bench, as: "maria", "withdraw", reference, "Records/sub/deep", "--reason", reason)
            #expect(try tdr(bench, as: "maria", "check", reference).code == 2)
            for words in [
                ["status", reference], ["status", reference, "--json"], ["status", reference, "--csv"],
                ["status", reference, "--files", "--json"], ["status", reference, "--duplicates"],
                ["status", reference, "--duplicates", "--json"], ["status", reference, "--duplicates", "--csv"],
                ["status", reference, "--report", "csv"], ["status", reference, "--report", "html"],
                ["history", reference], ["history", reference, "--json"], ["history", reference, "--csv"],
                ["history", reference, "--premis"],
            ] as [[Argument]] {
                let here = try Program.run(
                    Program.tdr, words, environment: bench.bench.environment(), directory: bench.bench.folder.path)
                let there = try bench.tdr(words, as: "maria")
                #expect(there.code == here.code, "\(words): \(there.errors)")
                #expect(there.output == here.output, "\(words)")
                #expect(!there.output.isEmpty, "\(words)")
            }
            // Words of the client's own, and a file instead of stdout.
            let own = #"{"advice": {"FFID.ZeroByteFile": {"action": "bring the pages"}}}"#
            try bench.bench.folder.make("own.json", .file(Array(own.utf8)))
            let report = try tdr(
                bench, as: "maria", "status", reference, "--report", "xlsx", "--output", "r.xlsx", "--advice",
                "own.json")
            #expect(report.code == 2, "\(report.errors)")
            let pages = try bench.bench.shell("unzip -p r.xlsx 'xl/worksheets/*.xml'; cat r.xlsx | head -c 2")
            #expect(pages.output.contains("ring the pages"), "\(pages.errors)")
            #expect(try tdr(bench, as: "stranger", "history", reference).code == 1)
            #expect(try tdr(bench, as: "stranger", "status", reference, "--report", "csv").code == 1)
            #expect(try tdr(bench, as: "stranger", "status", reference, "--duplicates").code == 1)
        }
    }

    @Test("a bag that broke off goes on from there and is proved as a whole", .timeLimit(.minutes(20)))
    func bag() throws {
        let bench = try ServerBench(["a": .bytes(400_000, of: 0x61), "b": .bytes(90_000, of: 0x62)])
        let server = try bench.serving("--offer-bags", "--export-form", "tar") {
            let uploaded = try tdr(bench, as: "maria", "upload", "Records", "--series", "MOCK1 1")
            let name = uploaded.line
            #expect(try tdr(bench, as: "maria", "check", Argument(name)).code == 0)
            #expect(try tdr(bench, as: "maria", "export", Argument(name)).code == 0)
            // As a client leaves it that was killed: all but the end, or with a byte that the disk has lost.
            let bag = try readWhole(bench.exports.appending("\(name).tar"), limit: 1 << 24)
            let digest = SHA256Digest.of(bag).hex
            let hidden = ".\(name).tar.\(digest).tdr-partial"
            for (place, left) in [
                ("some", Array(bag.prefix(123_457))), ("all", bag), ("none", []),
                ("other", Array(repeating: 7, count: bag.count + 10)),
            ] {
                try bench.bench.folder.make(Name(place), .folder([(Name(hidden), .file(left))]))
                let fetched = try tdr(
                    bench, as: "maria", "export", Argument(name), "--to", Argument(place))
                if place == "other" {
                    // More than there is: nothing of it can be right.
                    #expect(fetched.code == 1)
                    #expect(try tdr(bench, as: "maria", "export", Argument(name), "--to", Argument(place)).code == 0)
                } else {
                    #expect(fetched.code == 0, "\(place): \(fetched.errors)")
                }
                let here = bench.bench.folder.appending(Name(place))
                #expect(try readWhole(here.appending("\(name).tar"), limit: 1 << 24) == bag)
                #expect(try names(in: here).sorted() == ["\(name).tar", "\(name).tar.sha256"])
            }
            let id =
                try bench.field(
                    "{ getConsignmentByReference(consignmentReference: \"\(name)\") { consignmentid } }",
                    "getConsignmentByReference", as: "maria")["consignmentid"]?.text ?? ""
            func get(_ fields: [Argument]) throws -> ServerBench.Answer {
                try bench.send(fields + ["-o", "/dev/null", "\(bench.url)/consignments/\(id)/bag"], as: "maria")
            }
            let tag = "If-Range: \"\(digest)\""
            #expect(try get(["-H", "Range: bytes=10-19"]).status == 206)
            #expect(try get(["-H", "Range: bytes=10-", "-H", Argument(tag)]).status == 206)
            #expect(try get(["-H", "Range: bytes=10-", "-H", "If-Range: \"other\""]).status == 200)
            #expect(try get(["-H", "Range: bytes=\(bag.count)-"]).status == 416)
            #expect(try get(["-H", "Range: lines=1-2"]).status == 200)
        }
        // It has not begun anew.
        #expect(server.errors.contains("\"status\":\"206\""), "\(server.errors.suffix(2000))")
    }

    @Test("a call that makes a consignment makes one, however often it is sent", .timeLimit(.minutes(20)))
    func repeated() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let series =
                try bench.field(
                    "{ getSeries(body: \"TDR-MOCK1\") { seriesid } }", "getSeries", as: "maria"
                ).elements[0]["seriesid"]?.text ?? ""
            func make(_ request: String, _ more: String) throws -> String? {
                try bench.change(
                    "addConsignment", "addConsignmentInput: { requestId: \"\(request)\", \(more) }",
                    "{ consignmentid }", as: "maria")["consignmentid"]?.text
            }
            let request = "7e4a1f0c-4c5b-8d6e-9f70-123456789abc"
            let standard = "consignmentType: \"standard\", seriesid: \"\(series)\""
            let first = try make(request, standard)
            #expect(try make(request, standard) == first)
            #expect(try make("7e4a1f0c-4c5b-8d6e-9f70-123456789abd", standard) != first)
            #expect(
                try bench.refusal(
                    "addConsignment",
                    "addConsignmentInput: { requestId: \"\(request)\", consignmentType: \"standard\" }",
                    "{ consignmentid }", as: "maria") == "INVALID_CONSIGNMENT_STATE")
        }
    }
}
