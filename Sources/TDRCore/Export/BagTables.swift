import BagIt
import Streams

/// CSV as the original writes it: RFC 4180, CRLF, quoted where needed.
package enum CSV {
    /// Adds a line.
    package static func append(_ fields: [String], to bytes: inout [UInt8]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            let utf8 = field.utf8
            if utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) {
                bytes.append(0x22)
                for byte in utf8 {
                    if byte == 0x22 { bytes.append(0x22) }
                    bytes.append(byte)
                }
                bytes.append(0x22)
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(0x0D)
        bytes.append(0x0A)
    }
}

/// `file-av.csv`: one row for each engine that scanned a file.
enum FileAVTable {
    static let titles = ["Filepath", "AV-Software", "AV-SoftwareVersion"]

    static func fields(_ path: RelativePath, _ engine: EngineVersion) -> [String] {
        [BagPath.text(path), engine.software, engine.softwareVersion]
    }
}

/// `file-ffid.csv`: one row for each match of a file.
enum FileFFIDTable {
    static let titles = [
        "Filepath", "Extension", "PUID", "FormatName", "ExtensionMismatch", "FFID-Software", "FFID-SoftwareVersion",
        "FFID-BinarySignatureFileVersion", "FFID-ContainerSignatureFileVersion",
    ]

    static func fields(_ path: RelativePath, _ format: FormatReport) -> [String] {
        [
            BagPath.text(path), format.fileExtension ?? "", format.puid ?? "",
            format.formatName ?? format.description ?? "", format.extensionMismatch.map { "\($0)" } ?? "",
            format.engine.software, format.engine.softwareVersion, format.engine.databaseVersion,
            format.containerVersion,
        ]
    }
}

/// Paths as the tables of a bag have them.
enum BagPath {
    /// The path below the base of the bag.
    static func payload(_ path: RelativePath) -> RelativePath {
        guard let payload = RelativePath(BagName.payloadPrefix + path.bytes) else {
            preconditionFailure("a safe path stays safe below a folder")
        }
        return payload
    }

    /// `data/` and the path. The gate has seen that it is text.
    static func text(_ path: RelativePath) -> String { "data/" + (path.text ?? path.display) }
}

/// `file-metadata.csv`: one row for each file and folder, the original's columns in its order (`tdr-domain` 4.4).
struct FileMetadataTable {
    private enum Column {
        case reference, name, type, size, path, modified, parentReference, id
        /// A metadata property of the file, or what its consignment's files have by default.
        case property(String, byDefault: String = "")
        /// A day, as the first moment of it.
        case propertyDay(String)
        /// A path in the consignment, likewise.
        case propertyPath(String)
        /// A property of the consignment where the file has none; files only.
        case ofConsignment(String, value: String = "")
    }

    private static let standard: [(title: String, column: Column)] = [
        ("file_reference", .reference), ("file_name", .name), ("file_type", .type), ("file_size", .size),
        ("clientside_original_filepath", .path), ("rights_copyright", .property("RightsCopyright")),
        ("legal_status", .property("LegalStatus")), ("held_by", .property("HeldBy")),
        ("date_last_modified", .modified), ("closure_type", .property("ClosureType")),
        ("closure_start_date", .propertyDay("ClosureStartDate")), ("closure_period", .property("ClosurePeriod")),
        ("foi_exemption_code", .property("FoiExemptionCode")),
        ("foi_exemption_asserted", .propertyDay("FoiExemptionAsserted")), ("title_closed", .property("TitleClosed")),
        ("title_alternate", .property("TitleAlternate")), ("description", .property("description")),
        ("description_closed", .property("DescriptionClosed")),
        ("description_alternate", .property("DescriptionAlternate")), ("language", .property("Language")),
        ("end_date", .propertyDay("end_date")), ("file_name_translation", .property("file_name_translation")),
        ("original_filepath", .propertyPath("OriginalFilepath")), ("parent_reference", .parentReference),
        ("former_reference_department", .property("former_reference_department")), ("UUID", .id),
        ("restrictions_on_use", .property("RestrictionsOnUse")), ("related_material", .property("RelatedMaterial")),
        ("evidence_provided_by", .property("EvidenceProvidedBy")), ("note", .property("Note")),
        ("copyright_details", .property("CopyrightDetails")),
    ]

    private static let judgment: [(title: String, column: Column)] = [
        ("judgment_type", .ofConsignment("JudgmentType")), ("judgment_update", .ofConsignment("JudgmentUpdate")),
        ("judgment_update_type", .ofConsignment("JudgmentUpdateType")),
        ("judgment_update_details", .ofConsignment("JudgmentUpdateDetails")),
        ("judgment_neutral_citation", .ofConsignment("JudgmentNeutralCitation")),
        ("judgment_no_neutral_citation", .ofConsignment("JudgmentNoNeutralCitation")),
        ("judgment_reference", .ofConsignment("JudgmentReference")),
    ]

    private let columns: [(title: String, column: Column)]

    init(_ consignment: Consignment, in store: Store) throws {
        var columns = FileMetadataTable.standard
        if consignment.type == .judgment, let place = columns.firstIndex(where: { $0.title == "related_material" }) {
            columns.insert(contentsOf: FileMetadataTable.judgment, at: place + 1)
        }
        let defaults = try store.fileDefaults(of: consignment)
        let ofConsignment = try store.metadata(of: consignment)
        self.columns = columns.map { title, column in
            switch column {
            case .property(let name, _): (title, .property(name, byDefault: defaults[name] ?? ""))
            case .ofConsignment(let name, _): (title, .ofConsignment(name, value: ofConsignment[name] ?? ""))
            default: (title, column)
            }
        }
    }

    var titles: [String] { columns.map(\.title) }

    /// `path` is that of the bag, `others` gives the bag's path for one that a property names.
    func fields(
        _ file: FileReport, at path: RelativePath, _ others: (RelativePath) throws -> RelativePath
    ) rethrows -> [String] {
        let own = file.properties
        return try columns.map { _, column in
            switch column {
            case .reference: file.reference.description
            case .name: String(decoding: path.name, as: UTF8.self)
            case .type: file.type.rawValue
            case .size: file.size.map { "\($0)" } ?? ""
            case .path: BagPath.text(path)
            case .modified: file.modified.map { Timestamp(nanoseconds: $0).local } ?? ""
            case .parentReference: file.parentReference?.description ?? ""
            case .id: file.id.description
            case .property(let name, let byDefault): own[name] ?? byDefault
            case .propertyPath(let name):
                try own[name].map { text in
                    try RelativePath(text).map { BagPath.text(try others($0)) } ?? "data/" + text
                }
                    ?? ""
            case .propertyDay(let name): own[name].map { $0.utf8.count == 10 ? $0 + "T00:00:00" : $0 } ?? ""
            case .ofConsignment(let name, let value): file.type == .file ? own[name] ?? value : ""
            }
        }
    }
}
