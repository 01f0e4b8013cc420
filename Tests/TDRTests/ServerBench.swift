import Glibc
import Streams
import TDRTestSupport
import Testing

/// A store that is served, and people who use it by curl.
final class ServerBench: Sendable {
    let bench: Workbench
    let exports: BytePath
    /// The port on which the server listens, now and after it was started again.
    let port: Int
    /// Tokens by login.
    let tokens: [String: String]
    /// The keys of the server that has the store's objects, when they are in S3.
    let keys: [String: Argument]

    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter endpoint: The server that keeps the store's objects; nil for the store's folder.
    init(_ records: Tree = ["a.txt": "hello"], objectsAt endpoint: String? = nil) throws {
        bench = try Workbench(records)
        keys = endpoint == nil ? [:] : S3ExportTests.keys("key")
        if let endpoint {
            let begun = try bench.tdr(
                "config", "--objects", Argument(S3ObjectsTests.place), "--endpoint", "\(endpoint)", environment: keys)
            try #require(begun.code == 0, "\(begun.errors)")
        }
        try bench.folder.make("exports", [:])
        exports = bench.folder.appending("exports")
        // A consignment made on the command line gives body and series, and belongs to no user of the API.
        try bench.folder.make("Seed", ["seed.txt": "seed"])
        for (code, body) in [("MOCK1 1", "MOCK1"), ("MOCK2 1", "MOCK2")] {
            let made = try bench.tdr(
                "upload", "Seed", "--series", "\(code)", "--body", "\(body)", "--body-code", "TDR-\(body)", "--new",
                environment: keys)
            try #require(made.code == 0, "\(made.errors)")
        }
        var tokens: [String: String] = [:]
        for (login, body, roles) in [
            ("maria", "TDR-MOCK1", "standard_user"), ("colleague", "TDR-MOCK1", "standard_user"),
            ("stranger", "TDR-MOCK2", "standard_user"), ("reader", "TDR-MOCK1", "reporting"),
        ] {
            let added = try bench.tdr(
                "user", "add", "\(login)", "--name", "Some \(login)", "--email", "\(login)@example.org", "--body",
                "\(body)", "--role", "\(roles)")
            try #require(added.code == 0, "\(added.errors)")
            let scopes = "read,transfer,check,export,admin"
            tokens[login] = try bench.tdr("user", "token", "\(login)", "--name", "t", "--scope", "\(scopes)").line
        }
        self.tokens = tokens
        port = Int(try FreePort.next())
    }

    /// Starts the server and waits until it takes requests.
    func start(_ more: Argument..., environment: [String: Argument] = [:]) throws -> RunningProgram {
        try start(more, environment)
    }

    private func start(_ more: [Argument], _ environment: [String: Argument] = [:]) throws -> RunningProgram {
        let server = try Program.start(
            Program.tdr,
            ["serve-api", "--listen", "127.0.0.1:\(port)", "--antivirus", "none"]
                + (more.contains("--export-to") ? [] : ["--export-to", Argument(exports)]) + more,
            environment: bench.environment(keys.merging(environment) { $1 }), directory: bench.folder.path)
        let scheme = more.contains("--tls-cert") ? "https" : "http"
        // Whoever it is: that is for the tests of TLS.
        while try curl("-k", "\(scheme)://127.0.0.1:\(port)/healthcheck").code != 0 {
            if server.hasEnded { throw Ended(how: try server.wait().errors) }
            usleep(20_000)
        }
        return server
    }

    struct Ended: Error, CustomStringConvertible {
        let how: String
        var description: String { "the server has ended: \(how)" }
    }

    /// Serves while `body` runs, and ends as it is told to.
    func serving(_ more: Argument..., body: () throws -> Void) throws -> Finished {
        let server = try start(more)
        do {
            try body()
        } catch {
            server.send(SIGKILL)
            _ = try server.wait()
            throw error
        }
        server.send(SIGTERM)
        return try server.wait()
    }

    func curl(_ arguments: Argument...) throws -> Finished {
        try Program.run(BytePath("/usr/bin/env"), ["curl", "-s", "--max-time", "60"] + arguments)
    }

