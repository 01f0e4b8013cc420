import Archives
import Foundation
import Glibc
import Streams
import Testing

/// A folder that is gone when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/tdr-archives-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFault("make", "a temporary folder") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // a left-over folder harms nothing

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ bytes: [UInt8], to name: String) throws -> BytePath {
        let target = BytePath(file(name))
        let file = try OpenFile.open(target, flags: O_WRONLY | O_CREAT | O_TRUNC)
        try file.write(bytes)
        return target
    }
}

/// What a program said and how it ended.
struct ToolRun {
    let status: Int32
    let output: [UInt8]
    let errors: String
}

/// Runs a program found on PATH, in a UTF-8 locale.
func run(_ arguments: String...) throws -> ToolRun { try runAll(arguments) }

func runAll(_ arguments: [String]) throws -> ToolRun {
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

/// A program that the test cannot do without; a test that passes because it was not there has shown nothing.
func needs(_ name: String) throws {
    // Not being able to run `env` means having no tools at all.
    try #require((try? run("which", name).status) == 0, "\(name) is not installed: scripts/setup.sh test")
}

/// A tar of these files, in this order. A name that ends in "/" is a folder.
func tar(
    _ members: [([UInt8], [UInt8])], compression: TarWriter.Compression = .none, workers: Int = 2,
    modifiedSeconds: Int64 = 1_600_000_000
) throws -> [UInt8] {
    var out: [UInt8] = []
    try withTarWriter(compression: compression, workers: workers, into: &out) { writer in
        for (name, content) in members {
            if name.last == UInt8(ascii: "/") {
                try writer.addDirectory(Array(name.dropLast()), modifiedSeconds: modifiedSeconds)
            } else {
                try writer.beginFile(name, size: Int64(content.count), modifiedSeconds: modifiedSeconds)
                try writer.write(content)
                try writer.endFile()
            }
        }
    }
    return out
}

func withTarWriter(
    compression: TarWriter.Compression = .none, workers: Int = 2, into out: inout [UInt8],
    _ body: (inout TarWriter) throws -> Void
) throws {
    let collected = Collector()
    var writer = try TarWriter(compression: compression, workers: workers) { collected.bytes.append(contentsOf: $0) }
    try body(&writer)
    try writer.finish()
    out = collected.bytes
}

final class Collector {
    var bytes: [UInt8] = []
}

/// Every member with its content.
func members(
    of path: BytePath, limits: ArchiveLimits = ArchiveLimits()
) throws -> [(member: ArchiveMember, content: [UInt8])] {
    let reader = try ArchiveReader(try OpenFile.reading(path), limits: limits)
    var out: [(ArchiveMember, [UInt8])] = []
    while let member = try reader.next() {
        var content: [UInt8] = []
        try reader.readContent { content.append(contentsOf: $0) }
        out.append((member, content))
    }
    return out
}

extension [UInt8] {
    init(text: String) { self = Array(text.utf8) }
}
