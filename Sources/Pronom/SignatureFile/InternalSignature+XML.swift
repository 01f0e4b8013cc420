extension InternalSignature {
    /// Bytes a single chain may span: far beyond every signature of PRONOM (V122: 1,000,024), small enough to hold.
    static let reachLimit = 16 << 20

    /// Reads an `InternalSignature` element; the same in binary and container files.
    init(_ element: XMLElement) throws(SignatureFault) {
        guard let id = element.number("ID") else { throw .missing("ID") }
        let elements = element.all("ByteSequence")
        guard !elements.isEmpty else { throw .missing("ByteSequence") }
        var sequences: [ByteSequence] = []
        for element in elements { sequences.append(try ByteSequence(element)) }
        self.init(id: id, sequences: sequences)
    }
}

extension ByteSequence {
    init(_ element: XMLElement) throws(SignatureFault) {
        let reference = element.attributes["Reference"]
        guard let anchor = Anchor(reference: reference) else {
            throw .unsupported("the reference '\(reference ?? "")' is unknown")
        }
        self.init(anchor: anchor, indirection: nil, chains: [])
        if anchor == .indirectStart || anchor == .indirectEnd {
            guard let location = element.number("IndirectOffsetLocation"),
                let length = element.number("IndirectOffsetLength"), location >= 0, (1...8).contains(length)
            else { throw .missing("usable IndirectOffsetLocation and IndirectOffsetLength") }
            // Endianness has no other effect: bytes are matched as they are written.
            indirection = Indirection(
                location: location, length: length,
                isLittleEndian: element.attributes["Endianness"] == "Little-endian")
        }
        if let expression = element.attributes["Sequence"], !expression.isEmpty {
            // DROID 6.5 and later: the attribute holds everything, child elements are ignored.
            chains = try Self.chains(expression, anchor)
        } else {
            let elements = element.all("SubSequence")
            guard !elements.isEmpty else { throw .missing("SubSequence") }
            // The Position attribute is ignored by DROID; document order counts.
            for element in elements { chains.append(try Chain(element)) }
            if anchor == .end { chains = chains.reversed().map(\.mirrored) }
            normalizeOffsets()
        }
        try checkReach()
        chains = chains.map(\.simplified)
    }

    /// Chains of an expression in the new form.
    static func chains(_ expression: String, _ anchor: Anchor) throws(SignatureFault) -> [Chain] {
        do throws(PatternFault) {
            let terms = try PatternParser.terms(expression)
            return try Chain.split(anchor == .end ? Chain.mirrored(terms) : terms, anchored: anchor != .variable)
        } catch { throw .pattern(error) }
    }

    /// The rules of DROID for the offsets of subsequences: an absent maximum, or one below the minimum, equals the
    /// minimum for the first chain of an anchored sequence; all other chains have no maximum at all.
    private mutating func normalizeOffsets() {
        for index in chains.indices {
            if index == 0, anchor != .variable {
                chains[0].maximum = max(chains[0].maximum ?? 0, chains[0].minimum)
            } else {
                chains[index].maximum = nil
            }
        }
    }

    func checkReach() throws(SignatureFault) {
        for chain in chains {
            guard chain.longest <= InternalSignature.reachLimit,
                max(chain.minimum, chain.maximum ?? 0) <= InternalSignature.reachLimit
            else { throw .unsupported("it reaches further than \(InternalSignature.reachLimit) bytes") }
            guard chain.shortest > 0 else { throw .missing("bytes to look for") }
        }
    }
}

extension Chain {
    /// Reads a `SubSequence` with its fragments into one chain: outermost left fragment first, outermost right last.
    init(_ element: XMLElement) throws(SignatureFault) {
        guard let text = element.first("Sequence")?.text, !text.isEmpty else { throw .missing("Sequence") }
        let core = try Self.nodes(text)
        let left = try Self.fragments(element.all("LeftFragment"))
        let right = try Self.fragments(element.all("RightFragment"))
        self.init(minimum: max(0, element.number("SubSeqMinOffset") ?? 0), maximum: nil, nodes: [])
        maximum = element.number("SubSeqMaxOffset")
        // A left fragment's gap lies between it and its neighbour towards the core, so it precedes that neighbour.
        var gap = (minimum: 0, maximum: 0)
        for group in left.reversed() {
            let nodes = group.nodes(padding: .after)
            append(nodes.chain, after: gap)
            gap = nodes.gap
        }
        append(core, after: gap)
        for group in right {
            let nodes = group.nodes(padding: .before)
            append(nodes.chain, after: nodes.gap)
        }
    }

