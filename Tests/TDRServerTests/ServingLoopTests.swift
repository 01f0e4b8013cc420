import GRDB
import GraphQL
import NIOCore
import NIOPosix
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore
@testable import TDRServer

/// Requests that are answered where they come in.
@Suite struct ServingLoopTests {
    /// A loop of its own before the store of a desk.
    private struct Bench {
        let desk: ServerDesk
        let maria: Principal
        let mine: Consignment
        private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop: ServingLoop
        let eventLoop: any EventLoop

        init() throws {
            desk = try ServerDesk()
            maria = try desk.principal("maria", [.standardUser])
            mine = try desk.delivery(of: maria, files: 3).consignment
            eventLoop = group.next()
            // What is too long is told by what is counted: time has many reasons.
            loop = try ServingLoop(eventLoop, desk.store, patience: .seconds(600))
        }

        var files: String { "{ getConsignment(consignmentid: \"\(mine.id)\") { totalFiles } }" }

        /// What the loop answers at once; nil when it leaves the question to others.
        func quickly(_ query: String, as somebody: Principal? = nil) async throws -> GraphQLResponse? {
            let asker = Asker(archive: desk.archive, principal: somebody ?? maria, note: RequestNote())
            return try await onLoop {
                try await loop.quickly {
                    try await desk.engine.executeRemembered(
                        GraphQLRequest(query), mostCells: ServingLoop.mostCells, context: asker)
                }
            }
        }

        func onLoop<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
            try await withTaskExecutorPreference(loop) { try await body() }
        }

