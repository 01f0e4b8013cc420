import GRDB
import Streams
import TDRTestSupport

@testable import TDRCore

/// What is true of a consignment: once rebuilt from its history alone, once read from the tables.
///
/// Whoever adds an act adds what it changes to ``acts``, or its name to ``withoutTrace``; and what it changes to
/// ``init(tablesOf:in:)`` where that is a table or column that is not read there yet.
struct ReplayedState: Equatable {
    /// Steps and their values.
    var steps: [String: String] = [:]
    /// Properties of the consignment.
    var metadata: [String: String] = [:]
    /// What files have unless they have their own.
    var fileDefaults: [String: String] = [:]
    /// Statuses by the path as it is shown.
    var fileStatuses: [String: [String: String]] = [:]
    /// Files' own properties by the path as it is shown.
    var fileMetadata: [String: [String: String]] = [:]
    /// The reviews of the metadata, in order.
    var reviews: [String] = []
    var isCancelled = false
    /// What became of what was found in which file.
    var quarantine: [String: String] = [:]
    var exportLocation: String?
    var exportVersion: String?
    /// When custody passed and the first export began, in milliseconds.
    var transferInitiated: Int64?
    var exported: Int64?

    /// What an act changes.
    typealias Act = @Sendable (_ state: inout ReplayedState, _ event: HistoryEvent, _ path: String) -> Void

    /// The acts that are neither a step nor a property of the consignment, by name.
    static let acts: [String: Act] = [
        "FileStatus": { state, event, path in
            for (type, value) in words(event.new) { state.fileStatuses[path, default: [:]][type] = value }
        },
        "ChecksForgotten": { state, event, path in
            for (type, _) in words(event.old) { state.fileStatuses[path]?[type] = nil }
        },
        "Quarantine": { state, event, path in
            let what = event.new.map { String($0.prefix { $0 != ":" }) }
            // What was replaced is in the quarantine no more.
            state.quarantine[path] = what == "Replaced" ? nil : what
        },
        "FileMetadata": { state, event, path in
            for (name, _) in words(event.old) { state.fileMetadata[path]?[name] = nil }
            let object = (try? JSONValue(parsing: (event.new ?? "").utf8)) ?? .null
            for name in object.keys {
                if let value = object[name]?.text { state.fileMetadata[path, default: [:]][name] = value }
            }
            if state.fileMetadata[path]?.isEmpty == true { state.fileMetadata[path] = nil }
        },
        "Withdrawn": { state, event, path in
            state.fileStatuses[path] = nil
            state.fileMetadata[path] = nil
            state.quarantine[path] = nil
        },
        "Cancelled": { state, _, _ in state.isCancelled = true },
        "MetadataReviewSubmission": { state, _, _ in state.reviews.append("Submission") },
        "MetadataReviewApproval": { state, _, _ in state.reviews.append("Approval") },
        "MetadataReviewRejection": { state, _, _ in state.reviews.append("Rejection") },
        "MetadataReviewConfirmation": { state, _, _ in state.reviews.append("Confirmation") },
        "FileDefaults": { state, event, _ in state.fileDefaults = words(event.new) },
        "Exported": { state, event, _ in
            state.exportLocation = event.new
            state.exportVersion = event.version
        },
        "ExportReported": { state, event, _ in
            let said = words(event.new)
            (state.exportLocation, state.exportVersion) = (said["exportLocation"], said["exportVersion"])
        },
    ]

    /// Acts that are told and change nothing of what is compared.
    static let withoutTrace: Set<String> = [
        "Added", "AntivirusEngine", "ConsignmentCreated", "ObjectsPurged", "Replaced", "Excluded", "ExportFailed",
        "ExportRetired", "ExportVerified",
        "FindingsAllowed", "FormatEngine", "ParentFolder", "Skipped", "UploadAbandoned",
    ]

