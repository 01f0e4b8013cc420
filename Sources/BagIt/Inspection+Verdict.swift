import Streams

extension Inspection {
    /// Finds the file that is meant where a listed path has none: the percent-encoding read the other way, or the same name
    /// in another Unicode form. To be called when all manifests are read, before digests are asked for.
    func findStandIns() {
        for isPayload in [true, false] {
            let shelf = isPayload ? payload : tags
            let missing = (0..<shelf.paths.count).filter {
                !shelf.states[$0].contains(.present) && shelf.isListed($0)
            }
            guard !missing.isEmpty else { continue }
            var forms: [String: [Int]]?
            // A file stands in for one listed path at most.
            var taken: Set<Int> = []
            for listed in missing {
                let path = shelf.paths[listed]
                let place = shelf.manifests.first { $0.lines[listed] != 0 }?.place(of: listed)
                if let found = unlisted(shelf.alternatives[listed] ?? [], in: shelf), taken.insert(found).inserted {
                    with(isPayload) { $0.setStandIn(found, for: listed) }
                    let name = displayName(of: shelf.paths[found])
                    add(
                        .percentEncoding, .valid, path: path, at: place, found: name,
                        "'\(displayName(of: path))' is not there, '\(name)' is; taken as the same, percent-encoded differently"
                    )
                    continue
                }
                // Only names beyond ASCII have more than one form.
                guard path.contains(where: { $0 >= 0x80 }), let text = String(validating: path, as: UTF8.self) else {
                    continue
                }
                let candidates = (forms ?? unlistedForms(in: shelf))
                forms = candidates
                switch candidates[text] ?? [] {
                case []: break
                case let few where few.count == 1:
                    guard taken.insert(few[0]).inserted else { continue }
                    with(isPayload) { $0.setStandIn(few[0], for: listed) }
                    add(
                        .nameForms, .valid, path: path, at: place,
                        "'\(displayName(of: path))' lies there in another Unicode form; taken as the same file")
                case let many:
                    add(
                        .nameForms, .invalid, path: path, at: place, found: "\(many.count) files",
                        "'\(displayName(of: path))' is not there, and \(many.count) files have that name in other Unicode forms"
                    )
                }
            }
        }
    }

    private func unlisted(_ paths: [[UInt8]], in shelf: Shelf) -> Int? {
        for path in paths {
            if let found = shelf.paths.find(path), shelf.states[found].contains(.present), !shelf.isListed(found) {
                return found
            }
        }
        return nil
    }

    /// Files that no manifest lists, by name; Swift's `String` compares by canonical equivalence.
    private func unlistedForms(in shelf: Shelf) -> [String: [Int]] {
        var forms: [String: [Int]] = [:]
        for entry in 0..<shelf.paths.count
        where shelf.states[entry].contains(.present) && !shelf.isListed(entry) {
            let path = shelf.paths[entry]
            guard path.contains(where: { $0 >= 0x80 }), let text = String(validating: path, as: UTF8.self) else {
                continue
            }
            forms[text, default: []].append(entry)
        }
        return forms
    }

    /// Judges what was taken in (RFC 8493 §3). The last call.
    func conclude() -> BagReport {
        if !isHopeless {
            judgeRequiredElements()
            compareKeptDigests()
            judgePayload()
            judgeRealNames()
            judgeTagFiles()
            judgeOxum()
            judgeInfo()
            judgeProfile()
            warnOfNames()
        }
        return finish()
    }

    /// Ends the check where the source itself could not be read: what is missing then proves nothing.
    func abort(_ reason: String) -> BagReport {
        add(.serialization, .unreadable, "the bag could not be read: \(reason)")
        return finish()
    }

    private func finish() -> BagReport {
        report.version = declaration?.version
        report.algorithms = payload.algorithms
        report.tagAlgorithms = tags.algorithms
        report.problems = problems.sorted
        report.errorCount = problems.errorCount
        report.warningCount = problems.warningCount
        report.verdict = problems.verdict
        return report
    }

    private func judgeRequiredElements() {
        if !declarationFound {
            add(.declaration, .invalid, path: Array(BagName.declaration.utf8), "there is no bagit.txt; is this a bag?")
        }
        if !payloadDirectoryFound { add(.required, .invalid, path: Array("data".utf8), "there is no data/ folder") }
        let manifests = payload.manifests
        if manifests.isEmpty { add(.required, .invalid, "there is no payload manifest, so nothing can be verified") }
        let isVerifiable = manifests.contains { $0.algorithm != nil }
        for manifest in manifests where manifest.algorithm == nil {
            add(
                .algorithm, isVerifiable ? .valid : .invalid, path: Array(manifest.file.utf8),
                found: manifest.algorithmName,
                "\(manifest.file) uses '\(manifest.algorithmName)', which is not known here; it was not verified")
        }
        for manifest in tags.manifests where manifest.algorithm == nil {
            let known = tags.manifests.contains { $0.algorithm != nil }
            add(
                .algorithm, known ? .valid : .invalid, path: Array(manifest.file.utf8), found: manifest.algorithmName,
                "\(manifest.file) uses '\(manifest.algorithmName)', which is not known here; it was not verified")
        }
    }

    /// Compares the digests that were computed before their manifest was read.
    private func compareKeptDigests() {
        for isPayload in [true, false] {
            let count = (isPayload ? payload : tags).paths.count
            for entry in 0..<count { compareKeptDigests(of: entry, isPayload: isPayload) }
        }
    }

