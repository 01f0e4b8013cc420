import GRDB
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

/// Consignments that arrive in pieces.
@Suite struct DeliveryTests {
    private static let run = RunInfo(actor: "tester", command: "test", version: "0")

    /// A store with a body, a series and somebody who transfers.
    private final class Desk: Sendable {
        let folder: TemporaryFolder
        let store: Store
        let maria: Principal
        let book: ReceiptBook
        let completed = Completed()

        final class Completed: Sendable { let references = Guarded<[ConsignmentReference]>([]) }

        var path: BytePath { folder.appending("store") }

        init() throws {
            folder = try TemporaryFolder()
            store = try Store(at: folder.appending("store"), .create) { Bench.now }
            try StoreRows.database(folder.appending("store")).write { db in
                try db.execute(
                    sql: """
                        INSERT INTO body (name, tdrCode) VALUES ('Mock', 'TDR-MOCK1'), ('Other', 'TDR-MOCK2');
                        INSERT INTO series (bodyId, code, name) VALUES (1, 'MOCK1 1', 'MOCK1 1'), (2, 'MOCK2 1', 'MOCK2 1')
                        """)
            }
            maria = Principal(
                id: .random(), login: "maria", name: "Maria Example", email: "maria@example.org",
                bodyCode: "TDR-MOCK1", roles: [.standardUser])
            let completed = completed
            book = try ReceiptBook(store: store, run: DeliveryTests.run) { consignment in
                completed.references.withLock { $0.append(consignment.reference) }
            }
        }

        func begun(_ type: ConsignmentType = .standard) throws -> Consignment {
            let series = try type == .standard ? store.series(ofBody: "TDR-MOCK1")[0].id : nil
            let made = try store.createDelivery(type, series: series, by: maria, run: DeliveryTests.run)
            try store.startDelivery(
                made, parentFolder: type == .standard ? "Records" : "", includeTopLevelFolder: false,
                run: DeliveryTests.run)
            return made
        }

        func declare(
            _ files: [DeclaredFile], folders: [String] = [], in consignment: Consignment, more: Bool = false
        ) throws -> [DeclaredFileID] {
            try store.declare(
                files, emptyDirectories: folders, in: consignment, more: more, run: DeliveryTests.run)
        }

        func send(_ bytes: [UInt8], as id: RecordID, of consignment: Consignment) async throws {
            let expected = try #require(try store.expectedFile(id, of: consignment))
            let partial = try PartialFile(expected, in: store, .anew, digestsPiece: false)
            try bytes.withUnsafeBytes { try partial.write($0) }
            try await book.enter(try partial.prove())
        }
    }

    private static func file(_ path: String, _ bytes: [UInt8] = [1, 2, 3], match: String = "0") -> DeclaredFile {
        DeclaredFile(
            originalPath: path, checksum: SHA256Digest.of(bytes).hex, lastModified: 1_600_000_000_000,
            fileSize: Int64(bytes.count), matchId: match)
    }

