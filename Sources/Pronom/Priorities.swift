/// Which formats outrank which, by position in the format list.
///
/// DROID applies the relations of the file as they stand; siegfried first closes them (a over b, b over c: a over c).
struct PriorityTable {
    private(set) var direct: [[Int]]
    private(set) var closed: [[Int]]

    init(_ formats: [FileFormat]) {
        var positions: [Int: [Int]] = [:]
        for (index, format) in formats.enumerated() where format.id > 0 {
            positions[format.id, default: []].append(index)
        }
        let relations = formats.enumerated().map { index, format in
            Set(format.inferiors.flatMap { positions[$0] ?? [] }).subtracting([index]).sorted()
        }
        direct = relations
        closed = relations.indices.map { start in
            var seen: Set<Int> = []
            var waiting = relations[start]
            while let next = waiting.popLast() {
                guard next != start, seen.insert(next).inserted else { continue }
                waiting += relations[next]
            }
            return seen.sorted()
        }
    }
}
