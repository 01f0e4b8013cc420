import Streams

extension Inspection {
    /// Whether the file is one whose lines matter to the check.
    func role(of found: Found) -> TagFileRole { found.isPayload ? .other : TagFileRole(found.path) }

    /// Reads a tag file by its role while it streams by, and computes `digests` of the same bytes.
    ///
    /// - Throws: what `content` throws.
    func readTagFile(
        _ found: Found, _ role: TagFileRole, _ content: BagContent, _ digests: inout DigestSet
    ) throws {
        if case .declaration = role { return try readDeclaration(content, &digests) }
        let file = displayName(of: found.path)
        var place = BagProblem.Place(file: file)
        guard let manifest = openManifest(role, file) else {
            return try content { digests.update($0) }
        }
        var text = TagText(encoding, lineLimit: options.lineLimit)
        // What is wrong with a file that the RFC does not know never makes a bag invalid.
        let consequence: BagVerdict = role == .realNames ? .valid : .invalid
        var isWhole = true
        func stop(_ fault: TagText.Fault, line: Int) {
            isWhole = false
            place.line = line
            switch fault {
            case .lineTooLong(let limit):
                add(
                    .lines, consequence, path: found.path, at: place, expected: "at most \(limit) bytes",
                    "line \(line) of \(file) is longer than \(limit) bytes; the rest of the file was not read")
            case .badUTF16:
                add(.encoding, consequence, path: found.path, at: place, "\(file) is not UTF-16 as bagit.txt says")
            }
        }
        func take(_ line: [UInt8], _ number: Int) {
            place.line = number
            takeLine(line, role, manifest, place)
        }
        try content { bytes in
            try Task.checkCancellation()
            digests.update(bytes)
            guard isWhole else { return }
            // Only TagText throws here: `take` cannot.
            do { try text.consume(bytes, take) } catch let fault as TagText.Fault { stop(fault, line: text.number) }
        }
        if isWhole {
            do { try text.finish(take) } catch let fault as TagText.Fault { stop(fault, line: text.number) }
        }
        if text.hasMark {
            place.line = 1
            add(
                .encoding, version >= .rfc8493 ? consequence : .valid, path: found.path, at: place, found: "EF BB BF",
                "\(file) starts with a byte order mark; remove the first three bytes")
        }
        if isWhole { closeManifest(role, manifest) }
    }

    private func readDeclaration(_ content: BagContent, _ digests: inout DigestSet) throws {
        var bytes: [UInt8] = []
        try content { chunk in
            digests.update(chunk)
            // Two short lines: more is a fault already, and need not be kept.
            bytes.append(contentsOf: chunk.prefix(max(0, 64 << 10 - bytes.count)))
        }
        declarationFound = true
        let (declaration, faults) = BagDeclaration.read(bytes)
        self.declaration = declaration
        let path = Array(BagName.declaration.utf8)
        let place = BagProblem.Place(file: BagName.declaration)
        for fault in faults {
            add(.declaration, .invalid, path: path, at: place, found: fault.found, fault.message)
        }
        if let declaration, declaration.encoding == nil {
            add(
                .encoding, .invalid, path: path, at: place, expected: "UTF-8, ISO-8859-1 or UTF-16",
                found: declaration.encodingName,
                "bagit.txt names the encoding '\(displayName(of: Array(declaration.encodingName.utf8)))', "
                    + "which is not known here; UTF-8 was taken instead")
        }
    }

    /// Makes room for a manifest: its number, 0 for a file of another kind, nil for one whose lines do not matter.
    private func openManifest(_ role: TagFileRole, _ file: String) -> Int? {
        let isPayload: Bool
        let spelled: String
        switch role {
        case .payloadManifest(let name): (isPayload, spelled) = (true, name)
        case .tagManifest(let name): (isPayload, spelled) = (false, name)
        case .info, .fetch, .realNames: return 0
        case .declaration, .other: return nil
        }
        // RFC 8493 §2.4: lower case, letters and digits only.
        let name = String(
            decoding: spelled.lowercased().utf8.filter { isLetter($0) || decimal([$0]) != nil }, as: UTF8.self)
        if name != spelled {
            add(
                .algorithm, .valid, path: Array(file.utf8), expected: name, found: spelled,
                "the algorithm in the name of \(file) should be written '\(name)'")
        }
        guard with(isPayload, { $0.manifests.count }) < manifestLimit else {
            add(
                .algorithm, .invalid, path: Array(file.utf8), expected: "at most \(manifestLimit) manifests",
                "\(file) was not read: the bag has more than \(manifestLimit) manifests of its kind")
            return nil
        }
        return with(isPayload) { shelf in
            shelf.manifests.append(ManifestColumn(file: file, algorithmName: name))
            return shelf.manifests.count - 1
        }
    }