    @Test("is complete when the list is and every file has arrived, and is then like any upload")
    func whole() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let first = try desk.declare(
            [
                DeliveryTests.file("/Records/a.txt", [1], match: "a"),
                DeliveryTests.file("Records/b/c.txt", [], match: "c"),
            ],
            folders: ["Records/empty"], in: consignment, more: true)
        #expect(first.map(\.matchId) == ["a", "c"])
        try await desk.send([1], as: first[0].fileId, of: consignment)
        try await desk.send([], as: first[1].fileId, of: consignment)
        // All that is declared is there, but the client has more.
        #expect(try desk.store.statuses(of: consignment)[.upload] == .inProgress)
        let last = try desk.declare([DeliveryTests.file("Records/d", [7, 8])], in: consignment)
        try await desk.send([7, 8], as: last[0].fileId, of: consignment)
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
        #expect(desk.completed.references.withLock { $0 } == [consignment.reference])
        let report = try desk.store.report(on: consignment)
        #expect((report.files, report.folders, report.bytes) == (3, 3, 3))
        #expect(try desk.store.consignmentsToCheck().map(\.reference) == [consignment.reference])
        #expect(try StoreRows.wrongTallies(desk.path) == [])
        #expect(
            try names(in: desk.path.appending("objects").appending(consignment.id.description)).sorted()
                == (first + last).map(\.fileId.description).sorted())
        #expect(try names(in: desk.path.appending("incoming").appending(consignment.id.description)) == [])
    }

    @Test("files are declared after the newest ones were withdrawn, whose numbers stay theirs")
    func afterWithdrawal() async throws {
        let desk = try Desk()
        let first = try desk.begun()
        let ids = try desk.declare(
            [DeliveryTests.file("Records/a", [1]), DeliveryTests.file("Records/b", [2])], in: first)
        for (bytes, id) in zip([[1], [2]] as [[UInt8]], ids) { try await desk.send(bytes, as: id.fileId, of: first) }
        let path = try #require(RelativePath(Array("Records/b".utf8)))
        _ = try Repair(store: desk.store, run: DeliveryTests.run, meter: ProgressMeter())
            .withdraw(path, from: first, reason: "not asked for", purges: false)
        let second = try desk.begun()
        let next = try desk.declare([DeliveryTests.file("Records/c", [3])], in: second)
        try await desk.send([3], as: next[0].fileId, of: second)
        #expect(try desk.store.statuses(of: second)[.upload] == .completed)
        #expect(try StoreRows.wrongTallies(desk.path) == [])
    }

    @Test("a call that is repeated with its id makes one consignment; another call under that id is refused")
    func requested() throws {
        let desk = try Desk()
        let series = try desk.store.series(ofBody: "TDR-MOCK1")[0].id
        let request = RecordID.random()
        func make(
            _ series: RecordID?, _ type: ConsignmentType = .standard, by who: Principal? = nil
        ) throws -> Consignment {
            try desk.store.createDelivery(
                type, series: series, by: who ?? desk.maria, request: request, run: DeliveryTests.run)
        }
        let first = try make(series)
        #expect(try make(series).id == first.id)
        #expect(try desk.store.consignments().count == 1)
        #expect(throws: DeliveryError.self) { try make(nil) }
        #expect(throws: DeliveryError.self) { try make(nil, .judgment) }
        // Ids of others are their own affair.
        let other = Principal(
            id: .random(), login: "other", name: "O", email: "o@example.org", bodyCode: "TDR-MOCK1",
            roles: [.standardUser])
        #expect(try make(series, by: other).id != first.id)
        #expect(try desk.store.consignments().count == 2)
    }

    @Test("that is complete can be declared once more, as a client does whose answer was lost; but not another")
    func declaredOnceMore() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let list = [DeliveryTests.file("Records/a", [1], match: "x"), DeliveryTests.file("Records/b/c", [2])]
        let ids = try desk.declare(list, folders: ["Records/empty"], in: consignment)
        for (bytes, id) in zip([[1], [2]] as [[UInt8]], ids) {
            try await desk.send(bytes, as: id.fileId, of: consignment)
        }
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
        let events = try desk.store.newestEvent(of: consignment)
        let repeated = try desk.declare(list, folders: ["Records/empty"], in: consignment)
        #expect(repeated.map(\.fileId) == ids.map(\.fileId))
        #expect(repeated.map(\.isReceived) == [true, true])
        #expect(try desk.declare([], in: consignment).isEmpty)
        for (files, folders) in [
            ([DeliveryTests.file("Records/new")], []), ([DeliveryTests.file("Records/a", [9])], []),
            ([DeliveryTests.file("Records/b", [1])], []), ([], ["Records/a"]), ([], ["Records/other"]),
        ] as [([DeclaredFile], [String])] {
            #expect(throws: DeliveryError.self) { try desk.declare(files, folders: folders, in: consignment) }
        }
        #expect(try desk.store.newestEvent(of: consignment) == events)
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
    }

    @Test("takes the bytes of a file while its digest is still to come, and proves them by it afterwards")
    func digestToCome() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        var file = DeliveryTests.file("Records/large", [1, 2, 3])
        let checksum = file.checksum
        file.checksum = nil
        let id = try desk.declare([file], in: consignment)[0].fileId
        var expected = try #require(try desk.store.expectedFile(id, of: consignment))
        #expect(expected.awaitsDigest)
        let digests = PartialDigests()
        // As a request does it: the file is closed when it is over.
        func send() throws {
            let first = try PartialFile(expected, in: desk.store, .anew, digestsPiece: false, digests: digests)
            try ([1, 2, 3] as [UInt8]).withUnsafeBytes { try first.write($0) }
            #expect(first.isWhole)
            // Without a digest there is nothing to prove it by; the bytes stay.
            #expect(throws: DeliveryError.self) { try first.prove() }
            try first.pause()
        }
        try send()
        #expect(PartialFile.received(expected, in: desk.store) == 3)
        #expect(try desk.store.statuses(of: consignment)[.upload] == .inProgress)
        // Who still does not know it changes nothing; who does ends the waiting.
        #expect(try !desk.declare([file], in: consignment)[0].isReceived)
        file.checksum = checksum
        #expect(try !desk.declare([file], in: consignment)[0].isReceived)
        expected = try #require(try desk.store.expectedFile(id, of: consignment))
        #expect(!expected.awaitsDigest)
        let rest = try PartialFile(expected, in: desk.store, .at(3), digestsPiece: false, digests: digests)
        try await desk.book.enter(try rest.prove())
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
        #expect(try StoreRows.wrongTallies(desk.path) == [])
    }

    @Test("goes on with the digest of the pieces before only as long as the file is as they left it")
    func keptDigests() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let id = try desk.declare([DeliveryTests.file("Records/a", [1, 2, 3, 4])], in: consignment)[0].fileId
        let expected = try #require(try desk.store.expectedFile(id, of: consignment))
        let digests = PartialDigests()
        func piece(_ bytes: [UInt8], _ start: PartialFile.Start) throws -> PartialFile {
            let partial = try PartialFile(expected, in: desk.store, start, digestsPiece: false, digests: digests)
            try bytes.withUnsafeBytes { try partial.write($0) }
            return partial
        }
        try piece([1, 2], .anew).pause()
        // Somebody else's bytes, of the same length: what the disk has is what counts.
        let place = desk.path.appending("incoming").appending(consignment.id.description).appending(id.description)
        try writeDurably([9, 9], to: place, mode: 0o600)
        #expect(throws: DeliveryError.self) { try piece([3, 4], .at(2)).prove() }
        #expect(PartialFile.received(expected, in: desk.store) == 0)
        try piece([1, 2], .anew).pause()
        try piece([3], .at(2)).pause()
        try await desk.book.enter(try piece([4], .at(3)).prove())
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
    }

    @Test("records many files at once, and says of each what kept it from that")
    func together() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let ids = try desk.declare(
            (0..<5).map { DeliveryTests.file("Records/\($0)", [UInt8($0)], match: "\($0)") }, in: consignment,
            more: true)
        var proved: [ProvedFile] = []
        for (number, one) in ids.enumerated() {
            let expected = try #require(try desk.store.expectedFile(one.fileId, of: consignment))
            let partial = try PartialFile(expected, in: desk.store, .anew, digestsPiece: false)
            try [UInt8(number)].withUnsafeBytes { try partial.write($0) }
            proved.append(try partial.prove())
        }
        // One is declared anew while it is on its way.
        _ = try desk.declare([DeliveryTests.file("Records/2", [7])], in: consignment, more: true)
        let outcomes = await desk.book.enter(proved)
        #expect(outcomes.map { $0 == nil } == [true, true, false, true, true])
        #expect(try desk.store.report(on: consignment).bytes == 4)
        #expect(await desk.book.enter([]).isEmpty)
    }

    @Test("records no bytes that were written after the proof, whoever wrote them")
    func writtenAfterProof() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let id = try desk.declare([DeliveryTests.file("Records/a", [1, 2])], in: consignment, more: true)[0].fileId
        let expected = try #require(try desk.store.expectedFile(id, of: consignment))
        func prove(_ bytes: [UInt8]) throws -> ProvedFile {
            let partial = try PartialFile(expected, in: desk.store, .anew, digestsPiece: false)
            try bytes.withUnsafeBytes { try partial.write($0) }
            return try partial.prove()
        }
        let proved = try prove([1, 2])
        #expect(throws: DeliveryError.self) { try prove([9, 9]) }
        await #expect(throws: DeliveryError.self) { try await desk.book.enter(proved) }
        #expect(try desk.store.expectedFile(id, of: consignment)?.isReceived == false)
        // Sent anew it arrives; and what was opened before that cannot be written to any more.
        let begun = try PartialFile(expected, in: desk.store, .anew, digestsPiece: false)
        try ([1] as [UInt8]).withUnsafeBytes { try begun.write($0) }
        #expect(throws: DeliveryError.self) { try prove([1, 2]) }
        try ([2] as [UInt8]).withUnsafeBytes { try begun.write($0) }
        try await desk.book.enter(try begun.prove())
        #expect(try desk.store.expectedFile(id, of: consignment)?.isReceived == true)
    }

    @Test(
        "refuses paths that leave the folder or cannot be named, and keeps nothing of the call",
        arguments: [
            "", "/", "..", "../a", "Records/../../a", "Records/..", "Records//a", "Records/./a", "//etc/passwd",
            "a%00b",
            "Records/" + String(repeating: "x", count: 256), String(repeating: "x/", count: 2100) + "x",
        ])
    func badPaths(_ name: String) throws {
        // The names of tests cannot hold what stands for NUL here.
        let path = name.replacing("%00", with: "\0")
        let desk = try Desk()
        let consignment = try desk.begun()
        #expect(throws: DeliveryError.self) {
            try desk.declare([DeliveryTests.file("Records/good"), DeliveryTests.file(path)], in: consignment)
        }
        #expect(throws: DeliveryError.self) { try desk.declare([], folders: [path], in: consignment) }
        #expect(try desk.store.report(on: consignment).files == 0)
        #expect(try StoreRows.wrongTallies(desk.path) == [])
    }

    @Test("refuses a path twice, a file that is a folder, and what is said of a file when it makes no sense")
    func clashes() throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let file = DeliveryTests.file
        var bad: [[DeclaredFile]] = [
            [file("R/a", [1], "0"), file("/R/a", [1], "1")], [file("R/a", [1], "0"), file("R/a/b", [1], "1")],
            [file("R/a/b", [1], "0"), file("R/a", [1], "1")],
        ]
        var one = file("R/x", [1], "0")
        one.checksum = "abc"
        bad.append([one])
        one = file("R/x", [1], "0")
        one.fileSize = -1
        bad.append([one])
        one.fileSize = DeliveryLimits.fileBytes + 1
        bad.append([one])
        one = file("R/x", [1], "0")
        one.lastModified = .max
        bad.append([one])
        for files in bad { #expect(throws: DeliveryError.self) { try desk.declare(files, in: consignment) } }
        // Two spellings of one name are two names.
        #expect(
            try desk.declare([file("R/e\u{301}", [1], "0"), file("R/\u{e9}", [1], "1")], in: consignment).count == 2)
        #expect(throws: DeliveryError.self) { try desk.declare([], folders: ["R/\u{e9}"], in: consignment) }
    }

    @Test("gives a file that is declared again the id it had, and knows what has arrived")
    func again() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let files = [DeliveryTests.file("R/a", [1]), DeliveryTests.file("R/b", [2])]
        let first = try desk.declare(files, in: consignment, more: true)
        try await desk.send([1], as: first[0].fileId, of: consignment)
        let second = try desk.declare(files, in: consignment, more: true)
        #expect(second.map(\.fileId) == first.map(\.fileId))
        #expect(second.map(\.isReceived) == [true, false])
        // What has arrived cannot become another file; what has not can.
        #expect(throws: DeliveryError.self) {
            try desk.declare([DeliveryTests.file("R/a", [9])], in: consignment, more: true)
        }
        let third = try desk.declare([DeliveryTests.file("R/b", [9, 9])], in: consignment)
        try await desk.send([9, 9], as: third[0].fileId, of: consignment)
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
        #expect(try desk.store.report(on: consignment).bytes == 3)
    }

    @Test("takes nothing before the upload has begun or after it is over, and begins it once")
    func order() async throws {
        let desk = try Desk()
        let series = try desk.store.series(ofBody: "TDR-MOCK1")[0].id
        let made = try desk.store.createDelivery(.standard, series: nil, by: desk.maria, run: DeliveryTests.run)
        #expect(throws: DeliveryError.self) { try desk.declare([DeliveryTests.file("R/a")], in: made) }
        func start() throws {
            try desk.store.startDelivery(made, parentFolder: "R", includeTopLevelFolder: true, run: DeliveryTests.run)
        }
        #expect(throws: DeliveryError.self) { try start() }
        #expect(throws: DeliveryError.self) {
            let other = try desk.store.series(ofBody: "TDR-MOCK2")[0].id
            try desk.store.chooseSeries(other, for: made, run: DeliveryTests.run)
        }
        try desk.store.chooseSeries(series, for: made, run: DeliveryTests.run)
        try start()
        #expect(throws: DeliveryError.self) { try start() }
        #expect(throws: DeliveryError.self) { try desk.store.chooseSeries(series, for: made, run: DeliveryTests.run) }
        #expect(throws: DeliveryError.self) { try desk.declare([], in: made) }
        let ids = try desk.declare([DeliveryTests.file("R/a", [1])], in: made)
        try await desk.send([1], as: ids[0].fileId, of: made)
        #expect(throws: DeliveryError.self) { try desk.declare([DeliveryTests.file("R/b")], in: made) }
    }

    @Test("takes a judgment as one file without a folder, which can be checked")
    func judgment() async throws {
        let desk = try Desk()
        let consignment = try desk.begun(.judgment)
        #expect(throws: DeliveryError.self) {
            try desk.declare([DeliveryTests.file("a.docx"), DeliveryTests.file("b.docx")], in: consignment)
        }
        let ids = try desk.declare([DeliveryTests.file("a.docx", [5])], in: consignment)
        try await desk.send([5], as: ids[0].fileId, of: consignment)
        var request = CheckRequest(jobs: 1)
        request.antivirus = .none
        let run = DeliveryTests.run
        let check = CheckRun(store: desk.store, signatures: try Signatures.bundled(), meter: ProgressMeter()) { _ in run
        }
        #expect(try await check.check(consignment, request).filesChecked == 1)
    }

    @Test("goes on with a file from where it broke off, and proves what was there before")
    func pieces() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let id = try desk.declare([DeliveryTests.file("R/a", bytes)], in: consignment)[0].fileId
        let expected = try #require(try desk.store.expectedFile(id, of: consignment))
        func write(_ range: Range<Int>, _ start: PartialFile.Start) throws -> PartialFile {
            let partial = try PartialFile(expected, in: desk.store, start, digestsPiece: true)
            try Array(bytes[range]).withUnsafeBytes { try partial.write($0) }
            return partial
        }
        #expect(PartialFile.received(expected, in: desk.store) == 0)
        _ = try write(0..<40_000, .at(0))
        #expect(PartialFile.received(expected, in: desk.store) == 40_000)
        #expect(throws: DeliveryError.self) { try write(50_000..<60_000, .at(50_000)) }
        let second = try write(40_000..<70_000, .at(40_000))
        #expect(second.pieceDigest == SHA256Digest.of(Array(bytes[40_000..<70_000])))
        // One at a time.
        #expect(throws: DeliveryError.self) { try write(70_000..<100_000, .at(70_000)) }
        try second.takeBack()
        #expect(PartialFile.received(expected, in: desk.store) == 40_000)
        withExtendedLifetime(second) {}
    }

    @Test("throws away what is not as declared, and refuses bytes that are too many")
    func wrongBytes() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let id = try desk.declare([DeliveryTests.file("R/a", [1, 2, 3])], in: consignment)[0].fileId
        let expected = try #require(try desk.store.expectedFile(id, of: consignment))
        await #expect(throws: DeliveryError.self) { try await desk.send([1, 2, 4], as: id, of: consignment) }
        #expect(PartialFile.received(expected, in: desk.store) == 0)
        await #expect(throws: DeliveryError.self) { try await desk.send([1, 2, 3, 4], as: id, of: consignment) }
        await #expect(throws: DeliveryError.self) { try await desk.send([1, 2], as: id, of: consignment) }
        #expect(try desk.store.report(on: consignment).bytes == 0)
        try await desk.send([1, 2, 3], as: id, of: consignment)
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
    }

    @Test("records many files that arrive at once, each once, and never replaces one that is there")
    func many() async throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let count = 300
        let ids = try desk.declare(
            (0..<count).map { DeliveryTests.file("R/\($0)", [UInt8(truncatingIfNeeded: $0)]) }, in: consignment)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, id) in ids.enumerated() {
                group.addTask {
                    try await desk.send([UInt8(truncatingIfNeeded: number)], as: id.fileId, of: consignment)
                }
            }
            try await group.waitForAll()
        }
        #expect(try desk.store.statuses(of: consignment)[.upload] == .completed)
        #expect(desk.completed.references.withLock { $0 } == [consignment.reference])
        #expect(try desk.store.report(on: consignment).files == count)
        #expect(try StoreRows.wrongTallies(desk.path) == [])
        // The same bytes once more, from a client that has not heard of it: no change.
        try await desk.send([0], as: ids[0].fileId, of: consignment)
        #expect(try desk.store.report(on: consignment).bytes == count)
    }

    @Test("takes at most as many files in a call as it says")
    func cap() throws {
        let desk = try Desk()
        let consignment = try desk.begun()
        let files = (0...DeliveryLimits.filesPerCall).map { DeliveryTests.file("R/\($0)") }
        #expect(throws: DeliveryError.self) { try desk.declare(files, in: consignment) }
        #expect(try desk.declare(Array(files.dropLast()), in: consignment).count == DeliveryLimits.filesPerCall)
    }
}
