import BagIt
import Streams

/// Decides whether a consignment may leave: every file taken, checked and found good, or allowed by name.
enum ExportGate {
    /// How many files a blocker names.
    private static let examples = 10

    /// What stands against the export; empty when nothing does.
    static func blockers(
        _ report: ConsignmentReport, allowed: Set<FileStatusValue>, version: BagVersion, hasPortableNames: Bool,
        in store: Store
    ) throws -> [ExportBlocker] {
        var blockers: [ExportBlocker] = []
        let reference = report.consignment.reference
        guard let upload = report.statuses[.upload], upload != .inProgress else {
            return [ExportBlocker(description: "its upload is not finished; run `tdr upload --resume \(reference)`")]
        }
        let checks = CheckKind.allCases.filter { $0 != .antivirus || !report.withoutAntivirus }
        let unchecked = checks.sorted().compactMap { kind -> String? in
            let known = kind.statusTypes.map { (report.fileCounts[$0] ?? [:]).values.reduce(0, +) }.min() ?? 0
            let missing = (report.fileCounts[.upload]?[.success] ?? 0) - known
            return missing > 0 ? "\(missing) without \(kind.rawValue) check" : nil
        }
        if !unchecked.isEmpty {
            blockers.append(
                ExportBlocker(
                    description: "files are not checked (\(unchecked.joined(separator: ", "))); run"
                        + " `tdr check \(reference)`"))
        }
        blockers += try findings(report, allowed: allowed, checks: checks, in: store)
        if !hasPortableNames { blockers += try unwritableNames(report.consignment, version, in: store) }
        return blockers
    }

    /// Files that are like others, where that is refused. For whoever holds the lock of the consignment.
    static func likeness(
        _ consignment: Consignment, refused: Set<LikenessKind>, in store: Store
    ) throws -> [ExportBlocker] {
        if refused.isEmpty { return [] }
        try store.countLikeness(of: consignment)
        guard let counts = try store.likenessCounts(of: consignment) else { return [] }
        return LikenessKind.allCases.filter { refused.contains($0) && counts.groups($0) > 0 }.map { kind in
            let what =
                kind == .content
                ? "\(counts.surplusFiles) files repeat the content of others"
                : "\(counts.nameEntries) paths differ from others in case or Unicode form only"
            return ExportBlocker(
                description: "\(what); see `tdr status \(consignment.reference) --duplicates`",
                count: kind == .content ? counts.surplusFiles : counts.nameEntries)
        }
    }

    /// What is required and not recorded, and a review that has begun and is not approved, whatever is required.
    static func missing(
        _ requirements: Set<ExportRequirement>, of report: ConsignmentReport, in store: Store
    ) throws -> [ExportBlocker] {
        missing(
            requirements, of: report.consignment.reference, report.statuses, try store.metadata(of: report.consignment))
    }

    /// The same by the steps and the properties of the consignment.
    static func missing(
        _ requirements: Set<ExportRequirement>, of reference: ConsignmentReference,
        _ statuses: [ConsignmentStatusType: ConsignmentStatusValue], _ metadata: [String: String]
    ) -> [ExportBlocker] {
        var missing = ExportRequirement.allCases.filter { requirements.contains($0) && !$0.isMet(by: metadata) }
            .map { $0.blocker(reference) }
        // Who says on the pages that there is nothing to add ends the draft without an upload.
        if requirements.contains(.metadata), statuses[.draftMetadataUpload] != .completed {
            missing.append(ExportRequirement.metadata.blocker(reference))
        }
        switch statuses[.metadataReview] {
        case .completed: break
        case nil: if requirements.contains(.review) { missing.append(ExportRequirement.review.blocker(reference)) }
        case .inProgress:
            missing.append("its metadata is under review; run `tdr review approve \(reference)` when it is good")
        case .completedWithIssues, .failed:
            missing.append(
                "its metadata was rejected (`tdr review log \(reference)`); mend it, then run"
                    + " `tdr review request \(reference)`")
        }
        return missing.map { ExportBlocker(description: $0) }
    }

    private static func findings(
        _ report: ConsignmentReport, allowed: Set<FileStatusValue>, checks: [CheckKind], in store: Store
    ) throws -> [ExportBlocker] {
        // Whoever decides for no antivirus check does without an answer, never against one: what was found counts.
        let types: [FileStatusType] =
            [.upload, .clientChecksum, .clientFilePath, .redaction, .antivirus] + checks.flatMap(\.statusTypes)
        func stands(_ value: FileStatusValue, _ type: FileStatusType) -> Bool {
            if type == .antivirus, !checks.contains(.antivirus) { return value == .virusDetected }
            return !value.isGood && !allowed.contains(value)
        }
        var found: [FileStatusValue: ExportBlocker] = [:]
        guard
            types.contains(where: { type in
                (report.fileCounts[type] ?? [:]).contains { $0.value > 0 && stands($0.key, type) }
            }) || report.statuses[.upload] != .completed
        else { return [] }
        try store.forEachFile(of: report.consignment, .withProblems) { file in
            let values = Set(
                types.compactMap { type in file.statuses[type].flatMap { stands($0, type) ? $0 : nil } })
            for value in values {
                var blocker = found[value] ?? ExportBlocker(description: "")
                if blocker.examples.count < examples { blocker.examples.append(file.path) }
                blocker.count += 1
                found[value] = blocker
            }
        }
        return found.sorted { $0.key.rawValue < $1.key.rawValue }.map { value, blocker in
            let names = blocker.examples.map { "'\($0.display)'" }.joined(separator: ", ")
            let more =
                blocker.count > blocker.examples.count ? " and \(blocker.count - blocker.examples.count) more" : ""
            let remedy = value.mayBeAllowed ? " (or decide with --allow \(value.rawValue) --reason …)" : ""
            return ExportBlocker(
                description: "\(value.rawValue): \(names)\(more)\(remedy)", examples: blocker.examples,
                count: blocker.count)
        }
    }

    /// A manifest is UTF-8 (RFC 8493 §2.1.1): a name that is not cannot be written in it. Before version 1.0 it cannot
    /// tell some names from others.
    private static func unwritableNames(
        _ consignment: Consignment, _ version: BagVersion, in store: Store
    ) throws -> [ExportBlocker] {
        var notText = ExportBlocker(description: "")
        var ambiguous = ExportBlocker(description: "")
        func add(_ path: RelativePath, to blocker: inout ExportBlocker) {
            if blocker.examples.count < examples { blocker.examples.append(path) }
            blocker.count += 1
        }
        try store.forEachPath(of: consignment) { path in
            switch ManifestLine.fault(of: path, version: version) {
            case .nameIsNotUTF8: add(path, to: &notText)
            case .nameIsAmbiguous: add(path, to: &ambiguous)
            default: break
            }
        }
        return [
            (
                notText, "names that are not valid UTF-8, which no bag can hold",
                "write them under safe names with --portable-names, or rename them at the source and upload it again"
            ),
            (
                ambiguous, "names with %0A or %0D, which BagIt \(version) reads as line breaks",
                "write version 1.0, or safe names with --portable-names"
            ),
        ].filter { $0.0.count > 0 }.map { blocker, what, remedy in
            let names = blocker.examples.map { "'\($0.display)'" }.joined(separator: ", ")
            let more =
                blocker.count > blocker.examples.count ? " and \(blocker.count - blocker.examples.count) more" : ""
            return ExportBlocker(
                description: "\(what): \(names)\(more); \(remedy)", examples: blocker.examples, count: blocker.count)
        }
    }
}
