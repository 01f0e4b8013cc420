import Glibc
import S3
import Streams
import TDRTestSupport
import Testing

/// The signer against AWS's own published examples and against botocore.
@Suite struct SignerTests {
    static let example = S3Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"))
    /// 2013-05-24, midnight.
    static let day: Int64 = 1_369_353_600
    static let host = ("host", "examplebucket.s3.amazonaws.com")

    private func signature(_ headers: [(String, String)]) -> String? {
        headers.first { $0.0 == "authorization" }?.1.split(separator: "=").last.map(String.init)
    }

    private func sign(
        _ method: String, _ path: String, _ query: [(String, String)] = [], _ more: [(String, String)] = [],
        _ payload: String = S3Signer.emptyPayload
    ) -> String? {
        let signer = S3Signer(SignerTests.example, region: "us-east-1")
        return signature(
            signer.sign(
                method: method, path: path, query: query, headers: [SignerTests.host] + more, payload: payload,
                at: SignerTests.day))
    }

    @Test("gives the signatures of the S3 documentation's examples")
    func published() {
        #expect(
            sign("GET", "/test.txt", [], [("range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        #expect(
            sign(
                "PUT", "/test%24file.text", [],
                [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                SHA256Digest.of(Array("Welcome to Amazon S3.".utf8)).hex)
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        #expect(
            sign("GET", "/", [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
        #expect(
            sign("GET", "/", [("max-keys", "2"), ("prefix", "J")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("gives the presigned address of the S3 documentation's example")
    func presigned() {
        let query = S3Signer(SignerTests.example, region: "us-east-1").presign(
            method: "GET", host: SignerTests.host.1, path: "/test.txt", lifetime: 86400, at: SignerTests.day)
        #expect(
            query.hasSuffix("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
    }

    @Test("agrees with botocore on hundreds of awkward keys and queries", .timeLimit(.minutes(10)))
    func botocore() throws {
        var python = "python3"
        if let venv = getenv("TDR_TEST_BAGIT") {
            python = BytePath(String(cString: venv)).directory.display + "/python"
        }
        try #require(
            try Program.run("/usr/bin/env", [Argument(python), "-c", "import botocore"]).code == 0,
            "there is no botocore; scripts/setup.sh test installs it")
        let pieces = [
            "a", "B7", " ", "+", "%", "%20", "é", "e\u{301}", "😀", "/", "//", "~", "=", "&", "?", "#", ";", ":", "@",
            "..", ".", "*", "'", "\"", "(", "\\", "|", "-_", "/./", "$", ",", "<>", "\u{7F}",
        ]
        var generator = SeededGenerator(seed: 20_261_124)
        func awkward(_ most: Int) -> String {
            (0..<Int.random(in: 1...most, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
        }
        var lines = ""
        var own: [String?] = []
        for _ in 0..<400 {
            let key = awkward(8)
            var query: [(String, String)] = []
            for number in 0..<Int.random(in: 0...3, using: &generator) {
                query.append((awkward(2) + "\(number)", awkward(4)))
            }
            let token = Bool.random(using: &generator) ? "tok/en+==" : nil
            let seconds = Int64.random(in: 0...4_000_000_000, using: &generator)
            let signer = S3Signer(
                S3Credentials(accessKey: "AKID", secret: Secret("s3cr3t/+"), sessionToken: token.map { Secret($0) }),
                region: "eu-west-2")
            own.append(
                signature(
                    signer.sign(
                        method: "GET", path: "/" + S3Encoding.path(key), query: query,
                        headers: [("host", "bucket.example.org")], payload: S3Signer.emptyPayload, at: seconds)))
            let pairs = query.map { "[\(quoted($0.0)), \(quoted($0.1))]" }.joined(separator: ", ")
            lines +=
                "{\"key\": \(quoted(key)), \"query\": [\(pairs)], \"token\": \(token.map(quoted) ?? "null"),"
                + " \"seconds\": \(seconds)}\n"
        }
        let folder = try TemporaryFolder()
        try folder.make("cases", .file(Array(lines.utf8)))
        let script = BytePath(#filePath).directory.appending("botocore-signatures.py")
        let finished = try Program.run(
            "/bin/sh",
            [
                "-c", "exec \"$0\" \"$1\" < \"$2\"", Argument(python), Argument(script),
                Argument(folder.appending("cases")),
            ])
        try #require(finished.code == 0, "\(finished.errors)")
        #expect(finished.output.split(separator: "\n").map { Optional(String($0)) } == own)
    }

    /// A text as JSON, in ASCII.
    private func quoted(_ text: String) -> String {
        "\""
            + text.utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined() + "\""
    }

    @Test("shows no secret, however it is printed")
    func secrets() {
        var dumped = ""
        dump(SignerTests.example, to: &dumped)
        for text in [dumped, "\(SignerTests.example)", String(reflecting: SignerTests.example)] {
            #expect(!text.contains("wJalr"))
            #expect(text.contains("AKIAIOSFODNN7EXAMPLE"))
        }
    }
}
