/// From hits to an answer: containers replace plain hits, priorities remove the outranked, extensions come last.
struct Decision {
    struct Hit {
        var format: Int
        var method: MatchMethod
    }

    /// Formats whose binary signature holds, each once.
    private(set) var signatureHits: [Hit] = []
    /// Formats whose container signature holds, each once.
    private(set) var containerHits: [Hit] = []
    /// The container signatures that hold, by number.
    private(set) var containerSignatures: [Int] = []
    private(set) var containerKind: ContainerKind?
    private(set) var containerFault: String?
    var encryption: Encryption?
    /// Where signatures of members matched, for explanations.
    private(set) var memberPlaces: [MemberPlaces] = []
    /// What the last answer was made of; kept for its memory.
    private var remaining: [Hit] = []
    /// The last answer, whose list is used again when nobody else holds it any more.
    private var answer = Identification()

    mutating func clear() {
        signatureHits.removeAll(keepingCapacity: true)
        containerHits.removeAll(keepingCapacity: true)
        containerSignatures.removeAll(keepingCapacity: true)
        containerKind = nil
        containerFault = nil
        encryption = nil
        memberPlaces.removeAll(keepingCapacity: true)
    }

    mutating func add(format: Int, from method: MatchMethod) {
        if method == .container {
            guard !containerHits.contains(where: { $0.format == format }) else { return }
            containerHits.append(Hit(format: format, method: method))
        } else {
            guard !signatureHits.contains(where: { $0.format == format }) else { return }
            signatureHits.append(Hit(format: format, method: method))
        }
    }

    /// Which kind of container to open: droid-api is triggered by the PUIDs of ZIP, OLE2 and gzip themselves.
    func containerKind(_ tables: Tables) -> ContainerKind? {
        for hit in signatureHits {
            let puid = tables.bytes(tables.formats[hit.format].puid)
            if puid.elementsEqual("x-fmt/263".utf8) { return .zip }
            if puid.elementsEqual("fmt/111".utf8) { return .ole2 }
            if puid.elementsEqual("x-fmt/266".utf8), hasPaths(.gzip, tables) { return .gzip }
        }
        return nil
    }

    private func hasPaths(_ kind: ContainerKind, _ tables: Tables) -> Bool {
        (0..<tables.count(.paths)).contains { tables.paths[$0].kind == kind.rawValue }
    }

    /// Takes what was found inside a container.
    mutating func take(_ findings: ContainerFindings, _ kind: ContainerKind, _ tables: Tables) {
        containerKind = kind
        containerFault = findings.fault
        containerSignatures = findings.signatures
        encryption = findings.encryption
        memberPlaces = findings.places
        for signature in findings.signatures {
            add(format: Int(tables.containers[signature].format), from: .container)
        }
    }

    /// Hits that count before priorities: those of the container when there are any.
    var hits: [Hit] { containerHits.isEmpty ? signatureHits : containerHits }

    /// Drops every hit that another one outranks, judged over all hits at once.
    ///
    /// - Parameter isClosed: siegfried closes the relation transitively, DROID takes it as the file has it.
    static func prune(_ hits: inout [Hit], _ tables: Tables, isClosed: Bool) {
        guard hits.count > 1 else { return }
        // What is outranked moves behind what stays and still counts as an outranker: no copy is needed.
        var kept = 0
        for index in hits.indices {
            let format = hits[index].format
            if hits.contains(where: { outranks($0.format, format, tables, isClosed: isClosed) }) { continue }
            hits.swapAt(kept, index)
            kept += 1
        }
        hits.removeLast(hits.count - kept)
    }

    static func outranks(_ superior: Int, _ inferior: Int, _ tables: Tables, isClosed: Bool) -> Bool {
        let record = tables.formats[superior]
        let slice = isClosed ? record.closedInferiors : record.inferiors
        return slice.range.contains { Int(tables.inferiors[$0].value) == inferior }
    }

    /// DROID's answer: all formats that are not outranked; without any hit, those of the extension.
    mutating func identification(_ set: SignatureSet, extension name: ArraySlice<UInt8>?) -> Identification {
        let tables = set.tables
        answer.matches.removeAll(keepingCapacity: true)
        answer.encryption = encryption
        remaining.removeAll(keepingCapacity: true)
        remaining.append(contentsOf: hits)
        Self.prune(&remaining, tables, isClosed: false)
        if remaining.isEmpty {
            // DROID's candidates are the formats that have no binary signature in the file; container-only formats
            // stay among them.
            for index in Self.formats(withExtension: name, tables).range {
                let format = Int(tables.extensionFormats[index].value)
                guard tables.formats[format].flags & FormatRecord.hasBinary == 0 else { continue }
                remaining.append(Hit(format: format, method: .fileExtension))
            }
            Self.prune(&remaining, tables, isClosed: false)
        }
        if remaining.count > 1 { remaining.sort { $0.format < $1.format } }
        for hit in remaining {
            let isMismatch = hit.method != .fileExtension && !Self.carries(hit.format, name, tables)
            answer.matches.append(
                FormatMatch(set, format: hit.format, method: hit.method, isExtensionMismatch: isMismatch))
        }
        return answer
    }

    /// Formats that list an extension, without regard to case, in ``Section/extensionFormats``.
    static func formats(withExtension name: ArraySlice<UInt8>?, _ tables: Tables) -> Slice {
        guard let name, !name.isEmpty else { return Slice() }
        var low = 0
        var high = tables.count(.extensions)
        while low < high {
            let middle = (low + high) / 2
            let order = compare(tables.bytes(tables.extensions[middle].name), name)
            if order == 0 { return tables.extensions[middle].formats }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return Slice()
    }

    /// Byte order of a lower-case name against any spelling of another: negative, zero or positive.
    private static func compare(_ text: UnsafeBufferPointer<UInt8>, _ name: ArraySlice<UInt8>) -> Int {
        var at = name.startIndex
        for byte in text {
            guard at < name.endIndex else { return 1 }
            let other = lowered(name[at])
            if byte != other { return byte < other ? -1 : 1 }
            at += 1
        }
        return at == name.endIndex ? 0 : -1
    }

    /// Whether a format has no extensions, or this one among them.
    static func carries(_ format: Int, _ name: ArraySlice<UInt8>?, _ tables: Tables) -> Bool {
        let extensions = tables.formats[format].extensions
        guard extensions.count > 0 else { return true }
        guard let name, !name.isEmpty else { return false }
        return extensions.range.contains { index in
            let text = tables.bytes(tables.extensionNames[index].text)
            return text.count == name.count && zip(text, name).allSatisfy { lowered($0) == lowered($1) }
        }
    }
}

/// ASCII only: extensions of PRONOM are ASCII.
func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
