import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Checks on many threads at once, small enough to be made hundreds of times under a sanitizer (`scripts/repeat.sh`).
@Suite struct ConcurrentChecksTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")
    /// Texts, noise, what YARA finds, archives within, and one file of more than two of YARA's windows.
    private static let records: Tree = {
        var entries: [(Name, Tree)] = (0..<150).map { number in
            let size = (number * 37) % 900
            return (Name("f\(number)"), number.isMultiple(of: 3) ? .bytes(size) : .bytes(size, of: 0))
        }
        entries.append(("bad", .file(Clamd.eicar)))
        entries.append(("large", .bytes(9 << 20, of: 0x20)))
        return .folder(entries)
    }()

    private func checkRun(_ store: Store) throws -> CheckRun {
        let run = ConcurrentChecksTests.run
        return try CheckRun(store: store, signatures: Signatures.bundled(), meter: ProgressMeter()) { _ in run }
    }

    @Test("checks several consignments by several workers, each with a row for every file")
    func consignments() async throws {
        let bench = try Bench(ConcurrentChecksTests.records)
        var all: [Consignment] = []
        for _ in 0..<3 { all.append(try await bench.upload { $0.storage = .inPlace }.consignment) }
        var request = CheckRequest(jobs: 4)
        request.antivirus = AntivirusPolicy([.yara([])])
        let outcomes = Guarded<[Int]>([])
        try await checkRun(bench.store).check(all, request) { _, outcome in
            outcomes.withLock { $0.append((try? outcome.get().filesChecked) ?? -1) }
        }
        #expect(outcomes.withLock { $0 } == [152, 152, 152])
        for consignment in all {
            #expect(
                try bench.store.report(on: consignment).fileCounts[.antivirus] == [.success: 151, .virusDetected: 1])
        }
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("stops in the middle on every thread, and the next run makes up for it")
    func stopped() async throws {
        let bench = try Bench(ConcurrentChecksTests.records)
        let consignment = try await bench.upload { $0.storage = .inPlace }.consignment
        let policy = AntivirusPolicy([.yara([])])
        let task = Task { try await bench.check(consignment, antivirus: policy) { $0.jobs = 4 } }
        task.cancel()
        _ = await task.result
        try await bench.check(consignment, antivirus: policy) { $0.jobs = 4 }
        #expect(
            try bench.store.report(on: consignment).fileCounts[.antivirus] == [.success: 151, .virusDetected: 1])
        #expect(try bench.store.statuses(of: consignment)[.serverAntivirus] == .completedWithIssues)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("reports a folder in the order of its walk, whoever is done first")
    func folder() async throws {
        let folder = try TemporaryFolder()
        try folder.make("Records", ConcurrentChecksTests.records)
        var request = FolderCheckRequest([folder.appending("Records")], jobs: 4)
        request.antivirus = AntivirusPolicy([.yara([])])
        let paths = Guarded<[String]>([])
        let summary = try await FolderCheck(signatures: Signatures.bundled(), meter: ProgressMeter())
            .run(request, now: Bench.now) { files in paths.withLock { $0 += files.map(\.path.display) } }
        #expect(summary.profile.checked == 152)
        #expect(paths.withLock { $0 } == paths.withLock { $0 }.sorted { Array($0.utf8).precedes(Array($1.utf8)) })
        #expect(paths.withLock { $0.count } == 152)
    }
}
