import BagIt
import Streams

/// A consignment as PREMIS 3 has it: the consignment and its files are objects, what was done with them events, who and
/// what did it agents.
///
/// What went well is told once for each run and kind of act, and each file names the events that were about it: a million
/// files would else be millions of events that say the same. What did not go well, and whatever else was done to a single
/// file, is an event of its own.
public struct PremisDocument: Sendable {
    /// How much to tell.
    enum Extent: Sendable {
        /// What the bag of the consignment tells, whenever it is made; with the paths of the bag.
        case ofBag(SafePaths?)
        /// All that has happened.
        case whole
    }

    private let consignment: Consignment
    private let store: Store
    private let extent: Extent

    init(_ consignment: Consignment, in store: Store, extent: Extent) {
        self.consignment = consignment
        self.store = store
        self.extent = extent
    }

    /// The whole history of a consignment.
    public init(_ consignment: Consignment, in store: Store) { self.init(consignment, in: store, extent: .whole) }

    static let namespace = "http://www.loc.gov/premis/v3"

    /// Makes the document, in pieces.
    public func write(to sink: @escaping ([UInt8]) throws -> Void) throws {
        var last: Int64?
        if case .ofBag = extent { last = try store.lastEventOfBag(of: consignment) }
        var xml = XMLText(sink)
        try xml.begin(
            "premis",
            [
                ("xmlns", PremisDocument.namespace), ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
                (
                    "xsi:schemaLocation",
                    "\(PremisDocument.namespace) https://www.loc.gov/standards/premis/v3/premis-v3-0.xsd"
                ), ("version", "3.0"),
            ])
        try writeConsignment(to: &xml)
        try writeFiles(upTo: last, to: &xml)
        var events = PremisEvents(consignment, in: store, upTo: last)
        try events.write(to: &xml)
        try PremisAgents(events).write(to: &xml)
        try xml.end()
        try xml.finish()
    }

    private func writeConsignment(to xml: inout XMLText) throws {
        try xml.begin("object", [("xsi:type", "representation")])
        try xml.identifier("object", "UUID", consignment.id.description)
        try xml.identifier("object", "consignment reference", consignment.reference.description)
        xml.element("originalName", XMLText.encoded(consignment.parentFolder))
        try xml.end()
    }

    private func writeFiles(upTo last: Int64?, to xml: inout XMLText) throws {
        var walk: SafePathWalk?
        if case .ofBag(let paths) = extent { walk = SafePathWalk(paths) }
        try store.forEachFileWithEvents(of: consignment, upTo: last) { file, events in
            try xml.begin("object", [("xsi:type", "file")])
            try xml.identifier("object", "UUID", file.id.description)
            try xml.identifier("object", "file reference", file.reference.description)
            try writeCharacteristics(of: file, to: &xml)
            xml.element("originalName", XMLText.encoded(file.path.bytes))
            if let walk {
                try xml.begin("storage")
                try xml.begin("contentLocation")
                xml.element("contentLocationType", "relative reference")
                xml.element("contentLocationValue", XMLText.reference(BagPath.payload(try walk(file.path)).bytes))
                try xml.end()
                try xml.end()
            }
            try xml.begin("relationship")
            xml.element("relationshipType", "structural")
            xml.element("relationshipSubType", "is part of")
            try xml.identifier("relatedObject", "UUID", consignment.id.description)
            try xml.end()
            for name in PremisEvents.names(of: events) { try xml.identifier("linkingEvent", PremisEvents.type, name) }
            try xml.end()
        }
    }