        func end() async throws { try await group.shutdownGracefully() }
    }

    @Test("are those whose query is known; others are not even parsed there")
    func knownQueries() async throws {
        let bench = try Bench()
        #expect(try await bench.quickly(bench.files) == nil)
        let first = try await bench.desk.ask(bench.files, as: bench.maria)
        let second = try await bench.quickly(bench.files)
        #expect(first.data?["getConsignment"]?["totalFiles"]?.int == 3)
        #expect(second?.data == first.data)
        try await bench.end()
    }

    @Test("are answered on the thread of the loop, and asked elsewhere not at all")
    func threads() async throws {
        let bench = try Bench()
        let isThere = try await bench.onLoop {
            await Task.yield()
            return bench.eventLoop.inEventLoop
        }
        #expect(isThere)
        #expect(await bench.loop.quickly { 1 } == nil)
        #expect(bench.loop.quickRead { 1 } == nil)
        let read = try await bench.onLoop { bench.loop.quickRead { 1 } }
        #expect(read == 1)
        let asked = try await bench.onLoop { await bench.loop.quickly { 1 } }
        #expect(asked == 1)
        try await bench.end()
    }

    @Test("hold up nobody: a long one is given up, and its like are left to others for a while")
    func longQueries() async throws {
        let bench = try Bench()
        _ = try await bench.desk.ask(bench.files, as: bench.maria)
        #expect(try await bench.quickly(bench.files) != nil)
        try StoreRows.execute(
            bench.desk.folder.appending("store"),
            """
            ALTER TABLE tally RENAME TO slowTally;
            CREATE VIEW tally AS SELECT consignmentId, statusType, value, count FROM slowTally WHERE count + (
                WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n) > 0;
            """)
        #expect(try await bench.quickly(bench.files) == nil)
        // It ends well again, and nobody tries.
        try StoreRows.execute(
            bench.desk.folder.appending("store"), "DROP VIEW tally; ALTER TABLE slowTally RENAME TO tally;")
        var tries = 0
        while try await bench.quickly(bench.files) == nil {
            tries += 1
            try #require(tries < 1000)
        }
        #expect(tries > 10)
        #expect(try await bench.quickly(bench.files)?.data?["getConsignment"]?["totalFiles"]?.int == 3)
        try await bench.end()
    }

    @Test("change nothing: what would write is left to others")
    func changes() async throws {
        let bench = try Bench()
        let written = try await bench.onLoop {
            try bench.loop.quickRead { () -> Int? in
                try bench.desk.store.write { try $0.execute(sql: "DELETE FROM file") }
                return 1
            }
        }
        #expect(written == nil)
        #expect(try bench.desk.store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM file") } == 4)
        let mutation =
            "mutation { addConsignment(addConsignmentInput: { consignmentType: \"judgment\" }) { consignmentid } }"
        _ = try await bench.desk.ask(mutation, as: bench.maria)
        #expect(try await bench.quickly(mutation) == nil)
        try await bench.end()
    }

    @Test("read of one moment, and the next one of the next")
    func moments() async throws {
        let bench = try Bench()
        let store = bench.desk.store
        @Sendable func files() throws -> Int {
            try store.read { try Int.fetchOne($0, sql: "SELECT count FROM tally WHERE value = 'File'") ?? 0 }
        }
        let unknown = "tdr_" + String(repeating: "a", count: 64)
        let (before, during, others) = try await bench.onLoop {
            try #require(
                await bench.loop.quickly { () -> (Int, Int, Bool) in
                    let before = try files()
                    try StoreRows.execute(
                        bench.desk.folder.appending("store"), "UPDATE tally SET count = 77 WHERE value = 'File'")
                    // Somebody else whose turn it is meanwhile would read what is old.
                    let other = await bench.loop.quickly { 1 }
                    let token = try bench.loop.quickRead { try store.principal(forToken: unknown) }
                    return (before, try files(), other == nil && token == nil)
                })
        }
        #expect((before, during) == (3, 3))
        #expect(others)
        let after = try await bench.onLoop { try bench.loop.quickRead { try files() } }
        #expect(after == 77)
        try await bench.end()
    }

    @Test("know a token by heart, and that it was revoked, by whomever, at once")
    func tokens() async throws {
        let bench = try Bench()
        let store = bench.desk.store
        let expires = Timestamp(milliseconds: ServerDesk.now.milliseconds + 1000)
        let secret = try store.makeToken(
            for: "maria", name: "t", scopes: [.read], expires: expires, run: ServerDesk.run)
        let later = Guarded(ServerDesk.now)
        let clocked = try Store(at: bench.desk.folder.appending("store"), .existing) { later.withLock { $0 } }
        func verdict(_ secret: String) async throws -> String? {
            let verdict = try await bench.onLoop {
                try bench.loop.quickRead { try clocked.principal(forToken: secret) }
            }
            if case .known(let principal)? = verdict { return principal.login }
            return verdict == nil ? nil : "refused"
        }
        for _ in 0..<3 { #expect(try await verdict(secret) == "maria") }
        #expect(try await verdict(String(secret.dropLast()) + "x") == "refused")
        later.withLock { $0 = expires }
        #expect(try await verdict(secret) == "refused")
        later.withLock { $0 = ServerDesk.now }
        #expect(try await verdict(secret) == "maria")
        // Another process: it knows nothing of this one's memory.
        let other = try Store(at: bench.desk.folder.appending("store"), .existing) { ServerDesk.now }
        #expect(try other.revokeTokens(of: "maria", name: "t", run: ServerDesk.run) == 1)
        #expect(try await verdict(secret) == "refused")
        try await bench.end()
    }

    @Test("say after every change, by whomever, what is said elsewhere")
    func changesBetween() async throws {
        let bench = try Bench()
        let place = bench.desk.folder.appending("store")
        let query = """
            { getConsignment(consignmentid: "\(bench.mine.id)") { totalFiles allChecksSucceeded parentFolder
                consignmentStatuses { statusType value } fileStatusCounts { statusType statusValue count } } }
            """
        _ = try await bench.desk.ask(query, as: bench.maria)
        var random = SeededGenerator(seed: 7)
        var said: Set<String> = []
        for number in 0..<200 {
            let change =
                switch random.next() % 5 {
                case 0: "UPDATE tally SET count = count + \(number) WHERE statusType = 'Type'"
                case 1: "UPDATE consignment SET parentFolder = CAST('R\(number)' AS BLOB)"
                case 2: "UPDATE consignmentStatus SET value = '\(number.isMultiple(of: 2) ? "Completed" : "Failed")'"
                case 3: "INSERT OR REPLACE INTO tally SELECT id, 'FFID', 'Success', \(number) FROM consignment"
                // Nothing that is asked for.
                default: "UPDATE user SET failures = \(number)"
                }
            try StoreRows.execute(place, change)
            let elsewhere = try await bench.desk.ask(query, as: bench.maria)
            for _ in 0..<2 {
                let here = try #require(try await bench.quickly(query))
                #expect(here.bytes == elsewhere.bytes, "\(change)")
            }
            said.insert(String(decoding: elsewhere.bytes, as: UTF8.self))
        }
        #expect(said.count > 50)
        try StoreRows.execute(place, "DELETE FROM consignmentStatus; DELETE FROM tally")
        #expect(try await bench.quickly(query)?.bytes == bench.desk.ask(query, as: bench.maria).bytes)
        try await bench.end()
    }

    @Test("give nobody what is another's, however often that was asked for")
    func others() async throws {
        let bench = try Bench()
        let paul = try bench.desk.principal("paul", [.standardUser])
        _ = try await bench.desk.ask(bench.files, as: bench.maria)
        for _ in 0..<20 {
            #expect(try await bench.quickly(bench.files)?.data?["getConsignment"]?["totalFiles"]?.int == 3)
            let refused = try #require(try await bench.quickly(bench.files, as: paul))
            #expect(refused.data?["getConsignment"] == .null)
            #expect(refused.codes == ["NOT_FOUND"])
        }
        try await bench.end()
    }

    @Test("let nobody in who was kept out meanwhile")
    func disabled() async throws {
        let bench = try Bench()
        let secret = try bench.desk.store.makeToken(
            for: "maria", name: "t", scopes: [.read], expires: nil, run: ServerDesk.run)
        func isKnown() async throws -> Bool {
            let verdict = try await bench.onLoop {
                try bench.loop.quickRead { try bench.desk.store.principal(forToken: secret) }
            }
            if case .known? = verdict { return true }
            return false
        }
        let other = try Store(at: bench.desk.folder.appending("store"), .existing) { ServerDesk.now }
        for isOut in [false, true, false, true] {
            try other.setDisabled("maria", to: isOut, run: ServerDesk.run)
            for _ in 0..<3 { #expect(try await isKnown() == !isOut) }
        }
        try await bench.end()
    }

    @Test("have few values; what is multiplied is left to others, or refused")
    func manyValues() async throws {
        let bench = try Bench()
        let types =
            "{ __schema { types { name kind fields { name type { name kind } args { name type { name kind } } } } } }"
        let whole = try await bench.desk.ask(types, as: bench.maria)
        #expect(whole.errors.isEmpty)
        #expect(try await bench.quickly(types) == nil)
        let few = "{ __type(name: \"Consignment\") { name fields { name } } }"
        _ = try await bench.desk.ask(few, as: bench.maria)
        #expect(try await bench.quickly(few)?.errors.isEmpty == true)
        // Three lists in each other, each under thirty names.
        func many(_ inner: String) -> String { (0..<30).map { "a\($0): \(inner)" }.joined(separator: " ") }
        let fragments = """
            fragment A on __Type { \(many("fields { type { ...B } }")) }
            fragment B on __Type { \(many("fields { type { ...C } }")) }
            fragment C on __Type { \(many("fields { name }")) }
            """
        let huge = try await bench.desk.ask("{ __type(name: \"Consignment\") { ...A } } \(fragments)", as: bench.maria)
        #expect(huge.codes == ["QUERY_TOO_COMPLEX"])
        try await bench.end()
    }

    @Test("do not say what changes without the database")
    func locks() async throws {
        let bench = try Bench()
        let query = "{ getConsignment(consignmentid: \"\(bench.mine.id)\") { isBeingWorkedOn } }"
        let elsewhere = try await bench.desk.ask(query, as: bench.maria)
        #expect(elsewhere.data?["getConsignment"]?["isBeingWorkedOn"]?.bool == false)
        #expect(try await bench.quickly(query) == nil)
        try await bench.end()
    }
}
