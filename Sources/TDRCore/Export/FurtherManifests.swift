import BagIt
import Streams

/// The payload manifests beside that of SHA-256, gathered while the payload passes: only then are their digests known.
///
/// They come after the payload in an archive. Making them first would read every byte twice, and the SHA-256 manifest in
/// front is the one that was proved against the check.
final class FurtherManifests: @unchecked Sendable {
    // Sendable: the reader's thread adds lines while it runs, and the writer takes them when it has ended.

    let algorithms: [DigestAlgorithm]
    private let version: BagVersion
    private let spools: [Spool]

    /// Lines beyond a few megabytes go to files without a name in `scratch`.
    init(_ algorithms: [DigestAlgorithm], version: BagVersion, scratch: BytePath) {
        self.algorithms = algorithms
        self.version = version
        spools = algorithms.map { _ in Spool(memoryBytes: 2 << 20, folder: scratch) }
    }

    /// `path` is that of the bag, below `data/`.
    func append(_ digests: [DigestAlgorithm: [UInt8]], of path: RelativePath) throws {
        for (algorithm, spool) in zip(algorithms, spools) {
            guard let digest = digests[algorithm] else { preconditionFailure("every algorithm was computed") }
            var line: [UInt8] = []
            try ManifestLine.append(digest: digest, path: BagPath.payload(path), version: version, to: &line)
            try line.withUnsafeBytes { try spool.write($0) }
        }
    }

    /// Each manifest as a tag file, to be made any number of times.
    func files() -> [BagTagFiles.TagFile] {
        algorithms.enumerated().map { index, algorithm in
            BagTagFiles.TagFile(name: BagName.payloadManifest(algorithm.rawValue)) { [self] sink in
                let spool = spools[index]
                let piece = Buffer(count: 256 << 10)
                var offset: Int64 = 0
                while offset < spool.count {
                    try Task.checkCancellation()
                    let count = try spool.read(into: piece.bytes, at: offset)
                    try sink(Array(piece.prefix(count)))
                    offset += Int64(count)
                }
            }
        }
    }
}
