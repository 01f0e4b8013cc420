import Glibc
import Streams
import Synchronization
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct UploadTests {
    static let awkward: [Name] = [
        "new\nline", "carriage\rreturn", "tab\t", "100%25", "%0A", "trailing ", " leading", "-rf", "--help", "~",
        "quote\"", "comma,", "back\\slash", "\u{E9}.txt", "e\u{301}.txt", "TWIN", "twin", "😀", "\u{202E}fdp.exe",
        "\u{1B}[31m", "*", "?", ":", "CON", "a.", "..a", "...", "\u{10FF41}", Name([0xFF, 0xFE]), Name([0x80]),
        Name([0xC3]), Name([0x01]), Name([UInt8](repeating: 0x61, count: 255)),
        Name(Array("😀".utf8) + [UInt8](repeating: 0x62, count: 251)),
    ]

    @Test("takes every awkward name byte for byte, of files and of folders")
    func awkwardNames() async throws {
        let files = UploadTests.awkward.map { ($0, Tree.file($0.bytes)) }
        let bench = try Bench([
            "files": .folder(files), "folders": .folder(UploadTests.awkward.map { ($0, ["in": ""]) }),
        ])
        let summary = try await bench.upload()
        #expect(summary.failed.count == 0)
        #expect(summary.filesStored == 2 * UploadTests.awkward.count)
        var found: [[UInt8]] = []
        try bench.store.forEachFile(of: summary.consignment) { file in
            found.append(file.path.bytes)
            if file.path.bytes.starts(with: Array("Records/files/".utf8)) {
                #expect(file.sha256 == SHA256Digest.of(file.path.name))
            }
        }
        var expected: [[UInt8]] = ["Records", "Records/files", "Records/folders"].map { Array($0.utf8) }
        for name in UploadTests.awkward {
            expected.append(Array("Records/files/".utf8) + name.bytes)
            expected.append(Array("Records/folders/".utf8) + name.bytes)
            expected.append(Array("Records/folders/".utf8) + name.bytes + Array("/in".utf8))
        }
        #expect(found == expected.sorted { $0.precedes($1) })
        #expect(try StoreRows.strayObjects(bench.storePath) == [])
        #expect(summary.plan.notUTF8.count == 6)
    }

    @Test("gives every file and folder its row, reference and properties")
    func rows() async throws {
        let bench = try Bench(["a.txt": "abc", "sub": ["empty": [:], "b": ""]])
        var times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: -1, tv_nsec: 500_000_000)]
        let path = bench.records.appending("a.txt")
        try #require(path.withCString { utimensat(AT_FDCWD, $0, &times, 0) } == 0)
        let consignment = try await bench.upload().consignment
        #expect(consignment.reference.description == "TDR-2026-C")
        let files = try bench.files(consignment)
        #expect(
            files.keys.sorted() == ["Records", "Records/a.txt", "Records/sub", "Records/sub/b", "Records/sub/empty"])
        #expect(files["Records"]?.type == .folder)
        #expect(files["Records"]?.parentReference == nil)
        #expect(files["Records"]?.told == [])
        #expect(files["Records/a.txt"]?.parentReference == files["Records"]?.reference)
        #expect(files["Records/sub/b"]?.parentReference == files["Records/sub"]?.reference)
        #expect(files["Records/a.txt"]?.size == 3)
        #expect(
            files["Records/a.txt"]?.sha256?.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(files["Records/a.txt"]?.modified == -500_000_000)
        #expect(
            files["Records/a.txt"]?.told == ["Upload Success", "ClientChecksum Success", "ClientFilePath Success"])
        #expect(Set(files.values.map(\.reference.description)) == ["Z3", "Z4", "Z5", "Z6", "Z7"])
        let properties = try StoreRows.texts(
            bench.storePath,
            "SELECT propertyName || '=' || value FROM fileProperty JOIN file ON file.id = fileId"
                + " WHERE path = CAST('Records/a.txt' AS BLOB) ORDER BY 1")
        #expect(
            properties == [
                "ClientSideFileLastModifiedDate=1969-12-31 23:59:59.500Z", "ClientSideFileSize=3",
                "ClientSideOriginalFilepath=Records/a.txt", "ClosureType=Open", "DescriptionClosed=false",
                "FileType=File", "HeldBy=The National Archives, Kew", "Language=English",
                "LegalStatus=Public Record(s)", "RightsCopyright=Crown copyright",
                "SHA256ClientSideChecksum=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "TitleClosed=false",
            ])
    }

    @Test("copies the bytes into an object that nobody writes to, and leaves the source as it was")
    func objects() async throws {
        let bench = try Bench(["a": .bytes(3_000_000, of: 7)])
        let before = try FileStatus.of(bench.records.appending("a"))
        try await bench.upload()
        let object = try bench.object("Records/a")
        #expect(try contents(of: object) == [UInt8](repeating: 7, count: 3_000_000))
        var status = stat()
        #expect(object.withCString { stat($0, &status) } == 0)
        #expect(status.st_mode & 0o777 == 0o400)
        #expect(try FileStatus.of(bench.records.appending("a")).showsNoChange(since: before))
    }

    @Test("keeps the holes of a sparse file and gives the digest of all its bytes")
    func sparse() async throws {
        let bench = try Bench(["sparse": ""])
        let size: Int64 = 40 << 20
        do {
            let file = try OpenFile.open(bench.records.appending("sparse"), flags: O_WRONLY)
            try file.truncate(to: size)
        }
        try overwrite(bench.records.appending("sparse"), at: 20 << 20, with: Array("in the middle".utf8))
        let consignment = try await bench.upload().consignment
        var hasher = SHA256Hasher()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for _ in 0..<20 { hasher.update(zeros) }
        hasher.update(Array("in the middle".utf8) + zeros.dropFirst(13))
        for _ in 21..<40 { hasher.update(zeros) }
        #expect(try bench.files(consignment)["Records/sparse"]?.sha256 == hasher.finish())
        let object = try FileStatus.of(bench.object("Records/sparse"))
        #expect(object.size == size)
        #expect(object.allocated < 4 << 20)
        try await bench.check(consignment)
        #expect(try bench.files(consignment)["Records/sparse"]?.statuses[.checksumMatch] == .success)
    }

    private static func uploadMeddledWith(_ manner: String) async throws -> (Bench, UploadSummary) {
        let bench = try Bench(["steady": "abc", "restless": .bytes(24 << 20)])
        let writer = try Meddler(bench.records.appending("restless"), manner)
        defer { writer.stop() }
        return (bench, try await bench.upload())
    }

    @Test(
        "says of a file that changes while it is read that it does, and gives it no digest",
        arguments: ["rewrites", "appends", "shrinks"])
    func changing(_ manner: String) async throws {
        // On a busy machine the file may be read between two changes: then there is nothing to say, and it is tried again.
        var (bench, summary) = try await Self.uploadMeddledWith(manner)
        for _ in 0..<20 where summary.failed.count == 0 { (bench, summary) = try await Self.uploadMeddledWith(manner) }
        let path = bench.records.appending("restless")
        let files = try bench.files(summary.consignment)
        #expect(summary.failed.first.map(\.path.display) == ["Records/restless"])
        #expect(files["Records/restless"]?.told == ["Upload Failed"])
        #expect(files["Records/restless"]?.sha256 == nil)
        #expect(files["Records/restless"]?.reasons[.upload]?.contains("changes while it is read") == true)
        #expect(files["Records/steady"]?.told.first == "Upload Success")
        #expect(try bench.store.statuses(of: summary.consignment)[.upload] == .completedWithIssues)
        #expect(try StoreRows.strayObjects(bench.storePath) == [])
        // At rest again, it is taken by going on.
        let resumed = try await bench.resume(summary.consignment)
        #expect(resumed.failed.count == 0)
        #expect(try bench.store.statuses(of: summary.consignment)[.upload] == .completed)
        #expect(try bench.files(summary.consignment)["Records/restless"]?.sha256 == digestOfFile(at: path))
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("refuses a folder without files, one that is no folder, and one that is not there")
    func refusedSources() async throws {
        let bench = try Bench(["empty": [:], ".DS_Store": "x"])
        await #expect(throws: UploadError.self) { try await bench.upload() }
        try bench.folder.make("file", "x")
        for name in ["file", "nowhere"] {
            await #expect(throws: UploadError.self) {
                try await bench.upload { $0.source = bench.folder.appending(Name(name)) }
            }
        }
        await #expect(throws: UploadError.self) { try await bench.upload { $0.source = BytePath("/") } }
        #expect(try bench.store.consignments().isEmpty)
    }

    @Test("refuses a source that holds the store, and one that lies in it", arguments: ["", "store", "store/objects"])
    func overlaps(_ name: String) async throws {
        let bench = try Bench(["a": "x"])
        let error = await #expect(throws: UploadError.self) {
            try await bench.upload { $0.source = name.isEmpty ? bench.folder.path : bench.folder.appending(Name(name)) }
        }
        guard case .overlapsStore = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try bench.store.consignments().isEmpty)
    }

    @Test("uploads nothing when it meets a link or a special file, and names them")
    func refusesLinks() async throws {
        let bench = try Bench(["a": "x", "link": .link("a"), "fifo": .fifo])
        let error = await #expect(throws: UploadError.self) { try await bench.upload() }
        guard case .refused(let list, .refuse) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(list.first.map(\.path.display) == ["Records/fifo", "Records/link"])
        #expect(try bench.store.consignments().isEmpty)
    }

    @Test("leaves links out when told to, and tells of them")
    func skipsLinks() async throws {
        let bench = try Bench(["a": "x", "link": .link("a"), "fifo": .fifo, "Thumbs.db": ""])
        let consignment = try await bench.upload { $0.links = .skip }.consignment
        #expect(try bench.files(consignment).keys.sorted() == ["Records", "Records/a"])
        let report = try bench.store.report(on: consignment)
        #expect((report.skipped, report.excluded, report.files) == (2, 1, 1))
        let told = try StoreRows.texts(
            bench.storePath,
            "SELECT what || ' ' || coalesce(old, '') || ' ' || new FROM event"
                + " WHERE what IN ('Excluded', 'Skipped') ORDER BY id")
        #expect(
            told == [
                "Excluded  Records/Thumbs.db", "Skipped FIFO Records/fifo", "Skipped symbolic link Records/link",
            ])
    }

    @Test("takes what links lead to when told to, and reads it there again", arguments: [StorageKind.copied, .inPlace])
    func followsLinks(_ storage: StorageKind) async throws {
        let bench = try Bench(["a": "abc", "sub": ["b": "bb"], "link": .link("a"), "folder": .link("sub")])
        let consignment = try await bench.upload {
            $0.links = .follow
            $0.storage = storage
        }.consignment
        let files = try bench.files(consignment)
        #expect(
            files.keys.sorted() == [
                "Records", "Records/a", "Records/folder", "Records/folder/b", "Records/link", "Records/sub",
                "Records/sub/b",
            ])
        #expect(files["Records/link"]?.sha256 == files["Records/a"]?.sha256)
        #expect(try await bench.check(consignment).filesWithProblems == 0)
    }

    @Test("records files where they lie, and sees there what became of them")
    func inPlace() async throws {
        let bench = try Bench(["a": "abc", "b": "bcd", "c": "cde"])
        let consignment = try await bench.upload { $0.storage = .inPlace }.consignment
        #expect(try names(in: bench.storePath.appending("objects")) == [])
        #expect(try await bench.check(consignment).filesWithProblems == 0)
        try bench.folder.make("Records/a", "abX")
        try remove(bench.records.appending("b"))
        #expect(try await bench.check(consignment) { $0.again = true }.filesWithProblems == 2)
        let files = try bench.files(consignment)
        #expect(files["Records/a"]?.statuses[.checksumMatch] == .mismatch)
        #expect(files["Records/b"]?.statuses[.checksumMatch] == .failed)
        #expect(files["Records/c"]?.statuses[.checksumMatch] == .success)
    }

    @Test("takes a bag as records like any other and says that it is one")
    func bag() async throws {
        let bench = try Bench(["bagit.txt": "BagIt-Version: 1.0\n", "data": ["a": "x"]])
        let summary = try await bench.upload()
        #expect(summary.plan.isBag)
        #expect(summary.filesStored == 2)
        let other = try Bench(["sub": ["bagit.txt": "x"]])
        #expect(try await !other.upload().plan.isBag)
    }

    @Test("makes a new consignment of the same folder when the first is complete")
    func twice() async throws {
        let bench = try Bench(["a": "x"])
        let first = try await bench.upload()
        let second = try await bench.upload()
        #expect(!second.resumed)
        #expect(
            [first, second].map(\.consignment.reference.description) == ["TDR-2026-C", "TDR-2026-D"])
        await #expect(throws: UploadError.self) { try await bench.resume(first.consignment) }
        await #expect(throws: UploadError.self) {
            try await bench.upload { $0.body = "Another Body" }
        }
    }

    @Test("takes 100,000 files of one folder and a thousand levels", .timeLimit(.minutes(60)))
    func large() async throws {
        let bench = try Bench(["many": [:]])
        let many = try OpenFile.directory(bench.records.appending("many"))
        for number in 0..<100_000 { try Tree.file([]).make(Array("\(number)".utf8), in: many) }
        _ = try makeDeep(in: bench.records, name: "four", levels: 1000, file: "leaf", holding: Array("deep".utf8))
        let consignment = try await bench.upload().consignment
        let report = try bench.store.report(on: consignment)
        #expect((report.files, report.folders) == (100_001, 1002))
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
        #expect(try StoreRows.strayObjects(bench.storePath) == [])
        #expect(try await bench.check(consignment).filesChecked == 100_001)
        let longest: Int? = try StoreRows.value(bench.storePath, "SELECT max(length(path)) FROM file")
        #expect(longest == 8 + 5000 + 4)
    }
}

