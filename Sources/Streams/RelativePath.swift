/// A path below some folder that cannot leave it: no leading `/`, no `..`, `.` or empty component, no NUL.
///
/// What a manifest, an archive or a client names becomes one of these before any file is opened.
public struct RelativePath: Hashable, Sendable, Comparable {
    /// The bytes, components separated by single slashes; never empty.
    public let bytes: [UInt8]

    /// Fails for a path that is empty, absolute, or has a component that is empty, `.` or `..`, or holds NUL.
    public init?(_ bytes: [UInt8]) {
        // Made a few times for each of a million files: no copies on the way.
        var length = 0
        var dots = 0
        for byte in bytes {
            if byte == UInt8(ascii: "/") {
                if length == dots, length <= 2 { return nil }
                (length, dots) = (0, 0)
                continue
            }
            if byte == 0 { return nil }
            length += 1
            if byte == UInt8(ascii: ".") { dots += 1 }
        }
        if length == dots, length <= 2 { return nil }
        self.bytes = bytes
    }

    /// The same from text.
    public init?(_ text: String) { self.init(Array(text.utf8)) }

    /// A path made of parts that are already known to be safe.
    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// This path with one more component. The name must come from a directory listing: no `/`, not `.` or `..`.
    public func appending(name: [UInt8]) -> RelativePath {
        precondition(!name.isEmpty && !name.contains(UInt8(ascii: "/")), "a name from a listing is one component")
        return RelativePath(unchecked: bytes + [UInt8(ascii: "/")] + name)
    }

    /// The folder that holds it; nil for a top-level name.
    public var parent: RelativePath? {
        bytes.lastIndex(of: UInt8(ascii: "/")).map { RelativePath(unchecked: Array(bytes[..<$0])) }
    }

    /// The last component.
    public var name: [UInt8] {
        bytes.lastIndex(of: UInt8(ascii: "/")).map { Array(bytes[($0 + 1)...]) } ?? bytes
    }

    /// The text, where the bytes are valid UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    /// One safe line for people: see ``displayName(of:)``.
    public var display: String { displayName(of: bytes) }

    /// By bytes.
    public static func < (a: RelativePath, b: RelativePath) -> Bool { a.bytes.precedes(b.bytes) }
}
