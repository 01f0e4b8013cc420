public import Streams

/// An antivirus engine that answered when the run began; shared by all threads.
///
/// Every engine keeps the same promises, and `AntivirusContractTests` holds each of them to it: only what was looked at
/// from its first byte to its last is clean; whatever else happens has a reason and is no pass.
protocol AntivirusEngine: Sendable {
    var version: EngineVersion { get }
    /// When the data it judges by was made; nil when it does not say.
    var databaseDate: Timestamp? { get }
    /// A session for one thread.
    func session() -> any AntivirusSession
}

/// Judges files one after the other, for one thread.
///
/// For each file: ``begin(_:_:)``, ``consume(_:at:)`` with all bytes in order, ``end()``, and some time later
/// ``verdict(of:_:)``, so that an engine in another process may have several files at once. ``abandon(_:)`` instead of
/// the last where nobody wants to know any more.
protocol AntivirusSession: AnyObject {
    /// How many files may wait for their verdict.
    var depth: Int { get }
    /// Whether it wants the bytes of the file that has just begun.
    var wantsBytes: Bool { get }
    /// Takes the next file.
    func begin(_ file: OpenBytes, _ subject: ScanSubject) -> ScanTicket
    /// The next bytes of that file, which lie at `offset`. They stay where they are until the next ``begin(_:_:)`` when
    /// the file came as a whole.
    func consume(_ bytes: UnsafeRawBufferPointer, at offset: Int64)
    /// All bytes of that file have come.
    func end()
    /// What it says of a file; waits for it.
    func verdict(of ticket: ScanTicket, _ file: OpenBytes) -> AntivirusVerdict
    /// The file is of no interest any more.
    func abandon(_ ticket: ScanTicket)
}

/// A file as an engine sees it.
struct ScanSubject {
    /// Bytes.
    let size: Int64
    /// The last part of the path.
    let name: [UInt8]
    /// The path in the consignment.
    let path: [UInt8]
}

/// Stands for one file in one session.
typealias ScanTicket = Int

/// What an engine says of one file.
enum AntivirusVerdict: Sendable, Hashable {
    /// It looked at every byte and found nothing.
    case clean
    /// The same, but in pieces: what only shows in the file as a whole was not looked for. How, in words.
    case cleanInWindows(String)
    /// The names it gives to what it found.
    case found(String)
    /// It could not say, and why. Never a pass.
    case notScanned(String)
}

/// The engines of a run, and those that should be there and are not.
struct AntivirusEngines: Sendable {
    private(set) var engines: [any AntivirusEngine] = []
    /// Why engines are missing. As long as there is one, no file is clean.
    private(set) var missing: [String] = []
    /// What should be looked at although it does not stand in the way.
    private(set) var warnings: [String] = []

    /// No engine at all.
    static let none = AntivirusEngines()

    private init() {}

    /// Finds the engines that the policy wants.
    ///
    /// - Parameter cache: a folder for compiled rules; nil for none.
    /// - Throws: ``AntivirusError`` when rules are wrong, or a database is too old for the policy.
    init(_ policy: AntivirusPolicy, cache: BytePath?, now: Timestamp) throws {
        for wanted in policy.engines {
            switch wanted {
            case .clamd(let place):
                do throws(ClamdFault) {
                    engines.append(try ClamdEngine.find(place, policy))
                } catch {
                    missing.append(error.reason)
                }
            case .yara(let paths):
                engines.append(
                    try YaraEngine(
                        YaraRules.compiled(paths, cache: cache), fileSeconds: policy.fileSeconds,
                        temporaryFolder: policy.temporaryFolder))
            }
        }
        for engine in engines {
            guard let reason = AntivirusEngines.age(of: engine, policy, now: now) else { continue }
            if policy.requiresFresh { throw AntivirusError.old(reason) }
            if engine.databaseDate != nil { warnings.append(reason) }
        }
    }

    /// Whether all that are wanted are there and answer.
    var isSound: Bool { missing.isEmpty && engines.allSatisfy { ($0 as? ClamdEngine)?.gone == nil } }

    /// Why the engine's database is too old, if it is. Rules of our own have no age.
    private static func age(of engine: any AntivirusEngine, _ policy: AntivirusPolicy, now: Timestamp) -> String? {
        if engine is YaraEngine { return nil }
        guard let date = engine.databaseDate else {
            return "\(engine.version.software) does not say how old its database is"
        }
        let days = (now.milliseconds - date.milliseconds) / 86_400_000
        if days <= Int64(policy.maximumAgeDays) { return nil }
        return "the database of \(engine.version.software) is \(days) days old; run freshclam"
    }

    /// One answer of several: the worst. Each engine must have said "clean", and none may be missing.
    func summary(_ verdicts: [AntivirusVerdict]) -> AntivirusVerdict {
        var found: [String] = []
        var failed = missing
        var windows: [String] = []
        for (engine, verdict) in zip(engines, verdicts) {
            switch verdict {
            case .clean: break
            case .cleanInWindows(let how): windows.append(how)
            case .found(let names):
                found.append(engines.count > 1 ? "\(engine.version.software): \(names)" : names)
            case .notScanned(let reason): failed.append(reason)
            }
        }
        if !found.isEmpty { return .found(found.joined(separator: "; ")) }
        if !failed.isEmpty { return .notScanned(failed.joined(separator: "; ")) }
        if verdicts.count < max(1, engines.count) { return .notScanned("no antivirus engine was asked") }
        return windows.isEmpty ? .clean : .cleanInWindows(windows.joined(separator: "; "))
    }
}

/// Why an antivirus check cannot begin.
public enum AntivirusError: Error, CustomStringConvertible {
    /// The rules in these files are wrong.
    case badRules([String])
    /// There are no rules where some should be.
    case noRules(BytePath, reason: String)
    /// libyara does not work.
    case noYara(String)
    /// The database is too old for `--require-fresh-antivirus`.
    case old(String)

    /// What was being done, what was found, what to do next.
    public var description: String {
        switch self {
        case .badRules(let errors):
            "cannot use the YARA rules: " + errors.prefix(5).joined(separator: "; ")
                + (errors.count > 5 ? "; and \(errors.count - 5) more" : "")
        case .noRules(let path, let reason): "cannot use the YARA rules at '\(path.display)': \(reason)"
        case .noYara(let reason): "cannot scan with YARA: \(reason)"
        case .old(let reason): "cannot check: \(reason), or leave --require-fresh-antivirus out"
        }
    }
}
