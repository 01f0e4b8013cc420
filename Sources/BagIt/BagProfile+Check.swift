import Streams

/// What a profile asks about a bag, one that is there or one that is going to be written.
package struct ProfileSubject: Sendable {
    package var info = BagInfo()
    package var version = BagVersion.rfc8493
    /// By the names that manifests have.
    package var manifests: [String] = []
    package var tagManifests: [String] = []
    package var hasFetch = false
    package var payloadFiles: Int64 = 0
    package var payloadBytes: Int64 = 0
    /// The names that the archive's form goes by; empty for a folder.
    package var mediaTypes: [String] = []
    /// All tag files, relative to the base of the bag.
    package var tagFiles: [[UInt8]] = []

    /// Nothing yet.
    package init() {}
}

extension BagProfile {
    /// Every point in which the bag is not what the profile asks for.
    package func breaches(of subject: ProfileSubject) -> [BagProblem] {
        form(of: subject) + info(of: subject) + manifests(of: subject) + contents(of: subject)
    }

    private func form(of subject: ProfileSubject) -> [BagProblem] {
        var out: [BagProblem] = []
        if !versions.contains(subject.version.description) {
            out.append(
                breach(
                    .profileVersion, "Accept-BagIt-Version", expected: versions.joined(separator: ", "),
                    found: subject.version.description, "does not take BagIt \(subject.version)"))
        }
        let isArchive = !subject.mediaTypes.isEmpty
        if isArchive, serialization == .forbidden {
            out.append(
                breach(.profileForm, "Serialization", expected: "a folder", found: "an archive", "forbids archives"))
        } else if !isArchive, serialization == .required {
            out.append(
                breach(.profileForm, "Serialization", expected: "an archive", found: "a folder", "requires an archive"))
        } else if isArchive, !mediaTypes.isEmpty || serialization == .required,
            !subject.mediaTypes.contains(where: mediaTypes.contains)
        {
            out.append(
                breach(
                    .profileForm, "Accept-Serialization", expected: mediaTypes.joined(separator: ", "),
                    found: subject.mediaTypes[0], "does not take this form of archive"))
        }
        return out
    }

    private func info(of subject: ProfileSubject) -> [BagProblem] {
        var out: [BagProblem] = []
        if !subject.info.values(BagProfile.identifierLabel).contains(identifier) {
            out.append(
                breach(
                    .profileIdentifier, BagProfile.identifierLabel, expected: identifier,
                    found: subject.info.values(BagProfile.identifierLabel).first ?? "nothing",
                    "is not named in bag-info.txt"))
        }
        for element in elements {
            let found = subject.info.values(element.label)
            if element.isRequired, found.isEmpty {
                out.append(
                    breach(
                        .profileInfoRequired, element.label, expected: element.label, found: "nothing",
                        "requires \(element.label) in bag-info.txt"))
            }
            if !element.repeats, found.count > 1 {
                out.append(
                    breach(
                        .profileInfoRepeated, element.label, expected: "once", found: "\(found.count) times",
                        "lets \(element.label) be given once"))
            }
            for value in found where !element.values.isEmpty && !element.values.contains(value) {
                out.append(
                    breach(
                        .profileInfoValue, element.label, expected: element.values.joined(separator: ", "),
                        found: value,
                        "does not know the value '\(displayName(of: Array(value.utf8)))' of \(element.label)"))
            }
        }
        return out
    }

    private func manifests(of subject: ProfileSubject) -> [BagProblem] {
        var out: [BagProblem] = []
        for (rule, required, allowed, found, prefix) in [
            (BagRule.profileManifests, manifestsRequired, manifestsAllowed, subject.manifests, "manifest"),
            (.profileTagManifests, tagManifestsRequired, tagManifestsAllowed, subject.tagManifests, "tagmanifest"),
        ] {
            for name in required where !found.contains(name) {
                out.append(
                    breach(
                        rule, "\(prefix)-\(name).txt", expected: name, found: found.joined(separator: ", "),
                        "requires \(prefix)-\(name).txt"))
            }
            for name in found where allowed.map({ !$0.contains(name) }) ?? false {
                out.append(
                    breach(
                        rule, "\(prefix)-\(name).txt", expected: (allowed ?? []).joined(separator: ", "), found: name,
                        "does not allow \(prefix)-\(name).txt"))
            }
        }
        return out
    }

    private func contents(of subject: ProfileSubject) -> [BagProblem] {
        var out: [BagProblem] = []
        if subject.hasFetch, !allowsFetch {
            out.append(breach(.profileFetch, BagName.fetch, expected: "nothing", "does not allow fetch.txt"))
        } else if !subject.hasFetch, requiresFetch {
            out.append(breach(.profileFetch, BagName.fetch, found: "nothing", "requires fetch.txt"))
        }
        // One empty file may keep the folder alive.
        if dataIsEmpty, subject.payloadFiles > 1 || subject.payloadBytes > 0 {
            out.append(
                breach(
                    .profileData, BagName.payloadDirectory, expected: "nothing",
                    found: "\(subject.payloadFiles) files of \(subject.payloadBytes) bytes", "wants an empty data/"))
        }
        let there = Set(subject.tagFiles)
        for path in tagFilesRequired where !there.contains(Array(path.utf8)) {
            out.append(breach(.profileTagRequired, path, found: "nothing", "requires '\(path)'"))
        }
        for path in subject.tagFiles where [.other, .fetch, .realNames].contains(TagFileRole(path)) {
            if TagFileRole(path) == .fetch || allowsTagFile(path) { continue }
            out.append(
                BagProblem(
                    .profileTagAllowed, .invalid, path: path,
                    "the profile '\(identifier)' does not allow the tag file '\(displayName(of: path))'"))
        }
        return out
    }

    private func breach(
        _ rule: BagRule, _ subject: String, expected: String? = nil, found: String? = nil, _ message: String
    ) -> BagProblem {
        BagProblem(
            rule, .invalid, path: Array(subject.utf8), expected: expected, found: found,
            "the profile '\(identifier)' \(message)")
    }
}

extension Inspection {
    /// Compares what was found with the profile, where there is one.
    func judgeProfile() {
        guard let profile = options.profile else { return }
        var subject = ProfileSubject()
        subject.info = report.info
        subject.version = version
        subject.manifests = payload.manifests.map(\.profileName)
        subject.tagManifests = tags.manifests.map(\.profileName)
        subject.payloadFiles = report.payloadFiles
        subject.payloadBytes = report.payloadBytes
        subject.mediaTypes = options.mediaTypes
        for entry in 0..<tags.paths.count where tags.states[entry].contains(.present) {
            let path = tags.paths[entry]
            if TagFileRole(path) == .fetch { subject.hasFetch = true }
            subject.tagFiles.append(path)
        }
        for problem in profile.breaches(of: subject) { problems.add(problem, problem.consequence) }
    }
}

extension ManifestColumn {
    fileprivate var profileName: String { algorithm?.rawValue ?? algorithmName }
}
