import GRDB
import Glibc
import Streams

/// A database without a name in `folder`, for what a run must remember of every file: it costs no memory, and goes away
/// with the process, however that ends.
///
/// - Throws: ``SystemFault`` when the folder takes no file, `DatabaseError`.
func scratchDatabase(in folder: BytePath, _ schema: String = "") throws -> DatabaseQueue {
    var template = folder.appending("tdr-scratch-XXXXXX").bytes.map { CChar(bitPattern: $0) } + [0]
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw SystemFault("make a file in", folder) }
    close(descriptor)
    let path = BytePath(template.dropLast().map { UInt8(bitPattern: $0) })
    // SQLite has it open when this returns.
    defer { _ = path.withCString { unlink($0) } }
    guard let text = path.text else { throw SystemFault("make a database in", folder, code: EILSEQ) }
    var configuration = Configuration()
    configuration.prepareDatabase { db in
        try db.execute(
            sql: """
                PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA cache_size = -8000; PRAGMA temp_store = FILE
                """)
    }
    let database = try DatabaseQueue(path: text, configuration: configuration)
    try database.write { try $0.execute(sql: schema) }
    return database
}