@Suite struct ResumeTests {
    /// A consignment whose first upload ended with issues: one file would not hold still.
    private func unfinished(_ records: Tree) async throws -> (Bench, Consignment) {
        // On a busy machine the file may be read between two changes: then it is tried again.
        for _ in 0..<20 {
            let bench = try Bench(records)
            try bench.folder.make("Records/restless", .bytes(24 << 20))
            let writer = try Meddler(bench.records.appending("restless"), "rewrites")
            let summary = try await bench.upload()
            writer.stop()
            if summary.failed.count == 0 { continue }
            try bench.folder.make("Records/restless", "calm")
            return (bench, summary.consignment)
        }
        throw RaceNotSeen(tries: 20)
    }

    /// The machine never let a file change while it was read, so what would follow from it could not be tested.
    private struct RaceNotSeen: Error {
        let tries: Int
    }

    @Test("reads again only what changed or was not taken")
    func changes() async throws {
        let (bench, consignment) = try await unfinished(["same": "s", "changed": "old", "gone": "g", "sub": ["x": "1"]])
        let before = try bench.files(consignment)
        let object = try FileStatus.of(bench.object("Records/same"))
        try bench.folder.make("Records/changed", "newer")
        try bench.folder.make("Records/added", "a")
        try bench.folder.make("Records/sub/y", ["deep": "d"])
        try remove(bench.records.appending("gone"))
        let summary = try await bench.resume(consignment)
        let after = try bench.files(consignment)
        #expect(summary.vanished.first.map(\.path.display) == ["Records/gone"])
        #expect(summary.failed.count == 0)
        #expect(summary.filesStored == 7)
        #expect(try FileStatus.of(bench.object("Records/same")).showsNoChange(since: object))
        #expect(after["Records/changed"]?.sha256 == SHA256Digest.of(Array("newer".utf8)))
        #expect(after["Records/changed"]?.id == before["Records/changed"]?.id)
        #expect(after["Records/changed"]?.reference == before["Records/changed"]?.reference)
        #expect(try contents(of: bench.object("Records/changed")) == Array("newer".utf8))
        #expect(after["Records/sub/y/deep"]?.parentReference == after["Records/sub/y"]?.reference)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
        #expect(try StoreRows.strayObjects(bench.storePath) == [])
        #expect(try bench.store.statuses(of: consignment)[.upload] == .completed)
    }

