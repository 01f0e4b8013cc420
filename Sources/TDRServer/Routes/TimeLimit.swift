import HTTPTypes
import TDRCore

/// How long a request may take.
struct TimeLimit: Sendable {
    private let seconds: Int

    init(_ seconds: Int) { self.seconds = seconds }

    /// Gives up work that takes too long: a read is cut off where it is; a change that has begun ends, with what it
    /// gives, since who asked for it must know what came of it.
    ///
    /// - Throws: ``APIError`` 503 when the work was given up.
    func keep<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let deadline = ContinuousClock.now + .seconds(seconds)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                do {
                    return try await ReadTerms.$current.withValue(ReadTerms(deadline: deadline)) { try await work() }
                } catch  where deadline <= .now {
                    throw tooLong(error)
                }
            }
            group.addTask {
                try await Task.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            if let value = try await group.next() ?? nil { return value }
            // It is told to stop, and may have come to its end all the same.
            group.cancelAll()
            while let left = try await group.next() { if let left { return left } }
            throw tooLong(CancellationError())
        }
    }

    /// What is thrown for an error of work whose time is over: that it was stopped is what went wrong.
    private func tooLong(_ error: any Error) -> any Error {
        guard error is CancellationError || error is ReadTerms.Passed else { return error }
        return APIError(
            .serviceUnavailable, .timeout, "the request took longer than \(seconds) seconds; ask for less")
    }
}
