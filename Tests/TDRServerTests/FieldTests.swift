import HTTPTypes
import Streams
import Testing

@testable import TDRServer

/// The header fields of uploads.
@Suite struct FieldTests {
    @Test("reads ranges of bytes with all three numbers, and no others")
    func ranges() throws {
        let range = try #require(ContentRange("bytes 0-99/1000"))
        #expect((range.first, range.last, range.total) == (0, 99, 1000))
        let none = try #require(ContentRange("bytes */1000"))
        #expect(none.last - none.first + 1 == 0)
        for bad in [
            "", "bytes", "bytes 0-99/*", "bytes 99-0/1000", "bytes 0-1000/1000", "bytes -1-5/10",
            "bytes +1-5/10", "bytes 0-99/1000/2", "items 0-99/1000",
            "bytes 0-99999999999999999999/99999999999999999999",
        ] {
            #expect(ContentRange(bad) == nil, "\(bad)")
        }
    }

    @Test("reads digests of SHA-256 by their three names, passes over others, and refuses broken ones")
    func digests() throws {
        let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(try DigestFields([.reprDigest: "sha-256=:\(empty):"]).whole?.hex == hex)
        #expect(try DigestFields([.reprDigest: "md5=:AAAA:, sha-256=:\(empty):"]).whole?.hex == hex)
        #expect(try DigestFields([.digest: "SHA-256=\(empty)"]).whole?.hex == hex)
        #expect(try DigestFields([.contentDigest: "sha-256=:\(empty):"]).piece?.hex == hex)
        #expect(try DigestFields([.reprDigest: "sha-512=:AAAA:"]).whole == nil)
        for bad in ["sha-256=::", "sha-256=:AAAA:", "sha-256=\(empty)", "sha-256=:***:"] {
            #expect(throws: APIError.self, "\(bad)") { try DigestFields([.reprDigest: bad]) }
        }
    }
}
