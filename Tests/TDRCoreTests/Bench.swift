import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// A store, a folder of records, and the acts between them, in this process.
struct Bench {
    static let now = Timestamp(milliseconds: 1_767_323_045_000)

    let folder: TemporaryFolder
    let store: Store
    var records: BytePath { folder.appending("Records") }
    var storePath: BytePath { folder.appending("store") }

    init(_ records: Tree, environment: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        try folder.make("Records", records)
        store = try Store(at: folder.appending("store"), .create, environment: environment) { Bench.now }
    }

    private var run: RunInfo { RunInfo(actor: "tester", command: "test", version: "0") }

    private var request: UploadRequest {
        UploadRequest(
            source: records, series: "MOCK1 123", body: "Mock Body",
            person: Person(login: "tester", name: "Test Er", email: "tester@example.org"), jobs: 2)
    }

    @discardableResult
    func upload(_ change: (inout UploadRequest) -> Void = { _ in }) async throws -> UploadSummary {
        var wanted = request
        change(&wanted)
        return try await Intake(store: store, run: run, meter: ProgressMeter()).upload(wanted)
    }

    @discardableResult
    func resume(_ consignment: Consignment) async throws -> UploadSummary {
        try await Intake(store: store, run: run, meter: ProgressMeter()).resume(consignment, jobs: 2)
    }

    @discardableResult
    func check(
        _ consignment: Consignment, antivirus: AntivirusPolicy = .none,
        _ change: (inout CheckRequest) -> Void = { _ in }
    ) async throws -> CheckSummary {
        var wanted = CheckRequest(jobs: 2)
        wanted.antivirus = antivirus
        // Nobody restarts a clamd that a test has ended, unless the test says so.
        wanted.antivirus.restartSeconds = 0
        change(&wanted)
        let run = run
        return try await CheckRun(store: store, signatures: Signatures.bundled(), meter: ProgressMeter()) { _ in run }
            .check(consignment, wanted)
    }

    /// What is known of the files and folders, by path as it is shown.
    func files(_ consignment: Consignment, _ selection: FileSelection = .all) throws -> [String: FileReport] {
        var out: [String: FileReport] = [:]
        try store.forEachFile(of: consignment, selection) { out[$0.path.display] = $0 }
        return out
    }

    func object(_ path: String) throws -> BytePath { try StoreRows.object(storePath, path) }
}

extension FileReport {
    /// The statuses in the order of the types, as `Upload Success`.
    var told: [String] {
        FileStatusType.allCases.compactMap { type in statuses[type].map { "\(type.rawValue) \($0.rawValue)" } }
    }
}
