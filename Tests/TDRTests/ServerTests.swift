import Glibc
import Streams
import TDRTestSupport
import Testing

/// The API over HTTP, as curl sees it.
@Suite struct ServerTests {
    @Test("makes the transfer of the README, which needs nothing but curl", .timeLimit(.minutes(10)))
    func readme() throws {
        let bench = try ServerBench()
        let page = try ServerBench.text("README.md")
        let blocks = page.split(separator: "```")
        let script = String(try #require(blocks.first { $0.hasPrefix("sh\nask()") }).dropFirst(3))
        let ended = try bench.serving {
            let done = try bench.bench.shell(
                "set -e\n" + script, ["URL": "\(bench.url)", "TOKEN": "\(bench.tokens["maria"] ?? "")"])
            let last = try #require(done.output.split(separator: "\n").last.map(String.init), "\(done.errors)")
            #expect(last.hasSuffix(".tar.gz"), "\(done.output)\(done.errors)")
            let verified = try bench.bench.tdr("verify", "\(last)")
            #expect(verified.code == 0, "\(verified.errors)")
        }
        #expect(ended.code == 0, "\(ended.errors)")
    }

    @Test("shows others nothing: what is forbidden looks like what is not there", .timeLimit(.minutes(10)))
    func others() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun([("R/a", [1, 2, 3])])
            let nowhere = "00000000-0000-4000-8000-000000000000"
            for login in ["colleague", "stranger"] {
                let real = try bench.ask(
                    "{ getConsignment(consignmentid: \"\(mine.id)\") { consignmentid } }", as: login)
                let none = try bench.ask(
                    "{ getConsignment(consignmentid: \"\(nowhere)\") { consignmentid } }", as: login)
                #expect(real.text == none.text)
                #expect(try real.code == "NOT_FOUND")
                for mutation in [
                    "startChecks(consignmentid: \"ID\") { consignmentid }",
                    "startExport(consignmentid: \"ID\") { consignmentid }",
                    "startUpload(startUploadInput: { consignmentId: \"ID\", parentFolder: \"R\" })",
                    "updateConsignmentStatus(updateConsignmentStatusInput: { consignmentId: \"ID\", statusType: \"Upload\", statusValue: \"Failed\" })",
                    "addFinalTransferConfirmation(addFinalTransferConfirmationInput: { consignmentId: \"ID\", legalCustodyTransferConfirmed: true }) { consignmentId }",
                ] {
                    let real = try bench.ask("mutation { \(mutation.replacing("ID", with: mine.id)) }", as: login)
                    let none = try bench.ask("mutation { \(mutation.replacing("ID", with: nowhere)) }", as: login)
                    #expect(real.text == none.text)
                    #expect(try real.code == "NOT_FOUND", "\(mutation): \(real.text)")
                }
                let file: [Argument] = [
                    "-X", "PUT", "--data-binary", "abc", "\(bench.url)/consignments/\(mine.id)/files/\(mine.files[0])",
                ]
                #expect(try bench.send(file, as: login).status == 404)
                #expect(try bench.send(["\(bench.url)/consignments/\(mine.id)/events"], as: login).status == 404)
                let list = try bench.ask("{ consignments(limit: 10) { totalItems } }", as: login)
                #expect(try list.code == "NOT_AUTHORISED")
            }
            // The reporting role reads everything and writes nothing.
            let seen = try bench.ask("{ getConsignment(consignmentid: \"\(mine.id)\") { totalFiles } }", as: "reader")
            #expect(try seen.json["data"]?["getConsignment"]?["totalFiles"]?.number == 1)
            let list = try bench.ask("{ consignments(limit: 10) { totalItems } }", as: "reader")
            #expect(try list.json["data"]?["consignments"]?["totalItems"]?.number == 3)
            let change = try bench.ask(
                "mutation { startChecks(consignmentid: \"\(mine.id)\") { consignmentid } }", as: "reader")
            #expect(try change.code == "NOT_FOUND")
        }
    }

    @Test("lets nobody but the engine say how a check went, not even the owner", .timeLimit(.minutes(10)))
    func checkResults() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun([("R/a", [1, 2, 3])])
            for type in ["ServerAntivirus", "ServerChecksum", "ServerFFID", "ClientChecks", "Export"] {
                for word in ["add", "update"] {
                    let answer = try bench.ask(
                        """
                        mutation { \(word)ConsignmentStatus(\(word)ConsignmentStatusInput: { consignmentId: "\(mine.id)",
                            statusType: "\(type)", statusValue: "Completed" }) \(word == "add" ? "{ value }" : "") }
                        """, as: "maria")
                    #expect(try answer.code == "NOT_FOUND", "\(type) \(answer.text)")
                }
            }
            let early = try bench.ask(
                "mutation { updateConsignmentStatus(updateConsignmentStatusInput: { consignmentId: \"\(mine.id)\", statusType: \"Upload\", statusValue: \"Completed\" }) }",
                as: "maria")
            #expect(try early.code == "INVALID_CONSIGNMENT_STATE")
            let confirm = try bench.ask(
                "mutation { addFinalTransferConfirmation(addFinalTransferConfirmationInput: { consignmentId: \"\(mine.id)\", legalCustodyTransferConfirmed: true }) { consignmentId } }",
                as: "maria")
            #expect(try confirm.code == "INVALID_CONSIGNMENT_STATE")
        }
    }

    @Test("takes no request without a token that counts, and writes none into its log", .timeLimit(.minutes(10)))
    func tokens() throws {
        let bench = try ServerBench()
        let short = try bench.bench.tdr("user", "token", "maria", "--name", "gone").line
        _ = try bench.bench.tdr("user", "revoke", "maria", "--name", "gone")
        _ = try bench.bench.shell("printf 'correct horse battery\\n' | $TDR user password maria")
        var session = ""
        let ended = try bench.serving {
            for token in [nil, "", "tdr_" + String(repeating: "0", count: 64), short, "eyJhbGciOiJub25lIn0.e30."]
                as [String?]
            {
                for path in ["graphql?query=%7Bme%7Blogin%7D%7D", "metrics", "schema.graphql", "consignments/x/events"]
                {
                    let answer = try bench.send(["\(bench.url)/\(path)"], as: token)
                    #expect(answer.status == 401, "\(path)")
                    #expect(try answer.code == "NOT_AUTHENTICATED")
                }
            }
            let me = try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: "maria")
            #expect(try me.json["data"]?["me"]?["login"]?.text == "maria")
            let wrong = try bench.send(
                ["\(bench.url)/sign-in", "-d", #"{"login":"maria","password":"wrong"}"#], as: nil)
            #expect(wrong.status == 401)
            let right = try bench.send(
                ["\(bench.url)/sign-in", "-d", #"{"login":"maria","password":"correct horse battery"}"#], as: nil)
            session = try #require(try right.json["token"]?.text)
            #expect(try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: session).status == 200)
        }
        for secret in [bench.tokens["maria"] ?? "", session, short, "correct horse battery", "Bearer"] {
            #expect(!ended.errors.contains(secret))
        }
        #expect(ended.errors.contains(#""user":"maria""#))
    }

    @Test("takes a file in pieces, tells where to go on, and refuses what is not as declared", .timeLimit(.minutes(10)))
    func pieces() throws {
        let bench = try ServerBench()
        let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        _ = try bench.serving {
            let mine = try bench.begun([("R/a", bytes), ("R/b", [])])
            let place: Argument = "\(bench.url)/consignments/\(mine.id)/files/\(mine.files[0])"
            func put(_ range: Range<Int>, _ headers: String...) throws -> ServerBench.Answer {
                let piece = try bench.bench.folder.make("piece", .file(Array(bytes[range])))
                return try bench.send(
                    ["-T", Argument(piece), place] + headers.flatMap { ["-H", Argument($0)] }, as: "maria")
            }
            func offset() throws -> String? {
                let head = try bench.send(["-I", place], as: "maria").text.split(whereSeparator: \.isNewline)
                return head.first { $0.lowercased().hasPrefix("upload-offset") }.map {
                    String($0.dropFirst("upload-offset: ".count).filter { $0.isNumber })
                }
            }
            #expect(try offset() == "0")
            #expect(try put(0..<20_000).code == "INVALID_INPUT_DATA")
            #expect(try put(0..<20_000, "Content-Range: bytes 0-19999/50000").status == 202)
            #expect(try offset() == "20000")
            #expect(try put(0..<20_000, "Content-Range: bytes 0-19999/50000").status == 409)
            #expect(try put(20_000..<30_000, "Content-Range: bytes 20000-29999/60000").status == 422)
            #expect(try put(20_000..<30_000, "Content-Range: nonsense").status == 400)
            #expect(try put(0..<0, "Content-Range: bytes */50000").status == 409)
            let zero = "Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
            #expect(try put(20_000..<30_000, "Content-Range: bytes 20000-29999/50000", zero).code == "DIGEST_MISMATCH")
            #expect(try offset() == "20000")
            #expect(
                try put(20_000..<50_000, "Content-Range: bytes 20000-49999/50000", "If-None-Match: *").status == 201)
            #expect(try offset() == "50000")
            // The same once more is no change; anything else is refused; nothing at all is replaced.
            #expect(try put(0..<50_000).status == 204)
            #expect(try put(0..<50_000, "If-None-Match: *").status == 412)
            #expect(try put(0..<10).status == 409)
            let empty = try bench.send(
                ["-X", "PUT", "\(bench.url)/consignments/\(mine.id)/files/\(mine.files[1])"], as: "maria")
            #expect(empty.status == 201)
            let done = try bench.wait(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { consignmentStatuses { statusType value } fileChecks { ffidProgress { filesProcessed } } } }",
                "getConsignment"
            ) { $0["fileChecks"]?["ffidProgress"]?["filesProcessed"]?.number == 2 }
            #expect(
                done["consignmentStatuses"]?.elements.contains {
                    $0["statusType"]?.text == "Upload" && $0["value"]?.text == "Completed"
                } == true)
            let failures = try bench.field(
                "{ getFileCheckFailures(getFileCheckFailuresInput: { consignmentId: \"\(mine.id)\" }) { statusValue originalFilePath } }",
                "getFileCheckFailures", as: "maria")
            #expect(
                failures.elements.contains {
                    $0["statusValue"]?.text == "ZeroByteFile" && $0["originalFilePath"]?.text == "R/b"
                })
        }
    }

    @Test(
        "takes many small files in one request, names those it refuses, and keeps the others", .timeLimit(.minutes(10)))
    func bundles() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let files: [(path: String, bytes: [UInt8])] = (0..<300).map { ("R/\($0)", Array("file \($0)".utf8)) }
            let mine = try bench.begun(files + [("R/empty", [])])
            let place: Argument = "\(bench.url)/consignments/\(mine.id)/files"
            func entry(_ id: String, _ bytes: [UInt8]) throws -> [UInt8] {
                let digits = Array(id.utf8).filter { $0 != UInt8(ascii: "-") }
                let count = UInt64(bytes.count)
                return try #require(Hex.decode(digits))
                    + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) } + bytes
            }
            func send(_ entries: [[UInt8]], as login: String = "maria") throws -> ServerBench.Answer {
                try bench.bench.folder.make("bundle", .file(Array(entries.joined())))
                return try bench.send(
                    [
                        "-X", "POST", "-H", "Content-Type: application/octet-stream", "--data-binary",
                        Argument([UInt8(ascii: "@")] + bench.bench.folder.appending("bundle").bytes), place,
                    ], as: login)
            }
            let all = try zip(mine.files, files.map(\.bytes) + [[]]).map { try entry($0, $1) }
            #expect(try send(all, as: "stranger").status == 404)
            #expect(try send([Array(all[0].dropLast())]).status == 400)
            #expect(try send(Array(repeating: all[300], count: 2001)).status == 413)
            // Other bytes, another length, and a file that nobody has announced: each refused by itself.
            let bad = [
                try entry(mine.files[0], Array("xile 0".utf8)), try entry(mine.files[1], Array("file 1 ".utf8)),
                try entry("00000000-0000-4000-8000-000000000000", [1]), all[2],
            ]
            let first = try send(bad)
            #expect(first.status == 200, "\(first.text)")
            #expect(try first.json["received"]?.number == 1)
            #expect(
                try first.json["refused"]?.elements.compactMap { $0["code"]?.text }
                    == ["DIGEST_MISMATCH", "INVALID_INPUT_DATA", "NOT_FOUND"])
            // A file twice in one bundle, wrong the second time: nothing is kept as if it had been proved.
            let twice = try send([all[3], try entry(mine.files[3], Array("xile 3".utf8))])
            #expect(try twice.json["received"]?.number == 0, "\(twice.text)")
            // All of them, one once more.
            let second = try send(all)
            #expect(try second.json["received"]?.number == 301, "\(second.text)")
            #expect(try second.json["refused"]?.elements.isEmpty == true, "\(second.text)")
            // The same again is no change; other bytes for what is there are refused.
            #expect(try send([all[5]]).json["received"]?.number == 1)
            let other = try send([try entry(mine.files[5], Array("xile 5".utf8))])
            #expect(try other.json["refused"]?.elements.first?["code"]?.text == "DIGEST_MISMATCH", "\(other.text)")
            let done = try bench.wait(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { fileChecks { checksumProgress { filesProcessed } } } }",
                "getConsignment"
            ) { $0["fileChecks"]?["checksumProgress"]?["filesProcessed"]?.number == 301 }
            #expect(done["fileChecks"] != nil)
        }
    }

    @Test("pages through files by true cursors", .timeLimit(.minutes(10)))
    func pages() throws {
        let bench = try ServerBench()
        _ = try bench.serving {
            let mine = try bench.begun((0..<7).map { ("R/f\($0)", [UInt8($0)]) })
            var seen: [String] = []
            var cursor = "null"
            var pages = 0
            while true {
                let page = try bench.field(
                    """
                    { getConsignment(consignmentid: "\(mine.id)") { paginatedFiles(paginationInput:
                        { limit: 3, currentCursor: \(cursor), fileFilters: { fileTypeIdentifier: "File" } })
                        { edges { node { fileName uploadMatchId } } pageInfo { hasNextPage endCursor } totalItems totalPages } } }
                    """, "getConsignment", as: "maria")["paginatedFiles"]
                seen += page?["edges"]?.elements.compactMap { $0["node"]?["fileName"]?.text } ?? []
                pages += 1
                #expect(page?["totalItems"]?.number == 7)
                #expect(page?["totalPages"]?.number == 3)
                guard page?["pageInfo"]?["hasNextPage"] == .bool(true) else { break }
                cursor = "\"\(page?["pageInfo"]?["endCursor"]?.text ?? "")\""
            }
            #expect(seen == (0..<7).map { "f\($0)" })
            #expect(pages == 3)
            let tooMany = try bench.ask(
                "{ getConsignment(consignmentid: \"\(mine.id)\") { paginatedFiles(paginationInput: { limit: 1001 }) { totalItems } } }",
                as: "maria")
            #expect(try tooMany.code == "INVALID_INPUT_DATA")
        }
    }

    @Test("refuses what is made to hurt, fast, and goes on", .timeLimit(.minutes(10)))
    func hostile() throws {
        let bench = try ServerBench()
        let ended = try bench.serving {
            func refused(_ query: String) throws -> Bool {
                let begun = ContinuousClock.now
                let answer = try bench.ask(query, as: "maria")
                // Generous: it takes some thousandths.
                #expect(begun.duration(to: .now) < .seconds(20), "\(query.prefix(60))")
                return try answer.json["data"] == nil && answer.json["errors"] != nil
            }
            #expect(try refused("{ " + (0..<10_000).map { "a\($0): me { login }" }.joined(separator: " ") + " }"))
            #expect(try refused(String(repeating: "{ me ", count: 5000) + String(repeating: "}", count: 5000)))
            #expect(try refused("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"))
            #expect(try refused("{ me { nothing } }"))
            let large = try bench.send(
                [
                    "-H", "Content-Type: application/json", "--data-binary",
                    Argument([UInt8(ascii: "@")] + bench.bench.folder.make("large", .bytes(10 << 20)).bytes),
                    "\(bench.url)/graphql",
                ],
                as: "maria")
            #expect(large.status == 413)
            #expect(try large.code == "TOO_LARGE")
            let deep = String(repeating: "[", count: 100_000)
            let json = try bench.send(
                [
                    "-H", "Content-Type: application/json", "--data-binary",
                    Argument([UInt8(ascii: "@")] + bench.bench.folder.make("deep", .file(Array(deep.utf8))).bytes),
                    "\(bench.url)/graphql",
                ], as: "maria")
            #expect(json.status == 400)
            #expect(try bench.send(["-X", "DELETE", "\(bench.url)/graphql"], as: "maria").status >= 400)
            #expect(
                try bench.send(
                    [
                        "-G", "--data-urlencode",
                        "query=mutation{startChecks(consignmentid:\"00000000-0000-4000-8000-000000000000\"){consignmentid}}",
                        "\(bench.url)/graphql",
                    ], as: "maria"
                ).status == 405)
            // Connections that send a byte and then nothing keep nobody else waiting.
            let slow = try (0..<200).map { _ in
                let connection = try RawConnection(port: bench.port)
                #expect(connection.send("POST /graphql HTTP/1.1\r\nHost: x\r\nX-"))
                return connection
            }
            #expect(try bench.send(["\(bench.url)/graphql?query=%7Bme%7Blogin%7D%7D"], as: "maria").status == 200)
            withExtendedLifetime(slow) {}
        }
        #expect(ended.code == 0, "\(ended.errors)")
    }

    @Test("refuses to be reached from elsewhere without TLS, and to serve a store twice", .timeLimit(.minutes(10)))
    func starting() throws {
        let bench = try ServerBench()
        let open = try bench.bench.tdr("serve-api", "--listen", "0.0.0.0:0", "--antivirus", "none")
        #expect(open.code == 1)
        #expect(open.errors.contains("without TLS"))
        _ = try bench.serving {
            let second = try bench.bench.tdr("serve-api", "--listen", "127.0.0.1:0", "--antivirus", "none")
            #expect(second.code == 1)
            #expect(second.errors.contains("is served by another"))
            // Commands go on working beside it.
            #expect(try bench.bench.tdr("status").code == 0)
        }
    }

    /// A Python with gql, by `TDR_TEST_PYTHON`.
    private static let python = getenv("TDR_TEST_PYTHON").map { String(cString: $0) }

    @Test(
        "is served to the client library gql, which checks every request against the schema",
        .enabled(if: python != nil, "set TDR_TEST_PYTHON to a Python with gql"), .timeLimit(.minutes(10)))
    func gql() throws {
        let bench = try ServerBench(["a.txt": "hello", "b.txt": "hello again"])
        let python = try #require(ServerTests.python)
        let script = BytePath(#filePath).directory.appending("gql-transfer.py")
        _ = try bench.serving {
            let done = try Program.run(
                BytePath(python),
                [Argument(script), "\(bench.url)", "\(bench.tokens["maria"] ?? "")", Argument(bench.bench.records)])
            #expect(done.code == 0, "\(done.errors)")
            let verified = try bench.bench.tdr("verify", "\(done.line)")
            #expect(verified.code == 0, "\(done.output)\(verified.errors)")
        }
    }

    @Test("serves the schema that is written down")
    func schema() throws {
        let bench = try Workbench([:])
        let served = try bench.tdr("serve-api", "--schema").output
        #expect(served == (try ServerBench.text("share/tdr/schema.graphql")))
    }
}
