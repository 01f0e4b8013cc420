import Archives
import Streams

/// The forms that are unpacked for scanning, by their first bytes: office documents are ZIP files, too.
enum ContainerForm {
    case zip, gzip, tar

    /// nil for anything else.
    init?(head: UnsafeRawBufferPointer) {
        if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            self = .zip
        } else if head.starts(with: [0x1F, 0x8B, 0x08]) {
            self = .gzip
        } else if head.count >= 263, head[257..<262].elementsEqual("ustar".utf8) {
            self = .tar
        } else {
            return nil
        }
    }
}

/// Scans what archives hold, within limits: what is beyond them makes the archive one that was not scanned.
final class YaraMembers {
    private static let memoryBytes = 4 << 20
    private static let limits: UnpackLimits = {
        var limits = UnpackLimits()
        limits.bytes = 8 << 30
        limits.members = 100_000
        return limits
    }()

    private let scanner: YaraScanner
    private let folder: BytePath
    /// One for each level: an archive is scanned while the one that holds it is still open.
    private var spools: [Spool] = []
    private let buffer = Buffer(count: 1 << 20)
    /// The first member that could not be unpacked to its end, in words.
    private var damaged: String?

    init(_ scanner: YaraScanner, folder: BytePath) {
        self.scanner = scanner
        self.folder = folder
    }

    /// What was found first, and where, or why it could not be looked for.
    private struct Stop: Error {
        let verdict: AntivirusVerdict
    }

    /// The verdict on what a file holds.
    func verdict(
        on source: any ByteSource, _ form: ContainerForm, name: [UInt8], until deadline: Deadline
    ) -> AntivirusVerdict {
        do {
            let budget = UnpackBudget(YaraMembers.limits, packedBytes: source.count)
            damaged = nil
            try scan(source, form, name: name, place: [], budget, deadline)
            return damaged.map { .cleanInWindows($0) } ?? .clean
        } catch let stop as Stop {
            return stop.verdict
        } catch let fault as UnpackFault {
            return .notScanned("YARA: not scanned to the end: \(fault)")
        } catch ArchiveFault.beyondLimit(_, let limit, let allowed, _) {
            return .notScanned(
                "YARA: not scanned to the end: it has more than the limit of \(allowed) \(limit.rawValue)")
        } catch let fault as ArchiveFault {
            do {
                try pass(fault, "it")
                return damaged.map { .cleanInWindows($0) } ?? .clean
            } catch {
                return error.verdict
            }
        } catch {
            return .notScanned("YARA: what it holds cannot be scanned: \(error)")
        }
    }

    private func scan(
        _ archive: any ByteSource, _ form: ContainerForm, name: [UInt8], place: [[UInt8]],
        _ budget: UnpackBudget, _ deadline: Deadline
    ) throws {
        guard place.count < YaraMembers.limits.depth else { throw UnpackFault.tooDeep(YaraMembers.limits.depth) }
        switch form {
        case .tar:
            let reader = try ArchiveReader(archive, path: BytePath(name), limits: budget.limits)
            while let member = try reader.next() {
                try scan(member, member.path ?? [], place, budget, deadline) { try reader.readContent($0) }
            }
        case .zip, .gzip:
            let reader = try PackedReader(
                archive, path: BytePath(name), as: form == .zip ? .zip : .gzip, limits: budget.limits)
            while let member = try reader.next() {
                let inside =
                    form == .gzip ? ArchiveForm.nameWithoutPacking(BytePath(name)) : member.path ?? []
                try scan(member, inside, place, budget, deadline) { try reader.readContent($0) }
            }
        }
    }

    private func scan(
        _ member: ArchiveMember, _ name: [UInt8], _ place: [[UInt8]], _ budget: UnpackBudget, _ deadline: Deadline,
        content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try Task.checkCancellation()
        try budget.takeMember()
        guard member.kind == .file else { return }
        if place.count == spools.count { spools.append(Spool(memoryBytes: YaraMembers.memoryBytes, folder: folder)) }
        let spool = spools[place.count]
        spool.reset()
        let here = place + [name]
        do {
            try content { bytes in
                if deadline.hasPassed { throw Stop(verdict: .notScanned("YARA: the time for one file ran out")) }
                try budget.take(bytes: bytes.count)
                try spool.write(bytes)
            }
        } catch let fault as ArchiveFault {
            guard case .damaged(_, _, _, let reason) = fault else { throw fault }
            // What needs a password, or a program that knows more, could hold anything.
            if ["ncrypt", "assphrase"].contains(where: { reason.contains($0) }) {
                throw Stop(verdict: .notScanned("YARA: \(words(here)) needs a password"))
            }
            // What came before the damage is scanned.
            try pass(fault, words(here))
        }
        let form = try scan(spool, here)
        guard let form else { return }
        // Its spool stays as it is while what it holds goes into that of the next level.
        do {
            try scan(spool, form, name: BytePath(name).lastComponent, place: here, budget, deadline)
        } catch let fault as ArchiveFault {
            if case .beyondLimit = fault { throw fault }
            try pass(fault, words(here))
        }
    }

    /// Goes on after an archive, or a member of one, that cannot be unpacked to its end: its bytes as they are have been
    /// scanned, and what is damaged comes out of no other program either. Not so where libarchive only lacks the method.
    private func pass(_ fault: ArchiveFault, _ what: String) throws(Stop) {
        let reason =
            switch fault {
            case .damaged(_, _, _, let reason), .notAnArchive(_, let reason): reason
            default: "\(fault)"
            }
        if ["unsupported", "not supported"].contains(where: { reason.lowercased().contains($0) }) {
            throw Stop(verdict: .notScanned("YARA: \(what) cannot be unpacked here: \(reason)"))
        }
        if damaged == nil {
            damaged = "YARA: \(what) cannot be unpacked to its end and was scanned as it is: \(reason)"
        }
    }

    /// Scans one member, and says what form it has if it is an archive itself.
    private func scan(_ spool: Spool, _ place: [[UInt8]]) throws -> ContainerForm? {
        let path = place.joined(separator: [UInt8(ascii: "#")])
        scanner.begin(
            spool, size: spool.count, name: BytePath(place.last ?? []).lastComponent, path: Array(path))
        var form: ContainerForm?
        var offset: Int64 = 0
        while offset < spool.count {
            let count = try spool.read(into: buffer.bytes, at: offset)
            if count == 0 { break }
            if offset == 0 { form = ContainerForm(head: buffer.prefix(count)) }
            scanner.consume(buffer.prefix(count), at: offset)
            offset += Int64(count)
        }
        switch scanner.finish() {
        case .clean, .cleanInWindows: return form
        case .found(let names): throw Stop(verdict: .found("\(names) in \(words(place))"))
        case .notScanned(let reason): throw Stop(verdict: .notScanned("\(reason) in \(words(place))"))
        }
    }

    private func words(_ place: [[UInt8]]) -> String {
        "'" + displayName(of: Array(place.joined(separator: [UInt8(ascii: "#")]))) + "'"
    }
}
