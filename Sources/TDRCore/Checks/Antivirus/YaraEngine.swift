import CYara
import Streams

/// YARA in this process: the rules, and a scanner for each thread.
///
/// A file up to one window is scanned as a whole from the buffer it was read into. A larger one is scanned window by
/// window as it is read, each beginning with the last bytes of the one before, so that a string across the border is
/// found; conditions are evaluated when all windows have been. What libyara then looks up at some place of the file is
/// read once more.
struct YaraEngine: AntivirusEngine {
    let rules: YaraRules
    let fileSeconds: Int32

    init(_ rules: YaraRules, fileSeconds: Int32) {
        self.rules = rules
        self.fileSeconds = fileSeconds
    }

    var version: EngineVersion {
        EngineVersion(
            software: "YARA", softwareVersion: String(cString: tdr_yara_version()),
            databaseVersion: "\(rules.count) rules, SHA-256 \(rules.digest)")
    }

    var databaseDate: Timestamp? { nil }

    func session() -> any AntivirusSession { YaraSession(self) }
}

/// One thread's scanner.
final class YaraSession: AntivirusSession {
    /// How much of a file libyara sees at once, bytes, and how much of that it has seen before: longer than any string
    /// of a rule is likely to be.
    static let windowBytes = 4 << 20
    static let overlapBytes = 64 << 10

    let depth = 1
    let wantsBytes = true
    private let engine: YaraEngine
    private let scan: OpaquePointer?
    private let window = Buffer(count: YaraSession.windowBytes)
    private var filled = 0
    private var base: Int64 = 0
    private var size: Int64 = 0
    private var file: SharedFile?
    private var code: Int32 = 0
    private var answer = AntivirusVerdict.notScanned("YARA was not asked")

    init(_ engine: YaraEngine) {
        self.engine = engine
        scan = tdr_yara_scan_new(engine.rules.pointer, YaraSession.windowBytes, engine.fileSeconds)
    }

    deinit { if let scan { tdr_yara_scan_free(scan) } }

    func begin(_ file: SharedFile, _ subject: ScanSubject) -> ScanTicket {
        filled = 0
        base = 0
        size = subject.size
        self.file = file
        answer = .notScanned("YARA was not asked")
        guard let scan else {
            code = -1
            return 0
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let ending = fileExtension(of: subject.name)
        code = BytePath(subject.name).withCString { name in
            BytePath(subject.path).withCString { path in
                BytePath(ending).withCString { ending in
                    tdr_yara_scan_begin(scan, UInt64(size), name, path, ending, context) {
                        context, bytes, count, offset in
                        guard let context, let bytes else { return -1 }
                        return Unmanaged<YaraSession>.fromOpaque(context).takeUnretainedValue()
                            .read(UnsafeMutableRawBufferPointer(start: bytes, count: count), at: offset)
                    }
                }
            }
        }
        return 0
    }

    /// What follows the last dot, in lower case.
    private func fileExtension(of name: [UInt8]) -> [UInt8] {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return [] }
        return name[(dot + 1)...].map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
    }

    func consume(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        guard let scan, code == 0 else { return }
        // The whole file in one piece needs no copy.
        if offset == 0, Int64(bytes.count) == size {
            code = tdr_yara_scan_window(scan, bytes.baseAddress, bytes.count, 0)
            filled = 0
            return
        }
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, YaraSession.windowBytes - filled)
            UnsafeMutableRawBufferPointer(rebasing: window.bytes[filled..<filled + count])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            filled += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            if filled == YaraSession.windowBytes, base + Int64(filled) < size { hand(over: scan) }
        }
    }

    private func hand(over scan: OpaquePointer) {
        guard code == 0 else { return }
        code = tdr_yara_scan_window(scan, window.bytes.baseAddress, filled, UInt64(base))
        guard base + Int64(filled) < size else {
            filled = 0
            return
        }
        let kept = min(filled, YaraSession.overlapBytes)
        window.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: window.bytes[(filled - kept)..<filled]))
        base += Int64(filled - kept)
        filled = kept
    }

    func end() {
        defer { file = nil }
        guard let scan else { return }
        if filled > 0, code == 0 { code = tdr_yara_scan_window(scan, window.bytes.baseAddress, filled, UInt64(base)) }
        let hits = Hits()
        var overflowed: Int32 = 0
        if code == 0 {
            code = tdr_yara_scan_finish(
                scan, Unmanaged.passUnretained(hits).toOpaque(),
                { context, space, rule in
                    guard let context, let space, let rule else { return }
                    Unmanaged<Hits>.fromOpaque(context).takeUnretainedValue().add(
                        String(cString: space), String(cString: rule))
                }, &overflowed)
        } else {
            tdr_yara_scan_abandon(scan)
        }
        if !hits.names.isEmpty {
            answer = .found(hits.names.joined(separator: ", "))
        } else if code != 0 {
            answer = .notScanned("YARA: \(String(cString: tdr_yara_reason(code)))")
        } else if overflowed != 0 {
            answer = .notScanned("YARA: a string of the rules matches too often in it")
        } else {
            answer = .clean
        }
    }

    func verdict(of ticket: ScanTicket, _ file: SharedFile) -> AntivirusVerdict { answer }

    func abandon(_ ticket: ScanTicket) {
        if let scan { tdr_yara_scan_abandon(scan) }
        file = nil
    }

    private func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int64 {
        guard let file, let count = try? file.file.read(into: bytes, at: Int64(offset)) else { return -1 }
        return Int64(count)
    }

    private final class Hits {
        var names: [String] = []
        func add(_ space: String, _ rule: String) {
            // Rules of several files may have the same name; those that tdr brings need no surname.
            names.append(space == YaraRules.builtIn ? rule : "\(rule) (\(space))")
        }
    }
}
