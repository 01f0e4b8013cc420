/// The places that a chain has at known distances from its start: everything before the first gap of open width.
///
/// Where the chain branches, each branch is a prefix of its own.
struct Prefix {
    var places: [Place]

    private static let longest = 96
    private static let mostBranches = 24

    /// All ways in which `chain` may begin.
    static func all(of chain: Chain) -> [Prefix] {
        var branches: [[Place]] = [[]]
        for node in chain.nodes {
            guard node.gapMinimum == node.gapMaximum, branches.count * node.alternatives.count <= mostBranches else {
                break
            }
            let gap = Array(repeating: Place.any, count: min(node.gapMinimum, 4096))
            guard gap.count == node.gapMinimum else { break }
            branches = branches.flatMap { branch in node.alternatives.map { branch + gap + $0 } }
            if branches.allSatisfy({ $0.count >= longest }) { break }
        }
        return branches.map { Prefix(places: $0) }
    }

    /// How much it says about a file that a place is met: bits, roughly, for the bytes that fill real files.
    private static func information(_ place: Place) -> Double {
        switch place {
        case .byte(0x00): 2
        case .byte(0x20), .byte(0xFF): 4
        case .byte(let byte) where byte >= 0x61 && byte <= 0x7A: 5
        case .byte(let byte) where byte >= 0x20 && byte < 0x7F: 6
        case .byte: 7.5
        case .set(let set): max(0, 6 - 0.9 * Double(set.count).squareRoot())
        case .any: 0
        }
    }

    /// A short run of exact bytes, spelt out where a place allows several.
    struct Key {
        var distance: Int
        var length: Int
        var values: [UInt32]
        var information: Double
    }

    /// The most telling key of at most four bytes; nil when no place allows few enough values.
    func bestKey(lengths: ClosedRange<Int>, mostValues: Int = 16) -> Key? {
        var best: (score: Double, distance: Int, length: Int)?
        for length in lengths {
            guard places.count >= length else { continue }
            for distance in 0...(places.count - length) {
                let window = places[distance..<distance + length]
                var values = 1
                for place in window { values = min(1 << 20, values * place.breadth) }
                guard values <= mostValues else { continue }
                // Nearer keys are preferred a little: they share their place with others.
                let score = window.reduce(0) { $0 + Self.information($1) } - 0.05 * Double(distance)
                if best.map({ score > $0.score + 0.01 }) ?? true { best = (score, distance, length) }
            }
        }
        guard let best else { return nil }
        var values: [UInt32] = [0]
        for (index, place) in places[best.distance..<best.distance + best.length].enumerated() {
            let options: [UInt8] =
                switch place {
                case .byte(let byte): [byte]
                case .set(let set): set.members
                case .any: Array(0...255)
                }
            values = values.flatMap { value in options.map { value | UInt32($0) << UInt32(8 * index) } }
        }
        return Key(distance: best.distance, length: best.length, values: values, information: best.score)
    }

    /// The most telling three neighbouring places; missing ones count as any.
    func bestTriple() -> (distance: Int, places: [Place]) {
        var best = (score: -1.0, distance: 0)
        for distance in places.indices {
            let window = places[distance..<min(distance + 3, places.count)]
            let score = window.reduce(0) { $0 + Self.information($1) }
            if score > best.score + 0.01 { best = (score, distance) }
        }
        var triple = Array(places[best.distance..<min(best.distance + 3, places.count)])
        while triple.count < 3 { triple.append(.any) }
        return (best.distance, triple)
    }
}
