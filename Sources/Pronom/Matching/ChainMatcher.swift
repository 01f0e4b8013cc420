import Glibc

/// A stretch of a file (or of its mirror image) that is in memory. Positions are those of the file.
struct View {
    let bytes: UnsafePointer<UInt8>
    let start: Int
    let end: Int

    init(_ memory: UnsafeRawBufferPointer, start: Int) {
        guard let base = memory.baseAddress else { preconditionFailure("a view of memory without an address") }
        bytes = base.assumingMemoryBound(to: UInt8.self)
        self.start = start
        end = start + memory.count
    }

    @inline(__always)
    func at(_ position: Int) -> UnsafePointer<UInt8> { bytes + (position - start) }
}

/// Where a chain was found; `start` is negative when it was not.
struct Hit {
    let start: Int
    let end: Int

    static let none = Hit(start: -1, end: -1)
}

/// Matches chains exactly and in bounded time.
///
/// A gap of open width is one forward search for what follows it. What such a search learnt (from here to there the
/// rest of the chain does not fit; there it does) is kept per node, so that searches from neighbouring places go on where
/// the last one stopped: a chain of k nodes costs O(k × bytes) over a whole file however often its beginning is met.
struct ChainMatcher: ~Copyable {
    /// From `from` up to, not including, `to` the rest of the chain fits nowhere; at `to` it fits when `end` is not
    /// negative.
    private struct Memory {
        var generation: UInt32 = 0
        var from = 0
        var to = 0
        var end = -1
    }

    private let tables: Tables
    private let memories: UnsafeMutablePointer<Memory>
    /// Node and position pairs known not to fit, for chains whose runs of different length meet again.
    private let failures: UnsafeMutablePointer<UInt64>
    private static let failureCount = 1024
    private var failuresUsed = false
    private var generation: UInt32 = 0

    init(_ tables: Tables) {
        self.tables = tables
        let count = max(1, tables.count(.nodes))
        memories = .allocate(capacity: count)
        memories.initialize(repeating: Memory(), count: count)
        failures = .allocate(capacity: Self.failureCount)
        failures.initialize(repeating: .max, count: Self.failureCount)
    }

    deinit {
        memories.deallocate()
        failures.deallocate()
    }

    /// Forgets what was learnt: the next bytes are another file's.
    mutating func forget() {
        if generation == .max {
            memories.update(repeating: Memory(), count: max(1, tables.count(.nodes)))
            generation = 0
        }
        generation += 1
        if failuresUsed { failures.update(repeating: .max, count: Self.failureCount) }
        failuresUsed = false
    }

    /// Where `chain` ends when it starts at `position`; negative when it does not fit there.
    ///
    /// The view must hold `chain.longest` bytes from there, or reach to the end of the file.
    @inline(__always)
    mutating func end(of chain: ChainRecord, at position: Int, in view: View) -> Int {
        end(
            node: Int(chain.nodes.start), last: Int(chain.nodes.start + chain.nodes.count) - 1, at: position, in: view)
    }

    /// The first place in `from ... through` where `chain` fits.
    mutating func search(_ chain: ChainRecord, from: Int, through: Int, in view: View) -> Hit {
        let first = Int(chain.nodes.start)
        return search(
            node: first, last: first + Int(chain.nodes.count) - 1, from: max(from, view.start), through: through,
            in: view)
    }

    /// Whether the first run of `chain` fits at `position`, as far as the view shows.
    func begins(_ chain: ChainRecord, at position: Int, in view: View) -> Bool {
        let alternatives = tables.nodes[Int(chain.nodes.start)].alternatives
        for index in alternatives.range {
            let alternative = tables.alternatives[index]
            if position + Int(alternative.length) > view.end || fits(alternative, view.at(position)) { return true }
        }
        return false
    }

