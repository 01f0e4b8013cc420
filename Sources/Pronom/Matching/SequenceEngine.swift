import CProbe
import Streams

/// Finds the signatures that match a file, whose bytes are pushed in pieces.
///
/// 1. *Head*: as soon as the bytes are at hand that bounded chains can reach, dispatch tables name the signatures whose
///    cheapest sequence may hold there; its first chain is verified, and the signature becomes *live*.
/// 2. *Search*: chains that may stand anywhere are looked for, all at once, in the bytes as they come, for live
///    signatures only. Nothing to search for: no more bytes are wanted.
/// 3. *Ends*: sequences anchored to the end of the file are judged on its mirror image, read from the source at the
///    end of the pass; the few signatures that only the end tells become live here, and their free chains are
///    searched through the source.
struct SequenceEngine: ~Copyable {
    /// Bytes of the head that are waited for; chains that reach further are judged through the source at the end.
    static let headLimit = 160 << 10
    /// Bytes read at a time when the source is searched, and memory kept from file to file.
    static let windowBytes = 256 << 10
    static let hitCapacity = 512
    /// Windows of this many places are searched together instead of one by one.
    static let wideWindow = 64

    let tables: Tables
    var live: LiveSequences
    var matcher: ChainMatcher
    private(set) var size = 0
    private(set) var consumed = 0
    var isHeadJudged = false
    var areEndsJudged = false
    /// Bytes of the head before it is judged; later what the search must see again.
    var carry: Scratch
    var carryStart = 0
    /// Bytes read from the source.
    var window: Scratch
    /// Head probes, made once.
    var nearProbes: ProbeSet
    var farProbes: ProbeSet
    var searchProbes: ProbeSet
    /// Sequences searched for, one for each kind of chain.
    var leaders: [(likeness: UInt32, index: Int32)] = []
    let hits: UnsafeMutablePointer<tdr_probe_hit>
    let headReach: Int
    /// One bit for each possible hash of a window key.
    let filter: UnsafeMutablePointer<UInt64>
    private static let filterWords = 1024

    init(_ tables: Tables) {
        self.tables = tables
        live = LiveSequences(tables)
        matcher = ChainMatcher(tables)
        carry = Scratch(capacity: 4096)
        window = Scratch(capacity: 4096)
        nearProbes = ProbeSet(tables)
        farProbes = ProbeSet(tables)
        searchProbes = ProbeSet(tables)
        hits = .allocate(capacity: Self.hitCapacity)
        filter = .allocate(capacity: Self.filterWords)
        filter.initialize(repeating: 0, count: Self.filterWords)
        let head = tables.dispatch[0]
        headReach = min(Int(head.reach), Self.headLimit)
        for index in head.nearProbes.range { nearProbes.add(tables.probes[index], tag: tables.probes[index].sequence) }
        for index in head.farProbes.range { farProbes.add(tables.probes[index], tag: tables.probes[index].sequence) }
        for index in head.windowKeys.range where tables.keys[index].candidates.count > 0 {
            let bit = Self.filterBit(tables.keys[index].key)
            filter[bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    deinit {
        hits.deallocate()
        filter.deallocate()
    }

    @inline(__always)
    static func filterBit(_ key: UInt32) -> Int { Int((key &* 0x9E37_79B1) >> 16) }

    /// A new file of `size` bytes.
    mutating func begin(size: Int) {
        self.size = size
        consumed = 0
        isHeadJudged = false
        areEndsJudged = false
        live.clear()
        matcher.forget()
        carry.count = 0
        carry.shrink(to: 2 * Self.windowBytes)
        window.shrink(to: 2 * Self.windowBytes)
    }

    /// The next bytes. Whether more would help.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        // Beyond the promised size nothing is looked at: `finish` sees that the sizes differ.
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(max(0, size - consumed)))
        guard !bytes.isEmpty else { return consumed < size }
        if isHeadJudged {
            let start = consumed
            consumed += bytes.count
            search(bytes, from: start)
            return needsMore
        }
        let needed = min(size, headReach)
        if carry.count == 0, bytes.count >= needed {
            consumed += bytes.count
            try judgeHead(View(bytes, start: 0))
            if consumed < size { search(bytes, from: 0) }
            return needsMore
        }
        // Small pieces are gathered first.
        let missing = max(0, needed - carry.count)
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(missing))
        carry.append(part)
        consumed += part.count
        guard carry.count >= needed else { return true }
        try judgeHead(View(carry.bytes, start: 0))
        if consumed < size {
            carryStart = 0
            search(UnsafeRawBufferPointer(rebasing: bytes[part.count...]), from: consumed)
            consumed += bytes.count - part.count
        }
        return needsMore
    }

    /// Whether bytes that follow can still change the answer.
    var needsMore: Bool { consumed < size && (!isHeadJudged || hasSearches) }

    var hasSearches: Bool {
        for index in 0..<live.sequenceCount
        where live.sequences[index].state == .searching && live.anchor(of: index) != Anchor.end.rawValue
            && live.isOpen(index)
        {
            return true
        }
        return false
    }

    /// Judges a member of a container that is in memory: all of `signatures`, without dispatch.
    ///
    /// - Parameter isWhole: whether `bytes` are all of the member; otherwise only what they show can hold.
    mutating func judge(member bytes: UnsafeRawBufferPointer, isWhole: Bool, signatures: Slice) throws {
        begin(size: isWhole ? bytes.count : bytes.count + Self.unknownRest)
        isHeadJudged = true
        guard !bytes.isEmpty else { return }
        let view = View(bytes, start: 0)
        for signature in signatures.range where !live.isActivated(UInt32(signature)) {
            judge(live.activate(UInt32(signature)), view, isMirrored: false)
        }
        if isWhole { try judgeEnds(MappedSource(bytes: bytes), isMember: true) }
        search(in: view, isMirrored: false, isLast: true)
        if isWhole { try searchThrough(MappedSource(bytes: bytes), isMirrored: true) }
    }

    /// Stands for the bytes of a member that were not unpacked.
    private static let unknownRest = 1 << 38

    /// Judges what only the end of the file tells, and whatever is left, through positional reads.
    mutating func finish(_ source: some ByteSource) throws {
        guard size > 0 else { return }
        if !isHeadJudged {
            // Pushing stopped before the head was complete.
            try window.load(min(size, headReach)) { try source.read(into: $0, at: 0) }
            guard window.count == min(size, headReach) else { return }
            consumed = 0
            let head = View(window.bytes, start: 0)
            isHeadJudged = true
            findCandidates(head)
            carry.count = 0
        }
        if !areEndsJudged { try judgeEnds(source) }
        try searchThrough(source, isMirrored: false)
        try searchThrough(source, isMirrored: true)
    }

    /// Where the chains of a live signature that holds were found, in the order of its sequences.
    func places(_ index: Int) -> [Explanation.Place] {
        let signature = live.signatures[index]
        var places: [Explanation.Place] = []
        for number in Int(signature.first)..<Int(signature.first + signature.count) {
            let sequence = tables.sequences[Int(live.sequences[number].sequence)]
            for chain in sequence.chains.range {
                let hit = live.hits[chain]
                places.append(
                    Explanation.Place(
                        isFromEnd: sequence.anchor == Anchor.end.rawValue, offset: hit.start,
                        length: hit.end - hit.start))
            }
        }
        return places
    }

    /// Whether a live signature holds.
    func holds(_ index: Int) -> Bool { live.signatures[index].holds }
}