    @Test("forgets what the checks said of a file that is taken anew")
    func forgetsChecks() async throws {
        let (bench, consignment) = try await unfinished(["changed": "old", "same": "s"])
        try await bench.check(consignment)
        #expect(try bench.files(consignment)["Records/changed"]?.statuses[.checksumMatch] == .success)
        try bench.folder.make("Records/changed", "quite another")
        try await bench.resume(consignment)
        let after = try bench.files(consignment)
        #expect(
            after["Records/changed"]?.told == ["Upload Success", "ClientChecksum Success", "ClientFilePath Success"])
        #expect(after["Records/changed"]?.serverSHA256 == nil)
        #expect(after["Records/changed"]?.formats.isEmpty == true)
        #expect(after["Records/same"]?.statuses[.ffid] == .success)
        #expect(try !bench.store.report(on: consignment).areChecksComplete)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
        // The changed one and the one that was not taken at first.
        #expect(try await bench.check(consignment).filesChecked == 2)
        #expect(try bench.store.report(on: consignment).statuses[.serverChecksum] == .completed)
    }

    @Test("does not take a folder for the file that had its name, nor the other way round", arguments: ["same", "sub"])
    func kindChanged(_ name: String) async throws {
        let (bench, consignment) = try await unfinished(["same": "s", "sub": ["x": "1"]])
        if name == "same" {
            try remove(bench.records.appending("same"))
            try bench.folder.make("Records/same", ["inner": "i"])
        } else {
            try remove(bench.records.appending("sub/x"))
            try remove(bench.records.appending("sub"), folder: true)
            try bench.folder.make("Records/sub", "now a file")
        }
        let before = try StoreRows.texts(bench.storePath, "SELECT hex(path) || fileType FROM file ORDER BY 1")
        let error = await #expect(throws: UploadError.self) { try await bench.resume(consignment) }
        #expect("\(String(describing: error))".contains("Records/\(name)"))
        #expect(try StoreRows.texts(bench.storePath, "SELECT hex(path) || fileType FROM file ORDER BY 1") == before)
        #expect(try StoreRows.wrongTallies(bench.storePath) == [])
    }

    @Test("does not call an upload complete that lacks a file which is gone now")
    func failedThenGone() async throws {
        let (bench, consignment) = try await unfinished(["same": "s"])
        try remove(bench.records.appending("restless"))
        let summary = try await bench.resume(consignment)
        #expect(summary.failed.first.map(\.path.display) == ["Records/restless"])
        #expect(summary.vanished.count == 0)
        #expect(try bench.store.statuses(of: consignment)[.upload] == .completedWithIssues)
    }
}

