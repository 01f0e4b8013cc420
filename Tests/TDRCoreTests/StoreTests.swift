import GRDB
import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct StoreTests {
    private static func open(_ path: BytePath, _ opening: Store.Opening = .existing) throws -> Store {
        try Store(at: path, opening) { Bench.now }
    }

    @Test("is not made by a command that only reads")
    func missing() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) { try StoreTests.open(folder.appending("none")) }
        guard case .missing = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!exists(folder.appending("none")))
    }

    @Test("keeps its id from one opening to the next, and its folders to the owner")
    func reopening() throws {
        let folder = try TemporaryFolder()
        let path = folder.appending("deep").appending("store")
        let id = try StoreTests.open(path, .create).id
        #expect(try StoreTests.open(path).id == id)
        #expect(try StoreTests.open(path, .create).id == id)
        #expect(try names(in: path).filter { !$0.hasPrefix("tdr.sqlite-") } == ["locks", "objects", "tdr.sqlite"])
        var status = stat()
        for name in ["", "objects", "locks"] {
            #expect(path.appending(name).withCString { stat($0, &status) } == 0)
            #expect(status.st_mode & 0o777 == 0o700)
        }
    }

    @Test("begins with the schema of version 1, which never changes again")
    func schema() throws {
        let folder = try TemporaryFolder()
        _ = try StoreTests.open(folder.appending("store"), .create)
        let objects = try StoreRows.texts(
            folder.appending("store"),
            """
            SELECT type || ' ' || name FROM sqlite_schema
                WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%' ORDER BY 1
            """)
        #expect(
            Set(objects).isSuperset(of: [
                "index consignment_body", "index consignment_series", "index event_consignment", "index event_file",
                "index fileStatus_problem", "index file_parent", "index file_path", "index series_body",
                "table antivirusResult", "table body", "table consignment", "table consignmentMetadata",
                "table consignmentStatus", "table counter", "table engine", "table event", "table file",
                "table fileDefault", "table fileMetadata", "table fileReason", "table fileStatus",
                "table formatMatch", "table run", "table series", "table store", "table tally",
                "trigger event_is_kept", "trigger event_is_unchanged", "view fileProperty", "view fileStatusRow",
            ]))
        #expect(try StoreRows.texts(folder.appending("store"), "SELECT identifier FROM grdb_migrations").first == "1")
        #expect(try StoreRows.value(folder.appending("store"), "PRAGMA application_id") == 0x7464_7231)
        #expect(try StoreRows.texts(folder.appending("store"), "PRAGMA journal_mode") == ["wal"])
        let lax = try StoreRows.texts(
            folder.appending("store"),
            "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND schema = 'main'"
                + " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'")
        #expect(lax == [])
    }

    @Test("refuses the store of a newer version and leaves it as it is")
    func newer() throws {
        let folder = try TemporaryFolder()
        let path = folder.appending("store")
        _ = try StoreTests.open(path, .create)
        try StoreRows.execute(path, "INSERT INTO grdb_migrations VALUES ('999')")
        let before = try StoreRows.all(path)
        let error = #expect(throws: StoreError.self) { try StoreTests.open(path) }
        guard case .newer = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try StoreRows.all(path) == before)
    }

    @Test(
        "refuses a file that is no database of ours and does not touch it",
        arguments: [
            Array("This is a letter, not a database; it is longer than a header of 100 bytes. ".utf8)
                + [UInt8](repeating: 0x2E, count: 5000),
            [UInt8](repeating: 0, count: 8192), [UInt8](repeating: 0xFF, count: 100), [0x53],
        ] as [[UInt8]])
    func notADatabase(_ bytes: [UInt8]) throws {
        let folder = try TemporaryFolder()
        try folder.make("store", ["tdr.sqlite": .file(bytes)])
        for opening in [Store.Opening.existing, .create] {
            let error = #expect(throws: StoreError.self) { try StoreTests.open(folder.appending("store"), opening) }
            switch error {
            case .notAStore, .damaged: break
            default: Issue.record("\(String(describing: error))")
            }
        }
        #expect(try contents(of: folder.appending("store").appending("tdr.sqlite")) == bytes)
    }

    @Test("refuses another program's database and does not touch it")
    func foreign() throws {
        let folder = try TemporaryFolder()
        try folder.make("store", [:])
        try StoreRows.execute(folder.appending("store"), "CREATE TABLE mine (a)")
        let before = try contents(of: folder.appending("store").appending("tdr.sqlite"))
        let error = #expect(throws: StoreError.self) { try StoreTests.open(folder.appending("store"), .create) }
        guard case .notAStore = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try contents(of: folder.appending("store").appending("tdr.sqlite")) == before)
    }

    @Test("takes an empty database file as a store that was not finished being made")
    func emptyFile() throws {
        let folder = try TemporaryFolder()
        try folder.make("store", ["tdr.sqlite": ""])
        let store = try StoreTests.open(folder.appending("store"), .create)
        #expect(try store.consignments().isEmpty)
    }

    @Test("can be read while another process writes, and says so when both want to write", .timeLimit(.minutes(10)))
    func locked() async throws {
        let bench = try Bench(["a": "x"])
        let consignment = try await bench.upload().consignment
        let other = try StoreRows.database(bench.storePath)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        // To open and to look is no writing.
        let reader = try StoreTests.open(bench.storePath)
        #expect(try reader.report(on: consignment).files == 1)
        await #expect {
            try await bench.check(consignment)
        } throws: { error in
            (error as? StoreError)?.isBusy == true
        }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await bench.check(consignment).filesChecked == 1)
    }

    @Test(
        "lets nobody delete or change what the history says",
        arguments: ["DELETE FROM event", "UPDATE event SET what = ''"])
    func history(_ sql: String) async throws {
        let bench = try Bench(["a": "x"])
        try await bench.upload()
        let count: Int? = try StoreRows.value(bench.storePath, "SELECT count(*) FROM event")
        #expect((count ?? 0) > 0)
        #expect(throws: DatabaseError.self) { try StoreRows.execute(bench.storePath, sql) }
        #expect(try StoreRows.value(bench.storePath, "SELECT count(*) FROM event") == count)
    }

    @Test("tells in the history who did what, when, and what it was before")
    func events() async throws {
        let bench = try Bench(["a": "x"])
        let consignment = try await bench.upload().consignment
        try await bench.check(consignment)
        let told = try StoreRows.texts(
            bench.storePath,
            """
            SELECT actor || '|' || event.datetime || '|' || what || '|' || coalesce(old, '-') || '|' || coalesce(new, '-')
                FROM event JOIN run ON run.id = runId ORDER BY event.id
            """)
        let when = "tester|1767323045000|"
        let signatures = try Signatures.bundled()
        let engine = "tdr 0, database \(signatures.binaryFile), \(signatures.containerFile)"
        #expect(
            told == [
                when + "BodyCreated|-|TDR-MB Mock Body", when + "SeriesCreated|-|MOCK1 123",
                when + "ConsignmentCreated|-|TDR-2026-C",
                when
                    + #"FileDefaults|-|{"RightsCopyright":"Crown copyright","LegalStatus":"Public Record(s)","#
                    + #""HeldBy":"The National Archives, Kew","Language":"English","ClosureType":"Open","#
                    + #""TitleClosed":"false","DescriptionClosed":"false"}"#,
                when + "Series|-|Completed", when + "Upload|-|InProgress",
                when
                    + #"FileStatus|-|{"Upload":"Success","ClientChecksum":"Success","ClientFilePath":"Success"}"#,
                when + "Upload|InProgress|Completed", when + "ServerChecksum|-|InProgress",
                when + "ServerFFID|-|InProgress", when + "FormatEngine|-|\(engine)",
                when + "ClientChecks|-|InProgress",
                when + "AntivirusPolicy|-|none",
                when
                    + #"FileStatus|-|{"ClientChecks":"Completed","ChecksumMatch":"Success","#
                    + #""ServerChecksum":"Success","FFID":"Success"}"#,
                when + "ServerRedaction|-|InProgress", when + "ServerRedaction|InProgress|Completed",
                when + "ServerChecksum|InProgress|Completed", when + "ServerFFID|InProgress|Completed",
                when + "ClientChecks|InProgress|Completed",
            ])
    }

    @Test("refuses a move that the rules do not allow, and changes nothing")
    func illegalMove() async throws {
        let bench = try Bench(["a": "x"])
        let consignment = try await bench.upload().consignment
        let run = try bench.store.begin(RunInfo(actor: "tester", command: "test", version: "0"))
        let before = try StoreRows.all(bench.storePath)
        #expect(throws: StoreError.self) { try bench.store.move(consignment, .upload, to: .inProgress, run: run) }
        #expect(throws: StoreError.self) { try bench.store.move(consignment, .export, to: .completed, run: run) }
        #expect(try StoreRows.all(bench.storePath) == before)
    }

    @Test("knows no consignment by a name that is none", arguments: ["", "TDR-2026-B", "TDR-2026-CB", "x", "%", "'"])
    func unknown(_ name: String) async throws {
        let bench = try Bench(["a": "x"])
        let consignment = try await bench.upload().consignment
        #expect(throws: StoreError.self) { try bench.store.consignment(name) }
        #expect(try bench.store.consignment("TDR-2026-C").id == consignment.id)
        #expect(try bench.store.consignment(consignment.id.description).id == consignment.id)
    }
}

