import BagIt
import Streams

/// The tag manifests of a bag: one for each algorithm, each with every tag file but the tag manifests (RFC 8493 §2.2.1).
struct TagManifests {
    let algorithms: [DigestAlgorithm]
    private let version: BagVersion
    private var lines: [(path: RelativePath, digests: [DigestAlgorithm: [UInt8]])] = []

    init(_ algorithms: [DigestAlgorithm], version: BagVersion) {
        self.algorithms = algorithms
        self.version = version
    }

    mutating func add(_ path: RelativePath, _ digests: [DigestAlgorithm: [UInt8]]) { lines.append((path, digests)) }

    /// Writes them, their lines sorted by path as bytes.
    func write(to target: any BagTarget) throws {
        let sorted = lines.sorted { $0.path.bytes.precedes($1.path.bytes) }
        for algorithm in algorithms {
            var manifest: [UInt8] = []
            for (path, digests) in sorted {
                guard let digest = digests[algorithm] else { preconditionFailure("every algorithm was computed") }
                try ManifestLine.append(digest: digest, path: path, version: version, to: &manifest)
            }
            guard let path = RelativePath(BagName.tagManifest(algorithm.rawValue)) else {
                preconditionFailure("tag files have plain names")
            }
            try target.beginFile(path, size: Int64(manifest.count), modified: nil)
            try manifest.withUnsafeBytes { try target.write($0) }
            try target.endFile()
        }
    }
}

extension ExportRequest {
    var version: BagVersion { bagItVersion == .rfc8493 ? .rfc8493 : .draft97 }
}

extension ManifestAlgorithm {
    var digest: DigestAlgorithm {
        switch self {
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }
}
