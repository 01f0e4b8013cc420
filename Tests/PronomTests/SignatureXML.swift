import Pronom
import Streams

/// Signature files from literals.
struct SignatureXML {
    struct Format {
        var puid: String
        var signatures: [String] = []
        var extensions: [String] = []
        var inferiors: [String] = []
    }

    var formats: [Format] = []
    var containers: [(puid: String, kind: String, files: [(path: String, signatures: String)])] = []

    /// One format whose signature is given by new-form expressions.
    init(_ puid: String = "fmt/1", reference: String? = "BOFoffset", sequence: String) {
        formats = [Format(puid: puid, signatures: [Self.sequence(sequence, reference: reference)])]
    }

    init(_ formats: [Format]) { self.formats = formats }

    /// A ByteSequence in the new form.
    static func sequence(_ expression: String, reference: String? = "BOFoffset") -> String {
        let escaped = expression.replacing("&", with: "&amp;").replacing("'", with: "&apos;")
        return "<ByteSequence\(reference.map { " Reference='\($0)'" } ?? "") Sequence='\(escaped)'/>"
    }

    /// A ByteSequence in the old form with one SubSequence.
    static func old(
        _ sequence: String, reference: String? = "BOFoffset", min: Int? = 0, max: Int? = 0, fragments: String = ""
    ) -> String {
        "<ByteSequence\(reference.map { " Reference='\($0)'" } ?? "")>"
            + subsequence(sequence, min: min, max: max, fragments: fragments) + "</ByteSequence>"
    }

    static func subsequence(_ sequence: String, min: Int? = 0, max: Int? = nil, fragments: String = "") -> String {
        "<SubSequence Position='1'\(min.map { " SubSeqMinOffset='\($0)'" } ?? "")"
            + "\(max.map { " SubSeqMaxOffset='\($0)'" } ?? "")><Sequence>\(sequence)</Sequence>\(fragments)</SubSequence>"
    }

    /// `side` is Left or Right.
    static func fragment(_ side: String, _ position: Int, _ bytes: String, min: Int = 0, max: Int = 0) -> String {
        "<\(side)Fragment Position='\(position)' MinOffset='\(min)' MaxOffset='\(max)'>\(bytes)</\(side)Fragment>"
    }

    var binary: String {
        var signatures = ""
        var list = ""
        var number = 100
        for (index, format) in formats.enumerated() {
            list += "<FileFormat ID='\(index + 1)' PUID='\(format.puid)' Name='Format \(format.puid)' MIMEType='a/b'>"
            for signature in format.signatures {
                number += 1
                signatures +=
                    "<InternalSignature ID='\(number)' Specificity='Specific'>\(signature)</InternalSignature>"
                list += "<InternalSignatureID>\(number)</InternalSignatureID>"
            }
            for name in format.extensions { list += "<Extension>\(name)</Extension>" }
            for inferior in format.inferiors {
                let position = formats.firstIndex { $0.puid == inferior }
                list += "<HasPriorityOverFileFormatID>\(position.map { $0 + 1 } ?? 0)</HasPriorityOverFileFormatID>"
            }
            list += "</FileFormat>"
        }
        return "<?xml version='1.0'?><FFSignatureFile Version='7' DateCreated='2026-01-01T00:00:00'"
            + " xmlns='http://www.nationalarchives.gov.uk/pronom/SignatureFile'>"
            + "<InternalSignatureCollection>\(signatures)</InternalSignatureCollection>"
            + "<FileFormatCollection>\(list)</FileFormatCollection></FFSignatureFile>"
    }

    var container: String {
        var signatures = ""
        var mappings = ""
        for (index, container) in containers.enumerated() {
            signatures += "<ContainerSignature Id='\(index + 1)' ContainerType='\(container.kind)'><Files>"
            for file in container.files {
                signatures += "<File><Path>\(file.path)</Path>"
                if !file.signatures.isEmpty {
                    signatures += "<BinarySignatures><InternalSignatureCollection><InternalSignature ID='\(index + 1)'>"
                    signatures += file.signatures
                    signatures += "</InternalSignature></InternalSignatureCollection></BinarySignatures>"
                }
                signatures += "</File>"
            }
            signatures += "</Files></ContainerSignature>"
            mappings += "<FileFormatMapping signatureId='\(index + 1)' Puid='\(container.puid)'/>"
        }
        return "<ContainerSignatureMapping schemaVersion='1.0' signatureVersion='3'>"
            + "<ContainerSignatures>\(signatures)</ContainerSignatures>"
            + "<FileFormatMappings>\(mappings)</FileFormatMappings></ContainerSignatureMapping>"
    }

    func compiled() throws -> CompiledSignatures {
        try SignatureCompiler.compile(
            binary: SignatureDocument(name: "binary.xml", bytes: Array(binary.utf8)),
            container: containers.isEmpty
                ? nil : SignatureDocument(name: "container.xml", bytes: Array(container.utf8)))
    }

    func set() throws -> SignatureSet { try SignatureSet(compiled: compiled().bytes) }

    /// The PUIDs that `bytes` are identified as.
    func puids(_ bytes: [UInt8], name: String = "file") throws -> [String] {
        try identify(bytes, with: set(), name: name).matches.map(\.puid)
    }
}

/// Identifies bytes in memory.
func identify(_ bytes: [UInt8], with set: SignatureSet, name: String = "file") throws -> Identification {
    var scan = FormatScan(set)
    return try scan.identify(MemorySource(bytes), name: Array(name.utf8))
}

/// Bytes from hexadecimal text with blanks.
func hex(_ text: String) -> [UInt8] { Hex.decode(text.utf8.filter { $0 != UInt8(ascii: " ") }) ?? [] }

/// A small generator with a seed, so that every run sees the same files.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
