/// A sign-in to the pages as far as it is known: never its secret.
public struct Session: Sendable, Identifiable {
    /// The number under which it can be ended.
    public let id: Int64
    /// Whose it is.
    public let login: String
    /// When it began.
    public let created: Timestamp
    /// When a page was last asked for, to within a minute.
    public let used: Timestamp
    /// When it ends by itself.
    public let expires: Timestamp
    /// The browser, in its own words.
    public let agent: String
    /// The address that it came from.
    public let peer: String
}

/// Whose a presented session is.
public struct OpenSession: Sendable {
    /// The session.
    public let session: Session
    /// Who they are now: roles may have changed since they signed in.
    public let principal: Principal
}
