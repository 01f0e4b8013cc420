import Archives
import Glibc
import Pronom
import Streams

/// Identifies files, one after the other, on one thread: the small mutable part beside the shared ``Signatures``.
final class FileIdentifier {
    private let request: IdentifyRequest
    private let algorithms: [DigestAlgorithm]
    private let magic: Magic?
    private var scan: FormatScan
    private let buffer: Buffer
    /// For the standard input; members of archives have one for each level.
    private lazy var input = Spool(memoryBytes: FileIdentifier.inputMemoryBytes, folder: request.temporaryFolder)
    private var spools: [Spool] = []

    /// Enough for nearly every signature.
    private static let headBytes = 160 << 10
    private static let inputMemoryBytes = 8 << 20
    private static let memberMemoryBytes = 1 << 20

    init(_ request: IdentifyRequest, _ signatures: Signatures) throws {
        self.request = request
        algorithms = request.digests.compactMap(DigestAlgorithm.init(rawValue:))
        magic = request.asksMagic ? try Magic() : nil
        scan = FormatScan(signatures.compiled, extensionRule: request.likeSiegfried ? .siegfried : .droid)
        let first = request.asksMagic ? Magic.headBytes : FileIdentifier.headBytes
        buffer = Buffer(count: algorithms.isEmpty ? first : 1 << 20)
    }

    /// Gives `receive` what the item is, and after it what an archive holds.
    ///
    /// - Throws: what `receive` throws, `CancellationError`.
    func identify(_ item: WalkItem, receive: (IdentifiedFile) throws -> Void) throws {
        switch item.kind {
        case .leftOut(let what): try receive(IdentifiedFile(.leftOut(what), item.path))
        case .folder(let root, let path): try receive(folder(item, root, path))
        case .unreadable(let why):
            var result = IdentifiedFile(.file, item.path)
            result.failure = "it cannot be read: \(why)"
            try receive(result)
        case .standardInput: try identifyInput(item, receive: receive)
        case .named:
            try identifyFile(item, receive: receive) { () throws(SystemFault) in try OpenFile.reading(item.path) }
        case .member(let root, let path):
            try identifyFile(item, receive: receive) { () throws(SystemFault) in try root.file.opening(path) }
        }
    }

    private func folder(_ item: WalkItem, _ root: SharedFile, _ path: RelativePath?) -> IdentifiedFile {
        var result = IdentifiedFile(.folder, item.path)
        do throws(SystemFault) {
            if let path {
                result.modified = try root.file.opening(path, flags: O_RDONLY | O_DIRECTORY).status().modified
            } else {
                result.modified = try root.file.status().modified
            }
        } catch {
            // It was there a moment ago: its time is left out, and what it holds tells the rest.
        }
        return result
    }

    private func identifyFile(
        _ item: WalkItem, receive: (IdentifiedFile) throws -> Void, opening: () throws(SystemFault) -> OpenFile
    ) throws {
        var result = IdentifiedFile(.file, item.path)
        let shared: SharedFile
        do {
            shared = SharedFile(try opening())
            let before = try shared.file.status()
            guard before.kind == .regular else {
                return try receive(IdentifiedFile(.leftOut(before.kind.words), item.path))
            }
            result.size = before.size
            result.modified = before.modified
            try identify(FileSource(shared.file, count: before.size), name: item.path.lastComponent, into: &result)
            if try !shared.file.status().showsNoChange(since: before) {
                result.failure = "it changed while it was being read"
            }
        } catch let fault as SystemFault {
            result.failure = "it cannot be read: \(fault.reason)"
            return try receive(result)
        }
        try finish(result, receive: receive) { () throws(SystemFault) in
            let copy = fcntl(shared.file.descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { throw SystemFault("open", item.path) }
            return OpenFile(adopting: copy, path: item.path)
        }
    }

    // MARK: The one read

    private func identify(_ source: some ByteSource, name: [UInt8], into result: inout IdentifiedFile) throws {
        let size = source.count
        var digests = DigestSet(algorithms)
        scan.begin(size: size)
        var wantsMore = true
        var offset: Int64 = 0
        while offset < size {
            try Task.checkCancellation()
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer.bytes[..<Int(min(size - offset, Int64(buffer.bytes.count)))])
            let count = try source.read(into: piece, at: offset)
            let bytes = buffer.prefix(count)
            if offset == 0 { take(magic?.answer(for: bytes), &result) }
            if wantsMore { wantsMore = try scan.consume(bytes) }
            offset += Int64(count)
            // Without digests the scan reads by itself what else it needs.
            if algorithms.isEmpty || count == 0 { break }
            digests.update(bytes)
        }
        if size == 0 { take(magic?.answer(for: UnsafeRawBufferPointer(start: nil, count: 0)), &result) }
        if !algorithms.isEmpty {
            let values = digests.finish()
            result.digests = algorithms.compactMap { algorithm in
                values[algorithm].map { (algorithm.rawValue, Hex.encode($0)) }
            }
        }
        result.fileExtension = ExtensionRule.droid.fileExtension(of: name).map { String(decoding: $0, as: UTF8.self) }
        if request.likeSiegfried {
            result.siegfried = SiegfriedOpinion(try scan.finishAsSiegfried(source, name: name))
        } else if request.explains {
            let explanation = try scan.finishExplaining(source, name: name)
            take(explanation.identification, &result)
            result.explanation = explanation.lines
        } else {
            take(try scan.finish(source, name: name), &result)
        }
    }

