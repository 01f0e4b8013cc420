import Archives
import BagIt
import Glibc
import Streams
import TDRCore
import Testing

/// A tar member as raw as it can be made: any name, any kind, any link.
private struct RawMember {
    var name: String
    var kind: Character = "0"
    var content: [UInt8] = []
    var link = ""

    var bytes: [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (i, byte) in text.utf8.enumerated() { header[offset + i] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.count) + text
        }
        put(name, at: 0)
        put("0000644\0", at: 100)
        put("0000000\0", at: 108)
        put("0000000\0", at: 116)
        put(octal(content.count, 11) + "\0", at: 124)
        put("00000000000\0", at: 136)
        put("        ", at: 148)
        put(String(kind), at: 156)
        put(link, at: 157)
        put("ustar\u{0}00", at: 257)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
        let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
        return header + content + padding
    }
}

/// A valid bag as an archive, with more members after it.
private func bag(with members: [RawMember]) throws -> [UInt8] {
    let valid = try BagDraft.valid().tar()
    return Array(valid.dropLast(1024)) + members.flatMap(\.bytes) + [UInt8](repeating: 0, count: 1024)
}

@Suite struct HostileBagTests {
    @Test(
        "hostile members make an archive invalid",
        arguments: [
            ("..", [RawMember(name: "bag/../../evil", content: [1])], "unsafe name"),
            ("absolute", [RawMember(name: "/etc/evil", content: [1])], "unsafe name"),
            ("dot-dot in the payload", [RawMember(name: "bag/data/../../x", content: [1])], "unsafe name"),
            ("an empty component", [RawMember(name: "bag//x", content: [1])], "unsafe name"),
            ("symlink out", [RawMember(name: "bag/data/link", kind: "2", link: "/etc")], "symbolic link to '/etc'"),
            (
                "symlink, then a file through it",
                [
                    RawMember(name: "bag/data/link", kind: "2", link: "/tmp"),
                    RawMember(name: "bag/data/link/x", content: [1]),
                ], "symbolic link to '/tmp'"
            ),
            ("hard link", [RawMember(name: "bag/data/hard", kind: "1", link: "bag/data/a.txt")], "hard link"),
            ("device", [RawMember(name: "bag/data/null", kind: "3")], "neither a file nor a folder"),
            ("FIFO", [RawMember(name: "bag/data/fifo", kind: "6")], "neither a file nor a folder"),
            ("twice", [RawMember(name: "bag/data/a.txt", content: [1])], "is in the archive twice"),
            ("twice by another name", [RawMember(name: "./bag/data/a.txt", content: [1])], "is in the archive twice"),
            ("two top folders", [RawMember(name: "other/x", content: [1])], "more than one top folder"),
            ("a file beside the bag", [RawMember(name: "loose", content: [1])], "lies at the top of the archive"),
        ] as [(String, [RawMember], String)])
    private func members(name: String, members: [RawMember], message: String) async throws {
        let report = try await check(archive: try bag(with: members))
        #expect(report.verdict == .invalid)
        #expect(report.errorRules.contains("V17"))
        #expect(report.problems.contains { $0.message.contains(message) }, "\(report.problems.map(\.message))")
    }

    @Test("a bag without a top folder says so")
    func noTopFolder() async throws {
        let folder = try TemporaryFolder()
        try BagDraft.valid().write(into: folder)
        #expect(try run("sh", "-c", "cd '\(folder.path)' && tar -cf ../x-$$.tar * && mv ../x-$$.tar x.tar").status == 0)
        let report = try await BagValidator().validate(try ArchiveBagSource(folder.bytes.appending("x.tar")))
        #expect(report.verdict == .invalid)
        #expect(report.errorRules == ["V17"])
    }

    @Test("symbolic links, FIFOs and sockets in a folder are refused and never opened")
    func oddFiles() async throws {
        let folder = try TemporaryFolder()
        try BagDraft.valid().write(into: folder)
        #expect(symlink("/etc/hosts", folder.path + "/data/link") == 0)
        #expect(symlink("nowhere", folder.path + "/dangling") == 0)
        #expect(mkfifo(folder.path + "/data/fifo", 0o644) == 0)
        let report = try await BagValidator().validate(try BagFolder(folder.bytes))
        #expect(report.verdict == .invalid)
        #expect(report.errorRules == ["V17"])
        #expect(report.errorCount == 3)
    }

