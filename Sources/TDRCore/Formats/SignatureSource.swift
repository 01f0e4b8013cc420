import Pronom
import Streams

/// The bytes of one signature file as The National Archives publish it, and which of the two kinds it is.
struct SignatureSource {
    /// The two kinds of signature file.
    enum Kind: String { case binary = "binary signature file", container = "container signature file" }

    /// No signature file comes near this size: V122 has 3.7 MB.
    static let maximumBytes = 64 << 20

    let kind: Kind
    let document: SignatureDocument

    var digest: SHA256Digest { SHA256Digest.of(document.bytes) }

    /// Takes bytes that were read or fetched from `origin`, known by the last part of it.
    ///
    /// - Throws: ``SignatureError/unusable(_:reason:)`` when they begin like neither kind.
    init(_ bytes: [UInt8], name: String, from origin: String) throws(SignatureError) {
        guard let kind = SignatureSource.kind(of: bytes) else {
            throw .unusable(
                origin,
                reason: "it is neither a DROID_SignatureFile_V….xml nor a container-signature-….xml")
        }
        self.kind = kind
        document = SignatureDocument(name: name, bytes: bytes)
    }

    /// Reads a file.
    ///
    /// - Throws: ``SignatureError/unusable(_:reason:)``.
    init(reading path: BytePath) throws(SignatureError) {
        do {
            try self.init(
                readWhole(path, limit: SignatureSource.maximumBytes), name: displayName(of: path.lastComponent),
                from: path.display)
        } catch let error as SignatureError {
            throw error
        } catch {
            throw .unusable(path.display, reason: (error as? SystemFault)?.reason ?? "\(error)")
        }
    }

    /// The kind, by the name of the outermost element: it stands near the beginning.
    private static func kind(of bytes: [UInt8]) -> Kind? {
        let head = String(decoding: bytes.prefix(4096), as: UTF8.self)
        if head.contains("<FFSignatureFile") { return .binary }
        if head.contains("<ContainerSignatureMapping") { return .container }
        return nil
    }

    /// Compiles a pair.
    ///
    /// - Throws: ``SignatureError/unusable(_:reason:)`` when they cannot be read, or hold nothing to identify by.
    static func compile(
        binary: SignatureSource, container: SignatureSource?
    ) throws(SignatureError) -> (set: SignatureSet, bytes: [UInt8], warnings: [String]) {
        do {
            if binary.kind != .binary || container.map({ $0.kind != .container }) ?? false {
                throw SignatureError.unusable(
                    binary.document.name, reason: "it is a \(binary.kind.rawValue); the two files are swapped")
            }
            let compiled = try SignatureCompiler.compile(binary: binary.document, container: container?.document)
            let set = try SignatureSet(compiled: compiled.bytes)
            guard set.formatCount > 0, set.signatureCount > 0 else {
                throw SignatureError.unusable(binary.document.name, reason: "it holds no signatures")
            }
            return (set, compiled.bytes, compiled.warnings.map(\.description))
        } catch let error as SignatureError {
            throw error
        } catch {
            throw .unusable(
                [binary.document.name, container?.document.name].compactMap(\.self).joined(separator: "' and '"),
                reason: "\(error)")
        }
    }
}
