import Archives
import BagIt
import Foundation
import Glibc
import Streams
import TDRCore

/// A folder that is gone when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/tdr-bagit-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFault("make", "a temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // rm takes paths of any length and depth; a left-over folder harms nothing.
    deinit { _ = try? run("rm", "-rf", path) }

    var bytes: BytePath { BytePath(path) }

    /// Writes a file below the folder, with the folders it needs. Paths of any length.
    func write(_ content: [UInt8], to relative: [UInt8]) throws {
        var directory = try OpenFile.directory(bytes)
        let parts = relative.split(separator: UInt8(ascii: "/")).map(Array.init)
        for part in parts.dropLast() {
            let descriptor = directory.descriptor
            _ = BytePath(part).withCString { mkdirat(descriptor, $0, 0o755) }
            directory = try directory.opening(try unwrap(RelativePath(part)), flags: O_RDONLY | O_DIRECTORY)
        }
        guard let name = parts.last.flatMap({ RelativePath($0) }) else { return }
        let file = try directory.opening(name, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.write(content)
    }
}

struct Missing: Error {}

func unwrap<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
}

struct ToolRun {
    let status: Int32
    let output: [UInt8]
    let errors: String
}

/// Runs a program found on PATH, in a UTF-8 locale.
func run(_ arguments: String...) throws -> ToolRun {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
    let out = Pipe()
    let err = Pipe()
    process.standardOutput = out
    process.standardError = err
    try process.run()
    let output = out.fileHandleForReading.readDataToEndOfFile()
    let errors = err.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return ToolRun(
        status: process.terminationStatus, output: Array(output), errors: String(decoding: errors, as: UTF8.self))
}

/// A bag in the making: paths and contents in the order they are written.
struct BagDraft {
    var files: [(path: [UInt8], content: [UInt8])]

    init(_ files: KeyValuePairs<String, String>) {
        self.files = files.map { (Array($0.key.utf8), Array($0.value.utf8)) }
    }

    /// A whole and valid bag around this payload, written with the functions under test.
    static func valid(
        _ payload: KeyValuePairs<String, String> = ["data/a.txt": "first\n", "data/sub/b.txt": "second\n"],
        version: BagVersion = .rfc8493, algorithms: [DigestAlgorithm] = [.sha256]
    ) throws -> BagDraft {
        try valid(bytes: payload.map { (Array($0.key.utf8), Array($0.value.utf8)) }, version, algorithms)
    }

    static func valid(
        bytes payload: [([UInt8], [UInt8])], _ version: BagVersion = .rfc8493,
        _ algorithms: [DigestAlgorithm] = [.sha256]
    ) throws -> BagDraft {
        var draft = BagDraft([:])
        draft["bagit.txt"] = BagDeclaration(version: version).bytes
        var info = BagInfo()
        try info.append("Source-Organization", "Test Archive")
        let size = payload.reduce(0) { $0 + Int64($1.1.count) }
        try info.append(PayloadOxum.label, PayloadOxum(bytes: size, files: Int64(payload.count)).description)
        draft["bag-info.txt"] = info.bytes
        for algorithm in algorithms {
            draft[BagName.payloadManifest(algorithm.rawValue)] = try manifest(algorithm, of: payload)
        }
        let tags = draft.files.map { ($0.path, $0.content) }
        for algorithm in algorithms {
            draft[BagName.tagManifest(algorithm.rawValue)] = try manifest(algorithm, of: tags)
        }
        draft.files += payload.map { ($0.0, $0.1) }
        return draft
    }

    static func manifest(_ algorithm: DigestAlgorithm, of files: [([UInt8], [UInt8])]) throws -> [UInt8] {
        var lines: [UInt8] = []
        for (path, content) in files {
            try ManifestLine.append(
                digest: digest(content, algorithm), path: try unwrap(RelativePath(path)), to: &lines)
        }
        return lines
    }

    subscript(_ path: String) -> [UInt8]? {
        get { files.first { $0.path.elementsEqual(path.utf8) }?.content }
        set {
            let index = files.firstIndex { $0.path.elementsEqual(path.utf8) }
            switch (index, newValue) {
            case (let index?, let content?): files[index].content = content
            case (let index?, nil): files.remove(at: index)
            case (nil, let content?): files.append((Array(path.utf8), content))
            case (nil, nil): break
            }
        }
    }

    /// Changes a text file, and the tag manifests that list it.
    mutating func edit(_ path: String, _ change: (String) -> String) throws {
        self[path] = Array(change(String(decoding: try unwrap(self[path]), as: UTF8.self)).utf8)
        try sealTags()
    }

    /// Makes the tag manifests right again.
    mutating func sealTags() throws {
        for algorithm in DigestAlgorithm.allCases {
            let name = BagName.tagManifest(algorithm.rawValue)
            guard self[name] != nil else { continue }
            let tags = files.filter { !$0.path.starts(with: "data/".utf8) && !$0.path.starts(with: "tagmanifest".utf8) }
            self[name] = try BagDraft.manifest(algorithm, of: tags.map { ($0.path, $0.content) })
        }
    }

    func write(into folder: TemporaryFolder) throws {
        _ = mkdir(folder.path + "/data", 0o755)
        for (path, content) in files { try folder.write(content, to: path) }
    }

    func tar(compression: TarWriter.Compression = .none, top: String = "bag") throws -> [UInt8] {
        let collected = Collector()
        var writer = try TarWriter(compression: compression) { collected.bytes.append(contentsOf: $0) }
        try writer.addDirectory(Array(top.utf8), modifiedSeconds: 0)
        try writer.addDirectory(Array("\(top)/data".utf8), modifiedSeconds: 0)
        for (path, content) in files {
            try writer.beginFile(Array("\(top)/".utf8) + path, size: Int64(content.count), modifiedSeconds: 0)
            try writer.write(content)
            try writer.endFile()
        }
        try writer.finish()
        return collected.bytes
    }

    /// The report on this draft as a folder.
    func checkedAsFolder(_ options: BagValidator.Options = .init()) async throws -> BagReport {
        let folder = try TemporaryFolder()
        try write(into: folder)
        return try await BagValidator(options).validate(try BagFolder(folder.bytes))
    }

    /// The report on this draft as an archive.
    func checkedAsArchive(compression: TarWriter.Compression = .none) async throws -> BagReport {
        try await check(archive: try tar(compression: compression))
    }
}

func check(
    archive bytes: [UInt8], limits: ArchiveLimits = ArchiveLimits(), _ options: BagValidator.Options = .init()
) async throws -> BagReport {
    let folder = try TemporaryFolder()
    try folder.write(bytes, to: Array("bag.tar".utf8))
    return try await BagValidator(options).validate(
        try ArchiveBagSource(folder.bytes.appending("bag.tar"), limits: limits))
}

final class Collector {
    var bytes: [UInt8] = []
}

func digest(_ content: [UInt8], _ algorithm: DigestAlgorithm) -> [UInt8] {
    var set = DigestSet([algorithm])
    set.update(content)
    return set.finish()[algorithm] ?? []
}

extension BagReport {
    /// Rule numbers of the errors, each once, in order.
    var errorRules: [String] { rules(.error) }
    var warningRules: [String] { rules(.warning) }

    private func rules(_ severity: BagProblem.Severity) -> [String] {
        Set(problems.filter { $0.severity == severity }.map(\.rule.rawValue)).sorted()
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
