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

        /// The request without what this one is known to count or read in another way.
        ///
        /// node-graphql counts columns in halves of some characters; graphql-core loses a line break before a token, and
        /// breaks lines in blocks where Python does.
        func readable(_ request: GraphQLRequest) -> GraphQLRequest {
            var request = request
            let scalars = request.query.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
                switch self {
                case .node: [scalar.value > 0xFFFF ? "e" : scalar]
                case .core where scalar == "\r" || scalar == "\n": ["\n", " "]
                case .core where scalar != "\t" && scalar.value < 0x20: [" "]
                case .core where [0x85, 0x2028, 0x2029].contains(scalar.value): [" "]
                case .core: [scalar]
                }
            }
            request.query = String(String.UnicodeScalarView(scalars))
            return request
        }
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Oracle")

    /// What node-graphql answered to ``Corpus``, for where it can't be asked.
    static func recorded() throws -> [Answer] {
        try read(folder.appendingPathComponent("answers.jsonl"))
    }

    private static func read(_ file: URL) throws -> [Answer] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            Answer(try JSONValue(parsing: Array($0), nesting: 500))
        }
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

    /// The names of the types of a schema that is written in a file, sorted; without those of the specification.
    ///
    /// - Throws: when the other implementation cannot read it, or finds it wrong.
    static func types(of file: String, _ kind: Kind) throws -> [String] {
        let script =
            switch kind {
            case .core:
                """
                import graphql, sys
                schema = graphql.build_schema(open(sys.argv[1], encoding="utf-8").read())
                assert not graphql.validate_schema(schema), graphql.validate_schema(schema)
                print("\\n".join(n for n, t in schema.type_map.items() if n[:2] != "__" and t.ast_node))
                """
            case .node:
                """
                const g = require("graphql"), fs = require("fs");
                const schema = g.buildSchema(fs.readFileSync(process.argv[1], "utf8"));
                const wrong = g.validateSchema(schema);
                if (wrong.length) throw wrong[0];
                console.log(Object.values(schema.getTypeMap()).filter(t => t.astNode).map(t => t.name).join("\\n"));
                """
            }
        let process = process(kind == .core ? [python, "-c", script, file] : ["node", "-e", script, file])
        let (out, err) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (out, err)
        try process.run()
        let text = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let told = String(decoding: try err.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Unread(told: told) }
        return text.split(separator: "\n").map(String.init).sorted()
    }

    struct Unread: Error { let told: String }

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
    static func answers(_ kind: Kind, to queries: [GraphQLRequest], record: String? = nil) throws -> [Answer] {
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
            var object: JSONObject = ["query": .string(query.query)]
            if !query.variables.isEmpty { object.append("variables", .object(query.variables)) }
            if let name = query.operationName { object.append("operationName", .string(name)) }
            object.write(into: &lines)
            lines.append(UInt8(ascii: "\n"))
        }
        let schema = try write("schema.graphql", Array(try Sample.schema().sdl().utf8))
        let data = try write("data.json", Array(Sample.data.text.utf8))
        let input = try write("queries", lines)
        let output = try write("answers", [])
        let script = Oracle.folder.appendingPathComponent(kind == .core ? "oracle.py" : "oracle.js").path
        let process = process([kind == .core ? python : "node", script, schema, data])
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: input))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        try process.run()
        process.waitUntilExit()
        // After the queries were changed: `TDR_TEST_GRAPHQL_RECORD=1 swift test --filter NodeGraphQLTests/byHand`.
        if let record, kind == .node, ProcessInfo.processInfo.environment["TDR_TEST_GRAPHQL_RECORD"] != nil {
            try Data(contentsOf: URL(fileURLWithPath: output)).write(to: Oracle.folder.appendingPathComponent(record))
        }
        return try read(URL(fileURLWithPath: output))
    }
}
