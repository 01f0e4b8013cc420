/// One link of a chain: a gap, then one of several runs of bytes.
struct ChainNode: Hashable {
    /// Bytes of any value before the run; for the first node of a chain always 0.
    var gapMinimum = 0
    var gapMaximum = 0
    var alternatives: [[Place]]

    var shortest: Int { alternatives.map(\.count).min() ?? 0 }
    var longest: Int { alternatives.map(\.count).max() ?? 0 }

    /// The same node read from its end to its start; the gap is not touched.
    var mirrored: ChainNode {
        ChainNode(
            gapMinimum: gapMinimum, gapMaximum: gapMaximum, alternatives: alternatives.map { Array($0.reversed()) })
    }
}

/// What DROID calls a SubSequence, fragments included: a piece of pattern whose extent is bounded, and where it may begin.
struct Chain: Hashable {
    /// Bytes between the reference point (start of file, indirect offset or end of the chain before) and this chain.
    var minimum = 0
    /// The largest distance of the first chain of an anchored sequence; nil: anywhere from `minimum` on.
    var maximum: Int?
    var nodes: [ChainNode]

    /// The fewest bytes that can fit.
    var shortest: Int { nodes.reduce(0) { $0 + $1.gapMinimum + $1.shortest } }
    /// The most bytes that can fit.
    var longest: Int { nodes.reduce(0) { $0 + $1.gapMaximum + $1.longest } }

    /// The chain as seen from the end of the file: nodes, runs and the gaps between them in reverse.
    var mirrored: Chain {
        var reversed: [ChainNode] = []
        for index in nodes.indices.reversed() {
            var node = nodes[index].mirrored
            // The gap before the next node towards the end now stands before this one.
            (node.gapMinimum, node.gapMaximum) =
                index + 1 < nodes.count ? (nodes[index + 1].gapMinimum, nodes[index + 1].gapMaximum) : (0, 0)
            reversed.append(node)
        }
        return Chain(minimum: minimum, maximum: maximum, nodes: reversed)
    }
}

extension Chain {
    /// Cuts an expression at its open gaps (`*`, `{n-*}`) into chains, as DROID does when it compiles a `Sequence`
    /// attribute. The gap that leads the first chain is its offset; a gap without a maximum leaves it free.
    ///
    /// - Parameter anchored: whether the expression starts at a fixed reference point (BOF); otherwise (Variable) its
    ///   first chain may stand anywhere. For EOF the caller gives mirrored terms.
    static func split(_ terms: [PatternTerm], anchored: Bool) throws(PatternFault) -> [Chain] {
        var chains: [Chain] = []
        var current = Chain(minimum: 0, maximum: anchored ? 0 : nil, nodes: [])
        var gap = (minimum: 0, maximum: 0)
        for term in terms {
            switch term {
            case .gap(let minimum, let maximum):
                if current.nodes.isEmpty {
                    current.minimum += minimum
                    current.maximum = current.maximum.flatMap { bound in maximum.map { bound + $0 } }
                } else if let maximum {
                    gap = (gap.minimum + minimum, gap.maximum + maximum)
                } else {
                    chains.append(current)
                    current = Chain(minimum: minimum + gap.minimum, maximum: nil, nodes: [])
                    gap = (0, 0)
                }
            case .run(let places):
                current.nodes.append(
                    ChainNode(gapMinimum: gap.minimum, gapMaximum: gap.maximum, alternatives: [places]))
                gap = (0, 0)
            case .alternatives(let all):
                current.nodes.append(ChainNode(gapMinimum: gap.minimum, gapMaximum: gap.maximum, alternatives: all))
                gap = (0, 0)
            }
        }
        if !current.nodes.isEmpty { chains.append(current) }
        guard !chains.isEmpty else { throw PatternFault(offset: 0, reason: "nothing to look for") }
        return chains
    }

    /// The terms in reverse, for expressions that are anchored to the end of the file.
    static func mirrored(_ terms: [PatternTerm]) -> [PatternTerm] {
        terms.reversed().map { term in
            switch term {
            case .run(let places): .run(places.reversed())
            case .alternatives(let all): .alternatives(all.map { $0.reversed() })
            case .gap: term
            }
        }
    }
}

extension Chain {
    /// Gaps up to this size are spelt out as bytes of any value.
    private static let spelling = 64

    /// The same chain with as few nodes as possible: single runs at fixed small distances become one run.
    var simplified: Chain {
        var out = Chain(minimum: minimum, maximum: maximum, nodes: [])
        for node in nodes {
            if let last = out.nodes.last, last.alternatives.count == 1, node.alternatives.count == 1,
                node.gapMinimum == node.gapMaximum, node.gapMinimum <= Self.spelling
            {
                let gap = Array(repeating: Place.any, count: node.gapMinimum)
                out.nodes[out.nodes.count - 1].alternatives = [last.alternatives[0] + gap + node.alternatives[0]]
            } else {
                out.nodes.append(node)
            }
        }
        return out
    }
}