    private mutating func append(_ more: [ChainNode], after gap: (minimum: Int, maximum: Int)) {
        for (index, node) in more.enumerated() {
            var node = node
            if index == 0, !nodes.isEmpty {
                node.gapMinimum += gap.minimum
                node.gapMaximum += gap.maximum
            }
            nodes.append(node)
        }
    }

    /// An expression that is one chain: no open gaps, none at its ends.
    fileprivate static func nodes(_ text: String) throws(SignatureFault) -> [ChainNode] {
        let chains: [Chain]
        do throws(PatternFault) {
            chains = try split(PatternParser.terms(text), anchored: true)
        } catch { throw .pattern(error) }
        guard chains.count == 1, chains[0].minimum == 0, chains[0].maximum == 0 else {
            throw .unsupported("a subsequence with an open gap inside")
        }
        return chains[0].nodes
    }

    /// Fragments by position, the one that touches the core first.
    private static func fragments(_ elements: [XMLElement]) throws(SignatureFault) -> [FragmentGroup] {
        var groups: [Int: FragmentGroup] = [:]
        for element in elements {
            let position = element.number("Position") ?? 1
            let minimum = max(0, element.number("MinOffset") ?? 0)
            let maximum = max(minimum, element.number("MaxOffset") ?? minimum)
            guard maximum <= InternalSignature.reachLimit else {
                throw .unsupported("it reaches further than \(InternalSignature.reachLimit) bytes")
            }
            groups[position, default: FragmentGroup()].fragments.append(
                .init(minimum: minimum, maximum: maximum, nodes: try nodes(element.text)))
        }
        var sorted: [FragmentGroup] = []
        for position in groups.keys.sorted() {
            guard let group = groups[position] else { continue }
            try group.check()
            sorted.append(group)
        }
        return sorted
    }
}

/// The fragments of one position: alternatives of each other.
private struct FragmentGroup {
    struct Fragment {
        var minimum: Int
        var maximum: Int
        var nodes: [ChainNode]
    }
    enum Padding { case before, after }

    /// Alternatives of different distance are spelt out, one for each distance, up to this many.
    private static let spellingLimit = 4096

    var fragments: [Fragment] = []

    private var sharesGap: Bool {
        fragments.allSatisfy { $0.minimum == fragments[0].minimum && $0.maximum == fragments[0].maximum }
    }

    /// Whether the group can be expressed: several alternatives must be plain runs.
    func check() throws(SignatureFault) {
        guard fragments.count > 1 else { return }
        guard fragments.allSatisfy({ $0.nodes.count == 1 }) else {
            throw .unsupported("alternative fragments with gaps or alternatives inside")
        }
        let spelt = fragments.reduce(0) { $0 + ($1.maximum - $1.minimum + 1) * ($1.maximum + 1) }
        guard sharesGap || spelt <= Self.spellingLimit else {
            throw .unsupported("alternative fragments at too many distances")
        }
    }

    /// The group as nodes and its gap towards the core. Where alternatives lie at different distances, each distance
    /// becomes an alternative of its own, padded with bytes of any value on the side of the core.
    func nodes(padding: Padding) -> (chain: [ChainNode], gap: (minimum: Int, maximum: Int)) {
        let gap = (minimum: fragments[0].minimum, maximum: fragments[0].maximum)
        if fragments.count == 1 { return (fragments[0].nodes, gap) }
        var runs: [[Place]] = []
        for fragment in fragments {
            let alternatives = fragment.nodes.flatMap(\.alternatives)
            if sharesGap {
                runs += alternatives
                continue
            }
            for distance in fragment.minimum...fragment.maximum {
                let pad = Array(repeating: Place.any, count: distance)
                runs += alternatives.map { padding == .before ? pad + $0 : $0 + pad }
            }
        }
        return ([ChainNode(alternatives: runs)], sharesGap ? gap : (0, 0))
    }
}
