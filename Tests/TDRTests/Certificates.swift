import Streams
import TDRTestSupport
import Testing

/// An authority of our own, and what it has certified: made by openssl.
struct Certificates {
    private let folder: TemporaryFolder

    /// The authority that everything here is certified by.
    var authority: BytePath { folder.appending("ca.pem") }
    /// Another one, that has certified nothing.
    var stranger: BytePath { folder.appending("stranger.pem") }
    var certificate: BytePath { folder.appending("server.pem") }
    var key: BytePath { folder.appending("server.key") }

    /// A certificate for this name or address, as in `IP:127.0.0.1`.
    init(for name: String = "IP:127.0.0.1") throws {
        folder = try TemporaryFolder()
        for one in ["ca", "stranger"] {
            try openssl(
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=An authority, \(one)",
                "-keyout", "\(one).key", "-out", "\(one).pem")
        }
        try openssl(
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tdr", "-keyout", "server.key", "-out",
            "server.csr")
        try folder.make("names", .file(Array("subjectAltName=\(name)\n".utf8)))
        try openssl(
            "x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-extfile", "names", "-out", "server.pem")
    }

    private func openssl(_ arguments: Argument...) throws {
        let done = try Program.run(
            BytePath("/usr/bin/env"), ["-C", Argument(folder.path), "openssl"] + arguments)
        try #require(done.code == 0, "\(done.errors)")
    }
}
