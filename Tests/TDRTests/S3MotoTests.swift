import Streams
import TDRTestSupport
import Testing

/// Exports into moto, which keeps SHA-256 digests. Its look at signatures fails where something in a key or query is
/// percent-encoded, for any client; so the keys are plain here.
@Suite(.serialized) struct S3MotoTests {
    @Test(
        "is byte for byte what boto3 fetches in every form, is verified there, and is not sent twice",
        .enabled(if: MotoServer.python != nil, "moto is not installed: scripts/setup.sh test"))
    func forms() throws {
        let (bench, _) = try S3ExportTests.bench()
        let server = try MotoServer()
        let made = try server.python("s3.create_bucket(Bucket='archive')")
        try #require(made.code == 0, "\(made.errors)")
        for form in ["tar", "tar.gz", "tar.zst", "zip"] {
            let name = "TDR-2026-C.\(form)"
            let trial = try InterruptionTests.copy(of: bench)
            try trial("export", "TDR-2026-C", "--to", "out", "--form", Argument(form))
            let words: [Argument] = [
                "export", "TDR-2026-C", "--form", Argument(form), "--to", "s3://archive", "--endpoint",
                Argument(server.endpoint), "--read-back", "--tag", "kind=bag",
                "--storage-class", "STANDARD_IA",
            ]
            let finished = try Program.run(
                Program.tdr, words, environment: bench.environment(server.keys), directory: bench.folder.path)
            #expect(finished.code == 0, "\(finished.errors)")
            for file in [name, "\(name).sha256"] {
                let place = bench.folder.appending("fetched")
                let fetched = try server.python(
                    "s3.download_file('archive', words[0], words[1])", Argument(file), Argument(place))
                #expect(fetched.code == 0, "\(fetched.errors)")
                #expect(
                    try contents(of: place) == contents(of: trial.folder.appending("out").appending(file)), "\(file)")
            }
            let verified = try Program.run(
                Program.tdr, ["verify", "s3://archive/\(name)", "--endpoint", Argument(server.endpoint)],
                environment: bench.environment(server.keys))
            #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
            let again = try Program.run(
                Program.tdr, words, environment: bench.environment(server.keys), directory: bench.folder.path)
            #expect(again.code == 0)
            #expect(again.errors.contains("was there already"), "\(again.errors)")
        }
        let tags = try server.python(
            """
            print(s3.get_object_tagging(Bucket='archive', Key='TDR-2026-C.tar')['TagSet'])
            print(*(s3.head_object(Bucket='archive', Key='TDR-2026-C.' + end)['StorageClass'] for end in ('tar', 'zip.sha256')))
            print(s3.list_multipart_uploads(Bucket='archive').get('Uploads', []))
            """)
        #expect(
            tags.output == "[{'Key': 'kind', 'Value': 'bag'}]\nSTANDARD_IA STANDARD_IA\n[]\n",
            "\(tags.output)\(tags.errors)")
        #expect(try bench.tdr("verify", "--exports", environment: server.keys).code == 0)
    }

    @Test(
        "says what moto refuses: a wrong secret, an unknown key, a bucket that is not there",
        .enabled(if: MotoServer.python != nil, "moto is not installed: scripts/setup.sh test"))
    func refused() throws {
        let (bench, _) = try S3ExportTests.bench(large: 100)
        let server = try MotoServer()
        func export(_ keys: [String: Argument]) throws -> Finished {
            let finished = try Program.run(
                Program.tdr,
                ["export", "TDR-2026-C", "--to", "s3://archive", "--endpoint", Argument(server.endpoint)],
                environment: bench.environment(keys), directory: bench.folder.path)
            let secret = String(decoding: keys["AWS_SECRET_ACCESS_KEY"]?.bytes ?? [], as: UTF8.self)
            #expect(!(finished.errors + finished.output).contains(secret))
            return finished
        }
        let missing = try export(server.keys)
        #expect(missing.code == 1)
        #expect(missing.errors.contains("NoSuchBucket"), "\(missing.errors)")
        #expect(try server.python("s3.create_bucket(Bucket='archive')").code == 0)
        var wrong = server.keys
        wrong["AWS_SECRET_ACCESS_KEY"] = "wr0ng-s3cret"
        let secret = try export(wrong)
        #expect(secret.code == 1)
        #expect(secret.errors.contains("SignatureDoesNotMatch"), "\(secret.errors)")
        let unknown = try export(S3ExportTests.keys("AKIANOBODY", "wr0ng-s3cret"))
        #expect(unknown.code == 1)
        #expect(unknown.errors.contains("InvalidAccessKeyId"), "\(unknown.errors)")
    }
}
