/// Counts every problem and keeps the first of each severity, so that a ruined bag does not fill the memory.
struct ProblemList {
    private let limit: Int
    private(set) var errors: [BagProblem] = []
    private(set) var warnings: [BagProblem] = []
    private(set) var errorCount = 0
    private(set) var warningCount = 0
    private(set) var verdict = BagVerdict.valid

    init(limit: Int) { self.limit = limit }

    mutating func add(_ problem: @autoclosure () -> BagProblem, _ consequence: BagVerdict) {
        verdict = max(verdict, consequence)
        if consequence == .valid {
            warningCount += 1
            if warnings.count < limit { warnings.append(problem()) }
        } else {
            errorCount += 1
            if errors.count < limit { errors.append(problem()) }
        }
    }

    /// Errors before warnings, each by path, then by place.
    var sorted: [BagProblem] { errors.sorted(by: precedes) + warnings.sorted(by: precedes) }
}

private func precedes(_ a: BagProblem, _ b: BagProblem) -> Bool {
    let (p, q) = (a.path ?? [], b.path ?? [])
    if p != q { return p.lexicographicallyPrecedes(q) }
    return (a.file ?? "", a.line ?? 0, a.message) < (b.file ?? "", b.line ?? 0, b.message)
}
