import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Several consignments at once.
@Suite struct FairCheckTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    private final class Outcomes: Sendable {
        let order = Guarded<[(ConsignmentReference, Result<CheckSummary, any Error>)]>([])

        var references: [ConsignmentReference] { order.withLock { $0.map(\.0) } }
    }

    private func many(_ count: Int) -> Tree {
        .folder((0..<count).map { (Name("f\($0)"), Tree.bytes(($0 + 1) % 5000)) })
    }

    private func checkRun(_ bench: Bench) throws -> CheckRun {
        let run = FairCheckTests.run
        return try CheckRun(store: bench.store, signatures: Signatures.bundled(), meter: ProgressMeter()) { _ in run }
    }

    @Test("checks one file of an urgent transfer before the many of another are through", arguments: [1, 4])
    func fair(_ jobs: Int) async throws {
        let bench = try Bench(many(1500))
        let large = try await bench.upload().consignment
        try bench.folder.make("Urgent", ["one": "1"])
        let urgent = try await bench.upload { $0.source = bench.folder.appending("Urgent") }.consignment
        let outcomes = Outcomes()
        var request = CheckRequest(jobs: jobs)
        request.antivirus = .none
        try await checkRun(bench).check([large, urgent], request) { consignment, outcome in
            outcomes.order.withLock { $0.append((consignment.reference, outcome)) }
        }
        #expect(outcomes.references == [urgent.reference, large.reference])
        for (reference, outcome) in outcomes.order.withLock({ $0 }) {
            #expect(try outcome.get().filesChecked == (reference == urgent.reference ? 1 : 1500))
        }
        #expect(try bench.store.report(on: large).areChecksComplete)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("is not kept from the others by one that cannot be checked")
    func oneFails() async throws {
        let bench = try Bench(["a": "1"])
        let good = try await bench.upload().consignment
        let gone = try await bench.upload { $0.storage = .inPlace }.consignment
        let busy = try await bench.upload().consignment
        let lock = try ConsignmentLock(busy, in: bench.store, for: "test")
        try remove(bench.records.appending("a"))
        try remove(bench.records, folder: true)
        let outcomes = Outcomes()
        var request = CheckRequest(jobs: 2)
        request.antivirus = .none
        try await checkRun(bench).check([gone, busy, good], request) { consignment, outcome in
            outcomes.order.withLock { $0.append((consignment.reference, outcome)) }
        }
        withExtendedLifetime(lock) {}
        var failed: Set<ConsignmentReference> = []
        for (reference, outcome) in outcomes.order.withLock({ $0 }) {
            if case .failure = outcome { failed.insert(reference) }
        }
        #expect(failed == [gone.reference, busy.reference])
        #expect(try bench.store.report(on: good).areChecksComplete)
    }

    @Test(
        "checks by itself what finishes uploading while it watches, once, and leaves alone what somebody works on",
        .timeLimit(.minutes(10)))
    func watches() async throws {
        let bench = try Bench(["a": "1", "b": "2"])
        let first = try await bench.upload().consignment
        let outcomes = Outcomes()
        var request = CheckRequest(jobs: 2)
        request.antivirus = .none
        let wanted = request
        let run = try checkRun(bench)
        let store = bench.store
        let watch = Task {
            try await run.watch(wanted, every: .milliseconds(20), pending: { try store.consignmentsToCheck() }) {
                consignment, outcome in outcomes.order.withLock { $0.append((consignment.reference, outcome)) }
            }
        }
        try await until { outcomes.references.count == 1 }
        let second = try await bench.upload().consignment
        try await until { outcomes.references.count == 2 }
        #expect(outcomes.references == [first.reference, second.reference])
        #expect(try bench.store.report(on: second).areChecksComplete)
        #expect(try bench.store.consignmentsToCheck().isEmpty)
        watch.cancel()
        await #expect(throws: CancellationError.self) { try await watch.value }
        #expect(outcomes.references.count == 2)
    }

    /// What was told while `run` watched and `body` did other things.
    private func watched(
        _ run: CheckRun, _ request: CheckRequest, _ store: Store, resting: Resting = Resting(),
        _ body: (Outcomes) async throws -> Void
    ) async throws -> Outcomes {
        let outcomes = Outcomes()
        let watch = Task {
            try await run.watch(
                request, every: .milliseconds(20), resting: resting, pending: { try store.consignmentsToCheck() }
            ) { consignment, outcome in outcomes.order.withLock { $0.append((consignment.reference, outcome)) } }
        }
        do {
            try await body(outcomes)
        } catch {
            watch.cancel()
            throw error
        }
        watch.cancel()
        await #expect(throws: CancellationError.self) { try await watch.value }
        return outcomes
    }

    @Test("checks as many at once as it is told to, those first that came first", .timeLimit(.minutes(10)))
    func oneAtATime() async throws {
        let bench = try Bench(many(1500))
        let large = try await bench.upload().consignment
        try bench.folder.make("Urgent", ["one": "1"])
        let urgent = try await bench.upload { $0.source = bench.folder.appending("Urgent") }.consignment
        var request = CheckRequest(jobs: 4)
        request.antivirus = .none
        request.consignments = 1
        let outcomes = try await watched(try checkRun(bench), request, bench.store) { outcomes in
            try await until { outcomes.references.count == 2 }
        }
        #expect(outcomes.references == [large.reference, urgent.reference])
    }

    @Test(
        "tries again after a while what could not be checked", .timeLimit(.minutes(10))
    )
    func triesAgain() async throws {
        let bench = try Bench(["a": "1"])
        let gone = try await bench.upload { $0.storage = .inPlace }.consignment
        let away = bench.folder.appending("Away")
        #expect(rename(bench.records.text ?? "", away.text ?? "") == 0)
        var request = CheckRequest(jobs: 1)
        request.antivirus = .none
        let resting = Resting(shortest: .milliseconds(10))
        let outcomes = try await watched(try checkRun(bench), request, bench.store, resting: resting) { outcomes in
            try await until { outcomes.references.count == 1 }
            #expect(rename(away.text ?? "", bench.records.text ?? "") == 0)
            try await until { (try? outcomes.order.withLock { $0 }.last?.1.get()) != nil }
        }
        #expect(Set(outcomes.references) == [gone.reference])
        #expect(try bench.store.report(on: gone).areChecksComplete)
    }

    @Test("judges each consignment by the rules as they are when it begins", .timeLimit(.minutes(10)))
    func renewsRules() async throws {
        let bench = try Bench(["a": "no secret"])
        func rule(_ word: String) throws {
            try bench.folder.make("own.yar", .file(Array("rule Own { strings: $a = \"\(word)\" condition: $a }".utf8)))
        }
        try rule("something else")
        let first = try await bench.upload().consignment
        var request = CheckRequest(jobs: 2)
        request.antivirus = AntivirusPolicy([.yara([bench.folder.appending("own.yar")])])
        let outcomes = try await watched(try checkRun(bench), request, bench.store) { outcomes in
            try await until { outcomes.references.count == 1 }
            try rule("no secret")
            _ = try await bench.upload().consignment
            try await until { outcomes.references.count == 2 }
            // Rules that cannot be read stop nobody for ever, and are told of.
            try bench.folder.make("own.yar", .file(Array("rule {".utf8)))
            _ = try await bench.upload().consignment
            try await until { outcomes.references.count == 3 }
        }
        let told = outcomes.order.withLock { $0 }
        #expect(try told[0].1.get().filesWithProblems == 0)
        #expect(told[0].0 == first.reference)
        #expect(try told[1].1.get().filesWithProblems == 1)
        #expect(try told[0].1.get().engines != told[1].1.get().engines)
        #expect(throws: AntivirusError.self) { try told[2].1.get() }
    }

    /// Waits for something to come true; a test that waits for ever is ended by its time limit.
    private func until(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("gives the same rows with one job and with eight, with every engine at once", .timeLimit(.minutes(10)))
    func sameRows() async throws {
        var rows: [[String]] = []
        for jobs in [1, 8] {
            let bench = try Bench(many(300))
            try bench.folder.make("Records/bad", .file(Clamd.eicar))
            let consignment = try await bench.upload().consignment
            try await bench.check(consignment, antivirus: AntivirusPolicy([.yara([])])) { $0.jobs = jobs }
            rows.append(
                try StoreRows.all(bench.storePath).map { line in
                    // Where the records lay is another place for each.
                    line.replacing(bench.folder.path.display, with: "")
                        .split(separator: " ").filter { !$0.hasPrefix("uuid=") && !$0.hasPrefix("source=") }
                        .filter { !$0.hasPrefix("modified=") }.joined(separator: " ")
                })
        }
        #expect(rows[0] == rows[1])
        #expect(rows[0].contains { $0.contains("quarantine:") })
    }
}
