import Glibc
import HTTPTypes
import Streams
import TDRCore

/// Tries to sign in, by where they come from: a number at once, then so many a second. Who has used them up waits.
final class PeerTries: Sendable {
    static let atOnce = 120.0
    static let perSecond = 2.0
    /// More places are not remembered: then those are forgotten that tried least.
    static let most = 10_000

    private struct Place {
        var left: Double
        var seen: Timestamp
    }

    private let places = Guarded<[[UInt8]: Place]>([:])

    /// Counts a try; how many seconds to wait when it is one too many, else nil.
    func wait(for peer: [UInt8], at now: Timestamp) -> Int? {
        places.withLock { places in
            var place = PeerTries.filled(places[peer] ?? Place(left: PeerTries.atOnce, seen: now), at: now)
            defer {
                places[peer] = place
                if places.count > PeerTries.most { PeerTries.forget(&places, at: now) }
            }
            guard place.left >= 1 else { return max(1, Int(((1 - place.left) / PeerTries.perSecond).rounded(.up))) }
            place.left -= 1
            return nil
        }
    }

    /// What a place has at `now`; a clock that goes back gives nothing.
    private static func filled(_ place: Place, at now: Timestamp) -> Place {
        let seconds = Double(max(0, now.milliseconds - place.seen.milliseconds)) / 1000
        return Place(left: min(atOnce, place.left + seconds * perSecond), seen: now)
    }

    /// Makes room, so that not each that follows pays for this again.
    private static func forget(_ places: inout [[UInt8]: Place], at now: Timestamp) {
        let kept = places.mapValues { filled($0, at: now) }.sorted { $0.value.left < $1.value.left }.prefix(
            most * 3 / 4)
        places = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }

    // MARK: Where a request comes from

    private static let forwarded = HTTPField.Name("X-Forwarded-For")

    /// The place of a request from `peer`. Behind a server of this machine it is the one that the server names; nobody
    /// from elsewhere can name another.
    static func place(of peer: String, _ headers: HTTPFields) -> [UInt8] {
        let own = place(peer)
        guard own == [127, 0, 0, 1] || own == Array(repeating: 0, count: 7) + [1], let forwarded,
            let last = headers[values: forwarded].last?.split(separator: ",").last
        else { return own }
        return place(String(last.filter { $0 != " " }))
    }

    /// An IPv4 address, or the network of an IPv6 one, of which one person has all addresses. What is neither is one place.
    private static func place(_ text: String) -> [UInt8] {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: four) { Array($0) } }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return [] }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        if bytes.starts(with: Array(repeating: 0, count: 10) + [0xFF, 0xFF]) { return Array(bytes[12...]) }
        // This machine is not everybody who has no network.
        if bytes.dropLast().allSatisfy({ $0 == 0 }) { return Array(repeating: 0, count: 7) + [bytes[15]] }
        return Array(bytes[..<8])
    }
}