    private func writeCharacteristics(of file: FileReport, to xml: inout XMLText) throws {
        try xml.begin("objectCharacteristics")
        xml.element("compositionLevel", "0")
        if let sha256 = file.sha256 {
            try xml.begin("fixity")
            xml.element("messageDigestAlgorithm", "SHA-256")
            xml.element("messageDigest", sha256.hex)
            try xml.end()
        }
        xml.element("size", "\(file.size ?? 0)")
        for format in file.formats { try write(format, to: &xml) }
        if file.formats.isEmpty {
            try xml.begin("format")
            try xml.begin("formatDesignation")
            xml.element("formatName", "unknown")
            try xml.end()
            try xml.end()
        }
        if file.statuses[.ffid] == .passwordProtected {
            try xml.begin("inhibitors")
            xml.element("inhibitorType", "password protection", PremisTerms.authority("inhibitorType"))
            try xml.end()
        }
        try xml.end()
    }

    private func write(_ format: FormatReport, to xml: inout XMLText) throws {
        try xml.begin("format")
        try xml.begin("formatDesignation")
        xml.element("formatName", XMLText.encoded(format.formatName ?? format.mimeType ?? "unknown"))
        try xml.end()
        if let puid = format.puid {
            try xml.begin("formatRegistry")
            xml.element("formatRegistryName", "PRONOM")
            xml.element("formatRegistryKey", XMLText.encoded(puid))
            try xml.end()
        }
        if !format.identificationBasis.isEmpty {
            xml.element("formatNote", "identified by \(XMLText.encoded(format.identificationBasis))")
        }
        if let mimeType = format.mimeType { xml.element("formatNote", "MIME type \(XMLText.encoded(mimeType))") }
        try xml.end()
    }
}

/// Words of PREMIS and of its vocabularies.
enum PremisTerms {
    /// The vocabulary of the Library of Congress that a word is from.
    static func authority(_ vocabulary: String) -> [(String, String)] {
        [("authority", vocabulary), ("authorityURI", "http://id.loc.gov/vocabulary/preservation/\(vocabulary)")]
    }

    /// What a file's status tells was done; nil for those that sum up others.
    static func act(_ type: FileStatusType) -> String? {
        switch type {
        case .upload: "ingestion"
        case .clientChecksum: "message digest calculation"
        case .antivirus: "virus check"
        case .serverChecksum, .checksumMatch: "fixity check"
        case .ffid: "format identification"
        case .redaction: "validation"
        case .clientChecks, .clientFilePath: nil
        }
    }

    /// The type of an event that is not about statuses of files, and whether the word is the vocabulary's.
    static func type(of event: HistoryEvent) -> (word: String, isOfVocabulary: Bool) {
        switch event.what {
        case "ConsignmentCreated": ("creation", true)
        case ConsignmentStatusType.upload.rawValue:
            (event.new == ConsignmentStatusValue.inProgress.rawValue ? "ingestion start" : "ingestion end", true)
        case ConsignmentStatusType.serverAntivirus.rawValue: ("virus check", true)
        case ConsignmentStatusType.serverChecksum.rawValue: ("fixity check", true)
        case ConsignmentStatusType.serverFFID.rawValue: ("format identification", true)
        case "ExportVerified": ("fixity check", true)
        case ConsignmentStatusType.clientChecks.rawValue: ("validation", true)
        case ConsignmentStatusType.confirmTransfer.rawValue: ("transfer", true)
        case ConsignmentStatusType.export.rawValue, "Exported": ("information package creation", true)
        case EventName.quarantine where event.new?.hasPrefix(QuarantineState.held.rawValue) == true:
            ("quarantine", true)
        case EventName.quarantine where event.new?.hasPrefix(QuarantineState.purged.rawValue) == true:
            ("deletion", true)
        case EventName.quarantine: ("unquarantine", true)
        default: (event.what, false)
        }
    }
}

extension XMLText {
    /// An identifier of PREMIS: type and value.
    mutating func identifier(_ what: String, _ type: String, _ value: String, role: String? = nil) throws {
        try begin("\(what)Identifier")
        element("\(what)IdentifierType", type)
        element("\(what)IdentifierValue", XMLText.encoded(value))
        if let role { element("\(what)Role", role) }
        try end()
    }
}
