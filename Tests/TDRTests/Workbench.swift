import Streams
import TDRTestSupport
import Testing

/// A store and a folder of records, worked on with the real `tdr`.
struct Workbench: Sendable {
    static let clock: Argument = "2026-01-02T03:04:05Z"

    let folder: TemporaryFolder
    var records: BytePath { folder.appending("Records") }
    var store: BytePath { folder.appending("store") }

    init(_ records: Tree) throws {
        folder = try TemporaryFolder()
        try folder.make("Records", records)
    }

    /// What every run gets: a store, a home without anything in it, and a clock that stands still.
    func environment(_ more: [String: Argument] = [:]) -> [String: Argument] {
        [
            "TDR_STORE": Argument(store), "HOME": Argument(folder.path), "TDR_CLOCK": Workbench.clock,
            "TDR_CONTACT_NAME": "Test Er", "TDR_CONTACT_EMAIL": "tester@example.org",
        ].merging(more) { $1 }
    }

    @discardableResult
    func tdr(
        _ arguments: Argument..., environment more: [String: Argument] = [:], stdout: Sink = .collected
    ) throws -> Finished {
        try Program.run(Program.tdr, arguments, environment: environment(more), directory: folder.path, stdout: stdout)
    }

    func start(_ arguments: Argument..., environment more: [String: Argument] = [:]) throws -> RunningProgram {
        try Program.start(Program.tdr, arguments, environment: environment(more), directory: folder.path)
    }

    /// A shell command line, with `$TDR` for the program.
    func shell(_ line: String, _ more: [String: Argument] = [:]) throws -> Finished {
        try Program.run(
            BytePath("/bin/sh"), ["-c", Argument(line)],
            environment: environment(more).merging(["TDR": Argument(Program.tdr)]) { $1 }, directory: folder.path)
    }

    /// Uploads the records and gives the reference.
    @discardableResult
    func upload(_ more: Argument...) throws -> String {
        let finished = try Program.run(
            Program.tdr, ["upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body"] + more,
            environment: environment(), directory: folder.path)
        try #require(finished.code == 0, "\(finished.errors)")
        return finished.line
    }

    /// The words of an upload, to which more can be added.
    static let uploading: [Argument] = ["upload", "Records", "--series", "MOCK1 123", "--body", "Mock Body"]
}

/// Words as one line: for messages that are broken differently.
extension Finished {
    var json: JSONValue { get throws { try JSONValue(parsing: stdout) } }
}
