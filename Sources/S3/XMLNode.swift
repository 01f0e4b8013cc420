/// What S3 servers answer: elements and text. Attributes are skipped; a document type is refused, and with it every
/// trick with entities.
struct XMLNode: Sendable {
    let name: String
    private(set) var text = ""
    private(set) var children: [XMLNode] = []

    private static let deepest = 16
    private static let most = 100_000

    /// The root element of a document; nil when it is not well-formed, deeper or larger than any answer is.
    static func root(of bytes: [UInt8]) -> XMLNode? {
        var open: [XMLNode] = []
        var place = 0
        var count = 0
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "<") else {
                let end = bytes[place...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                if !open.isEmpty { open[open.count - 1].text += unescaped(bytes[place..<end]) }
                place = end
                continue
            }
            guard let end = bytes[place...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let tag = bytes[(place + 1)..<end]
            place = end + 1
            switch tag.first {
            case UInt8(ascii: "?"): continue
            case UInt8(ascii: "!"): return nil
            case UInt8(ascii: "/"):
                guard let done = open.popLast(), Array(tag.dropFirst()) == Array(done.name.utf8) else { return nil }
                if open.isEmpty { return done }
                open[open.count - 1].children.append(done)
            default:
                count += 1
                guard let node = XMLNode(tag: tag), open.count < deepest, count <= most else { return nil }
                if tag.last == UInt8(ascii: "/") {
                    if open.isEmpty { return node }
                    open[open.count - 1].children.append(node)
                } else {
                    open.append(node)
                }
            }
        }
        return nil
    }

    private init?(tag: ArraySlice<UInt8>) {
        let ends: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "/")]
        let name = String(decoding: tag.prefix { !ends.contains($0) }, as: UTF8.self)
        if name.isEmpty { return nil }
        self.name = name
    }

    /// The children of this name.
    func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// The text of the first child of this name.
    func value(_ name: String) -> String? { children.first { $0.name == name }?.text }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        var out = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            out += rest[..<start]
            rest = rest[start...]
            guard let end = rest.prefix(12).firstIndex(of: ";") else {
                out.append("&")
                rest = rest.dropFirst()
                continue
            }
            out += character(rest[rest.index(after: start)..<end]) ?? String(rest[start...end])
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }

    private static func character(_ name: Substring) -> String? {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.first == "#" else { return nil }
            let digits = name.dropFirst()
            let number = digits.first == "x" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
        }
    }
}
