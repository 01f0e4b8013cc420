import CShims
import Glibc
public import Streams

/// What `tdr doctor` says of one thing.
public struct DoctorLine: Sendable, Hashable {
    /// How it stands.
    public enum Level: String, Sendable, CaseIterable {
        /// As it should be.
        case ok
        /// Works, and somebody should look at it.
        case warning
        /// Does not work, or must not be relied on.
        case wrong
        /// Could not be looked at: nothing is known, which is not the same as good.
        case unknown
    }

    /// What it is about, in a word or two.
    public let area: String
    /// How it stands.
    public let level: Level
    /// What was found.
    public let found: String
    /// The command or the act that mends it; nil where nothing is to be mended.
    public let mend: String?

    init(_ area: String, _ level: Level, _ found: String, mend: String? = nil) {
        assert(level == .ok || mend != nil, "whatever is amiss has an act that mends it: \(area), \(found)")
        (self.area, self.level, self.found, self.mend) = (area, level, found, mend)
    }
}

/// Looks at everything a transfer rests on, before it is needed: engines, signatures, store, disks, clock.
///
/// It changes nothing, an old store included. Whether a folder can be written is found out by writing a small file
/// there, which has no name any more when that is known.
public struct Doctor: Sendable {
    /// The antivirus engines that checks would use.
    public var antivirus: AntivirusPolicy
    /// The store's folder.
    public var store: BytePath
    /// The signatures that checks would use.
    public var library: SignatureLibrary
    /// Where bytes lie for a short time.
    public var temporaryFolder: BytePath
    /// A folder for exports; nil to leave it out.
    public var target: BytePath?
    /// The age from which PRONOM signatures are called old, days.
    public var maximumSignatureDays = 400
    /// The environment of the program, with the AWS variables, for objects that are kept in S3.
    public var environment: [String: String] = [:]
    /// The locale of whoever reads the output; nil where nobody set one.
    public var locale: String?
    /// What time it is.
    public var now: Timestamp

    /// Looks at these.
    public init(
        antivirus: AntivirusPolicy, store: BytePath, library: SignatureLibrary, temporaryFolder: BytePath,
        now: Timestamp
    ) {
        self.antivirus = antivirus
        self.store = store
        self.library = library
        self.temporaryFolder = temporaryFolder
        self.now = now
    }

    /// Looks, and says what was found. Nothing that is wrong is thrown.
    public func examine() async throws -> [DoctorLine] {
        var lines: [DoctorLine] = []
        try await examine { lines += $0 }
        return lines
    }

    /// Looks at everything at once, since most of it is waiting for disks and other programs, and tells what was found in
    /// a fixed order, each as soon as all before it is told. Nothing that is wrong is thrown.
    public func examine(_ tell: ([DoctorLine]) async throws -> Void) async throws {
        let executor = BlockingExecutor(threads: Doctor.threads)
        defer { executor.shutDown() }
        @Sendable func look<Found: Sendable>(_ body: @Sendable () -> Found) async -> Found {
            await withTaskExecutorPreference(executor) { body() }
        }
        async let antivirus = look { antivirusLines() }
        async let known = look { formats() }
        async let stored = look { inspectStore() }
        async let exported = look { target.map { targetLines($0) } ?? [DoctorLine]() }
        async let temporary = look {
            folderLines("temporary folder", temporaryFolder, mend: "set TMPDIR to a folder with room")
        }
        try await tell(antivirus)
        let (signatures, formatLines) = await known
        try await tell(formatLines)
        let store = await stored
        try await tell(store.lines)
        if let signatures, store.isCurrent { try await tell(look { olderFormatChecks(signatures) }) }
        try await tell(exported)
        try await tell(clockLines(newest: store.newest, signatures))
        try await tell(temporary)
        try await tell([localeLine()])
    }

    /// As many as there are things to wait for.
    private static let threads = 5
}

extension Doctor {
    // MARK: Formats