    private func take(_ found: Identification, _ result: inout IdentifiedFile) {
        result.formats = found.matches.map(IdentifiedFormat.init)
        result.encryption = found.encryption?.reason
    }

    private func take(_ answer: MagicAnswer?, _ result: inout IdentifiedFile) {
        result.magic = answer.map { MagicOpinion(mimeType: $0.mimeType, description: $0.description) }
    }

    // MARK: Streams

    private func identifyInput(_ item: WalkItem, receive: (IdentifiedFile) throws -> Void) throws {
        var result = IdentifiedFile(.file, item.path)
        do {
            let stdin = OpenFile(adopting: try duplicate(0), path: item.path)
            input.reset()
            while true {
                try Task.checkCancellation()
                let count = try stdin.read(into: buffer.bytes)
                if count == 0 { break }
                try input.write(buffer.prefix(count))
            }
            result.size = input.count
            try identify(input, name: item.path.lastComponent, into: &result)
        } catch let fault as SystemFault {
            result.failure = fault.description
            return try receive(result)
        }
        try finish(result, receive: receive) { () throws(SystemFault) in try input.openFile(named: item.path) }
    }

    private func duplicate(_ descriptor: Int32) throws(SystemFault) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw SystemFault("read", "standard input") }
        return copy
    }

    // MARK: Archives

    /// Gives the result and, where it is an archive and that is wanted, what it holds.
    private func finish(
        _ result: IdentifiedFile, receive: (IdentifiedFile) throws -> Void,
        bytes: () throws(SystemFault) -> OpenFile
    ) throws {
        guard request.opensArchives, result.failure == nil, let form = ArchiveForm(result) else {
            return try receive(result)
        }
        let budget = UnpackBudget(request.archiveLimits, packedBytes: result.size ?? 0)
        try unpack(result, form, depth: 0, budget, receive: receive, bytes: bytes)
    }

    private func unpack(
        _ archive: IdentifiedFile, _ form: ArchiveForm, depth: Int, _ budget: UnpackBudget,
        receive: (IdentifiedFile) throws -> Void, bytes: () throws(SystemFault) -> OpenFile
    ) throws {
        var archive = archive
        archive.isOpenedArchive = true
        try receive(archive)
        do {
            guard depth < request.archiveLimits.depth else { throw UnpackFault.tooDeep(request.archiveLimits.depth) }
            let place = (path: archive.path, depth: depth)
            switch form {
            case .tar:
                let reader = try ArchiveReader(bytes(), limits: budget.limits)
                while let member = try reader.next() {
                    try identify(member, name: member.path ?? [], in: place, budget, receive: receive) {
                        try reader.readContent($0)
                    }
                }
            case .zip, .gzip:
                let reader = try PackedReader(bytes(), as: form == .zip ? .zip : .gzip, limits: budget.limits)
                while let member = try reader.next() {
                    let name = form == .gzip ? ArchiveForm.nameWithoutPacking(archive.path) : member.path ?? []
                    try identify(member, name: name, in: place, budget, receive: receive) {
                        try reader.readContent($0)
                    }
                }
            }
        } catch let fault where fault is ArchiveFault || fault is UnpackFault || fault is SystemFault {
            // The archive itself has had its answer; this says that the list of what it holds is not complete.
            var failed = IdentifiedFile(.file, archive.path, archive: archive.archive)
            failed.size = archive.size
            failed.modified = archive.modified
            failed.failure = "what it holds cannot be told to the end: \(fault)"
            try receive(failed)
        }
    }

    private func identify(
        _ member: ArchiveMember, name: [UInt8], in archive: (path: BytePath, depth: Int), _ budget: UnpackBudget,
        receive: (IdentifiedFile) throws -> Void, content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try budget.takeMember()
        guard member.kind == .file else { return }
        var result = IdentifiedFile(
            .file, BytePath(archive.path.bytes + [UInt8(ascii: "#")] + name), archive: archive.path)
        if archive.depth == spools.count {
            spools.append(
                Spool(memoryBytes: FileIdentifier.memberMemoryBytes, folder: request.temporaryFolder))
        }
        let spool = spools[archive.depth]
        spool.reset()
        do {
            try content { bytes in
                try Task.checkCancellation()
                try budget.take(bytes: bytes.count)
                try spool.write(bytes)
            }
        } catch ArchiveFault.damaged(_, _, _, let reason) {
            result.failure = "it cannot be unpacked: \(reason)"
            return try receive(result)
        }
        result.size = spool.count
        if member.modifiedSeconds != 0 {
            result.modified = member.modifiedSeconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue
        }
        try identify(spool, name: BytePath(name).lastComponent, into: &result)
        guard let form = ArchiveForm(result) else { return try receive(result) }
        try unpack(result, form, depth: archive.depth + 1, budget, receive: receive) { () throws(SystemFault) in
            try spool.openFile(named: result.path)
        }
    }
}

extension FileStatus.Kind {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .fifo: "FIFO"
        case .characterDevice, .blockDevice: "device"
        case .unknown: "special file"
        case .regular, .directory, .symlink, .socket: rawValue
        }
    }
}
