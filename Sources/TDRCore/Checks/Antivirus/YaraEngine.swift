import CYara
import Streams

/// YARA in this process: the rules, and a scanner for each thread.
///
/// A file up to one window is scanned as a whole from the buffer it was read into. A larger one is scanned window by
/// window as it is read, each beginning with the last bytes of the one before, so that a string across the border is
/// found; conditions are evaluated when all windows have been. What libyara then looks up at some place of the file is
/// read once more. What a ZIP, tar or gzip file holds is unpacked and scanned likewise, archives within archives, too.
struct YaraEngine: AntivirusEngine {
    let rules: YaraRules
    let fileSeconds: Int32
    /// Where large members of archives lie while they are scanned.
    let temporaryFolder: BytePath

    init(_ rules: YaraRules, fileSeconds: Int32, temporaryFolder: BytePath) {
        self.rules = rules
        self.fileSeconds = fileSeconds
        self.temporaryFolder = temporaryFolder
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
    let depth = 1
    let wantsBytes = true
    private let engine: YaraEngine
    private let scanner: YaraScanner
    private var members: YaraMembers?
    private var form: ContainerForm?
    private var file: OpenBytes?
    private var size: Int64 = 0
    private var name: [UInt8] = []
    private var answer = AntivirusVerdict.notScanned("YARA was not asked")

    init(_ engine: YaraEngine) {
        self.engine = engine
        scanner = YaraScanner(engine.rules, seconds: engine.fileSeconds)
    }

    func begin(_ file: OpenBytes, _ subject: ScanSubject) -> ScanTicket {
        self.file = file
        (size, name, form) = (subject.size, subject.name, nil)
        answer = .notScanned("YARA was not asked")
        scanner.begin(file.source, size: size, name: name, path: subject.path)
        return 0
    }

    func consume(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        if offset == 0 { form = ContainerForm(head: bytes) }
        scanner.consume(bytes, at: offset)
    }

    func end() {
        answer = scanner.finish()
        if answer == .clean, let form, let file { answer = lookInto(file, form) }
        file = nil
    }

    private func lookInto(_ file: OpenBytes, _ form: ContainerForm) -> AntivirusVerdict {
        let members = self.members ?? YaraMembers(scanner, folder: engine.temporaryFolder)
        self.members = members
        return members.verdict(on: file.source, form, name: name, until: Deadline(seconds: engine.fileSeconds))
    }

    func verdict(of ticket: ScanTicket, _ file: OpenBytes) -> AntivirusVerdict { answer }

    func abandon(_ ticket: ScanTicket) {
        scanner.abandon()
        file = nil
    }
}