    /// Has `tdr` work through the server, with the token of `login` or with a token itself.
    func tdr(_ arguments: [Argument], as login: String) throws -> Finished {
        try Program.run(
            Program.tdr, arguments + ["--server", "\(url)"],
            environment: bench.environment(["TDR_TOKEN": "\(tokens[login] ?? login)"]), directory: bench.folder.path)
    }

    /// What a request comes to: its status and its JSON.
    struct Answer {
        let status: Int
        let text: String
        var json: JSONValue { get throws { try JSONValue(parsing: Array(text.utf8)) } }
        var code: String? { get throws { try json["errors"]?.elements.first?["extensions"]?["code"]?.text } }
    }

    func send(_ arguments: [Argument], as login: String?) throws -> Answer {
        let who: [Argument] = login.map { ["-H", "Authorization: Bearer \(tokens[$0] ?? $0)"] } ?? []
        let done = try Program.run(
            BytePath("/usr/bin/env"), ["curl", "-s", "--max-time", "60", "-w", "\n%{http_code}"] + who + arguments)
        let (text, status) = (
            done.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast(), done.output
        )
        return Answer(
            status: Int(status.split(separator: "\n").last ?? "") ?? 0, text: text.joined(separator: "\n"))
    }

    func ask(_ query: String, as login: String?) throws -> Answer {
        try bench.folder.make("query.json", .file(Array("{\"query\":\(ServerBench.quoted(query))}".utf8)))
        return try send(
            [
                "-H", "Content-Type: application/json", "--data-binary",
                Argument([UInt8(ascii: "@")] + bench.folder.appending("query.json").bytes), "\(url)/graphql",
            ], as: login)
    }

    /// The value of one field of the root.
    func field(_ query: String, _ name: String, as login: String) throws -> JSONValue {
        let answer = try ask(query, as: login)
        return try #require(try answer.json["data"]?[name], "\(answer.text)")
    }

    /// A text file of the clone.
    static func text(_ path: String) throws -> String {
        let root = BytePath(#filePath).directory.directory.directory
        return String(decoding: try readWhole(root.appending(path), limit: 1 << 24), as: UTF8.self)
    }

    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    /// A consignment of `login` whose upload has begun and waits for the files.
    func begun(
        _ files: [(path: String, bytes: [UInt8])], as login: String = "maria"
    ) throws -> (id: String, files: [String]) {
        let series =
            try field("{ getSeries(body: \"TDR-MOCK1\") { seriesid } }", "getSeries", as: login)
            .elements[0]["seriesid"]?.text ?? ""
        let made = try field(
            """
            mutation { addConsignment(addConsignmentInput: { consignmentType: "standard", seriesid: "\(series)" })
                { consignmentid } }
            """, "addConsignment", as: login)
        let id = try #require(made["consignmentid"]?.text)
        _ = try field(
            "mutation { startUpload(startUploadInput: { consignmentId: \"\(id)\", parentFolder: \"R\" }) }",
            "startUpload", as: login)
        let list = files.enumerated().map { number, file in
            """
            { originalPath: \(ServerBench.quoted(file.path)), checksum: "\(SHA256Digest.of(file.bytes))",
              lastModified: 1600000000000, fileSize: \(file.bytes.count), matchId: "\(number)" }
            """
        }.joined(separator: ", ")
        let matches = try field(
            """
            mutation { addFilesAndMetadata(addFilesAndMetadataInput: { consignmentId: "\(id)", metadataInput: [\(list)] })
                { fileId matchId } }
            """, "addFilesAndMetadata", as: login)
        return (id, matches.elements.compactMap { $0["fileId"]?.text })
    }

    /// Asks until it is so.
    func wait(
        _ query: String, _ name: String, as login: String = "maria", until isSo: (JSONValue) -> Bool
    ) throws -> JSONValue {
        for _ in 0..<600 {
            let value = try field(query, name, as: login)
            if isSo(value) { return value }
            usleep(100_000)
        }
        throw Ended(how: "it never came to be: \(query)")
    }
}
