import Streams
import TDRCore

/// A consignment in JSON: `tdr status --json`, and part of what `check` and `export` answer.
struct StatusOutput: Encodable {
    let reference: String
    let consignmentId: String
    let consignmentType: String
    let transferringBodyName: String
    let transferringBodyTdrCode: String
    let seriesName: String?
    let source: String
    let storage: String
    let createdDatetime: String
    let transferInitiatedDatetime: String?
    let exportDatetime: String?
    let exportLocation: String?
    let totalFiles: Int
    let totalFolders: Int
    let totalFileSize: Int
    let filesLeftOut: Int
    let filesWithProblems: Int
    let state: String
    let isBeingWorkedOn: Bool
    let withoutAntivirus: Bool
    let allChecksSucceeded: Bool
    let consignmentStatuses: [String: String]
    let fileStatusCounts: [String: [String: Int]]
    let confirmsWhenCleanBy: String?
    let exports: [Export]
    let unfinishedUploads: [Unfinished]
    let filesWithdrawn: Int
    let cancelledDatetime: String?
    let cancelledReason: String?
    let likeness: Likeness?
    let nextAction: String

    /// Where a bag is, and what the last look at it gave.
    struct Export: Encodable {
        let location: String
        let endpoint: String?
        let sha256: String?
        let exportedDatetime: String
        let verifiedDatetime: String?
        let result: String?
        let remark: String?
    }

    /// An upload of a bag that was begun and has not ended.
    struct Unfinished: Encodable {
        let location: String
        let endpoint: String
        let parts: Int
        let bytes: Int64
    }

    /// How many files are like others.
    struct Likeness: Encodable {
        let duplicateGroups: Int
        let surplusFiles: Int
        let surplusBytes: Int64
        let nameGroups: Int
        let nameEntries: Int
    }

    init(_ report: ConsignmentReport) {
        let consignment = report.consignment
        reference = consignment.reference.description
        consignmentId = consignment.id.description
        consignmentType = consignment.type.rawValue
        transferringBodyName = consignment.bodyName
        transferringBodyTdrCode = consignment.bodyCode
        seriesName = consignment.seriesName
        source = consignment.source.display
        storage = consignment.storage.rawValue
        createdDatetime = consignment.created.description
        transferInitiatedDatetime = consignment.transferInitiated?.description
        exportDatetime = consignment.exported?.description
        exportLocation = consignment.exportLocation
        totalFiles = report.files
        totalFolders = report.folders
        totalFileSize = report.bytes
        filesLeftOut = report.excluded + report.skipped
        filesWithProblems = report.filesWithProblems
        state = report.state
        isBeingWorkedOn = report.isBeingWorkedOn
        withoutAntivirus = report.withoutAntivirus
        allChecksSucceeded = report.areChecksComplete
        consignmentStatuses = Dictionary(
            uniqueKeysWithValues: report.statuses.map { ($0.key.rawValue, $0.value.rawValue) })
        fileStatusCounts = Dictionary(
            uniqueKeysWithValues: report.fileCounts.map { type, counts in
                (type.rawValue, Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }))
            })
        confirmsWhenCleanBy = report.confirmsWhenClean
        exports = report.exports.map {
            Export(
                location: $0.location.display, endpoint: $0.endpoint, sha256: $0.sha256?.hex,
                exportedDatetime: $0.exported.description, verifiedDatetime: $0.verified?.description,
                result: $0.result?.rawValue, remark: $0.remark)
        }
        unfinishedUploads = report.unfinishedUploads.map {
            Unfinished(location: $0.location.display, endpoint: $0.endpoint, parts: $0.parts, bytes: $0.bytes)
        }
        filesWithdrawn = report.withdrawnFiles
        cancelledDatetime = report.cancellation?.datetime.description
        cancelledReason = report.cancellation?.reason
        likeness = report.likeness.map {
            Likeness(
                duplicateGroups: $0.duplicateGroups, surplusFiles: $0.surplusFiles, surplusBytes: $0.surplusBytes,
                nameGroups: $0.nameGroups, nameEntries: $0.nameEntries)
        }
        nextAction = report.nextAction
    }
}

/// A file in JSON Lines: `tdr status REF --files --json`.
struct FileOutput: Encodable {
    let path: String
    /// The path's bytes in hexadecimal, only when they are not UTF-8.
    let pathHex: String?
    let fileType: String
    let fileId: String
    let fileReference: String
    let parentReference: String?
    let fileSize: Int64?
    let lastModified: String?
    let sha256: String?
    let serverSha256: String?
    let fileStatuses: [String: String]
    let reasons: [String: String]?
    let ffid: [Format]?
    let antivirus: [Antivirus]?
    /// What puts it right, as a shell takes it; the likeliest first.
    let commands: [String]?

    struct Format: Encodable {
        let puid: String?
        let formatName: String?
        let identificationBasis: String
        let `extension`: String?
        let extensionMismatch: Bool?
        let mimeType: String?
        let description: String?
        let software: String
        let softwareVersion: String
    }

    struct Antivirus: Encodable {
        let software: String
        let softwareVersion: String
        let databaseVersion: String
        let result: String?
        let datetime: String
    }

    init(_ file: FileReport, in consignment: Consignment) {
        let commands = FailureReport.commands(for: file, in: consignment)
        self.commands = commands.isEmpty ? nil : commands
        path = file.path.text ?? file.path.display
        pathHex = file.path.text == nil ? Hex.encode(file.path.bytes) : nil
        fileType = file.type.rawValue
        fileId = file.id.description
        fileReference = file.reference.description
        parentReference = file.parentReference?.description
        fileSize = file.size
        lastModified = file.modified.map { Timestamp(nanoseconds: $0).description }
        sha256 = file.sha256?.hex
        serverSha256 = file.serverSHA256?.hex
        fileStatuses = Dictionary(
            uniqueKeysWithValues: FileStatusType.allCases.compactMap { type in
                file.statuses[type].map { (type.rawValue, $0.rawValue) }
            })
        reasons =
            file.reasons.isEmpty
            ? nil : Dictionary(uniqueKeysWithValues: file.reasons.map { ($0.key.rawValue, $0.value) })
        ffid =
            file.formats.isEmpty
            ? nil
            : file.formats.map {
                Format(
                    puid: $0.puid, formatName: $0.formatName, identificationBasis: $0.identificationBasis,
                    extension: $0.fileExtension, extensionMismatch: $0.extensionMismatch, mimeType: $0.mimeType,
                    description: $0.description, software: $0.engine.software,
                    softwareVersion: $0.engine.softwareVersion)
            }
        antivirus =
            file.antivirus.isEmpty
            ? nil
            : file.antivirus.map {
                Antivirus(
                    software: $0.engine.software, softwareVersion: $0.engine.softwareVersion,
                    databaseVersion: $0.engine.databaseVersion, result: $0.result, datetime: $0.datetime.description)
            }
    }
}