    private func closeManifest(_ role: TagFileRole, _ manifest: Int) {
        switch role {
        case .payloadManifest: payload.manifests[manifest].isRead = true
        case .tagManifest: tags.manifests[manifest].isRead = true
        default: break
        }
    }

    private func takeLine(_ line: [UInt8], _ role: TagFileRole, _ manifest: Int, _ place: BagProblem.Place) {
        if role == .realNames { return takeRealName(line, place) }
        guard isUTF8(line) else {
            let file = Array(place.file.utf8)
            return add(
                .encoding, .invalid, path: file, at: place, found: excerpt(line),
                "line \(place.line ?? 0) of \(place.file) is not UTF-8: '\(excerpt(line))'")
        }
        switch role {
        case .payloadManifest: takeManifestLine(line, isPayload: true, manifest, place)
        case .tagManifest: takeManifestLine(line, isPayload: false, manifest, place)
        case .info: takeInfoLine(line, place)
        case .fetch: takeFetchLine(line, place)
        case .declaration, .realNames, .other: break
        }
    }

    private func takeManifestLine(_ line: [UInt8], isPayload: Bool, _ manifest: Int, _ place: BagProblem.Place) {
        guard !warnOfBlank(line, place) else { return }
        let number = place.line ?? 0
        guard let entry = ManifestEntry(line) else {
            return add(
                .required, .invalid, at: place, expected: "digest, blanks, path", found: excerpt(line),
                "line \(number) of \(place.file) is no 'digest path' line: '\(excerpt(line))'")
        }
        let algorithm = (isPayload ? payload : tags).manifests[manifest].algorithm
        if let algorithm, entry.digest.count != algorithm.length {
            return add(
                .required, .invalid, path: Array(entry.path), at: place, expected: "\(algorithm.length * 2) digits",
                found: "\(entry.digest.count * 2) digits",
                "line \(number) of \(place.file) has a digest of the wrong length for \(algorithm.rawValue)")
        }
        guard let listed = understand(entry.path, entry.afterOneBlank, place),
            isInScope(listed.path, isPayload: isPayload, place)
        else { return }
        var earlier: Int32 = 0
        var isSame = false
        with(isPayload) { shelf in
            let id = shelf.paths.entry(for: listed.path)
            if !listed.alternatives.isEmpty { shelf.alternatives[id] = listed.alternatives }
            earlier = shelf.manifests[manifest].lines[id]
            if earlier != 0 {
                isSame = shelf.manifests[manifest].digests.values(of: id)?.elementsEqual(entry.digest) ?? false
                return
            }
            shelf.manifests[manifest].lines[id] = Int32(clamping: number)
            if algorithm != nil { shelf.manifests[manifest].digests.set(entry.digest, of: id) }
        }
        if earlier != 0 {
            // Before 1.0 the same line twice was tolerated.
            add(
                .listedOnce, isSame && version < .rfc8493 ? .valid : .invalid, path: listed.path, at: place,
                "'\(displayName(of: listed.path))' is listed twice in \(place.file), in lines \(abs(earlier)) and \(number)"
                    + (isSame ? "" : ", with different digests"))
        }
    }

    /// RFC 8493 §2.1.3 and §2.2.1: which paths a manifest may list.
    private func isInScope(_ path: [UInt8], isPayload: Bool, _ place: BagProblem.Place) -> Bool {
        let isBelowData = path.starts(with: BagName.payloadPrefix)
        if isPayload, !isBelowData {
            add(
                .manifestScope, .invalid, path: path, at: place,
                "\(place.file) lists '\(displayName(of: path))', which is not below data/; only tag manifests list tag files"
            )
            return false
        }
        if !isPayload, isBelowData {
            add(
                .manifestScope, .invalid, path: path, at: place,
                "\(place.file) lists '\(displayName(of: path))'; a tag manifest lists no payload")
            return false
        }
        if !isPayload, case .tagManifest = TagFileRole(path) {
            add(
                .manifestScope, .invalid, path: path, at: place,
                "\(place.file) lists '\(displayName(of: path))'; a tag manifest lists no tag manifest")
            return false
        }
        return true
    }

