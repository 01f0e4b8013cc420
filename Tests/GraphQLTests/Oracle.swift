import Foundation
import GraphQL

/// Another implementation of GraphQL, asked line by line. It serves the schema and data of ``Sample``.
final class Oracle {
    /// What it makes of a query.
    struct Answer {
        typealias Fault = (message: String, locations: [[Int]], path: JSONValue)

        let syntax: Fault?
        let rules: [String: [Fault]]
        let data: JSONValue?
        let errors: [Fault]
        let printed: String?

        init(_ json: JSONValue) {
            func fault(_ json: JSONValue) -> Fault {
                let parts = json.list ?? []
                let places = (parts[1].list ?? []).map { ($0.list ?? []).compactMap(\.int) }
                return (parts[0].string ?? "", places, parts[2])
            }
            syntax = json["syntax"].map(fault)
            rules = Dictionary(
                (json["rules"]?.object?.members ?? []).map { ($0.name, ($0.value.list ?? []).map(fault)) }
            ) { $1 }
            data = json["data"]
            errors = (json["errors"]?.list ?? []).map(fault)
            printed = json["printed"]?.string
        }
    }

    enum Kind: String, CaseIterable {
        case core = "graphql-core"
        case node = "node-graphql"
    }

    /// Why there is none here; nil when there is one.
    static func absence(_ kind: Kind) -> String? {
        let arguments =
            kind == .core
            ? [python, "-c", "import graphql; assert graphql.version.startswith('3.2')"]
            : ["node", "-e", "if (!require('graphql').version.startsWith('16')) process.exit(1)"]
        let process = self.process(arguments)
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus == 0 ? nil : "\(kind.rawValue) is not installed: run scripts/setup.sh test"
        } catch { return "\(kind.rawValue) can't be asked: \(error)" }
    }

    private static var python: String { ProcessInfo.processInfo.environment["TDR_TEST_PYTHON"] ?? "python3" }

    private static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        // Where Debian keeps packages for node.
        environment["NODE_PATH"] = "/usr/share/nodejs"
        process.environment = environment
        return process
    }

    /// The answers to all queries, in their order.
    static func answers(_ kind: Kind, to queries: [GraphQLRequest], execute: Bool = true) throws -> [Answer] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("graphql-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.appendingPathComponent(name)
            try Data(bytes).write(to: path)
            return path.path
        }
        var lines: [UInt8] = []
        for query in queries {
            var object: JSONObject = ["query": .string(query.query), "execute": .bool(execute)]
            if !query.variables.isEmpty { object.append("variables", .object(query.variables)) }
            if let name = query.operationName { object.append("operationName", .string(name)) }
            object.write(into: &lines)
            lines.append(UInt8(ascii: "\n"))
        }
        let schema = try write("schema.graphql", Array(try Sample.schema().sdl().utf8))
        let data = try write("data.json", Array(Sample.data.text.utf8))
        let input = try write("queries", lines)
        let output = try write("answers", [])
        let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle")
        let script = scripts.appendingPathComponent(kind == .core ? "oracle.py" : "oracle.js").path
        let process = process([kind == .core ? python : "node", script, schema, data])
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try process.run()
        process.waitUntilExit()
        let answers = try Data(contentsOf: URL(fileURLWithPath: output)).split(separator: UInt8(ascii: "\n"))
        return try answers.map { Answer(try JSONValue(parsing: Array($0), nesting: 500)) }
    }
}