    private func compareKeptDigests(of entry: Int, isPayload: Bool) {
        // Nothing of the shelf is held on to while it is written: that would copy it.
        let state = with(isPayload) { $0.states[entry] }
        guard state.contains(.present), !state.contains(.failed) else { return }
        for index in 0..<with(isPayload, { $0.manifests.count }) {
            let (algorithm, line, path) = with(isPayload) {
                let manifest = $0.manifests[index]
                return (manifest.algorithm, manifest.lines[$0.listing(of: entry)], $0.paths[entry])
            }
            guard let algorithm, line > 0 else { continue }
            let found = Found(path: path, isPayload: isPayload, entry: entry)
            guard let digest = with(isPayload, { $0.kept(algorithm, of: entry).map { Array($0) } }) else {
                return fail(found, "no digest was computed; check again when nothing writes to the bag")
            }
            _ = compare(digest, algorithm, of: found, withManifest: index)
        }
    }

    private func judgePayload() {
        let shelf = payload
        let whole = shelf.manifests.filter(\.isRead)
        for entry in 0..<shelf.paths.count {
            let state = shelf.states[entry]
            if state.contains(.present) {
                judgeListing(of: entry, in: shelf, by: whole)
            } else if shelf.standIns[entry] == nil {
                judgeAbsence(of: entry, in: shelf, by: whole, toFetch: state.contains(.toFetch))
            }
        }
    }

    private func judgeListing(of entry: Int, in shelf: Shelf, by manifests: [ManifestColumn]) {
        // A manifest that was not read to its end does not tell what it does not list.
        guard manifests.count == shelf.manifests.count, !manifests.isEmpty else { return }
        let listed = shelf.listing(of: entry)
        let lacking = manifests.filter { $0.lines[listed] == 0 }
        guard !lacking.isEmpty else { return }
        var name: String { displayName(of: shelf.paths[entry]) }
        if lacking.count == manifests.count {
            add(
                .contents, .incomplete, path: shelf.paths[entry],
                "'\(name)' is in no payload manifest; remove it or make the bag again")
        } else if version >= .rfc8493 {
            let files = lacking.map(\.file).joined(separator: ", ")
            add(
                .everyManifest, .incomplete, path: shelf.paths[entry], expected: "listed in every payload manifest",
                found: "not in \(files)", "'\(name)' is not listed in \(files)")
        }
    }

    private func judgeAbsence(of entry: Int, in shelf: Shelf, by manifests: [ManifestColumn], toFetch: Bool) {
        let path = shelf.paths[entry]
        var name: String { displayName(of: path) }
        let listing = shelf.manifests.first { $0.lines[entry] != 0 }
        if toFetch {
            report.filesToFetch += 1
            let place = BagProblem.Place(file: BagName.fetch)
            let lacking = manifests.filter { $0.lines[entry] == 0 }.map(\.file)
            if !lacking.isEmpty {
                add(
                    .fetchLines, .invalid, path: path, at: place,
                    "fetch.txt names '\(name)', which is not listed in \(lacking.joined(separator: ", "))")
            } else {
                add(.holes, .incomplete, path: path, at: place, "'\(name)' is still to be fetched; see fetch.txt")
            }
        } else if let listing {
            add(
                .contents, .incomplete, path: path, at: listing.place(of: entry),
                "'\(name)' is listed in \(listing.file) and is not there; get the file or make the bag again")
        }
    }

    private func judgeTagFiles() {
        let shelf = tags
        for entry in 0..<shelf.paths.count where !shelf.states[entry].contains(.present) {
            guard shelf.standIns[entry] == nil, let listing = shelf.manifests.first(where: { $0.lines[entry] != 0 })
            else { continue }
            let path = shelf.paths[entry]
            add(
                .contents, .invalid, path: path, at: listing.place(of: entry),
                "'\(displayName(of: path))' is listed in \(listing.file) and is not there; get the file")
        }
        for manifest in shelf.manifests where manifest.isRead {
            for listed in payload.manifests {
                let entry = shelf.paths.find(Array(listed.file.utf8))
                guard entry.map({ manifest.lines[$0] == 0 }) ?? true else { continue }
                add(
                    .manifestScope, version >= .rfc8493 ? .invalid : .valid, path: Array(manifest.file.utf8),
                    expected: listed.file,
                    "\(manifest.file) does not list \(listed.file); a tag manifest lists every manifest")
            }
        }
    }

    private func judgeOxum() {
        if oxums.count > 1 {
            add(
                .oxumForm, .invalid, at: oxums[1].place, found: "\(oxums.count) times",
                "Payload-Oxum is given \(oxums.count) times; give it once")
        }
        let there = PayloadOxum(bytes: report.payloadBytes, files: report.payloadFiles)
        for (text, place) in oxums {
            guard let oxum = PayloadOxum(text) else {
                add(
                    .oxumForm, .invalid, at: place, expected: "bytes.files", found: text,
                    "Payload-Oxum is '\(displayName(of: Array(text.utf8)))', which is not of the form bytes.files")
                continue
            }
            // What is still to be fetched counts in the Oxum and cannot be counted here.
            if oxum != there, report.filesToFetch == 0 {
                // With files missing or unlisted it cannot agree; alone it is a fault of its own.
                add(
                    .oxumAgrees, problems.verdict == .valid ? .invalid : .incomplete, at: place, expected: "\(oxum)",
                    found: "\(there)",
                    "Payload-Oxum says \(oxum), the payload has \(there) (bytes.files)")
            }
        }
    }

    private func judgeInfo() {
        for (label, repeats) in BagName.reservedLabels where !repeats && label != PayloadOxum.label {
            let count = report.info.values(label).count
            if count > 1 {
                add(
                    .infoElements, .valid, path: Array(BagName.info.utf8), found: "\(count) times",
                    "\(label) is given \(count) times in bag-info.txt; it should be given once")
            }
        }
    }
}