    private func takeFetchLine(_ line: [UInt8], _ place: BagProblem.Place) {
        guard !warnOfBlank(line, place) else { return }
        let number = place.line ?? 0
        guard let entry = FetchEntry(line) else {
            return add(
                .fetchLines, .invalid, at: place, expected: "URL, length or '-', path", found: excerpt(line),
                "line \(number) of fetch.txt is no 'URL length path' line: '\(excerpt(line))'")
        }
        if !isAbsoluteURL(Array(entry.url)) {
            add(
                .fetchLines, .invalid, path: Array(entry.path), at: place, found: excerpt(Array(entry.url)),
                "line \(number) of fetch.txt has no absolute URL: '\(excerpt(Array(entry.url)))'")
        }
        guard let listed = understand(entry.path, false, place) else { return }
        guard listed.path.starts(with: BagName.payloadPrefix) else {
            return add(
                .fetchLines, .invalid, path: listed.path, at: place,
                "fetch.txt names '\(displayName(of: listed.path))', which is not below data/; only payload is fetched")
        }
        let id = payload.paths.entry(for: listed.path)
        payload.states[id].insert(.toFetch)
    }

    private func takeInfoLine(_ line: [UInt8], _ place: BagProblem.Place) {
        let number = place.line ?? 0
        infoBytes += line.count
        guard infoBytes <= infoLimit else {
            if infoBytes - line.count <= infoLimit {
                add(
                    .lines, .invalid, at: place, expected: "at most \(infoLimit) bytes",
                    "\(place.file) is longer than \(infoLimit) bytes; the rest of it was not read")
            }
            return
        }
        switch InfoLine(line) {
        case _ where line.isEmpty:
            break
        case .element(let label, let value, let strict):
            if !strict, version >= .rfc8493 {
                add(
                    .lines, .invalid, at: place, expected: "Label: value", found: excerpt(line),
                    "line \(number) of \(place.file) has wrong blanks; write 'Label: value'")
            }
            report.info.append(read: label, value)
            if label.lowercased() == PayloadOxum.label.lowercased() { oxums.append((value, place)) }
        case .continuation(let text):
            if !report.info.continueLast(with: text) {
                add(.lines, .invalid, at: place, "\(place.file) starts with a continuation line")
            }
        case .malformed:
            add(
                .lines, version >= .rfc8493 ? .invalid : .valid, at: place, expected: "Label: value",
                found: excerpt(line),
                "line \(number) of \(place.file) has no label: '\(excerpt(line))'")
        }
    }

    private func understand(
        _ raw: ArraySlice<UInt8>, _ afterOneBlank: Bool, _ place: BagProblem.Place
    ) -> ListedPath? {
        do throws(ListedPath.Refusal) {
            let listed = try ListedPath(raw, version: version, afterOneBlank: afterOneBlank)
            if let spelling = listed.spelling {
                add(
                    .pathSpelling, .valid, path: listed.path, at: place, found: excerpt(Array(raw)),
                    "the path '\(excerpt(Array(raw)))' in \(place.file) \(spelling); taken as "
                        + "'\(displayName(of: listed.path))'")
            }
            return listed
        } catch {
            add(
                .pathSafety, .invalid, path: Array(raw), at: place, found: excerpt(Array(raw)),
                "the path '\(excerpt(Array(raw)))' in \(place.file) \(error.why); it was not opened")
            return nil
        }
    }

    private func warnOfBlank(_ line: [UInt8], _ place: BagProblem.Place) -> Bool {
        guard line.allSatisfy(isBlank) else { return false }
        add(.lines, .valid, at: place, "line \(place.line ?? 0) of \(place.file) is empty; remove it")
        return true
    }
}

/// Metadata of a bag is for people; more than this is an attack on the memory.
private let infoLimit = 4 << 20

/// A bag has one manifest for each algorithm it uses, and each costs time with every file.
private let manifestLimit = 32

/// Enough of a line to recognise it by.
func excerpt(_ bytes: [UInt8]) -> String {
    bytes.count <= 300 ? displayName(of: bytes) : displayName(of: Array(bytes.prefix(300))) + "…"
}