    /// What the history tells.
    init(replaying consignment: Consignment, in store: Store) throws {
        try store.forEachEvent(of: consignment) { event in
            let path = event.path?.display ?? ""
            if let act = ReplayedState.acts[event.what] {
                act(&self, event, path)
            } else if ConsignmentStatusType(rawValue: event.what) != nil {
                precondition(steps[event.what] == event.old, "what was before is what was told last")
                steps[event.what] = event.new
                let time = event.datetime.milliseconds
                if event.what == "ConfirmTransfer" { transferInitiated = time }
                if event.what == "Export", event.new == "InProgress" { exported = exported ?? time }
            } else if !ReplayedState.withoutTrace.contains(event.what) {
                precondition(metadata[event.what] == event.old, "what was before is what was told last")
                metadata[event.what] = event.new
            }
        }
    }

    /// What the tables say.
    init(tablesOf consignment: Consignment, in store: BytePath) throws {
        let row = consignment.row
        func pairs(_ sql: String) throws -> [String: String] {
            let texts = try StoreRows.texts(store, "SELECT \(sql) WHERE consignmentId = \(row)")
            return Dictionary(uniqueKeysWithValues: texts.map { ReplayedState.split($0) })
        }
        steps = try pairs("statusType || '\u{1F}' || value FROM consignmentStatus")
        metadata = try pairs("propertyName || '\u{1F}' || value FROM consignmentMetadata")
        fileDefaults = try pairs("propertyName || '\u{1F}' || value FROM fileDefault")
        let statuses = try StoreRows.texts(
            store,
            """
            SELECT hex(path) || '\u{1F}' || statusType || '\u{1F}' || statusValue
                FROM fileStatusRow JOIN file ON file.id = fileId WHERE consignmentId = \(row)
            """)
        for text in statuses {
            let (path, status) = ReplayedState.split(text)
            let (type, value) = ReplayedState.split(status)
            fileStatuses[ReplayedState.display(path), default: [:]][type] = value
        }
        let held = try StoreRows.texts(
            store,
            """
            SELECT hex(path) || '\u{1F}' || state FROM quarantine JOIN file ON file.id = fileId
                WHERE quarantine.consignmentId = \(row)
            """)
        for text in held {
            let (path, state) = ReplayedState.split(text)
            quarantine[ReplayedState.display(path)] = state
        }
        let own = try StoreRows.texts(
            store,
            """
            SELECT hex(path) || '\u{1F}' || propertyName || '\u{1F}' || value
                FROM fileMetadata JOIN file ON file.id = fileId WHERE consignmentId = \(row)
            """)
        for text in own {
            let (path, property) = ReplayedState.split(text)
            let (name, value) = ReplayedState.split(property)
            fileMetadata[ReplayedState.display(path), default: [:]][name] = value
        }
        reviews = try StoreRows.texts(
            store, "SELECT action FROM metadataReviewLog WHERE consignmentId = \(row) ORDER BY id")
        isCancelled =
            try StoreRows.value(store, "SELECT count(*) FROM cancellation WHERE consignmentId = \(row)") == 1
        func column<Value: DatabaseValueConvertible>(_ name: String) throws -> Value? {
            try StoreRows.value(store, "SELECT \(name) FROM consignment WHERE id = \(row)")
        }
        exportLocation = try column("exportLocation")
        exportVersion = try column("exportVersion")
        transferInitiated = try column("transferInitiated")
        exported = try column("exported")
    }

    private static func split(_ text: String) -> (String, String) {
        let place = text.firstIndex(of: "\u{1F}") ?? text.endIndex
        return (String(text[..<place]), String(text[place...].dropFirst()))
    }

    private static func display(_ hex: String) -> String { displayName(of: Hex.decode(Array(hex.utf8)) ?? []) }

    /// The members of an object of texts.
    private static func words(_ json: String?) -> [String: String] {
        guard let json, let object = try? JSONValue(parsing: json.utf8) else { return [:] }
        return Dictionary(uniqueKeysWithValues: object.keys.map { ($0, object[$0]?.text ?? "") })
    }
}