@Suite struct TallyTests {
    @Test("keeps counts that always equal a recount, whatever is done", arguments: 0..<6)
    func recount(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let bench = try Bench(["a0": "x", "sub": ["b0": "yy", "e0": ""]])
        let consignment = try await bench.upload().consignment
        for step in 0..<25 {
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: try bench.folder.make(Name("Records/n\(step)"), .bytes(Int.random(in: 0...50, using: &generator)))
            case 1: try bench.folder.make("Records/a0", .bytes(step + 1))
            case 2:
                if let object = try? bench.object("Records/a0"), exists(object) {
                    try setMode(object, 0o600)
                    try overwrite(object, at: 0, with: [UInt8(step)])
                }
            case 3: try await bench.check(consignment)
            case 4: try await bench.check(consignment) { $0.again = true }
            case 5: try await bench.check(consignment, antivirus: .clamd(BytePath("/no/such/socket")))
            case 6:
                let checks = [CheckKind.checksum, .format].filter { _ in Bool.random(using: &generator) }
                try await bench.check(consignment) { $0.checks = Set(checks) }
            default:
                // An upload that is complete can be gone on with after a hand has set it back.
                try StoreRows.execute(
                    bench.storePath, "UPDATE consignmentStatus SET value = 'InProgress' WHERE statusType = 'Upload'")
                try await bench.resume(consignment)
            }
            #expect(try StoreRows.wrongTallies(bench.storePath) == [])
        }
        #expect(try StoreRows.strayObjects(bench.storePath) == [])
    }
}
