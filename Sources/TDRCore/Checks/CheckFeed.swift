import FoundationEssentials
import GRDB
import Streams

/// Hands out the files to check, in the order of the consignment, to any number of threads.
final class CheckFeed: Sendable {
    private static let pageRows = 1024
    private static let batchFiles = 64
    private static let batchBytes: Int64 = 4 << 20

    private struct State {
        var page: [FileToCheck] = []
        var head = 0
        var last: Int64 = 0
        var ended = false
    }

    /// Files and bytes to check in all.
    let files: Int
    let bytes: Int64

    private let consignment: Consignment
    private let store: Store
    private let checks: Set<CheckKind>
    private let again: Bool
    private let only: RelativePath?
    private let state = Guarded(State())

    init(_ consignment: Consignment, in store: Store, checks: Set<CheckKind>, _ request: CheckRequest) throws {
        self.consignment = consignment
        self.store = store
        self.checks = checks
        again = request.again
        only = request.file
        let condition = CheckFeed.condition(checks, again: again, only: only)
        let arguments = CheckFeed.arguments(consignment, after: 0, only: only)
        (files, bytes) = try store.read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT count(*), coalesce(sum(size), 0) \(condition)", arguments: arguments)
            return (row?[0] ?? 0, row?[1] ?? 0)
        }
        if let only, files == 0, try !store.hasFile(only, in: consignment) {
            throw CheckError.unknownFile(consignment.reference, only.display)
        }
    }

    /// The next files; nil when all have been handed out.
    func next() throws -> [FileToCheck]? {
        try state.withLock { state in
            if state.head == state.page.count {
                if state.ended { return nil }
                state.page = try page(after: state.last)
                state.head = 0
                state.last = state.page.last?.key.row ?? state.last
                state.ended = state.page.count < CheckFeed.pageRows
                if state.page.isEmpty { return nil }
            }
            var end = state.head
            var bytes: Int64 = 0
            while end < state.page.count, end - state.head < CheckFeed.batchFiles, bytes < CheckFeed.batchBytes {
                bytes += state.page[end].size
                end += 1
            }
            defer { state.head = end }
            return Array(state.page[state.head..<end])
        }
    }

    private func page(after last: Int64) throws -> [FileToCheck] {
        try store.read { db in
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT \(FileToCheck.columns)
                        \(CheckFeed.condition(checks, again: again, only: only))
                        ORDER BY file.id LIMIT \(CheckFeed.pageRows)
                        """), arguments: CheckFeed.arguments(consignment, after: last, only: only))
            var files: [FileToCheck] = []
            while let row = try rows.next() {
                files.append(
                    try FileToCheck(row) { statuses in again ? checks : checks.filter { statuses.lacks($0) } })
            }
            return files
        }
    }

    /// Files that were uploaded and lack a complete result of one of the checks.
    private static func condition(_ checks: Set<CheckKind>, again: Bool, only: RelativePath?) -> String {
        let lacking = checks.sorted().flatMap(\.statusTypes).map {
            "coalesce(\($0.rawValue), 'Failed') = 'Failed'"
        }
        return """
            FROM file JOIN fileStatus ON fileId = file.id
            WHERE file.consignmentId = ? AND file.id > ? AND sha256 IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.fileId = file.id AND state = 'Purged')
            \(only == nil ? "" : "AND path = ?")
            \(again && !checks.isEmpty ? "" : "AND (\(lacking.isEmpty ? "0" : lacking.joined(separator: " OR ")))")
            """
    }

    private static func arguments(
        _ consignment: Consignment, after last: Int64, only: RelativePath?
    )
        -> StatementArguments
    {
        var arguments: StatementArguments = [consignment.row, last]
        if let only { arguments += [Data(only.bytes)] }
        return arguments
    }
}

extension FileStatuses {
    /// Whether a check has no complete result: none, or one that says it could not be made.
    func lacks(_ check: CheckKind) -> Bool {
        check.statusTypes.contains { self[$0] == nil || self[$0] == .failed }
    }
}
