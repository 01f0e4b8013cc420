import Archives
import BagIt
import Foundation
import Glibc
import Streams
import TDRCore
import Testing

@Suite struct ValidBagTests {
    @Test(
        "a bag we write is valid, as folder, tar and tar.gz",
        arguments: [BagVersion.rfc8493, .draft97],
        [[.sha256], [.sha512], [.md5, .sha256, .sha512]] as [[DigestAlgorithm]])
    func writtenBags(version: BagVersion, algorithms: [DigestAlgorithm]) async throws {
        let draft = try BagDraft.valid(version: version, algorithms: algorithms)
        for report in [
            try await draft.checkedAsFolder(), try await draft.checkedAsArchive(),
            try await draft.checkedAsArchive(compression: .gzip(level: 6)),
        ] {
            #expect(report.verdict == .valid)
            #expect(report.problems == [])
            #expect(report.version == version)
            #expect(report.algorithms == algorithms.sorted())
            #expect(report.tagAlgorithms == algorithms.sorted())
            #expect(report.payloadFiles == 2)
            #expect(report.payloadBytes == 13)
            #expect(report.info.values("Payload-Oxum") == ["13.2"])
        }
    }

    /// Names that baggers have got wrong.
    private static let awkward: [([UInt8], [UInt8])] = [
        "data/%0A.txt", "data/per%cent", "data/100%25", "data/line\nbreak", "data/carriage\rreturn", "data/trail. ",
        "data/ lead", "data/*star", "data/caf\u{E9}", "data/n\u{303}fd", "data/back\\slash", "data/tab\there",
        "data/\u{1F4DC}", "data/" + String(repeating: "n", count: 255), "data/sub/.keep",
    ].map { (Array($0.utf8), Array("content".utf8)) }

    @Test("awkward names stay valid, byte for byte", arguments: [true, false])
    func awkwardNames(inArchive: Bool) async throws {
        let draft = try BagDraft.valid(bytes: ValidBagTests.awkward)
        let report = inArchive ? try await draft.checkedAsArchive() : try await draft.checkedAsFolder()
        #expect(report.verdict == .valid)
        #expect(report.problems == [])
    }

    @Test("NFC and NFD spellings of one name are two files")
    func bothForms() async throws {
        let draft = try BagDraft.valid(["data/caf\u{E9}": "composed", "data/cafe\u{301}": "decomposed"])
        for report in [try await draft.checkedAsFolder(), try await draft.checkedAsArchive()] {
            #expect(report.verdict == .valid)
            #expect(report.payloadFiles == 2)
            #expect(report.warningRules == ["V10"])
        }
    }

    @Test("an archive in any order is judged alike", arguments: 0..<20)
    func anyOrder(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var draft = try BagDraft.valid(algorithms: [.md5, .sha512])
        draft.files.shuffle(using: &random)
        #expect(try await draft.checkedAsArchive().verdict == .valid)
        draft["data/a.txt"] = Array("First\n".utf8)
        let report = try await draft.checkedAsArchive()
        #expect(report.errorRules == ["V12"])
        #expect(report.errorCount == 2)
    }

    @Test("an empty payload is a bag")
    func emptyPayload() async throws {
        let draft = try BagDraft.valid([:])
        #expect(try await draft.checkedAsFolder().verdict == .valid)
        #expect(try await draft.checkedAsArchive().verdict == .valid)
    }

    @Test("a folder 1,000 deep is no problem")
    func deepFolders() async throws {
        let deep = "data/" + String(repeating: "dir/", count: 1000) + "f"
        let draft = try BagDraft.valid(bytes: [(Array(deep.utf8), [1])])
        #expect(try await draft.checkedAsFolder().verdict == .valid)
        #expect(try await draft.checkedAsArchive().verdict == .valid)
    }

    @Test("many small and some large files are hashed with any number of jobs", arguments: [1, 2, 5])
    func manyFiles(jobs: Int) async throws {
        var payload: [([UInt8], [UInt8])] = (0..<1000).map {
            (Array("data/\($0 % 7)/f\($0)".utf8), Array("\($0)".utf8))
        }
        payload.append((Array("data/large".utf8), [UInt8](repeating: 7, count: 9 << 20)))
        var draft = try BagDraft.valid(bytes: payload)
        let seen = ProgressLog()
        let options = BagValidator.Options(jobs: jobs) { seen.add($0) }
        #expect(try await draft.checkedAsFolder(options).verdict == .valid)
        let last = try #require(seen.last)
        // The payload, bagit.txt, bag-info.txt and the manifest.
        #expect(last.files == 1004 && last.totalFiles == 1004)
        #expect(last.bytes == last.totalBytes)
        draft["data/3/f500"] = Array("501".utf8)
        let report = try await draft.checkedAsFolder(BagValidator.Options(jobs: jobs))
        #expect(report.problems.map(\.path) == [Array("data/3/f500".utf8)])
    }

    @Test("the check can be cancelled")
    func cancels() async throws {
        let folder = try TemporaryFolder()
        try BagDraft.valid().write(into: folder)
        let source = try BagFolder(folder.bytes)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await BagValidator().validate(source)
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
    }

    @Test("GNU tar's archive of a bag is valid too")
    func foreignArchive() async throws {
        let folder = try TemporaryFolder()
        let draft = try BagDraft.valid(bytes: ValidBagTests.awkward)
        for (path, content) in draft.files { try folder.write(content, to: Array("bag/".utf8) + path) }
        for format in ["gnu", "pax"] {
            let made = try run(
                "tar", "--format=\(format)", "-C", folder.path, "-czf", folder.path + "/x.tar.gz", "./bag")
            #expect(made.status == 0, "\(made.errors)")
            let source = try ArchiveBagSource(folder.bytes.appending("x.tar.gz"))
            let report = try await BagValidator().validate(source)
            #expect(report.verdict == .valid)
            #expect(report.problems == [])
        }
    }

    /// bagit.py 1.9.0, by `TDR_TEST_BAGIT` or on PATH.
    private static let bagitPython: String? = {
        if let path = ProcessInfo.processInfo.environment["TDR_TEST_BAGIT"] { return path }
        // Without `which` there is no PATH to look in.
        guard let found = try? run("which", "bagit.py"), found.status == 0 else { return nil }
        return String(decoding: found.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }()

    @Test("bagit.py finds our bag valid", .enabled(if: bagitPython != nil, "set TDR_TEST_BAGIT to a bagit.py"))
    func bagitPythonAgrees() throws {
        let folder = try TemporaryFolder()
        // It strips trailing blanks, and takes a leading '*' away: names it cannot check are left out.
        let names = ValidBagTests.awkward.filter { $0.0.last != 0x20 && !$0.0.contains(UInt8(ascii: "%")) }
        try BagDraft.valid(bytes: names, .rfc8493, [.sha256, .sha512]).write(into: folder)
        let check = try run(try unwrap(ValidBagTests.bagitPython), "--validate", folder.path)
        #expect(check.status == 0, "\(check.errors)")
    }
}

final class ProgressLog: @unchecked Sendable {
    // Sendable: only touched with the lock held.
    private let lock = NSLock()
    private var all: [BagProgress] = []

    func add(_ progress: BagProgress) { lock.withLock { all.append(progress) } }

    var last: BagProgress? { lock.withLock { all.last } }
}
