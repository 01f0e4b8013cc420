/// A message on its way to somebody, and how it gets there: over HTTP, to a program, into a file, by mail.
///
/// A *letter* is JSON with an id of its own. A *courier* hands it over once and says whether it arrived; when to try again
/// is for others to decide.
package struct Letter: Sendable {
    /// The same whenever it is sent, so that a receiver can tell that it has it already.
    package let id: String
    /// What it tells of, one word.
    package let event: String
    /// One line for people.
    package let subject: String
    /// One JSON object.
    package let body: [UInt8]

    package init(id: String, event: String, subject: String, body: [UInt8]) {
        self.id = id
        self.event = event
        self.subject = subject
        self.body = body
    }
}

/// A way to hand a letter over.
package protocol Courier: Sendable {
    /// What kind of way it is, one word.
    var kind: String { get }

    /// Hands it over; returns only when the receiver has it.
    ///
    /// - Throws: ``CourierFault``, `CancellationError`.
    func deliver(_ letter: Letter) async throws
}

/// Why a letter did not arrive. It names no secret.
package struct CourierFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
