/// A file format as the binary signature file lists it.
struct FileFormat: Hashable {
    var id: Int
    var puid: String
    var name: String
    var version: String
    var mime: String
    var signatures: [Int] = []
    var extensions: [String] = []
    /// IDs of the formats this one outranks (HasPriorityOverFileFormatID names the numeric ID, not the PUID).
    var inferiors: [Int] = []
}

/// DROID's binary signature file (`FFSignatureFile`), any version.
struct BinarySignatureFile {
    var version = ""
    var date = ""
    var signatures: [InternalSignature] = []
    var formats: [FileFormat] = []
    var warnings: [SignatureWarning] = []

    /// - Throws: when it is not such a file at all; single bad signatures become ``warnings``.
    init(_ document: [UInt8]) throws(SignatureFileFault) {
        let root = try XMLElement(document: document)
        guard root.name == "FFSignatureFile" else {
            throw .unexpectedRoot(found: root.name, expected: "FFSignatureFile")
        }
        version = root.attributes["Version"] ?? ""
        date = root.attributes["DateCreated"] ?? ""
        for element in root.all("InternalSignatureCollection").flatMap({ $0.all("InternalSignature") }) {
            do throws(SignatureFault) {
                signatures.append(try InternalSignature(element))
            } catch { warn(element.number("ID"), "dropped: \(error)") }
        }
        for element in root.all("FileFormatCollection").flatMap({ $0.all("FileFormat") }) { add(format: element) }
        dropUnreferenced()
    }

    private mutating func warn(_ signature: Int?, _ reason: String) {
        warnings.append(SignatureWarning(origin: .binary, signature: signature, reason: reason))
    }

    private mutating func add(format element: XMLElement) {
        guard let id = element.number("ID"), let puid = element.attributes["PUID"], !puid.isEmpty else {
            return warn(nil, "a FileFormat without ID or PUID is dropped")
        }
        formats.append(
            FileFormat(
                id: id, puid: puid, name: element.attributes["Name"] ?? "",
                version: element.attributes["Version"] ?? "", mime: element.attributes["MIMEType"] ?? "",
                signatures: element.all("InternalSignatureID").compactMap { Int($0.text) },
                extensions: element.all("Extension").map(\.text).filter { !$0.isEmpty },
                inferiors: element.all("HasPriorityOverFileFormatID").compactMap { Int($0.text) }))
    }

    /// Signatures that no format refers to can never be reported (V109 has 22); references to nothing are dropped.
    private mutating func dropUnreferenced() {
        let known = Set(signatures.map(\.id))
        var used: Set<Int> = []
        for index in formats.indices {
            let wanted = formats[index].signatures
            formats[index].signatures = wanted.filter(known.contains)
            used.formUnion(formats[index].signatures)
        }
        for signature in signatures where !used.contains(signature.id) {
            warn(signature.id, "dropped: no format refers to it")
        }
        signatures.removeAll { !used.contains($0.id) }
    }
}
