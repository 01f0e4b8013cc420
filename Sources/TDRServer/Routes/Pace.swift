import HTTPTypes

/// How fast the bytes of a request come.
struct Pace {
    /// Slower senders, over a minute, hold a connection for nothing: bytes a second.
    private static let slowest = 500.0

    private let begun = ContinuousClock.now

    /// - Parameter count: The bytes that have come.
    /// - Throws: ``APIError`` when they come too slowly.
    func check(_ count: Int64) throws {
        let took = begun.duration(to: .now)
        if took > .seconds(60), Double(count) / Double(took.components.seconds) < Pace.slowest {
            throw APIError(.requestTimeout, .timeout, "the bytes come too slowly; go on from where they are")
        }
    }
}