    private mutating func end(node: Int, last: Int, at position: Int, in view: View) -> Int {
        let alternatives = tables.nodes[node].alternatives
        for index in alternatives.range {
            let alternative = tables.alternatives[index]
            let end = position + Int(alternative.length)
            guard end <= view.end, fits(alternative, view.at(position)) else { continue }
            if node == last { return end }
            let next = tables.nodes[node + 1]
            if next.gapMinimum == next.gapMaximum {
                let at = end + Int(next.gapMinimum)
                if alternatives.count > 1 {
                    if isKnownFailure(node: node + 1, at: at) { continue }
                    let found = self.end(node: node + 1, last: last, at: at, in: view)
                    if found >= 0 { return found }
                    remember(failureOf: node + 1, at: at)
                } else {
                    return self.end(node: node + 1, last: last, at: at, in: view)
                }
            } else {
                let hit = search(
                    node: node + 1, last: last, from: end + Int(next.gapMinimum),
                    through: end + Int(next.gapMaximum), in: view)
                if hit.start >= 0 { return hit.end }
            }
        }
        return -1
    }

    private mutating func search(node: Int, last: Int, from: Int, through: Int, in view: View) -> Hit {
        var at = from
        var learntFrom = from
        var known = memories[node]
        if known.generation != generation { known = Memory(generation: generation, from: .max, to: .max, end: -1) }
        if from >= known.from, from <= known.to {
            if known.end >= 0 { return known.to <= through ? Hit(start: known.to, end: known.end) : .none }
            at = known.to
            learntFrom = known.from
            known.from = .max
        }
        let record = tables.nodes[node]
        let first = firstByte(of: record)
        while at <= through, at < view.end {
            if at == known.from {
                // Met what an earlier search from further on learnt.
                if known.end >= 0 {
                    memories[node] = Memory(generation: generation, from: learntFrom, to: known.to, end: known.end)
                    return known.to <= through ? Hit(start: known.to, end: known.end) : .none
                }
                at = known.to
                known.from = .max
                continue
            }
            if first >= 0 {
                let limit = min(through + 1, view.end, known.from > at ? known.from : .max)
                guard let found = memchr(view.at(at), first, limit - at) else {
                    at = limit
                    continue
                }
                at += UnsafeRawPointer(found) - UnsafeRawPointer(view.at(at))
            }
            let end = self.end(node: node, last: last, at: at, in: view)
            if end >= 0 {
                memories[node] = Memory(generation: generation, from: learntFrom, to: at, end: end)
                return Hit(start: at, end: end)
            }
            at += 1
        }
        memories[node] = Memory(generation: generation, from: learntFrom, to: max(at, through + 1), end: -1)
        return .none
    }

    /// The byte every match of the node starts with; negative when there are several.
    @inline(__always)
    private func firstByte(of node: NodeRecord) -> Int32 {
        guard node.alternatives.count == 1 else { return -1 }
        let alternative = tables.alternatives[Int(node.alternatives.start)]
        let step = tables.steps[Int(alternative.steps.start)]
        return step.kind == StepRecord.literal ? Int32(tables.patternBytes[Int(step.start)]) : -1
    }

    /// Whether the bytes at `pointer` are what the run asks for; as many as it is long must be there.
    @inline(__always)
    private func fits(_ alternative: AlternativeRecord, _ pointer: UnsafePointer<UInt8>) -> Bool {
        var pointer = pointer
        for index in alternative.steps.range {
            let step = tables.steps[index]
            let count = Int(step.count)
            if step.kind == StepRecord.literal {
                let pattern = tables.patternBytes + Int(step.start)
                guard pointer[0] == pattern[0] else { return false }
                if count > 1, memcmp(pointer + 1, pattern + 1, count - 1) != 0 { return false }
            } else if step.kind == StepRecord.sets {
                let numbers = tables.setNumbers + Int(step.start)
                for place in 0..<count {
                    let byte = pointer[place]
                    let bits = tables.sets + Int(numbers[place]) * 32
                    if bits[Int(byte >> 3)] >> (byte & 7) & 1 == 0 { return false }
                }
            }
            pointer += count
        }
        return true
    }

    @inline(__always)
    private func failureKey(_ node: Int, _ position: Int) -> UInt64 {
        UInt64(position) << 24 | UInt64(node & 0xFF_FFFF)
    }

    private func isKnownFailure(node: Int, at position: Int) -> Bool {
        let key = failureKey(node, position)
        return failures[Int(truncatingIfNeeded: key ^ key >> 24) & (Self.failureCount - 1)] == key
    }

    private mutating func remember(failureOf node: Int, at position: Int) {
        let key = failureKey(node, position)
        failures[Int(truncatingIfNeeded: key ^ key >> 24) & (Self.failureCount - 1)] = key
        failuresUsed = true
    }
}