    private func formats() -> (Signatures?, [DoctorLine]) {
        var lines: [DoctorLine] = []
        var signatures: Signatures?
        do {
            let selection = try library.inUse()
            signatures = selection.signatures
            if let warning = selection.warning {
                lines.append(DoctorLine("signatures", .wrong, warning, mend: "tdr signatures update"))
            }
            lines.append(signatureLine(selection.signatures))
        } catch {
            lines.append(
                DoctorLine(
                    "signatures", .unknown, "the signatures in use cannot be read: \(error)",
                    mend: "tdr signatures use built-in"))
        }
        return (signatures, lines + [magicLine()])
    }

    private func signatureLine(_ signatures: Signatures) -> DoctorLine {
        let files = [signatures.binaryFile, signatures.containerFile].filter { !$0.isEmpty }.joined(separator: ", ")
        let text = signatures.created
        guard let made = Timestamp(text.hasSuffix("Z") ? text : text + "Z") else {
            return DoctorLine("signatures", .ok, "\(files); they do not say when they were made")
        }
        let days = Doctor.days(from: made, to: now)
        let found = "\(files), made \(made.date), \(days) days old"
        return days > maximumSignatureDays
            ? DoctorLine("signatures", .warning, found, mend: "tdr signatures update")
            : DoctorLine("signatures", .ok, found)
    }

    private func magicLine() -> DoctorLine {
        let mend = "sudo apt-get install libmagic1 libmagic-mgc"
        do {
            let answer = try Array("%PDF-1.4\n".utf8).withUnsafeBytes { try Magic().answer(for: $0) }
            guard answer?.mimeType == "application/pdf" else {
                return DoctorLine(
                    "libmagic", .wrong,
                    "libmagic \(Magic.version) does not know a PDF: its database is not the usual one",
                    mend: mend)
            }
            return DoctorLine("libmagic", .ok, "libmagic \(Magic.version)")
        } catch {
            return DoctorLine("libmagic", .wrong, "\(error)", mend: mend)
        }
    }

    // MARK: Clock and locale

    private func clockLines(newest: Timestamp?, _ signatures: Signatures?) -> [DoctorLine] {
        let mend = "sudo timedatectl set-ntp true"
        if let newest, now < newest {
            return [
                DoctorLine(
                    "clock", .wrong, "it is \(now) by the clock, before the newest entry in the store (\(newest))",
                    mend: mend)
            ]
        }
        if let made = signatures.flatMap({ Timestamp($0.created + "Z") }), now < made {
            return [
                DoctorLine(
                    "clock", .wrong, "it is \(now) by the clock, before the signatures were made (\(made))", mend: mend)
            ]
        }
        return [DoctorLine("clock", .ok, "\(now)")]
    }

    private func localeLine() -> DoctorLine {
        guard tdr_set_ctype("C.UTF-8") == 0 else {
            return DoctorLine(
                "locale", .wrong, "the system has no locale C.UTF-8, without which names in archives are misread",
                mend: "sudo apt-get install --reinstall libc-bin")
        }
        guard let locale else { return DoctorLine("locale", .ok, "C.UTF-8 is there; none is set for the terminal") }
        let isUTF8 = ["utf-8", "utf8"].contains { locale.lowercased().contains($0) }
        return isUTF8
            ? DoctorLine("locale", .ok, "C.UTF-8 is there; the terminal has \(locale)")
            : DoctorLine(
                "locale", .ok,
                "C.UTF-8 is there; the terminal has \(locale), which shows names that are not ASCII wrongly")
    }

    // MARK: Words

    static func days(from earlier: Timestamp, to later: Timestamp) -> Int {
        Int((later.milliseconds - earlier.milliseconds) / 86_400_000)
    }

    /// `1.5 GB`.
    static func size(_ bytes: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let tenths = Int((value * 10).rounded())
        return (unit == 0 || tenths >= 100 ? "\(Int(value.rounded()))" : "\(tenths / 10).\(tenths % 10)")
            + " \(units[unit])"
    }

    /// A path as a shell takes it: quoted, whatever is in it.
    static func quoted(_ path: BytePath) -> String {
        guard let text = path.text, path.display == text else { return "'\(path.display)'" }
        let plain = text.utf8.allSatisfy {
            ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || "/._-".utf8.contains($0)
        }
        return plain ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }
}
