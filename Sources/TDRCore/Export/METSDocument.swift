import BagIt
import Streams

/// What a bag holds as METS 1.12 has it: the files with sizes and digests, the folders as a structure, and where the
/// metadata lie.
struct METSDocument {
    private let consignment: Consignment
    private let store: Store
    private let facts: BagFacts
    private let extras: BagExtras

    private static let namespace = "http://www.loc.gov/METS/"
    private static let link: [(String, String)] = [("LOCTYPE", "URL"), ("xlink:type", "simple")]

    init(_ consignment: Consignment, in store: Store, facts: BagFacts, extras: BagExtras) {
        self.consignment = consignment
        self.store = store
        self.facts = facts
        self.extras = extras
    }

    func write(to sink: @escaping BagTagFiles.Sink) throws {
        var xml = XMLText(sink)
        try xml.begin(
            "mets",
            [
                ("xmlns", METSDocument.namespace), ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
                ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                (
                    "xsi:schemaLocation",
                    "\(METSDocument.namespace) https://www.loc.gov/standards/mets/version112/mets.xsd"
                ), ("OBJID", consignment.reference.description), ("TYPE", "consignment"),
            ])
        try writeHeader(to: &xml)
        try xml.begin("dmdSec", [("ID", "dmd-file-metadata")])
        xml.empty(
            "mdRef",
            METSDocument.link + [
                ("xlink:href", "file-metadata.csv"), ("MDTYPE", "OTHER"), ("OTHERMDTYPE", "TDR file metadata"),
                ("MIMETYPE", "text/csv"),
            ])
        try xml.end()
        if extras.files.contains(.premis) {
            try xml.begin("amdSec", [("ID", "amd")])
            try xml.begin("digiprovMD", [("ID", "amd-premis")])
            xml.empty(
                "mdRef",
                METSDocument.link + [
                    ("xlink:href", ExtraTagFile.premis.name), ("MDTYPE", "PREMIS"), ("MDTYPEVERSION", "3.0"),
                    ("MIMETYPE", "text/xml"),
                ])
            try xml.end()
            try xml.end()
        }
        try writeFiles(to: &xml)
        try writeStructure(to: &xml)
        try xml.end()
        try xml.finish()
    }

    private func writeHeader(to xml: inout XMLText) throws {
        try xml.begin("metsHdr", [("CREATEDATE", facts.exported.description)])
        func agent(_ name: String, _ attributes: [(String, String)], note: String? = nil) throws {
            try xml.begin("agent", attributes)
            xml.element("name", XMLText.encoded(name))
            if let note { xml.element("note", XMLText.encoded(note)) }
            try xml.end()
        }
        try agent(consignment.bodyName, [("ROLE", "CREATOR"), ("TYPE", "ORGANIZATION")], note: consignment.bodyCode)
        try agent(consignment.person.name, [("ROLE", "ARCHIVIST"), ("TYPE", "INDIVIDUAL")])
        try agent("tdr", [("ROLE", "CREATOR"), ("TYPE", "OTHER"), ("OTHERTYPE", "SOFTWARE")], note: facts.version)
        try xml.end()
    }

    private static func name(_ id: RecordID) -> String { "file-\(id)" }

    private func writeFiles(to xml: inout XMLText) throws {
        let bagPath = SafePathWalk(extras.paths)
        try xml.begin("fileSec")
        try xml.begin("fileGrp", [("USE", "payload")])
        try store.forEachFile(of: consignment, .everything) { file in
            guard file.type == .file, let size = file.size, let sha256 = file.sha256 else { return }
            let mimeType = file.formats.first?.mimeType.map { [("MIMETYPE", XMLText.encoded($0))] } ?? []
            try xml.begin(
                "file",
                [("ID", METSDocument.name(file.id))] + mimeType + [
                    ("SIZE", "\(size)"), ("CHECKSUM", sha256.hex), ("CHECKSUMTYPE", "SHA-256"),
                ])
            let path = BagPath.payload(try bagPath(file.path)).bytes
            xml.empty("FLocat", METSDocument.link + [("xlink:href", XMLText.reference(path))])
            try xml.end()
        }
        try xml.end()
        try xml.end()
    }

    private func writeStructure(to xml: inout XMLText) throws {
        try xml.begin("structMap", [("TYPE", "physical")])
        try xml.begin(
            "div",
            [
                ("LABEL", consignment.reference.description), ("DMDID", "dmd-file-metadata"),
                ("TYPE", "consignment"),
            ])
        try store.forEachInTree(of: consignment) { step in
            switch step {
            case .enter(let path, _):
                try xml.begin("div", [("LABEL", XMLText.encoded(path.name)), ("TYPE", FileType.folder.rawValue)])
            case .leave: try xml.end()
            case .file(_, _, hasBytes: false): break
            case .file(let path, let id, hasBytes: true):
                try xml.begin("div", [("LABEL", XMLText.encoded(path.name)), ("TYPE", FileType.file.rawValue)])
                xml.empty("fptr", [("FILEID", METSDocument.name(id))])
                try xml.end()
            }
        }
        try xml.end()
        try xml.end()
    }
}
