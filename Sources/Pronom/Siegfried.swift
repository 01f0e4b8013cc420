import Streams

/// An answer as siegfried gives it: exactly one line per file.
package struct SiegfriedAnswer: Sendable {
    /// The PUID, or `UNKNOWN`.
    package let identifier: String
    /// The format, where there is one.
    package let match: FormatMatch?
    /// What it rests on: `byte match`, `container match`, `extension match`, `text match ASCII`; empty for UNKNOWN.
    package let basis: String
    /// siegfried's warning; empty when there is none.
    package let warning: String
}

/// siegfried's rules where they differ from DROID's: priorities closed transitively, one answer, a guess at text.
///
/// Known difference: siegfried stops reading when nothing that outranks its hit can follow, and reports what it has;
/// here every signature is judged, so that of two unrelated formats the later one may be named instead.
struct SiegfriedRules {
    private let set: SignatureSet
    private let tables: Tables
    private let explanation: Explanation

    init(_ set: SignatureSet, _ explanation: Explanation) {
        self.set = set
        self.explanation = explanation
        tables = set.tables
    }

    func answer(_ decision: Decision, _ source: some ByteSource, _ name: [UInt8]) throws -> SiegfriedAnswer {
        let ending = ExtensionRule.siegfried.fileExtension(of: name)
        var remaining = decision.hits
        Decision.prune(&remaining, tables, isClosed: true)
        // Among equals a matching extension adds to the score; then the earlier format stays.
        let best = remaining.sorted { $0.format < $1.format }.max { first, second in
            score(first, ending) < score(second, ending)
        }
        if let best {
            let carries = Decision.carries(best.format, ending, tables)
            let basis = best.method == .container ? containerBasis(best.format) : byteBasis(best.format, source.count)
            let agrees = carries && tables.formats[best.format].extensions.count > 0
            return SiegfriedAnswer(
                identifier: puid(best.format),
                match: FormatMatch(set, format: best.format, method: best.method, isExtensionMismatch: !carries),
                basis: agrees ? "extension match \(String(decoding: ending ?? [], as: UTF8.self)); \(basis)" : basis,
                warning: carries ? "" : "extension mismatch")
        }
        return try withoutHit(Decision.formats(withExtension: ending, tables), ending, source)
    }

    /// `byte match at 0, 8` or `byte match at [[0 8] [512 5]]`, with the number of the signature where there are several.
    private func byteBasis(_ format: Int, _ size: Int64) -> String {
        guard let hit = explanation.signatures.first(where: { $0.puid == puid(format) }) else { return "byte match" }
        let all = (0..<tables.count(.signatures)).filter {
            tables.signatures[$0].primary != SignatureRecord.none && Int(tables.signatures[$0].format) == format
        }
        let number = all.firstIndex { Int(tables.signatures[$0].id) == hit.signature } ?? 0
        return byteMatch(hit.places, Int(clamping: size)) + ordinal(number, of: all.count)
    }

    /// `container name A with byte match at 40, 20; name B with name only`.
    private func containerBasis(_ format: Int) -> String {
        guard let hit = explanation.containerHits.first(where: { $0.puid == puid(format) }) else {
            return "container match"
        }
        let all = (0..<tables.count(.containers)).filter { Int(tables.containers[$0].format) == format }
        let number = all.firstIndex { Int(tables.containers[$0].id) == hit.signature } ?? 0
        let members = hit.members.map { member in
            "name \(member.name) with " + (member.places.isEmpty ? "name only" : byteMatch(member.places, nil))
        }
        return "container " + members.joined(separator: "; ") + ordinal(number, of: all.count)
    }

    /// Places counted from the start of the file where its size is known.
    private func byteMatch(_ places: [Explanation.Place], _ size: Int?) -> String {
        let runs = places.map { place in
            (offset: place.isFromEnd ? (size ?? 0) - place.offset - place.length : place.offset, length: place.length)
        }.sorted { $0.offset < $1.offset }
        if runs.count == 1 { return "byte match at \(runs[0].offset), \(runs[0].length)" }
        return "byte match at [" + runs.map { "[\($0.offset) \($0.length)]" }.joined(separator: " ") + "]"
    }

    private func ordinal(_ number: Int, of count: Int) -> String {
        count > 1 ? " (signature \(number + 1)/\(count))" : ""
    }

    private func puid(_ format: Int) -> String { tables.text(tables.formats[format].puid) }

    private func score(_ hit: Decision.Hit, _ ending: ArraySlice<UInt8>?) -> Int {
        Decision.carries(hit.format, ending, tables) && tables.formats[hit.format].extensions.count > 0 ? 1 : 0
    }

    /// Plain text is tried where the extension speaks for it or for nothing. Formats with signatures are ruled out,
    /// since theirs did not match; exactly one format left is the answer.
    private func withoutHit(
        _ listed: Slice, _ ending: ArraySlice<UInt8>?, _ source: some ByteSource
    ) throws -> SiegfriedAnswer {
        let carriers = listed.range.map { Int(tables.extensionFormats[$0].value) }
        var left = carriers.filter {
            tables.formats[$0].flags & (FormatRecord.hasBinary | FormatRecord.hasContainer) == 0
        }
        let shown = String(decoding: (ending ?? []).map(lowered), as: UTF8.self)
        let text = formatIndex("x-fmt/111")
        if let text, carriers.isEmpty || carriers.contains(text), let kind = try TextKind.of(source) {
            let isExtension = carriers.contains(text)
            return SiegfriedAnswer(
                identifier: puid(text),
                match: FormatMatch(set, format: text, method: .signature, isExtensionMismatch: !isExtension),
                basis: (isExtension ? "extension match \(shown); " : "") + "text match \(kind.rawValue)",
                warning: isExtension ? "" : "match on text only; extension mismatch")
        }
        // What was looked at and is no text cannot be plain text by extension either; an empty file was not looked at.
        if source.count > 0 { left.removeAll { $0 == text } }
        if left.count == 1 {
            return SiegfriedAnswer(
                identifier: puid(left[0]),
                match: FormatMatch(set, format: left[0], method: .fileExtension, isExtensionMismatch: false),
                basis: "extension match \(shown)", warning: "match on extension only")
        }
        let warning =
            carriers.isEmpty
            ? "no match"
            : "no match; possibilities based on extension are \(carriers.map(puid).joined(separator: ", "))"
        return SiegfriedAnswer(identifier: "UNKNOWN", match: nil, basis: "", warning: warning)
    }

    private func formatIndex(_ wanted: String) -> Int? {
        (0..<tables.count(.formats)).first { tables.bytes(tables.formats[$0].puid).elementsEqual(wanted.utf8) }
    }
}
