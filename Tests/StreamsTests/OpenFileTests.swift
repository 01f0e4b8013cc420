import CShims
import Glibc
import Streams
import TDRTestSupport
import Testing

@Suite struct OpenFileTests {
    private func open(_ folder: TemporaryFolder, _ path: String) throws -> [UInt8] {
        let root = try OpenFile.directory(folder.path)
        let file = try root.opening(try #require(RelativePath(path)))
        let buffer = Buffer(count: 64)
        return Array(buffer.prefix(try file.fill(buffer.bytes)))
    }

    @Test("gives the lock of the file that has the name, though others publish theirs by renaming it meanwhile")
    func locking() async throws {
        let folder = try TemporaryFolder()
        let place = folder.appending("partial")
        let (workers, rounds) = (4, 300)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    for round in 0..<rounds {
                        let token = Array("worker \(worker) round \(round)".utf8)
                        while true {
                            guard let file = try OpenFile.locking(place, flags: O_RDWR | O_CREAT | O_CLOEXEC) else {
                                await Task.yield()
                                continue
                            }
                            try file.truncate(to: 0)
                            try file.write(token)
                            let final = folder.appending(Name("done \(worker) \(round)"))
                            try #require(place.withCString { from in final.withCString { rename(from, $0) } } == 0)
                            file.unlock()
                            break
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for worker in 0..<workers {
            for round in 0..<rounds {
                let found = try contents(of: folder.appending(Name("done \(worker) \(round)")))
                #expect(found == Array("worker \(worker) round \(round)".utf8))
            }
        }
    }

    @Test("the file whose lock is given has the name, though another publishes as fast as it can")
    func lockingInHaste() async throws {
        let folder = try TemporaryFolder()
        let (place, published) = (folder.appending("partial"), folder.appending("published"))
        let elsewhere = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var elsewhere = 0
                    for _ in 0..<20_000 {
                        guard let file = try OpenFile.locking(place, flags: O_RDWR | O_CREAT | O_CLOEXEC) else {
                            continue
                        }
                        if try (try? FileStatus.of(place))?.inode != file.status().inode { elsewhere += 1 }
                        _ = place.withCString { from in published.withCString { rename(from, $0) } }
                    }
                    return elsewhere
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(elsewhere == 0, "locks of files that another has published already")
    }

    @Test("opens a file below a folder")
    func opens() throws {
        let folder = try TemporaryFolder()
        try folder.make("a", ["b": ["c": "found"]])
        #expect(try open(folder, "a/b/c") == Array("found".utf8))
    }

    @Test(
        "follows no symbolic link, wherever on the way it lies",
        arguments: ["link", "folders/inside/c", "folders/up/secret", "folders/absolute", "loop", "loop/x"])
    func refusesLinks(_ path: String) throws {
        let folder = try TemporaryFolder()
        try folder.make("secret", "x")
        try folder.make("link", .link("secret"))
        try folder.make("loop", .link("loop"))
        try folder.make(
            "folders",
            ["real": ["c": "x"], "inside": .link("real"), "up": .link(".."), "absolute": .link("/etc/passwd")])
        let fault = #expect(throws: SystemFault.self) { try open(folder, path) }
        #expect([ELOOP, ENOTDIR].contains(fault?.code))
    }

    @Test("opens files by paths longer than the kernel takes, a thousand levels deep")
    func deep() throws {
        let folder = try TemporaryFolder()
        let path = try makeDeep(
            in: folder.path, name: "level", levels: 1000, file: "leaf", holding: Array("deep".utf8))
        #expect(path.count == 6004)
        let root = try OpenFile.directory(folder.path)
        let file = try root.opening(try #require(RelativePath(path)))
        #expect(try file.status().size == 4)
    }

    @Test("finds a link in the first part of a path longer than the kernel takes")
    func deepLink() throws {
        let folder = try TemporaryFolder()
        let path = try makeDeep(in: folder.path, name: "level", levels: 1000, file: "leaf", holding: [1])
        try folder.make("link", .link("level"))
        let root = try OpenFile.directory(folder.path)
        let around = Array("link".utf8) + path.drop { $0 != UInt8(ascii: "/") }
        let fault = #expect(throws: SystemFault.self) {
            _ = try root.opening(try #require(RelativePath(around)))
        }
        #expect(fault?.code == ELOOP)
    }

    @Test("refuses a component that no file system holds, without a crash")
    func hugeComponent() throws {
        let folder = try TemporaryFolder()
        let root = try OpenFile.directory(folder.path)
        for count in [256, 4096, 10_000] {
            let fault = #expect(throws: SystemFault.self) {
                _ = try root.opening(try #require(RelativePath([UInt8](repeating: 0x61, count: count))))
            }
            #expect(fault?.code == ENAMETOOLONG)
        }
    }

    @Test("does not wait for a writer when it opens a FIFO")
    func fifo() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("fifo", .fifo)
        let root = try OpenFile.directory(folder.path)
        #expect(try root.opening(try #require(RelativePath("fifo"))).status().kind == .fifo)
        #expect(try OpenFile.reading(path).status().kind == .fifo)
    }

    @Test(
        "tells what kind of thing a name is",
        arguments: [
            ("file", FileStatus.Kind.regular), ("folder", .directory), ("link", .symlink), ("fifo", .fifo),
            ("socket", .socket),
        ])
    func kinds(_ name: String, _ kind: FileStatus.Kind) throws {
        let folder = try TemporaryFolder()
        try folder.make(
            "all", ["file": "x", "folder": [:], "link": .link("file"), "fifo": .fifo, "socket": .socket])
        let root = try OpenFile.directory(folder.appending("all"))
        #expect(try FileStatus.of(Array(name.utf8), in: root).kind == kind)
        #expect(try FileStatus.of(folder.appending("all").appending(name)).kind == kind)
    }

    @Test("knows devices and what is not there")
    func devices() throws {
        #expect(try FileStatus.of(BytePath("/dev/null")).kind == .characterDevice)
        #expect(throws: SystemFault.self) { _ = try FileStatus.of(BytePath("/no/such")) }
        #expect(throws: SystemFault.self) { _ = try OpenFile.directory(BytePath("/dev/null")) }
    }

    @Test(
        "holds a time beyond what nanoseconds can say at the edge",
        arguments: [
            (9_223_372_036, 900_000_000, Int64.max), (9_223_372_037, 0, .max), (1, 5, 1_000_000_005),
            (-1, 999_999_999, -1), (-2_000_000_000, 0, -2_000_000_000_000_000_000),
        ] as [(Int, Int, Int64)])
    func times(_ seconds: Int, _ nanoseconds: Int, _ expected: Int64) throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("file", "x")
        let file = try OpenFile.open(path, flags: O_WRONLY)
        var times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: nanoseconds)]
        try #require(futimens(file.descriptor, &times) == 0)
        var kept = stat()
        fstat(file.descriptor, &kept)
        // A file system that cannot hold the time says nothing about ours.
        guard kept.st_mtim.tv_sec == seconds else { return }
        #expect(try file.status().modified == expected)
    }

