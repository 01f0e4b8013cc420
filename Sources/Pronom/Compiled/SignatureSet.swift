import CSignatures
import Glibc
package import Streams

/// What every format looks like: PRONOM's signatures, compiled, immutable and shared by all scans.
///
/// A set is used in place: the compiled form is mapped or already in memory, nothing is parsed. Glossary:
/// - *format*: an entry of PRONOM, named by its PUID; *signature*: an internal signature, bytes that tell a format.
/// - *sequence*: a ByteSequence, anchored to the start (BOF) or end (EOF) of the file or free (Variable).
/// - *chain*: a SubSequence with its fragments; its *nodes* are runs of bytes with gaps between them.
package struct SignatureSet: Sendable {
    let tables: Tables
    private let owner: Storage?

    /// Compiles signature files and uses them at once.
    ///
    /// - Throws: ``SignatureFileFault`` when a file is no signature file at all.
    package init(binary: SignatureDocument, container: SignatureDocument?) throws {
        try self.init(compiled: SignatureCompiler.compile(binary: binary, container: container).bytes)
    }

    /// Uses a copy of a compiled form.
    ///
    /// - Throws: ``CompiledFormFault`` when the bytes are not one, or damaged.
    package init(compiled bytes: [UInt8]) throws(CompiledFormFault) {
        let storage = Storage(copying: bytes)
        try self.init(storage.bytes, owner: storage, isTrusted: false)
    }

    /// Uses a compiled form that lives as long as the process and that this program was built with; only its frame is
    /// checked.
    package init(builtIn bytes: UnsafeRawBufferPointer) throws(CompiledFormFault) {
        try self.init(bytes, owner: nil, isTrusted: true)
    }

    /// Maps a cache file and uses it in place. The file may be replaced by a rename meanwhile, but must not be
    /// written over.
    ///
    /// - Throws: ``CompiledFormFault`` for a file that is not a sound compiled form; ``SystemFault`` when it cannot be
    ///   mapped.
    package init(mapping path: BytePath) throws {
        let storage = try Storage(mapping: path)
        try self.init(storage.bytes, owner: storage, isTrusted: false)
    }

    /// The set this program was built with.
    ///
    /// - Throws: ``CompiledFormFault/otherLayout`` when it was built without making the data anew for a changed layout.
    package static func bundled() throws(CompiledFormFault) -> SignatureSet {
        try SignatureSet(
            builtIn: UnsafeRawBufferPointer(start: tdr_default_signatures(), count: tdr_default_signatures_count()))
    }

    private init(
        _ bytes: UnsafeRawBufferPointer, owner: Storage?, isTrusted: Bool
    ) throws(CompiledFormFault) {
        try Tables.checkFrame(bytes)
        guard let base = bytes.baseAddress else { throw .notCompiledSignatures }
        if !isTrusted { try Tables.checkDigest(bytes) }
        tables = Tables(base: base)
        if !isTrusted { try tables.validate() }
        self.owner = owner
    }

    /// The binary signature file: name, `Version` and `DateCreated` attributes, digest.
    package var binaryFile: SignatureFileIdentity {
        let header = tables.header.pointee
        return SignatureFileIdentity(
            name: tables.text(header.binaryName), version: tables.text(header.binaryVersion),
            date: tables.text(header.binaryDate), digest: digest(header.binaryDigest))
    }

    /// The container signature file: name, `signatureVersion` attribute, digest. Name and version are empty when the set
    /// was compiled without one.
    package var containerFile: SignatureFileIdentity {
        let header = tables.header.pointee
        return SignatureFileIdentity(
            name: tables.text(header.containerName), version: tables.text(header.containerVersion),
            date: "", digest: digest(header.containerDigest))
    }

    /// Formats in the set.
    package var formatCount: Int { tables.count(.formats) }

    /// Internal signatures in the set, those of container members included.
    package var signatureCount: Int { tables.count(.signatures) }

    private func digest(_ words: (UInt64, UInt64, UInt64, UInt64)) -> SHA256Digest {
        guard let digest = withUnsafeBytes(of: words, { SHA256Digest(Array($0)) }) else {
            preconditionFailure("four words are 32 bytes")
        }
        return digest
    }
}

/// Which signature file a set was compiled from.
package struct SignatureFileIdentity: Hashable, Sendable {
    /// The file's name, as `DROID_SignatureFile_V122.xml`.
    package let name: String
    package let version: String
    /// As the file writes it; empty where it has none.
    package let date: String
    /// SHA-256 of the XML file.
    package let digest: SHA256Digest
}

/// Memory of a compiled form. A class because its release must wait for the last user.
///
/// `@unchecked Sendable`: the memory is written only before the initialiser returns.
private final class Storage: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    init(copying source: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 8), alignment: 64)
        memory.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(rebasing: memory[..<source.count])
        isMapped = false
    }

    init(mapping path: BytePath) throws {
        let file = try OpenFile.reading(path)
        let size = try Int(clamping: file.status().size)
        guard size > 0 else { throw CompiledFormFault.notCompiledSignatures }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != MAP_FAILED else {
            throw SystemFault("map", path)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: size)
        isMapped = true
    }

    deinit {
        guard let base = bytes.baseAddress else { return }
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
        } else {
            UnsafeMutableRawPointer(mutating: base).deallocate()
        }
    }
}
