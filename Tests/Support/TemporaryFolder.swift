import Glibc
package import Streams

/// The name of a file as bytes, written as text where it is text.
package struct Name: Hashable, Sendable, ExpressibleByStringLiteral {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = Array(text.utf8) }
    package init(stringLiteral text: String) { bytes = Array(text.utf8) }
}

/// What a folder of a test holds, written as a literal: texts are files, dictionaries are folders.
package indirect enum Tree: Sendable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral {
    case file([UInt8])
    case folder([(Name, Tree)])
    case link(String)
    case fifo
    case socket

    package init(stringLiteral text: String) { self = .file(Array(text.utf8)) }
    package init(dictionaryLiteral entries: (Name, Tree)...) { self = .folder(entries) }

    /// A file of `count` bytes that repeat `pattern`.
    package static func bytes(_ count: Int, of pattern: UInt8 = 0x61) -> Tree {
        .file([UInt8](repeating: pattern, count: count))
    }
}

/// A folder that goes away with the test.
package final class TemporaryFolder: Sendable {
    /// Absolute, links resolved.
    package let path: BytePath

    package init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/tdr-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFault("make the folder", base) }
        path = BytePath(template.dropLast().map { UInt8(bitPattern: $0) })
    }

    deinit {
        // rm walks by descriptors, so that folders deeper than any path go away too.
        _ = try? Program.run("/bin/rm", ["-rf", "--", Argument(path.bytes)])
    }

    /// The path of an entry of this folder.
    package func appending(_ name: Name) -> BytePath { path.appending(name.bytes) }

    /// Makes `name` in this folder; its path.
    @discardableResult
    package func make(_ name: Name, _ tree: Tree) throws -> BytePath {
        let place = appending(name)
        try tree.make(at: place)
        return place
    }
}

extension Tree {
    /// Makes it under this path, whose folder must be there.
    package func make(at path: BytePath) throws {
        let folder = try OpenFile.directory(path.directory)
        try make(path.lastComponent, in: folder)
    }

    package func make(_ name: [UInt8], in folder: borrowing OpenFile) throws {
        let descriptor = folder.descriptor
        func must(_ code: Int32) throws { if code != 0 { throw SystemFault("make", displayName(of: name)) } }
        let path = BytePath(name)
        switch self {
        case .file(let bytes):
            let made = path.withCString { openat(descriptor, $0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
            guard made >= 0 else { throw SystemFault("make", displayName(of: name)) }
            try OpenFile(adopting: made, path: path).write(bytes)
        case .folder(let entries):
            try must(path.withCString { mkdirat(descriptor, $0, 0o755) })
            let opened = path.withCString { openat(descriptor, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard opened >= 0 else { throw SystemFault("open", displayName(of: name)) }
            let own = OpenFile(adopting: opened, path: path)
            for (name, entry) in entries { try entry.make(name.bytes, in: own) }
        case .link(let target): try must(path.withCString { symlinkat(target, descriptor, $0) })
        case .fifo: try must(path.withCString { mkfifoat(descriptor, $0, 0o644) })
        case .socket: try must(path.withCString { mknodat(descriptor, $0, S_IFSOCK | 0o644, 0) })
        }
    }
}

/// Makes folders inside one another, each called `name`, and `file` in the innermost: its path below `path`.
package func makeDeep(
    in path: BytePath, name: String, levels: Int, file: String, holding bytes: [UInt8]
) throws -> [UInt8] {
    var folder = try OpenFile.directory(path)
    var below: [UInt8] = []
    for _ in 0..<levels {
        let descriptor = folder.descriptor
        guard mkdirat(descriptor, name, 0o755) == 0 else { throw SystemFault("make the folder", name) }
        let next = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard next >= 0 else { throw SystemFault("open", name) }
        folder = OpenFile(adopting: next, path: BytePath(name))
        below += Array(name.utf8) + [UInt8(ascii: "/")]
    }
    try Tree.file(bytes).make(Array(file.utf8), in: folder)
    return below + Array(file.utf8)
}

/// All bytes of a file.
package func contents(of path: BytePath) throws -> [UInt8] {
    let file = try OpenFile.reading(path)
    var out: [UInt8] = []
    let buffer = Buffer(count: 1 << 16)
    while true {
        let count = try file.read(into: buffer.bytes)
        if count == 0 { return out }
        out += buffer.prefix(count)
    }
}

/// Writes `bytes` at `offset` of a file that is there.
package func overwrite(_ path: BytePath, at offset: Int, with bytes: [UInt8]) throws {
    let file = try OpenFile.open(path, flags: O_WRONLY | O_CLOEXEC)
    let count = pwrite(file.descriptor, bytes, bytes.count, off_t(offset))
    guard count == bytes.count else { throw SystemFault("write", path) }
}

/// Removes a file or, with `folder`, an empty folder.
package func remove(_ path: BytePath, folder: Bool = false) throws {
    guard path.withCString({ folder ? rmdir($0) : unlink($0) }) == 0 else { throw SystemFault("remove", path) }
}

/// Sets the rights of a file or folder.
package func setMode(_ path: BytePath, _ mode: UInt32) throws {
    guard path.withCString({ chmod($0, mode) }) == 0 else { throw SystemFault("set the rights of", path) }
}

/// The rights of a file or folder, as in 0o644.
package func mode(of path: BytePath) throws -> UInt32 {
    var status = stat()
    guard path.withCString({ lstat($0, &status) }) == 0 else { throw SystemFault("look at", path) }
    return status.st_mode & 0o7777
}

/// The names in a folder, sorted as bytes; empty when there is no such folder.
package func names(in path: BytePath) throws -> [String] {
    guard let folder = try? OpenFile.directory(path) else { return [] }  // that is the answer
    let listing = try DirectoryListing(of: folder)
    return (0..<listing.count).map { displayName(of: listing[$0]) }
}

/// Whether something is there, a dangling link included.
package func exists(_ path: BytePath) -> Bool {
    var status = stat()
    return path.withCString { lstat($0, &status) } == 0
}

/// Looks again and again until `condition` holds: for what another process or thread does in its own time.
///
/// - Returns: false when it has not come true within two minutes.
package func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<120_000 {
        if try condition() { return true }
        usleep(1000)
    }
    return false
}

/// Whether the tests run as root, who may read everything.
package let isRoot = getuid() == 0

/// Numbers that follow from a seed (SplitMix64): random tests that can be repeated.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
