import Glibc
import TDRTestSupport

/// Counts kills at random moments: `TDR_KILLS` of them, fewer where the whole suite is to end soon. When all came too
/// early or too late, more are made: a test in which nothing was killed in its middle has shown nothing.
struct Kills: CustomStringConvertible {
    private let wanted: Int
    private var made = 0
    /// Those that met the program at work.
    private(set) var hits = 0

    /// - Parameter usual: How many where nothing else is said.
    init(_ usual: Int) { wanted = getenv("TDR_KILLS").flatMap { Int(String(cString: $0)) } ?? usual }

    /// The number of the next one, from 0; nil after the last.
    mutating func next() -> Int? {
        guard made < wanted || hits == 0 && made < wanted + 30 else { return nil }
        defer { made += 1 }
        return made
    }

    /// Kills `program` now, and counts whether that ended it.
    mutating func kill(_ program: RunningProgram) throws {
        program.send(SIGKILL)
        if try program.wait().signal == SIGKILL { hits += 1 }
    }

    var description: String { "\(hits) of \(made) kills met it at work" }
}