/// Changes a file again and again until it is stopped, on a thread of its own.
final class Meddler: Sendable {
    private let stopping = Atomic<Bool>(false)
    private let rounds = Atomic<Int>(0)
    private let thread = Guarded<pthread_t?>(nil)
    private let path: BytePath
    private let manner: String

    /// Begins; returns when the first change is made.
    init(_ path: BytePath, _ manner: String) throws {
        (self.path, self.manner) = (path, manner)
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Meddler>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        try #require(code == 0)
        thread.withLock { [id] in $0 = id }
        try #require(waitUntil { rounds.load(ordering: .sequentiallyConsistent) > 0 })
    }

    private func work() {
        guard let file = try? OpenFile.open(path, flags: O_WRONLY), let size = try? file.status().size else { return }
        var round: Int64 = 0
        while !stopping.load(ordering: .sequentiallyConsistent) {
            round += 1
            switch manner {
            case "appends": _ = pwrite(file.descriptor, [1], 1, off_t(size + round))
            case "shrinks": _ = ftruncate(file.descriptor, off_t(size - 1 - round % 1000))
            default: _ = pwrite(file.descriptor, [UInt8(truncatingIfNeeded: round)], 1, off_t(round % size))
            }
            rounds.add(1, ordering: .sequentiallyConsistent)
        }
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        if let id = thread.withLock({ $0.take() }) { pthread_join(id, nil) }
    }

    deinit { stopping.store(true, ordering: .sequentiallyConsistent) }
}
