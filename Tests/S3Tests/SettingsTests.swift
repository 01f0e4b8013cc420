import S3
import Streams
import TDRTestSupport
import Testing

/// Where and as whom: the environment, the files of AWS's tools, the addresses.
@Suite struct SettingsTests {
    private let files = [
        "/h/.aws/credentials": """
        # keys
        [default]
        aws_access_key_id = DEF
        aws_secret_access_key=def+secret/=
        [archive]
        aws_access_key_id = ARC
        aws_secret_access_key = arc
        aws_session_token = tok
        """,
        "/h/.aws/config": """
        [default]
        region = eu-west-2
        [profile archive]
        region = eu-central-1
        endpoint_url = https://s3.example.org
        s3 =
          addressing_style = path
          max_concurrent_requests = 20
        """,
    ]

    private func settings(_ environment: [String: String], _ profile: String? = nil) throws -> AWSSettings {
        try AWSSettings(environment: environment.merging(["HOME": "/h"]) { $1 }, profile: profile) { path in
            files[path.display].map { Array($0.utf8) }
        }
    }

    @Test("takes keys, region, endpoint and style from where AWS's tools take them")
    func order() throws {
        let usual = try settings([:])
        #expect(usual.credentials.accessKey == "DEF")
        #expect(usual.region == "eu-west-2")
        #expect(usual.endpoint == nil)
        let named = try settings(["AWS_PROFILE": "archive"])
        #expect(named.credentials.accessKey == "ARC")
        #expect(named.credentials.sessionToken != nil)
        #expect(named.region == "eu-central-1")
        #expect(named.endpoint == "https://s3.example.org")
        #expect(named.addressing == "path")
        let keys = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_REGION": "us-west-1"]
        #expect(try settings(keys).credentials.accessKey == "ENV")
        #expect(try settings(keys).region == "us-west-1")
        // A profile that is asked for by name comes before keys that happen to be set.
        #expect(try settings(keys, "archive").credentials.accessKey == "ARC")
        let urls = ["AWS_ENDPOINT_URL": "https://a.example.org", "AWS_ENDPOINT_URL_S3": "https://b.example.org"]
        #expect(try settings(urls).endpoint == "https://b.example.org")
    }

    @Test("says what is missing, and never a secret")
    func missing() throws {
        #expect(throws: AWSSettings.Fault.self) { try settings([:], "nobody") }
        #expect(throws: AWSSettings.Fault.self) {
            try AWSSettings(environment: [:]) { _ in nil }
        }
        do {
            _ = try settings(["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hush\r\nx: y"])
            Issue.record("a secret with a line end was taken")
        } catch {
            #expect(!"\(error)".contains("hush"))
        }
    }

    @Test("reads places in S3, and no others")
    func locations() {
        #expect(S3Location(BytePath("s3://bucket/a/b/"))?.key("x.tar") == "a/b/x.tar")
        #expect(S3Location(BytePath("s3://bucket"))?.key("x.tar") == "x.tar")
        for wrong in [
            "s3://", "s3:///a", "s3://b/a", "s3://bucket/../a", "s3://bucket/a//b", "s3://bu cket", "/a", "s3:bucket",
        ] {
            #expect(S3Location(BytePath(wrong)) == nil, "\(wrong)")
        }
    }

    @Test("refuses addresses that are none or that hide a password")
    func endpoints() {
        for right in ["https://s3.example.org", "s3.example.org:9000", "http://127.0.0.1:1/base/"] {
            #expect(S3Endpoint(right, region: "r", style: nil) != nil, "\(right)")
        }
        for wrong in ["", "ftp://a", "https://user:password@host", "https://host/?x=y", "https://ho st"] {
            #expect(S3Endpoint(wrong, region: "r", style: nil) == nil, "\(wrong)")
        }
    }

    @Test("makes parts that are a function of their number and let 5 TiB fit")
    func sizes() {
        let sizes = MultipartWriter.Sizes.usual
        var total = 0
        for number in 1...10_000 {
            let size = sizes.size(of: number)
            #expect(size >= 5 << 20 && size <= 5 << 30)
            total += size
        }
        #expect(total >= 5 << 40)
        #expect(sizes.size(of: 2000) == 8 << 20)
        #expect(sizes.size(of: 2001) == 32 << 20)
    }
}
