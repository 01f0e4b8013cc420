import Hummingbird
import NIOCore

/// The fields of a form, `application/x-www-form-urlencoded`.
struct Form: Sendable {
    static let limit = 64 << 10
    static let fieldLimit = 200

    private let fields: [String: [String]]

    /// - Throws: ``PageError/badForm``.
    init(_ request: Request) async throws {
        guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true else {
            throw PageError.badForm
        }
        let body = try await request.body.collect(upTo: Form.limit)
        try self.init(Array(body.readableBytesView))
    }

    /// - Throws: ``PageError/badForm``.
    init(_ bytes: [UInt8]) throws {
        var fields: [String: [String]] = [:]
        let pairs = bytes.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= Form.fieldLimit else { throw PageError.badForm }
        for pair in pairs {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Form.decoded(parts[0])
            fields[name, default: []].append(parts.count == 2 ? try Form.decoded(parts[1]) : "")
        }
        self.fields = fields
    }

    /// The value of a field; empty when it is not there.
    subscript(name: String) -> String { fields[name]?.first ?? "" }

    /// All values of a field.
    func all(_ name: String) -> [String] { fields[name] ?? [] }

    /// Without the blanks around it.
    func trimmed(_ name: String) -> String {
        var text = self[name][...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Whether a box is ticked.
    func isTicked(_ name: String) -> Bool { self[name] == "yes" }

    private static func decoded(_ bytes: ArraySlice<UInt8>) throws -> String {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): out.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(nibble), let low = rest.popFirst().flatMap(nibble) else {
                    throw PageError.badForm
                }
                out.append(high << 4 | low)
            default: out.append(byte)
            }
        }
        guard let text = String(validating: out, as: UTF8.self) else { throw PageError.badForm }
        return text
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Form {
    /// A form of these fields.
    init(fields: [String: [String]]) { self.fields = fields }

    private init() { fields = [:] }

    /// A form that nobody has filled in yet.
    static let empty = Form()
}
