import Glibc
import Streams

/// How much room a bag takes at its target, as far as that is known before it is made.
struct ExportRoom {
    /// What a file takes in an archive or folder beside its bytes: a header and the rest of the last block.
    private static let fileBytes: Int64 = 1024
    /// A row of each tag file, without the names in it.
    private static let rowBytes: Int64 = 400

    /// What the records alone take.
    private let records: Int64
    /// What the bag takes when nothing can be compressed.
    private let whole: Int64
    private let isPacked: Bool

    init(of report: ConsignmentReport, _ request: ExportRequest) {
        let entries = Int64(report.files + report.folders)
        records = Int64(report.bytes)
        whole = records + entries * (ExportRoom.fileBytes + ExportRoom.rowBytes)
        // Zstandard knows no "not at all".
        isPacked = request.form.isCompressed && (request.compressionLevel > 0 || request.form == .tarZst)
    }

    /// Looks whether a folder has room. What is compressed may become as small as one likes, so then too little room for
    /// the records as they are is only a warning.
    ///
    /// - Throws: ``ExportError/tooLittleRoom(_:needed:available:)``, `SystemFault`.
    func check(_ folder: BytePath, called name: BytePath, warn: (String) -> Void) throws {
        var room = statvfs()
        guard folder.withCString({ statvfs($0, &room) }) == 0 else { throw SystemFault("look at", folder) }
        let available = Int64(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
        if !isPacked {
            // The records are certain; the rest is an estimate, on which nobody is refused.
            if records > available {
                throw ExportError.tooLittleRoom(name, needed: records, available: available)
            }
        } else if available == 0 {
            throw ExportError.tooLittleRoom(name, needed: 1, available: 0)
        }
        if whole > available {
            let share = records > 0 ? Int(Double(available) / Double(records) * 100) : 0
            warn(
                "'\(name.display)' has \(available) bytes free and the bag takes up to \(whole): it fits only if"
                    + (isPacked ? " the records shrink to less than \(share) %" : " its tag files are small"))
        }
    }
}