    @Test("reads at any place, and less than asked only at the end")
    func positions() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("file", "0123456789")
        let file = try OpenFile.reading(path)
        let sources: [any ByteSource] = [FileSource(file, count: 10), MemorySource(Array("0123456789".utf8))]
        for source in sources {
            #expect(source.count == 10)
            let buffer = Buffer(count: 4)
            #expect(try source.read(into: buffer.bytes, at: 8) == 2)
            #expect(Array(buffer.prefix(2)) == Array("89".utf8))
            #expect(try source.read(into: buffer.bytes, at: 0) == 4)
            #expect(Array(buffer.prefix(4)) == Array("0123".utf8))
            #expect(try source.read(into: buffer.bytes, at: 10) == 0)
            #expect(try source.read(into: buffer.bytes, at: 11) == 0)
        }
    }

    @Test("sees that a file changed between two looks")
    func changes() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("file", "0123456789")
        let file = try OpenFile.reading(path)
        let before = try file.status()
        #expect(try file.status().showsNoChange(since: before))
        try overwrite(path, at: 3, with: [0xFF])
        let changed = try waitUntil {
            try overwrite(path, at: 3, with: [0xFE])
            return try !file.status().showsNoChange(since: before)
        }
        #expect(changed)
    }

    @Test("gives a lock to one holder at a time")
    func locks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.make("lock", "")
        let first = try OpenFile.open(path, flags: O_RDWR)
        #expect(try first.tryLock())
        let second = try OpenFile.open(path, flags: O_RDWR)
        #expect(try !second.tryLock())
        _ = consume first
        #expect(try second.tryLock())
    }
}

@Suite struct DirectoryListingTests {
    @Test("lists names in byte order, whatever they hold")
    func order() throws {
        let folder = try TemporaryFolder()
        let names: [Name] = [
            "b", "a", "B", "a.b", "a ", Name([0xFF]), "\u{E9}", "e\u{301}", "-", "\n", "ab", ".hidden",
        ]
        try folder.make("all", .folder(names.map { ($0, "") }))
        let listing = try DirectoryListing(of: OpenFile.directory(folder.appending("all")))
        #expect(
            (0..<listing.count).map { displayName(of: listing[$0]) }
                == [#"\n"#, "-", ".hidden", "B", "a", "a ", "a.b", "ab", "b", "e\u{301}", "\u{E9}", #"\xff"#])
    }

    @Test("says what each entry is, where the file system says so")
    func kinds() throws {
        let folder = try TemporaryFolder()
        try folder.make(
            "all", ["a": "", "b": [:], "c": .link("nowhere"), "d": .fifo, "e": .socket])
        let listing = try DirectoryListing(of: OpenFile.directory(folder.appending("all")))
        let wanted: [FileStatus.Kind] = [.regular, .directory, .symlink, .fifo, .socket]
        for (index, kind) in wanted.enumerated() {
            #expect(listing.kind(at: index) == kind || listing.kind(at: index) == nil)
        }
    }

    @Test("lists a folder of 100,000 entries")
    func many() throws {
        let folder = try TemporaryFolder()
        let root = try OpenFile.directory(folder.path)
        for number in 0..<100_000 { try #require(mkdirat(root.descriptor, "\(number)", 0o700) == 0) }
        let listing = try DirectoryListing(of: root)
        #expect(listing.count == 100_000)
        #expect(listing[0] == Array("0".utf8))
        #expect(listing[99_999] == Array("99999".utf8))
        #expect((1..<listing.count).allSatisfy { listing[$0 - 1].precedes(listing[$0]) })
    }

    @Test("lists an empty folder, and the same folder twice")
    func twice() throws {
        let folder = try TemporaryFolder()
        let root = try OpenFile.directory(folder.path)
        #expect(try DirectoryListing(of: root).count == 0)
        try folder.make("a", "")
        #expect(try DirectoryListing(of: root).count == 1)
        #expect(try DirectoryListing(of: root).count == 1)
    }
}
