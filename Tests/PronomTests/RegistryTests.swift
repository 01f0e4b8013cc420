import Foundation
import Pronom
import Streams
import Testing

@Suite(.enabled(if: Skeletons.shared != nil, "../shared with the registry's own data is not here"))
struct RegistryTests {
    @Test("reads every pattern of the PRONOM registry, and identifies the skeletons with them")
    func registry() throws {
        let formats = try Self.formats()
        #expect(formats.count > 2500)
        let suite = try Skeletons.suite.get()
        let shared = try #require(Skeletons.shared)
        let container = Array(try Data(contentsOf: shared.appending(path: "pronom/container-signature-20260119.xml")))
        let compiled = try SignatureCompiler.compile(
            binary: SignatureDocument(name: "registry", bytes: Array(Self.xml(formats).utf8)),
            container: SignatureDocument(name: "container", bytes: container))
        #expect(compiled.warnings.isEmpty)
        var scan = FormatScan(try SignatureSet(compiled: compiled.bytes))
        for row in suite.rows where !row.expected.isEmpty && row.expected != "UNKNOWN" {
            let found = try scan.identify(MemorySource(suite.bytes(row)), name: Array(row.path.utf8))
            #expect(found.matches.contains { $0.puid == row.expected }, "\(row.path)")
        }
    }

    private struct Format: Decodable {
        struct Identifier: Decodable { let identifierText, identifierType: String }
        struct ByteSequence: Decodable {
            let positionType, byteSequence: String
            let offset, maxOffset: Int?
        }
        struct Signature: Decodable {
            let signatureID: Int
            let byteSequences: [ByteSequence]
        }
        struct External: Decodable { let externalSignature, signatureType: String }
        struct Relationship: Decodable {
            let relationshipType: String
            let relatedFormatID: Int
        }
        let fileFormatID: Int
        let identifiers: [Identifier]
        let internalSignatures: [Signature]?
        let externalSignatures: [External]?
        let relationships: [Relationship]?

        var puid: String? { identifiers.first { $0.identifierType == "PUID" }?.identifierText }
    }

    private static func formats() throws -> [Format] {
        guard let shared = Skeletons.shared else { return [] }
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "tdr-registry-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // Left-overs of a test in the temporary folder do no harm.
            try? FileManager.default.removeItem(at: folder)
        }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["xzf", shared.appending(path: "pronom/pronom-json-2026-07-01.tar.gz").path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        var formats: [Format] = []
        for kind in ["fmt", "x-fmt"] {
            let files = try FileManager.default.contentsOfDirectory(
                at: folder.appending(path: "signatures/\(kind)"), includingPropertiesForKeys: nil)
            for file in files { formats.append(try JSONDecoder().decode(Format.self, from: Data(contentsOf: file))) }
        }
        return formats.sorted { $0.fileFormatID < $1.fileFormatID }
    }

    /// The registry's data as a signature file of the new form. Its maximum offset counts from the minimum.
    private static func xml(_ formats: [Format]) -> String {
        var signatures = ""
        var list = ""
        for format in formats {
            guard let puid = format.puid else { continue }
            list += "<FileFormat ID='\(format.fileFormatID)' PUID='\(puid)'>"
            for signature in format.internalSignatures ?? [] {
                signatures += "<InternalSignature ID='\(signature.signatureID)'>"
                for sequence in signature.byteSequences { signatures += element(sequence) }
                signatures += "</InternalSignature>"
                list += "<InternalSignatureID>\(signature.signatureID)</InternalSignatureID>"
            }
            for external in format.externalSignatures ?? [] where external.signatureType == "File extension" {
                list += "<Extension>\(external.externalSignature)</Extension>"
            }
            for relation in format.relationships ?? [] where relation.relationshipType == "Has priority over" {
                list += "<HasPriorityOverFileFormatID>\(relation.relatedFormatID)</HasPriorityOverFileFormatID>"
            }
            list += "</FileFormat>"
        }
        return "<FFSignatureFile Version='123'><InternalSignatureCollection>\(signatures)</InternalSignatureCollection>"
            + "<FileFormatCollection>\(list)</FileFormatCollection></FFSignatureFile>"
    }

    private static func element(_ sequence: Format.ByteSequence) -> String {
        let minimum = sequence.offset ?? 0
        let maximum = minimum + (sequence.maxOffset ?? 0)
        let gap = maximum == 0 ? "" : "{\(minimum)-\(maximum)}"
        switch sequence.positionType {
        case "Absolute from BOF": return SignatureXML.sequence(gap + sequence.byteSequence)
        case "Absolute from EOF": return SignatureXML.sequence(sequence.byteSequence + gap, reference: "EOFoffset")
        default: return SignatureXML.sequence(sequence.byteSequence, reference: nil)
        }
    }
}
