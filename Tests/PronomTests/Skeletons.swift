import Foundation
import Pronom
import Streams

/// The PRONOM skeleton suite and the signature files it fits, when they lie beside the package.
struct Skeletons: Sendable {
    struct Row: Sendable {
        let path: String
        let expected: String
        let siegfried: String
        let all: [String]
        let note: String
    }

    let set: SignatureSet
    let rows: [Row]
    private let files: [String: [UInt8]]

    static let shared: URL? = {
        // Tests/PronomTests/Skeletons.swift: three steps up is the package.
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return ["..", "../.."].map { package.appending(path: $0).appending(path: "shared").standardizedFileURL }
            .first { FileManager.default.fileExists(atPath: $0.appending(path: "pronom").path) }
    }()

    /// Unpacked and compiled once per test run.
    static let suite: Result<Skeletons, any Error> = Result { try Skeletons() }

    private init() throws {
        guard let shared = Self.shared else { throw CocoaError(.fileNoSuchFile) }
        func document(_ name: String) throws -> SignatureDocument {
            SignatureDocument(name: name, bytes: Array(try Data(contentsOf: shared.appending(path: "pronom/\(name)"))))
        }
        set = try SignatureSet(
            binary: document("DROID_SignatureFile_V122.xml"), container: document("container-signature-20260119.xml"))
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "tdr-skeletons-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // Left-overs of a test in the temporary folder do no harm.
            try? FileManager.default.removeItem(at: folder)
        }
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/bin/tar")
        tar.arguments = ["xzf", shared.appending(path: "corpora/skeleton/skeleton.tar.gz").path, "-C", folder.path]
        try tar.run()
        tar.waitUntilExit()
        let table = try String(contentsOf: shared.appending(path: "corpora/skeleton/expected.csv"), encoding: .utf8)
        rows = table.split(whereSeparator: \.isNewline).dropFirst().map { line in
            let fields = Self.fields(line)
            return Row(
                path: fields[0], expected: fields[1], siegfried: fields[3],
                all: fields[8] == "Signature" || fields[8] == "Container"
                    ? fields[7].split(separator: "|").map(String.init) : [],
                note: fields[9])
        }
        var files: [String: [UInt8]] = [:]
        for row in rows {
            files[row.path] = Array(try Data(contentsOf: folder.appending(path: "skeleton").appending(path: row.path)))
        }
        self.files = files
    }

    /// The bytes of one file of the suite.
    func bytes(_ row: Row) throws -> [UInt8] {
        guard let bytes = files[row.path] else { throw CocoaError(.fileNoSuchFile) }
        return bytes
    }

    /// One line of CSV with quotes.
    private static func fields(_ line: Substring) -> [String] {
        var out: [String] = []
        var field = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted:
                out.append(field)
                field = ""
            default: field.append(character)
            }
        }
        return out + [field]
    }
}
