import ArgumentParser
import TDRCore

/// A command: parsing says what was typed, `run(in:)` is one call of the library and its rendering.
protocol TDRCommand: AsyncParsableCommand {
    var common: CommonOptions { get }

    /// Whether it ends in good order on SIGTERM and SIGINT without being cancelled.
    static var stopsByItself: Bool { get }
    /// Whether all that it does is to list: then it ends when nobody reads on.
    static var onlyLists: Bool { get }
    /// Whether others may have to be told of what it did.
    var changesState: Bool { get }

    /// Does it. What could not be done is thrown; what was found is an exit code.
    func run(in context: CommandContext) async throws -> Outcome
}

extension TDRCommand {
    static var stopsByItself: Bool { false }
    static var onlyLists: Bool { false }
    var changesState: Bool { false }
}

/// The exit code of a command that did what it was asked.
enum Outcome: Int32 {
    case done = 0
    case findings = 2
}

/// What every command understands.
struct CommonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store's folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.",
            valueName: "dir"))
    var store: PathArgument?

    @Flag(help: "Answer as JSON on stdout; errors as JSON on stderr.")
    var json = false

    @Flag(name: .shortAndLong, help: "Say nothing on stderr but errors.")
    var quiet = false
}
