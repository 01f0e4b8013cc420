import FoundationEssentials
import GRDB
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// The files that are to be checked, page by page.
@Suite struct CheckFeedTests {
    @Test(
        "finds a page by the index of paths and sorts nothing, so that no page costs more than another",
        arguments: [false, true], [nil, "R/a"] as [String?])
    func pagesAreFound(again: Bool, path: String?) throws {
        let only = path.flatMap { RelativePath($0) }
        let folder = try TemporaryFolder()
        let store = try Store(at: folder.appending("store"), .create) { Bench.now }
        let query = CheckFeed.pageQuery(Set(CheckKind.allCases), again: again, only: only)
        var arguments: StatementArguments = [1, Data()]
        if let only { arguments += [Data(only.bytes)] }
        let plan = try store.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(query)", arguments: arguments)
                .map { try $0.value("detail") as String }
        }
        #expect(plan.contains { $0.contains("file_path (consignmentId=? AND path") }, "\(plan)")
        #expect(!plan.contains { $0.contains("TEMP B-TREE") || $0.hasPrefix("SCAN") }, "\(plan)")
    }

    @Test("hands out every file once, however many pages there are")
    func everyFileOnce() async throws {
        let count = 2500
        let entries: [(Name, Tree)] = (0..<count).map { (Name("f\($0 % 7) \($0)"), .file([1])) }
        let bench = try Bench(.folder(entries))
        let consignment = try await bench.upload().consignment
        var request = CheckRequest(jobs: 1)
        request.checks = [.checksum]
        let feed = try CheckFeed(consignment, in: bench.store, checks: [.checksum], request)
        var seen: Set<Int64> = []
        while let files = try feed.next() { for file in files { #expect(seen.insert(file.key.row).inserted) } }
        #expect(feed.files == count)
        #expect(seen.count == count)
    }
}
