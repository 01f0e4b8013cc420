/// Where a byte sequence is anchored (the `Reference` attribute; absent means Variable).
enum Anchor: UInt32, Hashable {
    case start = 0
    case end = 1
    case variable = 2
    case indirectStart = 3
    case indirectEnd = 4

    init?(reference: String?) {
        switch reference {
        case nil, "", "Variable": self = .variable
        case "BOFoffset": self = .start
        case "EOFoffset": self = .end
        case "IndirectBOFoffset": self = .indirectStart
        case "IndirectEOFoffset": self = .indirectEnd
        default: return nil
        }
    }
}

/// Where the start offset of an indirect sequence is written in the file.
struct Indirection: Hashable {
    var location: Int
    /// Bytes, 1 to 8.
    var length: Int
    var isLittleEndian: Bool
}

/// One ByteSequence: all of its chains in order.
///
/// Chains of an ``Anchor/end`` sequence are held mirrored, first the one next to the end of the file, so that one
/// matcher that only runs forward serves both ends.
struct ByteSequence: Hashable {
    var anchor: Anchor
    var indirection: Indirection?
    var chains: [Chain]
}

/// One InternalSignature: matches when every sequence does.
struct InternalSignature: Hashable {
    var id: Int
    var sequences: [ByteSequence]
}

/// A signature that was dropped, or read in another way than it is written, and why.
package struct SignatureWarning: Hashable, Sendable, CustomStringConvertible {
    /// Which file it stands in.
    package enum Origin: String, Sendable { case binary, container, registry }

    package let origin: Origin
    /// The ID of the internal or container signature; nil when the file as a whole is meant.
    package let signature: Int?
    package let reason: String

    package var description: String {
        guard let signature else { return "\(origin.rawValue) signature file: \(reason)" }
        return "\(origin.rawValue) signature \(signature): \(reason)"
    }
}

/// Why one signature cannot be used.
enum SignatureFault: Error, CustomStringConvertible {
    case pattern(PatternFault)
    case missing(String)
    case unsupported(String)

    var description: String {
        switch self {
        case .pattern(let fault): fault.description
        case .missing(let what): "it has no \(what)"
        case .unsupported(let what): what
        }
    }
}
