import BagIt
import Streams

/// What a bag is to be beside its contents: version, manifests, elements of `bag-info.txt`, as asked for and as the
/// profile needs it.
struct BagShape: Sendable {
    let version: BagVersion
    /// The algorithms of the manifests beside SHA-256.
    let furtherAlgorithms: [DigestAlgorithm]
    /// Elements that come after those of the consignment.
    let info: [(label: String, value: String)]
    private let form: BagForm
    private let profile: BagProfile?

    /// What the export counts, and may stand in a bag once (RFC 8493 §2.2.2).
    private static let made = [PayloadOxum.label, "Bagging-Date"]

    init(_ request: ExportRequest) throws {
        version = request.version
        form = request.form
        let profile = try request.profile.map { try BagProfile(reading: $0) }
        self.profile = profile
        var algorithms = Set(request.furtherAlgorithms.map(\.digest))
        // What the profile requires is written unasked, as far as it can be; what cannot is a blocker below.
        for name in (profile?.manifestsRequired ?? []) + (profile?.tagManifestsRequired ?? []) {
            if let algorithm = ManifestAlgorithm(rawValue: name) { algorithms.insert(algorithm.digest) }
        }
        furtherAlgorithms = algorithms.subtracting([.sha256]).sorted()
        for (label, _) in request.bagInfo {
            if let made = BagShape.made.first(where: { $0.lowercased() == label.lowercased() }) {
                throw ExportError.badOverride("\(made) of bag-info.txt is made by the export; it cannot be given")
            }
        }
        info = request.bagInfo + (profile.map { [(BagProfile.identifierLabel, $0.identifier)] } ?? [])
    }

    /// What the profile has against the bag, found before anything is written.
    func blockers(
        _ report: ConsignmentReport, facts: BagFacts, extras: BagExtras, in store: Store
    ) throws -> [ExportBlocker] {
        let tags = BagTagFiles(
            report.consignment, in: store, facts: facts, version: version, more: info, extras: extras)
        // Said here, so that what cannot be written stops the export before it begins.
        let bagInfo = try tags.info()
        guard let profile else { return [] }
        let algorithms = ([.sha256] + furtherAlgorithms).map(\.rawValue)
        var subject = ProfileSubject()
        subject.info = bagInfo
        subject.version = version
        subject.manifests = algorithms
        subject.tagManifests = algorithms
        subject.payloadFiles = Int64(facts.files)
        subject.payloadBytes = facts.bytes
        subject.mediaTypes = form.mediaTypes
        subject.tagFiles = try tags.files().map { Array($0.name.utf8) }
        return profile.breaches(of: subject).map {
            ExportBlocker(description: "\($0.rule.rawValue): \($0.message)")
        }
    }
}
