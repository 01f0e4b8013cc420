import Streams

/// Makes XML 1.0 piece by piece: nothing of it is held but what has not been passed on.
struct XMLText {
    private var out: Batched
    private var open: [String] = []

    init(_ sink: @escaping BagTagFiles.Sink) {
        out = Batched(sink)
        out.bytes += Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
    }

    /// Begins an element that holds others.
    mutating func begin(_ name: String, _ attributes: [(String, String)] = []) throws {
        indent()
        tag(name, attributes)
        out.bytes += Array(">\n".utf8)
        open.append(name)
        try out.spill()
    }

    /// Ends the element that was begun last.
    mutating func end() throws {
        guard let name = open.popLast() else { preconditionFailure("what is ended was begun") }
        indent()
        out.bytes += Array("</\(name)>\n".utf8)
        try out.spill()
    }

    /// An element with text in it.
    mutating func element(_ name: String, _ text: String, _ attributes: [(String, String)] = []) {
        indent()
        tag(name, attributes)
        out.bytes.append(UInt8(ascii: ">"))
        XMLText.append(text, to: &out.bytes)
        out.bytes += Array("</\(name)>\n".utf8)
    }

    /// An element with nothing in it.
    mutating func empty(_ name: String, _ attributes: [(String, String)]) {
        indent()
        tag(name, attributes)
        out.bytes += Array("/>\n".utf8)
    }

    /// Passes on what is left.
    mutating func finish() throws {
        precondition(open.isEmpty, "every element has ended")
        try out.end()
    }

    private mutating func indent() { out.bytes += [UInt8](repeating: UInt8(ascii: " "), count: min(open.count, 8)) }

    private mutating func tag(_ name: String, _ attributes: [(String, String)]) {
        out.bytes.append(UInt8(ascii: "<"))
        out.bytes += Array(name.utf8)
        for (name, value) in attributes {
            out.bytes += Array(" \(name)=\"".utf8)
            XMLText.append(value, to: &out.bytes)
            out.bytes.append(UInt8(ascii: "\""))
        }
    }

    /// Text that holds nothing but what ``encoded(_:)`` leaves.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            default: bytes.append(byte)
            }
        }
    }

    /// Any bytes as text that XML can hold and that can be read back: `%`, control characters, what is no character and
    /// bytes that are not UTF-8 as `%HH`, everything else as it is.
    static func encoded(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let first = rest.first {
            if first < 0x80 {
                if first < 0x20 || first == 0x7F || first == UInt8(ascii: "%") {
                    append(percent: first, to: &out)
                } else {
                    out.append(first)
                }
                rest = rest.dropFirst()
                continue
            }
            // As long as UTF-8 allows; two to four bytes.
            let scalar = (2...4).lazy.compactMap { count -> (Int, Unicode.Scalar)? in
                guard rest.count >= count, let text = String(validating: rest.prefix(count), as: UTF8.self),
                    text.unicodeScalars.count == 1, let scalar = text.unicodeScalars.first
                else { return nil }
                return (count, scalar)
            }.first
            let count = scalar?.0 ?? 1
            if let scalar, !isOutside(scalar.1) {
                out += rest.prefix(count)
            } else {
                for byte in rest.prefix(count) { append(percent: byte, to: &out) }
            }
            rest = rest.dropFirst(count)
        }
        return String(decoding: out, as: UTF8.self)
    }

    static func encoded(_ text: String) -> String { encoded(Array(text.utf8)) }

    /// A path as the relative reference of RFC 3986.
    static func reference(_ path: [UInt8]) -> String {
        var out: [UInt8] = []
        for byte in path {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: out.append(byte)
            case _ where "-._~/".utf8.contains(byte): out.append(byte)
            default: append(percent: byte, to: &out)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func append(percent byte: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// C1 controls, line separators, and what XML 1.0 §2.2 leaves out or advises against.
    private static func isOutside(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x80..<0xA0, 0x2028, 0x2029, 0xFDD0...0xFDEF: true
        default: scalar.value & 0xFFFE == 0xFFFE
        }
    }
}
