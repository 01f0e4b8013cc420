import Glibc
import Streams
import TDRTestSupport
import Testing

/// OpenStack Swift with its S3 door, until this value goes.
final class StrictServer {
    static let isInstalled = (["/usr/bin/swift-proxy-server", "/usr/bin/memcached", "/usr/bin/aws"] as [String])
        .allSatisfy { access($0, X_OK) == 0 }

    let endpoint: String
    private let folder: TemporaryFolder
    private static let script = BytePath(#filePath).directory.directory.directory.appending("scripts/s3-server.sh")

    init() throws {
        folder = try TemporaryFolder()
        let finished = try Program.run(
            StrictServer.script, ["start", Argument(folder.appending("server"))])
        try #require(finished.code == 0, "\(finished.errors)")
        endpoint = finished.line
    }

    deinit { _ = try? Program.run(StrictServer.script, ["stop", Argument(folder.appending("server"))]) }
}

/// moto, a second S3 server, which checks who asks; until this value goes.
final class MotoServer {
    /// The Python that has moto, where there is one.
    static let python: BytePath? = {
        guard let name = getenv("TDR_TEST_PYTHON") else { return nil }
        let python = BytePath(String(cString: name))
        let found = try? Program.run(python, ["-c", "import moto.server, boto3"])
        return found?.code == 0 ? python : nil
    }()

    let endpoint: String
    /// The keys of somebody who may do everything.
    let keys: [String: Argument]
    private let running: RunningProgram
    private let folder: TemporaryFolder
    private let python: BytePath

    /// Without looking at signatures it takes keys and queries that are percent-encoded, too.
    init(looksAtSignatures: Bool = true) throws {
        python = try #require(MotoServer.python)
        folder = try TemporaryFolder()
        let place = folder.appending("address")
        // Three requests make the user; from then on each is looked at.
        running = try Program.start(
            BytePath("/bin/sh"), ["-c", "exec \"$0\" -m moto.server -H 127.0.0.1 -p 0 2>&1", Argument(python)],
            environment: ["INITIAL_NO_AUTH_ACTION_COUNT": looksAtSignatures ? "3" : "1000000000"],
            stdout: .created(place))
        let process = running
        var address = ""
        let began = waitUntil {
            let text = String(decoding: (try? contents(of: place)) ?? [], as: UTF8.self)
            if let start = text.firstRange(of: "Running on http://") {
                let rest = text[start.lowerBound...].dropFirst("Running on ".count)
                if rest.contains("\n") { address = String(rest.prefix { !$0.isWhitespace && $0 != "\u{1B}" }) }
            }
            return !address.isEmpty || process.hasEnded
        }
        try #require(began && !address.isEmpty, "moto did not start")
        endpoint = address
        let made = try MotoServer.run(
            python, address, ["AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"],
            """
            iam = boto3.client("iam", endpoint_url=endpoint)
            iam.create_user(UserName="tester")
            key = iam.create_access_key(UserName="tester")["AccessKey"]
            iam.put_user_policy(UserName="tester", PolicyName="all", PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
            print(key["AccessKeyId"], key["SecretAccessKey"])
            """)
        try #require(made.code == 0, "\(made.errors)")
        let words = made.line.split(separator: " ").map(String.init)
        try #require(words.count == 2)
        keys = S3ExportTests.keys(words[0], words[1])
    }

    deinit {
        running.send(SIGKILL)
        _ = try? running.wait()
    }

    /// A few lines of Python with boto3's client `s3` and the arguments in `words`.
    func python(_ lines: String, _ words: Argument...) throws -> Finished {
        try MotoServer.run(python, endpoint, keys, "s3 = boto3.client('s3', endpoint_url=endpoint)\n" + lines, words)
    }

    private static func run(
        _ python: BytePath, _ endpoint: String, _ keys: [String: Argument], _ lines: String, _ words: [Argument] = []
    ) throws -> Finished {
        let script = "import boto3, json, sys\nendpoint, *words = sys.argv[1:]\n" + lines
        return try Program.run(
            python, ["-c", Argument(script), Argument(endpoint)] + words,
            environment: keys.merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 })
    }
}
