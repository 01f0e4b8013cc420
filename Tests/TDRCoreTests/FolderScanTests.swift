import Glibc
import Streams
import TDRTestSupport
import Testing

@testable import TDRCore

@Suite struct FolderScanTests {
    /// What a scan meets, a line each.
    private func scan(_ folder: BytePath, _ links: LinkPolicy = .refuse) throws -> [String] {
        let scan = FolderScan(folder, as: try #require(RelativePath(folder.lastComponent)), links: links)
        var lines: [String] = []
        while let item = try scan.next() {
            switch item {
            case .folder(let path): lines.append("\(path.display)/")
            case .file(let path, let origin, let size, _):
                let below = path.bytes.drop { $0 != UInt8(ascii: "/") }.dropFirst()
                lines.append("\(path.display) \(size)" + (origin.bytes == Array(below) ? "" : " < \(origin.display)"))
            case .excluded(let path): lines.append("excluded \(path.display)")
            case .skipped(let path, let what): lines.append("skipped \(path.display): \(what)")
            case .refused(let path, let why): lines.append("refused \(path.display): \(why)")
            case .unreadable(let path, let folder, _): lines.append("unreadable \(path.display)\(folder ? "/" : "")")
            }
        }
        return lines
    }

    @Test("meets a folder before its content and names in byte order")
    func order() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make(
            "R", ["b": ["z": "1", "a": [:]], "a": "22", "b.txt": "", "B": "", "\u{E9}": "", "e\u{301}": "", "a ": ""])
        #expect(
            try scan(path) == [
                "R/", "R/B 0", "R/a 2", "R/a  0", "R/b/", "R/b/a/", "R/b/z 1", "R/b.txt 0", "R/e\u{301} 0",
                "R/\u{E9} 0",
            ])
    }

    @Test("leaves out the system files of the original's list, and only files")
    func excluded() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make(
            "R",
            [
                ".DS_Store": "", ".ds_store": "", "Thumbs.db": "", "THUMBS.DB": "", "desktop.ini": "",
                "Desktop.INI": "", "thumbs.dbx": "", "sub": ["thumbs.db": ["a": ""]],
            ])
        #expect(
            try scan(path) == [
                "R/", "excluded R/.DS_Store", "R/.ds_store 0", "excluded R/Desktop.INI", "excluded R/THUMBS.DB",
                "excluded R/Thumbs.db", "excluded R/desktop.ini", "R/sub/", "R/sub/thumbs.db/", "R/sub/thumbs.db/a 0",
                "R/thumbs.dbx 0",
            ])
    }

    private static let links: Tree = [
        "file": "abc", "folder": ["inner": "x"], "to-file": .link("file"), "to-folder": .link("folder"),
        "dangling": .link("nowhere"), "out": .link("/etc/passwd"), "self": .link("self"), "up": .link("."),
        "fifo": .fifo, "socket": .socket, "to-fifo": .link("fifo"), "parent": .link(".."),
    ]

    @Test("refuses links and special files by name")
    func refusing() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", FolderScanTests.links)
        #expect(
            try scan(path) == [
                "R/", "refused R/dangling: it is a symbolic link", "refused R/fifo: it is a FIFO", "R/file 3",
                "R/folder/", "R/folder/inner 1", "refused R/out: it is a symbolic link",
                "refused R/parent: it is a symbolic link", "refused R/self: it is a symbolic link",
                "refused R/socket: it is a socket", "refused R/to-fifo: it is a symbolic link",
                "refused R/to-file: it is a symbolic link", "refused R/to-folder: it is a symbolic link",
                "refused R/up: it is a symbolic link",
            ])
    }

    @Test("skips links and special files and says what each is")
    func skipping() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", FolderScanTests.links)
        #expect(
            try scan(path, .skip) == [
                "R/", "skipped R/dangling: symbolic link", "skipped R/fifo: FIFO", "R/file 3", "R/folder/",
                "R/folder/inner 1", "skipped R/out: symbolic link", "skipped R/parent: symbolic link",
                "skipped R/self: symbolic link", "skipped R/socket: socket", "skipped R/to-fifo: symbolic link",
                "skipped R/to-file: symbolic link", "skipped R/to-folder: symbolic link", "skipped R/up: symbolic link",
            ])
    }

    @Test("follows links inside the folder and refuses all others, loops among them")
    func following() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", FolderScanTests.links)
        let above = folder.path.display
        #expect(
            try scan(path, .follow) == [
                "R/", "refused R/dangling: the link leads nowhere", "refused R/fifo: it is a FIFO", "R/file 3",
                "R/folder/", "R/folder/inner 1",
                "refused R/out: the link leads out of the folder, to '/etc/passwd'",
                "refused R/parent: the link leads out of the folder, to '\(above)'",
                "refused R/self: the link leads nowhere", "refused R/socket: it is a socket",
                "refused R/to-fifo: the link leads to a special file", "R/to-file 3 < file", "R/to-folder/",
                "R/to-folder/inner 1 < folder/inner",
                // The folder itself: not below it, so outside by the rule, and a loop by nature.
                "refused R/up: the link leads out of the folder, to '\(path.display)'",
            ])
    }

    @Test("refuses links that lead round in a circle")
    func circles() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", ["a": ["to-b": .link("../b")], "b": ["to-a": .link("../a")]])
        #expect(
            try scan(path, .follow) == [
                "R/", "R/a/", "R/a/to-b/", "refused R/a/to-b/to-a: the link leads back to a folder above it", "R/b/",
                "R/b/to-a/", "refused R/b/to-a/to-b: the link leads back to a folder above it",
            ])
    }

    @Test("walks a thousand levels with few descriptors and meets what lies beside them")
    func deep() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", [:])
        _ = try makeDeep(in: path, name: "level", levels: 1000, file: "leaf", holding: [1, 2, 3])
        try folder.make("R/zz", "beside")
        let before = try names(in: BytePath("/proc/self/fd")).count
        let scan = FolderScan(path, as: try #require(RelativePath("R")), links: .refuse)
        var folders = 0
        var files: [Int] = []
        var most = 0
        while let item = try scan.next() {
            switch item {
            case .folder: folders += 1
            case .file(let path, _, _, _): files.append(path.bytes.count)
            default: Issue.record("unexpected \(item)")
            }
            if folders.isMultiple(of: 100) { most = max(most, try names(in: BytePath("/proc/self/fd")).count) }
        }
        #expect(folders == 1001)
        #expect(files == [2 + 6 * 1000 + 4, 4])
        // Other tests run beside this one; the point is that it is nowhere near one descriptor a level.
        #expect(most - before < 500)
    }

    @Test("says of a folder that cannot be listed that it cannot", .enabled(if: !isRoot))
    func unreadable() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("R", ["closed": ["a": "x"], "open": "y"])
        try setMode(path.appending("closed"), 0)
        defer { try? setMode(path.appending("closed"), 0o700) }
        #expect(try scan(path) == ["R/", "unreadable R/closed/", "R/open 1"])
    }
}
