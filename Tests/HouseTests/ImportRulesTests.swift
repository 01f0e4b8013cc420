import Foundation
import Testing

/// The walls of the house: which room may know which.
@Suite struct ImportRulesTests {
    /// What each room may import. Rooms know no sibling; nobody but Store knows SQLite.
    private static let allowed: [String: Set<String>] = [
        "Streams": ["CShims", "Crypto", "FoundationEssentials", "Glibc", "Synchronization"],
        "Archives": ["CArchive", "CDeflate", "CShims", "CZlib", "CZstd", "Glibc", "Streams"],
        // Profiles are JSON.
        "BagIt": ["FoundationEssentials", "Glibc", "Streams", "Synchronization"],
        "GraphQL": ["Streams", "Synchronization"],
        "Delimited": ["Streams"],
        "Pronom": ["CExpat", "CProbe", "CSignatures", "CZlib", "Glibc", "Streams"],
        "S3": [
            "AsyncHTTPClient", "Crypto", "FoundationEssentials", "Glibc", "NIOCore", "NIOHTTP1", "Streams",
        ],
        "TDRClient": [
            "AsyncHTTPClient", "FoundationEssentials", "Glibc", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "Streams",
            "Synchronization", "TDRCore",
        ],
        "TDRServer": [
            "AsyncHTTPClient", "CPages", "Crypto", "CryptoExtras", "FoundationEssentials", "Glibc", "GraphQL",
            "HTTPTypes", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "Logging", "Mustache", "NIOCore",
            "NIOHTTP1", "NIOHTTPTypes", "NIOPosix", "NIOSSL", "ServiceLifecycle", "Streams", "TDRCore", "UnixSignals",
        ],
        "Couriers": [
            "AsyncHTTPClient", "Crypto", "FoundationEssentials", "Glibc", "NIOCore", "NIOHTTP1", "Streams",
        ],
        "TDRCore": [
            "Archives", "BagIt", "CMagic", "CShims", "CSignatures", "CYara", "Couriers", "CryptoExtras", "Delimited",
            "FoundationEssentials", "Glibc", "Pronom", "S3", "Streams",
        ],
        "tdr": [
            "ArgumentParser", "CShims", "Dispatch", "FoundationEssentials", "Glibc", "Streams", "Synchronization",
            "TDRClient", "TDRCore", "TDRServer",
        ],
        "pronom-compile": ["FoundationEssentials", "Glibc", "Pronom", "Streams"],
    ]

    /// The one folder that knows SQLite.
    private static let store = "Sources/TDRCore/Store/"

    /// Files outside it that hold queries of their own beside the types that they return. Only ever fewer.
    private static let withQueries: Set<String> = [
        "Sources/TDRCore/Checks/CheckFeed.swift", "Sources/TDRCore/Checks/CheckRecorder.swift",
        "Sources/TDRCore/Intake/UploadRecorder.swift", "Sources/TDRCore/Intake/UploadSource.swift",
    ]

    private static func swiftFiles(below folder: String) throws -> [String] {
        let root = Clone.root.path
        let all = FileManager.default.enumerator(atPath: root + "/" + folder)
        let names = (all?.allObjects ?? []).compactMap { $0 as? String }
        return names.filter { $0.hasSuffix(".swift") }.map { folder + "/" + $0 }.sorted()
    }

    /// The module of an import line; nil for any other.
    private static func module(of line: Substring) -> String? {
        var words = line.split(separator: " ").map(String.init)
        while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal"].contains(first) {
            words.removeFirst()
        }
        guard words.first == "import", words.count > 1 else { return nil }
        let kinds: Set<String> = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
        return String(name.prefix { $0 != "." })
    }

    @Test("every room imports only what its place in the house allows")
    func imports() throws {
        var broken: [String] = []
        var count = 0
        for path in try ImportRulesTests.swiftFiles(below: "Sources") {
            let room = path.split(separator: "/")[1]
            guard let allowed = ImportRulesTests.allowed[String(room)] else {
                broken.append("\(path): the room \(room) has no rule")
                continue
            }
            for (number, line) in try Clone.text(path).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                guard let module = ImportRulesTests.module(of: line) else { continue }
                count += 1
                let isSQLite =
                    ["CSQLite", "GRDB", "GRDBSQLite"].contains(module)
                    && (path.hasPrefix(ImportRulesTests.store) || ImportRulesTests.withQueries.contains(path))
                if !allowed.contains(module), !isSQLite {
                    broken.append("\(path):\(number + 1): \(room) may not import \(module)")
                }
            }
        }
        #expect(broken == [])
        #expect(count > 100)
    }

    @Test("every file that may hold queries outside the store still does")
    func exceptionsAreNeeded() throws {
        for path in ImportRulesTests.withQueries {
            let modules = try Clone.text(path).split(separator: "\n").compactMap { ImportRulesTests.module(of: $0) }
            #expect(modules.contains("GRDB"), "\(path) needs no exception any more")
        }
    }

    @Test("the environment is read by the command line alone")
    func environment() throws {
        for path in try ImportRulesTests.swiftFiles(below: "Sources") where !path.hasPrefix("Sources/tdr/") {
            let text = try Clone.text(path)
            for word in ["getenv(", "ProcessInfo.processInfo.environment", "CommandLine.arguments"]
            where !path.hasPrefix("Sources/pronom-compile/") {
                #expect(!text.contains(word), "\(path) uses \(word)")
            }
        }
    }

    @Test("locks are of the kind that ThreadSanitizer sees")
    func locks() throws {
        for room in ["Sources", "Tests"] {
            for path in try ImportRulesTests.swiftFiles(below: room) where !path.hasSuffix("/ImportRulesTests.swift") {
                let text = try Clone.text(path)
                for word in ["Mutex(", "Mutex<"] {
                    #expect(!text.contains(word), "\(path) uses \(word): Guarded of Streams is what tests can check")
                }
            }
        }
    }

    @Test("every test expects something")
    func expectations() throws {
        var idle: [String] = []
        for path in try ImportRulesTests.swiftFiles(below: "Tests") {
            // The first piece is what stands before the first test.
            for piece in try Clone.text(path).components(separatedBy: "\n    @Test(").dropFirst() {
                // To come to the end at all is what some tests of broken input expect.
                let expects = ["#expect", "#require", "Issue.record", "expect(", "check(", "never crash"].contains {
                    piece.contains($0)
                }
                if !expects { idle.append("\(path): \(piece.prefix(80))") }
            }
        }
        #expect(idle == [])
    }
}