    @Test(
        "a manifest that lists a symbolic link does not make us follow it", arguments: ["data/a.txt", "bag-info.txt"])
    func listedSymlink(path: String) async throws {
        let folder = try TemporaryFolder()
        let draft = try BagDraft.valid()
        try draft.write(into: folder)
        let target = folder.path + "/notes"
        try folder.write(try unwrap(draft[path]), to: Array("notes".utf8))
        #expect(unlink(folder.path + "/" + path) == 0)
        #expect(symlink(target, folder.path + "/" + path) == 0)
        #expect(try await BagValidator().validate(try BagFolder(folder.bytes)).verdict == .invalid)
    }

    @Test("a data folder that is a symbolic link is refused")
    func linkedPayload() async throws {
        let folder = try TemporaryFolder()
        try BagDraft.valid().write(into: folder)
        #expect(rename(folder.path + "/data", folder.path + "/elsewhere") == 0)
        #expect(symlink("elsewhere", folder.path + "/data") == 0)
        #expect(try await BagValidator().validate(try BagFolder(folder.bytes)).verdict == .invalid)
    }

    @Test("a bomb is stopped by the limits, and the report says so")
    func bomb() async throws {
        let draft = try BagDraft.valid(bytes: [(Array("data/zeros".utf8), [UInt8](repeating: 0, count: 16 << 20))])
        let bytes = try draft.tar(compression: .gzip(level: 9))
        #expect(bytes.count < 100_000)
        for limits in [ArchiveLimits(bytes: 1 << 20), ArchiveLimits(ratio: 50, ratioFreeBytes: 1 << 20)] {
            let report = try await check(archive: bytes, limits: limits)
            #expect(report.verdict == .unreadable)
            #expect(report.problems.count == 1)
        }
        #expect(try await check(archive: bytes).verdict == .valid)
    }

    @Test("a cut archive is unreadable, and nothing is said about what was cut off", arguments: [1, 100, 1100])
    func cut(bytes: Int) async throws {
        let whole = try BagDraft.valid().tar(compression: .gzip(level: 6))
        let report = try await check(archive: Array(whole.prefix(max(0, whole.count - bytes))))
        #expect(report.verdict == .unreadable)
        #expect(report.problems.map(\.rule) == [.serialization])
    }

    @Test("a path longer than any file system's is refused, not dropped")
    func endlessPath() async throws {
        let long = Array("data/".utf8) + Array(String(repeating: "dir/", count: 140_000).utf8) + Array("f".utf8)
        var draft = try BagDraft.valid()
        draft.files.append((long, [1]))
        let report = try await draft.checkedAsArchive()
        #expect(report.verdict != .valid)
        #expect(report.errorCount == 1)
    }

    @Test("what is no archive is unreadable")
    func noArchive() async throws {
        let report = try await check(archive: Array("this is a letter".utf8))
        #expect(report.verdict == .unreadable)
    }

    @Test("a file that may not be read is a problem, and the others are still checked", .enabled(if: geteuid() != 0))
    func unreadableFile() async throws {
        let folder = try TemporaryFolder()
        try BagDraft.valid().write(into: folder)
        #expect(chmod(folder.path + "/data/a.txt", 0) == 0)
        let report = try await BagValidator().validate(try BagFolder(folder.bytes))
        #expect(report.verdict == .unreadable)
        #expect(report.problems.map(\.path) == [Array("data/a.txt".utf8)])
    }

    @Test("a file that grows while it is read is a problem, never a digest")
    func changingFile() async throws {
        let folder = try TemporaryFolder()
        let content = [UInt8](repeating: 1, count: 64 << 20)
        let draft = try BagDraft.valid(bytes: [(Array("data/log".utf8), content)])
        try draft.write(into: folder)
        let path = folder.path + "/data/log"
        // Told in the middle of the file, which is when it grows.
        let options = BagValidator.Options(jobs: 1) { progress in
            guard progress.files < 4, progress.bytes > 0 else { return }
            let file = open(path, O_WRONLY | O_APPEND)
            write(file, "x", 1)
            close(file)
        }
        let report = try await BagValidator(options).validate(try BagFolder(folder.bytes))
        #expect(report.verdict == .unreadable)
        #expect(report.problems.contains { $0.message.contains("changed while it was read") })
        #expect(!report.problems.contains { $0.message.contains("digest mismatch") })
    }

    @Test("an archive that changes between two passes is unreadable")
    func changingArchive() async throws {
        let folder = try TemporaryFolder()
        var draft = try BagDraft.valid()
        draft.files.reverse()
        try folder.write(try draft.tar(), to: Array("x.tar".utf8))
        let source = try ArchiveBagSource(folder.bytes.appending("x.tar"))
        try folder.write(try draft.tar(), to: Array("x.tar".utf8))
        #expect(try await BagValidator().validate(source).verdict == .unreadable)
    }
}
