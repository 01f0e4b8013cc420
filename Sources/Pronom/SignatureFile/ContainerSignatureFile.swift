/// The kinds of container that can be opened.
package enum ContainerKind: UInt32, Sendable, CaseIterable {
    case ole2 = 0
    case zip = 1
    case gzip = 2

    init?(name: String?) {
        switch name {
        case "OLE2": self = .ole2
        case "ZIP": self = .zip
        case "GZIP": self = .gzip
        default: return nil
        }
    }

    /// The name that container signature files use.
    package var name: String {
        switch self {
        case .ole2: "OLE2"
        case .zip: "ZIP"
        case .gzip: "GZIP"
        }
    }
}

/// One ContainerSignature: every file must be there, and look as it says.
struct ContainerSignature: Hashable {
    struct File: Hashable {
        var path: String
        /// Any one of these must match the unpacked bytes; none: the name is enough.
        var signatures: [InternalSignature]
    }

    var id: Int
    var kind: ContainerKind
    var description: String
    var files: [File]
    var puids: [String] = []
}

/// DROID's container signature file (`ContainerSignatureMapping`), any version.
struct ContainerSignatureFile {
    var version = ""
    var signatures: [ContainerSignature] = []
    var warnings: [SignatureWarning] = []

    init() {}

    /// - Throws: when it is not such a file at all; single bad signatures become ``warnings``.
    init(_ document: [UInt8]) throws(SignatureFileFault) {
        let root = try XMLElement(document: document)
        guard root.name == "ContainerSignatureMapping" else {
            throw .unexpectedRoot(found: root.name, expected: "ContainerSignatureMapping")
        }
        version = root.attributes["signatureVersion"] ?? ""
        var puids: [Int: [String]] = [:]
        for mapping in root.all("FileFormatMappings").flatMap({ $0.all("FileFormatMapping") }) {
            guard let id = mapping.number("signatureId"), let puid = mapping.attributes["Puid"] else { continue }
            puids[id, default: []].append(puid)
        }
        for element in root.all("ContainerSignatures").flatMap({ $0.all("ContainerSignature") }) {
            let id = element.number("Id")
            do throws(SignatureFault) {
                var signature = try ContainerSignature(element)
                signature.puids = puids[signature.id] ?? []
                if signature.puids.isEmpty { throw .missing("format that it stands for") }
                signatures.append(signature)
            } catch {
                warnings.append(SignatureWarning(origin: .container, signature: id, reason: "dropped: \(error)"))
            }
        }
    }
}

extension ContainerSignature {
    init(_ element: XMLElement) throws(SignatureFault) {
        guard let id = element.number("Id") else { throw .missing("Id") }
        guard let kind = ContainerKind(name: element.attributes["ContainerType"]) else {
            throw .unsupported("the container type '\(element.attributes["ContainerType"] ?? "")' is unknown")
        }
        self.init(id: id, kind: kind, description: element.first("Description")?.text ?? "", files: [])
        for element in element.all("Files").flatMap({ $0.all("File") }) {
            guard let path = element.first("Path")?.text, !path.isEmpty else { throw .missing("Path") }
            var signatures: [InternalSignature] = []
            let collections = element.all("BinarySignatures").flatMap { $0.all("InternalSignatureCollection") }
            for element in collections.flatMap({ $0.all("InternalSignature") }) {
                signatures.append(try InternalSignature(element))
            }
            merge(File(path: path, signatures: signatures))
        }
        guard !files.isEmpty else { throw .missing("File") }
    }

    /// A path listed twice (ids 1100, 1105, 1110 list WordDocument twice) counts once, with what is asked of its bytes.
    private mutating func merge(_ file: File) {
        if let index = files.firstIndex(where: { $0.path == file.path }) {
            files[index].signatures += file.signatures
        } else {
            files.append(file)
        }
    }
}
