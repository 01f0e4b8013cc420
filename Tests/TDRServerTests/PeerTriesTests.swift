import HTTPTypes
import Streams
import TDRCore
import Testing

@testable import TDRServer

/// Tries to sign in, by where they come from.
@Suite struct PeerTriesTests {
    private static let begun = Timestamp(milliseconds: 1_800_000_000_000)

    private static func later(_ milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: begun.milliseconds + milliseconds)
    }

    @Test("are as many as may be at once, and then as many as time gives")
    func bucket() {
        let tries = PeerTries()
        let peer: [UInt8] = [192, 0, 2, 1]
        let most = Int(PeerTries.atOnce)
        #expect((0..<most).allSatisfy { _ in tries.wait(for: peer, at: PeerTriesTests.begun) == nil })
        #expect(tries.wait(for: peer, at: PeerTriesTests.begun) == 1)
        #expect(tries.wait(for: [192, 0, 2, 2], at: PeerTriesTests.begun) == nil)
        // Half a second is one try; those that were refused cost nothing.
        #expect(tries.wait(for: peer, at: PeerTriesTests.later(499)) == 1)
        #expect(tries.wait(for: peer, at: PeerTriesTests.later(500)) == nil)
        #expect(tries.wait(for: peer, at: PeerTriesTests.later(500)) == 1)
        // A clock that is set back gives nothing and takes nothing.
        #expect(tries.wait(for: peer, at: PeerTriesTests.begun) == 1)
        #expect(tries.wait(for: peer, at: PeerTriesTests.later(500)) == nil)
        // An hour gives no more than at the beginning.
        let hour = PeerTriesTests.later(3_600_000)
        #expect((0..<most).allSatisfy { _ in tries.wait(for: peer, at: hour) == nil })
        #expect(tries.wait(for: peer, at: hour) == 1)
    }

    @Test("of very many places are kept for those that try most")
    func bounded() {
        let tries = PeerTries()
        let busy: [UInt8] = [192, 0, 2, 1]
        for _ in 0..<Int(PeerTries.atOnce) { _ = tries.wait(for: busy, at: PeerTriesTests.begun) }
        for number in 0..<(2 * PeerTries.most) {
            let place = withUnsafeBytes(of: UInt64(number)) { Array($0) }
            #expect(tries.wait(for: place, at: PeerTriesTests.begun) == nil)
        }
        #expect(tries.wait(for: busy, at: PeerTriesTests.begun) == 1)
    }

    @Test(
        "come from an address, or from a network of version 6; a server on this machine says for whom it asks",
        arguments: [
            ("192.0.2.1", nil, [192, 0, 2, 1]), ("::ffff:192.0.2.1", nil, [192, 0, 2, 1]),
            ("2001:db8:1:2:3:4:5:6", nil, [0x20, 0x01, 0x0D, 0xB8, 0, 1, 0, 2]),
            ("192.0.2.1", "198.51.100.1", [192, 0, 2, 1]), ("127.0.0.1", nil, [127, 0, 0, 1]),
            ("127.0.0.1", "192.0.2.9, 198.51.100.1", [198, 51, 100, 1]), ("::1", "198.51.100.1", [198, 51, 100, 1]),
            ("::1", nil, [0, 0, 0, 0, 0, 0, 0, 1]), ("127.0.0.1", "nonsense", []), ("", nil, []),
        ] as [(String, String?, [UInt8])])
    func places(peer: String, forwarded: String?, wanted: [UInt8]) throws {
        var headers = HTTPFields()
        if let forwarded { headers[try #require(HTTPField.Name("X-Forwarded-For"))] = forwarded }
        #expect(PeerTries.place(of: peer, headers) == wanted)
    }
}
