/// Finds names that somebody who wrote a wrong one may have meant.
enum Suggestions {
    /// `Did you mean "a", "b", or "c"?` with a space before it; empty when there is nothing to suggest.
    static func didYouMean(_ what: String = "", _ names: [String]) -> String {
        let quoted = names.prefix(5).map { "\"\($0)\"" }
        let subject = what.isEmpty ? "" : what + " "
        switch quoted.count {
        case 0: return ""
        case 1: return " Did you mean \(subject)\(quoted[0])?"
        case 2: return " Did you mean \(subject)\(quoted[0]) or \(quoted[1])?"
        default:
            return " Did you mean \(subject)" + quoted.dropLast().joined(separator: ", ")
                + ", or \(quoted[quoted.count - 1])?"
        }
    }

    /// The names near to the one that was written, the nearest first.
    static func near(_ input: String, among options: some Sequence<String>) -> [String] {
        let written = Array(input.utf16)
        // Nobody means a short name by a text as long as this, and measuring would take long.
        if written.count > 256 { return [] }
        let threshold = Int(Double(written.count) * 0.4) + 1
        var found: [(distance: Int, name: String)] = []
        for option in options {
            if let distance = distance(input, written, option, threshold) { found.append((distance, option)) }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.map(\.name)
    }

    /// How many letters to put in, leave out, exchange or swap; nil when more than the threshold.
    private static func distance(_ input: String, _ written: [UInt16], _ option: String, _ threshold: Int) -> Int? {
        if input == option { return 0 }
        let lower = Array(input.lowercased().utf16)
        let other = Array(option.lowercased().utf16)
        if lower == other { return 1 }
        let (long, short) = lower.count >= other.count ? (lower, other) : (other, lower)
        if long.count - short.count > threshold { return nil }
        var rows = [Array(0...short.count), [Int](repeating: 0, count: short.count + 1), []]
        rows[2] = rows[1]
        for i in stride(from: 1, through: long.count, by: 1) {
            let up = (i - 1) % 3
            let row = i % 3
            rows[row][0] = i
            var smallest = i
            for j in stride(from: 1, through: short.count, by: 1) {
                let cost = long[i - 1] == short[j - 1] ? 0 : 1
                var cell = min(rows[up][j] + 1, rows[row][j - 1] + 1, rows[up][j - 1] + cost)
                if i > 1, j > 1, long[i - 1] == short[j - 2], long[i - 2] == short[j - 1] {
                    cell = min(cell, rows[(i - 2) % 3][j - 2] + 1)
                }
                smallest = min(smallest, cell)
                rows[row][j] = cell
            }
            if smallest > threshold { return nil }
        }
        let distance = rows[long.count % 3][short.count]
        return distance <= threshold ? distance : nil
    }
}
