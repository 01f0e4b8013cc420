import Foundation

/// The clone that these tests were built from, and what was built.
enum Clone {
    struct Failure: Error { let description: String }

    /// A command of `tdr`, by what it says of itself.
    struct Command: Sendable {
        let name: String
        /// Its options, with their dashes.
        let options: Set<String>
    }

    static var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// The `tdr` that was built with these tests: it lies beside them.
    static var tdr: URL {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("tdr")
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Runs a program in the clone and gives its standard output.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = root
        let out = Pipe()
        process.standardOutput = out
        try process.run()
        let output = out.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(program) \(arguments) ended with \(process.terminationStatus)")
        }
        return output
    }

    /// The commands, but for `help`.
    static func commands() throws -> [Command] {
        struct Dump: Decodable { let command: Node }
        struct Node: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable {
                    let kind: String
                    let name: String
                }
                let names: [Name]?
            }
            let commandName: String
            let arguments: [Argument]?
            let subcommands: [Node]?

            /// Its own and those of its subcommands.
            var allArguments: [Argument] { (arguments ?? []) + (subcommands ?? []).flatMap(\.allArguments) }
        }
        let dump = try JSONDecoder().decode(Dump.self, from: run(tdr.path, ["--experimental-dump-help"]))
        return (dump.command.subcommands ?? []).filter { $0.commandName != "help" }.map { node in
            let names = node.allArguments.flatMap { $0.names ?? [] }
            return Command(
                name: node.commandName,
                options: Set(names.map { ($0.kind == "short" ? "-" : "--") + $0.name }))
        }
    }
}
