import Streams
import TDRCore

/// What the doctor says, as text: the level, what it is about, what was found, and below it what mends it.
enum DoctorText {
    static func lines(_ lines: [DoctorLine], onlyAmiss: Bool) -> [String] {
        let shown = onlyAmiss ? lines.filter { $0.level != .ok } : lines
        let rows = Text.table(shown.map { [$0.level.rawValue, $0.area, printable($0.found)] })
        return zip(shown, rows).flatMap { line, row in
            line.level == .ok ? [row] : [row] + [line.mend].compactMap(\.self).map { "         mend: \(printable($0))" }
        }
    }

    /// What engines and disks say may hold anything.
    private static func printable(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { out.append(isSteering(scalar) ? " " : scalar) }
        return String(out)
    }
}

/// `tdr doctor --json`.
struct DoctorOutput: Encodable {
    struct Line: Encodable {
        let area: String
        /// `ok`, `warning`, `wrong` or `unknown`.
        let level: String
        let found: String
        let mend: String?
    }

    let allIsWell: Bool
    let lines: [Line]

    init(_ lines: [DoctorLine]) {
        allIsWell = lines.allSatisfy { $0.level == .ok }
        self.lines = lines.map { Line(area: $0.area, level: $0.level.rawValue, found: $0.found, mend: $0.mend) }
    }
}
