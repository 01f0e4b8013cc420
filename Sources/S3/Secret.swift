/// A text that nobody may see: it shows itself as `<secret>` wherever it is printed, dumped or put into a message.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// The text, for the one place that signs with it.
    func reveal() -> String { text }
}

/// Who asks an S3 server.
package struct S3Credentials: Sendable {
    /// The public name of the key.
    package let accessKey: String
    /// What requests are signed with.
    package let secret: Secret
    /// Goes with keys that end after a while.
    package let sessionToken: Secret?

    package init(accessKey: String, secret: Secret, sessionToken: Secret? = nil) {
        self.accessKey = accessKey
        self.secret = secret
        self.sessionToken = sessionToken
    }
}
