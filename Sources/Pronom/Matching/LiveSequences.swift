/// One sequence of a signature that is still possible for the current file.
struct LiveSequence {
    enum State: UInt8 {
        /// Not judged yet: needs bytes that were not at hand.
        case waiting
        /// Its next chain may stand anywhere from `cursor` on.
        case searching
        case holds
        case failed
    }

    var sequence: UInt32
    /// Into the live signatures.
    var owner: Int32
    var state: State
    /// The chain looked for, from the first of the sequence.
    var chain: UInt32 = 0
    /// No match of that chain starts before this position (of the mirrored file for sequences from its end).
    var cursor = 0
    /// Nor after this one.
    var limit = Int.max
    /// The next sequence that looks for the same bytes in the same places; negative: none.
    var twin: Int32 = -1
}

/// One signature that is still possible for the current file.
struct LiveSignature {
    var signature: UInt32
    /// Its sequences among the live ones.
    var first: Int32
    var count: Int32
    var holding: Int32 = 0
    var isFailed = false

    var holds: Bool { !isFailed && holding == count }
}

/// The signatures that are possible for the current file, and how far each has come. Room for all is made once.
struct LiveSequences: ~Copyable {
    private let tables: Tables
    let sequences: UnsafeMutablePointer<LiveSequence>
    private(set) var sequenceCount = 0
    let signatures: UnsafeMutablePointer<LiveSignature>
    private(set) var signatureCount = 0
    /// By chain: where it was found, from the start of the file, or for EOF sequences from its end.
    let hits: UnsafeMutablePointer<Hit>
    /// By signature: the generation in which it became live.
    private let activated: UnsafeMutablePointer<UInt32>
    private let signatureTotal: Int
    private var generation: UInt32 = 0

    init(_ tables: Tables) {
        self.tables = tables
        signatureTotal = max(1, tables.count(.signatures))
        // A signature's sequences need not be its own in a forged file, so each gets room for what it claims.
        var sequenceTotal = 1
        for index in 0..<tables.count(.signatures) { sequenceTotal += Int(tables.signatures[index].sequences.count) }
        sequences = .allocate(capacity: sequenceTotal)
        signatures = .allocate(capacity: signatureTotal)
        let chainTotal = max(1, tables.count(.chains))
        hits = .allocate(capacity: chainTotal)
        hits.initialize(repeating: .none, count: chainTotal)
        activated = .allocate(capacity: signatureTotal)
        activated.initialize(repeating: 0, count: signatureTotal)
    }

    deinit {
        sequences.deallocate()
        signatures.deallocate()
        hits.deallocate()
        activated.deallocate()
    }

    mutating func clear() {
        sequenceCount = 0
        signatureCount = 0
        if generation == .max {
            activated.update(repeating: 0, count: signatureTotal)
            generation = 0
        }
        generation += 1
    }

    @inline(__always)
    func isActivated(_ signature: UInt32) -> Bool { activated[Int(signature)] == generation }

    /// Makes a signature live, all its sequences waiting. Its number among the live ones.
    mutating func activate(_ signature: UInt32) -> Int {
        activated[Int(signature)] = generation
        let slice = tables.signatures[Int(signature)].sequences
        let live = signatureCount
        (signatures + live).initialize(
            to: LiveSignature(signature: signature, first: Int32(sequenceCount), count: Int32(slice.count)))
        for sequence in slice.range {
            (sequences + sequenceCount).initialize(
                to: LiveSequence(sequence: UInt32(sequence), owner: Int32(live), state: .waiting))
            sequenceCount += 1
        }
        signatureCount += 1
        return live
    }

    /// The chain that a sequence looks for now.
    @inline(__always)
    func chain(of live: Int) -> ChainRecord {
        tables.chains[Int(tables.sequences[Int(sequences[live].sequence)].chains.start + sequences[live].chain)]
    }

    func anchor(of live: Int) -> UInt32 { tables.sequences[Int(sequences[live].sequence)].anchor }

    /// Whether the sequence still matters.
    @inline(__always)
    func isOpen(_ live: Int) -> Bool {
        sequences[live].state.rawValue < LiveSequence.State.holds.rawValue
            && !signatures[Int(sequences[live].owner)].isFailed
    }

    /// A chain was found: the sequence goes on to its next one, or holds.
    func advance(_ live: Int, _ hit: Hit) {
        let chains = tables.sequences[Int(sequences[live].sequence)].chains
        hits[Int(chains.start + sequences[live].chain)] = hit
        sequences[live].chain += 1
        if sequences[live].chain == chains.count {
            sequences[live].state = .holds
            signatures[Int(sequences[live].owner)].holding += 1
        } else {
            sequences[live].state = .searching
            sequences[live].cursor = hit.end + Int(chain(of: live).minimum)
            sequences[live].limit = .max
        }
    }

    /// A chain is not there: its signature does not match.
    func fail(_ live: Int) {
        sequences[live].state = .failed
        signatures[Int(sequences[live].owner)].isFailed = true
    }
}
