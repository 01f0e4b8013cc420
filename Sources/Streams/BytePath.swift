/// A path as the file system has it: bytes, not text.
///
/// Names on Linux may hold anything but NUL and `/`. They are compared and sorted as bytes, so that an NFC and an
/// NFD spelling stay two names, and they are never normalised.
public struct BytePath: Hashable, Sendable, Comparable {
    /// The bytes, without a terminating NUL.
    public let bytes: [UInt8]

    /// A path of these bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The UTF-8 of a text.
    public init(_ text: String) { self.bytes = Array(text.utf8) }

    /// By bytes.
    public static func < (a: BytePath, b: BytePath) -> Bool { a.bytes.precedes(b.bytes) }

    /// The path with one more component (or several, separated by `/`).
    public func appending(_ component: [UInt8]) -> BytePath {
        if bytes.isEmpty { return BytePath(component) }
        if bytes.last == UInt8(ascii: "/") { return BytePath(bytes + component) }
        return BytePath(bytes + [UInt8(ascii: "/")] + component)
    }

    /// The same with text.
    public func appending(_ component: String) -> BytePath { appending(Array(component.utf8)) }

    /// The last component; trailing slashes do not count. Empty for `/` and for an empty path.
    public var lastComponent: [UInt8] {
        var end = bytes.endIndex
        while end > 0, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
        let start = bytes[..<end].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
        return Array(bytes[start..<end])
    }

    /// The path without its last component: `.` for a bare name, `/` for a name below the root.
    public var directory: BytePath {
        var end = bytes.endIndex
        while end > 0, bytes[end - 1] == UInt8(ascii: "/") { end -= 1 }
        guard let slash = bytes[..<end].lastIndex(of: UInt8(ascii: "/")) else { return BytePath(".") }
        return slash == 0 ? BytePath("/") : BytePath(Array(bytes[..<slash]))
    }

    /// The text, where the bytes are valid UTF-8.
    public var text: String? { String(validating: bytes, as: UTF8.self) }

    /// Text that is safe on a terminal and says every byte: see ``displayName(of:)``.
    public var display: String { displayName(of: bytes) }

    /// Calls `body` with the bytes as a NUL-terminated C string.
    public func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let count = bytes.count
        let outcome: Swift.Result<Result, Failure> = withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1)
        {
            room in
            guard let base = room.baseAddress else { preconditionFailure("a terminated string is never empty") }
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(room).copyMemory(from: $0) }
            (base + count).initialize(to: 0)
            do throws(Failure) { return .success(try body(base)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}

extension [UInt8] {
    /// Whether these bytes sort before `other`, byte by byte, a prefix first (the order of `memcmp` and of SQLite blobs).
    public func precedes(_ other: [UInt8]) -> Bool { self.lexicographicallyPrecedes(other) }
}

/// A name for people: printable UTF-8 as it is; control characters, the backslash and bytes that are not UTF-8 as
/// `\n`, `\r`, `\t`, `\\` or `\xHH`. The result is one line, cannot steer a terminal, and stands for exactly one name.
public func displayName(of bytes: [UInt8]) -> String {
    // Nearly all names are such.
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) {
        return String(decoding: bytes, as: UTF8.self)
    }
    var out = String.UnicodeScalarView()
    var iterator = bytes[...]
    while let first = iterator.first {
        let length = scalarLength(first)
        let candidate = iterator.prefix(length)
        if candidate.count == length, let text = String(validating: candidate, as: UTF8.self),
            let scalar = text.unicodeScalars.first
        {
            iterator = iterator.dropFirst(length)
            switch scalar {
            case "\n": out.append(contentsOf: #"\n"#.unicodeScalars)
            case "\r": out.append(contentsOf: #"\r"#.unicodeScalars)
            case "\t": out.append(contentsOf: #"\t"#.unicodeScalars)
            case "\\": out.append(contentsOf: #"\\"#.unicodeScalars)
            default:
                if isSteering(scalar) {
                    for byte in candidate { out.append(contentsOf: hexEscape(byte).unicodeScalars) }
                } else {
                    out.append(scalar)
                }
            }
        } else {
            out.append(contentsOf: hexEscape(first).unicodeScalars)
            iterator = iterator.dropFirst()
        }
    }
    return String(out)
}

/// The bytes that ``displayName(of:)`` wrote as `text`: escapes read back, everything else as it is.
package func bytes(ofDisplayName text: String) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let first = rest.popFirst() {
        guard first == UInt8(ascii: "\\"), let letter = rest.first else {
            out.append(first)
            continue
        }
        switch letter {
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "\\"): out.append(first)
        case UInt8(ascii: "x"):
            guard let byte = Hex.decode(Array(rest.dropFirst().prefix(2)))?.first else {
                out.append(first)
                continue
            }
            out.append(byte)
            rest = rest.dropFirst(2)
        default:
            out.append(first)
            continue
        }
        rest = rest.dropFirst()
    }
    return out
}

/// Control characters, line and paragraph separators, and the marks that reorder or hide text on a terminal.
package func isSteering(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
        0xFFF9...0xFFFB, 0xE0000...0xE007F:
        return true
    default: return false
    }
}

private func scalarLength(_ first: UInt8) -> Int {
    switch first {
    case 0xC2...0xDF: return 2
    case 0xE0...0xEF: return 3
    case 0xF0...0xF4: return 4
    default: return 1
    }
}

private func hexEscape(_ byte: UInt8) -> String { "\\x" + Hex.encode([byte]) }
